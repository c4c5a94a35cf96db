// Card readers that pretend to be a keyboard ("keyboard wedge"): they type the card's number, decimal or hex,
// and Enter. Key codes are places on the keyboard, so a reader that is set to another layout still types what
// is printed here for digits; letters beyond F are no card's.
//
// What was typed is the card, with its leading zeros: whether 0006547886 and 6547886 are one card only the
// reader's settings know. A text that stays unfinished is dropped after 200 ms: no reader types so slowly,
// and somebody who plugged a keyboard in does.
#include "sensors/readers/readers.h"

#include <linux/input-event-codes.h>
#include <string.h>

#include "gateway/common/clock.h"

#define SILENCE_NS (200 * NS_PER_MS)

struct wedge {
    bool typing; // since the last Enter, keys have come
    bool lost;   // of them
    bool odd;    // one of them is no digit
    bool too_long;
    uint8_t n;
    uint8_t text[CARD_BYTES_MAX];
    uint64_t last_ns;
};
_Static_assert(sizeof(struct wedge) <= READER_STATE_MAX, "state too big");

static const char digits[KEY_CNT] = {
    [KEY_0] = '0',   [KEY_1] = '1',   [KEY_2] = '2',   [KEY_3] = '3',   [KEY_4] = '4',   [KEY_5] = '5',
    [KEY_6] = '6',   [KEY_7] = '7',   [KEY_8] = '8',   [KEY_9] = '9',   [KEY_KP0] = '0', [KEY_KP1] = '1',
    [KEY_KP2] = '2', [KEY_KP3] = '3', [KEY_KP4] = '4', [KEY_KP5] = '5', [KEY_KP6] = '6', [KEY_KP7] = '7',
    [KEY_KP8] = '8', [KEY_KP9] = '9', [KEY_A] = 'A',   [KEY_B] = 'B',   [KEY_C] = 'C',   [KEY_D] = 'D',
    [KEY_E] = 'E',   [KEY_F] = 'F',
};

static void init(void *state, const struct config_reader *config, uint64_t now_ns)
{
    (void)config;
    (void)now_ns;
    *(struct wedge *)state = (struct wedge){ .typing = false };
}

static enum reader_outcome judge(const struct wedge *reader, struct card *ret_card)
{
    if (reader->lost)
        return READER_LOST;
    if (reader->odd)
        return READER_FORM;
    if (reader->too_long || reader->n == 0)
        return READER_LENGTH;
    *ret_card = (struct card){ .bits = 4u * reader->n, .length = reader->n };
    memcpy(ret_card->bytes, reader->text, reader->n);
    return READER_CARD;
}

static void settle(void *state, uint64_t now_ns, struct reader_result *ret_result)
{
    struct wedge *reader = state;
    *ret_result = (struct reader_result){ .next_ns = UINT64_MAX, .outcome = READER_NOTHING };
    if (!reader->typing)
        return;
    if (now_ns < reader->last_ns + SILENCE_NS) {
        ret_result->next_ns = reader->last_ns + SILENCE_NS;
        return;
    }
    ret_result->outcome = reader->lost ? READER_LOST : READER_LENGTH;
    *reader = (struct wedge){ .typing = false };
}

static void put(struct wedge *reader, unsigned code)
{
    char digit = code < KEY_CNT ? digits[code] : '\0';
    if (digit == '\0')
        reader->odd = true;
    else if (reader->n == CARD_BYTES_MAX)
        reader->too_long = true;
    else
        reader->text[reader->n++] = (uint8_t)digit;
}

// Keys that say how the others are meant, which here makes no difference.
static bool is_modifier(unsigned code)
{
    return code == KEY_LEFTSHIFT || code == KEY_RIGHTSHIFT || code == KEY_CAPSLOCK || code == KEY_NUMLOCK;
}

static void key(void *state, unsigned code, bool lost, uint64_t at_ns, struct reader_result *ret_result)
{
    struct wedge *reader = state;
    settle(reader, at_ns, ret_result);
    if (!lost && is_modifier(code))
        return;
    bool enter = !lost && (code == KEY_ENTER || code == KEY_KPENTER);
    if (enter && !reader->typing)
        return; // some readers end with two
    if (enter) {
        ret_result->outcome = judge(reader, &ret_result->card);
        *reader = (struct wedge){ .typing = false };
        ret_result->next_ns = UINT64_MAX;
        return;
    }
    reader->typing = true;
    reader->last_ns = at_ns;
    reader->lost |= lost;
    if (!lost)
        put(reader, code);
    ret_result->next_ns = at_ns + SILENCE_NS;
}

const struct reader wedge_reader = {
    .info = {
        .name = "wedge",
        .what = "card reader that types like a keyboard",
        .bus = PART_INPUT,
        .address = 0,
        .addresses = { 0 },
        .quantities = 0,
        .fastest_ms = 0,
    },
    .state_size = sizeof(struct wedge),
    .init = init,
    .edge = NULL,
    .step = NULL,
    .byte = NULL,
    .key = key,
    .settle = settle,
};
