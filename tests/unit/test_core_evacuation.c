// Roll-calls of fire and of drills: who is on them, what is said of them, how they end, what comes back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

// Two children and a teacher in room 0, a child in room 1.
static void fill(void)
{
    roll_tap(2 * S, "p-ann", PERSON_CHILD, 0);
    roll_tap(2 * S, "p-bob", PERSON_CHILD, 0);
    roll_tap(2 * S, "p-mei", PERSON_STAFF, 0);
    roll_tap(2 * S, "p-cat", PERSON_CHILD, 1);
}

static void assert_kinds(const struct event *event, int children, int staff)
{
    assert_int_equal(roll_number(event, FIELD_CHILDREN), children);
    assert_int_equal(roll_number(event, FIELD_STAFF), staff);
    assert_int_equal(roll_number(event, FIELD_GUARDIANS), 0);
}

static void assert_marks(const struct event *event, int safe, int missing, int unmarked)
{
    assert_int_equal(roll_number(event, FIELD_SAFE), safe);
    assert_int_equal(roll_number(event, FIELD_MISSING), missing);
    assert_int_equal(roll_number(event, FIELD_UNMARKED), unmarked);
}

// ---- Fire

static void test_fire_freezes_every_room_at_once(void **unused)
{
    (void)unused;
    fill();
    roll_contact(20 * S, ROLL_SMOKE, true);
    assert_int_equal(roll_events[0].type, EVENT_ALARM_RAISED);
    assert_int_equal(roll_count(EVENT_EVACUATION_STARTED), ROLL_ROOMS);
    const struct event *event = roll_event(EVENT_EVACUATION_STARTED, 0);
    assert_int_equal(event->class, CLASS_FIRE);
    assert_int_equal(event->boottime_ns, 20 * S);
    assert_string_equal(event->person, "");
    assert_kinds(event, 2, 1);
    assert_kinds(roll_event(EVENT_EVACUATION_STARTED, 1), 1, 0);
    assert_kinds(roll_event(EVENT_EVACUATION_STARTED, ROLL_ROOMS - 1), 0, 0);
    roll_contact(21 * S, ROLL_SMOKE_2, true); // the same evacuation
    assert_int_equal(roll_count(EVENT_EVACUATION_STARTED), 0);
    roll_put_out(30 * S, ROLL_SMOKE);
    assert_int_equal(roll_count(EVENT_EVACUATION_ENDED), 0); // one still stands
    roll_put_out(95 * S, ROLL_SMOKE_2);
    assert_int_equal(roll_count(EVENT_EVACUATION_ENDED), ROLL_ROOMS);
    event = roll_event(EVENT_EVACUATION_ENDED, 0);
    assert_kinds(event, 2, 1);
    assert_marks(event, 0, 0, 3);
    assert_int_equal(roll_number(event, FIELD_DURATION_S), 75);
    assert_int_equal(roll_number(event, FIELD_EVACUATED_S), -1);
    assert_int_equal(event->class, CLASS_FIRE);
    assert_marks(roll_event(EVENT_EVACUATION_ENDED, 9), 0, 0, 0);
    assert_int_equal(roll_number(roll_event(EVENT_EVACUATION_ENDED, 9), FIELD_EVACUATED_S), -1);
}

static void test_a_suspicion_freezes_nothing(void **unused)
{
    (void)unused;
    fill();
    roll_contact(20 * S, ROLL_SUSPECT, true);
    assert_int_equal(roll_count(EVENT_ALARM_RAISED), 1);
    assert_int_equal(roll_count(EVENT_EVACUATION_STARTED), 0);
    assert_int_equal(roll_runs(1), CORE_ROLL_NONE);
}

static void test_who_comes_or_goes_later(void **unused)
{
    (void)unused;
    fill();
    roll_tap(15 * S, "p-bob", PERSON_CHILD, 0); // has left before
    roll_contact(20 * S, ROLL_SMOKE, true);
    assert_kinds(roll_event(EVENT_EVACUATION_STARTED, 0), 1, 1);
    roll_tap(30 * S, "p-dan", PERSON_CHILD, 0);
    roll_tap(31 * S, "p-ann", PERSON_CHILD, 0); // taps on her way out
    assert_int_equal(roll_mark(40 * S, "p-dan", ROLL_SAFE), CORE_ANSWER_NOT_ON_ROLL);
    assert_string_equal(roll_word(&roll_events[0], FIELD_REASON), "not-on-roll");
    assert_int_equal(roll_mark(40 * S, "p-bob", ROLL_SAFE), CORE_ANSWER_NOT_ON_ROLL);
    assert_int_equal(roll_mark(40 * S, "p-nobody", ROLL_SAFE), CORE_ANSWER_NOT_ON_ROLL);
    assert_int_equal(roll_mark(41 * S, "p-ann", ROLL_SAFE), CORE_ANSWER_DONE);
    assert_int_equal(roll_mark(42 * S, "p-mei", ROLL_SAFE), CORE_ANSWER_DONE);
    roll_put_out(60 * S, ROLL_SMOKE);
    const struct event *event = roll_event(EVENT_EVACUATION_ENDED, 0);
    assert_kinds(event, 1, 1);
    assert_marks(event, 2, 0, 0);
    assert_int_equal(roll_number(event, FIELD_EVACUATED_S), 22);
    assert_int_equal(roll_number(event, FIELD_DURATION_S), 40);
    assert_int_equal(roll_roll_of("p-ann"), SIZE_MAX);
}

static void test_a_mark_is_told_and_can_be_changed(void **unused)
{
    (void)unused;
    fill();
    assert_int_equal(roll_mark(10 * S, "p-ann", ROLL_SAFE), CORE_ANSWER_NO_DRILL);
    roll_contact(20 * S, ROLL_SMOKE, true);
    roll_mark(25 * S, "p-ann", ROLL_MISSING);
    const struct event *event = roll_event(EVENT_EVACUATION_MARKED, 0);
    assert_int_equal(event->class, CLASS_ATTENDANCE);
    assert_string_equal(event->person, "p-ann");
    assert_string_equal(event->actor, "mei");
    assert_string_equal(roll_word(event, FIELD_MARK), "missing");
    roll_mark(30 * S, "p-ann", ROLL_SAFE);
    assert_string_equal(roll_word(roll_event(EVENT_EVACUATION_MARKED, 0), FIELD_MARK), "safe");
    roll_mark(31 * S, "p-bob", ROLL_SAFE);
    roll_mark(32 * S, "p-mei", ROLL_SAFE);
    assert_int_equal(roll_mark(50 * S, "p-mei", ROLL_SAFE),
                     CORE_ANSWER_DONE); // said once more: told, and 32 s stays
    assert_int_equal(roll_count(EVENT_EVACUATION_MARKED), 1);
    roll_mark(33 * S + 20 * S, "p-cat", ROLL_MISSING);
    struct core_roll_view view;
    core_view_roll(roll_core, 0, &view);
    assert_int_equal(view.count.marks[ROLL_SAFE], 3);
    roll_put_out(60 * S, ROLL_SMOKE);
    assert_int_equal(roll_number(roll_event(EVENT_EVACUATION_ENDED, 0), FIELD_EVACUATED_S), 12);
    assert_marks(roll_event(EVENT_EVACUATION_ENDED, 1), 0, 1, 0);
    assert_int_equal(roll_number(roll_event(EVENT_EVACUATION_ENDED, 1), FIELD_EVACUATED_S), -1);
}

static void test_from_afar_nobody_is_marked_in_a_fire(void **unused)
{
    (void)unused;
    fill();
    struct core_input mark = {
        .kind = CORE_INPUT_MARK, .person = "p-ann", .mark = ROLL_SAFE, .remote = true, .actor = "office"
    };
    roll_drill(10 * S, 0, 60 * S);
    assert_int_equal(roll_step(11 * S, mark), CORE_ANSWER_DONE);
    roll_contact(20 * S, ROLL_SMOKE, true);
    assert_int_equal(roll_step(21 * S, mark), CORE_ANSWER_REMOTE_FIRE);
    struct core_roll_view view;
    core_view_roll(roll_core, 0, &view);
    assert_int_equal(view.count.marks[ROLL_UNMARKED], 3);
}

// ---- Drills

static void test_a_drill_of_one_room(void **unused)
{
    (void)unused;
    fill();
    assert_int_equal(roll_drill(10 * S, 0, 600 * S), CORE_ANSWER_DONE);
    assert_int_equal(roll_n_events, 1);
    const struct event *event = roll_event(EVENT_DRILL_STARTED, 0);
    assert_kinds(event, 2, 1);
    assert_string_equal(event->actor, "mei");
    assert_true(roll_number(event, FIELD_UNTIL_MS) > 0);
    assert_int_equal(core_view_output(roll_core, ROLL_SIREN), PATTERN_DRILL);
    assert_int_equal(core_view_output(roll_core, ROLL_SIREN_2), PATTERN_OFF);
    assert_int_equal(roll_mark(11 * S, "p-cat", ROLL_SAFE), CORE_ANSWER_NOT_ON_ROLL);
    roll_mark(20 * S, "p-ann", ROLL_SAFE);
    roll_mark(21 * S, "p-bob", ROLL_SAFE);
    roll_mark(35 * S, "p-mei", ROLL_SAFE);
    assert_int_equal(roll_drill(40 * S, 0, 600 * S), CORE_ANSWER_DRILL_RUNS);
    assert_int_equal(roll_drill(41 * S, 1, 0), CORE_ANSWER_NO_DRILL);
    assert_int_equal(roll_drill(50 * S, 0, 0), CORE_ANSWER_DONE);
    event = roll_event(EVENT_DRILL_ENDED, 0);
    assert_int_equal(event->class, CLASS_FIRE);
    assert_string_equal(roll_word(event, FIELD_REASON), "ended");
    assert_string_equal(event->actor, "mei");
    assert_marks(event, 3, 0, 0);
    assert_int_equal(roll_number(event, FIELD_DURATION_S), 40);
    assert_int_equal(roll_number(event, FIELD_EVACUATED_S), 25);
    assert_int_equal(core_view_output(roll_core, ROLL_SIREN), PATTERN_OFF);
}

static void test_a_drill_of_all_rooms_ends_by_itself(void **unused)
{
    (void)unused;
    fill();
    assert_int_equal(roll_drill(10 * S, ROLL_ROOMS, CORE_DRILL_MAX_NS + 1), CORE_ANSWER_TOO_LONG);
    assert_int_equal(roll_drill(10 * S, ROLL_ROOMS + 1, 60 * S), CORE_ANSWER_NO_DRILL);
    assert_int_equal(roll_n_events, 0);
    assert_int_equal(roll_drill(10 * S, ROLL_ROOMS, 60 * S), CORE_ANSWER_DONE);
    assert_int_equal(roll_count(EVENT_DRILL_STARTED), ROLL_ROOMS);
    for (size_t i = 0; i < roll_n_events; i++) {
        assert_string_equal(roll_events[i].actor, "mei"); // also of those that did not fit at first
    }
    assert_int_equal(roll_drill(20 * S, 3, 0), CORE_ANSWER_DONE);
    assert_int_equal(roll_count(EVENT_DRILL_ENDED), 1);
    assert_int_equal(roll_drill(21 * S, 3, 60 * S), CORE_ANSWER_DRILL_RUNS); // in the other rooms
    assert_int_equal(core_deadline_ns(roll_core), 70 * S);
    roll_tick(70 * S - 1);
    assert_int_equal(roll_n_events, 0);
    roll_tick(70 * S);
    assert_int_equal(roll_count(EVENT_DRILL_ENDED), ROLL_ROOMS - 1);
    assert_string_equal(roll_word(roll_event(EVENT_DRILL_ENDED, 0), FIELD_REASON), "expired");
    assert_string_equal(roll_event(EVENT_DRILL_ENDED, 0)->actor, "");
    assert_int_equal(roll_drill(80 * S, ROLL_ROOMS, 0), CORE_ANSWER_NO_DRILL);
}

static void test_a_fire_ends_a_drill(void **unused)
{
    (void)unused;
    fill();
    roll_drill(10 * S, 0, 600 * S);
    roll_mark(11 * S, "p-ann", ROLL_SAFE);
    roll_tap(12 * S, "p-dan", PERSON_CHILD, 0); // came during the drill: not on its roll
    roll_contact(20 * S, ROLL_SMOKE_2, true);
    const struct event *ended = roll_event(EVENT_DRILL_ENDED, 0);
    const struct event *started = roll_event(EVENT_EVACUATION_STARTED, 0);
    assert_true(ended < started);
    assert_string_equal(roll_word(ended, FIELD_REASON), "fire");
    assert_string_equal(ended->actor, "");
    assert_marks(ended, 1, 0, 2);
    assert_kinds(started, 3, 1); // all are unmarked again, and he is on this one
    assert_int_equal(roll_mark(21 * S, "p-dan", ROLL_SAFE), CORE_ANSWER_DONE);
    assert_int_equal(core_view_output(roll_core, ROLL_SIREN), PATTERN_EVACUATE);
    assert_int_equal(roll_drill(30 * S, ROLL_ROOMS, 60 * S), CORE_ANSWER_FIRE);
    assert_string_equal(roll_word(&roll_events[0], FIELD_COMMAND), "drill");
    roll_put_out(40 * S, ROLL_SMOKE_2);
    assert_marks(roll_event(EVENT_EVACUATION_ENDED, 0), 1, 0, 3);
    assert_int_equal(core_view_output(roll_core, ROLL_SIREN), PATTERN_OFF); // the drill does not go on
}

// ---- Restarts

static void test_a_roll_call_of_fire_goes_on_after_a_restart(void **unused)
{
    (void)unused;
    fill();
    roll_contact(20 * S, ROLL_SMOKE, true);
    roll_mark(22 * S, "p-bob", ROLL_SAFE);
    roll_tap(30 * S, "p-dan", PERSON_CHILD, 0);
    roll_tap(31 * S, "p-ann", PERSON_CHILD, 0);
    for (unsigned boot = 0; boot < 2; boot++) {
        roll_restart(40 * S, boot == 0, CLOCK_SYNCHRONISED);
        assert_int_equal(roll_count(EVENT_EVACUATION_STARTED), 0);
        assert_int_equal(roll_roll_of("p-ann"), 0);
        assert_int_equal(roll_roll_of("p-bob"), 0);
        assert_int_equal(roll_roll_of("p-mei"), 0);
        assert_int_equal(roll_roll_of("p-cat"), 1);
        assert_int_equal(roll_roll_of("p-dan"), SIZE_MAX);
        struct core_roll_view view;
        core_view_roll(roll_core, 0, &view);
        assert_int_equal(view.of, CORE_ROLL_FIRE);
        assert_int_equal(view.count.marks[ROLL_SAFE], 1);
        assert_int_equal(view.count.kinds[PERSON_CHILD], 2);
    }
    roll_mark(42 * S, "p-ann", ROLL_SAFE);
    roll_mark(50 * S, "p-mei", ROLL_SAFE);
    roll_put_out(60 * S, ROLL_SMOKE);
    const struct event *event = roll_event(EVENT_EVACUATION_ENDED, 0);
    assert_marks(event, 3, 0, 0);
    assert_int_equal(roll_number(event, FIELD_DURATION_S),
                     3600 + 40); // an hour between the boots' beginnings
    assert_int_equal(roll_number(event, FIELD_EVACUATED_S), 3600 + 30);
    roll_restart(70 * S, true, CLOCK_SYNCHRONISED);
    assert_int_equal(roll_n_events, 0);
    assert_int_equal(roll_roll_of("p-ann"), SIZE_MAX);
    assert_int_equal(roll_runs(0), CORE_ROLL_NONE);
}

static void test_no_duration_where_no_clock_knows_it(void **unused)
{
    (void)unused;
    fill();
    roll_contact(20 * S, ROLL_SMOKE, true);
    roll_restart(5 * S, false, CLOCK_UNSYNCHRONISED);
    assert_int_equal(roll_runs(0), CORE_ROLL_FIRE);
    roll_mark(6 * S, "p-cat", ROLL_SAFE);
    roll_put_out(7 * S, ROLL_SMOKE);
    const struct event *event = roll_event(EVENT_EVACUATION_ENDED, 1);
    assert_marks(event, 1, 0, 0);
    assert_int_equal(roll_number(event, FIELD_DURATION_S), -1);
    assert_int_equal(roll_number(event, FIELD_EVACUATED_S), -1);
}

static void test_a_drill_goes_on_after_a_restart_and_ends_without_a_clock(void **unused)
{
    (void)unused;
    fill();
    roll_drill(10 * S, 0, 7200 * S);
    roll_mark(12 * S, "p-bob", ROLL_MISSING);
    roll_restart(20 * S, true, CLOCK_SYNCHRONISED);
    assert_int_equal(roll_n_events, 0);
    assert_int_equal(core_view_output(roll_core, ROLL_SIREN), PATTERN_DRILL);
    assert_int_equal(core_deadline_ns(roll_core), 7210 * S);
    roll_restart(20 * S, false, CLOCK_SYNCHRONISED); // an hour later
    assert_int_equal(core_view_output(roll_core, ROLL_SIREN), PATTERN_DRILL);
    assert_int_equal(core_deadline_ns(roll_core), 3610 * S);
    roll_restart(20 * S, false, CLOCK_UNSYNCHRONISED);
    const struct event *event = roll_event(EVENT_DRILL_ENDED, 0);
    assert_string_equal(roll_word(event, FIELD_REASON), "expired");
    assert_marks(event, 0, 1, 2);
    assert_int_equal(core_view_output(roll_core, ROLL_SIREN), PATTERN_OFF);
}

static void test_a_fire_whose_roll_was_not_written_has_one_after_the_restart(void **unused)
{
    (void)unused;
    fill();
    roll_contact(20 * S, ROLL_SMOKE, true);
    roll_forget(RECORD_EVACUATION); // the power failed before
    roll_restart(21 * S, true, CLOCK_SYNCHRONISED);
    assert_int_equal(roll_count(EVENT_EVACUATION_STARTED), ROLL_ROOMS);
    assert_kinds(roll_event(EVENT_EVACUATION_STARTED, 0), 2, 1);
    roll_put_out(29 * S, ROLL_SMOKE);
    assert_int_equal(roll_count(EVENT_EVACUATION_ENDED), ROLL_ROOMS);
}

// ---- Whatever happens: a model that knows the rules and none of the core's ways

#define MODEL_PEOPLE 24
#define MODEL_ROOMS  4 // the others stay empty

static struct model_person {
    char name[PSEUDONYM_SIZE];
    enum person_kind kind;
    size_t room, tapped_at, roll;
    uint64_t tapped_ns;
    enum roll_mark mark;
} people[MODEL_PEOPLE];
static struct {
    enum core_roll of;
    uint64_t until_ns;
} rolls[ROLL_ROOMS];
static bool burns[2];

static unsigned below(unsigned n)
{
    return (unsigned)random() % n;
}

static void model_end(size_t room)
{
    rolls[room].of = CORE_ROLL_NONE;
    for (unsigned i = 0; i < MODEL_PEOPLE; i++) {
        people[i].roll = people[i].roll == room ? SIZE_MAX : people[i].roll;
    }
}

static void model_freeze(size_t room, enum core_roll of, uint64_t until_ns)
{
    rolls[room].of = of;
    rolls[room].until_ns = until_ns;
    for (unsigned i = 0; i < MODEL_PEOPLE; i++) {
        if (people[i].room == room) {
            people[i].roll = room;
            people[i].mark = ROLL_UNMARKED;
        }
    }
}

static void model_fire(bool before)
{
    bool now = burns[0] || burns[1];
    for (size_t r = 0; r < ROLL_ROOMS && before != now; r++) {
        model_end(r);
        if (now) {
            model_freeze(r, CORE_ROLL_FIRE, 0);
        }
    }
}

static void model_time(uint64_t ns)
{
    for (size_t r = 0; r < ROLL_ROOMS; r++) {
        if (rolls[r].of == CORE_ROLL_DRILL && rolls[r].until_ns <= ns) {
            model_end(r);
        }
    }
}

static void do_tap(uint64_t ns)
{
    struct model_person *person = &people[below(MODEL_PEOPLE)];
    size_t room = below(MODEL_ROOMS);
    unsigned way = below(4); // in, out, both, corrected
    bool in = way == 2 ? person->room != room : way == 3 ? below(2) : way == 0;
    if (way == 3) {
        roll_correct(ns, person->name, person->kind, room, in);
    } else {
        bool again = person->tapped_at == room && ns - person->tapped_ns < 10 * S;
        person->tapped_at = room;
        person->tapped_ns = ns;
        way == 2 ? roll_tap(ns, person->name, person->kind, room)
                 : roll_tap_way(ns, person->name, person->kind, room, in);
        if (again) {
            assert_int_equal(roll_n_events, 0);
            return;
        }
    }
    person->room = in ? room : SIZE_MAX;
}

static void do_mark(uint64_t ns)
{
    struct model_person *person = &people[below(MODEL_PEOPLE)];
    enum roll_mark mark = (enum roll_mark)below(ROLL_MARK_COUNT);
    enum core_answer answer = roll_mark(ns, person->name, mark);
    assert_int_equal(answer == CORE_ANSWER_DONE, person->roll != SIZE_MAX);
    if (answer == CORE_ANSWER_DONE) {
        person->mark = mark;
    }
}

static void do_drill(uint64_t ns)
{
    size_t room = below(3) ? below(MODEL_ROOMS) : ROLL_ROOMS;
    size_t first = room == ROLL_ROOMS ? 0 : room, last = room == ROLL_ROOMS ? room : room + 1;
    uint64_t for_ns = below(2) ? (1 + below(200)) * S : 0;
    bool runs = false;
    for (size_t r = 0; r < ROLL_ROOMS; r++) {
        runs = runs || rolls[r].of == CORE_ROLL_DRILL;
    }
    roll_drill(ns, room, for_ns);
    for (size_t r = first; r < last && !burns[0] && !burns[1]; r++) {
        if (for_ns == 0) {
            model_end(r);
        } else if (!runs) {
            model_freeze(r, CORE_ROLL_DRILL, ns + for_ns);
        }
    }
}

static void do_fire(uint64_t ns)
{
    unsigned which = below(2);
    bool before = burns[0] || burns[1];
    burns[which] = !burns[which];
    if (burns[which]) {
        roll_contact(ns, ROLL_SMOKE + which, true);
    } else {
        roll_put_out(ns, ROLL_SMOKE + which);
    }
    model_fire(before);
}

static void do_restart(uint64_t ns)
{
    roll_restart(ns, true, CLOCK_SYNCHRONISED);
    for (unsigned i = 0; i < MODEL_PEOPLE; i++) {
        people[i].tapped_at = SIZE_MAX;
    }
}

static void compare(void)
{
    struct core_roll_count counts[ROLL_ROOMS] = { { { 0 }, { 0 } } };
    for (unsigned i = 0; i < MODEL_PEOPLE; i++) {
        const struct model_person *person = &people[i];
        assert_int_equal(roll_room_of(person->name), person->room);
        assert_int_equal(roll_roll_of(person->name), person->roll);
        if (person->roll != SIZE_MAX) {
            counts[person->roll].kinds[person->kind]++;
            counts[person->roll].marks[person->mark]++;
        }
    }
    for (size_t r = 0; r < ROLL_ROOMS; r++) {
        struct core_roll_view view;
        core_view_roll(roll_core, r, &view);
        assert_int_equal(view.of, rolls[r].of);
        assert_memory_equal(&view.count, &counts[r], sizeof view.count);
    }
}

static void play(uint64_t *ns)
{
    *ns += below(3) ? below(15) * S : 0;
    model_time(*ns);
    roll_tick(*ns);
    unsigned what = below(100);
    if (what < 60) {
        do_tap(*ns);
    } else if (what < 80) {
        do_mark(*ns);
    } else if (what < 88) {
        do_drill(*ns);
    } else if (what < 92) {
        do_fire(*ns);
    } else if (what < 96) {
        do_restart(*ns);
    }
    compare();
}

static void test_whatever_happens(void **unused)
{
    (void)unused;
    const char *given = getenv("CAREROOM_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("seed %u (CAREROOM_SEED)\n", seed);
    srandom(seed);
    for (unsigned i = 0; i < MODEL_PEOPLE; i++) {
        people[i] = (struct model_person){ .kind = (enum person_kind)(i % PERSON_KIND_COUNT),
                                           .room = SIZE_MAX,
                                           .tapped_at = SIZE_MAX,
                                           .roll = SIZE_MAX };
        (void)snprintf(people[i].name, sizeof people[i].name, "p-%u", i);
    }
    uint64_t ns = 1 * S;
    for (unsigned i = 0; i < 6000; i++) {
        play(&ns);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(test_fire_freezes_every_room_at_once),
        CASE(test_a_suspicion_freezes_nothing),
        CASE(test_who_comes_or_goes_later),
        CASE(test_a_mark_is_told_and_can_be_changed),
        CASE(test_from_afar_nobody_is_marked_in_a_fire),
        CASE(test_a_drill_of_one_room),
        CASE(test_a_drill_of_all_rooms_ends_by_itself),
        CASE(test_a_fire_ends_a_drill),
        CASE(test_a_roll_call_of_fire_goes_on_after_a_restart),
        CASE(test_no_duration_where_no_clock_knows_it),
        CASE(test_a_drill_goes_on_after_a_restart_and_ends_without_a_clock),
        CASE(test_a_fire_whose_roll_was_not_written_has_one_after_the_restart),
        CASE(test_whatever_happens),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
