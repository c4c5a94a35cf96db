// Telling a sensor what the air is: who may and what is recorded, and what the bus's worker makes of it, over
// simulated chips.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "gateway/guard/bus_worker.h"
#include "gateway/guard/calibration.h"
#include "gateway/guard/guard.h"
#include "sensors/sim/bus.h"
#include "sensors/sim/sim.h"

#define PATIENCE_MS 20000 // of a test before it fails; nothing here takes so long

// ---- Time of this program's own: ten times as fast, and moved ahead at will. A worker's waits are shortened
// alike.

#define FASTER 10

static _Atomic uint64_t ahead_ns;

int clock_gettime(clockid_t clock, struct timespec *t)
{
    int r = (int)syscall(SYS_clock_gettime, clock, t);
    if (r == 0 && clock == CLOCK_BOOTTIME) {
        uint64_t ns =
            ((uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec) * FASTER + atomic_load(&ahead_ns);
        *t = (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
    }
    return r;
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    uint64_t ns = ((uint64_t)timeout->tv_sec * NS_PER_S + (uint64_t)timeout->tv_nsec) / FASTER;
    struct timespec shorter = { .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
    return (int)syscall(SYS_ppoll, fds, n, &shorter, mask, (size_t)8);
}

static void let_pass(uint64_t ns)
{
    atomic_fetch_add(&ahead_ns, ns);
}

// ---- What the main thread makes of it

static const char house[] = "gateway: { id: gw-1, site: site-1 }\n"
                            "buses: [ { id: main, i2c: /dev/i2c-1 } ]\n"
                            "rooms:\n"
                            "  - id: bee\n"
                            "    sensors:\n"
                            "      - { id: air, driver: scd41, bus: main }\n"
                            "      - { id: door, driver: contact, line: GPIO27, role: door }\n";

struct desk {
    struct config *config;
    struct plan *plan;
    struct core *core;
    struct core_now now;
    struct ring *ring;
    struct calibrations *calibrations;
    size_t air;
    int order_answer; // what the worker says to an order
    struct calibration_order order;
    unsigned orders;
};

static int take_order(const struct calibration_order *order, void *user)
{
    struct desk *desk = user;
    desk->order = *order;
    desk->orders++;
    return desk->order_answer;
}

static int open_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_int_equal(config_parse("house.yaml", house, strlen(house), &guard_catalogue, config_report_text,
                                  stderr, &desk->config),
                     0);
    desk->plan = plan_new(desk->config);
    void *memory = aligned_alloc(16, (core_size(&desk->plan->core) + 15) / 16 * 16);
    desk->now = (struct core_now){ .boottime_ns = NS_PER_S, .wall_ms = 1000 };
    desk->core = core_init(memory, &desk->plan->core, &desk->now);
    desk->ring = ring_new();
    desk->calibrations = calibrations_new(desk->plan, desk->ring, take_order, desk);
    desk->air = plan_find_point(desk->plan, "bee/air");
    *state = desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    calibrations_free(desk->calibrations);
    ring_free(desk->ring);
    free(desk->core);
    plan_free(desk->plan);
    config_free(desk->config);
    free(desk);
    return 0;
}

static struct calibration begin(struct desk *desk, bool remote)
{
    struct calibration calibration = {
        .point = desk->air, .reference_ppm = 420, .remote = remote, .actor = "uid 7 (mei)"
    };
    calibrations_begin(desk->calibrations, desk->core, &desk->now, &calibration);
    return calibration;
}

static void report(struct desk *desk, uint64_t number, int error, int32_t correction_ppm)
{
    const struct report said = { .kind = REPORT_CALIBRATED,
                                 .point = desk->air,
                                 .calibration = number,
                                 .error = error,
                                 .reading = { QUANTITY_CO2, correction_ppm } };
    calibrations_report(desk->calibrations, &said, &desk->now);
}

static struct calibration look(const struct desk *desk, uint64_t number)
{
    struct calibration calibration;
    calibrations_look(desk->calibrations, number, &calibration);
    assert_int_equal(calibration.number, number);
    return calibration;
}

static const struct event_value *find_value(const struct event *event, enum event_field field)
{
    for (unsigned i = 0; i < event->n_values; i++) {
        if (event->values[i].field == field) {
            return &event->values[i];
        }
    }
    return NULL;
}

// Exactly one event waits: the one of this calibration.
static void recorded(struct desk *desk, const struct calibration *calibration)
{
    struct ring_entry entries[2];
    assert_int_equal(ring_take(desk->ring, entries, 2), 1);
    const struct event *event = &entries[0].event;
    bool done = calibration->answer == CALIBRATION_DONE;
    assert_int_equal(entries[0].ticket, calibration->ticket);
    assert_int_equal(event->type, done ? EVENT_COMMAND_ACCEPTED : EVENT_COMMAND_REFUSED);
    assert_int_equal(event->class, CLASS_SYSTEM);
    assert_string_equal(event->room, "bee");
    assert_string_equal(event->item, "air");
    assert_string_equal(event->actor, "uid 7 (mei)");
    assert_string_equal(find_value(event, FIELD_COMMAND)->word, "calibrate");
    assert_int_equal(find_value(event, FIELD_CO2_PPM)->number, 420);
    assert_string_equal(find_value(event, FIELD_VIA)->word, calibration->remote ? "mqtt" : "local");
    const struct event_value *correction = find_value(event, FIELD_CORRECTION),
                             *reason = find_value(event, FIELD_REASON);
    assert_true(done == (correction != NULL) && done == (reason == NULL));
    if (done) {
        assert_int_equal(correction->number, calibration->correction_ppm);
    } else {
        assert_string_equal(reason->word, calibration_answer_words[calibration->answer]);
    }
}

static void nothing_recorded(struct desk *desk)
{
    struct ring_entry entry;
    assert_int_equal(ring_take(desk->ring, &entry, 1), 0);
}

static void refused(struct desk *desk, bool remote, enum calibration_answer why)
{
    struct calibration calibration = begin(desk, remote);
    assert_int_equal(calibration.answer, why);
    recorded(desk, &calibration);
}

static void what_is_refused_at_once(void **state)
{
    struct desk *desk = *state;
    refused(desk, true, CALIBRATION_REMOTE);
    struct core_actions *actions = calloc(1, sizeof *actions);
    struct core_input trouble = { .kind = CORE_INPUT_TROUBLE,
                                  .point = desk->air,
                                  .trouble = TROUBLE_BAD_CRC };
    core_step(desk->core, &trouble, &desk->now, actions);
    refused(desk, false, CALIBRATION_IN_TROUBLE);
    trouble.trouble = TROUBLE_NONE;
    core_step(desk->core, &trouble, &desk->now, actions);
    free(actions);
    assert_int_equal(desk->orders, 0);
    desk->order_answer = -ENOTSUP;
    refused(desk, false, CALIBRATION_NO_WAY);
    desk->order_answer = -EBUSY;
    refused(desk, false, CALIBRATION_BUSY);
    desk->order_answer = 0;
    assert_int_equal(begin(desk, false).answer, CALIBRATION_UNDER_WAY);
    nothing_recorded(desk);
    refused(desk, true, CALIBRATION_REMOTE);
    refused(desk, false, CALIBRATION_BUSY);
}

static void every_outcome_has_its_answer(void **state)
{
    struct desk *desk = *state;
    static const struct {
        int error;
        enum calibration_answer answer;
    } rows[] = {
        { 0, CALIBRATION_DONE },           { -EINVAL, CALIBRATION_REFERENCE },
        { -EBUSY, CALIBRATION_TOO_EARLY }, { -ECANCELED, CALIBRATION_REFUSED },
        { -EILSEQ, CALIBRATION_FAILED },   { -EREMOTEIO, CALIBRATION_FAILED },
        { -ENODEV, CALIBRATION_FAILED },   { -ETIMEDOUT, CALIBRATION_TIMED_OUT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t number = begin(desk, false).number;
        assert_int_equal(desk->order.number, number);
        assert_int_equal(desk->order.point, desk->air);
        assert_int_equal(desk->order.reference, 420);
        assert_int_equal(look(desk, number).answer, CALIBRATION_UNDER_WAY);
        report(desk, number, rows[i].error, -35);
        struct calibration ended = look(desk, number);
        assert_int_equal(ended.answer, rows[i].answer);
        assert_int_equal(ended.correction_ppm, rows[i].error ? 0 : -35);
        recorded(desk, &ended);
    }
    for (size_t i = 0; i < CALIBRATION_ANSWER_COUNT; i++) {
        assert_true(calibration_answer_words[i] && calibration_answer_sentences[i]);
    }
}

static void refusals_push_nothing_out(void **state)
{
    struct desk *desk = *state;
    uint64_t number = begin(desk, false).number;
    for (int i = 0; i < 20; i++) {
        refused(desk, false, CALIBRATION_BUSY);
    }
    assert_int_equal(look(desk, number).answer, CALIBRATION_UNDER_WAY);
    report(desk, number, 0, 12);
    struct calibration ended = look(desk, number);
    recorded(desk, &ended);
    desk->order_answer = -EBUSY;
    for (int i = 0; i < 11; i++) { // were these and those counted, the next would take its place
        refused(desk, false, CALIBRATION_BUSY);
    }
    desk->order_answer = 0;
    begin(desk, false);
    assert_int_equal(look(desk, number).correction_ppm, 12);
}

// The worker hangs in the kernel: others must not wait for it, and what it says after all is not lost.
static void one_that_is_not_heard_of_is_given_up(void **state)
{
    struct desk *desk = *state;
    uint64_t first = begin(desk, false).number;
    desk->now.boottime_ns = desk->order.deadline_ns;
    calibrations_tick(desk->calibrations, &desk->now);
    assert_int_equal(look(desk, first).answer, CALIBRATION_UNDER_WAY); // the worker may just be saying so
    desk->now.boottime_ns += 2 * NS_PER_S;
    calibrations_tick(desk->calibrations, &desk->now);
    struct calibration given_up = look(desk, first);
    assert_int_equal(given_up.answer, CALIBRATION_TIMED_OUT);
    recorded(desk, &given_up);
    uint64_t second = begin(desk, false).number;
    report(desk, first, -EREMOTEIO, 0);
    nothing_recorded(desk);
    report(desk, first, 0, 50);
    struct calibration late = look(desk, first);
    assert_int_equal(late.answer, CALIBRATION_DONE);
    recorded(desk, &late);
    assert_int_equal(look(desk, second).answer, CALIBRATION_UNDER_WAY);
    refused(desk, false, CALIBRATION_BUSY);
    report(desk, second, 0, 1);
    struct calibration ended = look(desk, second);
    recorded(desk, &ended);
    desk->now.boottime_ns += 100 * NS_PER_S;
    calibrations_tick(desk->calibrations, &desk->now);
    nothing_recorded(desk);
}

static void one_ends_with_the_guard(void **state)
{
    struct desk *desk = *state;
    calibrations_stop(desk->calibrations, &desk->now);
    nothing_recorded(desk);
    uint64_t number = begin(desk, false).number;
    calibrations_stop(desk->calibrations, &desk->now);
    struct calibration ended = look(desk, number);
    assert_int_equal(ended.answer, CALIBRATION_STOPPED);
    recorded(desk, &ended);
}

// ---- What the bus's worker makes of it

static char i2c[] = "/dev/i2c-1";
static struct config_bus bus = { .id = "main", .i2c = i2c };
static struct config_sensor sensors[] = {
    { .id = "air", .driver = "scd41", .bus = 0, .address = 0x62, .every_ms = 5000 },
    { .id = "nap", .driver = "scd30", .bus = 0, .address = 0x61, .every_ms = 2000 },
    { .id = "climate", .driver = "sht4x", .bus = 0, .address = 0x44, .every_ms = 1000 },
};
enum { AIR, NAP, CLIMATE, SENSORS };
static struct config_room room = { .id = "bee", .sensors = sensors, .n_sensors = SENSORS };
static struct config config = { .buses = &bus, .n_buses = 1, .rooms = &room, .n_rooms = 1 };

static int start_bus(void **state)
{
    assert_int_equal(sim_build(&config), 0);
    sim_bus_set_timeout_ms(5);
    struct bus_worker *worker = bus_worker_new(&bus);
    for (size_t i = 0; i < SENSORS; i++) {
        assert_int_equal(bus_worker_add(worker, i, &sensors[i], NULL), 0);
    }
    assert_int_equal(bus_worker_start(worker), 0);
    *state = worker;
    return 0;
}

static int stop_bus(void **state)
{
    bus_worker_stop(*state);
    sim_destroy();
    return 0;
}

// The next report of a kind about a point; counts those of others about CO2 and climate that came before.
static struct report await(struct bus_worker *worker, size_t point, enum report_kind kind,
                           unsigned *ret_others)
{
    struct reports *reports = bus_worker_reports(worker);
    for (;;) {
        struct report next;
        struct pollfd readable = { .fd = reports_fd(reports), .events = POLLIN };
        if (poll(&readable, 1, PATIENCE_MS) != 1) {
            fail_msg("this was not told of point %zu", point);
        }
        if (reports_take(reports, &next, 1) != 1) {
            continue;
        }
        if (next.point == point && next.kind == kind) {
            return next;
        }
        if (ret_others && next.point != point && next.kind == REPORT_READING) {
            ++*ret_others;
        }
    }
}

static int32_t next_co2(struct bus_worker *worker, size_t point)
{
    for (;;) {
        struct report next = await(worker, point, REPORT_READING, NULL);
        if (next.reading.quantity == QUANTITY_CO2) {
            return next.reading.value;
        }
    }
}

static void order(struct bus_worker *worker, size_t point, uint64_t number, int32_t reference)
{
    const struct calibration_order order = { .number = number,
                                             .point = point,
                                             .reference = reference,
                                             .deadline_ns = clock_boottime_ns() + 600 * NS_PER_S };
    assert_int_equal(bus_worker_calibrate(worker, &order), 0);
}

static void comes_to(struct bus_worker *worker, size_t point, uint64_t number, int error)
{
    struct report said = await(worker, point, REPORT_CALIBRATED, NULL);
    assert_int_equal(said.calibration, number);
    assert_int_equal(said.error, error);
}

// They have measured for more than three minutes, and still do.
static void settle(struct bus_worker *worker, size_t point)
{
    next_co2(worker, point);
    let_pass(200 * NS_PER_S);
    next_co2(worker, point);
}

static void a_part_is_calibrated_and_measures_on(void **state)
{
    struct bus_worker *worker = *state;
    for (size_t point = AIR; point <= NAP; point++) {
        assert_int_equal(sim_set("bee", sensors[point].id, QUANTITY_CO2, 455), 0);
        while (next_co2(worker, point) != 455) {
        }
        settle(worker, point);
        order(worker, point, 7 + point, 420);
        unsigned others = 0;
        struct report said = await(worker, point, REPORT_CALIBRATED, &others);
        assert_int_equal(said.calibration, 7 + point);
        assert_int_equal(said.error, 0);
        assert_int_equal(said.reading.value, -35);
        assert_int_equal(next_co2(worker, point), 420);
    }
}

static void a_refusal_disturbs_nothing(void **state)
{
    struct bus_worker *worker = *state;
    order(worker, AIR, 1, 420); // it has not even been started
    comes_to(worker, AIR, 1, -EBUSY);
    next_co2(worker, AIR);
    order(worker, AIR, 2, 420);
    comes_to(worker, AIR, 2, -EBUSY);
    order(worker, AIR, 3, 399);
    comes_to(worker, AIR, 3, -EINVAL);
    assert_int_equal(next_co2(worker, AIR), 600);
    settle(worker, AIR);
    order(worker, AIR, 4, 2001);
    comes_to(worker, AIR, 4, -EINVAL);
    order(worker, AIR, 5, 420); // and it was not started anew by any of these
    comes_to(worker, AIR, 5, 0);
}

static void who_can_not_be_told(void **state)
{
    struct bus_worker *worker = *state;
    struct calibration_order wanted = { .number = 1, .point = CLIMATE, .reference = 420 };
    assert_int_equal(bus_worker_calibrate(worker, &wanted), -ENOTSUP);
    wanted.point = SENSORS;
    assert_int_equal(bus_worker_calibrate(worker, &wanted), -ENOENT);
}

static void a_part_that_fails_meanwhile(void **state)
{
    struct bus_worker *worker = *state;
    settle(worker, AIR);
    assert_int_equal(sim_fault("bee", "air", SIM_FAULT_NACK), 0);
    order(worker, AIR, 1, 420);
    comes_to(worker, AIR, 1, -EREMOTEIO);
    assert_int_equal(await(worker, AIR, REPORT_TROUBLE, NULL).trouble, TROUBLE_NO_ANSWER);
    assert_int_equal(sim_fault("bee", "air", SIM_FAULT_NONE), 0);
    assert_int_equal(await(worker, AIR, REPORT_TROUBLE, NULL).trouble, TROUBLE_NONE);
    settle(worker, AIR);
    assert_int_equal(sim_fault("bee", "climate", SIM_FAULT_HANG), 0); // holds the wires of all
    order(worker, AIR, 2, 420);
    comes_to(worker, AIR, 2, -ETIMEDOUT);
}

static void an_adapter_that_is_pulled(void **state)
{
    struct bus_worker *worker = *state;
    settle(worker, NAP);
    sim_bus_pull(i2c, true);
    order(worker, NAP, 1, 420);
    comes_to(worker, NAP, 1, -ENODEV);
    sim_bus_pull(i2c, false);
    next_co2(worker, NAP);
}

static void nothing_is_begun_after_its_deadline(void **state)
{
    struct bus_worker *worker = *state;
    settle(worker, NAP);
    const struct calibration_order late = {
        .number = 9, .point = NAP, .reference = 420, .deadline_ns = clock_boottime_ns() - 1
    };
    assert_int_equal(bus_worker_calibrate(worker, &late), 0);
    comes_to(worker, NAP, 9, -ETIMEDOUT);
    assert_int_equal(next_co2(worker, NAP), 600);
}

#define DESK(TEST)   cmocka_unit_test_setup_teardown(TEST, open_desk, close_desk)
#define WORKER(TEST) cmocka_unit_test_setup_teardown(TEST, start_bus, stop_bus)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(what_is_refused_at_once),
        DESK(every_outcome_has_its_answer),
        DESK(refusals_push_nothing_out),
        DESK(one_that_is_not_heard_of_is_given_up),
        DESK(one_ends_with_the_guard),
        WORKER(a_part_is_calibrated_and_measures_on),
        WORKER(a_refusal_disturbs_nothing),
        WORKER(who_can_not_be_told),
        WORKER(a_part_that_fails_meanwhile),
        WORKER(an_adapter_that_is_pulled),
        WORKER(nothing_is_begun_after_its_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
