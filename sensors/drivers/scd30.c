// Sensirion SCD30: CO2, temperature, humidity. Interface description v1.0 (May 2020).
//
// A command is written, and after at least 3 ms the answer is read: two transfers, never a repeated start.
// The chip stretches the clock, for up to 150 ms once a day, which not every controller of I2C bears: on a
// Raspberry Pi before the fifth give it a bus of its own made of two GPIO lines (i2c-gpio).
//
// Its settings are kept without power and can be read, so each is read first, written only where it differs,
// and read again. It measures every 2 s; we fetch the newest value once a period.
#include "sensors/drivers/drivers.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define INTERVAL_S    2
#define INTERVAL_NS   (INTERVAL_S * NS_PER_S)
#define PATIENCE      3 // intervals without a value before that is a fault
#define RECHECK_NS    (250 * NS_PER_MS)
#define TRANSFER_MS   5 // step() is told the time before the transfer; this is for the transfer itself
#define ANSWER_MS     3
#define QUICK_RETRIES 3
#define SETTLED_NS    (180 * NS_PER_S) // what it must have measured before it can be calibrated
#define REFERENCE_MIN 400
#define REFERENCE_MAX 2000

// In the order in which they are sent, a setting being skipped where it is right. The last two of the start
// are for ever; the reference's only come by calibrate().
enum phase {
    PHASE_PROBE, // the firmware's version: is it there?
    PHASE_GET_INTERVAL,
    PHASE_SET_INTERVAL,
    PHASE_GET_SELF_CALIBRATION,
    PHASE_SET_SELF_CALIBRATION,
    PHASE_GET_ALTITUDE,
    PHASE_SET_ALTITUDE,
    PHASE_START,
    PHASE_READY,
    PHASE_VALUE,
    PHASE_SET_REFERENCE,
    PHASE_GET_REFERENCE,
    PHASE_COUNT
};

static const struct command {
    uint16_t code;
    bool argument;
    uint8_t words; // of the answer
} commands[] = {
    [PHASE_PROBE] = { .code = 0xd100, .words = 1 },
    [PHASE_GET_INTERVAL] = { .code = 0x4600, .words = 1 },
    [PHASE_SET_INTERVAL] = { .code = 0x4600, .argument = true },
    [PHASE_GET_SELF_CALIBRATION] = { .code = 0x5306, .words = 1 },
    [PHASE_SET_SELF_CALIBRATION] = { .code = 0x5306, .argument = true },
    [PHASE_GET_ALTITUDE] = { .code = 0x5102, .words = 1 },
    [PHASE_SET_ALTITUDE] = { .code = 0x5102, .argument = true },
    [PHASE_START] = { .code = 0x0010, .argument = true },
    [PHASE_READY] = { .code = 0x0202, .words = 1 },
    [PHASE_VALUE] = { .code = 0x0300, .words = 6 },
    [PHASE_SET_REFERENCE] = { .code = 0x5204, .argument = true },
    [PHASE_GET_REFERENCE] = { .code = 0x5204, .words = 1 },
};
_Static_assert(sizeof(commands) / sizeof(commands[0]) == PHASE_COUNT, "a phase without a command");

struct scd30 {
    enum phase phase;
    bool asked;   // the phase's command has been sent, its answer is to be read
    bool written; // the setting of this phase was wrong and has been written
    uint8_t address;
    uint16_t self_calibration, altitude_m, reference_ppm;
    int32_t co2_ppm; // as last read
    uint64_t every_ns;
    uint64_t started_ns;       // the chip has measured since
    uint64_t waiting_since_ns; // a value can be expected one interval later
    unsigned failures;         // polls failed in a row
};
_Static_assert(sizeof(struct scd30) <= DRIVER_STATE_MAX, "state too big");

static void init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct scd30 *)state = (struct scd30){
        .phase = PHASE_PROBE,
        .address = config->address,
        .self_calibration = config->self_calibration ? 1 : 0,
        .altitude_m = (uint16_t)config->altitude_m,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

// The word that is written in a phase, or that it must answer.
static uint16_t setting(const struct scd30 *chip)
{
    switch (chip->phase) {
    case PHASE_GET_INTERVAL:
    case PHASE_SET_INTERVAL:
        return INTERVAL_S;
    case PHASE_GET_SELF_CALIBRATION:
    case PHASE_SET_SELF_CALIBRATION:
        return chip->self_calibration;
    case PHASE_GET_ALTITUDE:
    case PHASE_SET_ALTITUDE:
        return chip->altitude_m;
    case PHASE_SET_REFERENCE:
    case PHASE_GET_REFERENCE:
        return chip->reference_ppm;
    case PHASE_START: // 0: no pressure is given, so that the altitude holds
    case PHASE_PROBE:
    case PHASE_READY:
    case PHASE_VALUE:
    case PHASE_COUNT:
        break;
    }
    return 0;
}

static int take_setting(struct scd30 *chip, uint16_t word)
{
    if (word == setting(chip)) {
        chip->written = false;
        chip->phase = (enum phase)(chip->phase + 2);
        return 0;
    }
    if (chip->written)
        return -EIO;
    chip->phase = (enum phase)(chip->phase + 1);
    return 0;
}

static int take_ready(struct scd30 *chip, uint16_t word, uint64_t now_ns, struct driver_result *result)
{
    if (word == 1) {
        chip->phase = PHASE_VALUE;
        return 0;
    }
    if (now_ns - chip->waiting_since_ns > PATIENCE * INTERVAL_NS)
        return -ENODATA;
    result->next_ns = now_ns + RECHECK_NS;
    return 0;
}

static int take_value(struct scd30 *chip, const uint16_t *words, uint64_t now_ns,
                      struct driver_result *result)
{
    int32_t co2_ppm = 0, temp_mc = 0, rh_mpct = 0;
    int r = sensirion_float(&words[0], 1, &co2_ppm);
    if (r == 0)
        r = sensirion_float(&words[2], 1000, &temp_mc);
    if (r == 0)
        r = sensirion_float(&words[4], 1000, &rh_mpct);
    if (r == 0)
        r = driver_add(result, QUANTITY_CO2, co2_ppm); // 0 before its first measurement
    if (r == 0)
        r = driver_add(result, QUANTITY_TEMPERATURE, temp_mc);
    if (r == 0)
        r = driver_add(result, QUANTITY_HUMIDITY, rh_mpct);
    if (r < 0)
        return r;
    chip->co2_ppm = co2_ppm;
    chip->failures = 0;
    chip->phase = PHASE_READY;
    result->next_ns = now_ns + chip->every_ns;
    chip->waiting_since_ns = result->next_ns - INTERVAL_NS;
    return 0;
}

// The reference is never a reading, so it is added without a look at what a room can have.
static int take_reference(struct scd30 *chip, uint16_t word, uint64_t now_ns, struct driver_result *result)
{
    if (word != chip->reference_ppm)
        return -ECANCELED;
    int32_t change_ppm = chip->reference_ppm - chip->co2_ppm;
    result->readings[result->n++] = (struct driver_reading){ QUANTITY_CO2, change_ppm };
    chip->phase = PHASE_READY;
    chip->waiting_since_ns = now_ns;
    return 0;
}

// What the answer of a phase means. Moves on by setting phase and, where it is not at once, next_ns.
static int judge(struct scd30 *chip, const uint16_t *words, uint64_t now_ns, struct driver_result *result)
{
    switch (chip->phase) {
    case PHASE_PROBE:
        chip->phase = PHASE_GET_INTERVAL;
        return 0;
    case PHASE_GET_INTERVAL:
    case PHASE_GET_SELF_CALIBRATION:
    case PHASE_GET_ALTITUDE:
        return take_setting(chip, words[0]);
    case PHASE_READY:
        return take_ready(chip, words[0], now_ns, result);
    case PHASE_VALUE:
        return take_value(chip, words, now_ns, result);
    case PHASE_GET_REFERENCE:
        return take_reference(chip, words[0], now_ns, result);
    case PHASE_SET_INTERVAL:
    case PHASE_SET_SELF_CALIBRATION:
    case PHASE_SET_ALTITUDE:
    case PHASE_START:
    case PHASE_SET_REFERENCE:
    case PHASE_COUNT: // these answer nothing
        break;
    }
    return -EIO;
}

// A command without an answer has been sent. A setting is read again; the start is what it comes to.
static void sent(struct scd30 *chip, uint64_t now_ns)
{
    if (chip->phase == PHASE_START) {
        chip->started_ns = chip->waiting_since_ns = now_ns;
        chip->phase = PHASE_READY;
    } else if (chip->phase == PHASE_SET_REFERENCE) {
        chip->phase = PHASE_GET_REFERENCE;
    } else {
        chip->written = true;
        chip->phase = (enum phase)(chip->phase - 1);
    }
}

static int ask(struct scd30 *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    const struct command *command = &commands[chip->phase];
    uint16_t word = setting(chip);
    int r = sensirion_send(bus, chip->address, command->code, &word, command->argument ? 1 : 0);
    if (r < 0)
        return r;
    result->next_ns = now_ns + (ANSWER_MS + TRANSFER_MS) * NS_PER_MS;
    if (command->words != 0)
        chip->asked = true;
    else
        sent(chip, now_ns);
    return 0;
}

static int answer(struct scd30 *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    uint16_t words[6];
    chip->asked = false;
    int r = sensirion_receive(bus, chip->address, words, commands[chip->phase].words);
    if (r < 0)
        return r;
    result->next_ns = now_ns;
    return judge(chip, words, now_ns, result);
}

// A failed poll ends here: tried again soon while the chip keeps measuring; started over where it was not
// running yet, fails again and again, or has no values.
static void start_over(struct scd30 *chip, int error, uint64_t now_ns, struct driver_result *result)
{
    chip->failures++;
    if (chip->phase == PHASE_VALUE)
        chip->waiting_since_ns = now_ns; // the value is gone, whatever came of it
    bool measures = chip->phase >= PHASE_READY;
    bool running = measures && error != -ENODATA && chip->failures % QUICK_RETRIES != 0;
    chip->phase = running ? PHASE_READY : PHASE_PROBE;
    chip->asked = false;
    chip->written = false;
    result->n = 0;
    result->next_ns = now_ns + driver_retry_ns(chip->failures, chip->every_ns);
}

static int go_on(struct scd30 *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    result->n = 0;
    int r = chip->asked ? answer(chip, bus, now_ns, result) : ask(chip, bus, now_ns, result);
    if (r < 0)
        start_over(chip, r, now_ns, result);
    return r;
}

static bool calibrating(const struct scd30 *chip)
{
    return chip->phase == PHASE_SET_REFERENCE || chip->phase == PHASE_GET_REFERENCE;
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct scd30 *chip = state;
    if (calibrating(chip)) { // given up by the caller
        chip->phase = PHASE_READY;
        chip->asked = false;
    }
    return go_on(chip, bus, now_ns, ret_result);
}

static int calibrate(void *state, struct i2c_bus *bus, int32_t reference, uint64_t now_ns,
                     struct driver_result *ret_result)
{
    struct scd30 *chip = state;
    if (!calibrating(chip)) {
        ret_result->n = 0;
        ret_result->next_ns = now_ns;
        if (reference < REFERENCE_MIN || reference > REFERENCE_MAX)
            return -EINVAL;
        if (chip->phase < PHASE_READY || chip->failures != 0 || now_ns - chip->started_ns < SETTLED_NS)
            return -EBUSY;
        chip->reference_ppm = (uint16_t)reference;
        chip->phase = PHASE_SET_REFERENCE;
        chip->asked = false;
    }
    return go_on(chip, bus, now_ns, ret_result);
}

const struct driver scd30_driver = {
    .info = {
        .name = "scd30",
        .what = "Sensirion SCD30, CO2 400 to 10000 ppm, temperature, humidity",
        .bus = PART_I2C,
        .address = 0x61,
        .addresses = { 0x61 },
        .quantities = QUANTITY_BIT(QUANTITY_CO2) | QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),
        .fastest_ms = 2000,
    },
    .state_size = sizeof(struct scd30),
    .init = init,
    .step = step,
    .calibrate = calibrate,
    .edge = NULL,
    .settle = NULL,
};
