// The guard's parts that can be held in the hand: ring, mailbox, plan, recorder, minutes.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "gateway/guard/cadence.h"
#include "gateway/guard/guard.h"
#include "gateway/guard/local_time.h"
#include "gateway/guard/mailbox.h"
#include "gateway/guard/minutes.h"
#include "gateway/guard/plan.h"
#include "gateway/guard/recorder.h"
#include "gateway/guard/ring.h"
#include "gateway/journal/reader.h"

// ---- ring

static struct event event_of(enum event_class class, int64_t number)
{
    struct event event = { .type = EVENT_DOOR_OPENED, .class = class, .room = "butterfly", .item = "door" };
    event_add_number(&event, FIELD_ACTIVE, number);
    return event;
}

static void ring_gives_back_in_the_order_of_tickets(void **state)
{
    (void)state;
    struct ring *ring = ring_new();
    static const enum event_class order[] = { CLASS_ACCESS, CLASS_FIRE, CLASS_ACCESS, CLASS_SYSTEM,
                                              CLASS_FIRE };
    for (size_t i = 0; i < 5; i++) {
        struct event event = event_of(order[i], (int64_t)i);
        assert_int_equal(ring_push(ring, &event), i + 1);
    }
    struct ring_entry entries[8];
    assert_int_equal(ring_take(ring, entries, 3), 3);
    assert_int_equal(ring_waiting(ring), 2);
    struct pollfd more = { .fd = ring_fd(ring), .events = POLLIN };
    assert_int_equal(poll(&more, 1, 0), 1); // what is left still wakes the reader
    assert_int_equal(ring_take(ring, entries + 3, 5), 2);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(entries[i].ticket, i + 1);
        assert_int_equal(entries[i].event.class, order[i]);
        assert_int_equal(entries[i].event.values[0].number, i);
    }
    assert_int_equal(poll(&more, 1, 0), 0);
    ring_free(ring);
}

static void a_flood_of_doors_loses_the_oldest_doors_and_no_fire(void **state)
{
    (void)state;
    struct ring *ring = ring_new();
    struct event fire = event_of(CLASS_FIRE, 0);
    (void)ring_push(ring, &fire);
    for (int64_t i = 0; i < 5000; i++) {
        struct event door = event_of(CLASS_ACCESS, i);
        (void)ring_push(ring, &door);
    }
    uint64_t lost[CLASS_COUNT];
    ring_take_lost(ring, lost);
    assert_int_equal(lost[CLASS_FIRE], 0);
    size_t kept = ring_waiting(ring) - 1;
    assert_int_equal(lost[CLASS_ACCESS] + kept, 5000);
    struct ring_entry *entries = calloc(kept + 1, sizeof *entries);
    assert_int_equal(ring_take(ring, entries, kept + 1), kept + 1);
    assert_int_equal(entries[0].event.class, CLASS_FIRE);
    assert_int_equal(entries[kept].event.values[0].number, 4999); // the newest is there
    assert_int_equal(entries[1].event.values[0].number, 5000 - (int64_t)kept);
    ring_take_lost(ring, lost);
    assert_int_equal(lost[CLASS_ACCESS], 0); // counted once
    free(entries);
    ring_free(ring);
}

// ---- mailbox

static void *call(void *user)
{
    struct mailbox *mailbox = user;
    struct request request = { .kind = REQUEST_ASK, .input = { .alarm = 7 } };
    int r = mailbox_call(mailbox, &request);
    return (void *)(intptr_t)(r == 0 ? (int)request.ticket : r);
}

static void a_call_waits_for_its_answer(void **state)
{
    (void)state;
    struct mailbox *mailbox = mailbox_new();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call, mailbox), 0);
    struct pollfd fd = { .fd = mailbox_fd(mailbox), .events = POLLIN };
    assert_int_equal(poll(&fd, 1, 10000), 1);
    struct request *request = mailbox_take(mailbox);
    assert_non_null(request);
    assert_int_equal(request->input.alarm, 7);
    request->ticket = 42;
    mailbox_done(mailbox);
    assert_null(mailbox_take(mailbox));
    void *result;
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, 42);
    mailbox_free(mailbox);
}

static void a_call_ends_when_the_guard_stops(void **state)
{
    (void)state;
    struct mailbox *mailbox = mailbox_new();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call, mailbox), 0);
    struct pollfd fd = { .fd = mailbox_fd(mailbox), .events = POLLIN };
    assert_int_equal(poll(&fd, 1, 10000), 1);
    mailbox_stop(mailbox);
    void *result;
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, -ECANCELED);
    mailbox_free(mailbox);
}

// ---- plan

static const char room_text[] =
    "gateway: { id: gw-1, site: site-1 }\n"
    "buses: [ { id: main, i2c: /dev/i2c-1 } ]\n"
    "rooms:\n"
    "  - id: butterfly\n"
    "    sensors:\n"
    "      - { id: air, driver: scd41, bus: main }\n"
    "      - { id: smoke-1, driver: contact, line: GPIO17, role: smoke, wiring: normally-closed }\n"
    "      - { id: door, driver: contact, line: GPIO27, role: door }\n"
    "    readers: [ { id: entry, driver: wiegand, d0: GPIO5, d1: GPIO6 } ]\n"
    "    outputs: [ { id: siren, line: GPIO22, role: sounder } ]\n"
    "    rules:\n"
    "      - { id: co2-high, on: air.co2, above: 1500, for_s: 60, deadband: 100, severity: warning }\n"
    "      - { id: co2-far-too-high, on: air.co2, above: 5000, severity: critical }\n";

static struct config *config_of(const char *text)
{
    struct config *config = NULL;
    assert_int_equal(
        config_parse("room.yaml", text, strlen(text), &guard_catalogue, config_report_text, stderr, &config),
        0);
    return config;
}

static const struct core_alarm *alarm_named(const struct plan *plan, const char *name)
{
    size_t i = plan_find_alarm(plan, name);
    assert_true(i < plan->core.n_alarms);
    char found[NAME_SIZE];
    plan_alarm_name(plan, i, found, sizeof found);
    assert_string_equal(found, name);
    return &plan->core.alarms[i];
}

static void every_point_rule_and_output_is_in_the_plan(void **state)
{
    (void)state;
    struct config *config = config_of(room_text);
    struct plan *plan = plan_new(config);
    assert_int_equal(plan->core.n_points, 2 + 3 + 1 + 1); // the gateway's two, sensors, reader, output
    assert_int_equal(plan->core.n_alarms,
                     7 + 5 + 1 + 2 + 1); // a trouble each, isolated, smoke, two rules, floor
    assert_int_equal(plan->core.n_outputs, 1);

    const struct core_alarm *smoke = alarm_named(plan, "butterfly/smoke-1");
    assert_int_equal(smoke->class, CLASS_FIRE);
    assert_int_equal(smoke->ending, ALARM_LATCHES);
    const struct core_alarm *high = alarm_named(plan, "butterfly/co2-high");
    assert_int_equal(high->threshold, 1500);
    assert_int_equal(high->on_delay_ns, 60 * NS_PER_S);
    assert_int_equal(high->ending, ALARM_CLEARS_ITSELF);
    assert_string_equal(plan->core.points[high->point].id, "air");
    assert_int_equal(alarm_named(plan, "butterfly/co2-far-too-high")->ending, ALARM_WANTS_ANSWER);
    assert_int_equal(alarm_named(plan, "butterfly/air.trouble")->kind, CORE_ALARM_TROUBLE);
    assert_int_equal(alarm_named(plan, "gateway/journal.trouble")->point, plan->journal_point);
    const struct core_alarm *night = alarm_named(plan, "butterfly/air.floor");
    assert_int_equal(night->kind, CORE_ALARM_FLOOR);
    assert_int_equal(night->severity, SEVERITY_ADVISORY);
    assert_int_equal(night->ending, ALARM_CLEARS_ITSELF);
    assert_int_equal(night->point, high->point);
    static const char *const strangers[] = { "butterfly/door",   "butterfly/door.floor", "butterfly", "", "/",
                                             "butterfl/smoke-1", "butterfly/smoke-1/" };
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        assert_true(plan_find_alarm(plan, strangers[i]) == SIZE_MAX);
    }
    plan_free(plan);
    config_free(config);
}

// ---- local time

static enum night night_at(int64_t wall_s)
{
    local_time_follow(wall_s * 1000);
    return local_time_night(wall_s * 1000, CLOCK_SYNCHRONISED);
}

// One to five in the morning, on both sides of both changes of the clock.
static void night_is_where_the_rooms_are(void **state)
{
    (void)state;
    const int64_t hour = 3600;
    const int64_t winter = 1767225600; // 2026-01-01T00:00Z
    const int64_t summer = 1782864000; // 2026-07-01T00:00Z
    assert_int_equal(local_time_start("Asia/Shanghai", winter * 1000), 0);
    assert_int_equal(night_at(winter + 17 * hour - 1), NIGHT_NO);
    assert_int_equal(night_at(winter + 17 * hour), NIGHT_YES);
    assert_int_equal(night_at(winter + 21 * hour - 1), NIGHT_YES);
    assert_int_equal(night_at(winter + 21 * hour), NIGHT_NO);
    assert_int_equal(night_at(summer + 17 * hour), NIGHT_YES);

    assert_int_equal(local_time_start("America/New_York", winter * 1000), 0); // west, with summer time
    assert_int_equal(night_at(winter + 6 * hour - 1), NIGHT_NO);
    assert_int_equal(night_at(winter + 6 * hour), NIGHT_YES);
    assert_int_equal(night_at(winter + 10 * hour), NIGHT_NO);
    assert_int_equal(night_at(summer + 5 * hour), NIGHT_YES);
    assert_int_equal(night_at(summer + 9 * hour), NIGHT_NO);
    assert_int_equal(night_at(1772953200 - 1), NIGHT_YES); // 2026-03-08T07:00Z, two becomes three
    assert_int_equal(night_at(1772953200 + 2 * hour), NIGHT_NO);
}

static void night_is_unknown_where_the_clock_or_the_zone_is(void **state)
{
    (void)state;
    const int64_t two_ms = (1767225600 + 7200) * INT64_C(1000);
    assert_int_equal(local_time_start("UTC", two_ms), 0);
    assert_int_equal(local_time_night(two_ms, CLOCK_SYNCHRONISED), NIGHT_YES);
    assert_int_equal(local_time_night(two_ms, CLOCK_MANUAL), NIGHT_YES);
    assert_int_equal(local_time_night(two_ms, CLOCK_UNSYNCHRONISED), NIGHT_UNKNOWN);
    assert_int_equal(local_time_start("Europe/Atlantis", two_ms), 0);
    assert_int_equal(local_time_night(two_ms, CLOCK_SYNCHRONISED), NIGHT_UNKNOWN);
    assert_int_equal(local_time_start("UTC", two_ms), 0);
}

// ---- recorder

static char *temporary(void)
{
    char *path = strdup("/tmp/careroom-guard-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static void await_fd(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    eventfd_t seen;
    assert_int_equal(poll(&poll_fd, 1, 20000), 1);
    assert_int_equal(eventfd_read(fd, &seen), 0);
}

static void await_sequence(struct recorder *recorder, uint64_t sequence)
{
    while (recorder_sequence(recorder) < sequence) {
        await_fd(recorder_commit_fd(recorder));
    }
}

static const struct line_identity identity = { .gateway = "gw-1", .site = "site-1", .boot_id = "boot" };

static void what_could_not_be_written_is_written_when_the_disk_is_back(void **state)
{
    (void)state;
    char *parent = temporary(), *dir = NULL;
    assert_true(asprintf(&dir, "%s/state", parent) > 0); // not there yet: a disk that is away
    struct ring *ring = ring_new();
    struct recorder *recorder = recorder_start(
        &(struct recorder_setup){ .ring = ring, .state_dir = dir, .identity = &identity, .error = -ENOENT });
    assert_non_null(recorder);
    await_fd(recorder_state_fd(recorder));
    assert_true(recorder_error(recorder) < 0);
    for (int64_t i = 0; i < 3000; i++) { // more than the ring of the class holds
        struct event door = event_of(CLASS_ACCESS, i);
        (void)ring_push(ring, &door);
    }
    struct event fire = event_of(CLASS_FIRE, 1);
    uint64_t ticket = ring_push(ring, &fire);
    assert_int_equal(recorder_sequence_of(recorder, ticket), 0);
    assert_int_equal(mkdir(dir, 0700), 0);
    while (!recorder_sequence_of(recorder, ticket)) {
        await_fd(recorder_commit_fd(recorder));
    }
    await_sequence(recorder, recorder_sequence_of(recorder, ticket));
    assert_int_equal(recorder_error(recorder), 0);
    assert_true(recorder_lost(recorder) > 0);
    assert_true(recorder_stop(recorder, 20000));

    char *file = NULL;
    struct journal_reader *reader;
    struct journal_verdict verdict;
    assert_true(asprintf(&file, "%s/%s", dir, JOURNAL_FILE) > 0);
    assert_int_equal(journal_reader_open(file, &reader), 0);
    assert_int_equal(journal_verify(reader, NULL, NULL, &verdict), 0);
    assert_int_equal(verdict.per_class[CLASS_FIRE], 1);
    assert_int_equal(verdict.per_class[CLASS_SYSTEM], 1); // the loss itself is told
    assert_true(verdict.per_class[CLASS_ACCESS] < 3000);
    struct journal_row row;
    assert_int_equal(journal_next_of_class(reader, CLASS_SYSTEM, 0, &row), 1);
    assert_non_null(strstr(row.line, "\"lostclass\":\"access\""));
    journal_reader_close(reader);
    ring_free(ring);
    free(file);
    free(dir);
    free(parent);
}

// ---- cadence

// Walk from change to change through two minutes: the time active is what the pattern says, and no step is
// missed or idle.
static uint64_t active_of_120_s(enum core_pattern pattern)
{
    uint64_t at_ns = 0, active_ns = 0, change_ns;
    while (at_ns < 120 * NS_PER_S) {
        bool active = cadence_active(pattern, at_ns, &change_ns), after;
        uint64_t unused, step_ns = change_ns < 120 * NS_PER_S - at_ns ? change_ns : 120 * NS_PER_S - at_ns;
        assert_true(step_ns > 0);
        after = cadence_active(pattern, at_ns + step_ns - 1, &unused);
        assert_int_equal(after, active);
        if (change_ns != UINT64_MAX) {
            assert_int_equal(cadence_active(pattern, at_ns + change_ns, &unused), !active);
        }
        active_ns += active ? step_ns : 0;
        at_ns += step_ns;
    }
    return active_ns;
}

static void patterns_take_their_time(void **state)
{
    (void)state;
    assert_int_equal(active_of_120_s(PATTERN_OFF), 0);
    assert_int_equal(active_of_120_s(PATTERN_ON), 120 * NS_PER_S);
    assert_int_equal(active_of_120_s(PATTERN_EVACUATE), 30 * 1500 * NS_PER_MS);
    assert_int_equal(active_of_120_s(PATTERN_DRILL), 60 * NS_PER_S);
    assert_int_equal(active_of_120_s(PATTERN_WARNING), 60 * 200 * NS_PER_MS);
    assert_int_equal(active_of_120_s(PATTERN_TROUBLE), 12 * 100 * NS_PER_MS);
}

static void evacuation_is_temporal_three(void **state)
{
    (void)state;
    static const struct {
        int64_t ms, tolerance_ms;
    } signal[] = { { 500, 50 }, { 500, 50 }, { 500, 50 }, { 500, 50 }, { 500, 50 }, { 1500, 150 } };
    uint64_t at_ns = 0, change_ns;
    for (unsigned turn = 0; turn < 1000; turn++) {
        for (size_t i = 0; i < 6; i++) {
            assert_int_equal(cadence_active(PATTERN_EVACUATE, at_ns, &change_ns), i % 2 == 0);
            int64_t off_ms = (int64_t)(change_ns / NS_PER_MS) - signal[i].ms;
            assert_true(off_ms <= signal[i].tolerance_ms && off_ms >= -signal[i].tolerance_ms);
            at_ns += change_ns;
        }
    }
    assert_int_equal(at_ns, 4000 * NS_PER_S); // 1000 turns of 4 s: no drift
}

struct shape {
    unsigned pulses;
    unsigned pulse_ms, turn_ms; // the longest pulse
};

static struct shape shape_of(enum core_pattern pattern)
{
    struct shape shape = { 0 };
    const uint16_t *turn = cadence_turn(pattern);
    for (size_t i = 0; turn[i]; i++) {
        shape.turn_ms += turn[i];
        shape.pulses += i % 2 == 0;
        shape.pulse_ms = i % 2 == 0 && turn[i] > shape.pulse_ms ? turn[i] : shape.pulse_ms;
    }
    return shape;
}

static bool twice(unsigned a, unsigned b)
{
    return a >= 2 * b || b >= 2 * a;
}

// Two patterns are told apart by how many pulses a group has, or by a length that differs by a factor of two.
static void no_pattern_is_taken_for_another(void **state)
{
    (void)state;
    for (enum core_pattern p = PATTERN_TROUBLE; p < PATTERN_COUNT; p++) {
        struct shape a = shape_of(p);
        assert_true(a.pulses > 0);
        for (enum core_pattern q = PATTERN_TROUBLE; q < p; q++) {
            struct shape b = shape_of(q);
            assert_true(a.pulses != b.pulses || twice(a.pulse_ms, b.pulse_ms) || twice(a.turn_ms, b.turn_ms));
        }
        if (p == PATTERN_EVACUATE) {
            continue;
        }
        assert_true(a.pulses != 3 && a.pulses != 4); // fire and, by custom, carbon monoxide
        for (size_t i = 0; cadence_turn(p)[i]; i += 2) {
            assert_true(twice(cadence_turn(p)[i], 500)); // no pulse of a fire's length
        }
    }
}

// ---- minutes

static void a_minute_is_stored_when_it_is_over(void **state)
{
    (void)state;
    char *dir = temporary();
    struct config *config = config_of(room_text);
    struct plan *plan = plan_new(config);
    struct ring *ring = ring_new();
    struct recorder_setup setup = { .ring = ring, .state_dir = dir, .identity = &identity };
    assert_int_equal(journal_open(dir, &identity, &setup.journal), 0);
    struct recorder *recorder = recorder_start(&setup);
    struct minutes *minutes = minutes_new(plan);
    size_t air = plan->core.alarms[plan_find_alarm(plan, "butterfly/co2-high")].point;
    minutes_tick(minutes, 6000, recorder);
    minutes_add(minutes, air, QUANTITY_CO2, 600);
    minutes_add(minutes, air, QUANTITY_CO2, 900);
    minutes_tick(minutes, 6059, recorder);
    minutes_add(minutes, air, QUANTITY_CO2, 700);
    minutes_tick(minutes, 6060, recorder);
    minutes_add(minutes, air, QUANTITY_CO2, 1000);
    minutes_flush(minutes, recorder);
    assert_true(recorder_stop(recorder, 20000));
    char *file = NULL;
    assert_true(asprintf(&file, "%s/%s", dir, JOURNAL_FILE) > 0);
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_stmt *rows;
    assert_int_equal(
        sqlite3_prepare_v2(db, "select minute_wall_s, min, mean, max, last, samples from minute order by 1",
                           -1, &rows, NULL),
        SQLITE_OK);
    static const int expected[2][6] = { { 6000, 600, 733, 900, 700, 3 },
                                        { 6060, 1000, 1000, 1000, 1000, 1 } };
    for (size_t r = 0; r < 2; r++) {
        assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
        for (int c = 0; c < 6; c++) {
            assert_int_equal(sqlite3_column_int(rows, c), expected[r][c]);
        }
    }
    assert_int_equal(sqlite3_step(rows), SQLITE_DONE);
    sqlite3_finalize(rows);
    sqlite3_close(db);
    free(file);
    minutes_free(minutes);
    ring_free(ring);
    plan_free(plan);
    config_free(config);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_gives_back_in_the_order_of_tickets),
        cmocka_unit_test(a_flood_of_doors_loses_the_oldest_doors_and_no_fire),
        cmocka_unit_test(a_call_waits_for_its_answer),
        cmocka_unit_test(a_call_ends_when_the_guard_stops),
        cmocka_unit_test(every_point_rule_and_output_is_in_the_plan),
        cmocka_unit_test(night_is_where_the_rooms_are),
        cmocka_unit_test(night_is_unknown_where_the_clock_or_the_zone_is),
        cmocka_unit_test(what_could_not_be_written_is_written_when_the_disk_is_back),
        cmocka_unit_test(patterns_take_their_time),
        cmocka_unit_test(evacuation_is_temporal_three),
        cmocka_unit_test(no_pattern_is_taken_for_another),
        cmocka_unit_test(a_minute_is_stored_when_it_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
