// Sensirion SPS30: particles in the air, by weight.
//
// Smoke of a smouldering fire is seen by it early, and so are talc, dust and steam: its values are a hint for
// people, never a detector. A command is written, then the answer is read: two transfers, never a repeated
// start. Floats are asked for, for only later firmware has integers.
//
// From firmware 2.2 on a status tells of laser and fan; without either the numbers mean nothing, so it is
// read at every poll, before them. Some of its bits stay until they are cleared: every start does that.
#include "sensors/drivers/drivers.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define INTERVAL_NS   NS_PER_S // between two measurements of the chip
#define PATIENCE      3        // intervals without a value before that is a fault
#define RECHECK_NS    (250 * NS_PER_MS)
#define WARM_UP_NS    (8 * NS_PER_S) // until the air goes through it evenly
#define TRANSFER_MS   10             // step() is told the time before the transfer; an answer has 60 bytes
#define QUICK_RETRIES 3
#define HAS_STATUS    0x0202     // firmware
#define FAULTS        0x00200030 // fan's speed, laser, fan

// In the order in which they are sent; the last three for ever.
enum phase {
    PHASE_STOP, // it may be measuring from before
    PHASE_PROBE,
    PHASE_CLEAR,
    PHASE_START,
    PHASE_STATUS,
    PHASE_READY,
    PHASE_VALUE,
    PHASE_COUNT
};

static const struct command {
    uint16_t code;
    uint16_t argument; // 0: none
    uint8_t words;     // of the answer
    uint16_t waits;    // milliseconds from the command to the answer, or to the next command
} commands[] = {
    [PHASE_STOP] = { .code = 0x0104, .waits = 20 },
    [PHASE_PROBE] = { .code = 0xd100, .words = 1, .waits = 5 },
    [PHASE_CLEAR] = { .code = 0xd210, .waits = 5 },
    [PHASE_START] = { .code = 0x0010, .argument = 0x0300, .waits = 20 },
    [PHASE_STATUS] = { .code = 0xd206, .words = 2, .waits = 5 },
    [PHASE_READY] = { .code = 0x0202, .words = 1, .waits = 5 },
    [PHASE_VALUE] = { .code = 0x0300, .words = 20, .waits = 5 },
};
_Static_assert(sizeof(commands) / sizeof(commands[0]) == PHASE_COUNT, "a phase without a command");

struct sps30 {
    enum phase phase;
    bool asked; // the phase's command has been sent, its answer is to be read
    uint8_t address;
    uint16_t firmware;
    uint64_t every_ns;
    uint64_t waiting_since_ns; // a value can be expected one interval later
    unsigned failures;         // polls failed in a row
};
_Static_assert(sizeof(struct sps30) <= DRIVER_STATE_MAX, "state too big");

static void init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct sps30 *)state = (struct sps30){
        .phase = PHASE_STOP,
        .address = config->address,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

static enum phase first_of_poll(const struct sps30 *chip)
{
    return chip->firmware >= HAS_STATUS ? PHASE_STATUS : PHASE_READY;
}

static int take_ready(struct sps30 *chip, uint16_t word, uint64_t now_ns, struct driver_result *result)
{
    if ((word & 0xff) == 1) {
        chip->phase = PHASE_VALUE;
        return 0;
    }
    if (now_ns > chip->waiting_since_ns + PATIENCE * INTERVAL_NS)
        return -ENODATA;
    result->next_ns = now_ns + RECHECK_NS;
    return 0;
}

// PM1, PM2.5, PM4, PM10 by weight, then counts and the typical size.
static int take_value(struct sps30 *chip, const uint16_t *words, uint64_t now_ns,
                      struct driver_result *result)
{
    static const struct {
        size_t at;
        enum quantity quantity;
    } values[] = { { 0, QUANTITY_PM1 }, { 2, QUANTITY_PM25 }, { 6, QUANTITY_PM10 } };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        int32_t ngm3 = 0;
        int r = sensirion_float(&words[values[i].at], 1000, &ngm3);
        if (r == 0)
            r = driver_add(result, values[i].quantity, ngm3);
        if (r < 0)
            return r;
    }
    chip->failures = 0;
    chip->phase = first_of_poll(chip);
    result->next_ns = now_ns + chip->every_ns;
    chip->waiting_since_ns = result->next_ns - INTERVAL_NS;
    return 0;
}

// What the answer of a phase means. Moves on by setting phase and, where it is not at once, next_ns.
static int judge(struct sps30 *chip, const uint16_t *words, uint64_t now_ns, struct driver_result *result)
{
    switch (chip->phase) {
    case PHASE_PROBE: // major, minor
        chip->firmware = words[0];
        chip->phase = chip->firmware >= HAS_STATUS ? PHASE_CLEAR : PHASE_START;
        return 0;
    case PHASE_STATUS:
        chip->phase = PHASE_READY;
        return (((uint32_t)words[0] << 16 | words[1]) & FAULTS) != 0 ? -ENOTRECOVERABLE : 0;
    case PHASE_READY:
        return take_ready(chip, words[0], now_ns, result);
    case PHASE_VALUE:
        return take_value(chip, words, now_ns, result);
    case PHASE_STOP:
    case PHASE_CLEAR:
    case PHASE_START:
    case PHASE_COUNT: // these answer nothing
        break;
    }
    return -EIO;
}

// A command without an answer has been sent.
static void sent(struct sps30 *chip, uint64_t now_ns, struct driver_result *result)
{
    if (chip->phase == PHASE_START) {
        result->next_ns = now_ns + WARM_UP_NS;
        chip->waiting_since_ns = result->next_ns;
        chip->phase = first_of_poll(chip);
    } else {
        chip->phase = (enum phase)(chip->phase + 1);
    }
}

static int ask(struct sps30 *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    const struct command *command = &commands[chip->phase];
    int r = sensirion_send(bus, chip->address, command->code, &command->argument, command->argument != 0);
    // A chip at rest may not acknowledge being stopped; the probe finds out whether one is there at all.
    if (r == -EREMOTEIO && chip->phase == PHASE_STOP)
        r = 0;
    if (r < 0)
        return r;
    result->next_ns = now_ns + (command->waits + TRANSFER_MS) * NS_PER_MS;
    if (command->words != 0)
        chip->asked = true;
    else
        sent(chip, now_ns, result);
    return 0;
}

static int answer(struct sps30 *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    uint16_t words[20];
    chip->asked = false;
    int r = sensirion_receive(bus, chip->address, words, commands[chip->phase].words);
    if (r < 0)
        return r;
    result->next_ns = now_ns;
    return judge(chip, words, now_ns, result);
}

// A failed poll ends here: tried again soon while the chip keeps measuring; started over where it was not
// running yet, fails again and again, has no values or says that it is broken.
static void start_over(struct sps30 *chip, int error, uint64_t now_ns, struct driver_result *result)
{
    chip->failures++;
    if (chip->phase == PHASE_VALUE)
        chip->waiting_since_ns = now_ns; // the value is gone, whatever came of it
    bool running = chip->phase >= PHASE_STATUS && error != -ENODATA && error != -ENOTRECOVERABLE &&
                   chip->failures % QUICK_RETRIES != 0;
    chip->phase = running ? first_of_poll(chip) : PHASE_STOP;
    chip->asked = false;
    result->n = 0;
    result->next_ns = now_ns + driver_retry_ns(chip->failures, chip->every_ns);
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct sps30 *chip = state;
    ret_result->n = 0;
    int r = chip->asked ? answer(chip, bus, now_ns, ret_result) : ask(chip, bus, now_ns, ret_result);
    if (r < 0)
        start_over(chip, r, now_ns, ret_result);
    return r;
}

const struct driver sps30_driver = {
    .info = {
        .name = "sps30",
        .what = "Sensirion SPS30, particles PM1, PM2.5, PM10",
        .bus = PART_I2C,
        .address = 0x69,
        .addresses = { 0x69 },
        .quantities = QUANTITY_BIT(QUANTITY_PM1) | QUANTITY_BIT(QUANTITY_PM25) | QUANTITY_BIT(QUANTITY_PM10),
        .fastest_ms = 1000,
    },
    .state_size = sizeof(struct sps30),
    .init = init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};
