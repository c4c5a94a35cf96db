// Alarms that look at other alarms and contacts of their room. Members stand before them in the plan: by the
// time these are judged, their members are as they are now.
#include "gateway/core/inside.h"

// What a member that is isolated says does not count.
static bool in_service(const struct core *core, const struct core_member *member)
{
    return member->contact ? core->points[member->index].isolated_until_ns == 0
                           : !isolation_covers(core, member->index);
}

static enum sign of_member(const struct core *core, const struct core_member *member)
{
    if (!in_service(core, member)) {
        return SIGN_BACK;
    }
    if (member->contact) {
        return judge_contact(&core->points[member->index]);
    }
    const struct alarm_cell *cell = &core->alarms[member->index];
    return cell->met ? SIGN_BEYOND : cell->unknown ? SIGN_UNKNOWN : SIGN_BACK;
}

enum sign members_combined(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    size_t hold = 0, unknown = 0;
    for (size_t i = 0; i < alarm->n_members; i++) {
        enum sign sign = of_member(core, &core->plan->members[alarm->first_member + i]);
        hold += sign == SIGN_BEYOND;
        unknown += sign == SIGN_UNKNOWN;
    }
    if (hold >= alarm->at_least) {
        return SIGN_BEYOND;
    }
    return hold + unknown >= alarm->at_least ? SIGN_UNKNOWN : SIGN_BACK;
}

// Whether a detector could raise its alarm if it had to.
static bool able(const struct core *core, const struct core_member *member)
{
    size_t p = member->contact ? member->index : core->plan->alarms[member->index].point;
    return in_service(core, member) && point_trouble_now(&core->points[p]) == TROUBLE_NONE;
}

static bool stands(const struct core *core, const struct core_member *member)
{
    if (!in_service(core, member)) {
        return false;
    }
    return member->contact ? judge_contact(&core->points[member->index]) == SIGN_BEYOND
                           : alarm_standing(core->alarms[member->index].state);
}

enum sign members_confirmed(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    size_t n_stand = 0, n_able = 0;
    for (size_t i = 0; i < alarm->n_members; i++) {
        const struct core_member *member = &core->plan->members[alarm->first_member + i];
        n_stand += stands(core, member);
        n_able += able(core, member);
    }
    if (n_stand == 0) {
        return SIGN_BACK;
    }
    size_t needed = alarm->at_least < n_able ? alarm->at_least : n_able;
    return n_stand >= needed ? SIGN_BEYOND : SIGN_BETWEEN;
}

// A detector that resets itself and alarms again is a new occurrence, and still nobody has answered: so the
// time counts from when it first wanted an answer. carried_ns: what had passed before a restart.
static void watch_answer(struct alarm_cell *member, uint64_t at_ns, uint64_t carried_ns)
{
    bool unanswered = alarm_unacknowledged(member->state);
    if (unanswered && !member->unanswered) {
        member->unanswered_ns = at_ns;
        member->carried_ns = carried_ns;
    }
    member->unanswered = unanswered;
}

void members_watch(struct core *core, size_t a, uint64_t at_ns)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    const struct alarm_cell *cell = &core->alarms[a];
    bool held = cell->delay == DELAY_HELD && !cell->off_delay && cell->rest_ns < alarm->prealarm_ns;
    uint64_t carried_ns = held ? alarm->prealarm_ns - cell->rest_ns : 0;
    for (size_t i = 0; i < alarm->n_members; i++) {
        const struct core_member *member = &core->plan->members[alarm->first_member + i];
        if (!member->contact) { // nobody can answer a contact
            watch_answer(&core->alarms[member->index], at_ns, carried_ns);
        }
    }
}

bool members_prealarm(struct core *core, size_t a, uint64_t at_ns)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    struct alarm_cell *cell = &core->alarms[a];
    delay_stop(cell);
    for (size_t i = 0; i < alarm->n_members; i++) {
        const struct core_member *member = &core->plan->members[alarm->first_member + i];
        const struct alarm_cell *watched = member->contact ? NULL : &core->alarms[member->index];
        if (!watched || !watched->unanswered) {
            continue;
        }
        uint64_t carried_ns =
            watched->carried_ns < alarm->prealarm_ns ? watched->carried_ns : alarm->prealarm_ns;
        uint64_t ends_ns = delay_later(watched->unanswered_ns, alarm->prealarm_ns - carried_ns);
        if (cell->delay == DELAY_IDLE || ends_ns < cell->ends_ns) {
            cell->off_delay = false;
            delay_run_until(cell, ends_ns);
        }
    }
    return delay_over(cell, at_ns);
}
