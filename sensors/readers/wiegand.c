// Wiegand: two lines, idle high. A low pulse (20 to 100 us, 0.2 to 20 ms apart) on D0 is a 0, on D1 a 1,
// highest bit first; silence ends the frame. Only falling edges count. A frame of 26, 34 or 37 bits begins
// with an even parity bit, which counts itself, over its first half and ends with an odd one over its second;
// the middle bit of 37 belongs to both. There is no other protection, so whatever looks unlike a frame is
// refused: the child presents the card again. The format can be listened to and copied: good for attendance,
// never for a lock.
#include "sensors/readers/readers.h"

#include "gateway/common/clock.h"

#define SILENCE_NS (30 * NS_PER_MS) // ends a frame
#define NEAREST_NS (100000ULL)      // pulses nearer than this are no reader's, on one line or two
#define LONGEST    40               // more pulses than this without a silence: no reader, a disturbance

struct wiegand {
    unsigned count; // pulses since the last silence
    uint64_t bits;
    uint64_t last_ns;
    bool lost;
};
_Static_assert(sizeof(struct wiegand) <= READER_STATE_MAX, "state too big");

static void init(void *state, const struct config_reader *config, uint64_t now_ns)
{
    (void)config;
    (void)now_ns;
    *(struct wiegand *)state = (struct wiegand){ .count = 0 };
}

static bool odd(uint64_t bits)
{
    return (__builtin_popcountll(bits) & 1) != 0;
}

static enum reader_outcome judge(const struct wiegand *frame, struct card *ret_card)
{
    if (frame->count == 0 || frame->count > LONGEST)
        return READER_NOTHING; // the latter has been told when it got too long
    if (frame->lost)
        return READER_LOST;
    if (frame->count != 26 && frame->count != 34 && frame->count != 37)
        return READER_LENGTH;
    unsigned half = (frame->count + 1) / 2; // of 37 bits: 19 in each, one of them in both
    uint64_t first = frame->bits >> (frame->count - half);
    uint64_t second = frame->bits & ((1ULL << half) - 1);
    if (odd(first) || !odd(second))
        return READER_PARITY;
    uint64_t inner = frame->bits >> 1 & ((1ULL << (frame->count - 2)) - 1);
    *ret_card = (struct card){ .bits = frame->count, .length = (frame->count - 2 + 7) / 8 };
    for (size_t i = ret_card->length; i > 0; i--, inner >>= 8)
        ret_card->bytes[i - 1] = (uint8_t)inner;
    return READER_CARD;
}

static void settle(void *state, uint64_t now_ns, struct reader_result *ret_result)
{
    struct wiegand *frame = state;
    *ret_result = (struct reader_result){ .next_ns = UINT64_MAX, .outcome = READER_NOTHING };
    if (frame->count == 0)
        return;
    if (now_ns < frame->last_ns + SILENCE_NS) {
        ret_result->next_ns = frame->last_ns + SILENCE_NS;
        return;
    }
    ret_result->outcome = judge(frame, &ret_result->card);
    *frame = (struct wiegand){ .count = 0 };
}

static void edge(void *state, unsigned line, bool level, bool lost, uint64_t at_ns,
                 struct reader_result *ret_result)
{
    struct wiegand *frame = state;
    // What was lost may have been the end of the frame before or the beginning of this one.
    frame->lost |= lost;
    settle(frame, at_ns, ret_result);
    frame->lost |= lost;
    if (level)
        return;
    // Time that goes back is an order that can't be trusted.
    if (frame->count != 0 && (at_ns < frame->last_ns || at_ns - frame->last_ns < NEAREST_NS))
        frame->lost = true;
    frame->bits = frame->bits << 1 | (line == 1 ? 1 : 0);
    frame->last_ns = at_ns;
    if (frame->count <= LONGEST && ++frame->count > LONGEST)
        ret_result->outcome = READER_LINE_FAULT;
    ret_result->next_ns = at_ns + SILENCE_NS;
}

const struct reader wiegand_reader = {
    .info = {
        .name = "wiegand",
        .what = "Wiegand card reader, 26, 34 or 37 bits",
        .bus = PART_WIEGAND,
        .address = 0,
        .addresses = { 0 },
        .quantities = 0,
        .fastest_ms = 0,
    },
    .state_size = sizeof(struct wiegand),
    .init = init,
    .edge = edge,
    .step = NULL,
    .byte = NULL,
    .key = NULL,
    .settle = settle,
};
