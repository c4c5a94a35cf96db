// What a caller keeps of what the core tells: the journal's state table and the lines' levels. Each event
// must be one that the model expects, and must be a step that an alarm may take.
#include "tests/unit/model.h"

struct state_record kept_alarms[ALARMS], kept_points[POINTS], kept_rooms[ROOMS], kept_delays[ALARMS];
enum core_pattern lines[OUTPUTS];
struct state_record kept_drills[ROOMS], kept_rolls[ROOMS];
uint64_t told[EVENT_TYPE_COUNT], raised[CORE_ALARM_KIND_COUNT], answered[N_ANSWERS];
uint64_t fires_over_drills;
bool fire_was_raised, fire_class_was_raised;

#define EXPECTED 512
static struct expected list[EXPECTED];
static size_t n_list;

void model_expect(struct expected expected)
{
    CHECK(n_list < EXPECTED);
    list[n_list++] = expected;
    told[expected.type]++;
}

void model_expect_nothing(void)
{
    n_list = 0;
}

void check_all_told(void)
{
    for (size_t i = 0; i < n_list; i++) {
        if (!list[i].matched) {
            fail_msg("seed %" PRIu64 ", step %" PRIu64 ": never told: %s of %s/%s", first_seed, step_number,
                     event_type_names[list[i].type], list[i].room ? list[i].room : "-",
                     list[i].item ? list[i].item : "-");
        }
    }
    n_list = 0;
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

static size_t alarm_of(const struct event *event)
{
    const struct event_value *value = value_of(event, FIELD_ALARM);
    size_t a = 0;
    while (value && a < house.n_alarms && house_alarms[a].id != value->word) {
        a++;
    }
    CHECK(!value || a < house.n_alarms);
    return value ? a : NONE;
}

static void unexpected(const struct event *event)
{
    fail_msg("seed %" PRIu64 ", step %" PRIu64 ": not expected: %s of %s/%s", first_seed, step_number,
             event_type_names[event->type], event->room ? event->room : "-", event->item ? event->item : "-");
}

// The first of the same alarm or subject that was not told yet: each has its own order. Where more happens at
// once than one answer holds, the core goes on at the next call, and may then come to another part first.
static void match(const struct event *event)
{
    size_t a = alarm_of(event), i = 0;
    bool in_order = n_list <= CORE_MAX_EVENTS;
    while (i < n_list &&
           (list[i].matched || list[i].alarm != a || (!in_order && list[i].type != event->type) ||
            (a == NONE && (list[i].room != event->room || list[i].item != event->item)))) {
        i++;
    }
    if (i == n_list || list[i].type != event->type) {
        unexpected(event);
    }
    const struct expected *expected = &list[i];
    list[i].matched = true;
    CHECK(event->class == expected->class && event->room == expected->room && event->item == expected->item);
    const struct event_value *reason = value_of(event, FIELD_REASON);
    if (expected->reason && !(reason && strcmp(reason->word, expected->reason) == 0)) {
        print_message("reason %s, not %s\n", reason ? reason->word : "none", expected->reason);
        unexpected(event);
    }
    if (in_order && a != NONE && expected->state != ALARM_STATE_COUNT) {
        CHECK(strcmp(value_of(event, FIELD_STATE)->word, alarm_state_names[expected->state]) == 0);
        CHECK(strcmp(value_of(event, FIELD_SEVERITY)->word, severity_names[house_alarms[a].severity]) == 0);
        CHECK(value_of(event, FIELD_OCCURRENCE)->number == (int64_t)expected->occurrence);
        CHECK(event->record.room && event->record.state == expected->state);
    }
}

// ---- What must hold of every step an alarm takes, whatever the model says

static bool in_table(enum alarm_state from, enum alarm_state to, enum alarm_ending ending)
{
    for (unsigned cause = 0; cause < ALARM_CAUSE_COUNT; cause++) {
        if (alarm_next(from, cause, ending) == to) {
            return true;
        }
    }
    return false;
}

static void check_fire(size_t a, enum alarm_state from, const struct event *event,
                       const struct core_input *input)
{
    enum alarm_state to = event->record.state;
    bool stood = from != ALARM_NORMAL && from != ALARM_OUT_OF_SERVICE;
    bool stands = to != ALARM_NORMAL && to != ALARM_OUT_OF_SERVICE;
    CHECK(to != ALARM_SHELVED && to != ALARM_SUPPRESSED); // never set aside …
    CHECK(to != ALARM_OUT_OF_SERVICE || from == ALARM_NORMAL);
    if (stood && !stands) { // … and gone by a reset alone, on the spot
        CHECK(event->type == EVENT_ALARM_RESET && input->kind == CORE_INPUT_RESET && input->alarm == a);
        CHECK(!input->remote && from == ALARM_LATCHED_ACKNOWLEDGED);
    }
    fire_was_raised |= to == ALARM_UNACKNOWLEDGED && from != to && house_alarms[a].severity == SEVERITY_FIRE;
    fire_class_was_raised |= to == ALARM_UNACKNOWLEDGED && from != to;
}

static void check_step(size_t a, const struct state_record *kept, const struct event *event,
                       const struct core_input *input)
{
    enum alarm_state from = kept->state, to = event->record.state;
    bool of_isolation = event->type == EVENT_POINT_ISOLATED || event->type == EVENT_POINT_REINSTATED;
    bool again = event->type == EVENT_ALARM_ESCALATED || event->type == EVENT_ALARM_SHELVED || of_isolation;
    CHECK(from != to || again);
    CHECK(from == to || in_table(from, to, house_alarms[a].ending));
    CHECK(event->record.occurrence == kept->occurrence + (to == ALARM_UNACKNOWLEDGED && from != to));
    CHECK(event->class == house_alarms[a].class);
    if (event->type == EVENT_ALARM_ESCALATED) {
        CHECK(alarm_unacknowledged(to) && house_alarms[a].severity >= SEVERITY_CRITICAL);
    }
    if (house_alarms[a].class == CLASS_FIRE) {
        check_fire(a, from, event, input);
    }
}

// ---- The state table

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static size_t find_alarm(const struct state_record *record)
{
    size_t a = 0;
    while (a < house.n_alarms &&
           !(same(house_alarms[a].id, record->item) && same(house_alarms[a].room, record->room))) {
        a++;
    }
    CHECK(a < house.n_alarms);
    return a;
}

static size_t find_point(const struct state_record *record)
{
    size_t p = 0;
    while (p < POINTS &&
           !(same(house_points[p].id, record->item) && same(house_points[p].room, record->room))) {
        p++;
    }
    CHECK(p < POINTS);
    return p;
}

static size_t find_room(const struct state_record *record)
{
    size_t r = 0;
    while (r < ROOMS && !same(room_names[r], record->room)) {
        r++;
    }
    CHECK(r < ROOMS);
    return r;
}

void model_keep_record(const struct state_record *record)
{
    switch (record->kind) {
    case RECORD_ALARM:
        kept_alarms[find_alarm(record)] = *record;
        return;
    case RECORD_DELAY:
        kept_delays[find_alarm(record)] = *record;
        return;
    case RECORD_ISOLATION:
        kept_points[find_point(record)] = *record;
        return;
    case RECORD_SILENCE:
        kept_rooms[find_room(record)] = *record;
        return;
    case RECORD_DRILL:
        kept_drills[find_room(record)] = *record;
        return;
    case RECORD_EVACUATION:
        kept_rolls[find_room(record)] = *record;
        return;
    case RECORD_FLOOR:
    case RECORD_PERSON:
    case RECORD_KIND_COUNT:
        break;
    }
    fail_msg("a record of a kind that this test does not have: %d", (int)record->kind);
}

static const struct state_record *row_of(size_t a)
{
    return house_alarms[a].kind == CORE_ALARM_ISOLATED ? &kept_points[house_alarms[a].point]
                                                       : &kept_alarms[a];
}

static void keep_event(const struct event *event, const struct core_input *input)
{
    CHECK(event->n_values < EVENT_VALUES); // none was dropped
    CHECK(event->boottime_ns == clock_now.boottime_ns && event->wall_ms == clock_now.wall_ms);
    match(event);
    if (!event->record.room) {
        return;
    }
    size_t a = alarm_of(event);
    if (a != NONE) {
        check_step(a, row_of(a), event, input);
    }
    model_keep_record(&event->record);
}

void keep_actions(const struct core_actions *actions, const struct core_input *input)
{
    CHECK(actions->n_events <= CORE_MAX_EVENTS && actions->n_outputs <= CORE_MAX_OUTPUTS);
    for (size_t i = 0; i < actions->n_outputs; i++) {
        struct core_output_action action = actions->outputs[i];
        CHECK(action.output < OUTPUTS && lines[action.output] != action.pattern); // changes alone are told
        lines[action.output] = action.pattern;
    }
    for (size_t i = 0; i < actions->n_events; i++) {
        keep_event(&actions->events[i], input);
    }
}

void keep_nothing(void)
{
    memset(kept_alarms, 0, sizeof kept_alarms);
    memset(kept_points, 0, sizeof kept_points);
    memset(kept_rooms, 0, sizeof kept_rooms);
    memset(kept_delays, 0, sizeof kept_delays);
    memset(kept_drills, 0, sizeof kept_drills);
    memset(kept_rolls, 0, sizeof kept_rolls);
}

// Boottimes of another boot say nothing: the journal gives them back as 0.
static void forget_boottimes(struct state_record *records, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        records[i].since_boottime_ns = records[i].until_boottime_ns = 0;
    }
}

void keep_of_another_boot(void)
{
    forget_boottimes(kept_alarms, ALARMS);
    forget_boottimes(kept_points, POINTS);
    forget_boottimes(kept_rooms, ROOMS);
    forget_boottimes(kept_delays, ALARMS);
    forget_boottimes(kept_drills, ROOMS);
    forget_boottimes(kept_rolls, ROOMS);
}
