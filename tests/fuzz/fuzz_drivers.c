// Simulated chips whose answers any bytes may damage, replace or fail, under every driver, also in the middle
// of a calibration; any bytes from modules on serial ports. No value leaves its quantity's range, a failed
// poll has no reading, each step says when it wants to go on; and when the bytes are at their end and the
// chip is as it should be, a value comes again. Linked with the drivers and the simulation. clang
// -fsanitize=fuzzer,address,undefined; better with -use_value_profile=1; no seeds are needed
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "sensors/driver.h"
#include "sensors/drivers/sysfs.h"
#include "sensors/sim/bus.h"
#include "sensors/sim/chip.h"

#define ADAPTER "/dev/i2c-fuzz"
#define STEPS   400 // that are disturbed at most
#define HEALING 300 // steps within which a value must come

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

// ---- The bytes, one after the other; at their end zeros

struct input {
    const unsigned char *bytes;
    size_t size;
};

static unsigned char take(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->bytes++;
}

// ---- The chip

enum answer {
    ANSWER_CHIP, // its own
    ANSWER_ERROR,
    ANSWER_BYTES,  // any
    ANSWER_WORDS,  // any, each with its CRC
    ANSWER_DAMAGE, // its own, with a byte changed
    ANSWER_CHANGE, // its own, with a byte changed and the CRCs made right
    ANSWER_COUNT
};

struct chip {
    struct input *input;
    const struct sim_model *model;
    uint64_t now_ns;
    unsigned messages; // of this step
    _Alignas(16) unsigned char state[SIM_CHIP_STATE_MAX];
};

static void make_right(unsigned char *bytes, size_t length)
{
    for (size_t i = 2; i < length; i += 3)
        bytes[i] = sensirion_crc(&bytes[i - 2], 2);
}

static void disturb(struct input *input, enum answer how, unsigned char *bytes, size_t length)
{
    if (how == ANSWER_BYTES || how == ANSWER_WORDS) {
        for (size_t i = 0; i < length; i++)
            bytes[i] = take(input);
    } else {
        bytes[take(input) % length] ^= take(input);
    }
    if (how == ANSWER_WORDS || how == ANSWER_CHANGE)
        make_right(bytes, length);
}

static int transfer(void *user, const struct i2c_message *message)
{
    static const int errors[] = { -EREMOTEIO, -ETIMEDOUT, -EAGAIN, -EIO, -ENODEV };
    struct chip *chip = user;
    unsigned char control = take(chip->input);
    enum answer how = (enum answer)(control % ANSWER_COUNT);
    check(message->length > 0 && ++chip->messages <= 4); // two transfers of two messages
    if (how == ANSWER_ERROR)
        return errors[control / ANSWER_COUNT % (sizeof(errors) / sizeof(errors[0]))];
    if (!message->read)
        return chip->model->write(chip->state, message->bytes, message->length, chip->now_ns);
    memset(message->bytes, 0xff, message->length);
    int r = chip->model->read(chip->state, message->bytes, message->length, chip->now_ns);
    if (how == ANSWER_CHIP)
        return r;
    disturb(chip->input, how, message->bytes, message->length);
    return 0;
}

// ---- What must hold

static void check_result(const struct driver *driver, int r, const struct driver_result *result,
                         uint64_t now_ns, bool calibrating)
{
    check(r <= 0 && result->n <= QUANTITY_COUNT && (r == 0 || result->n == 0));
    check(result->next_ns < now_ns + 3600 * NS_PER_S);
    for (unsigned i = 0; i < result->n; i++) {
        const struct driver_reading *reading = &result->readings[i];
        check((unsigned)reading->quantity < QUANTITY_COUNT);
        const struct quantity_info *info = &quantities[reading->quantity];
        check((driver->info.quantities & QUANTITY_BIT(reading->quantity)) != 0);
        if (calibrating)
            check(abs(reading->value) <= 0xffff);
        else
            check(reading->value >= info->min && reading->value <= info->max);
    }
}

struct bench {
    const struct driver *driver;
    struct chip chip;
    struct i2c_bus *bus;
    _Alignas(16) unsigned char state[DRIVER_STATE_MAX];
};

// A step, or a calibration's where reference is not 0. True: it ended in a reading.
static bool step(struct bench *bench, int32_t *reference)
{
    struct driver_result result = { .n = 99 };
    bool calibrating = *reference != 0;
    uint64_t now_ns = bench->chip.now_ns;
    bench->chip.messages = 0;
    int r = calibrating ? bench->driver->calibrate(bench->state, bench->bus, *reference, now_ns, &result)
                        : bench->driver->step(bench->state, bench->bus, now_ns, &result);
    check_result(bench->driver, r, &result, now_ns, calibrating);
    check(result.next_ns >= now_ns);
    if (r < 0 || result.n != 0)
        *reference = 0;
    bench->chip.now_ns = result.next_ns;
    return result.n != 0 && !calibrating;
}

static void run_chip(struct bench *bench, struct input *input)
{
    int32_t reference = 0;
    for (int i = 0; i < STEPS && input->size > 0; i++) {
        unsigned char control = take(input);
        if (bench->driver->calibrate && control >> 4 == 0x0c)
            reference = control % 16 * 160; // 0: given up
        if (control >> 4 == 0x0d)           // it loses its supply
            bench->chip.model->power_on(bench->chip.state, bench->chip.now_ns);
        if (control >> 4 == 0x0e)
            bench->chip.now_ns += control % 16 * 30 * NS_PER_S;
        (void)step(bench, &reference);
    }
    input->size = 0; // the chip is as it should be from here on
    for (int i = 0; !step(bench, &reference); i++)
        check(i < HEALING);
}

static void start_chip(const struct driver *driver, const struct config_sensor *config, struct input *input)
{
    static struct bench bench; // its address is known to the bus
    bench = (struct bench){
        .driver = driver,
        .chip = { .input = input, .model = sim_model_find(driver->info.name), .now_ns = 1000 * NS_PER_S }
    };
    bench.chip.model->init(bench.chip.state, bench.chip.model, 1);
    if (bench.chip.model->wire)
        bench.chip.model->wire(bench.chip.state, NULL, config);
    check(sim_bus_attach(ADAPTER, config->address, transfer, &bench.chip) == 0);
    check(i2c_open(ADAPTER, &bench.bus) == 0);
    driver->init(bench.state, config, bench.chip.now_ns);
    run_chip(&bench, input);
    i2c_close(bench.bus);
    sim_bus_detach_all();
}

static void run_module(const struct driver *driver, const struct config_sensor *config, struct input *input)
{
    _Alignas(16) unsigned char state[DRIVER_STATE_MAX] = { 0 };
    uint64_t now_ns = NS_PER_S;
    driver->init(state, config, now_ns);
    for (int i = 0; i < STEPS && input->size > 0; i++) {
        struct driver_request request = { .length = 99 };
        struct driver_result result = { .n = 0 };
        int r = driver->ask(state, now_ns, &request, &result);
        check_result(driver, r, &result, now_ns, false);
        check(result.next_ns >= now_ns);
        check(request.length <= DRIVER_REQUEST_MAX);
        for (unsigned n = take(input) % 64; n > 0; n--) {
            struct driver_result of_byte = { .n = 99 };
            r = driver->byte(state, take(input), now_ns, &of_byte);
            check_result(driver, r, &of_byte, now_ns, false);
            result.next_ns = of_byte.next_ns > now_ns ? of_byte.next_ns : now_ns; // a late byte
        }
        now_ns = result.next_ns + take(input) % 16 * NS_PER_S;
    }
}

static void calculate(struct input *input)
{
    char text[64];
    struct decimal numbers[2], sum;
    int32_t value;
    for (size_t i = 0; i < 2; i++) {
        size_t length = take(input) % (sizeof(text) - 1);
        for (size_t at = 0; at < length; at++)
            text[at] = (char)take(input);
        text[length] = '\0';
        if (decimal_parse(text, &numbers[i]) < 0)
            return;
        check(numbers[i].decimals <= 18);
    }
    if (decimal_add(&numbers[0], &numbers[1], &sum) == 0)
        (void)decimal_multiply(&sum, &numbers[1], take(input) % 5, &value);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    struct input input = { bytes, size };
    size_t n = 0;
    while (driver_at(n))
        n++;
    const struct driver *driver = driver_at(take(&input) % n);
    unsigned char control = take(&input);
    struct config_sensor config = {
        .address = driver->info.address,
        .every_ms = driver->info.fastest_ms,
        .altitude_m = control * 10,
        .self_calibration = control % 2 != 0,
        .self_test = driver->info.self_test && control / 2 % 2 != 0,
        .channel = control / 4 % 3,
        .reference_channel = 3,
        .loop = { 50, 300, 420, 600, 850, control / 16 % 2 != 0 },
    };
    strcpy(config.driver, driver->info.name);
    if (driver->info.bus == PART_I2C)
        start_chip(driver, &config, &input);
    else if (driver->info.bus == PART_SERIAL)
        run_module(driver, &config, &input);
    else
        calculate(&input);
    return 0;
}
