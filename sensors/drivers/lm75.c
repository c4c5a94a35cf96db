// Temperature by a register: LM75 and those made like it (LM75A, LM75B, TMP75, DS75), and TMP102.
//
// They measure by themselves. There is no checksum, and nothing says who they are, so what can be looked at
// is: the bits that are always so in the configuration and at the end of a temperature. A chip that has just
// come back has not measured yet, and says 0 degrees: after every failure it is given time first.
#include "sensors/drivers/drivers.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define TEMPERATURE   0x00
#define CONFIGURATION 0x01
#define SETTLE_NS     (300 * NS_PER_MS) // to the end of a first measurement

struct kind {
    size_t length;              // of the configuration, in bytes
    uint16_t always, always_is; // bits of the configuration that say which part this is
    uint16_t asleep;            // and those that must be 0
    uint16_t awake;             // what is written where they are not
    uint16_t spare;             // bits of a temperature that are always 0
};

// LM75: shutdown. 11 bits of a temperature at most; 9 in the oldest.
static const struct kind lm75 = { .length = 1, .asleep = 0x01, .spare = 0x001f };
// TMP102: the resolution's two bits always read 1; shutdown, and the extended mode of 13 bits. 12 bits.
static const struct kind tmp102 = {
    .length = 2, .always = 0x6000, .always_is = 0x6000, .asleep = 0x0110, .awake = 0x60a0, .spare = 0x000f
};

struct chip {
    const struct kind *kind;
    bool settled;
    uint8_t address;
    uint64_t every_ns;
    unsigned failures; // polls failed in a row
};
_Static_assert(sizeof(struct chip) <= DRIVER_STATE_MAX, "state too big");

static void init(struct chip *chip, const struct kind *kind, const struct config_sensor *config)
{
    *chip = (struct chip){
        .kind = kind,
        .address = config->address,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

static void lm75_init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    init(state, &lm75, config);
}

static void tmp102_init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    init(state, &tmp102, config);
}

static int read_configuration(const struct chip *chip, struct i2c_bus *bus, uint16_t *ret_word)
{
    uint8_t bytes[2];
    int r = register_read(bus, chip->address, CONFIGURATION, bytes, chip->kind->length);
    if (r < 0)
        return r;
    uint16_t word = (uint16_t)(chip->kind->length == 1 ? bytes[0] : bytes[0] << 8 | bytes[1]);
    if ((word & chip->kind->always) != chip->kind->always_is)
        return -EPROTOTYPE;
    *ret_word = word;
    return 0;
}

static int write_configuration(const struct chip *chip, struct i2c_bus *bus, uint16_t word)
{
    if (chip->kind->length == 2)
        return register_write_word(bus, chip->address, CONFIGURATION, word);
    const uint8_t bytes[] = { CONFIGURATION, (uint8_t)word };
    return i2c_write(bus, chip->address, bytes, sizeof(bytes));
}

// Woken where it sleeps, and given the time of a measurement. Nothing of what was read is written back: it
// may have come damaged.
static int settle(struct chip *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    uint16_t word;
    int r = read_configuration(chip, bus, &word);
    if (r == 0 && (word & chip->kind->asleep) != 0)
        r = write_configuration(chip, bus, chip->kind->awake);
    if (r < 0)
        return r;
    chip->settled = true;
    result->next_ns = now_ns + SETTLE_NS;
    return 0;
}

static int measure(struct chip *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    uint16_t configuration, word;
    int r = read_configuration(chip, bus, &configuration);
    if (r == 0 && (configuration & chip->kind->asleep) != 0)
        r = -EIO; // it did not wake, or somebody has put it to sleep: its last value is old
    if (r == 0)
        r = register_read_word(bus, chip->address, TEMPERATURE, &word);
    if (r == 0 && (word & chip->kind->spare) != 0)
        r = -EIO;
    if (r == 0) // whole sixteenths of a degree; a half of a thousandth is dropped
        r = driver_add(result, QUANTITY_TEMPERATURE, (int16_t)word / 16 * 125 / 2);
    if (r < 0)
        return r;
    chip->failures = 0;
    result->next_ns = now_ns + chip->every_ns;
    return 0;
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct chip *chip = state;
    ret_result->n = 0;
    int r = chip->settled ? measure(chip, bus, now_ns, ret_result) : settle(chip, bus, now_ns, ret_result);
    if (r < 0) {
        chip->settled = false;
        chip->failures++;
        ret_result->n = 0;
        ret_result->next_ns = now_ns + driver_retry_ns(chip->failures, chip->every_ns);
    }
    return r;
}

const struct driver lm75_driver = {
    .info = {
        .name = "lm75",
        .what = "LM75 and compatible, temperature",
        .bus = PART_I2C,
        .address = 0x48,
        .addresses = { 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f },
        .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE),
        .fastest_ms = 1000,
    },
    .state_size = sizeof(struct chip),
    .init = lm75_init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};

const struct driver tmp102_driver = {
    .info = {
        .name = "tmp102",
        .what = "Texas Instruments TMP102, temperature",
        .bus = PART_I2C,
        .address = 0x48,
        .addresses = { 0x48, 0x49, 0x4a, 0x4b },
        .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE),
        .fastest_ms = 1000,
    },
    .state_size = sizeof(struct chip),
    .init = tmp102_init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};
