// Drivers against their transcripts, and what must hold for whatever a chip answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/common/clock.h"
#include "sensors/drivers/drivers.h"
#include "sensors/sim/bus.h"
#include "sensors/sim/chip.h"
#include "tests/unit/transcript.h"

#define ADAPTER "/dev/i2c-test"

static unsigned seed;

// ---- The table

// Of the buses that this test knows; what hangs on others has its own.
static bool shape_is_right(const struct driver *driver)
{
    const struct part_info *info = &driver->info;
    bool steps = driver->step && !driver->edge && !driver->settle;
    if (info->bus == PART_I2C)
        return steps && info->address != 0 && info->address == info->addresses[0];
    if (info->bus == PART_SYSFS)
        return steps && info->address == 0 && !driver->calibrate;
    if (info->bus == PART_LINE)
        return driver->edge && driver->settle && !driver->step && !driver->calibrate && info->address == 0;
    return info->address == 0;
}

static void every_row_is_complete(void **state)
{
    (void)state;
    size_t n = 0;
    for (const struct driver *driver; (driver = driver_at(n)); n++) {
        const struct part_info *info = &driver->info;
        assert_ptr_equal(driver_find(info->name), driver); // found by its name, which is its alone
        assert_true(driver->state_size > 0 && driver->state_size <= DRIVER_STATE_MAX);
        assert_non_null(driver->init);
        assert_true(info->quantities != 0 && info->what[0] != '\0');
        if (!shape_is_right(driver))
            fail_msg("%s has functions or addresses that its bus has no use for, or lacks some", info->name);
        assert_true(info->slowest_ms == 0 || info->slowest_ms >= info->usual_ms);
        assert_true(!info->loop || info->channels != 0);
    }
    assert_true(n >= 15);
    assert_null(driver_find("template")); // no such chip can be bought
    assert_null(driver_find(""));
}

// ---- Transcripts

static void crc_vectors(void **state)
{
    (void)state;
    struct transcript transcript;
    transcript_open(&transcript, "tests/vectors/sensirion.txt");
    unsigned n = 0;
    while (transcript_next(&transcript)) {
        uint8_t bytes[3];
        uint16_t word = 0;
        transcript_expect_words(&transcript, 3);
        for (unsigned i = 0; i < 3; i++)
            bytes[i] = (uint8_t)strtoul(transcript.words[i], NULL, 16);
        assert_int_equal(sensirion_crc(bytes, 2), bytes[2]);
        assert_int_equal(sensirion_words(bytes, 1, &word), 0);
        assert_int_equal(word, bytes[0] << 8 | bytes[1]);
        n++;
    }
    transcript_close(&transcript);
    assert_true(n >= 13);
}

static void words_stay_untouched_on_failure(void **state)
{
    (void)state;
    const uint8_t second_is_bad[] = { 0x01, 0xf4, 0x33, 0x66, 0x67, 0xa3 };
    uint16_t words[2] = { 7, 8 };
    assert_int_equal(sensirion_words(second_is_bad, 2, words), -EILSEQ);
    assert_int_equal(words[0], 7);
    assert_int_equal(words[1], 8);
}

// A float's bits against the machine's own floating point: 24 bits times 10 are exact in a double.
static void expect_float(uint32_t bits, int32_t scale)
{
    const uint16_t words[2] = { (uint16_t)(bits >> 16), (uint16_t)bits };
    float number;
    memcpy(&number, &bits, sizeof(number));
    double scaled = (double)number * scale;
    bool fits = scaled > -2147483647.5 && scaled < 2147483647.5;
    double rounded = fits ? (double)(int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5)) : 0; // halves away from 0
    int32_t value = 7;
    int r = sensirion_float(words, scale, &value);
    if (r != (fits ? 0 : -ERANGE) || value != (fits ? (int32_t)rounded : 7))
        fail_msg("%08x * %d: %d, %d instead of %f", bits, scale, r, value, rounded);
}

static void floats_are_decoded_without_floating_point(void **state)
{
    (void)state;
    static const uint32_t edges[] = { 0x00000000, 0x80000000, 0x00000001, 0x007fffff, 0x00800000,
                                      0x3effffff, 0x3f000000, 0x3f000001, 0xbf000000, 0x3fc00000,
                                      0x4effffff, 0x4f000000, 0xcf000000, 0x7f7fffff, 0x7f800000,
                                      0xff800000, 0x7fc00000, 0x43dbcb8c, 0x41d970e7, 0x4243bf3a };
    static const int32_t scales[] = { 1, 10, 1000 };
    for (size_t s = 0; s < sizeof(scales) / sizeof(scales[0]); s++) {
        for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
            expect_float(edges[i], scales[s]);
        for (int i = 0; i < 100000; i++) // all exponents, then those that fit
            expect_float((uint32_t)rand() << 16 ^ (uint32_t)rand(), scales[s]);
        for (int i = 0; i < 100000; i++)
            expect_float((uint32_t)(100 + rand() % 60) << 23 | (uint32_t)(rand() & 0x7fffff) |
                             (uint32_t)rand() << 31,
                         scales[s]);
    }
}

static void play(const char *path, void *user)
{
    unsigned *shown = user, of_file = 0;
    transcript_play(path, &of_file);
    *shown |= of_file;
}

static void look(const char *path, void *user)
{
    (void)path;
    (void)user;
}

// A row without a transcript that shows each of its quantities is not a driver yet.
static void every_chip_has_its_transcript(void **state)
{
    (void)state;
    const struct driver *driver;
    for (size_t i = 0; (driver = driver_at(i)); i++) {
        unsigned shown = 0;
        bool i2c = driver->info.bus == PART_I2C; // other tests play the others
        if (transcript_files(driver->info.name, i2c ? play : look, &shown) == 0)
            fail_msg("no transcript in tests/vectors for %s", driver->info.name);
        assert_int_equal(shown, i2c ? driver->info.quantities : 0);
    }
}

static void the_template_works(void **state)
{
    (void)state;
    unsigned shown = 0;
    assert_int_equal(transcript_files("template", play, &shown), 1);
    assert_int_equal(shown, template_driver.info.quantities);
}

// ---- Whatever a chip answers

// A simulated chip, whose answers can be damaged or kept back on their way.
struct chip {
    const struct sim_model *model;
    int error;    // of every transfer
    bool random;  // answers any bytes at all
    size_t flips; // bits turned over in each answer of flip_length
    size_t flip_length;
    unsigned flip_at[2];
    uint8_t sent[64]; // the last answer
    size_t length;
    _Alignas(16) uint8_t state[SIM_CHIP_STATE_MAX];
};

struct bench {
    const struct driver *driver;
    struct config_sensor config;
    struct chip chip;
    struct i2c_bus *bus;
    uint64_t now_ns;
    _Alignas(16) uint8_t state[DRIVER_STATE_MAX];
};

static void damage(struct chip *chip, uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < chip->flips && length == chip->flip_length; i++) {
        size_t bit = chip->flip_at[i] % (8 * length);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t i = 0; i < length && chip->random; i++)
        bytes[i] = (uint8_t)rand();
}

static int chip_transfer(void *user, const struct i2c_message *message)
{
    struct bench *bench = user;
    struct chip *chip = &bench->chip;
    if (chip->error != 0)
        return chip->error;
    if (!message->read)
        return chip->model->write(chip->state, message->bytes, message->length, bench->now_ns);
    int r = chip->model->read(chip->state, message->bytes, message->length, bench->now_ns);
    if (r < 0)
        return r;
    damage(chip, message->bytes, message->length);
    assert_in_range(message->length, 1, sizeof(chip->sent));
    chip->length = message->length;
    memcpy(chip->sent, message->bytes, message->length);
    return 0;
}

// The chip that template.c is about.
struct template_chip {
    uint64_t done_ns;
};

static void template_init(void *state, const struct sim_model *model, uint16_t number)
{
    (void)state;
    (void)model;
    (void)number;
}

static int template_write(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
    struct template_chip *chip = state;
    if (length != 1 || bytes[0] != 0x10)
        return -EREMOTEIO;
    chip->done_ns = now_ns + 20 * NS_PER_MS;
    return 0;
}

static int template_read(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    static const uint8_t answer[] = { 0x08, 0x66, 0xab };
    struct template_chip *chip = state;
    if (now_ns < chip->done_ns || length != sizeof(answer))
        return -EREMOTEIO;
    memcpy(ret_bytes, answer, sizeof(answer));
    return 0;
}

static const struct sim_model template_model = {
    .driver = "template", .init = template_init, .write = template_write, .read = template_read
};

static void bench_start(struct bench *bench, const struct driver *driver)
{
    const struct part_info *info = &driver->info;
    const struct sim_model *model = driver == &template_driver ? &template_model : sim_model_find(info->name);
    assert_non_null(model);
    *bench = (struct bench){ .driver = driver, .chip = { .model = model }, .now_ns = NS_PER_S };
    bench->config = (struct config_sensor){ .address = info->address,
                                            .every_ms = info->usual_ms != 0 ? info->usual_ms : 5000,
                                            .reference_channel = 3,
                                            .loop = { 50, 300, 420, 600, 850, true } };
    snprintf(bench->config.driver, sizeof(bench->config.driver), "%s", info->name);
    model->init(bench->chip.state, model, 1);
    if (model->wire)
        model->wire(bench->chip.state, NULL, &bench->config);
    for (unsigned q = 0; q < QUANTITY_COUNT; q++) // what any room can have, and other words each time
        if (info->quantities & QUANTITY_BIT(q) & ~QUANTITY_BIT(QUANTITY_CONTACT) && model->set)
            model->set(bench->chip.state, (enum quantity)q,
                       quantities[q].max / 4 * 3 - rand() % (quantities[q].max / 4), bench->now_ns);
    assert_int_equal(i2c_open(ADAPTER, &bench->bus), 0);
    assert_int_equal(sim_bus_attach(ADAPTER, bench->config.address, chip_transfer, bench), 0);
    driver->init(bench->state, &bench->config, bench->now_ns);
}

static void bench_stop(struct bench *bench)
{
    i2c_close(bench->bus);
    sim_bus_detach_all();
}

static int bench_step(struct bench *bench, struct driver_result *result)
{
    *result = (struct driver_result){ .n = 99 };
    int r = bench->driver->step(bench->state, bench->bus, bench->now_ns, result);
    assert_true(result->next_ns >= bench->now_ns && result->next_ns != UINT64_MAX);
    assert_true(r == 0 || result->n == 0); // a failed poll has no reading
    bench->now_ns = result->next_ns;
    return r;
}

// Steps until the poll has ended: with readings (0) or its error.
static int bench_poll(struct bench *bench, struct driver_result *result)
{
    for (int i = 0; i < 200; i++) {
        int r = bench_step(bench, result);
        if (r < 0 || result->n != 0)
            return r;
    }
    fail_msg("%s: no end of this poll", bench->driver->info.name);
    return 0;
}

static void each_chip(void (*test)(struct bench *bench))
{
    struct bench bench;
    const struct driver *driver;
    for (size_t i = 0; (driver = driver_at(i)); i++) {
        if (driver->info.bus != PART_I2C)
            continue;
        bench_start(&bench, driver);
        test(&bench);
        bench_stop(&bench);
    }
    bench_start(&bench, &template_driver);
    test(&bench);
    bench_stop(&bench);
}

// Only parts whose answers have a check can notice.
static bool has_checks(const struct bench *bench)
{
    return !bench->chip.model->plain;
}

static void flip_every_bit(struct bench *bench)
{
    struct driver_result result;
    assert_int_equal(bench_poll(bench, &result), 0);
    bench->chip.flip_length = bench->chip.length;
    for (unsigned bit = 0; bit < 8 * bench->chip.flip_length && has_checks(bench); bit++) {
        bench->chip.flips = 1;
        bench->chip.flip_at[0] = bit;
        assert_int_equal(bench_poll(bench, &result), -EILSEQ);
    }
    bench->chip.flips = 0;
    assert_int_equal(bench_poll(bench, &result), 0);
}

static void any_single_bit_flip_is_never_a_value(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) // other words each time
        each_chip(flip_every_bit);
}

// Two bits may hit one word or two: the CRC finds any two in its 24 bits.
static void flip_two_bits(struct bench *bench)
{
    struct driver_result result;
    assert_int_equal(bench_poll(bench, &result), 0);
    unsigned bits = 8 * (unsigned)bench->chip.length;
    bench->chip.flip_length = bench->chip.length;
    bench->chip.flips = 2;
    for (int i = 0; i < 2000 && has_checks(bench); i++) {
        bench->chip.flip_at[0] = (unsigned)rand() % bits;
        bench->chip.flip_at[1] = (bench->chip.flip_at[0] + 1 + (unsigned)rand() % (bits - 1)) % bits;
        assert_int_equal(bench_poll(bench, &result), -EILSEQ);
    }
}

static void any_two_bit_flips_are_never_a_value(void **state)
{
    (void)state;
    each_chip(flip_two_bits);
}

static void random_answers(struct bench *bench)
{
    struct driver_result result;
    bench->chip.random = true;
    for (int i = 0; i < 20000; i++) {
        if (bench_step(bench, &result) != 0 || result.n == 0)
            continue;
        uint16_t words[20]; // by luck: then it must be a good answer, and plausible
        if (has_checks(bench))
            assert_int_equal(sensirion_words(bench->chip.sent, bench->chip.length / 3, words), 0);
        for (unsigned j = 0; j < result.n; j++) {
            const struct quantity_info *info = &quantities[result.readings[j].quantity];
            assert_in_range(result.readings[j].value - info->min, 0, info->max - info->min);
        }
    }
}

static void random_bytes_are_a_value_only_with_good_crcs(void **state)
{
    (void)state;
    each_chip(random_answers);
}

// ---- How soon a trouble is known, and how soon it is over

static void three_failures(struct bench *bench, int error)
{
    struct driver_result result;
    assert_int_equal(bench_poll(bench, &result), 0);
    uint64_t from_ns = bench->now_ns, last_ns = 0, period_ns = bench->config.every_ms * NS_PER_MS;
    bench->chip.error = error;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bench_poll(bench, &result), error);
        last_ns = bench->now_ns;
    }
    assert_true(last_ns - from_ns <= (period_ns < NS_PER_S ? 2 * NS_PER_S : 3 * period_ns));
    // Whatever happened: once the chip is back, a value comes within two periods and a start.
    bench->chip.error = 0;
    from_ns = bench->now_ns;
    while (bench_poll(bench, &result) != 0)
        assert_true(bench->now_ns - from_ns < 20 * NS_PER_S);
    assert_true(bench->now_ns - from_ns < 20 * NS_PER_S);
}

static void silent(struct bench *bench)
{
    three_failures(bench, -EREMOTEIO);
}

static void hung(struct bench *bench)
{
    three_failures(bench, -ETIMEDOUT);
}

static void a_dead_chip_fails_three_times_within_three_periods(void **state)
{
    (void)state;
    each_chip(silent);
    each_chip(hung);
}

// Registers of thermometers keep the last value for ever: nothing tells them from a room at rest. An SPS30
// knows that its fan stands still.
static int expected_when_stuck(const struct bench *bench)
{
    const char *name = bench->driver->info.name;
    if (strcmp(name, "lm75") == 0 || strcmp(name, "tmp102") == 0 || strcmp(name, "mcp9808") == 0)
        return 0;
    return strcmp(name, "sps30") == 0 ? -ENOTRECOVERABLE : -ENODATA;
}

static void never_again(struct bench *bench)
{
    struct driver_result result;
    if (bench->driver == &template_driver)
        return;
    assert_int_equal(bench_poll(bench, &result), 0);
    bench->chip.model->stick(bench->chip.state, true, bench->now_ns);
    uint64_t from_ns = bench->now_ns;
    for (int i = 0; i < 3; i++)
        assert_int_equal(bench_poll(bench, &result), expected_when_stuck(bench));
    assert_true(bench->now_ns - from_ns < 45 * NS_PER_S);
}

static void a_chip_without_values_is_told_apart_from_a_dead_one(void **state)
{
    (void)state;
    each_chip(never_again);
}

// What the chip forgets without its supply, the driver brings back. A second later: what a thermometer says
// in its first quarter of a second nobody can tell from 0 degrees.
static void loses_its_supply(struct bench *bench)
{
    struct driver_result result, before;
    if (bench->driver == &template_driver)
        return;
    assert_int_equal(bench_poll(bench, &before), 0);
    bench->chip.model->power_on(bench->chip.state, bench->now_ns);
    bench->now_ns += NS_PER_S;
    for (int polls = 0;; polls++) {
        assert_true(polls < 10);
        if (bench_poll(bench, &result) == 0)
            break;
    }
    assert_int_equal(result.n, before.n);
    for (unsigned i = 0; i < result.n; i++)
        assert_int_equal(result.readings[i].value, before.readings[i].value);
}

static void a_chip_that_loses_its_supply_measures_again(void **state)
{
    (void)state;
    each_chip(loses_its_supply);
}

// ---- Calibration

static void polls_for_ns(struct bench *bench, uint64_t ns)
{
    struct driver_result result;
    for (uint64_t end_ns = bench->now_ns + ns; bench->now_ns < end_ns;)
        assert_int_equal(bench_poll(bench, &result), 0);
}

static int32_t co2_of(const struct driver_result *result)
{
    assert_int_equal(result->readings[0].quantity, QUANTITY_CO2);
    return result->readings[0].value;
}

static void told_what_it_is(struct bench *bench)
{
    struct driver_result result;
    if (!bench->driver->calibrate)
        return;
    bench->chip.model->set(bench->chip.state, QUANTITY_CO2, 520, bench->now_ns);
    polls_for_ns(bench, 200 * NS_PER_S);
    // Begun and given up, at its first step and later: it measures as before.
    for (int steps = 1; steps <= 2; steps++) {
        for (int i = 0; i < steps; i++) {
            result = (struct driver_result){ .n = 99 };
            assert_int_equal(bench->driver->calibrate(bench->state, bench->bus, 520, bench->now_ns, &result),
                             0);
            assert_int_equal(result.n, 0);
            bench->now_ns = result.next_ns;
        }
        assert_int_equal(bench_poll(bench, &result), 0);
        assert_int_equal(co2_of(&result), 520);
        polls_for_ns(bench, 200 * NS_PER_S);
    }
    result.n = 0;
    for (int i = 0; i < 10 && result.n == 0; i++) {
        result = (struct driver_result){ .n = 99 };
        assert_int_equal(bench->driver->calibrate(bench->state, bench->bus, 420, bench->now_ns, &result), 0);
        bench->now_ns = result.next_ns;
    }
    assert_int_equal(result.n, 1);
    assert_int_equal(co2_of(&result), -100);
    assert_int_equal(bench_poll(bench, &result), 0);
    assert_int_equal(co2_of(&result), 420);
}

static void a_sensor_is_told_what_the_co2_is(void **state)
{
    (void)state;
    each_chip(told_what_it_is);
}

// No step that asks to be called again at once for ever.
static void one_hour(struct bench *bench)
{
    struct driver_result result;
    unsigned steps = 0, readings = 0;
    uint64_t end_ns = bench->now_ns + 3600 * NS_PER_S;
    for (; bench->now_ns < end_ns; steps++) {
        assert_int_equal(bench_step(bench, &result), 0);
        readings += result.n != 0;
    }
    unsigned periods = 3600000 / bench->config.every_ms;
    assert_in_range(readings, periods / 20 * 18, periods + 1);
    assert_true(steps <= 7 * readings);
}

static void an_hour_gives_a_value_every_period(void **state)
{
    (void)state;
    each_chip(one_hour);
}

static int choose_seed(void **state)
{
    (void)state;
    const char *wanted = getenv("CAREROOM_SEED");
    seed = wanted ? (unsigned)strtoul(wanted, NULL, 0) : (unsigned)time(NULL);
    print_message("seed: CAREROOM_SEED=%u\n", seed);
    srand(seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(crc_vectors),
        cmocka_unit_test(words_stay_untouched_on_failure),
        cmocka_unit_test(floats_are_decoded_without_floating_point),
        cmocka_unit_test(every_chip_has_its_transcript),
        cmocka_unit_test(the_template_works),
        cmocka_unit_test(any_single_bit_flip_is_never_a_value),
        cmocka_unit_test(any_two_bit_flips_are_never_a_value),
        cmocka_unit_test(random_bytes_are_a_value_only_with_good_crcs),
        cmocka_unit_test(a_dead_chip_fails_three_times_within_three_periods),
        cmocka_unit_test(a_chip_without_values_is_told_apart_from_a_dead_one),
        cmocka_unit_test(a_chip_that_loses_its_supply_measures_again),
        cmocka_unit_test(a_sensor_is_told_what_the_co2_is),
        cmocka_unit_test(an_hour_gives_a_value_every_period),
    };
    return cmocka_run_group_tests(tests, choose_seed, NULL);
}
