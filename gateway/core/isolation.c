// Points that a person has taken out of service, for work on them: until an end, told, and shown for as long
// by an alarm of the kind CORE_ALARM_ISOLATED.
//
// What an isolated detector says does not count, so it neither raises its own alarm nor confirms another's:
// judge.c lets the detectors of a CORE_ALARM_CONFIRM that are left in service confirm among themselves, of
// which never more are needed than there are.
#include "gateway/core/inside.h"

// The alarms that are a point's own. Combinations and confirmations are not: what they look at may be in
// service in part. And the alarm that tells of the isolation is in service with it.
static bool own(const struct core_alarm *alarm)
{
    return alarm->kind != CORE_ALARM_COMBINATION && alarm->kind != CORE_ALARM_CONFIRM &&
           alarm->kind != CORE_ALARM_ISOLATED;
}

bool isolation_covers(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    return own(alarm) &&
           (core->points[alarm->point].isolated_until_ns != 0 ||
            (alarm->kind == CORE_ALARM_APART && core->points[alarm->other_point].isolated_until_ns != 0));
}

// NO_INDEX: the plan has none.
static size_t told_by(const struct core *core, size_t p)
{
    size_t a = core->points[p].first_alarm;
    while (a != NO_INDEX && core->plan->alarms[a].kind != CORE_ALARM_ISOLATED) {
        a = core->alarms[a].next_of_point;
    }
    return a;
}

// A record has one end. While the point is isolated that is the isolation's, and a shelf of its alarm counts
// from there.
struct state_record isolation_record(const struct core *core, size_t p, const struct core_now *now)
{
    const struct point_cell *point = &core->points[p];
    size_t a = told_by(core, p);
    const struct alarm_cell *cell = a == NO_INDEX ? NULL : &core->alarms[a];
    bool isolated = point->isolated_until_ns != 0;
    bool shelved = cell && cell->state == ALARM_SHELVED;
    struct state_record record = { .kind = RECORD_ISOLATION,
                                   .room = core->plan->points[p].room,
                                   .item = core->plan->points[p].id,
                                   .state = isolated ? ALARM_ACKNOWLEDGED : ALARM_NORMAL,
                                   .condition = isolated };
    if (cell) {
        record.state = (uint8_t)cell->state;
        record.occurrence = cell->occurrence;
        record.since_boottime_ns = cell->since_ns;
        record.since_wall_ms = cell->since_wall_ms;
        record.number[0] = life_flags(cell);
    }
    if (isolated) {
        record.until_boottime_ns = point->isolated_until_ns;
        record.until_wall_ms = point->isolated_until_wall_ms;
        record.number[1] = shelved ? (int64_t)(cell->until_ns - point->isolated_until_ns) : 0;
    } else if (shelved) {
        record.until_boottime_ns = cell->until_ns;
        record.until_wall_ms = cell->until_wall_ms;
    }
    if (record.until_boottime_ns > now->boottime_ns) {
        record.rest_ns = (int64_t)(record.until_boottime_ns - now->boottime_ns);
    }
    return record;
}

// One event tells of the point and of the alarm that shows it.
static void tell(struct step *step, size_t p, const struct core_input *asked)
{
    struct core *core = step->core;
    const struct point_cell *point = &core->points[p];
    bool isolated = point->isolated_until_ns != 0;
    size_t a = told_by(core, p);
    if (a != NO_INDEX) {
        core->alarms[a].met = isolated;
        if (isolated != alarm_condition(core->alarms[a].state)) {
            change_quietly(step, a, isolated ? ALARM_CONDITION_TRUE : ALARM_CONDITION_FALSE);
        }
    }
    struct event *event = change_event(step, isolated ? EVENT_POINT_ISOLATED : EVENT_POINT_REINSTATED,
                                       a == NO_INDEX ? CLASS_FAULT : core->plan->alarms[a].class,
                                       core->plan->points[p].room, core->plan->points[p].id);
    if (!event) {
        return; // the callers look first
    }
    if (a != NO_INDEX) {
        change_add_alarm(event, core, a);
    }
    if (isolated && point->isolated_until_wall_ms != 0) {
        event_add_number(event, FIELD_UNTIL_MS, point->isolated_until_wall_ms);
    }
    if (!isolated) {
        event_add_word(event, FIELD_REASON, asked ? "ended" : "expired");
    }
    if (asked) {
        change_asker(event, asked);
    }
    event->record = isolation_record(core, p, step->now);
}

static void set_end(struct step *step, size_t p, uint64_t until_ns, int64_t until_wall_ms,
                    const struct core_input *asked)
{
    struct point_cell *point = &step->core->points[p];
    point->isolated_until_ns = until_ns;
    point->isolated_until_wall_ms = until_wall_ms;
    point->isolation_moved = false;
    life_stir(step->core, step->core->plan->points[p].room_index);
    tell(step, p, asked);
}

bool isolation_pass_time(struct step *step, size_t r)
{
    struct core *core = step->core;
    for (size_t p = core->rooms[r].first_point; p != NO_INDEX; p = core->points[p].next_in_room) {
        uint64_t until_ns = core->points[p].isolated_until_ns;
        if (until_ns == 0 || until_ns > step->now->boottime_ns) {
            continue;
        }
        if (changes_full(step)) {
            step->actions->more = true;
            return false;
        }
        set_end(step, p, 0, 0, NULL);
    }
    return true;
}

void isolation_tick(struct step *step)
{
    for (size_t r = 0; r <= step->core->plan->n_rooms && isolation_pass_time(step, r); r++) {
    }
}

// ---- What people ask

static bool guards_against_fire(const struct core *core, size_t p)
{
    bool fire = life_of_fire(core, p);
    for (size_t a = core->points[p].first_alarm; a != NO_INDEX; a = core->alarms[a].next_of_point) {
        fire |= core->plan->alarms[a].class == CLASS_FIRE;
    }
    return fire;
}

static bool unanswered(const struct core *core, size_t p)
{
    for (size_t a = core->points[p].first_alarm; a != NO_INDEX; a = core->alarms[a].next_of_point) {
        const struct core_alarm *alarm = &core->plan->alarms[a];
        if (own(alarm) && alarm->ending == ALARM_LATCHES && alarm_unacknowledged(core->alarms[a].state)) {
            return true;
        }
    }
    return false;
}

static enum core_answer may(const struct core *core, const struct core_input *input)
{
    size_t p = input->point;
    if (core->plan->points[p].room_index == core->plan->n_rooms) {
        return CORE_ANSWER_NO_POINT;
    }
    if (input->for_ns == 0) { // back into service: nothing is hidden by that
        return core->points[p].isolated_until_ns != 0 ? CORE_ANSWER_DONE : CORE_ANSWER_NOT_ISOLATED;
    }
    if (input->remote && guards_against_fire(core, p)) {
        return CORE_ANSWER_REMOTE_FIRE;
    }
    if (input->for_ns > CORE_ISOLATE_MAX_NS) {
        return CORE_ANSWER_TOO_LONG;
    }
    return unanswered(core, p) ? CORE_ANSWER_STANDS : CORE_ANSWER_DONE;
}

// Asked again, the isolation has another end, which counts from now.
enum core_answer isolation_answer(struct step *step, const struct core_input *input)
{
    if (input->point >= step->core->plan->n_points) {
        return CORE_ANSWER_NO_POINT; // there is nothing that an event could name
    }
    enum core_answer answer = may(step->core, input);
    if (answer != CORE_ANSWER_DONE) {
        change_refused(step, input, answer);
        return answer;
    }
    step->asked = input;
    if (input->for_ns == 0) {
        set_end(step, input->point, 0, 0, input);
    } else {
        set_end(step, input->point, step->now->boottime_ns + input->for_ns,
                life_wall_end(step->now, input->for_ns), input);
    }
    return answer;
}

// ---- Restarts

static size_t find_point(const struct core *core, const struct state_record *record)
{
    const struct core_plan *plan = core->plan;
    for (size_t p = 0; p < plan->n_points; p++) {
        if (plan->points[p].room_index < plan->n_rooms && core_same_text(plan->points[p].id, record->item) &&
            core_same_text(plan->points[p].room, record->room)) {
            return p;
        }
    }
    return NO_INDEX;
}

// The record of an isolated point with the end of its alarm's shelf as its own.
static struct state_record shelf_of(const struct state_record *record)
{
    struct state_record shelf = *record;
    shelf.until_boottime_ns += record->until_boottime_ns != 0 ? (uint64_t)record->number[1] : 0;
    shelf.until_wall_ms += record->until_wall_ms != 0 ? record->number[1] / (int64_t)NS_PER_MS : 0;
    shelf.rest_ns = CORE_SHELVE_MAX_NS; // however the clock was moved
    return shelf;
}

// Where nobody knows how much of the time has passed while the gateway was off, it stays as long as the
// record says: work on a detector does not end because the power did, and a fire alarm would be false.
bool isolation_restore(struct core *core, const struct state_record *record, const struct core_now *now)
{
    size_t p = find_point(core, record);
    if (p == NO_INDEX) {
        return false;
    }
    struct point_cell *point = &core->points[p];
    if (record->condition) {
        uint64_t rest_ns = record->rest_ns > 0 ? (uint64_t)record->rest_ns : 0;
        rest_ns = rest_ns < CORE_ISOLATE_MAX_NS ? rest_ns : CORE_ISOLATE_MAX_NS;
        point->isolated_until_ns = life_restored_end(record, now, rest_ns);
        point->isolated_until_wall_ms = record->until_wall_ms;
        point->isolation_moved = point->isolated_until_ns != record->until_boottime_ns;
    }
    size_t a = told_by(core, p);
    if (a == NO_INDEX) {
        return true;
    }
    struct state_record of_alarm = record->condition ? shelf_of(record) : *record;
    life_restore(core, a, &of_alarm, now);
    life_stir(core, core->plan->points[p].room_index);
    return true;
}

void isolation_save(struct core *core, const struct core_now *now, core_record_fn each, void *user)
{
    for (size_t p = 0; p < core->plan->n_points; p++) {
        if (core->points[p].isolation_moved) {
            struct state_record record = isolation_record(core, p, now);
            core->points[p].isolation_moved = false;
            each(&record, user);
        }
    }
}
