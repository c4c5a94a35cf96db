// The life of alarms: the table of states, and what sets an alarm aside, ends that and tells it. Each case
// plays against a journal of its own: the records of events, from which a restart brings everything back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/core.h"

#define S           NS_PER_S
#define H           (3600 * S)
#define LENGTH(arr) (sizeof(arr) / sizeof(arr)[0])

// ---- The building: a room with a fire detector, an air sensor, a window and a help button, a hall with a
// door, and the gateway

enum { BEE, HALL, GATEWAY };
enum { P_SMOKE, P_AIR, P_WINDOW, P_HELP, P_DOOR, P_AIR2, P_DISK, N_POINTS };
enum {
    A_SMOKE,
    A_HELP,
    A_COLD,
    A_DRY,
    A_DOOR,
    A_APART,
    A_SMOKE_T,
    A_SMOKE_I,
    A_AIR_T,
    A_AIR_F,
    A_AIR_I,
    A_WINDOW_T,
    A_HELP_T,
    A_HELP_I,
    A_DOOR_T,
    A_AIR2_T,
    A_DISK_T,
    N_ALARMS
};

#define POINT(room_, index_, id_, contact_, role_)                                                           \
    {                                                                                                        \
        .room = room_, .room_index = index_, .id = id_, .trouble_id = id_ ".trouble", .contact = contact_,   \
        .role = role_, .stale_ns = 1000 * H                                                                  \
    }
static const struct core_point points[N_POINTS] = {
    [P_SMOKE] = POINT("bee", BEE, "smoke", true, ROLE_SMOKE),
    [P_AIR] = POINT("bee", BEE, "air", false, ROLE_NONE),
    [P_WINDOW] = POINT("bee", BEE, "window", true, ROLE_WINDOW),
    [P_HELP] = POINT("bee", BEE, "help", true, ROLE_HELP),
    [P_DOOR] = POINT("hall", HALL, "door", true, ROLE_DOOR),
    [P_AIR2] = POINT("bee", BEE, "air-2", false, ROLE_NONE),
    [P_DISK] = POINT("gateway", GATEWAY, "disk", true, ROLE_NONE),
};

#define OF_POINT(kind_, room_, index_, id_, point_)                                                          \
    {                                                                                                        \
        .room = room_, .id = id_, .room_index = index_, .kind = kind_, .point = point_,                      \
        .severity = SEVERITY_TROUBLE, .class = CLASS_FAULT, .ending = ALARM_CLEARS_ITSELF                    \
    }
static const struct core_member members[] = {
    { .contact = true, .index = P_WINDOW }, // of A_COLD
    { .contact = false, .index = A_COLD },  // of A_DRY
};
static const struct core_alarm alarms[N_ALARMS] = {
    [A_SMOKE] = { .room = "bee",
                  .id = "smoke",
                  .room_index = BEE,
                  .kind = CORE_ALARM_CONTACT,
                  .point = P_SMOKE,
                  .severity = SEVERITY_FIRE,
                  .class = CLASS_FIRE,
                  .ending = ALARM_LATCHES,
                  // No configuration can have this; if one did, nothing would come of it.
                  .not_in_fire = true,
                  .first_suppressor = 0,
                  .n_suppressors = 1 },
    [A_HELP] = { .room = "bee",
                 .id = "help",
                 .room_index = BEE,
                 .kind = CORE_ALARM_CONTACT,
                 .point = P_HELP,
                 .severity = SEVERITY_CRITICAL,
                 .class = CLASS_SAFETY,
                 .ending = ALARM_LATCHES },
    [A_COLD] = { .room = "bee",
                 .id = "cold",
                 .room_index = BEE,
                 .kind = CORE_ALARM_THRESHOLD,
                 .point = P_AIR,
                 .severity = SEVERITY_CRITICAL,
                 .class = CLASS_SAFETY,
                 .ending = ALARM_WANTS_ANSWER,
                 .quantity = QUANTITY_TEMPERATURE,
                 .threshold = 16000,
                 .first_suppressor = 0,
                 .n_suppressors = 1 },
    [A_DRY] = { .room = "bee",
                .id = "dry",
                .room_index = BEE,
                .kind = CORE_ALARM_THRESHOLD,
                .point = P_AIR,
                .severity = SEVERITY_WARNING,
                .class = CLASS_SAFETY,
                .ending = ALARM_CLEARS_ITSELF,
                .quantity = QUANTITY_HUMIDITY,
                .threshold = 30000,
                .first_suppressor = 1,
                .n_suppressors = 1 },
    [A_DOOR] = { .room = "hall",
                 .id = "door-open",
                 .room_index = HALL,
                 .kind = CORE_ALARM_CONTACT,
                 .point = P_DOOR,
                 .severity = SEVERITY_WARNING,
                 .class = CLASS_SAFETY,
                 .ending = ALARM_CLEARS_ITSELF,
                 .not_in_fire = true },
    [A_APART] = { .room = "bee",
                  .id = "apart",
                  .room_index = BEE,
                  .kind = CORE_ALARM_APART,
                  .point = P_AIR,
                  .other_point = P_AIR2,
                  .severity = SEVERITY_ADVISORY,
                  .class = CLASS_FAULT,
                  .ending = ALARM_CLEARS_ITSELF,
                  .quantity = QUANTITY_TEMPERATURE,
                  .threshold = 5000 },
    [A_SMOKE_T] = OF_POINT(CORE_ALARM_TROUBLE, "bee", BEE, "smoke.trouble", P_SMOKE),
    [A_SMOKE_I] = OF_POINT(CORE_ALARM_ISOLATED, "bee", BEE, "smoke.isolated", P_SMOKE),
    [A_AIR_T] = OF_POINT(CORE_ALARM_TROUBLE, "bee", BEE, "air.trouble", P_AIR),
    [A_AIR_F] = OF_POINT(CORE_ALARM_FLOOR, "bee", BEE, "air.floor", P_AIR),
    [A_AIR_I] = OF_POINT(CORE_ALARM_ISOLATED, "bee", BEE, "air.isolated", P_AIR),
    [A_WINDOW_T] = OF_POINT(CORE_ALARM_TROUBLE, "bee", BEE, "window.trouble", P_WINDOW),
    [A_HELP_T] = OF_POINT(CORE_ALARM_TROUBLE, "bee", BEE, "help.trouble", P_HELP),
    [A_HELP_I] = OF_POINT(CORE_ALARM_ISOLATED, "bee", BEE, "help.isolated", P_HELP),
    [A_DOOR_T] = OF_POINT(CORE_ALARM_TROUBLE, "hall", HALL, "door.trouble", P_DOOR),
    [A_AIR2_T] = OF_POINT(CORE_ALARM_TROUBLE, "bee", BEE, "air-2.trouble", P_AIR2),
    [A_DISK_T] = OF_POINT(CORE_ALARM_TROUBLE, "gateway", GATEWAY, "disk.trouble", P_DISK),
};
static const struct core_output outputs[] = {
    { .room = "bee", .id = "siren", .room_index = BEE, .role = OUTPUT_SOUNDER }
};
static const struct core_plan plan = { .points = points,
                                       .n_points = N_POINTS,
                                       .alarms = alarms,
                                       .n_alarms = N_ALARMS,
                                       .outputs = outputs,
                                       .n_outputs = LENGTH(outputs),
                                       .n_rooms = GATEWAY,
                                       .members = members,
                                       .n_members = LENGTH(members) };

// ---- A core, all its events of one input, and its journal

static struct core *core;
static enum clock_quality clock_quality;
static int64_t wall_offset_ms; // wall clock at boottime 0
static enum core_answer answer;
static bool remote;
static struct event events[64];
static size_t n_events;
static struct state_record journal[64];
static size_t n_journal;
static enum alarm_state last_told[N_ALARMS]; // as the events had it

static struct core_now at(uint64_t ns)
{
    return (struct core_now){ .boottime_ns = ns,
                              .wall_ms = wall_offset_ms + (int64_t)(ns / NS_PER_MS),
                              .clock = clock_quality };
}

static enum alarm_state state_of(size_t a)
{
    struct core_alarm_view view;
    core_view_alarm(core, a, &view);
    return view.state;
}

static uint64_t occurrence_of(size_t a)
{
    struct core_alarm_view view;
    core_view_alarm(core, a, &view);
    return view.occurrence;
}

static uint64_t isolated_until(size_t p)
{
    struct core_point_view view;
    core_view_point(core, p, &view);
    return view.isolated_until_ns;
}

static void keep(const struct state_record *record)
{
    size_t i = 0;
    while (i < n_journal && (journal[i].kind != record->kind || strcmp(journal[i].item, record->item) != 0 ||
                             strcmp(journal[i].room, record->room) != 0)) {
        i++;
    }
    assert_true(i < LENGTH(journal));
    journal[i] = *record;
    n_journal += i == n_journal;
}

static void keep_record(const struct state_record *record, void *unused)
{
    (void)unused;
    keep(record);
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

static const char *word(const struct event *event, enum event_field field)
{
    const struct event_value *value = find_value(event, field);
    return value && value->word ? value->word : "";
}

static int64_t number(const struct event *event, enum event_field field)
{
    const struct event_value *value = find_value(event, field);
    return value ? value->number : -1;
}

static size_t alarm_named(const char *room, const char *id)
{
    size_t a = 0;
    while (a < N_ALARMS && (strcmp(alarms[a].id, id) != 0 || strcmp(alarms[a].room, room) != 0)) {
        a++;
    }
    return a;
}

// An event says what the alarm has become, its record says the same, and both differ from what was told
// last: nothing is told twice but a new end, and an escalation.
static void take_event(const struct event *event)
{
    assert_true(event->n_values < EVENT_VALUES); // none was dropped
    events[n_events++] = *event;
    if (event->record.room) {
        keep(&event->record);
    }
    if (!find_value(event, FIELD_ALARM)) {
        return;
    }
    size_t a = alarm_named(event->room, word(event, FIELD_ALARM));
    assert_true(a < N_ALARMS);
    enum alarm_state state = event->record.state;
    assert_string_equal(word(event, FIELD_STATE), alarm_state_names[state]);
    bool same = event->type == EVENT_ALARM_ESCALATED || event->type == EVENT_POINT_ISOLATED ||
                event->type == EVENT_POINT_REINSTATED || event->type == EVENT_ALARM_SHELVED;
    assert_true(same || state != last_told[a]);
    last_told[a] = state;
}

static void step(uint64_t ns, struct core_input input)
{
    struct core_now now = at(ns);
    struct core_actions actions;
    n_events = 0;
    core_step(core, &input, &now, &actions);
    answer = actions.answer;
    for (;;) {
        for (size_t i = 0; i < actions.n_events; i++) {
            take_event(&actions.events[i]);
        }
        if (!actions.more) {
            break;
        }
        core_step(core, &(struct core_input){ .kind = CORE_INPUT_TICK }, &now, &actions);
    }
    for (size_t a = 0; a < N_ALARMS; a++) { // every step of an alarm was told
        assert_int_equal(state_of(a), last_told[a]);
    }
    assert_true(core_deadline_ns(core) > ns);
}

static void tick(uint64_t ns)
{
    step(ns, (struct core_input){ .kind = CORE_INPUT_TICK });
}

static void reading(uint64_t ns, size_t point, enum quantity quantity, int32_t value)
{
    step(ns, (struct core_input){
                 .kind = CORE_INPUT_READING, .point = point, .quantity = quantity, .value = value });
}

static void contact(uint64_t ns, size_t point, int32_t value)
{
    reading(ns, point, QUANTITY_CONTACT, value);
}

static void temperature(uint64_t ns, int32_t value)
{
    reading(ns, P_AIR, QUANTITY_TEMPERATURE, value);
}

static const struct event_note note = { .salt = { 1, 2, 3 }, .text = "painting" };

static void ask(uint64_t ns, enum core_input_kind kind, size_t alarm, size_t point, uint64_t for_ns)
{
    step(ns, (struct core_input){ .kind = kind,
                                  .alarm = alarm,
                                  .point = point,
                                  .for_ns = for_ns,
                                  .actor = "uid 1000 (mei)",
                                  .remote = remote,
                                  .note = &note });
}

static void ack(uint64_t ns, size_t alarm)
{
    ask(ns, CORE_INPUT_ACK, alarm, 0, 0);
}

static void reset(uint64_t ns, size_t alarm)
{
    ask(ns, CORE_INPUT_RESET, alarm, 0, 0);
}

static void shelve(uint64_t ns, size_t alarm, uint64_t for_ns)
{
    ask(ns, CORE_INPUT_SHELVE, alarm, 0, for_ns);
}

static void isolate(uint64_t ns, size_t point, uint64_t for_ns)
{
    ask(ns, CORE_INPUT_ISOLATE, 0, point, for_ns);
}

// The event that tells of this alarm or point; there must be exactly one.
static const struct event *event_of(enum event_type type, const char *item)
{
    const struct event *found = NULL;
    for (size_t i = 0; i < n_events; i++) {
        if (events[i].type == type && events[i].item && strcmp(events[i].item, item) == 0) {
            assert_null(found);
            found = &events[i];
        }
    }
    if (!found) {
        fail_msg("%s of %s was not told", event_type_names[type], item);
    }
    return found;
}

static const struct event *only(enum event_type type, const char *item)
{
    assert_int_equal(n_events, 1);
    return event_of(type, item);
}

static void refused(enum core_answer why, const char *item)
{
    assert_int_equal(answer, why);
    assert_string_equal(word(only(EVENT_COMMAND_REFUSED, item), FIELD_REASON), core_answer_words[why]);
}

static void make_core(uint64_t ns)
{
    free(core);
    size_t size = (core_size(&plan) + 15) / 16 * 16;
    void *memory = aligned_alloc(16, size);
    assert_non_null(memory);
    memset(memory, 0xA5, size);
    struct core_now now = at(ns);
    core = core_init(memory, &plan, &now);
}

// The gateway alone, or the whole board: then boottime begins again, and the records' ends in it say nothing.
static void restart(uint64_t ns, bool board)
{
    make_core(ns);
    struct core_now now = at(ns);
    for (size_t i = n_journal; i-- > 0;) {
        struct state_record record = journal[i];
        if (board) {
            record.since_boottime_ns = record.until_boottime_ns = 0;
        }
        assert_true(core_restore(core, &record, &now));
    }
}

static int begin(void **unused)
{
    (void)unused;
    clock_quality = CLOCK_SYNCHRONISED;
    wall_offset_ms = 1795000000000;
    remote = false;
    n_journal = 0;
    memset(last_told, 0, sizeof last_told);
    make_core(S);
    tick(S);
    return n_events == 0 ? 0 : -1;
}

static int end(void **unused)
{
    (void)unused;
    free(core);
    core = NULL;
    return 0;
}

// ---- The table, said another way: what an alarm is, rather than what it is called

struct alarm_facts {
    bool stands, holds, answered, kept; // kept: latched, or gone and still unanswered
    enum alarm_cause aside;             // the cause that set it aside; ALARM_CAUSE_COUNT: none
};

static struct alarm_facts facts_of(enum alarm_state s)
{
    const char *name = alarm_state_names[s];
    struct alarm_facts f = { .aside = ALARM_CAUSE_COUNT };
    f.aside = strcmp(name, "shelved") == 0          ? ALARM_SHELVE
              : strcmp(name, "suppressed") == 0     ? ALARM_SUPPRESS
              : strcmp(name, "out-of-service") == 0 ? ALARM_ISOLATE
                                                    : ALARM_CAUSE_COUNT;
    f.stands = f.aside == ALARM_CAUSE_COUNT && strcmp(name, "normal") != 0;
    f.kept = f.stands && strchr(name, '-');
    f.holds = f.stands && !f.kept;
    f.answered = f.stands && !strstr(name, "unacknowledged");
    return f;
}

static bool latched(enum alarm_state s)
{
    return strncmp(alarm_state_names[s], "latched", 7) == 0;
}

static const char *came_back(enum alarm_state s, enum alarm_ending e)
{
    struct alarm_facts f = facts_of(s);
    switch (e) {
    case ALARM_CLEARS_ITSELF:
        return "normal";
    case ALARM_WANTS_ANSWER:
        return f.kept ? alarm_state_names[s] : f.answered ? "normal" : "returned-unacknowledged";
    case ALARM_LATCHES:
        return f.kept ? alarm_state_names[s] : f.answered ? "latched-acknowledged" : "latched-unacknowledged";
    case ALARM_ENDING_COUNT:
        break;
    }
    return "";
}

static const char *acknowledged(enum alarm_state s, enum alarm_ending e)
{
    struct alarm_facts f = facts_of(s);
    if (f.holds) {
        return "acknowledged";
    }
    return latched(s) || e == ALARM_LATCHES ? "latched-acknowledged" : "normal";
}

// Of what stands, only what does not latch and is not latched can be set aside; and what was set aside
// before gives way to isolation alone.
static bool can_be_set_aside(enum alarm_state s, enum alarm_cause c, enum alarm_ending e)
{
    struct alarm_facts f = facts_of(s);
    if (f.aside != ALARM_CAUSE_COUNT) {
        return c == ALARM_ISOLATE;
    }
    bool latches = e == ALARM_LATCHES || latched(s);
    return !latches || (c == ALARM_ISOLATE && !f.stands);
}

static const char *expected_next(enum alarm_state s, enum alarm_cause c, enum alarm_ending e)
{
    struct alarm_facts f = facts_of(s);
    bool aside = f.aside != ALARM_CAUSE_COUNT;
    switch (c) {
    case ALARM_CONDITION_TRUE:
        return aside || f.holds ? alarm_state_names[s] : "unacknowledged";
    case ALARM_CONDITION_FALSE:
        return f.stands ? came_back(s, e) : alarm_state_names[s];
    case ALARM_ACKNOWLEDGE:
        return f.stands && !f.answered ? acknowledged(s, e) : alarm_state_names[s];
    case ALARM_RESET:
        return e == ALARM_LATCHES && latched(s) && f.answered ? "normal" : alarm_state_names[s];
    case ALARM_SHELVE:
        return can_be_set_aside(s, c, e) ? "shelved" : alarm_state_names[s];
    case ALARM_SUPPRESS:
        return can_be_set_aside(s, c, e) ? "suppressed" : alarm_state_names[s];
    case ALARM_ISOLATE:
        return can_be_set_aside(s, c, e) ? "out-of-service" : alarm_state_names[s];
    case ALARM_UNSHELVE:
        return f.aside == ALARM_SHELVE ? "normal" : alarm_state_names[s];
    case ALARM_RELEASE:
        return f.aside == ALARM_SUPPRESS ? "normal" : alarm_state_names[s];
    case ALARM_REINSTATE:
        return f.aside == ALARM_ISOLATE ? "normal" : alarm_state_names[s];
    case ALARM_CAUSE_COUNT:
        break;
    }
    return "";
}

static void test_every_cell_of_the_table(void **unused)
{
    (void)unused;
    for (unsigned s = 0; s < ALARM_STATE_COUNT; s++) {
        for (unsigned c = 0; c < ALARM_CAUSE_COUNT; c++) {
            for (unsigned e = 0; e < ALARM_ENDING_COUNT; e++) {
                const char *is = alarm_state_names[alarm_next(s, c, e)];
                const char *should = expected_next(s, c, e);
                if (strcmp(is, should) != 0) {
                    fail_msg("%s, cause %u, ending %u: %s, not %s", alarm_state_names[s], c, e, is, should);
                }
            }
        }
    }
}

static void test_what_states_are(void **unused)
{
    (void)unused;
    for (unsigned s = 0; s < ALARM_STATE_COUNT; s++) {
        struct alarm_facts f = facts_of(s);
        assert_int_equal(alarm_standing(s), f.stands);
        assert_int_equal(alarm_condition(s), f.holds);
        assert_int_equal(alarm_unacknowledged(s), f.stands && !f.answered);
        assert_int_equal(alarm_set_aside(s), f.aside != ALARM_CAUSE_COUNT);
    }
}

static void test_a_standing_latch_leaves_only_by_reset(void **unused)
{
    (void)unused;
    for (unsigned s = 0; s < ALARM_STATE_COUNT; s++) {
        for (unsigned c = 0; c < ALARM_CAUSE_COUNT; c++) {
            bool leaves = alarm_standing(s) && !alarm_standing(alarm_next(s, c, ALARM_LATCHES));
            assert_int_equal(leaves, s == ALARM_LATCHED_ACKNOWLEDGED && c == ALARM_RESET);
        }
    }
}

// ---- Shelves

static void test_a_shelf_ends_by_itself(void **unused)
{
    (void)unused;
    temperature(2 * S, 10000);
    shelve(3 * S, A_COLD, H);
    assert_int_equal(answer, CORE_ANSWER_DONE);
    const struct event *event = only(EVENT_ALARM_SHELVED, "cold");
    assert_string_equal(event->actor, "uid 1000 (mei)");
    assert_string_equal(word(event, FIELD_VIA), "local");
    assert_int_equal(number(event, FIELD_UNTIL_MS), at(3 * S + H).wall_ms);
    assert_memory_equal(&event->note, &note, sizeof note);
    assert_int_equal(event->record.until_boottime_ns, 3 * S + H);
    assert_int_equal(event->record.until_wall_ms, at(3 * S + H).wall_ms);
    assert_int_equal(event->record.rest_ns, H);
    assert_int_equal(event->record.condition, 1);
    assert_int_equal(core_view_output(core, 0), PATTERN_OFF);
    struct core_alarm_view view;
    core_view_alarm(core, A_COLD, &view);
    assert_int_equal(view.until_ns, 3 * S + H);
    assert_true(view.condition);
    assert_int_equal(core_deadline_ns(core), 3 * S + H);

    temperature(4 * S, 20000); // it comes and goes, and nobody is told but that it suppresses no more
    event_of(EVENT_ALARM_RELEASED, "dry");
    temperature(5 * S, 10000);
    only(EVENT_ALARM_SUPPRESSED, "dry");
    tick(3 * S + H - 1);
    assert_int_equal(n_events, 0);
    tick(3 * S + H);
    assert_int_equal(n_events, 2);
    event = event_of(EVENT_ALARM_UNSHELVED, "cold");
    assert_string_equal(word(event, FIELD_REASON), "expired");
    assert_string_equal(event->actor, "");
    event = event_of(EVENT_ALARM_RAISED, "cold"); // the condition holds: a new occurrence, in the same step
    assert_int_equal(number(event, FIELD_OCCURRENCE), 2);
    assert_int_equal(core_view_output(core, 0), PATTERN_CRITICAL);
}

static void test_a_shelf_is_ended_by_a_person(void **unused)
{
    (void)unused;
    shelve(2 * S, A_DRY, H);
    assert_int_equal(state_of(A_DRY), ALARM_SHELVED);
    remote = true;
    shelve(3 * S, A_DRY, 0);
    const struct event *event = only(EVENT_ALARM_UNSHELVED, "dry");
    assert_string_equal(word(event, FIELD_REASON), "ended");
    assert_string_equal(event->actor, "uid 1000 (mei)");
    assert_string_equal(word(event, FIELD_VIA), "mqtt");
    assert_int_equal(core_deadline_ns(core), S + 1000 * H); // no end is waited for
    shelve(4 * S, A_DRY, 0);
    refused(CORE_ANSWER_NOT_SHELVED, "dry");
    assert_string_equal(word(&events[0], FIELD_COMMAND), "unshelve");
    assert_memory_equal(&events[0].note, &note, sizeof note);
}

static void test_a_shelf_can_have_another_end(void **unused)
{
    (void)unused;
    shelve(2 * S, A_DRY, H);
    shelve(10 * S, A_DRY, 2 * H);
    assert_int_equal(only(EVENT_ALARM_SHELVED, "dry")->record.until_boottime_ns, 10 * S + 2 * H);
    tick(2 * S + H);
    assert_int_equal(state_of(A_DRY), ALARM_SHELVED);
    tick(10 * S + 2 * H);
    only(EVENT_ALARM_UNSHELVED, "dry");
}

static void test_what_is_never_shelved(void **unused)
{
    (void)unused;
    static const size_t never[] = { A_SMOKE, A_HELP, A_SMOKE_T, A_SMOKE_I };
    for (size_t i = 0; i < LENGTH(never); i++) {
        shelve(2 * S, never[i], H);
        refused(CORE_ANSWER_LATCHES, alarms[never[i]].id);
    }
    contact(3 * S, P_SMOKE, 1);
    shelve(4 * S, A_SMOKE, H);
    refused(CORE_ANSWER_LATCHES, "smoke");
    remote = true;
    shelve(5 * S, A_SMOKE, H);
    refused(CORE_ANSWER_REMOTE_FIRE, "smoke");
    remote = false;
    shelve(6 * S, A_DRY, CORE_SHELVE_MAX_NS + 1);
    refused(CORE_ANSWER_TOO_LONG, "dry");
    shelve(6 * S, A_DRY, CORE_SHELVE_MAX_NS);
    assert_int_equal(answer, CORE_ANSWER_DONE);
    isolate(7 * S, P_AIR, H);
    shelve(8 * S, A_COLD, H);
    refused(CORE_ANSWER_SET_ASIDE, "cold");
    shelve(9 * S, N_ALARMS, H);
    assert_int_equal(n_events, 0);
    shelve(9 * S, A_HELP_I, H); // a help button is no detector of fire
    assert_int_equal(answer, CORE_ANSWER_DONE);
}

// ---- Isolation

static void test_isolation_is_told_and_ends_by_itself(void **unused)
{
    (void)unused;
    isolate(2 * S, P_SMOKE, H);
    assert_int_equal(answer, CORE_ANSWER_DONE);
    assert_int_equal(n_events, 3);
    const struct event *event = event_of(EVENT_POINT_ISOLATED, "smoke");
    assert_ptr_equal(event, &events[0]);
    assert_string_equal(event->actor, "uid 1000 (mei)");
    assert_int_equal(number(event, FIELD_UNTIL_MS), at(2 * S + H).wall_ms);
    assert_string_equal(word(event, FIELD_ALARM), "smoke.isolated");
    assert_memory_equal(&event->note, &note, sizeof note);
    assert_int_equal(event->record.kind, RECORD_ISOLATION);
    assert_int_equal(event->record.rest_ns, H);
    event = event_of(EVENT_ALARM_SUPPRESSED, "smoke");
    assert_string_equal(word(event, FIELD_REASON), "isolated");
    assert_string_equal(word(event, FIELD_STATE), "out-of-service");
    assert_string_equal(event->actor, "uid 1000 (mei)");
    event_of(EVENT_ALARM_SUPPRESSED, "smoke.trouble");
    assert_int_equal(state_of(A_SMOKE_I), ALARM_UNACKNOWLEDGED);
    assert_int_equal(isolated_until(P_SMOKE), 2 * S + H);
    assert_int_equal(core_deadline_ns(core), 2 * S + H);

    contact(3 * S, P_SMOKE, 1); // the painter's dust
    step(4 * S, (struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = P_SMOKE, .trouble = TROUBLE_GONE });
    assert_int_equal(n_events, 0);
    assert_int_equal(core_view_output(core, 0), PATTERN_OFF);
    step(5 * S, (struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = P_SMOKE, .trouble = TROUBLE_NONE });

    tick(2 * S + H); // it still smokes
    event = event_of(EVENT_POINT_REINSTATED, "smoke");
    assert_string_equal(word(event, FIELD_REASON), "expired");
    assert_string_equal(event->actor, "");
    event_of(EVENT_ALARM_RELEASED, "smoke");
    event_of(EVENT_ALARM_RELEASED, "smoke.trouble");
    event_of(EVENT_ALARM_RAISED, "smoke");
    event_of(EVENT_ALARM_SUPPRESSED, "door-open"); // the fire's doing
    assert_int_equal(n_events, 5);
    assert_int_equal(core_view_output(core, 0), PATTERN_EVACUATE);
    assert_int_equal(state_of(A_SMOKE_I), ALARM_NORMAL);
}

static void test_isolation_is_ended_by_a_person_and_can_have_another_end(void **unused)
{
    (void)unused;
    isolate(2 * S, P_AIR, H);
    isolate(3 * S, P_AIR, 2 * H);
    assert_int_equal(only(EVENT_POINT_ISOLATED, "air")->record.until_boottime_ns, 3 * S + 2 * H);
    assert_int_equal(occurrence_of(A_AIR_I), 1);
    isolate(4 * S, P_AIR, 0);
    const struct event *event = event_of(EVENT_POINT_REINSTATED, "air");
    assert_string_equal(word(event, FIELD_REASON), "ended");
    assert_string_equal(event->actor, "uid 1000 (mei)");
    assert_string_equal(event_of(EVENT_ALARM_RELEASED, "cold")->actor, "uid 1000 (mei)");
    assert_int_equal(isolated_until(P_AIR), 0);
    isolate(5 * S, P_AIR, 0);
    refused(CORE_ANSWER_NOT_ISOLATED, "air");
    assert_string_equal(word(&events[0], FIELD_COMMAND), "reinstate");
}

static void test_what_is_not_isolated(void **unused)
{
    (void)unused;
    isolate(2 * S, P_DISK, H);
    refused(CORE_ANSWER_NO_POINT, "disk");
    isolate(2 * S, N_POINTS, H);
    assert_int_equal(answer, CORE_ANSWER_NO_POINT);
    assert_int_equal(n_events, 0);
    isolate(2 * S, P_SMOKE, CORE_ISOLATE_MAX_NS + 1);
    refused(CORE_ANSWER_TOO_LONG, "smoke");
    remote = true;
    isolate(2 * S, P_SMOKE, H);
    refused(CORE_ANSWER_REMOTE_FIRE, "smoke");
    isolate(2 * S, P_AIR, H);
    assert_int_equal(answer, CORE_ANSWER_DONE);
    remote = false;
    contact(3 * S, P_SMOKE, 1);
    isolate(4 * S, P_SMOKE, H);
    refused(CORE_ANSWER_STANDS, "smoke");
    contact(5 * S, P_SMOKE, 0);
    isolate(6 * S, P_SMOKE, H); // latched, and nobody has seen it
    refused(CORE_ANSWER_STANDS, "smoke");
}

static void test_isolating_a_fire_that_was_answered_keeps_it_until_the_reset(void **unused)
{
    (void)unused;
    contact(2 * S, P_SMOKE, 1);
    ack(3 * S, A_SMOKE);
    isolate(4 * S, P_SMOKE, H);
    assert_int_equal(answer, CORE_ANSWER_DONE);
    event_of(EVENT_ALARM_CLEARED, "smoke");
    assert_int_equal(state_of(A_SMOKE), ALARM_LATCHED_ACKNOWLEDGED);
    assert_int_equal(core_view_output(core, 0), PATTERN_EVACUATE);
    reset(5 * S, A_SMOKE); // its detector still says smoke, and is out of service
    assert_int_equal(answer, CORE_ANSWER_DONE);
    assert_int_equal(n_events, 3);
    event_of(EVENT_ALARM_RESET, "smoke");
    event_of(EVENT_ALARM_SUPPRESSED, "smoke");
    event_of(EVENT_ALARM_RELEASED, "door-open");
    assert_int_equal(state_of(A_SMOKE), ALARM_OUT_OF_SERVICE);
    assert_int_equal(core_view_output(core, 0), PATTERN_OFF);
    isolate(6 * S, P_SMOKE, 0);
    assert_int_equal(number(event_of(EVENT_ALARM_RAISED, "smoke"), FIELD_OCCURRENCE), 2);
}

static void test_isolation_that_ends_before_the_reset_raises_again(void **unused)
{
    (void)unused;
    contact(2 * S, P_SMOKE, 1);
    ack(3 * S, A_SMOKE);
    isolate(4 * S, P_SMOKE, H);
    isolate(5 * S, P_SMOKE, 0);
    assert_int_equal(number(event_of(EVENT_ALARM_RAISED, "smoke"), FIELD_OCCURRENCE), 2);
    assert_int_equal(state_of(A_SMOKE), ALARM_UNACKNOWLEDGED);
}

static void test_isolation_takes_along_what_compares_with_the_point(void **unused)
{
    (void)unused;
    isolate(2 * S, P_AIR2, H);
    assert_int_equal(state_of(A_APART), ALARM_OUT_OF_SERVICE);
    assert_int_equal(state_of(A_COLD), ALARM_NORMAL);
    temperature(3 * S, 30000);
    reading(4 * S, P_AIR2, QUANTITY_TEMPERATURE, 20000);
    tick(2 * S + H);
    event_of(EVENT_ALARM_RELEASED, "apart");
    event_of(EVENT_ALARM_RAISED, "apart");
}

static void test_isolation_takes_over_from_a_shelf(void **unused)
{
    (void)unused;
    shelve(2 * S, A_DRY, 5 * H);
    isolate(3 * S, P_AIR, H);
    assert_int_equal(state_of(A_DRY), ALARM_OUT_OF_SERVICE);
    tick(3 * S + H);
    assert_int_equal(state_of(A_DRY), ALARM_NORMAL);
    tick(2 * S + 5 * H); // nothing is left of the shelf
    assert_int_equal(n_events, 0);
}

static void test_the_alarm_of_an_isolation_lives_its_own_life(void **unused)
{
    (void)unused;
    isolate(2 * S, P_AIR, H);
    ack(3 * S, A_AIR_I);
    assert_int_equal(only(EVENT_ALARM_ACKNOWLEDGED, "air.isolated")->record.kind, RECORD_ISOLATION);
    shelve(4 * S, A_AIR_I, S);
    assert_int_equal(state_of(A_AIR_I), ALARM_SHELVED);
    tick(5 * S);
    event_of(EVENT_ALARM_UNSHELVED, "air.isolated");
    event_of(EVENT_ALARM_RAISED, "air.isolated"); // the point is still isolated
    shelve(6 * S, A_AIR_I, 3 * H);
    tick(2 * S + H);
    event_of(EVENT_POINT_REINSTATED, "air");
    assert_int_equal(state_of(A_AIR_I), ALARM_SHELVED);
}

// ---- Suppression

static void test_a_contact_suppresses_while_it_is_active_and_trusted(void **unused)
{
    (void)unused;
    temperature(2 * S, 10000);
    contact(3 * S, P_WINDOW, 1);
    const struct event *event = event_of(EVENT_ALARM_SUPPRESSED, "cold");
    assert_string_equal(word(event, FIELD_REASON), "window");
    assert_int_equal(event->record.condition, 1);
    ack(4 * S, A_COLD);
    refused(CORE_ANSWER_NOT_STANDING, "cold");
    shelve(4 * S, A_COLD, H);
    refused(CORE_ANSWER_SET_ASIDE, "cold");
    step(5 * S,
         (struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = P_WINDOW, .trouble = TROUBLE_GONE });
    event_of(EVENT_ALARM_RELEASED, "cold");
    event_of(EVENT_ALARM_RAISED, "cold");
    step(6 * S,
         (struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = P_WINDOW, .trouble = TROUBLE_NONE });
    event_of(EVENT_ALARM_SUPPRESSED, "cold");
    isolate(7 * S, P_WINDOW, H); // and what is out of service says nothing
    event_of(EVENT_ALARM_RELEASED, "cold");
}

static void test_a_rule_suppresses_while_it_is_met(void **unused)
{
    (void)unused;
    reading(2 * S, P_AIR, QUANTITY_HUMIDITY, 20000);
    assert_int_equal(state_of(A_DRY), ALARM_UNACKNOWLEDGED);
    temperature(3 * S, 10000);
    assert_string_equal(word(event_of(EVENT_ALARM_SUPPRESSED, "dry"), FIELD_REASON), "cold");
    contact(4 * S, P_WINDOW, 1); // it is met though it is suppressed itself
    assert_int_equal(state_of(A_COLD), ALARM_SUPPRESSED);
    assert_int_equal(state_of(A_DRY), ALARM_SUPPRESSED);
    temperature(5 * S, 20000);
    assert_int_equal(state_of(A_COLD), ALARM_SUPPRESSED);
    event_of(EVENT_ALARM_RELEASED, "dry");
    event_of(EVENT_ALARM_RAISED, "dry");
}

static void test_a_shelf_outlasts_suppression(void **unused)
{
    (void)unused;
    shelve(2 * S, A_COLD, H);
    contact(3 * S, P_WINDOW, 1);
    assert_int_equal(state_of(A_COLD), ALARM_SHELVED);
    tick(2 * S + H);
    assert_int_equal(n_events, 2);
    event_of(EVENT_ALARM_UNSHELVED, "cold");
    event_of(EVENT_ALARM_SUPPRESSED, "cold");
}

static void test_fire_suppresses_what_means_nothing_in_a_fire(void **unused)
{
    (void)unused;
    contact(2 * S, P_DOOR, 1);
    assert_int_equal(state_of(A_DOOR), ALARM_UNACKNOWLEDGED);
    contact(3 * S, P_SMOKE, 1);
    assert_string_equal(word(event_of(EVENT_ALARM_SUPPRESSED, "door-open"), FIELD_REASON), "fire");
    contact(4 * S, P_WINDOW, 1); // suppresses everything but fire, though the plan says otherwise
    assert_int_equal(state_of(A_SMOKE), ALARM_UNACKNOWLEDGED);
    contact(5 * S, P_SMOKE, 0);
    ack(6 * S, A_SMOKE);
    assert_int_equal(state_of(A_DOOR), ALARM_SUPPRESSED);
    reset(7 * S, A_SMOKE);
    assert_int_equal(n_events, 3);
    event_of(EVENT_ALARM_RELEASED, "door-open");
    assert_int_equal(number(event_of(EVENT_ALARM_RAISED, "door-open"), FIELD_OCCURRENCE), 2);
}

// ---- Escalation and first-out

static void test_nobody_answers_for_three_minutes(void **unused)
{
    (void)unused;
    temperature(2 * S, 10000);
    reading(2 * S, P_AIR2, QUANTITY_TEMPERATURE, 10000);
    assert_int_equal(core_deadline_ns(core), 182 * S);
    temperature(100 * S, 20000); // gone, and still nobody has seen it
    tick(182 * S - 1);
    assert_int_equal(n_events, 0);
    tick(182 * S);
    const struct event *event = only(EVENT_ALARM_ESCALATED, "cold");
    assert_string_equal(word(event, FIELD_STATE), "returned-unacknowledged");
    assert_int_equal(number(event, FIELD_OCCURRENCE), 1);
    tick(1000 * S);
    assert_int_equal(n_events, 0); // once
    temperature(1001 * S, 10000);  // another occurrence, another three minutes
    tick(1181 * S);
    assert_int_equal(number(only(EVENT_ALARM_ESCALATED, "cold"), FIELD_OCCURRENCE), 2);
}

static void test_an_answer_ends_the_waiting(void **unused)
{
    (void)unused;
    contact(2 * S, P_SMOKE, 1);
    ack(181 * S, A_SMOKE);
    tick(182 * S);
    assert_int_equal(n_events, 0);
    temperature(200 * S, 10000);
    shelve(201 * S, A_COLD, 10 * S);
    tick(380 * S); // raised again at 211 s
    event_of(EVENT_ALARM_UNSHELVED, "cold");
    reading(381 * S, P_AIR, QUANTITY_HUMIDITY, 20000); // a warning is told once
    assert_int_equal(state_of(A_DRY), ALARM_SUPPRESSED);
    tick(380 * S + 180 * S);
    only(EVENT_ALARM_ESCALATED, "cold");
}

static bool first_out(size_t a)
{
    struct core_alarm_view view;
    core_view_alarm(core, a, &view);
    return view.first_out;
}

static void test_the_first_of_many_is_marked(void **unused)
{
    (void)unused;
    step(2 * S, (struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = P_DOOR, .trouble = TROUBLE_GONE });
    assert_int_equal(number(event_of(EVENT_POINT_TROUBLE, "door"), FIELD_FIRST_OUT), -1);
    contact(3 * S, P_HELP, 1); // a trouble that stands takes nothing from it
    assert_int_equal(number(event_of(EVENT_ALARM_RAISED, "help"), FIELD_FIRST_OUT), 1);
    assert_true(first_out(A_HELP));
    contact(4 * S, P_SMOKE, 1);
    assert_int_equal(number(event_of(EVENT_ALARM_RAISED, "smoke"), FIELD_FIRST_OUT), -1);
    restart(5 * S, false);
    tick(5 * S);
    assert_true(first_out(A_HELP));
    assert_false(first_out(A_SMOKE));
    contact(6 * S, P_HELP, 0);
    ack(7 * S, A_HELP);
    reset(8 * S, A_HELP);
    assert_false(first_out(A_HELP));
    contact(9 * S, P_SMOKE, 0);
    contact(10 * S, P_SMOKE, 1); // again, and by now it stands alone
    assert_true(first_out(A_SMOKE));
}

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
    restart(20 * S, false);
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
    restart(1 * S, true);
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
    restart(1 * S, true);
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
    restart(1 * S, true);
    tick(1 * S);
    assert_int_equal(isolated_until(P_SMOKE), 1 * S + H);
}

static void test_without_a_clock_shelves_end_and_isolations_stay(void **unused)
{
    (void)unused;
    make_a_mess();
    clock_quality = CLOCK_UNSYNCHRONISED;
    restart(1 * S, true);
    tick(1 * S);
    assert_string_equal(word(only(EVENT_ALARM_UNSHELVED, "dry"), FIELD_REASON), "expired");
    assert_int_equal(isolated_until(P_SMOKE), 1 * S + 2 * H - S); // acknowledged a second after it began
    assert_int_equal(isolated_until(P_AIR2), 1 * S + 3 * H);
    isolate(2 * S, P_AIR2, H);
    assert_null(find_value(event_of(EVENT_POINT_ISOLATED, "air-2"), FIELD_UNTIL_MS));

    // The new end is saved, or each start of the gateway would give it the whole time again.
    struct core_now now = at(3 * S);
    core_save(core, &now, keep_record, NULL);
    restart(H, false);
    tick(H);
    assert_int_equal(isolated_until(P_SMOKE), 1 * S + 2 * H - S);
    assert_int_equal(isolated_until(P_AIR2), 2 * S + H);
}

static void test_the_shelf_of_an_isolations_alarm_comes_back(void **unused)
{
    (void)unused;
    isolate(2 * S, P_AIR, 2 * H);
    shelve(3 * S, A_AIR_I, H);
    restart(4 * S, false);
    tick(4 * S);
    assert_int_equal(state_of(A_AIR_I), ALARM_SHELVED);
    wall_offset_ms += 1000;
    restart(4 * S, true);
    tick(4 * S);
    tick(2 * S + H - 1);
    assert_int_equal(state_of(A_AIR_I), ALARM_SHELVED);
    tick(2 * S + H);
    event_of(EVENT_ALARM_RAISED, "air.isolated");
    shelve(3 * S + H, A_AIR_I, 5 * H);
    isolate(4 * S + H, P_AIR, 0);
    restart(5 * S + H, false);
    tick(5 * S + H);
    assert_int_equal(state_of(A_AIR_I), ALARM_SHELVED);
    tick(3 * S + 6 * H);
    assert_int_equal(state_of(A_AIR_I), ALARM_NORMAL);
    assert_int_equal(isolated_until(P_AIR), 0);
}

static void test_a_suppressed_alarm_waits_for_what_suppresses_it(void **unused)
{
    (void)unused;
    temperature(2 * S, 10000);
    contact(3 * S, P_WINDOW, 1);
    restart(4 * S, false);
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
    restart(100 * S, false);
    contact(101 * S, P_HELP, 1);
    tick(182 * S);
    only(EVENT_ALARM_ESCALATED, "help");
    restart(200 * S, false);
    tick(200 * S);
    tick(1000 * S);
    assert_int_equal(n_events, 0);
    contact(1001 * S, P_HELP, 0);
    contact(1002 * S, P_HELP, 1);
    restart(1 * S, true); // of another boot: three minutes from now
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
    restart(2 * S, false);
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
    restart(2 * S, false);
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

// ---- Whatever people do

// Random hands on everything, from near and far: a fire that stands goes away by a reset on the spot alone,
// and a detector that is in service and says smoke has its alarm standing.
static void test_nothing_that_people_do_hides_fire(void **unused)
{
    (void)unused;
    uint64_t seed = 1, ns = S;
    const char *given = getenv("CAREROOM_SEED");
    seed = given ? strtoull(given, NULL, 0) : 20261124;
    print_message("CAREROOM_SEED=%llu\n", (unsigned long long)seed);
    bool smoke = false;
    for (unsigned i = 0; i < 30000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        unsigned dice = (unsigned)(seed >> 40);
        size_t alarm = dice / 16 % N_ALARMS, point = dice / 16 % N_POINTS;
        uint64_t for_ns = dice / 512 % 3 ? dice / 512 % 900 * S : 0;
        bool stood = alarm_standing(state_of(A_SMOKE));
        remote = dice / 8192 % 2;
        ns += dice / 1024 % 60 * S;
        enum core_input_kind kind = CORE_INPUT_TICK;
        while (core_deadline_ns(core) <= ns) {
            uint64_t deadline_ns = core_deadline_ns(core);
            tick(deadline_ns);
            assert_true(!stood || alarm_standing(state_of(A_SMOKE)));
            stood = alarm_standing(state_of(A_SMOKE));
        }
        switch (dice % 8) {
        case 0:
            kind = CORE_INPUT_ACK;
            break;
        case 1:
            kind = CORE_INPUT_RESET;
            break;
        case 2:
            kind = CORE_INPUT_SHELVE;
            break;
        case 3:
            kind = CORE_INPUT_ISOLATE;
            break;
        default:
            break;
        }
        if (kind != CORE_INPUT_TICK) {
            ask(ns, kind, alarm, point, for_ns);
        } else if (dice % 8 == 4) {
            point = dice % 32 < 8 ? P_SMOKE : point;
            smoke = point == P_SMOKE ? dice / 64 % 2 : smoke;
            if (points[point].contact) {
                contact(ns, point, dice / 64 % 2);
            } else {
                reading(ns, point, QUANTITY_TEMPERATURE, dice / 64 % 2 ? 10000 : 20000);
            }
        } else if (dice % 8 == 5 && dice / 8 % 16 == 0) {
            restart(ns, false); // before its first reading, what is restored holds
            tick(ns);
            contact(ns, P_SMOKE, smoke);
        }
        bool stands = alarm_standing(state_of(A_SMOKE));
        assert_true(stands || !stood ||
                    (kind == CORE_INPUT_RESET && alarm == A_SMOKE && !remote && answer == CORE_ANSWER_DONE));
        assert_true(stands || !smoke || isolated_until(P_SMOKE) != 0);
        assert_true(!stands || core_view_output(core, 0) == PATTERN_EVACUATE);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell_of_the_table),
        cmocka_unit_test(test_what_states_are),
        cmocka_unit_test(test_a_standing_latch_leaves_only_by_reset),
        CASE(test_a_shelf_ends_by_itself),
        CASE(test_a_shelf_is_ended_by_a_person),
        CASE(test_a_shelf_can_have_another_end),
        CASE(test_what_is_never_shelved),
        CASE(test_isolation_is_told_and_ends_by_itself),
        CASE(test_isolation_is_ended_by_a_person_and_can_have_another_end),
        CASE(test_what_is_not_isolated),
        CASE(test_isolating_a_fire_that_was_answered_keeps_it_until_the_reset),
        CASE(test_isolation_that_ends_before_the_reset_raises_again),
        CASE(test_isolation_takes_along_what_compares_with_the_point),
        CASE(test_isolation_takes_over_from_a_shelf),
        CASE(test_the_alarm_of_an_isolation_lives_its_own_life),
        CASE(test_a_contact_suppresses_while_it_is_active_and_trusted),
        CASE(test_a_rule_suppresses_while_it_is_met),
        CASE(test_a_shelf_outlasts_suppression),
        CASE(test_fire_suppresses_what_means_nothing_in_a_fire),
        CASE(test_nobody_answers_for_three_minutes),
        CASE(test_an_answer_ends_the_waiting),
        CASE(test_the_first_of_many_is_marked),
        CASE(test_everything_comes_back_in_the_same_boot),
        CASE(test_with_a_clock_ends_hold_across_boots),
        CASE(test_ends_that_passed_while_it_was_off_are_told),
        CASE(test_a_wall_clock_that_went_back_gives_no_more_time),
        CASE(test_without_a_clock_shelves_end_and_isolations_stay),
        CASE(test_the_shelf_of_an_isolations_alarm_comes_back),
        CASE(test_a_suppressed_alarm_waits_for_what_suppresses_it),
        CASE(test_an_escalation_is_not_told_again),
        CASE(test_a_shelf_of_what_latches_by_now_is_none),
        CASE(test_out_of_service_without_an_isolation_comes_back),
        CASE(test_records_of_isolations_that_are_none),
        CASE(test_nothing_that_people_do_hides_fire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
