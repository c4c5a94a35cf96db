// Sensirion SHT30, SHT31, SHT35: temperature and humidity. Data sheet SHT3x-DIS v5.
//
// Measured one shot at a time without clock stretching: until it is done the chip does not acknowledge being
// read. It may be found measuring by itself or with its heater on, from somebody else's use, so it is brought
// to rest first: break, heater off, and its status word read to see that it is so.
#include "sensors/drivers/drivers.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define TRANSFER_MS 5 // step() is told the time before the transfer; this is for the transfer itself
#define READ_TRIES  3
#define REST_AFTER  3      // failures in a row after which it is brought to rest again
#define HEATER_ON   0x2000 // in the status word

// In the order in which they are sent; the last one for ever.
enum phase { PHASE_BREAK, PHASE_HEATER_OFF, PHASE_STATUS, PHASE_MEASURE, PHASE_COUNT };

static const struct command {
    uint16_t code;
    uint8_t words;  // of the answer
    uint16_t waits; // milliseconds from the command to the answer, or to the next command
} commands[] = {
    [PHASE_BREAK] = { .code = 0x3093, .waits = 1 },
    [PHASE_HEATER_OFF] = { .code = 0x3066, .waits = 1 },
    [PHASE_STATUS] = { .code = 0xf32d, .words = 1, .waits = 1 },
    [PHASE_MEASURE] = { .code = 0x2400, .words = 2, .waits = 15 }, // the most repeatable one
};
_Static_assert(sizeof(commands) / sizeof(commands[0]) == PHASE_COUNT, "a phase without a command");

struct sht3x {
    enum phase phase;
    bool asked; // the phase's command has been sent, its answer is to be read
    uint8_t address;
    uint64_t every_ns;
    unsigned tries;    // reads of this answer that were not acknowledged
    unsigned failures; // polls failed in a row
};
_Static_assert(sizeof(struct sht3x) <= DRIVER_STATE_MAX, "state too big");

static void init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct sht3x *)state = (struct sht3x){
        .phase = PHASE_BREAK,
        .address = config->address,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

static int take_value(struct sht3x *chip, const uint16_t *words, uint64_t now_ns,
                      struct driver_result *result)
{
    int32_t temp_mc = ((21875 * (int32_t)words[0]) >> 13) - 45000;
    int32_t rh_mpct = (12500 * (int32_t)words[1]) >> 13;
    // A broken element gives either end of the scale, -45 or 130 degrees: outside what any room can have.
    int r = driver_add(result, QUANTITY_TEMPERATURE, temp_mc);
    if (r == 0)
        r = driver_add(result, QUANTITY_HUMIDITY, rh_mpct);
    if (r < 0)
        return r;
    chip->failures = 0;
    result->next_ns = now_ns + chip->every_ns;
    return 0;
}

static int ask(struct sht3x *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    const struct command *command = &commands[chip->phase];
    int r = sensirion_send(bus, chip->address, command->code, NULL, 0);
    // A chip at rest does not know what to break off, and may say so.
    if (r == -EREMOTEIO && chip->phase == PHASE_BREAK)
        r = 0;
    if (r < 0)
        return r;
    result->next_ns = now_ns + (command->waits + TRANSFER_MS) * NS_PER_MS;
    if (command->words != 0) {
        chip->asked = true;
        chip->tries = 0;
        return 0;
    }
    chip->phase = (enum phase)(chip->phase + 1);
    return 0;
}

static int answer(struct sht3x *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    const struct command *command = &commands[chip->phase];
    uint16_t words[2];
    int r = sensirion_receive(bus, chip->address, words, command->words);
    if (r == -EREMOTEIO) { // it took the command, so it is there: not done yet
        if (++chip->tries >= READ_TRIES)
            return -ENODATA;
        result->next_ns = now_ns + command->waits * NS_PER_MS;
        return 0;
    }
    if (r < 0)
        return r;
    chip->asked = false;
    if (chip->phase == PHASE_MEASURE)
        return take_value(chip, words, now_ns, result);
    if ((words[0] & HEATER_ON) != 0)
        return -EIO; // it did not take the command; warmed by itself it measures itself
    chip->phase = PHASE_MEASURE;
    result->next_ns = now_ns;
    return 0;
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct sht3x *chip = state;
    ret_result->n = 0;
    int r = chip->asked ? answer(chip, bus, now_ns, ret_result) : ask(chip, bus, now_ns, ret_result);
    if (r < 0) {
        chip->asked = false;
        chip->failures++;
        if (chip->phase != PHASE_MEASURE || chip->failures % REST_AFTER == 0)
            chip->phase = PHASE_BREAK;
        ret_result->n = 0;
        ret_result->next_ns = now_ns + driver_retry_ns(chip->failures, chip->every_ns);
    }
    return r;
}

const struct driver sht3x_driver = {
    .info = {
        .name = "sht3x",
        .what = "Sensirion SHT30, SHT31 or SHT35, temperature, humidity",
        .bus = PART_I2C,
        .address = 0x44,
        .addresses = { 0x44, 0x45 },
        .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),
        .fastest_ms = 1000,
    },
    .state_size = sizeof(struct sht3x),
    .init = init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};
