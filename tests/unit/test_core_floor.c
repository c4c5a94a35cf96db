// What the core says of a CO2 sensor by the air of the night: nights of readings, each in a millisecond.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/core.h"

#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum { A_TROUBLE, A_FLOOR, A_HIGH, ALARMS };
enum { O_SIREN, O_LIGHT, O_FAN, OUTPUTS };

static const struct core_point points[] = {
    { .room = "bee", .id = "air", .trouble_id = "air.trouble", .stale_ns = 4 * MINUTE },
};
static const struct core_alarm alarms[ALARMS] = {
    [A_TROUBLE] = { .room = "bee",
                    .id = "air.trouble",
                    .kind = CORE_ALARM_TROUBLE,
                    .severity = SEVERITY_TROUBLE,
                    .class = CLASS_FAULT,
                    .ending = ALARM_CLEARS_ITSELF },
    [A_FLOOR] = { .room = "bee",
                  .id = "air.floor",
                  .kind = CORE_ALARM_FLOOR,
                  .severity = SEVERITY_ADVISORY,
                  .class = CLASS_FAULT,
                  .ending = ALARM_CLEARS_ITSELF },
    [A_HIGH] = { .room = "bee",
                 .id = "co2-high",
                 .kind = CORE_ALARM_THRESHOLD,
                 .severity = SEVERITY_WARNING,
                 .class = CLASS_SAFETY,
                 .ending = ALARM_CLEARS_ITSELF,
                 .quantity = QUANTITY_CO2,
                 .above = true,
                 .threshold = 1500,
                 .deadband = 100 },
};
static const struct core_output outputs[OUTPUTS] = {
    [O_SIREN] = { .room = "bee", .id = "siren", .role = OUTPUT_SOUNDER },
    [O_LIGHT] = { .room = "bee", .id = "light", .role = OUTPUT_BEACON },
    [O_FAN] = { .room = "bee", .id = "fan", .role = OUTPUT_VENTILATION },
};
static const struct core_plan plan = { .points = points,
                                       .n_points = 1,
                                       .alarms = alarms,
                                       .n_alarms = ALARMS,
                                       .outputs = outputs,
                                       .n_outputs = OUTPUTS,
                                       .n_rooms = 1 };

static _Alignas(16) unsigned char memory[1 << 17];
static struct core *core;
static struct core_actions actions;
static uint64_t day;             // those that have begun
static bool clock_known;         // else it is told of no hour whether it is night
static unsigned raised, cleared; // of the floor, by the events
static struct event last;        // of the floor

static void start(void)
{
    struct core_now now = { .boottime_ns = day * DAY };
    assert_true(core_size(&plan) <= sizeof memory);
    core = core_init(memory, &plan, &now);
}

static void read_co2(uint64_t at_ns, int32_t ppm)
{
    uint64_t hour = at_ns % DAY / HOUR;
    struct core_now now = { .boottime_ns = at_ns,
                            .clock = clock_known ? CLOCK_SYNCHRONISED : CLOCK_UNSYNCHRONISED,
                            .night = !clock_known            ? NIGHT_UNKNOWN
                                     : hour >= 1 && hour < 5 ? NIGHT_YES
                                                             : NIGHT_NO };
    core_step(core,
              &(struct core_input){ .kind = CORE_INPUT_READING, .quantity = QUANTITY_CO2, .value = ppm },
              &now, &actions);
    for (size_t i = 0; i < actions.n_events; i++) {
        if (strcmp(actions.events[i].item, "air.floor") == 0) {
            last = actions.events[i];
            raised += last.type == EVENT_ALARM_RAISED;
            cleared += last.type == EVENT_ALARM_CLEARED;
        }
    }
}

// A day of readings, one a minute: those of the night, and 900 by day.
static void live(int32_t night_ppm)
{
    for (uint64_t at = 0; at < DAY; at += MINUTE) {
        uint64_t hour = at / HOUR;
        read_co2(day * DAY + at, hour >= 1 && hour < 5 ? night_ppm : 900);
    }
    day++;
}

static bool stands(size_t alarm)
{
    struct core_alarm_view view;
    core_view_alarm(core, alarm, &view);
    return alarm_standing(view.state);
}

static int begin(void **state)
{
    (void)state;
    day = raised = cleared = 0;
    clock_known = true;
    start();
    return 0;
}

static void a_drifted_sensor_is_told_of_after_three_nights(void **state)
{
    (void)state;
    live(700);
    live(700);
    assert_false(stands(A_FLOOR));
    live(720);
    assert_true(stands(A_FLOOR));
    assert_int_equal(raised, 1);
    assert_int_equal(last.class, CLASS_FAULT);
    bool told = false;
    for (unsigned i = 0; i < last.n_values; i++) {
        told |= last.values[i].field == FIELD_CO2_PPM && last.values[i].number == 720;
    }
    assert_true(told);
    for (unsigned n = 0; n < 27; n++) { // a month: told once
        live(700);
    }
    assert_int_equal(raised, 1);
    assert_int_equal(cleared, 0);
}

static void a_sensor_that_reads_too_low_is_told_of_too(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 3; n++) {
        live(320);
    }
    assert_true(stands(A_FLOOR));
}

static void an_aired_room_is_not_told_of(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 30; n++) {
        live(n % 3 == 0 ? 430 : 700); // the windows are open every third night
    }
    assert_int_equal(raised, 0);
}

static void one_good_night_ends_it(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 5; n++) {
        live(700);
    }
    live(430);
    assert_false(stands(A_FLOOR));
    assert_int_equal(cleared, 1);
    live(700);
    live(700);
    assert_false(stands(A_FLOOR));
    live(700);
    assert_int_equal(raised, 2);
}

static void a_clock_that_is_not_set_says_nothing(void **state)
{
    (void)state;
    clock_known = false;
    for (unsigned n = 0; n < 30; n++) {
        live(700);
    }
    assert_int_equal(raised, 0);
    clock_known = true; // and from then on it counts from the beginning
    live(700);
    live(700);
    assert_int_equal(raised, 0);
    live(700);
    assert_int_equal(raised, 1);
    clock_known = false; // what stands neither ends nor is told again
    live(430);
    assert_true(stands(A_FLOOR));
    assert_int_equal(raised, 1);
}

static void the_sensor_goes_on_to_guard(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 3; n++) {
        live(700);
    }
    struct core_point_view view;
    core_view_point(core, 0, &view);
    assert_int_equal(view.trouble, TROUBLE_NONE);
    assert_false(stands(A_TROUBLE));
    // The light says that something is to be looked after, and not that the room is in danger.
    assert_int_equal(core_view_output(core, O_SIREN), PATTERN_OFF);
    assert_int_equal(core_view_output(core, O_LIGHT), PATTERN_TROUBLE);
    assert_int_equal(core_view_output(core, O_FAN), PATTERN_OFF);
    read_co2(day * DAY, 1600);
    assert_true(stands(A_HIGH));
    assert_int_equal(core_view_output(core, O_SIREN), PATTERN_WARNING);
    assert_int_equal(core_view_output(core, O_FAN), PATTERN_ON);
}

// The nights that were counted do not survive a restart; the alarm does, until a night is as it should be.
static void what_stood_before_a_restart_stands(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 3; n++) {
        live(700);
    }
    struct state_record record = last.record;
    start();
    assert_true(core_restore(core, &record, &(struct core_now){ 0 }));
    live(700);
    assert_true(stands(A_FLOOR));
    assert_int_equal(cleared, 0);
    live(430);
    assert_false(stands(A_FLOOR));
}

// A value that no room can have is no air of the night.
static void what_is_implausible_does_not_count(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 4; n++) {
        live(quantities[QUANTITY_CO2].max + 1);
    }
    assert_int_equal(raised, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_drifted_sensor_is_told_of_after_three_nights, begin),
        cmocka_unit_test_setup(a_sensor_that_reads_too_low_is_told_of_too, begin),
        cmocka_unit_test_setup(an_aired_room_is_not_told_of, begin),
        cmocka_unit_test_setup(one_good_night_ends_it, begin),
        cmocka_unit_test_setup(a_clock_that_is_not_set_says_nothing, begin),
        cmocka_unit_test_setup(the_sensor_goes_on_to_guard, begin),
        cmocka_unit_test_setup(what_stood_before_a_restart_stands, begin),
        cmocka_unit_test_setup(what_is_implausible_does_not_count, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
