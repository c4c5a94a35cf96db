// The threads beside the main loop, over simulated buses, ports and keyboards: what they tell, and how a bus
// that hangs or a port that is pulled comes back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "gateway/guard/bus_care.h"
#include "gateway/guard/bus_worker.h"
#include "gateway/guard/health.h"
#include "gateway/guard/port_worker.h"
#include "sensors/bus/recover.h"
#include "sensors/sim/bus.h"
#include "sensors/sim/pins.h"
#include "sensors/sim/ports.h"
#include "sensors/sim/sim.h"

#define PATIENCE_MS 20000 // of a test before it fails; nothing here takes so long

// ---- When failures make a trouble

static void test_three_failures_in_a_row(void **state)
{
    (void)state;
    struct health health = { .failures = 0 };
    assert_false(health_failed(&health, TROUBLE_BAD_CRC));
    assert_false(health_failed(&health, TROUBLE_BAD_CRC));
    assert_false(health_good(&health)); // nothing was told, nothing is taken back
    assert_false(health_failed(&health, TROUBLE_BAD_CRC));
    assert_false(health_failed(&health, TROUBLE_BAD_CRC));
    assert_true(health_failed(&health, TROUBLE_NO_ANSWER));
    assert_int_equal(health.told, TROUBLE_NO_ANSWER);
    assert_false(health_failed(&health, TROUBLE_TIMED_OUT)); // told once, and the first cause stands
    assert_true(health_broken(&health, TROUBLE_GONE));
    assert_false(health_broken(&health, TROUBLE_GONE));
    for (int i = 0; i < 2; i++)
        assert_false(health_failed(&health, TROUBLE_NO_ANSWER));
    assert_true(health_failed(&health, TROUBLE_NO_ANSWER)); // back, but mute
    assert_true(health_good(&health));
    assert_int_equal(health.told, TROUBLE_NONE);
}

static void test_outcomes_of_readers(void **state)
{
    (void)state;
    static const enum reader_outcome bad[] = { READER_LENGTH, READER_PARITY, READER_FORM, READER_LOST };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct health health = { .failures = 0 };
        assert_false(health_outcome(&health, bad[i]));
        assert_false(health_outcome(&health, READER_NOTHING)); // says nothing about the frames
        assert_false(health_outcome(&health, bad[i]));
        assert_true(health_outcome(&health, bad[i]));
        assert_int_equal(health.told, TROUBLE_UNREADABLE);
        assert_true(health_outcome(&health, i % 2 == 0 ? READER_CARD : READER_EMPTY));
    }
    struct health health = { .failures = 0 };
    assert_true(health_outcome(&health, READER_LINE_FAULT));
}

static void test_every_error_has_its_trouble(void **state)
{
    (void)state;
    static const struct {
        int error;
        enum trouble trouble;
    } rows[] = {
        { -EREMOTEIO, TROUBLE_NO_ANSWER },
        { -EILSEQ, TROUBLE_BAD_CRC },
        { -ENODATA, TROUBLE_STUCK },
        { -ERANGE, TROUBLE_IMPLAUSIBLE },
        { -ENODEV, TROUBLE_GONE },
        { -ENOENT, TROUBLE_GONE },
        { -ETIMEDOUT, TROUBLE_TIMED_OUT },
        { -EAGAIN, TROUBLE_TIMED_OUT },
        { -EIO, TROUBLE_TIMED_OUT },
        { -EPROTOTYPE, TROUBLE_WRONG_PART },
        { -ENOTRECOVERABLE, TROUBLE_BROKEN },
        { -EPIPE, TROUBLE_OPEN },
        { -ELOOP, TROUBLE_SHORT },
        { -EMEDIUMTYPE, TROUBLE_DAMAGED },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(health_trouble_of(rows[i].error), rows[i].trouble);
}

// ---- When a bus is cured

static enum cure after_three(struct care *care, uint64_t now_ns, bool can_switch)
{
    assert_int_equal(care_after(care, -ETIMEDOUT, now_ns, can_switch), CURE_NONE);
    assert_int_equal(care_after(care, -ETIMEDOUT, now_ns, can_switch), CURE_NONE);
    return care_after(care, -ETIMEDOUT, now_ns, can_switch);
}

static void test_cures_follow_each_other(void **state)
{
    (void)state;
    struct care care = { .timeouts = 0 };
    uint64_t now_ns = NS_PER_S;
    assert_int_equal(after_three(&care, now_ns, true), CURE_CLEAR);
    assert_int_equal(after_three(&care, now_ns, true), CURE_POWER);
    assert_int_equal(after_three(&care, now_ns, true), CURE_NONE); // a pause of ten seconds
    assert_int_equal(care_after(&care, -ETIMEDOUT, now_ns + 10 * NS_PER_S, true), CURE_CLEAR);
    assert_int_equal(after_three(&care, now_ns + 10 * NS_PER_S, true), CURE_POWER);
    assert_int_equal(after_three(&care, now_ns + 29 * NS_PER_S, true), CURE_NONE); // of twenty
    assert_int_equal(care_after(&care, -ETIMEDOUT, now_ns + 30 * NS_PER_S, true), CURE_CLEAR);
    assert_int_equal(care_after(&care, 0, now_ns, true), CURE_NONE);
    assert_int_equal(after_three(&care, now_ns, true), CURE_CLEAR); // it has worked in between
}

static void test_what_interrupts_a_row_of_timeouts(void **state)
{
    (void)state;
    static const int works[] = { 0, -EREMOTEIO, -EILSEQ, -ENODATA }, unclear[] = { -EIO, -EAGAIN };
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        struct care care = { .timeouts = 0 };
        care_after(&care, -ETIMEDOUT, 0, false);
        care_after(&care, -ETIMEDOUT, 0, false);
        care_after(&care, works[i], 0, false);
        assert_int_equal(care_after(&care, -ETIMEDOUT, 0, false), CURE_NONE);
    }
    for (size_t i = 0; i < sizeof(unclear) / sizeof(unclear[0]); i++) {
        struct care care = { .timeouts = 0 };
        care_after(&care, -ETIMEDOUT, 0, false);
        care_after(&care, -ETIMEDOUT, 0, false);
        care_after(&care, unclear[i], 0, false);
        assert_int_equal(care_after(&care, -ETIMEDOUT, 0, false), CURE_CLEAR);
    }
}

static void test_without_a_switch_the_pauses_grow(void **state)
{
    (void)state;
    struct care care = { .timeouts = 0 };
    uint64_t now_ns = NS_PER_S, last_ns = 0, pause_ns = 0;
    for (int cures = 0; cures < 10; now_ns += NS_PER_S) {
        if (care_after(&care, -ETIMEDOUT, now_ns, false) == CURE_NONE)
            continue;
        assert_true(last_ns == 0 || now_ns - last_ns >= pause_ns);
        pause_ns = now_ns - last_ns;
        last_ns = now_ns;
        cures++;
    }
    assert_true(pause_ns >= 600 * NS_PER_S && pause_ns < 610 * NS_PER_S);
}

// ---- Nine clocks and a STOP

struct wires {
    struct sim_pin *scl, *sda;
    unsigned rises;
    unsigned lets_go_after; // clocks
    bool stopped;           // SDA rose while SCL was high, driven by us
    bool scl_high;
};

static void on_scl(void *user, bool level)
{
    struct wires *wires = user;
    wires->scl_high = level;
    if (level && ++wires->rises == wires->lets_go_after)
        sim_pin_drive(wires->sda, SIM_DRIVE_NONE);
}

static void on_sda(void *user, bool level)
{
    struct wires *wires = user;
    wires->stopped = level && wires->scl_high;
}

static int recover(unsigned lets_go_after, enum sim_drive sda, enum sim_drive scl, struct wires *wires)
{
    *wires = (struct wires){ .lets_go_after = lets_go_after, .scl_high = true };
    sim_pins_remove_all();
    assert_int_equal(sim_pin_add("SCL", true, scl, &wires->scl), 0);
    assert_int_equal(sim_pin_add("SDA", true, sda, &wires->sda), 0);
    sim_pin_watch(wires->scl, on_scl, wires);
    sim_pin_watch(wires->sda, on_sda, wires);
    return bus_recover("SCL", "SDA");
}

static void test_clocks_until_the_chip_lets_go(void **state)
{
    (void)state;
    struct wires wires;
    for (unsigned clocks = 1; clocks <= 9; clocks++) {
        assert_int_equal(recover(clocks, SIM_DRIVE_LOW, SIM_DRIVE_NONE, &wires), 0);
        assert_int_equal(wires.rises, clocks + 1); // and the STOP's
        assert_true(wires.stopped);
    }
    assert_int_equal(recover(10, SIM_DRIVE_LOW, SIM_DRIVE_NONE, &wires), 0); // the STOP was the one it needed
    assert_int_equal(recover(99, SIM_DRIVE_LOW, SIM_DRIVE_NONE, &wires), -EBUSY);
    assert_int_equal(wires.rises, 10);
    assert_int_equal(recover(99, SIM_DRIVE_NONE, SIM_DRIVE_NONE, &wires), 0); // nobody holds it: no clocks
    assert_int_equal(wires.rises, 1);
    assert_true(wires.stopped);
    assert_int_equal(recover(99, SIM_DRIVE_LOW, SIM_DRIVE_LOW, &wires), -ETIMEDOUT);
    bool high = false;
    uint64_t changed_ns;
    sim_pin_drive(wires.scl, SIM_DRIVE_NONE);
    sim_pin_drive(wires.sda, SIM_DRIVE_NONE);
    sim_pin_level(wires.scl, &high, &changed_ns); // whatever it came to, it lets both lines go
    assert_true(high);
    sim_pin_level(wires.sda, &high, &changed_ns);
    assert_true(high);
    assert_int_equal(bus_recover("SCL", "NOBODY"), -ENOENT);
    assert_int_equal(bus_recover("SCL", "SDA"), 0); // and held nothing
    sim_pins_remove_all();
}

// ---- A room

static char i2c[] = "/dev/i2c-1", com1[] = "/dev/ttyS1", com2[] = "/dev/ttyS2", wedge[] = "/dev/input/w";
static char scl[] = "GPIO20", sda[] = "GPIO21", power[] = "GPIO26";
static struct config_bus buses[] = { { .id = "main", .i2c = i2c },
                                     { .id = "com1", .serial = com1, .baud = 9600 },
                                     { .id = "com2", .serial = com2, .baud = 9600 } };
static struct config_sensor sensors[] = {
    { .id = "climate", .driver = "sht4x", .bus = 0, .address = 0x44, .every_ms = 50 },
    { .id = "air", .driver = "mhz19b", .bus = 1, .every_ms = 1000 },
};
static struct config_reader readers[] = {
    { .id = "cards", .driver = "pn532", .bus = 0, .address = 0x24 },
    { .id = "back", .driver = "rdm6300", .bus = 2 },
    { .id = "desk", .driver = "wedge", .device = wedge },
};
static struct config_room room = {
    .id = "r", .sensors = sensors, .n_sensors = 2, .readers = readers, .n_readers = 3
};
static struct config config = { .buses = buses, .n_buses = 3, .rooms = &room, .n_rooms = 1 };

static void build(char *with_scl, char *with_sda, char *with_power)
{
    buses[0].scl = with_scl;
    buses[0].sda = with_sda;
    buses[0].power = with_power;
    assert_int_equal(sim_build(&config), 0);
    sim_bus_set_timeout_ms(5);
}

// The next report of one point that is no reading, or that is one: others are skipped.
static struct report await(struct reports *reports, size_t point, enum report_kind kind)
{
    uint64_t end_ns = clock_boottime_ns() + PATIENCE_MS * NS_PER_MS;
    for (;;) {
        struct report report;
        struct pollfd readable = { .fd = reports_fd(reports), .events = POLLIN };
        if (poll(&readable, 1, PATIENCE_MS) != 1 || clock_boottime_ns() > end_ns)
            fail_msg("this was not told of point %zu", point);
        if (reports_take(reports, &report, 1) == 1 && report.point == point && report.kind == kind)
            return report;
    }
}

static void await_trouble(struct reports *reports, size_t point, enum trouble trouble)
{
    struct report report = await(reports, point, REPORT_TROUBLE);
    if (report.trouble != trouble)
        fail_msg("%s instead of %s", trouble_names[report.trouble], trouble_names[trouble]);
}

static struct bus_worker *start_bus(bool with_reader)
{
    struct bus_worker *worker = bus_worker_new(&buses[0]);
    assert_non_null(worker);
    assert_int_equal(bus_worker_add(worker, 7, &sensors[0], NULL), 0);
    if (with_reader)
        assert_int_equal(bus_worker_add(worker, 8, NULL, &readers[0]), 0);
    assert_int_equal(bus_worker_start(worker), 0);
    return worker;
}

static void test_a_chip_and_a_reader_on_one_bus(void **state)
{
    (void)state;
    build(NULL, NULL, NULL);
    struct bus_worker *worker = start_bus(true);
    struct reports *reports = bus_worker_reports(worker);
    await(reports, 7, REPORT_READING);
    // Shown for 0.4 s, looked for every 0.1 s; setting up takes less than what is left.
    assert_int_equal(sim_show("r", "cards", "04112233445566"), 0);
    assert_int_equal(await(reports, 8, REPORT_CARD).card.bits, 56);
    assert_int_equal(sim_fault("r", "cards", SIM_FAULT_CRC), 0);
    await_trouble(reports, 8, TROUBLE_BAD_CRC);
    await(reports, 7, REPORT_READING); // the other one goes on
    assert_int_equal(sim_fault("r", "cards", SIM_FAULT_NONE), 0);
    await_trouble(reports, 8, TROUBLE_NONE);
    bus_worker_stop(worker);
    sim_destroy();
}

static void test_an_adapter_is_pulled_and_plugged_in_again(void **state)
{
    (void)state;
    build(NULL, NULL, NULL);
    sim_bus_pull(i2c, true); // not there when it starts
    struct bus_worker *worker = start_bus(true);
    struct reports *reports = bus_worker_reports(worker);
    for (int times = 0; times < 2; times++) {
        sim_bus_pull(i2c, true);
        await_trouble(reports, 7, TROUBLE_GONE);
        await_trouble(reports, 8, TROUBLE_GONE);
        sim_bus_pull(i2c, false);
        await_trouble(reports, 7, TROUBLE_NONE);
        await(reports, 7, REPORT_READING);
        await_trouble(reports, 8, TROUBLE_NONE);
    }
    bus_worker_stop(worker);
    sim_destroy();
}

static void test_a_stuck_bus_is_clocked_free(void **state)
{
    (void)state;
    build(scl, sda, NULL);
    struct bus_worker *worker = start_bus(false); // alone: two would share the timeouts
    struct reports *reports = bus_worker_reports(worker);
    await(reports, 7, REPORT_READING);
    assert_int_equal(sim_fault("r", "climate", SIM_FAULT_HANG), 0); // and nobody lifts it
    await_trouble(reports, 7, TROUBLE_TIMED_OUT);
    await_trouble(reports, 7, TROUBLE_NONE);
    await(reports, 7, REPORT_READING);
    bus_worker_stop(worker);
    sim_destroy();
}

static void test_a_stuck_bus_is_switched_off_and_on(void **state)
{
    (void)state;
    build(NULL, NULL, power);
    struct bus_worker *worker = start_bus(false); // alone: two would share the timeouts
    struct reports *reports = bus_worker_reports(worker);
    await(reports, 7, REPORT_READING);
    assert_int_equal(sim_fault("r", "climate", SIM_FAULT_HANG), 0);
    await_trouble(reports, 7, TROUBLE_TIMED_OUT);
    await_trouble(reports, 7, TROUBLE_NONE);
    await(reports, 7, REPORT_READING);
    bus_worker_stop(worker);
    sim_destroy();
}

static struct port_worker *start_port(size_t bus, const struct config_sensor *sensor,
                                      const struct config_reader *reader)
{
    struct port_worker *worker = port_worker_new(9, bus ? &buses[bus] : NULL, sensor, reader);
    assert_non_null(worker);
    assert_int_equal(port_worker_start(worker), 0);
    return worker;
}

// Cards, the port pulled and plugged in again, and cards again: of whichever kind.
static void try_port_reader(size_t bus, const struct config_reader *reader, const char *uid, unsigned bits)
{
    build(NULL, NULL, NULL);
    assert_int_equal(sim_fault("r", reader->id, SIM_FAULT_HANG), 0); // not there when it starts
    struct port_worker *worker = start_port(bus, NULL, reader);
    struct reports *reports = port_worker_reports(worker);
    for (int times = 0; times < 2; times++) {
        assert_int_equal(sim_fault("r", reader->id, SIM_FAULT_HANG), 0);
        await_trouble(reports, 9, TROUBLE_GONE);
        assert_int_equal(sim_fault("r", reader->id, SIM_FAULT_NONE), 0);
        await_trouble(reports, 9, TROUBLE_NONE); // it is open now
        assert_int_equal(sim_show("r", reader->id, uid), 0);
        assert_int_equal(await(reports, 9, REPORT_CARD).card.bits, bits);
    }
    port_worker_stop(worker);
    sim_destroy();
}

static void test_a_reader_on_a_serial_port(void **state)
{
    (void)state;
    try_port_reader(2, &readers[1], "010063E9AE", 40);
}

static void test_a_reader_that_types(void **state)
{
    (void)state;
    try_port_reader(0, &readers[2], "0006547886", 40);
}

static void test_frames_that_are_none_make_a_reader_unreadable(void **state)
{
    (void)state;
    build(NULL, NULL, NULL);
    struct port_worker *worker = start_port(2, NULL, &readers[1]);
    struct reports *reports = port_worker_reports(worker);
    assert_int_equal(sim_fault("r", "back", SIM_FAULT_CRC), 0);
    assert_int_equal(sim_show("r", "back", "010063E9AE"), 0);
    await_trouble(reports, 9, TROUBLE_UNREADABLE);
    assert_int_equal(sim_fault("r", "back", SIM_FAULT_NONE), 0);
    assert_int_equal(sim_show("r", "back", "010063E9AE"), 0);
    await_trouble(reports, 9, TROUBLE_NONE);
    assert_int_equal(await(reports, 9, REPORT_CARD).card.bits, 40);
    port_worker_stop(worker);
    sim_destroy();
}

static void test_a_sensor_that_is_mute(void **state)
{
    (void)state;
    build(NULL, NULL, NULL);
    assert_int_equal(sim_fault("r", "air", SIM_FAULT_NACK), 0);
    struct port_worker *worker = start_port(1, &sensors[1], NULL);
    await_trouble(port_worker_reports(worker), 9, TROUBLE_NO_ANSWER);
    port_worker_stop(worker);
    sim_destroy();
}

static void test_a_full_queue_waits_for_its_reader(void **state)
{
    (void)state;
    struct reports *reports = reports_new();
    struct report taken[512];
    int stop_fd = eventfd(0, EFD_NONBLOCK);
    const struct report report = { .kind = REPORT_CARD, .card = { .bits = 26 } };
    for (unsigned i = 0; i < 256; i++)
        reports_push(reports, &report, stop_fd);
    assert_int_equal(eventfd_write(stop_fd, 1), 0);
    reports_push(reports, &report, stop_fd); // returns, since its worker is to end
    assert_int_equal(reports_take(reports, taken, 100), 100);
    struct pollfd readable = { .fd = reports_fd(reports), .events = POLLIN };
    assert_int_equal(poll(&readable, 1, 0), 1);
    assert_int_equal(reports_take(reports, taken, 512), 156);
    assert_int_equal(poll(&readable, 1, 0), 0);
    close(stop_fd);
    reports_free(reports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_failures_in_a_row),
        cmocka_unit_test(test_outcomes_of_readers),
        cmocka_unit_test(test_every_error_has_its_trouble),
        cmocka_unit_test(test_cures_follow_each_other),
        cmocka_unit_test(test_what_interrupts_a_row_of_timeouts),
        cmocka_unit_test(test_without_a_switch_the_pauses_grow),
        cmocka_unit_test(test_clocks_until_the_chip_lets_go),
        cmocka_unit_test(test_a_full_queue_waits_for_its_reader),
        cmocka_unit_test(test_a_chip_and_a_reader_on_one_bus),
        cmocka_unit_test(test_an_adapter_is_pulled_and_plugged_in_again),
        cmocka_unit_test(test_a_stuck_bus_is_clocked_free),
        cmocka_unit_test(test_a_stuck_bus_is_switched_off_and_on),
        cmocka_unit_test(test_a_reader_on_a_serial_port),
        cmocka_unit_test(test_a_reader_that_types),
        cmocka_unit_test(test_frames_that_are_none_make_a_reader_unreadable),
        cmocka_unit_test(test_a_sensor_that_is_mute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
