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
#include "tests/unit/transcript.h"

#define ADAPTER "/dev/i2c-test"

static unsigned seed;

// ---- The table

static void every_row_is_complete(void **state)
{
    (void)state;
    size_t n = 0;
    for (const struct driver *driver; (driver = driver_at(n)); n++) {
        assert_ptr_equal(driver_find(driver->info.name), driver); // found by its name, which is its alone
        assert_true(driver->state_size > 0 && driver->state_size <= DRIVER_STATE_MAX);
        assert_non_null(driver->init);
        assert_true(driver->info.quantities != 0 && driver->info.what[0] != '\0');
        bool i2c = driver->info.bus == PART_I2C;
        assert_true(i2c ? driver->step && !driver->edge && !driver->settle
                        : driver->edge && driver->settle && !driver->step);
        assert_int_equal(i2c, driver->info.address != 0);
        assert_int_equal(driver->info.address, driver->info.addresses[0]);
    }
    assert_true(n >= 4);
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
        bool i2c = driver->info.bus == PART_I2C; // test_contact plays the others
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

// A chip that acknowledges everything and answers what it is given, damaged where wanted.
struct chip {
    uint16_t command;
    uint16_t setting;  // as last written: SCD4x reads it back
    uint16_t words[3]; // of the measurement
    int write_error, read_error;
    bool random; // answers any bytes at all
    bool never_ready;
    size_t flips; // bits turned over in each answer to a measurement
    unsigned flip_at[2];
    uint8_t sent[9]; // the last answer
    size_t length;
};

static const uint16_t *answer_words(const struct chip *chip, uint16_t *buf)
{
    switch (chip->command) {
    case 0xe4b8:
        buf[0] = chip->never_ready ? 0x8000 : 0x8006;
        return buf;
    case 0x2313:
    case 0x2322:
        buf[0] = chip->setting;
        return buf;
    default:
        return chip->words;
    }
}

static bool is_measurement(const struct chip *chip)
{
    return chip->command == 0xec05 || chip->command == 0xfd || chip->command == 0x10;
}

static void answer(struct chip *chip, uint8_t *bytes, size_t length)
{
    uint16_t buf[3] = { 0 };
    const uint16_t *words = answer_words(chip, buf);
    for (size_t i = 0; i < length / 3; i++) {
        bytes[3 * i] = (uint8_t)(words[i] >> 8);
        bytes[3 * i + 1] = (uint8_t)words[i];
        bytes[3 * i + 2] = sensirion_crc(&bytes[3 * i], 2);
    }
    for (size_t i = 0; i < chip->flips && is_measurement(chip); i++) {
        size_t bit = chip->flip_at[i] % (8 * length);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t i = 0; i < length && chip->random; i++)
        bytes[i] = (uint8_t)rand();
}

static int chip_transfer(void *user, const struct i2c_message *message)
{
    struct chip *chip = user;
    if (!message->read) {
        const uint8_t *bytes = message->bytes;
        chip->command = (uint16_t)(message->length == 1 ? bytes[0] : bytes[0] << 8 | bytes[1]);
        if (message->length == 5)
            chip->setting = (uint16_t)(bytes[2] << 8 | bytes[3]);
        return chip->write_error;
    }
    if (chip->read_error != 0)
        return chip->read_error;
    answer(chip, message->bytes, message->length);
    chip->length = message->length;
    memcpy(chip->sent, message->bytes, message->length);
    return 0;
}

struct bench {
    const struct driver *driver;
    struct config_sensor config;
    struct chip chip;
    struct i2c_bus *bus;
    uint64_t now_ns;
    _Alignas(16) uint8_t state[DRIVER_STATE_MAX];
};

static void bench_start(struct bench *bench, const struct driver *driver)
{
    *bench = (struct bench){ .driver = driver, .now_ns = NS_PER_S };
    bench->config = (struct config_sensor){ .address = driver->info.address, .every_ms = 5000 };
    for (size_t i = 0; i < 3; i++)
        bench->chip.words[i] = (uint16_t)(0x2000 + rand() % 0x1000); // plausible for every quantity
    assert_int_equal(i2c_open(ADAPTER, &bench->bus), 0);
    assert_int_equal(sim_bus_attach(ADAPTER, bench->config.address, chip_transfer, &bench->chip), 0);
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

static void flip_every_bit(struct bench *bench)
{
    struct driver_result result;
    assert_int_equal(bench_poll(bench, &result), 0);
    for (unsigned bit = 0; bit < 8 * 9; bit++) {
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
    bench->chip.flips = 2;
    for (int i = 0; i < 2000; i++) {
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
        uint16_t words[3]; // by luck: then it must be a good answer, and plausible
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

static void three_failures(struct bench *bench, int error, uint64_t within_ns)
{
    struct driver_result result;
    assert_int_equal(bench_poll(bench, &result), 0);
    uint64_t from_ns = bench->now_ns, last_ns = 0;
    bench->chip.write_error = bench->chip.read_error = error;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bench_poll(bench, &result), error);
        last_ns = bench->now_ns;
    }
    assert_true(last_ns - from_ns <= within_ns);
    // Whatever happened: once the chip is back, a value comes within two periods and a start.
    bench->chip.write_error = bench->chip.read_error = 0;
    from_ns = bench->now_ns;
    while (bench_poll(bench, &result) != 0)
        assert_true(bench->now_ns - from_ns < 20 * NS_PER_S);
    assert_true(bench->now_ns - from_ns < 20 * NS_PER_S);
}

static void silent(struct bench *bench)
{
    three_failures(bench, -EREMOTEIO, 3 * 5 * NS_PER_S);
}

static void hung(struct bench *bench)
{
    three_failures(bench, -ETIMEDOUT, 3 * 5 * NS_PER_S);
}

static void a_dead_chip_fails_three_times_within_three_periods(void **state)
{
    (void)state;
    each_chip(silent);
    each_chip(hung);
}

static void never_again(struct bench *bench)
{
    struct driver_result result;
    assert_int_equal(bench_poll(bench, &result), 0);
    bench->chip.never_ready = true;
    bench->chip.read_error =
        bench->driver->info.address == 0x44 ? -EREMOTEIO : 0; // how an SHT4x says "not yet"
    if (bench->driver == &template_driver)
        return;
    uint64_t from_ns = bench->now_ns;
    for (int i = 0; i < 3; i++)
        assert_int_equal(bench_poll(bench, &result), -ENODATA);
    assert_true(bench->now_ns - from_ns < 45 * NS_PER_S);
}

static void a_chip_without_values_is_told_apart_from_a_dead_one(void **state)
{
    (void)state;
    each_chip(never_again);
}

// One transfer a step, at most two as driver.h promises, and no step that asks to be called again at once for
// ever.
static void one_hour(struct bench *bench)
{
    struct driver_result result;
    unsigned steps = 0, readings = 0;
    uint64_t end_ns = bench->now_ns + 3600 * NS_PER_S;
    for (; bench->now_ns < end_ns; steps++) {
        assert_int_equal(bench_step(bench, &result), 0);
        readings += result.n != 0;
    }
    assert_in_range(readings, 700, 720); // every 5 s
    assert_true(steps <= 5 * readings);
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
        cmocka_unit_test(every_chip_has_its_transcript),
        cmocka_unit_test(the_template_works),
        cmocka_unit_test(any_single_bit_flip_is_never_a_value),
        cmocka_unit_test(any_two_bit_flips_are_never_a_value),
        cmocka_unit_test(random_bytes_are_a_value_only_with_good_crcs),
        cmocka_unit_test(a_dead_chip_fails_three_times_within_three_periods),
        cmocka_unit_test(a_chip_without_values_is_told_apart_from_a_dead_one),
        cmocka_unit_test(an_hour_gives_a_value_every_period),
    };
    return cmocka_run_group_tests(tests, choose_seed, NULL);
}
