// Supervised loops on a simulated converter that they share with each other and with a voltage: how soon an
// alarm and a trouble are told, whatever the others do, and what any voltage means.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/common/clock.h"
#include "sensors/driver.h"
#include "sensors/sim/sim.h"
#include "sensors/sim/sim_clock.h"

#define ROOM  "butterfly"
#define PARTS 4
#define MS    NS_PER_MS

static uint64_t now_ns;

static uint64_t the_clock(void)
{
    return now_ns;
}

// ---- Three loops and a battery on one chip, stepped as a bus's worker does

static char path[] = "/dev/i2c-1";
static struct config_bus buses[] = { { .id = "main", .i2c = path } };
static struct config_sensor sensors[PARTS];
static struct config_room room = { .id = ROOM, .sensors = sensors, .n_sensors = PARTS };
static const struct config config = { .buses = buses, .n_buses = 1, .rooms = &room, .n_rooms = 1 };

static struct part {
    const struct driver *driver;
    uint64_t next_ns;
    unsigned errors;   // in a row
    int error;         // the last one
    uint64_t since_ns; // when they began
    bool known;
    int32_t value;  // the last one
    uint64_t at_ns; // and when it was told
    _Alignas(16) uint8_t state[DRIVER_STATE_MAX];
} parts[PARTS];
static struct i2c_bus *bus;

static void step(struct part *part)
{
    struct driver_result result = { .n = 99 };
    int r = part->driver->step(part->state, bus, now_ns, &result);
    assert_true(result.next_ns >= now_ns && result.n <= 1);
    part->next_ns = result.next_ns + (unsigned)rand() % 3 * MS; // the worker is late now and then
    if (r < 0) {
        part->since_ns = part->errors++ == 0 ? now_ns : part->since_ns;
        part->error = r;
    } else if (result.n == 1) {
        part->errors = 0;
        part->known = true;
        part->value = result.readings[0].value;
        part->at_ns = now_ns;
    }
}

static void run_until(uint64_t end_ns)
{
    for (;;) {
        struct part *next = &parts[0];
        for (size_t i = 1; i < PARTS; i++)
            next = parts[i].next_ns < next->next_ns ? &parts[i] : next;
        if (next->next_ns > end_ns)
            break;
        now_ns = next->next_ns > now_ns ? next->next_ns : now_ns;
        step(next);
        now_ns += (unsigned)rand() % 2 * MS; // transfers take time
    }
    now_ns = now_ns > end_ns ? now_ns : end_ns;
}

static void run_ms(uint64_t ms)
{
    run_until(now_ns + ms * MS);
}

static int setup(void **state)
{
    (void)state;
    now_ns = 1000 * NS_PER_S;
    sim_clock_fake(the_clock);
    for (unsigned i = 0; i < PARTS; i++) {
        bool loop = i < 3;
        sensors[i] =
            (struct config_sensor){ .address = 0x48,
                                    .channel = (uint8_t)(loop ? i : 3), // the battery feeds the loops
                                    .reference_channel = 3,
                                    .every_ms = 250,
                                    .loop = { 50, 300, 420, 600, 850, true } };
        snprintf(sensors[i].id, sizeof(sensors[i].id), loop ? "loop-%u" : "battery", i);
        strcpy(sensors[i].driver, loop ? "ads1115-loop" : "ads1115-analog");
    }
    assert_int_equal(sim_build(&config), 0);
    assert_int_equal(i2c_open(path, &bus), 0);
    for (unsigned i = 0; i < PARTS; i++) {
        parts[i] = (struct part){ .driver = driver_find(sensors[i].driver), .next_ns = now_ns };
        parts[i].driver->init(parts[i].state, &sensors[i], now_ns);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    i2c_close(bus);
    sim_destroy();
    sim_clock_fake(NULL);
    return 0;
}

static void parts_of_a_chip_do_not_disturb_each_other(void **state)
{
    (void)state;
    for (int minute = 0; minute < 60; minute++) {
        run_ms(60000);
        for (size_t i = 0; i < PARTS; i++) {
            assert_int_equal(parts[i].errors, 0);
            assert_true(parts[i].known && now_ns - parts[i].at_ns < NS_PER_S);
        }
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(parts[i].value, 0);
        assert_in_range(parts[3].value, 3299000, 3300000);
    }
}

static void an_alarm_is_told_within_half_a_second(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        unsigned which = (unsigned)rand() % 3;
        run_ms((unsigned)(rand() % 1000));
        assert_int_equal(sim_set(ROOM, sensors[which].id, QUANTITY_CONTACT, 1), 0);
        run_ms(500);
        for (unsigned other = 0; other < 3; other++)
            assert_int_equal(parts[other].value, other == which);
        assert_int_equal(sim_set(ROOM, sensors[which].id, QUANTITY_CONTACT, 0), 0);
        run_ms(500);
        assert_int_equal(parts[which].value, 0);
    }
}

static void a_spark_is_no_alarm(void **state)
{
    (void)state;
    run_ms(1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(sim_set(ROOM, "loop-0", QUANTITY_CONTACT, 1), 0);
        run_ms(10);
        assert_int_equal(sim_set(ROOM, "loop-0", QUANTITY_CONTACT, 0), 0);
        run_ms(100 + (unsigned)rand() % 400); // the next one is not within the same look
        assert_int_equal(parts[0].value, 0);
    }
}

static void a_cut_is_three_failures_about_a_second_apart(void **state)
{
    (void)state;
    run_ms(1000);
    assert_int_equal(sim_line(ROOM, "loop-1", SIM_CONTACT_OPEN), 0);
    uint64_t cut_ns = now_ns;
    while (parts[1].errors < 3)
        run_ms(10);
    assert_int_equal(parts[1].error, -EPIPE);
    assert_in_range((now_ns - parts[1].since_ns) / MS, 990, 1300);
    assert_in_range((now_ns - cut_ns) / MS, 990, 1700);
    assert_int_equal(parts[0].errors + parts[2].errors + parts[3].errors, 0);
    // A detector between us and the cut is still heard, and not later.
    assert_int_equal(sim_line(ROOM, "loop-1", SIM_CONTACT_ACTIVE), 0);
    run_ms(700);
    assert_int_equal(parts[1].value, 1);
    assert_int_equal(parts[1].errors, 0);
}

static void a_chip_that_goes_takes_all_its_parts_with_it(void **state)
{
    (void)state;
    run_ms(1000);
    assert_int_equal(sim_fault(ROOM, "loop-2", SIM_FAULT_CRC), -EINVAL); // it has none
    assert_int_equal(sim_fault(ROOM, "loop-2", SIM_FAULT_NACK), 0);
    run_ms(4000);
    for (size_t i = 0; i < PARTS; i++) {
        assert_int_equal(parts[i].error, -EREMOTEIO);
        assert_true(parts[i].errors >= 3);
    }
    assert_int_equal(sim_fault(ROOM, "loop-0", SIM_FAULT_STUCK), 0);
    run_ms(4000);
    for (size_t i = 0; i < PARTS; i++)
        assert_int_equal(parts[i].error, -ENODATA);
    assert_int_equal(sim_fault(ROOM, "battery", SIM_FAULT_NONE), 0);
    run_ms(2000);
    for (size_t i = 0; i < PARTS; i++)
        assert_int_equal(parts[i].errors, 0);
}

// ---- What any voltage means, by a slower reckoning

static int expected(double ratio, const struct config_loop *bands, int32_t *ret_value)
{
    if (ratio < bands->alarm_below / 1000.0) {
        *ret_value = 1;
        return ratio < bands->short_below / 1000.0 && !bands->short_is_alarm ? -ELOOP : 0;
    }
    if (ratio >= (bands->open_above + 1) / 1000.0) // thousandths are cut off
        return -EPIPE;
    if (ratio < bands->normal_low / 1000.0 || ratio >= (bands->normal_high + 1) / 1000.0)
        return -EMEDIUMTYPE;
    *ret_value = 0;
    return 0;
}

static bool near_an_edge(double ratio)
{
    static const double edges[] = { 0.050, 0.300, 0.420, 0.601, 0.851 };
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        if (ratio > edges[i] - 0.0003 && ratio < edges[i] + 0.0003) // steps of the converter
            return true;
    return false;
}

// A step of its own world: one loop, whose supply and voltage are those of two analog parts.
static void every_voltage_has_its_meaning(void **state)
{
    (void)state;
    strcpy(sensors[1].driver, "ads1115-analog"); // gives the loop of channel 0 any voltage
    for (int i = 0; i < 3000; i++) {
        struct config_sensor loop = sensors[0];
        int32_t supply_uv = 2100000 + rand() % 3500000, value = 7;
        int64_t uv = (int64_t)supply_uv * (rand() % 1001) / 1000;
        double ratio = (double)uv / supply_uv;
        loop.loop.short_is_alarm = rand() % 2 != 0;
        if (near_an_edge(ratio))
            continue;
        sensors[0].channel = 1;
        sensors[1].channel = 0;
        sensors[2].channel = 2;
        assert_int_equal(sim_build(&config), 0);
        assert_int_equal(sim_set(ROOM, "loop-1", QUANTITY_VOLTAGE, (int32_t)uv), 0);
        assert_int_equal(sim_set(ROOM, "battery", QUANTITY_VOLTAGE, supply_uv), 0);
        struct part part = { .driver = driver_find("ads1115-loop"), .next_ns = now_ns };
        loop.channel = 0;
        part.driver->init(part.state, &loop, now_ns);
        while (part.errors == 0 && !part.known) {
            now_ns = part.next_ns > now_ns ? part.next_ns : now_ns;
            step(&part);
        }
        int r = expected(ratio, &loop.loop, &value);
        if (part.error != r || (r == 0 && part.value != value))
            fail_msg("%f of the supply: %d, %d instead of %d, %d", ratio, part.error, part.value, r, value);
    }
}

static int choose_seed(void **state)
{
    (void)state;
    const char *wanted = getenv("CAREROOM_SEED");
    unsigned seed = wanted ? (unsigned)strtoul(wanted, NULL, 0) : (unsigned)time(NULL);
    print_message("seed: CAREROOM_SEED=%u\n", seed);
    srand(seed);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(parts_of_a_chip_do_not_disturb_each_other),
        TEST(an_alarm_is_told_within_half_a_second),
        TEST(a_spark_is_no_alarm),
        TEST(a_cut_is_three_failures_about_a_second_apart),
        TEST(a_chip_that_goes_takes_all_its_parts_with_it),
        TEST(every_voltage_has_its_meaning),
    };
    return cmocka_run_group_tests(tests, choose_seed, NULL);
}
