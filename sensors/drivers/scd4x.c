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
// is persisted: the chip's EEPROM endures 2000 writes. In its place the chip can be told, now and then, what
// the CO2 really is; that it keeps by itself.
#include "sensors/drivers/drivers.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define INTERVAL_NS   (5 * NS_PER_S) // between two measurements of the chip
#define PATIENCE      3              // intervals without a value before that is a fault
#define RECHECK_NS    (500 * NS_PER_MS)
#define TRANSFER_MS   5 // step() is told the time before the transfer; this is for the transfer itself
#define QUICK_RETRIES 3 // failures that are retried soon; after so many in a row the chip is started over
#define RETRY_NS      NS_PER_S
#define SETTLED_NS    (180 * NS_PER_S) // what it must have measured before it can be calibrated
#define REFERENCE_MIN 400
#define REFERENCE_MAX 2000
#define UNCHANGED     0x8000 // the answer to a calibration that corrected nothing
#define REFUSED       0xffff

// In the order in which they are sent; the last two of the start for ever. The self-test only where it is
// asked for, and not again once it was passed; calibration only by calibrate().
enum phase {
    PHASE_STOP,
    PHASE_PROBE, // the serial number: is it there, and has it stopped?
    PHASE_SELF_TEST,
    PHASE_SET_CALIBRATION,
    PHASE_GET_CALIBRATION,
    PHASE_SET_ALTITUDE,
    PHASE_GET_ALTITUDE,
    PHASE_START,
    PHASE_READY,
    PHASE_VALUE,
    PHASE_STOP_TO_CALIBRATE,
    PHASE_CALIBRATE,
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
    [PHASE_SELF_TEST] = { .code = 0x3639, .words = 1, .waits = 10000 },
    [PHASE_SET_CALIBRATION] = { .code = 0x2416, .argument = true, .waits = 1 },
    [PHASE_GET_CALIBRATION] = { .code = 0x2313, .words = 1, .waits = 1 },
    [PHASE_SET_ALTITUDE] = { .code = 0x2427, .argument = true, .waits = 1 },
    [PHASE_GET_ALTITUDE] = { .code = 0x2322, .words = 1, .waits = 1 },
    [PHASE_START] = { .code = 0x21b1, .waits = 5000 },
    [PHASE_READY] = { .code = 0xe4b8, .words = 1, .waits = 1 },
    [PHASE_VALUE] = { .code = 0xec05, .words = 3, .waits = 1 },
    [PHASE_STOP_TO_CALIBRATE] = { .code = 0x3f86, .waits = 500 },
    [PHASE_CALIBRATE] = { .code = 0x362f, .argument = true, .words = 1, .waits = 400 },
};
_Static_assert(sizeof(commands) / sizeof(commands[0]) == PHASE_COUNT, "a phase without a command");

struct scd4x {
    enum phase phase;
    bool asked; // the phase's command has been sent, its answer is to be read
    uint8_t address;
    bool to_be_tested;
    uint16_t calibration, altitude_m, reference_ppm;
    uint64_t every_ns;
    uint64_t started_ns;       // the chip has measured since
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
        .to_be_tested = config->self_test,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

// The word that a command takes with it, or that a setting must have.
static uint16_t setting(const struct scd4x *chip)
{
    if (chip->phase == PHASE_CALIBRATE)
        return chip->reference_ppm;
    bool calibration = chip->phase == PHASE_SET_CALIBRATION || chip->phase == PHASE_GET_CALIBRATION;
    return calibration ? chip->calibration : chip->altitude_m;
}

static int send_command(const struct scd4x *chip, struct i2c_bus *bus)
{
    const struct command *command = &commands[chip->phase];
    uint16_t word = setting(chip);
    return sensirion_send(bus, chip->address, command->code, &word, command->argument ? 1 : 0);
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

static int take_self_test(struct scd4x *chip, uint16_t word)
{
    if (word != 0)
        return -ENOTRECOVERABLE;
    chip->to_be_tested = false;
    chip->phase = PHASE_SET_CALIBRATION;
    return 0;
}

// Whatever came of it, the chip must be started again. A change is no reading: it is not looked at whether a
// room can have it.
static int take_calibration(struct scd4x *chip, uint16_t word, struct driver_result *result)
{
    chip->phase = PHASE_STOP;
    if (word == REFUSED)
        return -ECANCELED;
    result->readings[result->n++] = (struct driver_reading){ QUANTITY_CO2, word - UNCHANGED };
    return 0;
}

// What the answer of a phase means. Moves on by setting phase and, where it is not at once, next_ns.
static int judge(struct scd4x *chip, const uint16_t *words, uint64_t now_ns, struct driver_result *result)
{
    switch (chip->phase) {
    case PHASE_PROBE:
        chip->phase = chip->to_be_tested ? PHASE_SELF_TEST : PHASE_SET_CALIBRATION;
        return 0;
    case PHASE_SELF_TEST:
        return take_self_test(chip, words[0]);
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
    case PHASE_CALIBRATE:
        return take_calibration(chip, words[0], result);
    case PHASE_STOP:
    case PHASE_STOP_TO_CALIBRATE:
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
        chip->started_ns = chip->waiting_since_ns = now_ns;
    chip->phase = (enum phase)(chip->phase + 1);
    return 0;
}

static int answer(struct scd4x *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    uint16_t words[3];
    chip->asked = false;
    int r = sensirion_receive(bus, chip->address, words, commands[chip->phase].words);
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
    if (chip->phase == PHASE_VALUE)
        chip->waiting_since_ns = now_ns; // the value is gone, whatever came of it
    bool measures = chip->phase == PHASE_READY || chip->phase == PHASE_VALUE;
    bool running = measures && error != -ENODATA && chip->failures % QUICK_RETRIES != 0;
    chip->phase = running ? PHASE_READY : PHASE_STOP;
    chip->asked = false;
    result->n = 0;
    result->next_ns = now_ns + (chip->failures <= QUICK_RETRIES ? RETRY_NS : INTERVAL_NS);
}

static int go_on(struct scd4x *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    result->n = 0;
    int r = chip->asked ? answer(chip, bus, now_ns, result) : ask(chip, bus, now_ns, result);
    if (r < 0)
        start_over(chip, r, now_ns, result);
    return r;
}

static bool calibrating(const struct scd4x *chip)
{
    return chip->phase == PHASE_STOP_TO_CALIBRATE || chip->phase == PHASE_CALIBRATE;
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct scd4x *chip = state;
    if (calibrating(chip)) { // given up by the caller
        chip->phase = PHASE_STOP;
        chip->asked = false;
    }
    return go_on(chip, bus, now_ns, ret_result);
}

static int calibrate(void *state, struct i2c_bus *bus, int32_t reference, uint64_t now_ns,
                     struct driver_result *ret_result)
{
    struct scd4x *chip = state;
    if (!calibrating(chip)) {
        bool measures = chip->phase == PHASE_READY || chip->phase == PHASE_VALUE;
        ret_result->n = 0;
        ret_result->next_ns = now_ns;
        if (reference < REFERENCE_MIN || reference > REFERENCE_MAX)
            return -EINVAL;
        if (!measures || chip->failures != 0 || now_ns - chip->started_ns < SETTLED_NS)
            return -EBUSY;
        chip->reference_ppm = (uint16_t)reference;
        chip->phase = PHASE_STOP_TO_CALIBRATE;
        chip->asked = false;
    }
    return go_on(chip, bus, now_ns, ret_result);
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
        .self_test = true,
    },
    .state_size = sizeof(struct scd4x),
    .init = init,
    .step = step,
    .calibrate = calibrate,
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
        .self_test = true,
    },
    .state_size = sizeof(struct scd4x),
    .init = init,
    .step = step,
    .calibrate = calibrate,
    .edge = NULL,
    .settle = NULL,
};
