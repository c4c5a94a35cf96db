#include "tests/unit/roll_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORDS 4096
#define WALL_MS 1795000000000

struct core *roll_core;
struct event roll_events[ROLL_EVENTS];
size_t roll_n_events;

static char names[ROLL_ROOMS][8];
static struct core_point points[ROLL_POINTS];
static struct core_alarm alarms[2 * ROLL_POINTS]; // first those of the detectors, at their points' places
static const struct core_output outputs[ROLL_OUTPUTS] = {
    [ROLL_SIREN] = { .room = names[0], .id = "siren", .room_index = 0, .role = OUTPUT_SOUNDER },
    [ROLL_SIREN_2] = { .room = names[1], .id = "siren", .room_index = 1, .role = OUTPUT_SOUNDER },
};
static const struct core_plan plan = { .points = points,
                                       .n_points = ROLL_POINTS,
                                       .alarms = alarms,
                                       .n_alarms = 2 * ROLL_POINTS,
                                       .outputs = outputs,
                                       .n_outputs = ROLL_OUTPUTS,
                                       .n_rooms = ROLL_ROOMS };

// What the journal would have of the state: a row for each kind, room and item.
static struct row {
    struct state_record record;
    char item[PSEUDONYM_SIZE];
} rows[RECORDS];
static size_t n_rows;
static enum clock_quality clock_now;
static int64_t boot_wall_ms;

const char *roll_room(size_t room)
{
    return names[room];
}

static void add_point(size_t p, size_t room, const char *id, enum contact_role role)
{
    points[p] = (struct core_point){
        .room = names[room], .id = id, .trouble_id = "x", .room_index = room, .contact = true, .role = role
    };
    alarms[ROLL_POINTS + p] = (struct core_alarm){ .room = names[room],
                                                   .id = p < ROLL_ROOMS      ? "entry.trouble"
                                                         : role == ROLE_HEAT ? "heat.trouble"
                                                                             : "smoke.trouble",
                                                   .room_index = room,
                                                   .kind = CORE_ALARM_TROUBLE,
                                                   .point = p,
                                                   .severity = SEVERITY_TROUBLE,
                                                   .class = CLASS_FAULT };
    alarms[p] = alarms[ROLL_POINTS + p];
    alarms[p].id = id;
    alarms[p].kind = CORE_ALARM_CONTACT;
    alarms[p].class = role == ROLE_NONE ? CLASS_SAFETY : CLASS_FIRE;
    alarms[p].severity = role == ROLE_SMOKE  ? SEVERITY_FIRE
                         : role == ROLE_HEAT ? SEVERITY_CRITICAL
                                             : SEVERITY_ADVISORY;
    alarms[p].ending = role == ROLE_NONE ? ALARM_CLEARS_ITSELF : ALARM_LATCHES;
}

static struct core_now at(uint64_t ns)
{
    return (struct core_now){ .boottime_ns = ns,
                              .wall_ms = boot_wall_ms + (int64_t)(ns / NS_PER_MS),
                              .clock = clock_now };
}

static void start(uint64_t ns)
{
    free(roll_core);
    void *memory = aligned_alloc(16, (core_size(&plan) + 15) / 16 * 16);
    assert_non_null(memory);
    struct core_now now = at(ns);
    roll_core = core_init(memory, &plan, &now);
}

void roll_begin(uint64_t ns)
{
    for (size_t r = 0; r < ROLL_ROOMS; r++) {
        (void)snprintf(names[r], sizeof names[r], "room-%zu", r);
        add_point(ROLL_READER(r), r, "entry", ROLE_NONE);
    }
    add_point(ROLL_SMOKE, 0, "smoke", ROLE_SMOKE);
    add_point(ROLL_SMOKE_2, 1, "smoke", ROLE_SMOKE);
    add_point(ROLL_SUSPECT, 1, "heat", ROLE_HEAT);
    n_rows = 0;
    clock_now = CLOCK_SYNCHRONISED;
    boot_wall_ms = WALL_MS;
    start(ns);
    roll_tick(ns);
}

void roll_end(void)
{
    free(roll_core);
    roll_core = NULL;
}

void roll_restart(uint64_t ns, bool same_boot, enum clock_quality clock)
{
    if (!same_boot) {
        boot_wall_ms += 1000 * 3600; // whatever the clock was, the boot before began an hour ago
    }
    clock_now = clock;
    start(ns);
    struct core_now now = at(ns);
    for (size_t i = n_rows; i-- > 0;) { // in an order that is not the events'
        struct state_record record = rows[i].record;
        record.item = rows[i].item;
        if (!same_boot) {
            record.since_boottime_ns = record.until_boottime_ns = 0;
        }
        assert_true(core_restore(roll_core, &record, &now));
    }
    roll_tick(ns);
}

void roll_forget(enum record_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].record.kind != kind) {
            rows[n++] = rows[i];
        }
    }
    n_rows = n;
}

static void keep(const struct event *event)
{
    const struct state_record *record = &event->record;
    if (!record->room) {
        return;
    }
    const char *item = record->item ? record->item : event->person;
    size_t i = 0;
    while (i < n_rows && (rows[i].record.kind != record->kind || rows[i].record.room != record->room ||
                          strcmp(rows[i].item, item) != 0)) {
        i++;
    }
    assert_true(i < RECORDS);
    n_rows += i == n_rows;
    rows[i].record = *record;
    (void)snprintf(rows[i].item, sizeof rows[i].item, "%s", item);
}

// Roll-calls add up, whatever has happened.
static void check_event(const struct event *event)
{
    assert_true(event->n_values < EVENT_VALUES); // none was dropped
    assert_non_null(event->room);
    bool ended = event->type == EVENT_EVACUATION_ENDED || event->type == EVENT_DRILL_ENDED;
    if (ended) {
        assert_string_equal(event->person, "");
        assert_int_equal(roll_number(event, FIELD_CHILDREN) + roll_number(event, FIELD_STAFF) +
                             roll_number(event, FIELD_GUARDIANS),
                         roll_number(event, FIELD_SAFE) + roll_number(event, FIELD_MISSING) +
                             roll_number(event, FIELD_UNMARKED));
    }
}

enum core_answer roll_step(uint64_t ns, struct core_input input)
{
    static struct core_actions actions;
    struct core_now now = at(ns);
    roll_n_events = 0;
    core_step(roll_core, &input, &now, &actions);
    enum core_answer answer = actions.answer;
    for (;;) {
        for (size_t i = 0; i < actions.n_events; i++) {
            assert_true(roll_n_events < ROLL_EVENTS);
            roll_events[roll_n_events++] = actions.events[i];
            if (actions.events[i].room) {
                check_event(&actions.events[i]);
            }
            keep(&actions.events[i]);
        }
        if (!actions.more) {
            break;
        }
        core_step(roll_core, &(struct core_input){ .kind = CORE_INPUT_TICK }, &now, &actions);
    }
    assert_true(core_deadline_ns(roll_core) > ns);
    return answer;
}

enum core_answer roll_tick(uint64_t ns)
{
    return roll_step(ns, (struct core_input){ .kind = CORE_INPUT_TICK });
}

static enum core_answer presence(uint64_t ns, struct core_input input)
{
    input.kind = CORE_INPUT_PRESENCE;
    return roll_step(ns, input);
}

enum core_answer roll_tap(uint64_t ns, const char *person, enum person_kind kind, size_t room)
{
    return presence(ns, (struct core_input){ .person = person,
                                             .person_kind = kind,
                                             .room = room,
                                             .point = ROLL_READER(room),
                                             .toggle = true });
}

enum core_answer roll_tap_way(uint64_t ns, const char *person, enum person_kind kind, size_t room, bool in)
{
    return presence(
        ns,
        (struct core_input){
            .person = person, .person_kind = kind, .room = room, .point = ROLL_READER(room), .present = in });
}

enum core_answer roll_correct(uint64_t ns, const char *person, enum person_kind kind, size_t room, bool in)
{
    return presence(ns, (struct core_input){ .person = person,
                                             .person_kind = kind,
                                             .room = room,
                                             .point = SIZE_MAX,
                                             .present = in,
                                             .actor = "mei" });
}

enum core_answer roll_mark(uint64_t ns, const char *person, enum roll_mark mark)
{
    return roll_step(
        ns, (struct core_input){ .kind = CORE_INPUT_MARK, .person = person, .mark = mark, .actor = "mei" });
}

enum core_answer roll_drill(uint64_t ns, size_t room, uint64_t for_ns)
{
    return roll_step(
        ns, (struct core_input){ .kind = CORE_INPUT_DRILL, .room = room, .for_ns = for_ns, .actor = "mei" });
}

void roll_contact(uint64_t ns, size_t point, bool active)
{
    roll_step(
        ns, (struct core_input){
                .kind = CORE_INPUT_READING, .point = point, .quantity = QUANTITY_CONTACT, .value = active });
}

void roll_put_out(uint64_t ns, size_t alarm)
{
    roll_contact(ns, alarm, false);
    roll_step(ns, (struct core_input){ .kind = CORE_INPUT_ACK, .alarm = alarm, .actor = "mei" });
    roll_step(ns, (struct core_input){ .kind = CORE_INPUT_RESET, .alarm = alarm, .actor = "mei" });
}

const struct event *roll_event(enum event_type type, size_t room)
{
    const struct event *found = NULL;
    for (size_t i = 0; i < roll_n_events; i++) {
        const struct event *event = &roll_events[i];
        if (event->type == type && event->room && strcmp(event->room, names[room]) == 0) {
            assert_null(found);
            found = event;
        }
    }
    if (!found) {
        fail_msg("no %s of %s", event_type_names[type], names[room]);
    }
    return found;
}

size_t roll_count(enum event_type type)
{
    size_t n = 0;
    for (size_t i = 0; i < roll_n_events; i++) {
        n += roll_events[i].type == type;
    }
    return n;
}

static const struct event_value *value_of(const struct event *event, enum event_field field)
{
    for (unsigned i = 0; i < event->n_values; i++) {
        if (event->values[i].field == field) {
            return &event->values[i];
        }
    }
    return NULL;
}

int64_t roll_number(const struct event *event, enum event_field field)
{
    const struct event_value *value = value_of(event, field);
    return value ? value->number : -1;
}

const char *roll_word(const struct event *event, enum event_field field)
{
    const struct event_value *value = value_of(event, field);
    return value && value->word ? value->word : "";
}

// In no place twice.
static bool find(const char *person, struct core_person_view *ret_view)
{
    size_t n = 0;
    struct core_person_view view;
    for (size_t i = 0; i < CORE_PEOPLE; i++) {
        if (core_view_person(roll_core, i, &view) && strcmp(view.pseudonym, person) == 0) {
            *ret_view = view;
            n++;
        }
    }
    assert_true(n <= 1);
    return n == 1;
}

size_t roll_room_of(const char *person)
{
    struct core_person_view view;
    return find(person, &view) ? view.room : SIZE_MAX;
}

size_t roll_roll_of(const char *person)
{
    struct core_person_view view;
    return find(person, &view) ? view.roll_room : SIZE_MAX;
}

enum core_roll roll_runs(size_t room)
{
    struct core_roll_view view;
    core_view_roll(roll_core, room, &view);
    return view.of;
}
