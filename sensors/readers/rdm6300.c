// RDM6300 and its kin: 125 kHz cards (EM4100) on a serial port of 9600 baud. From captures; the module has no
// data sheet worth the name.
//
// A frame is 02, ten hex digits (five bytes: version and number), two hex digits that are the XOR of the
// five, 03. Some modules add CR and LF. It comes again every 50 ms or so while the card stays, so the same
// card counts once, until it has been away for a second. The module never says that it is alive: nothing
// tells a dead one from one without cards.
//
// EM4100 cards are a number without any protection: good for attendance, never for a lock.
#include "sensors/readers/readers.h"

#include <string.h>

#include "gateway/common/clock.h"

#define STX        0x02
#define ETX        0x03
#define CARD       5                // bytes
#define DIGITS     (2 * (CARD + 1)) // with the checksum
#define SILENCE_NS (50 * NS_PER_MS) // within a frame, whose 14 bytes take 15 ms: the rest was lost
#define AWAY_NS    (1000 * NS_PER_MS)

struct rdm6300 {
    bool inside; // a frame has begun
    uint8_t n;   // digits so far
    uint8_t nibbles[DIGITS];
    uint64_t last_ns; // of the last byte
    bool present;     // card was seen, and may still be there
    uint8_t card[CARD];
    uint64_t seen_ns;
};
_Static_assert(sizeof(struct rdm6300) <= READER_STATE_MAX, "state too big");

static void init(void *state, const struct config_reader *config, uint64_t now_ns)
{
    (void)config;
    (void)now_ns;
    *(struct rdm6300 *)state = (struct rdm6300){ .inside = false };
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static enum reader_outcome judge(struct rdm6300 *reader, uint64_t at_ns, struct card *ret_card)
{
    uint8_t bytes[CARD + 1], xor = 0;
    if (reader->n != DIGITS)
        return READER_LENGTH;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(reader->nibbles[2 * i] << 4 | reader->nibbles[2 * i + 1]);
        xor ^= bytes[i];
    }
    if (xor != 0)
        return READER_PARITY;
    bool stayed =
        reader->present && at_ns - reader->seen_ns < AWAY_NS && memcmp(bytes, reader->card, CARD) == 0;
    reader->present = true;
    reader->seen_ns = at_ns;
    memcpy(reader->card, bytes, CARD);
    if (stayed)
        return READER_NOTHING;
    *ret_card = (struct card){ .bits = 8 * CARD, .length = CARD };
    memcpy(ret_card->bytes, bytes, CARD);
    return READER_CARD;
}

static enum reader_outcome take_digit(struct rdm6300 *reader, uint8_t byte)
{
    int digit = hex_digit(byte);
    if (digit < 0 || reader->n == DIGITS) {
        reader->inside = false;
        return digit < 0 ? READER_FORM : READER_LENGTH;
    }
    reader->nibbles[reader->n++] = (uint8_t)digit;
    return READER_NOTHING;
}

static void settle(void *state, uint64_t now_ns, struct reader_result *ret_result)
{
    struct rdm6300 *reader = state;
    *ret_result = (struct reader_result){ .next_ns = UINT64_MAX, .outcome = READER_NOTHING };
    if (!reader->inside)
        return;
    if (now_ns < reader->last_ns + SILENCE_NS) {
        ret_result->next_ns = reader->last_ns + SILENCE_NS;
        return;
    }
    reader->inside = false;
    ret_result->outcome = READER_LENGTH;
}

static void take_byte(void *state, uint8_t byte, uint64_t at_ns, struct reader_result *ret_result)
{
    struct rdm6300 *reader = state;
    settle(reader, at_ns, ret_result);
    reader->last_ns = at_ns;
    if (byte == STX) {
        if (reader->inside) // the frame before has no end
            ret_result->outcome = READER_LENGTH;
        reader->inside = true;
        reader->n = 0;
    } else if (reader->inside && byte == ETX) {
        reader->inside = false;
        ret_result->outcome = judge(reader, at_ns, &ret_result->card);
    } else if (reader->inside) {
        ret_result->outcome = take_digit(reader, byte);
    } // between frames: CR, LF, noise
    ret_result->next_ns = reader->inside ? at_ns + SILENCE_NS : UINT64_MAX;
}

const struct reader rdm6300_reader = {
    .info = {
        .name = "rdm6300",
        .what = "RDM6300, 125 kHz cards (EM4100)",
        .bus = PART_SERIAL,
        .address = 0,
        .addresses = { 0 },
        .quantities = 0,
        .fastest_ms = 0,
    },
    .state_size = sizeof(struct rdm6300),
    .init = init,
    .edge = NULL,
    .step = NULL,
    .byte = take_byte,
    .key = NULL,
    .settle = settle,
};
