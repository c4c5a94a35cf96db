// Sensirion SCD30 as its interface description v1.0 describes it, byte by byte. Not there: clock stretching,
// the drift of the self-calibration, the effect of pressure, altitude and temperature offset.
#include <errno.h>

#include "gateway/common/clock.h"
#include "sensors/sim/chip.h"
#include "sensors/sim/words.h"

#define BOOT_NS    (2000 * NS_PER_MS)
#define ANSWER_NS  (3 * NS_PER_MS)
#define FIRMWARE   0x0342
#define START      0x0010
#define STOP       0x0104
#define READY      0x0202
#define MEASURE    0x0300
#define VERSION    0xd100
#define SOFT_RESET 0xd304

enum setting {
    SETTING_INTERVAL,
    SETTING_SELF_CALIBRATION,
    SETTING_REFERENCE,
    SETTING_OFFSET,
    SETTING_ALTITUDE,
    SETTING_COUNT
};

static const struct {
    uint16_t code, delivered, min, max;
} settings[SETTING_COUNT] = {
    [SETTING_INTERVAL] = { 0x4600, 2, 2, 1800 },       [SETTING_SELF_CALIBRATION] = { 0x5306, 0, 0, 1 },
    [SETTING_REFERENCE] = { 0x5204, 400, 400, 2000 },  [SETTING_OFFSET] = { 0x5403, 0, 0, UINT16_MAX },
    [SETTING_ALTITUDE] = { 0x5102, 0, 0, UINT16_MAX },
};

struct scd30 {
    bool measuring; // as the settings, kept without power
    bool stuck;
    uint16_t settings[SETTING_COUNT];
    int32_t correction_ppm;
    uint64_t start_ns, ticks; // when it began, and the samples taken since
    uint64_t up_ns;           // has booted then
    bool full;                // a sample waits
    int32_t sample[3];
    struct sim_answer answer;
    int32_t air[QUANTITY_COUNT];
};
_Static_assert(sizeof(struct scd30) <= SIM_CHIP_STATE_MAX, "the state of an SCD30 fits");

// Make up for the samples since the last look. The air changes through set() only, which looks first.
static void catch_up(struct scd30 *chip, uint64_t now_ns)
{
    if (!chip->measuring || now_ns < chip->start_ns)
        return;
    uint64_t ticks = (now_ns - chip->start_ns) / (chip->settings[SETTING_INTERVAL] * NS_PER_S);
    if (ticks > chip->ticks && !chip->stuck) {
        chip->full = true;
        chip->sample[0] = chip->air[QUANTITY_CO2] + chip->correction_ppm;
        chip->sample[1] = chip->air[QUANTITY_TEMPERATURE];
        chip->sample[2] = chip->air[QUANTITY_HUMIDITY];
    }
    chip->ticks = ticks;
}

static void begin(struct scd30 *chip, uint64_t now_ns)
{
    chip->start_ns = now_ns;
    chip->ticks = 0;
    chip->full = false;
}

static void scd30_init(void *state, const struct sim_model *model, uint16_t number)
{
    (void)model;
    (void)number;
    struct scd30 *chip = state;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        chip->settings[i] = settings[i].delivered;
    chip->air[QUANTITY_CO2] = 600;
    chip->air[QUANTITY_TEMPERATURE] = 22000;
    chip->air[QUANTITY_HUMIDITY] = 45000;
}

static void scd30_power_on(void *state, uint64_t now_ns)
{
    struct scd30 *chip = state;
    chip->up_ns = now_ns + BOOT_NS;
    chip->answer = (struct sim_answer){ 0 };
    begin(chip, chip->up_ns);
}

static void scd30_set(void *state, enum quantity quantity, int32_t value, uint64_t now_ns)
{
    struct scd30 *chip = state;
    catch_up(chip, now_ns);
    chip->air[quantity] = value;
}

static void scd30_stick(void *state, bool stuck, uint64_t now_ns)
{
    struct scd30 *chip = state;
    catch_up(chip, now_ns);
    chip->stuck = stuck;
    if (stuck)
        chip->full = false;
}

static void put(struct scd30 *chip, uint16_t word, uint64_t now_ns)
{
    sim_answer_put(&chip->answer, &word, 1);
    chip->answer.done_ns = now_ns + ANSWER_NS;
}

static void put_sample(struct scd30 *chip, uint64_t now_ns)
{
    uint16_t words[6];
    if (!chip->full)
        return;
    sim_float_words(chip->sample[0], &words[0]);
    sim_float_words(chip->sample[1] / 1000.0, &words[2]);
    sim_float_words(chip->sample[2] / 1000.0, &words[4]);
    sim_answer_put(&chip->answer, words, 6);
    chip->answer.done_ns = now_ns + ANSWER_NS;
    chip->full = false;
}

static int command(struct scd30 *chip, unsigned code, uint64_t now_ns)
{
    switch (code) {
    case STOP:
        chip->measuring = false;
        return 0;
    case READY:
        put(chip, chip->full, now_ns);
        return 0;
    case MEASURE:
        put_sample(chip, now_ns);
        return 0;
    case VERSION:
        put(chip, FIRMWARE, now_ns);
        return 0;
    case SOFT_RESET:
        scd30_power_on(chip, now_ns);
        return 0;
    default: // a code from outside
        break;
    }
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (settings[i].code == code) {
            put(chip, chip->settings[i], now_ns);
            return 0;
        }
    return -EREMOTEIO;
}

static void calibrate(struct scd30 *chip, uint16_t reference)
{
    chip->correction_ppm = reference - chip->air[QUANTITY_CO2];
    chip->full = false;
}

// A word with a bad CRC, or out of range, is acknowledged and forgotten.
static int command_with(struct scd30 *chip, unsigned code, const uint8_t *bytes, uint64_t now_ns)
{
    uint16_t word;
    if (!sim_word_take(bytes, &word))
        return 0;
    if (code == START) {
        chip->measuring = true;
        begin(chip, now_ns);
        return 0;
    }
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (settings[i].code == code) {
            if (word < settings[i].min || word > settings[i].max)
                return 0;
            chip->settings[i] = word;
            if (i == SETTING_REFERENCE)
                calibrate(chip, word);
            return 0;
        }
    return -EREMOTEIO;
}

static int scd30_write(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
    struct scd30 *chip = state;
    catch_up(chip, now_ns);
    if (now_ns < chip->up_ns || (length != 2 && length != 5))
        return -EREMOTEIO;
    unsigned code = (unsigned)(bytes[0] << 8 | bytes[1]);
    chip->answer.length = 0;
    return length == 2 ? command(chip, code, now_ns) : command_with(chip, code, bytes + 2, now_ns);
}

static int scd30_read(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    struct scd30 *chip = state;
    catch_up(chip, now_ns);
    return sim_answer_take(&chip->answer, ret_bytes, length, now_ns);
}

const struct sim_model sim_scd30 = {
    .driver = "scd30",
    .quantities =
        QUANTITY_BIT(QUANTITY_CO2) | QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),
    .init = scd30_init,
    .power_on = scd30_power_on,
    .write = scd30_write,
    .read = scd30_read,
    .set = scd30_set,
    .stick = scd30_stick,
};
