// Microchip MCP9808: temperature to a quarter of a degree.
//
// It measures by itself, four times a second. No checksum, but it says who made it and what it is. The upper
// three bits of a temperature are those of its comparator and no part of the number.
#include "sensors/drivers/drivers.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define CONFIGURATION      0x01
#define TEMPERATURE        0x05
#define MANUFACTURER       0x06
#define DEVICE             0x07
#define MANUFACTURER_IS    0x0054
#define DEVICE_MASK        0xff00 // the rest is the revision
#define DEVICE_IS          0x0400
#define AWAKE              0x0000
#define ASLEEP             0x0100
#define CONFIGURATION_BITS 0x07ff            // the others always read 0
#define SETTLE_NS          (300 * NS_PER_MS) // to the end of a first measurement

enum phase { PHASE_IDENTIFY, PHASE_WAKE, PHASE_MEASURE };

struct mcp9808 {
    enum phase phase;
    uint8_t address;
    uint64_t every_ns;
    unsigned failures; // polls failed in a row
};
_Static_assert(sizeof(struct mcp9808) <= DRIVER_STATE_MAX, "state too big");

static void init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct mcp9808 *)state = (struct mcp9808){
        .phase = PHASE_IDENTIFY,
        .address = config->address,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

static int identify(struct mcp9808 *chip, struct i2c_bus *bus)
{
    uint16_t manufacturer, device;
    int r = register_read_word(bus, chip->address, MANUFACTURER, &manufacturer);
    if (r == 0)
        r = register_read_word(bus, chip->address, DEVICE, &device);
    if (r < 0)
        return r;
    return manufacturer == MANUFACTURER_IS && (device & DEVICE_MASK) == DEVICE_IS ? 0 : -EPROTOTYPE;
}

static bool is_well(uint16_t configuration)
{
    return (configuration & (ASLEEP | (uint16_t)~CONFIGURATION_BITS)) == 0;
}

// Nothing of what was read is written back: it may have come damaged, and some of its bits can be set only
// once.
static int wake(struct mcp9808 *chip, struct i2c_bus *bus)
{
    uint16_t word;
    int r = register_read_word(bus, chip->address, CONFIGURATION, &word);
    if (r < 0 || is_well(word))
        return r;
    return register_write_word(bus, chip->address, CONFIGURATION, AWAKE);
}

static int measure(struct mcp9808 *chip, struct i2c_bus *bus, struct driver_result *result)
{
    uint16_t configuration, word;
    int r = register_read_word(bus, chip->address, CONFIGURATION, &configuration);
    if (r == 0 && !is_well(configuration))
        r = -EIO; // it did not wake, or somebody has put it to sleep: its last value is old
    if (r == 0)
        r = register_read_word(bus, chip->address, TEMPERATURE, &word);
    if (r < 0)
        return r;
    int32_t sixteenths = (word & 0x0fff) - ((word & 0x1000) != 0 ? 0x1000 : 0);
    return driver_add(result, QUANTITY_TEMPERATURE, sixteenths * 125 / 2);
}

static int go_on(struct mcp9808 *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    int r = 0;
    result->next_ns = now_ns;
    switch (chip->phase) {
    case PHASE_IDENTIFY:
        r = identify(chip, bus);
        chip->phase = PHASE_WAKE;
        break;
    case PHASE_WAKE:
        r = wake(chip, bus);
        chip->phase = PHASE_MEASURE;
        result->next_ns = now_ns + SETTLE_NS;
        break;
    case PHASE_MEASURE:
        r = measure(chip, bus, result);
        result->next_ns = now_ns + chip->every_ns;
        chip->failures = r < 0 ? chip->failures : 0;
        break;
    }
    return r;
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct mcp9808 *chip = state;
    ret_result->n = 0;
    int r = go_on(chip, bus, now_ns, ret_result);
    if (r < 0) {
        chip->phase = PHASE_IDENTIFY;
        chip->failures++;
        ret_result->n = 0;
        ret_result->next_ns = now_ns + driver_retry_ns(chip->failures, chip->every_ns);
    }
    return r;
}

const struct driver mcp9808_driver = {
    .info = {
        .name = "mcp9808",
        .what = "Microchip MCP9808, temperature",
        .bus = PART_I2C,
        .address = 0x18,
        .addresses = { 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f },
        .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE),
        .fastest_ms = 1000,
    },
    .state_size = sizeof(struct mcp9808),
    .init = init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};
