// NXP PN532 on I2C as the user manual describes it, byte by byte: the commands that a reader of cards needs.
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "sensors/sim/chip.h"

#define ACK_NS        NS_PER_MS
#define COMMAND_NS    (2 * NS_PER_MS)
#define ACTIVATION_NS (6 * NS_PER_MS) // one try to find a card
#define SHOWN_NS      (400 * NS_PER_MS)
#define UID_MAX       10
#define FOR_EVER      0xff // MxRtyPassiveActivation
#define ANSWER_MAX    40

struct pn532 {
    bool stuck;
    bool acknowledge;    // waits to be read
    bool seeking;        // InListPassiveTarget, until a card is there or the tries are used up
    uint64_t ready_ns;   // of what waits
    uint64_t give_up_ns; // of seeking
    uint8_t retries;
    uint8_t n, answer[ANSWER_MAX]; // from the identifier on; 0: none
    uint8_t uid_length, uid[UID_MAX];
    uint64_t leaves_ns; // of the card
    uint8_t check_at;   // where the answer's checksum was, in the last read
};
_Static_assert(sizeof(struct pn532) <= SIM_CHIP_STATE_MAX, "the state of a PN532 fits");

static void restart(struct pn532 *chip)
{
    chip->acknowledge = chip->seeking = false;
    chip->n = 0;
    chip->retries = FOR_EVER;
}

static void pn532_init(void *state, const struct sim_model *model, uint16_t number)
{
    (void)model;
    (void)number;
    restart(state);
}

static void pn532_power_on(void *state, uint64_t now_ns)
{
    (void)now_ns;
    restart(state);
}

static void put_answer(struct pn532 *chip, const uint8_t *bytes, size_t n)
{
    chip->n = (uint8_t)n;
    memcpy(chip->answer, bytes, n);
}

// --- Commands ------------------------------------------------------------------------------------

static void seek(struct pn532 *chip, uint64_t now_ns)
{
    chip->seeking = true;
    chip->give_up_ns = chip->retries == FOR_EVER ? UINT64_MAX : now_ns + (chip->retries + 1u) * ACTIVATION_NS;
}

// A card that is there is found; the answer names it.
static void find_card(struct pn532 *chip, uint64_t now_ns)
{
    if (!chip->seeking)
        return;
    if (now_ns < chip->leaves_ns) {
        uint8_t bytes[ANSWER_MAX] = { 0xd5, 0x4b, 0x01, 0x01, 0x00, 0x04, 0x08, chip->uid_length };
        memcpy(bytes + 8, chip->uid, chip->uid_length);
        put_answer(chip, bytes, 8u + chip->uid_length);
        chip->seeking = false;
    } else if (now_ns >= chip->give_up_ns) {
        put_answer(chip, (const uint8_t[]){ 0xd5, 0x4b, 0x00 }, 3);
        chip->seeking = false;
    }
}

static void obey(struct pn532 *chip, const uint8_t *data, size_t n, uint64_t now_ns)
{
    chip->acknowledge = true;
    chip->seeking = false;
    chip->ready_ns = now_ns + ACK_NS;
    switch (n > 0 ? data[0] : 0) {
    case 0x14: // SAMConfiguration
        put_answer(chip, (const uint8_t[]){ 0xd5, 0x15 }, 2);
        break;
    case 0x32: // RFConfiguration
        if (n == 5 && data[1] == 5)
            chip->retries = data[4];
        put_answer(chip, (const uint8_t[]){ 0xd5, 0x33 }, 2);
        break;
    case 0x4a: // InListPassiveTarget
        chip->n = 0;
        seek(chip, now_ns);
        break;
    case 0x52: // InRelease
        put_answer(chip, (const uint8_t[]){ 0xd5, 0x53, 0x00 }, 3);
        break;
    case 0x02: // GetFirmwareVersion
        put_answer(chip, (const uint8_t[]){ 0xd5, 0x03, 0x32, 0x01, 0x06, 0x07 }, 6);
        break;
    default: // syntax error
        put_answer(chip, (const uint8_t[]){ 0x7f }, 1);
        break;
    }
}

// --- The wire ------------------------------------------------------------------------------------

static int pn532_write(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
    static const uint8_t acknowledgement[] = { 0x00, 0x00, 0xff, 0x00, 0xff, 0x00 };
    struct pn532 *chip = state;
    if (length == sizeof(acknowledgement) && memcmp(bytes, acknowledgement, length) == 0) {
        chip->acknowledge = chip->seeking = false;
        chip->n = 0;
        return 0;
    }
    if (length < 8 || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 0xff)
        return 0; // taken, and nothing comes of it
    uint8_t n = bytes[3], sum = 0;
    if ((uint8_t)(n + bytes[4]) != 0 || n < 2 || length < 7u + n || bytes[5] != 0xd4)
        return 0;
    for (size_t i = 0; i <= n; i++)
        sum = (uint8_t)(sum + bytes[5 + i]);
    if (sum == 0)
        obey(chip, bytes + 6, n - 1u, now_ns);
    return 0;
}

static size_t put_frame(struct pn532 *chip, uint8_t *frame)
{
    uint8_t sum = 0;
    const uint8_t head[] = { 0x01, 0x00, 0x00, 0xff, chip->n, (uint8_t)-chip->n };
    memcpy(frame, head, sizeof(head));
    memcpy(frame + sizeof(head), chip->answer, chip->n);
    for (size_t i = 0; i < chip->n; i++)
        sum = (uint8_t)(sum + chip->answer[i]);
    chip->check_at = (uint8_t)(sizeof(head) + chip->n);
    frame[chip->check_at] = (uint8_t)-sum;
    frame[chip->check_at + 1] = 0x00;
    return chip->check_at + 2u;
}

static int pn532_read(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    static const uint8_t acknowledged[] = { 0x01, 0x00, 0x00, 0xff, 0x00, 0xff, 0x00 };
    struct pn532 *chip = state;
    uint8_t frame[ANSWER_MAX + 8] = { 0x00 };
    size_t n = 1;
    chip->check_at = 0;
    find_card(chip, now_ns);
    if (chip->stuck || now_ns < chip->ready_ns) {
        // not ready
    } else if (chip->acknowledge) {
        n = sizeof(acknowledged);
        memcpy(frame, acknowledged, n);
        chip->acknowledge = false;
        chip->ready_ns = now_ns + COMMAND_NS;
        chip->check_at = 5;
    } else if (chip->n > 0) {
        n = put_frame(chip, frame);
        chip->n = 0;
    }
    memset(ret_bytes, 0, length);
    memcpy(ret_bytes, frame, n < length ? n : length);
    return 0;
}

static size_t pn532_check(const void *state)
{
    return ((const struct pn532 *)state)->check_at;
}

static void pn532_stick(void *state, bool stuck, uint64_t now_ns)
{
    (void)now_ns;
    ((struct pn532 *)state)->stuck = stuck;
}

static int pn532_show(void *state, const char *uid, uint64_t now_ns)
{
    struct pn532 *chip = state;
    size_t digits = strlen(uid);
    if ((digits != 8 && digits != 14 && digits != 20) || strspn(uid, "0123456789abcdefABCDEF") != digits)
        return -EINVAL;
    chip->uid_length = (uint8_t)(digits / 2);
    for (size_t i = 0; i < chip->uid_length; i++) {
        unsigned byte = 0;
        sscanf(uid + 2 * i, "%2x", &byte);
        chip->uid[i] = (uint8_t)byte;
    }
    chip->leaves_ns = now_ns + SHOWN_NS;
    return 0;
}

const struct sim_model sim_pn532 = {
    .driver = "pn532",
    .quantities = 0,
    .init = pn532_init,
    .power_on = pn532_power_on,
    .write = pn532_write,
    .read = pn532_read,
    .stick = pn532_stick,
    .show = pn532_show,
    .check = pn532_check,
};
