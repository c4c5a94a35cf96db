#include "tests/unit/life_building.h"
#include "tests/unit/look_past_rolls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POINT(room_, index_, id_, contact_, role_)                                                           \
    {                                                                                                        \
        .room = room_, .room_index = index_, .id = id_, .trouble_id = id_ ".trouble", .contact = contact_,   \
        .role = role_, .stale_ns = 1000 * H                                                                  \
    }
const struct core_point points[N_POINTS] = {
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
    { .contact = true, .index = P_WINDOW }, // of A_DRY2
    { .contact = false, .index = A_HELP },
};
const struct core_alarm alarms[N_ALARMS] = {
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
    [A_DRY2] = { .room = "bee",
                 .id = "dry-2",
                 .room_index = BEE,
                 .kind = CORE_ALARM_THRESHOLD,
                 .point = P_AIR2,
                 .severity = SEVERITY_ADVISORY,
                 .class = CLASS_SAFETY,
                 .ending = ALARM_CLEARS_ITSELF,
                 .quantity = QUANTITY_HUMIDITY,
                 .threshold = 30000,
                 .first_suppressor = 2,
                 .n_suppressors = 2 },
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

// ---- A core, and its journal

struct core *core;
enum clock_quality clock_quality;
int64_t wall_offset_ms; // wall clock at boottime 0
enum core_answer answer;
bool remote;
struct event events[64];
size_t n_events;
static struct state_record journal[64];
static size_t n_journal;
enum alarm_state last_told[N_ALARMS]; // as the events had it

struct core_now at(uint64_t ns)
{
    return (struct core_now){ .boottime_ns = ns,
                              .wall_ms = wall_offset_ms + (int64_t)(ns / NS_PER_MS),
                              .clock = clock_quality };
}

enum alarm_state state_of(size_t a)
{
    struct core_alarm_view view;
    core_view_alarm(core, a, &view);
    return view.state;
}

uint64_t occurrence_of(size_t a)
{
    struct core_alarm_view view;
    core_view_alarm(core, a, &view);
    return view.occurrence;
}

uint64_t isolated_until(size_t p)
{
    struct core_point_view view;
    core_view_point(core, p, &view);
    return view.isolated_until_ns;
}

void keep(const struct state_record *record)
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

void keep_record(const struct state_record *record, void *unused)
{
    (void)unused;
    keep(record);
}

const struct event_value *find_value(const struct event *event, enum event_field field)
{
    for (unsigned i = 0; i < event->n_values; i++) {
        if (event->values[i].field == field) {
            return &event->values[i];
        }
    }
    return NULL;
}

const char *word(const struct event *event, enum event_field field)
{
    const struct event_value *value = find_value(event, field);
    return value && value->word ? value->word : "";
}

int64_t number(const struct event *event, enum event_field field)
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

void step(uint64_t ns, struct core_input input)
{
    struct core_now now = at(ns);
    struct core_actions actions;
    n_events = 0;
    core_step(core, &input, &now, &actions);
    answer = actions.answer;
    for (;;) {
        look_past_rolls(&actions);
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

void tick(uint64_t ns)
{
    step(ns, (struct core_input){ .kind = CORE_INPUT_TICK });
}

void reading(uint64_t ns, size_t point, enum quantity quantity, int32_t value)
{
    step(ns, (struct core_input){
                 .kind = CORE_INPUT_READING, .point = point, .quantity = quantity, .value = value });
}

void contact(uint64_t ns, size_t point, int32_t value)
{
    reading(ns, point, QUANTITY_CONTACT, value);
}

void temperature(uint64_t ns, int32_t value)
{
    reading(ns, P_AIR, QUANTITY_TEMPERATURE, value);
}

const struct event_note note = { .salt = { 1, 2, 3 }, .text = "painting" };

void ask(uint64_t ns, enum core_input_kind kind, size_t alarm, size_t point, uint64_t for_ns)
{
    step(ns, (struct core_input){ .kind = kind,
                                  .alarm = alarm,
                                  .point = point,
                                  .for_ns = for_ns,
                                  .actor = "uid 1000 (mei)",
                                  .remote = remote,
                                  .note = &note });
}

void ack(uint64_t ns, size_t alarm)
{
    ask(ns, CORE_INPUT_ACK, alarm, 0, 0);
}

void reset(uint64_t ns, size_t alarm)
{
    ask(ns, CORE_INPUT_RESET, alarm, 0, 0);
}

void shelve(uint64_t ns, size_t alarm, uint64_t for_ns)
{
    ask(ns, CORE_INPUT_SHELVE, alarm, 0, for_ns);
}

void isolate(uint64_t ns, size_t point, uint64_t for_ns)
{
    ask(ns, CORE_INPUT_ISOLATE, 0, point, for_ns);
}

// The event that tells of this alarm or point; there must be exactly one.
const struct event *event_of(enum event_type type, const char *item)
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

const struct event *only(enum event_type type, const char *item)
{
    assert_int_equal(n_events, 1);
    return event_of(type, item);
}

void refused(enum core_answer why, const char *item)
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
void life_restart(uint64_t ns, bool board)
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

int life_begin(void **unused)
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

int life_end(void **unused)
{
    (void)unused;
    free(core);
    core = NULL;
    return 0;
}
