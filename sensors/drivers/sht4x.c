// Sensirion SHT40, SHT41, SHT45: temperature and humidity.
//
// One command byte starts a measurement; until it is done the chip does not acknowledge being read. It keeps
// nothing between two measurements, so there is nothing to set up and nothing to start over.
#include "sensors/drivers/drivers.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define MEASURE_HIGH 0xfd // the most repeatable one; 8.3 ms at most
#define MEASURE_NS   (10 * NS_PER_MS)
#define TRANSFER_NS                                                                                          \
    (5 * NS_PER_MS) // step() is told the time before the transfer; this is for the transfer itself
#define READ_TRIES 3

struct sht4x {
    bool asked;
    uint8_t address;
    uint64_t every_ns;
    unsigned tries;    // reads of this measurement that were not acknowledged
    unsigned failures; // polls failed in a row
};
_Static_assert(sizeof(struct sht4x) <= DRIVER_STATE_MAX, "state too big");

static void init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct sht4x *)state = (struct sht4x){
        .address = config->address,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

static int take_value(struct sht4x *chip, const uint16_t *words, uint64_t now_ns,
                      struct driver_result *result)
{
    int32_t temp_mc = ((21875 * (int32_t)words[0]) >> 13) - 45000;
    int32_t rh_mpct = ((15625 * (int32_t)words[1]) >> 13) - 6000;
    // The chip's scale reaches from -6 to 119 % so that very dry and very damp air is not lost in its
    // tolerance.
    rh_mpct = rh_mpct < 0 ? 0 : rh_mpct > 100000 ? 100000 : rh_mpct;
    // A broken element gives either end of the scale, -45 or 130 degrees: outside what any room can have.
    int r = driver_add(result, QUANTITY_TEMPERATURE, temp_mc);
    if (r == 0)
        r = driver_add(result, QUANTITY_HUMIDITY, rh_mpct);
    if (r < 0)
        return r;
    chip->asked = false;
    chip->failures = 0;
    result->next_ns = now_ns + chip->every_ns;
    return 0;
}

static int ask(struct sht4x *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    const uint8_t command = MEASURE_HIGH;
    int r = i2c_write(bus, chip->address, &command, 1);
    if (r < 0)
        return r;
    chip->asked = true;
    chip->tries = 0;
    result->next_ns = now_ns + MEASURE_NS + TRANSFER_NS;
    return 0;
}

static int answer(struct sht4x *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    uint16_t words[2];
    int r = sensirion_receive(bus, chip->address, words, 2);
    if (r == -EREMOTEIO) { // it took the command, so it is there: not done yet
        if (++chip->tries >= READ_TRIES)
            return -ENODATA;
        result->next_ns = now_ns + MEASURE_NS;
        return 0;
    }
    return r < 0 ? r : take_value(chip, words, now_ns, result);
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct sht4x *chip = state;
    ret_result->n = 0;
    int r = chip->asked ? answer(chip, bus, now_ns, ret_result) : ask(chip, bus, now_ns, ret_result);
    if (r < 0) {
        chip->asked = false;
        chip->failures++;
        ret_result->n = 0;
        ret_result->next_ns = now_ns + driver_retry_ns(chip->failures, chip->every_ns);
    }
    return r;
}

const struct driver sht4x_driver = {
    .info = {
        .name = "sht4x",
        .what = "Sensirion SHT40, SHT41 or SHT45, temperature, humidity",
        .bus = PART_I2C,
        .address = 0x44,
        .addresses = { 0x44, 0x45 },
        .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),
        .fastest_ms = 1000,
    },
    .state_size = sizeof(struct sht4x),
    .init = init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};
