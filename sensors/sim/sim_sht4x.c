// Sensirion SHT40, SHT41 and SHT45 as the data sheet describes them, byte by byte.
#include <errno.h>

#include "gateway/common/clock.h"
#include "sensors/sim/chip.h"
#include "sensors/sim/words.h"

#define POWER_UP_US        1000
#define COMMAND_SOFT_RESET 0x94
#define COMMAND_SERIAL     0x89

struct sht4x {
    uint16_t number;
    bool stuck;
    struct sim_answer answer;
    int32_t air[QUANTITY_COUNT]; // around it
};

_Static_assert(sizeof(struct sht4x) <= SIM_CHIP_STATE_MAX, "the state of an SHT4x fits");

// Longest times of the data sheet. A heater command measures at its end, in air that it has warmed by about
// this much.
static const struct measurement {
    uint8_t code;
    uint32_t execution_us;
    int32_t warmer_mc;
} measurements[] = {
    { 0xFD, 8300, 0 },        { 0xF6, 4500, 0 },       { 0xE0, 1600, 0 },
    { 0x39, 1100000, 60000 }, { 0x32, 110000, 20000 }, // 200 mW
    { 0x2F, 1100000, 33000 }, { 0x24, 110000, 11000 }, // 110 mW
    { 0x1E, 1100000, 6000 },  { 0x15, 110000, 2000 },  // 20 mW
};

static void sht4x_init(void *state, const struct sim_model *model, uint16_t number)
{
    (void)model;
    struct sht4x *chip = state;
    chip->number = number;
    chip->air[QUANTITY_TEMPERATURE] = 22000;
    chip->air[QUANTITY_HUMIDITY] = 45000;
}

static void restart(struct sht4x *chip, uint64_t now_ns)
{
    chip->answer = (struct sim_answer){ .done_ns = now_ns + POWER_UP_US * 1000 };
}

static void sht4x_power_on(void *state, uint64_t now_ns)
{
    restart(state, now_ns);
}

static void sht4x_set(void *state, enum quantity quantity, int32_t value, uint64_t now_ns)
{
    (void)now_ns;
    struct sht4x *chip = state;
    chip->air[quantity] = value;
}

static void sht4x_stick(void *state, bool stuck, uint64_t now_ns)
{
    (void)now_ns;
    struct sht4x *chip = state;
    chip->stuck = stuck;
    if (stuck)
        chip->answer.length = 0;
}

// Warm air of the same water content is drier; half as dry will do to tell it from the room's.
static void measure(struct sht4x *chip, const struct measurement *measurement, uint64_t now_ns)
{
    int32_t rh_mpct =
        measurement->warmer_mc ? chip->air[QUANTITY_HUMIDITY] / 2 : chip->air[QUANTITY_HUMIDITY];
    const uint16_t words[2] = {
        sim_scale((int64_t)chip->air[QUANTITY_TEMPERATURE] + measurement->warmer_mc + 45000, 175000),
        sim_scale((int64_t)rh_mpct + 6000, 125000),
    };
    if (chip->stuck)
        return; // taken, never done: there will be nothing to read
    sim_answer_put(&chip->answer, words, 2);
    chip->answer.done_ns = now_ns + measurement->execution_us * 1000ull;
}

static int run(struct sht4x *chip, uint8_t code, uint64_t now_ns)
{
    chip->answer.length = 0;
    if (code == COMMAND_SERIAL) {
        const uint16_t words[2] = { 0x0F4E, chip->number };
        sim_answer_put(&chip->answer, words, 2);
        return 0;
    }
    for (size_t i = 0; i < sizeof(measurements) / sizeof(measurements[0]); i++) {
        if (measurements[i].code == code) {
            measure(chip, &measurements[i], now_ns);
            return 0;
        }
    }
    return -EREMOTEIO;
}

// The soft reset alone is taken during a measurement, which it breaks off.
static int sht4x_write(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
    struct sht4x *chip = state;
    if (length == 1 && bytes[0] == COMMAND_SOFT_RESET) {
        restart(chip, now_ns);
        return 0;
    }
    if (now_ns < chip->answer.done_ns || length > 1)
        return -EREMOTEIO;
    return length == 0 ? 0 : run(chip, bytes[0], now_ns);
}

static int sht4x_read(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    struct sht4x *chip = state;
    return sim_answer_take(&chip->answer, ret_bytes, length, now_ns);
}

const struct sim_model sim_sht4x = {
    .driver = "sht4x",
    .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),
    .init = sht4x_init,
    .power_on = sht4x_power_on,
    .write = sht4x_write,
    .read = sht4x_read,
    .set = sht4x_set,
    .stick = sht4x_stick,
};
