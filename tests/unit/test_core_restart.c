// What of the life of alarms outlives a restart: of the gateway alone, and of the whole board, with and
// without a clock.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/life_building.h"

// ---- Restarts

// Everything that can stand at once: a fire answered and isolated, help latched, a rule suppressed, one
// shelved, a door that fire suppresses.
static void make_a_mess(void)
{
    contact(2 * S, P_SMOKE, 1);
    ack(3 * S, A_SMOKE);
    isolate(4 * S, P_SMOKE, 2 * H);
    ack(5 * S, A_SMOKE_I);
    contact(6 * S, P_HELP, 1);
    contact(7 * S, P_HELP, 0);
    contact(8 * S, P_WINDOW, 1);
    shelve(9 * S, A_DRY, H);
    contact(10 * S, P_DOOR, 1);
    isolate(11 * S, P_AIR2, 3 * H);
    shelve(12 * S, A_AIR2_T, H);
    refused(CORE_ANSWER_SET_ASIDE, "air-2.trouble");
    isolate(13 * S, P_HELP, H);
    refused(CORE_ANSWER_STANDS, "help");
}

static void assert_the_mess(void)
{
    assert_int_equal(state_of(A_SMOKE), ALARM_LATCHED_ACKNOWLEDGED);
    assert_int_equal(state_of(A_SMOKE_T), ALARM_OUT_OF_SERVICE);
    assert_int_equal(state_of(A_SMOKE_I), ALARM_ACKNOWLEDGED);
    assert_int_equal(state_of(A_HELP), ALARM_LATCHED_UNACKNOWLEDGED);
    assert_int_equal(state_of(A_COLD), ALARM_SUPPRESSED);
    assert_int_equal(state_of(A_DRY), ALARM_SHELVED);
    assert_int_equal(state_of(A_DOOR), ALARM_SUPPRESSED);
    assert_int_equal(state_of(A_APART), ALARM_OUT_OF_SERVICE);
    assert_int_equal(state_of(A_AIR2_T), ALARM_OUT_OF_SERVICE);
}

static void test_everything_comes_back_in_the_same_boot(void **unused)
{
    (void)unused;
    make_a_mess();
    assert_the_mess();
    life_restart(20 * S, false);
    tick(20 * S);
    assert_int_equal(n_events, 0);
    assert_the_mess();
    assert_int_equal(isolated_until(P_SMOKE), 4 * S + 2 * H);
    assert_int_equal(core_view_output(core, 0), PATTERN_EVACUATE);
    tick(9 * S + H);
    event_of(EVENT_ALARM_UNSHELVED, "dry");
    tick(4 * S + 2 * H);
    event_of(EVENT_POINT_REINSTATED, "smoke");
}

static void test_with_a_clock_ends_hold_across_boots(void **unused)
{
    (void)unused;
    make_a_mess();
    wall_offset_ms += 1800 * 1000; // off for half an hour: the new boottime begins there
    life_restart(1 * S, true);
    tick(1 * S);
    assert_int_equal(n_events, 0);
    assert_the_mess();
    assert_int_equal(isolated_until(P_SMOKE), 4 * S + 2 * H - H / 2);
    tick(9 * S + H / 2);
    event_of(EVENT_ALARM_UNSHELVED, "dry");
}

static void test_ends_that_passed_while_it_was_off_are_told(void **unused)
{
    (void)unused;
    make_a_mess();
    wall_offset_ms += 5 * 3600 * 1000;
    life_restart(1 * S, true);
    tick(1 * S);
    assert_string_equal(word(event_of(EVENT_ALARM_UNSHELVED, "dry"), FIELD_REASON), "expired");
    assert_string_equal(word(event_of(EVENT_POINT_REINSTATED, "smoke"), FIELD_REASON), "expired");
    event_of(EVENT_POINT_REINSTATED, "air-2");
    assert_int_equal(state_of(A_SMOKE_T), ALARM_NORMAL);
}

static void test_a_wall_clock_that_went_back_gives_no_more_time(void **unused)
{
    (void)unused;
    isolate(2 * S, P_SMOKE, H);
    wall_offset_ms -= 1000000000;
    life_restart(1 * S, true);
    tick(1 * S);
    assert_int_equal(isolated_until(P_SMOKE), 1 * S + H);
}

static void test_without_a_clock_shelves_end_and_isolations_stay(void **unused)
{
    (void)unused;
    make_a_mess();
    clock_quality = CLOCK_UNSYNCHRONISED;
    life_restart(1 * S, true);
    tick(1 * S);
    assert_string_equal(word(only(EVENT_ALARM_UNSHELVED, "dry"), FIELD_REASON), "expired");
    assert_int_equal(isolated_until(P_SMOKE), 1 * S + 2 * H - S); // acknowledged a second after it began
    assert_int_equal(isolated_until(P_AIR2), 1 * S + 3 * H);
    isolate(2 * S, P_AIR2, H);
    assert_null(find_value(event_of(EVENT_POINT_ISOLATED, "air-2"), FIELD_UNTIL_MS));

    // The new end is saved, or each start of the gateway would give it the whole time again.
    struct core_now now = at(3 * S);
    core_save(core, &now, keep_record, NULL);
    life_restart(H, false);
    tick(H);
    assert_int_equal(isolated_until(P_SMOKE), 1 * S + 2 * H - S);
    assert_int_equal(isolated_until(P_AIR2), 2 * S + H);
}

static void test_the_shelf_of_an_isolations_alarm_comes_back(void **unused)
{
    (void)unused;
    isolate(2 * S, P_AIR, 2 * H);
    shelve(3 * S, A_AIR_I, H);
    life_restart(4 * S, false);
    tick(4 * S);
    assert_int_equal(state_of(A_AIR_I), ALARM_SHELVED);
    wall_offset_ms += 1000;
    life_restart(4 * S, true);
    tick(4 * S);
    tick(2 * S + H - 1);
    assert_int_equal(state_of(A_AIR_I), ALARM_SHELVED);
    tick(2 * S + H);
    event_of(EVENT_ALARM_RAISED, "air.isolated");
    shelve(3 * S + H, A_AIR_I, 5 * H);
    isolate(4 * S + H, P_AIR, 0);
    life_restart(5 * S + H, false);
    tick(5 * S + H);
    assert_int_equal(state_of(A_AIR_I), ALARM_SHELVED);
    tick(3 * S + 6 * H);
    assert_int_equal(state_of(A_AIR_I), ALARM_NORMAL);
    assert_int_equal(isolated_until(P_AIR), 0);
}

static void test_a_shelf_that_outlasts_the_isolation_keeps_its_end(void **unused)
{
    (void)unused;
    isolate(2 * S, P_AIR, H);
    shelve(3 * S, A_AIR_I, 5 * H);
    life_restart(4 * S, false);
    tick(2 * S + H);
    event_of(EVENT_POINT_REINSTATED, "air");
    life_restart(3 * S + 2 * H, true);
    tick(3 * S + 2 * H);
    assert_int_equal(n_events, 0);
    assert_int_equal(state_of(A_AIR_I), ALARM_SHELVED);
    tick(3 * S + 5 * H);
    event_of(EVENT_ALARM_UNSHELVED, "air.isolated");
}

static void test_an_isolation_that_is_over_is_not_raised(void **unused)
{
    (void)unused;
    isolate(2 * S, P_AIR, H);
    shelve(3 * S, A_AIR_I, H / 2);
    wall_offset_ms += 5 * 3600 * 1000;
    life_restart(1 * S, true);
    tick(1 * S);
    event_of(EVENT_POINT_REINSTATED, "air");
    event_of(EVENT_ALARM_UNSHELVED, "air.isolated");
    assert_int_equal(occurrence_of(A_AIR_I), 1);
}

static void test_a_suppressed_alarm_waits_for_what_suppresses_it(void **unused)
{
    (void)unused;
    temperature(2 * S, 10000);
    contact(3 * S, P_WINDOW, 1);
    life_restart(4 * S, false);
    tick(4 * S);
    assert_int_equal(n_events, 0);
    temperature(5 * S, 10000);
    assert_int_equal(n_events, 0);
    contact(6 * S, P_WINDOW, 0);
    event_of(EVENT_ALARM_RELEASED, "cold");
    event_of(EVENT_ALARM_RAISED, "cold"); // met came back too
}

static void test_an_escalation_is_not_told_again(void **unused)
{
    (void)unused;
    contact(2 * S, P_HELP, 1);
    life_restart(100 * S, false);
    contact(101 * S, P_HELP, 1);
    tick(182 * S);
    only(EVENT_ALARM_ESCALATED, "help");
    life_restart(200 * S, false);
    tick(200 * S);
    assert_int_equal(n_events, 0);
    tick(1000 * S);
    assert_int_equal(n_events, 0);
    contact(1001 * S, P_HELP, 0);
    contact(1002 * S, P_HELP, 1);
    life_restart(1 * S, true); // of another boot: three minutes from now
    tick(1 * S);
    tick(181 * S);
    only(EVENT_ALARM_ESCALATED, "help");
}

static void test_a_shelf_of_what_latches_by_now_is_none(void **unused)
{
    (void)unused;
    struct state_record record = { .kind = RECORD_ALARM,
                                   .room = "bee",
                                   .item = "help",
                                   .state = ALARM_SHELVED,
                                   .condition = 1,
                                   .occurrence = 1,
                                   .until_boottime_ns = 10 * H };
    keep(&record);
    record.item = "smoke";
    record.state = ALARM_SUPPRESSED;
    keep(&record);
    life_restart(2 * S, false);
    last_told[A_HELP] = ALARM_SHELVED;
    last_told[A_SMOKE] = ALARM_SUPPRESSED;
    tick(2 * S);
    event_of(EVENT_ALARM_UNSHELVED, "help");
    event_of(EVENT_ALARM_RAISED, "help");
    event_of(EVENT_ALARM_RELEASED, "smoke");
    event_of(EVENT_ALARM_RAISED, "smoke");
    assert_int_equal(core_view_output(core, 0), PATTERN_EVACUATE);
}

static void test_out_of_service_without_an_isolation_comes_back(void **unused)
{
    (void)unused;
    keep(&(struct state_record){ .kind = RECORD_ALARM,
                                 .room = "bee",
                                 .item = "smoke",
                                 .state = ALARM_OUT_OF_SERVICE,
                                 .condition = 1,
                                 .occurrence = 4 });
    life_restart(2 * S, false);
    last_told[A_SMOKE] = ALARM_OUT_OF_SERVICE;
    tick(2 * S);
    event_of(EVENT_ALARM_RELEASED, "smoke");
    assert_int_equal(number(event_of(EVENT_ALARM_RAISED, "smoke"), FIELD_OCCURRENCE), 5);
}

static void test_records_of_isolations_that_are_none(void **unused)
{
    (void)unused;
    struct core_now now = at(2 * S);
    struct state_record record = {
        .kind = RECORD_ISOLATION, .room = "gateway", .item = "disk", .state = 1, .condition = 1, .rest_ns = 5
    };
    assert_false(core_restore(core, &record, &now)); // the gateway's own
    record.room = "bee";
    assert_false(core_restore(core, &record, &now)); // no such point there
    record.item = "air";
    record.state = ALARM_STATE_COUNT;
    assert_false(core_restore(core, &record, &now));
    record.state = 1;
    record.rest_ns = INT64_MAX; // no longer than anybody may ask for
    assert_true(core_restore(core, &record, &now));
    assert_int_equal(isolated_until(P_AIR), 2 * S + CORE_ISOLATE_MAX_NS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, life_begin, life_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_everything_comes_back_in_the_same_boot),
        CASE(test_with_a_clock_ends_hold_across_boots),
        CASE(test_ends_that_passed_while_it_was_off_are_told),
        CASE(test_a_wall_clock_that_went_back_gives_no_more_time),
        CASE(test_without_a_clock_shelves_end_and_isolations_stay),
        CASE(test_the_shelf_of_an_isolations_alarm_comes_back),
        CASE(test_a_shelf_that_outlasts_the_isolation_keeps_its_end),
        CASE(test_an_isolation_that_is_over_is_not_raised),
        CASE(test_a_suppressed_alarm_waits_for_what_suppresses_it),
        CASE(test_an_escalation_is_not_told_again),
        CASE(test_a_shelf_of_what_latches_by_now_is_none),
        CASE(test_out_of_service_without_an_isolation_comes_back),
        CASE(test_records_of_isolations_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
