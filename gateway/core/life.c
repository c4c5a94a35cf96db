// The life of the alarms: what a rule's condition, a person and a design ask for, taken through the table.
// One that has changed may matter to others of its room (what confirms or combines looks at it), and fire to
// alarms anywhere: so a change stirs the room, and before the step is over every stirred room has been judged
// again, until nothing changes.
#include "gateway/core/inside.h"

// How long an alarm that somebody must come to may be left unanswered before more people are told.
#define ESCALATE_NS (3 * 60 * NS_PER_S)

enum { FLAG_FIRST_OUT = 1 << 0, FLAG_ESCALATED = 1 << 1 };

void life_stir(struct core *core, size_t r)
{
    core->rooms[r].stirred = true;
    core->stirred = true;
}

static size_t count(size_t n, bool before, bool after)
{
    return n + after - before;
}

void life_enter(struct core *core, size_t a, enum alarm_state state)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    struct alarm_cell *cell = &core->alarms[a];
    bool before = alarm_standing(cell->state), after = alarm_standing(state);
    bool fire = core->n_fire != 0;
    if (alarm->severity >= SEVERITY_WARNING) {
        core->n_warning = count(core->n_warning, before, after);
    }
    if (alarm->severity == SEVERITY_FIRE) {
        core->n_fire = count(core->n_fire, before, after);
    }
    cell->state = state;
    if (!alarm_unacknowledged(state)) {
        cell->escalate_ns = 0;
    }
    if (state != ALARM_SHELVED) {
        cell->until_ns = 0;
        cell->until_wall_ms = 0;
    }
    life_stir(core, alarm->room_index);
    for (size_t r = 0; fire != (core->n_fire != 0) && r <= core->plan->n_rooms; r++) {
        life_stir(core, r); // what is of no meaning in a fire, everywhere
    }
}

void life_raise(struct step *step, size_t a)
{
    struct core *core = step->core;
    enum severity severity = core->plan->alarms[a].severity;
    struct alarm_cell *cell = &core->alarms[a];
    bool stood = alarm_standing(cell->state) && severity >= SEVERITY_WARNING;
    cell->first_out = severity >= SEVERITY_WARNING && core->n_warning == (stood ? 1 : 0);
    life_enter(core, a, ALARM_UNACKNOWLEDGED);
    cell->occurrence++;
    cell->since_ns = step->now->boottime_ns;
    cell->since_wall_ms = step->now->wall_ms;
    cell->escalated = false;
    cell->escalate_ns = severity >= SEVERITY_CRITICAL ? cell->since_ns + ESCALATE_NS : 0;
}

bool life_of_fire(const struct core *core, size_t p)
{
    enum contact_role role = core->plan->points[p].role;
    return role == ROLE_SMOKE || role == ROLE_HEAT || role == ROLE_CALL_POINT;
}

// Only what is seen suppresses: a contact that is active and trusted, a rule that is met, and neither of them
// out of service. A contact that has said nothing since the start leaves an alarm that was suppressed as it
// was: a restart must not raise what its first reading takes back.
static bool holds(const struct core *core, const struct core_member *member, bool suppressed)
{
    if (!member->contact) {
        return core->alarms[member->index].met && !isolation_covers(core, member->index);
    }
    const struct point_cell *point = &core->points[member->index];
    if (point->isolated_until_ns != 0 || !point_trusted(point, QUANTITY_CONTACT)) {
        return false;
    }
    return point->has & QUANTITY_BIT(QUANTITY_CONTACT) ? point->value[QUANTITY_CONTACT] != 0 : suppressed;
}

// NULL: none of its members holds.
static const char *first_that_holds(const struct core *core, size_t a, bool suppressed)
{
    const struct core_plan *plan = core->plan;
    const struct core_alarm *alarm = &plan->alarms[a];
    for (size_t i = 0; i < alarm->n_suppressors; i++) {
        const struct core_member *member = &plan->members[alarm->first_suppressor + i];
        if (holds(core, member, suppressed)) {
            return member->contact ? plan->points[member->index].id : plan->alarms[member->index].id;
        }
    }
    return NULL;
}

const char *life_suppressor(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    if (alarm->class == CLASS_FIRE) { // whatever the configuration says
        return NULL;
    }
    if (alarm->not_in_fire && core->n_fire != 0) {
        return "fire";
    }
    const char *seen = first_that_holds(core, a, false); // what is seen is named before what is carried over
    return seen ? seen : first_that_holds(core, a, core->alarms[a].state == ALARM_SUPPRESSED);
}

// The step that an alarm has to take now. In this order: out of service, shelved, suppressed, and only then
// the rule's condition. What latches and stands is never set aside; while its point is isolated, its
// condition counts as gone. False: it is where it belongs.
static bool wanted(const struct step *step, size_t a, enum alarm_cause *ret_cause)
{
    const struct core *core = step->core;
    const struct core_alarm *alarm = &core->plan->alarms[a];
    const struct alarm_cell *cell = &core->alarms[a];
    bool isolated = isolation_covers(core, a);
    enum alarm_cause causes[4];
    size_t n = 0;
    if (isolated) {
        causes[n++] = ALARM_ISOLATE;
    } else {
        causes[n++] = ALARM_REINSTATE;
    }
    if (cell->state == ALARM_SHELVED &&
        (cell->until_ns <= step->now->boottime_ns || alarm->ending == ALARM_LATCHES)) {
        causes[n++] = ALARM_UNSHELVE; // a record of before it latched shelves nothing
    }
    causes[n++] = !isolated && life_suppressor(core, a) ? ALARM_SUPPRESS : ALARM_RELEASE;
    bool condition = cell->met && !isolated;
    if (condition != alarm_condition(cell->state)) {
        causes[n++] = condition ? ALARM_CONDITION_TRUE : ALARM_CONDITION_FALSE;
    }
    for (size_t i = 0; i < n; i++) {
        if (alarm_next(cell->state, causes[i], alarm->ending) != cell->state) {
            *ret_cause = causes[i];
            return true;
        }
    }
    return false;
}

static bool full(struct step *step)
{
    step->actions->more |= changes_full(step);
    return changes_full(step);
}

bool life_follow(struct step *step, size_t a)
{
    const struct core *core = step->core;
    const struct core_alarm *alarm = &core->plan->alarms[a];
    struct alarm_cell *cell = &step->core->alarms[a];
    if (alarm->kind == CORE_ALARM_ISOLATED) { // no rule, and nothing to judge
        cell->met = core->points[alarm->point].isolated_until_ns != 0;
    }
    enum alarm_cause cause;
    while (wanted(step, a, &cause)) {
        if (full(step)) {
            return false;
        }
        bool by_isolation = cause == ALARM_ISOLATE || cause == ALARM_REINSTATE;
        change_alarm(step, a, cause, by_isolation ? step->asked : NULL);
    }
    if (cell->escalate_ns != 0 && cell->escalate_ns <= step->now->boottime_ns) {
        if (full(step)) {
            return false;
        }
        cell->escalate_ns = 0;
        cell->escalated = true;
        life_stir(step->core, alarm->room_index);
        change_escalated(step, a);
    }
    return true;
}

static void no_later(uint64_t *at_ns, uint64_t than_ns)
{
    if (than_ns != 0 && than_ns < *at_ns) {
        *at_ns = than_ns;
    }
}

static uint64_t next_ns(const struct core *core, const struct room_cell *room)
{
    uint64_t soonest = UINT64_MAX;
    for (size_t a = room->first_alarm; a != NO_INDEX; a = core->alarms[a].next_in_room) {
        no_later(&soonest, core->alarms[a].until_ns);
        no_later(&soonest, core->alarms[a].escalate_ns);
    }
    for (size_t p = room->first_point; p != NO_INDEX; p = core->points[p].next_in_room) {
        no_later(&soonest, core->points[p].isolated_until_ns);
    }
    return soonest;
}

// Its time passes first: it may have been a while since the room was judged.
static bool follow_room(struct step *step, size_t r)
{
    if (!isolation_pass_time(step, r)) {
        return false;
    }
    points_pass_time(step, r);
    if (!step->actions->more) {
        points_settle(step, r);
    }
    return !step->actions->more;
}

void life_tick(struct step *step)
{
    struct core *core = step->core;
    for (size_t r = 0; r <= core->plan->n_rooms; r++) {
        if (core->rooms[r].life_ns <= step->now->boottime_ns) {
            life_stir(core, r);
        }
    }
}

void life_settle(struct step *step)
{
    struct core *core = step->core;
    while (core->stirred) {
        core->stirred = false;
        for (size_t r = 0; r <= core->plan->n_rooms; r++) {
            struct room_cell *room = &core->rooms[r];
            if (!room->stirred) {
                continue;
            }
            room->stirred = false;
            if (!follow_room(step, r)) {
                life_stir(core, r);
                return;
            }
            room->life_ns = next_ns(core, room);
        }
    }
}

// ---- Restarts

int64_t life_flags(const struct alarm_cell *cell)
{
    return (cell->first_out ? FLAG_FIRST_OUT : 0) | (cell->escalated ? FLAG_ESCALATED : 0);
}

int64_t life_wall_end(const struct core_now *now, uint64_t for_ns)
{
    return now->clock == CLOCK_UNSYNCHRONISED ? 0 : now->wall_ms + (int64_t)(for_ns / NS_PER_MS);
}

// In another boot only the wall clock can tell how much of the time has passed, and however it was moved,
// no more remains than did when the record was written. 0 would say that there is none.
uint64_t life_restored_end(const struct state_record *record, const struct core_now *now, uint64_t rest_ns)
{
    if (record->until_boottime_ns != 0) {
        return record->until_boottime_ns;
    }
    if (record->until_wall_ms != 0 && now->clock != CLOCK_UNSYNCHRONISED) {
        int64_t most_ms = (int64_t)(CORE_ISOLATE_MAX_NS / NS_PER_MS);
        if (record->rest_ns > 0 && record->rest_ns / (int64_t)NS_PER_MS < most_ms) {
            most_ms = record->rest_ns / (int64_t)NS_PER_MS;
        }
        int64_t rest_ms = record->until_wall_ms <= now->wall_ms ? 0 : record->until_wall_ms - now->wall_ms;
        rest_ns = (uint64_t)(rest_ms < most_ms ? rest_ms : most_ms) * NS_PER_MS;
    }
    uint64_t end_ns = now->boottime_ns + rest_ns;
    return end_ns != 0 ? end_ns : 1;
}

// The configuration may have changed since the record was written: an alarm that latched may now end
// otherwise. So the way is walked again: unanswered or answered, then, where the condition had gone, gone in
// today's manner.
static enum alarm_state restored_state(enum alarm_state was, enum alarm_ending ending)
{
    if (!alarm_standing(was)) {
        return was;
    }
    enum alarm_state held = alarm_unacknowledged(was) ? ALARM_UNACKNOWLEDGED : ALARM_ACKNOWLEDGED;
    return alarm_condition(was) ? held : alarm_next(held, ALARM_CONDITION_FALSE, ending);
}

// A shelf whose end nobody knows ends, and the first step tells it.
void life_restore(struct core *core, size_t a, const struct state_record *record, const struct core_now *now)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    struct alarm_cell *cell = &core->alarms[a];
    life_enter(core, a, restored_state((enum alarm_state)record->state, alarm->ending));
    cell->met = record->condition || alarm_condition(cell->state);
    cell->occurrence = record->occurrence;
    cell->since_ns = record->since_boottime_ns;
    cell->since_wall_ms = record->since_wall_ms;
    cell->first_out = record->number[0] & FLAG_FIRST_OUT;
    cell->escalated = record->number[0] & FLAG_ESCALATED;
    if (cell->state == ALARM_SHELVED) {
        cell->until_ns = life_restored_end(record, now, 0);
        cell->until_wall_ms = record->until_wall_ms;
    }
    if (alarm_unacknowledged(cell->state) && alarm->severity >= SEVERITY_CRITICAL && !cell->escalated) {
        // Of an earlier boot nobody knows how long ago that was: whoever is there now has the whole time.
        cell->escalate_ns = (cell->since_ns != 0 ? cell->since_ns : now->boottime_ns) + ESCALATE_NS;
    }
    if (alarm->kind == CORE_ALARM_TROUBLE && cell->met) {
        point_carry_trouble(core, alarm->point);
    }
}
