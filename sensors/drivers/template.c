// A driver to start from: copy, rename, replace what the data sheet says. Compiled and tested, but not in the
// table, for the chip does not exist: command 0x10 measures in 20 ms, then one word of hundredths of a degree
// with its CRC is read.
//
// To add a driver: 1. the file, ending in one const struct; 2. its row in drivers.h and drivers.c; 3. its
// transcript in tests/vectors (a test fails until it is there); 4. its simulated chip in sensors/sim. Say
// here what the chip is, and what of it surprised you.
#include "sensors/drivers/drivers.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define MEASURE    0x10
#define MEASURE_NS (20 * NS_PER_MS)
#define RETRY_NS   NS_PER_S

// Everything that the driver must remember between two steps. It gets no other memory.
struct template
{
    bool asked;
    uint8_t address;
    uint64_t every_ns;
};
_Static_assert(sizeof(struct template) <= DRIVER_STATE_MAX, "state too big");

// The configuration has been judged; take from it what is needed. The bus is not touched here.
static void init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct template *)state = (struct template){
        .address = config->address,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

// One transfer a step, and never a sleep: next_ns says when to go on.
static int measure(struct template *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    const uint8_t command = MEASURE;
    int r = i2c_write(bus, chip->address, &command, 1);
    if (r < 0)
        return r;
    chip->asked = true;
    result->next_ns = now_ns + MEASURE_NS;
    return 0;
}

static int fetch(struct template *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    uint8_t bytes[3];
    uint16_t word;
    chip->asked = false;
    int r = i2c_read(bus, chip->address, bytes, sizeof(bytes));
    if (r == 0)
        r = sensirion_words(bytes, 1, &word); // no value without its check
    if (r == 0)
        r = driver_add(result, QUANTITY_TEMPERATURE, 10 * (int16_t)word); // and none that no room can have
    if (r < 0)
        return r;
    result->next_ns = now_ns + chip->every_ns;
    return 0;
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct template *chip = state;
    ret_result->n = 0;
    int r = chip->asked ? fetch(chip, bus, now_ns, ret_result) : measure(chip, bus, now_ns, ret_result);
    if (r < 0) { // this poll has failed: once, with one error; the next one begins at next_ns
        chip->asked = false;
        ret_result->n = 0;
        ret_result->next_ns = now_ns + RETRY_NS;
    }
    return r;
}

const struct driver template_driver = {
    .info = {
        .name = "template",
        .what = "no chip: where a driver starts",
        .bus = PART_I2C,
        .address = 0x70,                                      // where the file says nothing
        .addresses = { 0x70, 0x71 },                          // those that the chip can have
        .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE),     // what rules may name
        .fastest_ms = 1000,                                   // the shortest sensible every_ms
    },
    .state_size = sizeof(struct template),
    .init = init,
    .step = step,
    .edge = NULL,   // PART_LINE only
    .settle = NULL, // PART_LINE only
};
