// Who is in the house: taps, corrections, and what comes back after a restart.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/roll_house.h"

static int begin(void **unused)
{
    (void)unused;
    roll_begin(1 * S);
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    roll_end();
    return 0;
}

static void test_a_tap_says_in_and_the_next_one_out(void **unused)
{
    (void)unused;
    roll_tap(10 * S, "p-1", PERSON_CHILD, 2);
    const struct event *event = roll_event(EVENT_ATTENDANCE_ARRIVED, 2);
    assert_int_equal(roll_n_events, 1);
    assert_int_equal(event->class, CLASS_ATTENDANCE);
    assert_string_equal(event->person, "p-1");
    assert_string_equal(event->item, "entry");
    assert_string_equal(roll_word(event, FIELD_KIND), "child");
    assert_int_equal(roll_room_of("p-1"), 2);
    roll_tap(20 * S, "p-1", PERSON_CHILD, 2);
    event = roll_event(EVENT_ATTENDANCE_LEFT, 2);
    assert_int_equal(roll_n_events, 1);
    assert_string_equal(roll_word(event, FIELD_REASON), "");
    assert_int_equal(roll_room_of("p-1"), SIZE_MAX);
}

static void test_a_second_tap_too_soon_says_nothing(void **unused)
{
    (void)unused;
    roll_tap(10 * S, "p-1", PERSON_CHILD, 2);
    for (uint64_t ms = 10500; ms < 40000; ms += 9999) { // held: each repeat counts from the one before
        roll_tap(ms * NS_PER_MS, "p-1", PERSON_CHILD, 2);
        assert_int_equal(roll_n_events, 0);
    }
    assert_int_equal(roll_room_of("p-1"), 2);
    roll_tap(41 * S, "p-1", PERSON_CHILD, 3); // another reader: she has walked on
    assert_int_equal(roll_room_of("p-1"), 3);
    roll_tap(60 * S, "p-2", PERSON_CHILD, 3);
    roll_tap(70 * S, "p-2", PERSON_CHILD, 3); // ten seconds are long enough
    assert_int_equal(roll_count(EVENT_ATTENDANCE_LEFT), 1);
}

static void test_who_comes_into_a_room_has_left_the_one_before(void **unused)
{
    (void)unused;
    roll_tap(10 * S, "p-1", PERSON_STAFF, 2);
    roll_tap(12 * S, "p-1", PERSON_STAFF, 5);
    assert_int_equal(roll_n_events, 2);
    assert_int_equal(roll_events[0].type, EVENT_ATTENDANCE_LEFT);
    assert_string_equal(roll_events[0].room, roll_room(2));
    assert_null(roll_events[0].item); // the reader is elsewhere
    assert_string_equal(roll_word(&roll_events[0], FIELD_REASON), "moved");
    assert_string_equal(roll_event(EVENT_ATTENDANCE_ARRIVED, 5)->item, "entry");
    assert_int_equal(roll_room_of("p-1"), 5);
}

static void test_readers_for_one_way(void **unused)
{
    (void)unused;
    roll_tap_way(10 * S, "p-1", PERSON_CHILD, 2, false); // out, and was never in
    assert_int_equal(roll_n_events, 0);
    roll_tap_way(30 * S, "p-1", PERSON_CHILD, 2, true);
    roll_tap_way(50 * S, "p-1", PERSON_CHILD, 2, true); // in, and is in
    assert_int_equal(roll_n_events, 0);
    roll_tap_way(70 * S, "p-1", PERSON_CHILD, 3, false); // out, past the reader of another room
    assert_string_equal(roll_event(EVENT_ATTENDANCE_LEFT, 2)->person, "p-1");
    assert_int_equal(roll_room_of("p-1"), SIZE_MAX);
}

static void test_a_correction_is_told_with_who_made_it(void **unused)
{
    (void)unused;
    struct event_note note = { .text = "forgot her card" };
    assert_int_equal(roll_step(10 * S, (struct core_input){ .kind = CORE_INPUT_PRESENCE,
                                                            .person = "p-1",
                                                            .person_kind = PERSON_CHILD,
                                                            .room = 4,
                                                            .present = true,
                                                            .point = SIZE_MAX,
                                                            .actor = "mei",
                                                            .note = &note }),
                     CORE_ANSWER_DONE);
    const struct event *event = roll_event(EVENT_ATTENDANCE_CORRECTED, 4);
    assert_string_equal(event->actor, "mei");
    assert_string_equal(event->note.text, "forgot her card");
    assert_string_equal(roll_word(event, FIELD_DIRECTION), "in");
    assert_string_equal(roll_word(event, FIELD_VIA), "local");
    assert_int_equal(roll_room_of("p-1"), 4);
    roll_correct(11 * S, "p-1", PERSON_CHILD, 6, true);
    assert_string_equal(roll_word(roll_event(EVENT_ATTENDANCE_LEFT, 4), FIELD_REASON), "moved");
    roll_correct(12 * S, "p-1", PERSON_CHILD, 6, true); // once more: told, and changes nothing
    assert_int_equal(roll_count(EVENT_ATTENDANCE_CORRECTED), 1);
    roll_correct(13 * S, "p-1", PERSON_CHILD, 0, false);
    assert_string_equal(roll_word(roll_event(EVENT_ATTENDANCE_CORRECTED, 6), FIELD_DIRECTION), "out");
    assert_int_equal(roll_room_of("p-1"), SIZE_MAX);
}

static void test_what_is_no_person_or_no_room(void **unused)
{
    (void)unused;
    assert_int_equal(roll_tap(10 * S, "p-1", PERSON_KIND_COUNT, 2), CORE_ANSWER_NO_POINT);
    assert_int_equal(roll_correct(10 * S, "p-1", PERSON_CHILD, ROLL_ROOMS, true), CORE_ANSWER_NO_POINT);
    assert_int_equal(roll_correct(10 * S, NULL, PERSON_CHILD, 2, true), CORE_ANSWER_NO_POINT);
    assert_int_equal(roll_n_events, 0);
    assert_int_equal(roll_correct(10 * S, "", PERSON_CHILD, 2, true), CORE_ANSWER_FULL);
    assert_int_equal(roll_correct(10 * S, "p-0123456789abcdef-too-long", PERSON_CHILD, 2, true),
                     CORE_ANSWER_FULL);
    struct core_person_view view;
    for (size_t i = 0; i < CORE_PEOPLE; i++) {
        assert_false(core_view_person(roll_core, i, &view));
    }
}

static void test_a_full_house(void **unused)
{
    (void)unused;
    char name[PSEUDONYM_SIZE];
    for (unsigned i = 0; i < CORE_PEOPLE; i++) {
        (void)snprintf(name, sizeof name, "p-%u", i);
        assert_int_equal(roll_tap(10 * S + i, name, PERSON_CHILD, i % ROLL_ROOMS), CORE_ANSWER_DONE);
    }
    assert_int_equal(roll_tap(20 * S, "p-late", PERSON_CHILD, 0), CORE_ANSWER_FULL);
    assert_string_equal(roll_word(roll_event(EVENT_COMMAND_REFUSED, 0), FIELD_REASON), "full");
    roll_drill(30 * S, 7, 60 * S);
    roll_tap(40 * S, "p-7", PERSON_CHILD, 7); // has left, and is on the roll: the place is not free
    assert_int_equal(roll_tap(50 * S, "p-late", PERSON_CHILD, 0), CORE_ANSWER_FULL);
    roll_tap(60 * S, "p-8", PERSON_CHILD, 8);
    assert_int_equal(roll_tap(70 * S, "p-late", PERSON_CHILD, 0), CORE_ANSWER_DONE);
    assert_int_equal(roll_room_of("p-8"), SIZE_MAX);
    assert_int_equal(roll_room_of("p-late"), 0);
    assert_int_equal(roll_roll_of("p-7"), 7);
}

static void test_who_was_there_is_there_after_a_restart(void **unused)
{
    (void)unused;
    roll_tap(10 * S, "p-1", PERSON_CHILD, 2);
    roll_tap(10 * S, "p-2", PERSON_STAFF, 3);
    roll_tap(10 * S, "p-3", PERSON_CHILD, 3);
    roll_tap(30 * S, "p-2", PERSON_STAFF, 4);
    roll_tap(40 * S, "p-3", PERSON_CHILD, 3);
    for (unsigned boot = 0; boot < 2; boot++) {
        roll_restart(50 * S, boot == 0, boot == 0 ? CLOCK_SYNCHRONISED : CLOCK_UNSYNCHRONISED);
        assert_int_equal(roll_n_events, 0);
        assert_int_equal(roll_room_of("p-1"), 2);
        assert_int_equal(roll_room_of("p-2"), 4);
        assert_int_equal(roll_room_of("p-3"), SIZE_MAX);
        struct core_person_view view;
        assert_true(core_view_person(roll_core, 0, &view) || core_view_person(roll_core, 1, &view));
        assert_true(boot == 0 ? view.since_ns > 0 : view.since_ns == 0);
    }
    roll_tap(60 * S, "p-2", PERSON_STAFF, 4);
    assert_string_equal(roll_word(roll_event(EVENT_ATTENDANCE_LEFT, 4), FIELD_KIND), "staff");
}

static void test_records_that_are_none(void **unused)
{
    (void)unused;
    const struct state_record good = {
        .kind = RECORD_PERSON, .room = roll_room(1), .item = "p-1", .state = 1, .number = { PERSON_CHILD }
    };
    const struct core_now now = { .boottime_ns = 1 * S };
    struct state_record bad = good;
    bad.room = "nowhere";
    assert_false(core_restore(roll_core, &bad, &now));
    bad = good;
    bad.item = NULL;
    assert_false(core_restore(roll_core, &bad, &now));
    bad = good;
    bad.item = "a pseudonym that is far too long for one";
    assert_false(core_restore(roll_core, &bad, &now));
    for (int64_t number = -1; number <= PERSON_KIND_COUNT; number += PERSON_KIND_COUNT + 1) {
        bad = good;
        bad.number[0] = number;
        assert_false(core_restore(roll_core, &bad, &now));
        bad = good;
        bad.number[1] = number;
        assert_false(core_restore(roll_core, &bad, &now));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(test_a_tap_says_in_and_the_next_one_out),
        CASE(test_a_second_tap_too_soon_says_nothing),
        CASE(test_who_comes_into_a_room_has_left_the_one_before),
        CASE(test_readers_for_one_way),
        CASE(test_a_correction_is_told_with_who_made_it),
        CASE(test_what_is_no_person_or_no_room),
        CASE(test_a_full_house),
        CASE(test_who_was_there_is_there_after_a_restart),
        CASE(test_records_that_are_none),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
