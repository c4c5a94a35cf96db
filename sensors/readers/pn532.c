// NXP PN532 on I2C: 13.56 MHz cards (ISO/IEC 14443 A). UM0701-02.
//
// A command frame is written; every read begins with a byte whose lowest bit says whether there is anything;
// first comes an acknowledgement, then the answer. The chip is told to try a few times only (MaxRetries),
// since it would otherwise wait for a card for ever and answer nothing meanwhile. Between a stop and the next
// start it wants 5 ms. A command that is not answered is aborted by an acknowledgement from us, and
// everything is set anew.
//
// The same card counts once, until it has been away for 3 s. Four-byte numbers that begin with 08 are drawn
// by phones anew each time, and are no card.
#include "sensors/readers/readers.h"

#include <errno.h>
#include <string.h>

#include "gateway/common/clock.h"

#define TO_CHIP      0xd4
#define FROM_CHIP    0xd5
#define FRAME_MAX    64 // one target with the longest number and a usual ATS
#define COMMAND_MAX  5
#define PAUSE_NS     (5 * NS_PER_MS)
#define ACK_TRIES    6  // 30 ms; the manual says 15
#define ANSWER_TRIES 40 // 200 ms; three activations take some 20
#define EVERY_NS     (100 * NS_PER_MS)
#define AWAY_NS      (3 * NS_PER_S)
#define RETRY_NS     NS_PER_S
#define UID_MAX      10
#define RANDOM_UID   0x08

// In the order in which they are sent; a card that was found is released, then the next one is looked for.
enum command { COMMAND_SAM, COMMAND_RETRIES, COMMAND_LIST, COMMAND_RELEASE, COMMAND_COUNT };

static const struct {
    uint8_t length;
    uint8_t bytes[COMMAND_MAX];
} commands[] = {
    [COMMAND_SAM] = { 4, { 0x14, 0x01, 0x14, 0x01 } },           // SAMConfiguration: normal
    [COMMAND_RETRIES] = { 5, { 0x32, 0x05, 0xff, 0x01, 0x02 } }, // RFConfiguration: MaxRetries
    [COMMAND_LIST] = { 3, { 0x4a, 0x01, 0x00 } },                // InListPassiveTarget: one, 106 kbit/s A
    [COMMAND_RELEASE] = { 2, { 0x52, 0x00 } },                   // InRelease: all
};
_Static_assert(sizeof(commands) / sizeof(commands[0]) == COMMAND_COUNT, "a command without its bytes");

enum stage { STAGE_SEND, STAGE_ACKNOWLEDGED, STAGE_ANSWER, STAGE_ABORT };

static const uint8_t acknowledgement[] = { 0x00, 0x00, 0xff, 0x00, 0xff, 0x00 };

struct pn532 {
    uint8_t address;
    enum command command;
    enum stage stage;
    unsigned tries; // reads of this stage that found nothing
    bool present;   // card was seen, and may still be there
    uint8_t length;
    uint8_t uid[UID_MAX];
    uint64_t seen_ns;
};
_Static_assert(sizeof(struct pn532) <= READER_STATE_MAX, "state too big");

static void init(void *state, const struct config_reader *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct pn532 *)state = (struct pn532){ .address = config->address, .stage = STAGE_SEND };
}

static void enter(struct pn532 *chip, enum command command, enum stage stage)
{
    chip->command = command;
    chip->stage = stage;
    chip->tries = 0;
}

// ---- Frames

static int send_command(const struct pn532 *chip, struct i2c_bus *bus)
{
    uint8_t length = commands[chip->command].length, sum = TO_CHIP;
    uint8_t frame[6 + COMMAND_MAX + 2] = {
        0x00, 0x00, 0xff, (uint8_t)(length + 1), (uint8_t) - (length + 1), TO_CHIP
    };
    for (size_t i = 0; i < length; i++) {
        frame[6 + i] = commands[chip->command].bytes[i];
        sum = (uint8_t)(sum + frame[6 + i]);
    }
    frame[6 + length] = (uint8_t)-sum;
    return i2c_write(bus, chip->address, frame, 8u + length);
}

// The data of a frame, from the byte after its identifier on. 0, -EILSEQ no frame or a checksum is wrong,
// -EIO the chip did not like ours. Extended frames begin where a short one would be of 255 bytes: too long
// for anything that we ask.
static int open_frame(const uint8_t *bytes, size_t size, const uint8_t **ret_data, size_t *ret_length)
{
    if (size < 8 || bytes[0] != 0x00 || bytes[1] != 0x00 || bytes[2] != 0xff)
        return -EILSEQ;
    size_t length = bytes[3];
    if (((bytes[3] + bytes[4]) & 0xff) != 0 || length == 0 || 5 + length + 1 > size)
        return -EILSEQ;
    unsigned sum = 0;
    for (size_t i = 0; i <= length; i++)
        sum += bytes[5 + i];
    if ((sum & 0xff) != 0)
        return -EILSEQ;
    if (bytes[5] != FROM_CHIP)
        return -EIO;
    *ret_data = bytes + 6;
    *ret_length = length - 1;
    return 0;
}

// ---- Cards

static bool same_card(const struct pn532 *chip, const uint8_t *uid, size_t length, uint64_t now_ns)
{
    return chip->present && now_ns - chip->seen_ns < AWAY_NS && length == chip->length &&
           memcmp(uid, chip->uid, length) == 0;
}

// NbTg, then of the one target: Tg, SENS_RES (2), SEL_RES, the number's length and the number.
static int take_target(struct pn532 *chip, const uint8_t *data, size_t length, uint64_t now_ns,
                       struct reader_result *result)
{
    result->outcome = READER_EMPTY;
    if (length >= 1 && data[0] == 0)
        return 0;
    size_t uid_length = length >= 6 ? data[5] : 0;
    if ((uid_length != 4 && uid_length != 7 && uid_length != UID_MAX) || 6 + uid_length > length)
        return -EILSEQ;
    const uint8_t *uid = data + 6;
    if (uid_length == 4 && uid[0] == RANDOM_UID)
        return 0;
    if (!same_card(chip, uid, uid_length, now_ns)) {
        result->outcome = READER_CARD;
        result->card = (struct card){ .bits = (unsigned)(8 * uid_length), .length = uid_length };
        memcpy(result->card.bytes, uid, uid_length);
    }
    chip->present = true;
    chip->seen_ns = now_ns;
    chip->length = (uint8_t)uid_length;
    memcpy(chip->uid, uid, uid_length);
    return 0;
}

// ---- Steps

static int take_answer(struct pn532 *chip, const uint8_t *bytes, size_t size, uint64_t now_ns,
                       struct reader_result *result)
{
    const uint8_t *data;
    size_t length;
    int r = open_frame(bytes, size, &data, &length);
    if (r < 0)
        return r;
    if (length == 0 || data[0] != commands[chip->command].bytes[0] + 1)
        return -EILSEQ; // the answer to something else
    switch (chip->command) {
    case COMMAND_SAM:
        enter(chip, COMMAND_RETRIES, STAGE_SEND);
        break;
    case COMMAND_LIST:
        r = take_target(chip, data + 1, length - 1, now_ns, result);
        if (r < 0)
            return r;
        enter(chip, data[1] != 0 ? COMMAND_RELEASE : COMMAND_LIST, STAGE_SEND);
        result->next_ns = now_ns + EVERY_NS;
        break;
    case COMMAND_RETRIES:
    case COMMAND_RELEASE:
    case COMMAND_COUNT:
        enter(chip, COMMAND_LIST, STAGE_SEND);
        break;
    }
    return 0;
}

// Read what there is, with the ready byte in front. 1 and the bytes behind it; 0 nothing yet.
static int read_frame(struct pn532 *chip, struct i2c_bus *bus, uint8_t *bytes, size_t size, unsigned patience)
{
    int r = i2c_read(bus, chip->address, bytes, size);
    if (r < 0)
        return r;
    if ((bytes[0] & 1) != 0)
        return 1;
    return ++chip->tries < patience ? 0 : -ENODATA;
}

static int go_on(struct pn532 *chip, struct i2c_bus *bus, uint64_t now_ns, struct reader_result *result)
{
    uint8_t bytes[1 + FRAME_MAX];
    int r = 0;
    switch (chip->stage) {
    case STAGE_SEND:
        r = send_command(chip, bus);
        if (r == 0)
            enter(chip, chip->command, STAGE_ACKNOWLEDGED);
        break;
    case STAGE_ACKNOWLEDGED:
        r = read_frame(chip, bus, bytes, 1 + sizeof(acknowledgement), ACK_TRIES);
        if (r > 0 && memcmp(bytes + 1, acknowledgement, sizeof(acknowledgement)) != 0)
            return -EILSEQ;
        if (r > 0)
            enter(chip, chip->command, STAGE_ANSWER);
        break;
    case STAGE_ANSWER:
        r = read_frame(chip, bus, bytes, sizeof(bytes), ANSWER_TRIES);
        if (r > 0)
            r = take_answer(chip, bytes + 1, FRAME_MAX, now_ns, result);
        break;
    case STAGE_ABORT:
        r = i2c_write(bus, chip->address, acknowledgement, sizeof(acknowledgement));
        if (r == 0)
            enter(chip, COMMAND_SAM, STAGE_SEND);
        break;
    }
    return r < 0 ? r : 0;
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct reader_result *ret_result)
{
    struct pn532 *chip = state;
    *ret_result = (struct reader_result){ .next_ns = now_ns + PAUSE_NS, .outcome = READER_NOTHING };
    int r = go_on(chip, bus, now_ns, ret_result);
    if (r < 0) {
        *ret_result = (struct reader_result){ .next_ns = now_ns + RETRY_NS, .outcome = READER_NOTHING };
        enter(chip, COMMAND_SAM, STAGE_ABORT);
    }
    return r;
}

const struct reader pn532_reader = {
    .info = {
        .name = "pn532",
        .what = "NXP PN532, 13.56 MHz cards",
        .bus = PART_I2C,
        .address = 0x24,
        .addresses = { 0x24 },
        .quantities = 0,
        .fastest_ms = 0,
    },
    .state_size = sizeof(struct pn532),
    .init = init,
    .edge = NULL,
    .step = step,
    .byte = NULL,
    .key = NULL,
    .settle = NULL,
};
