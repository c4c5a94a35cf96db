// Sensirion SCD40 and SCD41: CO2 by photoacoustics, temperature, humidity. Data sheet v1.3 (September 2022).
//
// A command is written, the chip is left alone for its execution time, then the answer is read: two
// transfers, never a repeated start, which the chip does not acknowledge. It measures by itself every 5 s; we
// ask whether a value is ready and fetch it. The chip may be measuring from an earlier run of ours, and
// refuses all settings then, so every start begins with a stop.
//
// Self-calibration takes the lowest value of a week for fresh air. A room that is never aired teaches it a
// baseline that makes real CO2 read low, so it is set from the configuration at every start, never left as
// found, and read back, because the chip discards a damaged write without a word. So is the altitude. Neither
// is persisted: the chip's EEPROM endures 2000 writes.
#include "sensors/drivers/drivers.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define INTERVAL_NS   (5 * NS_PER_S) // between two measurements of the chip
#define PATIENCE      3              // intervals without a value before that is a fault
#define RECHECK_NS    (500 * NS_PER_MS)
#define TRANSFER_MS   5 // step() is told the time before the transfer; this is for the transfer itself
#define QUICK_RETRIES 3 // failures that are retried soon; after so many in a row the chip is started over
#define RETRY_NS      NS_PER_S

// In the order in which they are sent; the last two for ever.
enum phase {
    PHASE_STOP,
    PHASE_PROBE, // the serial number: is it there, and has it stopped?
    PHASE_SET_CALIBRATION,
    PHASE_GET_CALIBRATION,
    PHASE_SET_ALTITUDE,
    PHASE_GET_ALTITUDE,
    PHASE_START,
    PHASE_READY,
    PHASE_VALUE,
    PHASE_COUNT
};

static const struct command {
    uint16_t code;
    bool argument;  // one word is written with it
    uint8_t words;  // of the answer
    uint16_t waits; // milliseconds from the command to the answer, or to the next command
} commands[] = {
    [PHASE_STOP] = { .code = 0x3f86, .waits = 500 },
    [PHASE_PROBE] = { .code = 0x3682, .words = 3, .waits = 1 },
    [PHASE_SET_CALIBRATION] = { .code = 0x2416, .argument = true, .waits = 1 },
    [PHASE_GET_CALIBRATION] = { .code = 0x2313, .words = 1, .waits = 1 },
    [PHASE_SET_ALTITUDE] = { .code = 0x2427, .argument = true, .waits = 1 },
    [PHASE_GET_ALTITUDE] = { .code = 0x2322, .words = 1, .waits = 1 },
    [PHASE_START] = { .code = 0x21b1, .waits = 5000 },
    [PHASE_READY] = { .code = 0xe4b8, .words = 1, .waits = 1 },
    [PHASE_VALUE] = { .code = 0xec05, .words = 3, .waits = 1 },
};
_Static_assert(sizeof(commands) / sizeof(commands[0]) == PHASE_COUNT, "a phase without a command");

struct scd4x {
    enum phase phase;
    bool asked; // the phase's command has been sent, its answer is to be read
    uint8_t address;
    uint16_t calibration, altitude_m;
    uint64_t every_ns;
    uint64_t waiting_since_ns; // a value can be expected one interval later
    unsigned failures;         // polls failed in a row
};
_Static_assert(sizeof(struct scd4x) <= DRIVER_STATE_MAX, "state too big");

static void init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct scd4x *)state = (struct scd4x){
        .phase = PHASE_STOP,
        .address = config->address,
        .calibration = config->self_calibration ? 1 : 0,
        .altitude_m = (uint16_t)config->altitude_m,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

// The word that a setting must have.
static uint16_t setting(const struct scd4x *chip)
{
    bool calibration = chip->phase == PHASE_SET_CALIBRATION || chip->phase == PHASE_GET_CALIBRATION;
    return calibration ? chip->calibration : chip->altitude_m;
}

static int send_command(const struct scd4x *chip, struct i2c_bus *bus)
{
    const struct command *command = &commands[chip->phase];
    uint8_t bytes[5] = { (uint8_t)(command->code >> 8), (uint8_t)command->code };
    if (!command->argument)
        return i2c_write(bus, chip->address, bytes, 2);
    uint16_t word = setting(chip);
    bytes[2] = (uint8_t)(word >> 8);
    bytes[3] = (uint8_t)word;
    bytes[4] = sensirion_crc(&bytes[2], 2);
    return i2c_write(bus, chip->address, bytes, sizeof(bytes));
}

static int take_value(struct scd4x *chip, const uint16_t *words, uint64_t now_ns,
                      struct driver_result *result)
{
    int32_t temp_mc = ((21875 * (int32_t)words[1]) >> 13) - 45000;
    int32_t rh_mpct = (12500 * (int32_t)words[2]) >> 13;
    // The chip says 0 ppm before its first measurement and after one of humidity alone: below what any room
    // can have.
    int r = driver_add(result, QUANTITY_CO2, words[0]);
    if (r == 0)
        r = driver_add(result, QUANTITY_TEMPERATURE, temp_mc);
    if (r == 0)
        r = driver_add(result, QUANTITY_HUMIDITY, rh_mpct);
    if (r < 0)
        return r;
    chip->failures = 0;
    chip->phase = PHASE_READY;
    result->next_ns = now_ns + chip->every_ns;
    chip->waiting_since_ns = result->next_ns - INTERVAL_NS;
    return 0;
}

static int take_ready(struct scd4x *chip, uint16_t word, uint64_t now_ns, struct driver_result *result)
{
    if ((word & 0x07ff) != 0) {
        chip->phase = PHASE_VALUE;
        return 0;
    }
    // Started over already: one interval and a half is enough to see that it did not help.
    uint64_t patience_ns = chip->failures == 0 ? PATIENCE * INTERVAL_NS : 3 * INTERVAL_NS / 2;
    if (now_ns - chip->waiting_since_ns > patience_ns)
        return -ENODATA;
    result->next_ns = now_ns + RECHECK_NS;
    return 0;
}

// What the answer of a phase means. Moves on by setting phase and, where it is not at once, next_ns.
static int judge(struct scd4x *chip, const uint16_t *words, uint64_t now_ns, struct driver_result *result)
{
    switch (chip->phase) {
    case PHASE_PROBE:
        chip->phase = PHASE_SET_CALIBRATION;
        return 0;
    case PHASE_GET_CALIBRATION:
    case PHASE_GET_ALTITUDE:
        if (words[0] != setting(chip))
            return -EIO;
        chip->phase = (enum phase)(chip->phase + 1);
        return 0;
    case PHASE_READY:
        return take_ready(chip, words[0], now_ns, result);
    case PHASE_VALUE:
        return take_value(chip, words, now_ns, result);
    case PHASE_STOP:
    case PHASE_SET_CALIBRATION:
    case PHASE_SET_ALTITUDE:
    case PHASE_START:
    case PHASE_COUNT: // these answer nothing
        break;
    }
    return -EIO;
}

static int ask(struct scd4x *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    const struct command *command = &commands[chip->phase];
    int r = send_command(chip, bus);
    // A chip that is busy may not acknowledge the stop; the probe finds out whether one is there at all.
    if (r == -EREMOTEIO && chip->phase == PHASE_STOP)
        r = 0;
    if (r < 0)
        return r;
    result->next_ns = now_ns + (command->waits + TRANSFER_MS) * NS_PER_MS;
    if (command->words != 0) {
        chip->asked = true;
        return 0;
    }
    if (chip->phase == PHASE_START)
        chip->waiting_since_ns = now_ns;
    chip->phase = (enum phase)(chip->phase + 1);
    return 0;
}

static int answer(struct scd4x *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    uint8_t bytes[9];
    uint16_t words[3];
    size_t n = commands[chip->phase].words;
    chip->asked = false;
    int r = i2c_read(bus, chip->address, bytes, 3 * n);
    if (r == 0)
        r = sensirion_words(bytes, n, words);
    if (r < 0)
        return r;
    result->next_ns = now_ns;
    return judge(chip, words, now_ns, result);
}

// A failed poll ends here. Damaged or missed once, the next try is soon, while the chip keeps measuring. It
// is started over where it was not running yet, fails again and again, or has no values: then it has lost its
// power and sits idle.
static void start_over(struct scd4x *chip, int error, uint64_t now_ns, struct driver_result *result)
{
    chip->failures++;
    bool running = chip->phase >= PHASE_READY && error != -ENODATA && chip->failures % QUICK_RETRIES != 0;
    chip->phase = running ? PHASE_READY : PHASE_STOP;
    chip->asked = false;
    result->n = 0;
    result->next_ns = now_ns + (chip->failures <= QUICK_RETRIES ? RETRY_NS : INTERVAL_NS);
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct scd4x *chip = state;
    ret_result->n = 0;
    int r = chip->asked ? answer(chip, bus, now_ns, ret_result) : ask(chip, bus, now_ns, ret_result);
    if (r < 0)
        start_over(chip, r, now_ns, ret_result);
    return r;
}

const struct driver scd40_driver = {
    .info = {
        .name = "scd40",
        .what = "Sensirion SCD40, CO2 400 to 2000 ppm, temperature, humidity",
        .bus = PART_I2C,
        .address = 0x62,
        .addresses = { 0x62 },
        .quantities = QUANTITY_BIT(QUANTITY_CO2) | QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),
        .fastest_ms = 5000,
    },
    .state_size = sizeof(struct scd4x),
    .init = init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};

const struct driver scd41_driver = {
    .info = {
        .name = "scd41",
        .what = "Sensirion SCD41, CO2 400 to 5000 ppm, temperature, humidity",
        .bus = PART_I2C,
        .address = 0x62,
        .addresses = { 0x62 },
        .quantities = QUANTITY_BIT(QUANTITY_CO2) | QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),
        .fastest_ms = 5000,
    },
    .state_size = sizeof(struct scd4x),
    .init = init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};
