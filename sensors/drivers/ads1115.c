// Texas Instruments ADS1115 as two parts: ads1115-loop, a detector's supervised loop, and ads1115-analog, one
// voltage.
//
// The loop. A resistor feeds the line from the supply; contacts of detectors, each with a resistor of its
// own, and one at the line's end lie in parallel. So the voltage, as a part of the supply's, tells alarm,
// rest, a cut and a short apart; the converter has no such reference, and the supply is measured on another
// channel each time. Between the bands of rest and alarm the line is damaged: water in a cable reads so.
// Several detectors in alarm come near a short, which is therefore an alarm unless the configuration says
// otherwise.
//
// Two samples in a row 20 ms apart make an alarm: one alone may be a spark. A failed poll is tried again
// after half a second, so that three of them, which are a trouble, take one second.
//
// Every conversion is one of its own, at the widest range, and the configuration is read back with its value:
// a chip that lost its supply has forgotten it.
//
// The chip's other channels may be parts of their own, whose steps come in between. So whoever uses the chip
// writes so into it: the comparator is off, and three bits of its configuration, which then mean nothing, say
// "taken" and by which channel. The others wait for their turn; one who waited for too long takes the chip
// from an owner who must have failed, and an owner who was overtaken begins again.
#include "sensors/drivers/drivers.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define CONVERSION    0x00
#define CONFIGURATION 0x01
#define ONE_SHOT      0x8183 // start; +-6.144 V; one conversion, 128 a second; no comparator
#define FIRST_CHANNEL 0x4000 // A0 against ground
#define CHANNEL_SHIFT 12
#define TAKEN         0x0004
#define OWNER_SHIFT   3
#define OWNER         0x0018           // its channel
#define OF_PARTS      0x701c           // what the configurations of the chip's parts differ in
#define DONE          0x8000           // as read
#define CONVERT_NS    (10 * NS_PER_MS) // 8.6 ms at most
#define TRIES         4                // looks at a conversion that is not done
#define TURN_NS       (5 * NS_PER_MS)  // to wait where another part has the chip
#define TURNS         40               // that are waited; a part has the chip for 25 ms
#define SAMPLE_NS     (20 * NS_PER_MS) // between the two samples of an alarm
#define ALARM_SAMPLES 2
#define FAULT_NS      (500 * NS_PER_MS)
#define SUPPLY_MIN_UV 2000000   // less is no supply of a loop
#define FULL_SCALE    32767     // the input is beyond the range
#define BEYOND_UV     INT32_MAX // which is no reading of any quantity

enum band { BAND_SHORT, BAND_ALARM, BAND_NORMAL, BAND_DEGRADED, BAND_OPEN, BAND_COUNT };

struct ads1115 {
    uint8_t address;
    bool converting, releasing;
    uint16_t configuration; // of the conversion under way, without DONE
    unsigned tries;         // looks at it
    unsigned turns;         // that were waited in this poll
    uint64_t every_ns;
    unsigned failures; // polls failed in a row

    // What is converted: the channel, and for a loop then its supply.
    uint8_t channels[2];
    unsigned n_channels, at;
    int32_t uv[2];

    // The loop
    struct config_loop bands;
    unsigned alarm_samples; // in a row
    uint64_t sampled_ns;    // when the sample under way began
};
_Static_assert(sizeof(struct ads1115) <= DRIVER_STATE_MAX, "state too big");

static void analog_init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct ads1115 *)state = (struct ads1115){
        .address = config->address,
        .every_ns = config->every_ms * NS_PER_MS,
        .channels = { config->channel },
        .n_channels = 1,
    };
}

static void loop_init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct ads1115 *)state = (struct ads1115){
        .address = config->address,
        .every_ns = config->every_ms * NS_PER_MS,
        .channels = { config->channel, config->reference_channel },
        .n_channels = 2,
        .bands = config->loop,
    };
}

// ---- The converter

static int start(struct ads1115 *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    unsigned word = ONE_SHOT | FIRST_CHANNEL | (unsigned)chip->channels[chip->at] << CHANNEL_SHIFT | TAKEN |
                    (unsigned)chip->channels[0] << OWNER_SHIFT;
    int r = register_write_word(bus, chip->address, CONFIGURATION, (uint16_t)word);
    if (r < 0)
        return r;
    if (chip->at == 0)
        chip->sampled_ns = now_ns;
    chip->converting = true;
    chip->configuration = (uint16_t)(word & ~(unsigned)DONE);
    chip->tries = 0;
    result->next_ns = now_ns + CONVERT_NS;
    return 0;
}

// What another failed to give back in time is free; so is what we failed to give back ourselves.
static bool is_free(const struct ads1115 *chip, uint16_t configuration)
{
    bool ours = (configuration & OWNER) >> OWNER_SHIFT == chip->channels[0];
    return (configuration & TAKEN) == 0 || ours || chip->turns >= TURNS;
}

static int take_chip(struct ads1115 *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    uint16_t configuration;
    int r = register_read_word(bus, chip->address, CONFIGURATION, &configuration);
    if (r < 0)
        return r;
    if ((configuration & DONE) != 0 && is_free(chip, configuration))
        return start(chip, bus, now_ns, result);
    result->next_ns = now_ns + TURN_NS;
    return chip->turns++ < TURNS ? 0 : -ENODATA; // a conversion that never ends
}

static void give_back(const struct ads1115 *chip, struct i2c_bus *bus)
{
    // The value has been read: where this fails it is no worse for that, and the next poll will say so.
    (void)register_write_word(bus, chip->address, CONFIGURATION, chip->configuration & (uint16_t)~TAKEN);
}

// *ret_done: the value has been put into uv[at].
static int fetch(struct ads1115 *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result,
                 bool *ret_done)
{
    uint16_t configuration, word;
    int r = register_read_word(bus, chip->address, CONFIGURATION, &configuration);
    if (r < 0)
        return r;
    uint16_t differs = (configuration ^ chip->configuration) & (uint16_t)~DONE;
    if ((configuration & TAKEN) != 0 && differs != 0 && (differs & ~OF_PARTS) == 0) { // overtaken
        chip->converting = false;
        chip->at = 0;
        result->next_ns = now_ns + TURN_NS;
        return chip->turns++ < TURNS ? 0 : -EAGAIN;
    }
    if (differs != 0)
        return -EIO;
    if ((configuration & DONE) == 0) {
        result->next_ns = now_ns + CONVERT_NS;
        return ++chip->tries < TRIES ? 0 : -ENODATA;
    }
    r = register_read_word(bus, chip->address, CONVERSION, &word);
    if (r < 0)
        return r;
    int32_t code = (int16_t)word;
    bool beyond = code == FULL_SCALE || code == -FULL_SCALE - 1;
    chip->uv[chip->at] = beyond ? BEYOND_UV : code * 375 / 2; // 187.5 uV each
    chip->converting = false;
    *ret_done = true;
    return 0;
}

// ---- What the values mean

// A thousandth of the supply is a hundredth of the narrowest band: a little below 0, as zero reads, is 0.
static enum band band_of(const struct config_loop *bands, int32_t uv, int32_t supply_uv)
{
    int64_t permille = uv < 0 ? 0 : (int64_t)uv * 1000 / supply_uv;
    if (permille < bands->short_below)
        return BAND_SHORT;
    if (permille < bands->alarm_below)
        return BAND_ALARM;
    if (permille > bands->open_above)
        return BAND_OPEN;
    return permille < bands->normal_low || permille > bands->normal_high ? BAND_DEGRADED : BAND_NORMAL;
}

static int take_alarm(struct ads1115 *chip, struct driver_result *result)
{
    chip->alarm_samples += chip->alarm_samples < ALARM_SAMPLES;
    if (chip->alarm_samples == ALARM_SAMPLES)
        return driver_add(result, QUANTITY_CONTACT, 1);
    result->next_ns =
        chip->sampled_ns + SAMPLE_NS > result->next_ns ? chip->sampled_ns + SAMPLE_NS : result->next_ns;
    return 0;
}

static int take_loop(struct ads1115 *chip, struct driver_result *result)
{
    if (chip->uv[0] == BEYOND_UV || chip->uv[1] == BEYOND_UV || chip->uv[1] < SUPPLY_MIN_UV)
        return -ERANGE;
    enum band band = band_of(&chip->bands, chip->uv[0], chip->uv[1]);
    if (band == BAND_ALARM || (band == BAND_SHORT && chip->bands.short_is_alarm))
        return take_alarm(chip, result);
    chip->alarm_samples = 0;
    switch (band) {
    case BAND_NORMAL:
        return driver_add(result, QUANTITY_CONTACT, 0);
    case BAND_SHORT:
        return -ELOOP;
    case BAND_OPEN:
        return -EPIPE;
    case BAND_DEGRADED:
    case BAND_ALARM:
    case BAND_COUNT:
        break;
    }
    return -EMEDIUMTYPE;
}

// ---- Steps

typedef int (*take_fn)(struct ads1115 *chip, struct driver_result *result);

static int take_voltage(struct ads1115 *chip, struct driver_result *result)
{
    return driver_add(result, QUANTITY_VOLTAGE, chip->uv[0]);
}

// One transfer or two, and where all channels of a sample are there, what it means.
static int go_on(struct ads1115 *chip, struct i2c_bus *bus, take_fn take, uint64_t now_ns,
                 struct driver_result *result)
{
    bool done = false;
    result->next_ns = now_ns;
    if (chip->releasing) {
        give_back(chip, bus);
        chip->releasing = false;
        chip->turns = 0;
        return take(chip, result);
    }
    if (!chip->converting)
        return chip->at == 0 ? take_chip(chip, bus, now_ns, result) : start(chip, bus, now_ns, result);
    int r = fetch(chip, bus, now_ns, result, &done);
    if (r < 0 || !done || ++chip->at < chip->n_channels)
        return r;
    chip->at = 0;
    chip->releasing = true;
    return 0;
}

static int poll_step(struct ads1115 *chip, struct i2c_bus *bus, take_fn take, uint64_t now_ns,
                     struct driver_result *result)
{
    result->n = 0;
    int r = go_on(chip, bus, take, now_ns, result);
    if (r < 0) {
        chip->failures++;
        chip->converting = chip->releasing = false;
        chip->at = chip->turns = 0;
        result->n = 0;
    } else if (result->n != 0) {
        chip->failures = 0;
        result->next_ns = now_ns + chip->every_ns;
    }
    return r;
}

static int analog_step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct ads1115 *chip = state;
    int r = poll_step(chip, bus, take_voltage, now_ns, ret_result);
    if (r < 0)
        ret_result->next_ns = now_ns + driver_retry_ns(chip->failures, chip->every_ns);
    return r;
}

static int loop_step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct ads1115 *chip = state;
    int r = poll_step(chip, bus, take_loop, now_ns, ret_result);
    if (r < 0) {
        chip->alarm_samples = 0; // not in a row
        ret_result->next_ns = now_ns + FAULT_NS;
    }
    return r;
}

const struct driver ads1115_loop_driver = {
    .info = {
        .name = "ads1115-loop",
        .what = "a supervised detector loop on a Texas Instruments ADS1115",
        .bus = PART_I2C,
        .address = 0x48,
        .addresses = { 0x48, 0x49, 0x4a, 0x4b },
        .quantities = QUANTITY_BIT(QUANTITY_CONTACT),
        .fastest_ms = 100,
        .usual_ms = 250,
        .slowest_ms = 1000,
        .channels = 4,
        .loop = true,
    },
    .state_size = sizeof(struct ads1115),
    .init = loop_init,
    .step = loop_step,
    .edge = NULL,
    .settle = NULL,
};

const struct driver ads1115_analog_driver = {
    .info = {
        .name = "ads1115-analog",
        .what = "a voltage on a Texas Instruments ADS1115",
        .bus = PART_I2C,
        .address = 0x48,
        .addresses = { 0x48, 0x49, 0x4a, 0x4b },
        .quantities = QUANTITY_BIT(QUANTITY_VOLTAGE),
        .fastest_ms = 100,
        .channels = 4,
    },
    .state_size = sizeof(struct ads1115),
    .init = analog_init,
    .step = analog_step,
    .edge = NULL,
    .settle = NULL,
};
