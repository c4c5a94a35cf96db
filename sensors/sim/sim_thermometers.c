// LM75, TMP102 and MCP9808 as their data sheets describe them: registers by number, temperature measured all
// the time unless asleep. Not there: limits and their outputs, other resolutions.
#include <errno.h>

#include "gateway/common/clock.h"
#include "sensors/sim/chip.h"

#define SETTLE_NS (250 * NS_PER_MS) // the slowest of the three

enum variant { VARIANT_LM75, VARIANT_TMP102, VARIANT_MCP9808 };

static const struct kind {
    uint8_t temperature, configuration; // registers
    uint16_t delivered, asleep;         // of the configuration
    unsigned configuration_bytes;
} kinds[] = {
    [VARIANT_LM75] = { 0x00, 0x01, 0x0000, 0x0001, 1 },
    [VARIANT_TMP102] = { 0x00, 0x01, 0x60a0, 0x0100, 2 },
    [VARIANT_MCP9808] = { 0x05, 0x01, 0x0000, 0x0100, 2 },
};

struct thermometer {
    enum variant variant;
    uint8_t number; // of the register that the next read is about
    uint16_t configuration;
    bool stuck;
    uint64_t settled_ns; // has measured then
    int32_t measured_mc; // as last measured
    int32_t temp_mc;     // of the air
};
_Static_assert(sizeof(struct thermometer) <= SIM_CHIP_STATE_MAX, "the state of a thermometer fits");

static void measure(struct thermometer *chip, uint64_t now_ns)
{
    bool asleep = (chip->configuration & kinds[chip->variant].asleep) != 0;
    if (!asleep && !chip->stuck && now_ns >= chip->settled_ns)
        chip->measured_mc = chip->temp_mc;
}

static void thermometer_init(void *state, const struct sim_model *model, uint16_t number)
{
    (void)number;
    struct thermometer *chip = state;
    chip->variant = (enum variant)model->variant;
    chip->configuration = kinds[chip->variant].delivered;
    chip->temp_mc = 22000;
}

static void thermometer_power_on(void *state, uint64_t now_ns)
{
    struct thermometer *chip = state;
    chip->configuration = kinds[chip->variant].delivered;
    chip->measured_mc = 0;
    chip->settled_ns = now_ns + SETTLE_NS;
}

static void thermometer_set(void *state, enum quantity quantity, int32_t value, uint64_t now_ns)
{
    (void)quantity;
    struct thermometer *chip = state;
    measure(chip, now_ns);
    chip->temp_mc = value;
}

static void thermometer_stick(void *state, bool stuck, uint64_t now_ns)
{
    struct thermometer *chip = state;
    measure(chip, now_ns);
    chip->stuck = stuck;
}

// Steps of the chip, rounded down, within what its register holds.
static int32_t steps(const struct thermometer *chip, int32_t step_mc_times_2, int32_t limit)
{
    int64_t twice = (int64_t)chip->measured_mc * 2;
    int64_t n = twice / step_mc_times_2 - (twice % step_mc_times_2 < 0);
    return (int32_t)(n < -limit ? -limit : n >= limit ? limit - 1 : n);
}

static uint16_t temperature_word(const struct thermometer *chip)
{
    int32_t sixteenths = steps(chip, 125, 4096);
    switch (chip->variant) {
    case VARIANT_LM75:
        return (uint16_t)(steps(chip, 1000, 256) * 128);
    case VARIANT_TMP102:
        return (uint16_t)(steps(chip, 125, 2048) * 16);
    case VARIANT_MCP9808: // above no limit, since all are at 0: flags of its comparator
        return (uint16_t)((sixteenths & 0x1fff) | (sixteenths >= 0 ? 0xc000 : 0x2000));
    }
    return 0;
}

static uint16_t register_word(const struct thermometer *chip)
{
    const struct kind *kind = &kinds[chip->variant];
    if (chip->number == kind->temperature)
        return temperature_word(chip);
    if (chip->number == kind->configuration)
        return (uint16_t)(chip->configuration << (kind->configuration_bytes == 1 ? 8 : 0));
    if (chip->variant == VARIANT_MCP9808 && chip->number == 0x06)
        return 0x0054;
    return chip->variant == VARIANT_MCP9808 && chip->number == 0x07 ? 0x0400 : 0;
}

static int thermometer_write(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
    struct thermometer *chip = state;
    const struct kind *kind = &kinds[chip->variant];
    measure(chip, now_ns);
    if (length == 0)
        return 0;
    chip->number = bytes[0];
    if (length != 1 + kind->configuration_bytes || chip->number != kind->configuration)
        return 0;
    bool slept = (chip->configuration & kind->asleep) != 0;
    chip->configuration = (uint16_t)(length == 2 ? bytes[1] : bytes[1] << 8 | bytes[2]);
    if (slept)
        chip->settled_ns = now_ns + SETTLE_NS;
    return 0;
}

static int thermometer_read(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    struct thermometer *chip = state;
    measure(chip, now_ns);
    uint16_t word = register_word(chip);
    for (size_t i = 0; i < length; i++)
        ret_bytes[i] = i == 0 ? (uint8_t)(word >> 8) : i == 1 ? (uint8_t)word : 0xff;
    return 0;
}

#define THERMOMETER                                                                                          \
    .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE), .plain = true, .init = thermometer_init,               \
    .power_on = thermometer_power_on, .write = thermometer_write, .read = thermometer_read,                  \
    .set = thermometer_set, .stick = thermometer_stick

const struct sim_model sim_lm75 = { .driver = "lm75", .variant = VARIANT_LM75, THERMOMETER };
const struct sim_model sim_tmp102 = { .driver = "tmp102", .variant = VARIANT_TMP102, THERMOMETER };
const struct sim_model sim_mcp9808 = { .driver = "mcp9808", .variant = VARIANT_MCP9808, THERMOMETER };
