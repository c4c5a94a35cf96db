// Sensirion SHT3x-DIS as its data sheet v5 describes it: single shots without clock stretching, one rate of
// measuring by itself, heater, status, reset. Not there: alert limits.
#include <errno.h>

#include "gateway/common/clock.h"
#include "sensors/sim/chip.h"
#include "sensors/sim/words.h"

#define POWER_UP_US   1500
#define BREAK         0x3093
#define FETCH         0xe000
#define PERIODIC      0x2130 // one a second
#define SOFT_RESET    0x30a2
#define HEATER_ON     0x306d
#define HEATER_OFF    0x3066
#define STATUS        0xf32d
#define CLEAR_STATUS  0x3041
#define SERIAL        0x3780
#define STATUS_ALERT  0x8000
#define STATUS_HEATER 0x2000
#define STATUS_RESET  0x0010

static const struct {
    uint16_t code;
    uint32_t execution_us;
} shots[] = { { 0x2400, 15000 }, { 0x240b, 6000 }, { 0x2416, 4000 } };

struct sht3x {
    uint16_t number, status;
    bool periodic, stuck;
    uint64_t start_ns, fetched; // measuring by itself: since when, and samples that were fetched or missed
    struct sim_answer answer;
    int32_t air[QUANTITY_COUNT];
};
_Static_assert(sizeof(struct sht3x) <= SIM_CHIP_STATE_MAX, "the state of an SHT3x fits");

static void sht3x_init(void *state, const struct sim_model *model, uint16_t number)
{
    (void)model;
    struct sht3x *chip = state;
    chip->number = number;
    chip->status = STATUS_ALERT | STATUS_RESET;
    chip->air[QUANTITY_TEMPERATURE] = 22000;
    chip->air[QUANTITY_HUMIDITY] = 45000;
}

static void sht3x_power_on(void *state, uint64_t now_ns)
{
    struct sht3x *chip = state;
    chip->periodic = false;
    chip->status = STATUS_ALERT | STATUS_RESET;
    chip->answer = (struct sim_answer){ .done_ns = now_ns + POWER_UP_US * 1000 };
}

static void sht3x_set(void *state, enum quantity quantity, int32_t value, uint64_t now_ns)
{
    (void)now_ns;
    struct sht3x *chip = state;
    chip->air[quantity] = value;
}

static void sht3x_stick(void *state, bool stuck, uint64_t now_ns)
{
    (void)now_ns;
    struct sht3x *chip = state;
    chip->stuck = stuck;
    if (stuck)
        chip->answer.length = 0;
}

// Its heater warms it by some degrees, and warm air is drier.
static void put_sample(struct sht3x *chip)
{
    bool heated = (chip->status & STATUS_HEATER) != 0;
    int32_t temp_mc = chip->air[QUANTITY_TEMPERATURE] + (heated ? 4000 : 0);
    int32_t rh_mpct = chip->air[QUANTITY_HUMIDITY] / (heated ? 2 : 1);
    const uint16_t words[2] = { sim_scale((int64_t)temp_mc + 45000, 175000), sim_scale(rh_mpct, 100000) };
    if (!chip->stuck)
        sim_answer_put(&chip->answer, words, 2);
}

static void fetch(struct sht3x *chip, uint64_t now_ns)
{
    uint64_t samples = (now_ns - chip->start_ns) / NS_PER_S;
    if (chip->periodic && samples > chip->fetched)
        put_sample(chip);
    chip->fetched = samples;
}

static int shoot(struct sht3x *chip, unsigned code, uint64_t now_ns)
{
    for (size_t i = 0; i < sizeof(shots) / sizeof(shots[0]); i++)
        if (shots[i].code == code && !chip->periodic) {
            put_sample(chip);
            chip->answer.done_ns = now_ns + shots[i].execution_us * 1000ull;
            return 0;
        }
    return -EREMOTEIO;
}

static int run(struct sht3x *chip, unsigned code, uint64_t now_ns)
{
    const uint16_t serial[2] = { 0x0f3e, chip->number };
    switch (code) {
    case BREAK:
        chip->periodic = false;
        return 0;
    case FETCH:
        fetch(chip, now_ns);
        return 0;
    case PERIODIC:
        chip->periodic = true;
        chip->start_ns = now_ns;
        chip->fetched = 0;
        return 0;
    case SOFT_RESET:
        sht3x_power_on(chip, now_ns);
        return 0;
    case HEATER_ON:
        chip->status |= STATUS_HEATER;
        return 0;
    case HEATER_OFF:
        chip->status &= (uint16_t)~STATUS_HEATER;
        return 0;
    case STATUS:
        sim_answer_put(&chip->answer, &chip->status, 1);
        return 0;
    case CLEAR_STATUS:
        chip->status &= STATUS_HEATER;
        return 0;
    case SERIAL:
        sim_answer_put(&chip->answer, serial, 2);
        return 0;
    default: // a code from outside
        return shoot(chip, code, now_ns);
    }
}

static int sht3x_write(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
    struct sht3x *chip = state;
    if (now_ns < chip->answer.done_ns || length != 2)
        return -EREMOTEIO;
    chip->answer.length = 0;
    return run(chip, (unsigned)(bytes[0] << 8 | bytes[1]), now_ns);
}

static int sht3x_read(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    struct sht3x *chip = state;
    return sim_answer_take(&chip->answer, ret_bytes, length, now_ns);
}

const struct sim_model sim_sht3x = {
    .driver = "sht3x",
    .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),
    .init = sht3x_init,
    .power_on = sht3x_power_on,
    .write = sht3x_write,
    .read = sht3x_read,
    .set = sht3x_set,
    .stick = sht3x_stick,
};
