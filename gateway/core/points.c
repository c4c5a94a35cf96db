// What is known of each point. Time comes first: before an input is taken in, its point is judged as it stood
// until now, so that what is decided does not hang on how late a tick was.
#include "gateway/core/inside.h"

#define EVERY_QUANTITY UINT32_MAX

enum trouble point_trouble_now(const struct point_cell *point)
{
    if (point->told != TROUBLE_NONE) {
        return point->told;
    }
    return point->implausible ? TROUBLE_IMPLAUSIBLE : TROUBLE_NONE;
}

// An implausible quantity takes only its own rules along: of a sensor that measures three, two may still be
// good.
bool point_trusted(const struct point_cell *point, enum quantity quantity)
{
    return point->told == TROUBLE_NONE && !(point->implausible & QUANTITY_BIT(quantity));
}

// From when on the last value is no value any more. Contacts report changes only, and the gateway's own
// points report troubles only: silence says nothing about them.
static uint64_t fresh_until_ns(const struct core *core, size_t p)
{
    const struct core_point *plan = &core->plan->points[p];
    uint64_t at_ns = core->points[p].at_ns;
    uint64_t silence_ns = plan->stale_ns + (core->points[p].known ? 0 : plan->warm_up_ns);
    if (plan->contact || plan->room_index == core->plan->n_rooms || silence_ns > UINT64_MAX - at_ns) {
        return UINT64_MAX;
    }
    return at_ns + silence_ns;
}

static uint64_t deadline_ns(const struct core *core, size_t p)
{
    const struct point_cell *point = &core->points[p];
    if (point->told != TROUBLE_NONE) {
        return UINT64_MAX; // already known as untrusted, and its delays are held
    }
    uint64_t soonest = fresh_until_ns(core, p);
    for (size_t a = point->first_alarm; a != NO_INDEX; a = core->alarms[a].next_of_point) {
        const struct alarm_cell *cell = &core->alarms[a];
        if (cell->delay == DELAY_RUNNING && cell->ends_ns < soonest) {
            soonest = cell->ends_ns;
        }
    }
    return soonest;
}

static void note_deadline(struct core *core, size_t p, uint64_t at_ns)
{
    core->points[p].deadline_ns = at_ns;
    struct room_cell *room = &core->rooms[core->plan->points[p].room_index];
    room->deadline_ns = UINT64_MAX;
    for (size_t i = room->first_point; i != NO_INDEX; i = core->points[i].next_in_room) {
        if (core->points[i].deadline_ns < room->deadline_ns) {
            room->deadline_ns = core->points[i].deadline_ns;
        }
    }
}

// Judge the point, and note when it wants to be looked at again.
static void point_settle(struct step *step, size_t p)
{
    bool settled = judge_point(step, p);
    note_deadline(step->core, p, settled ? deadline_ns(step->core, p) : 0);
}

void points_begin(struct core *core, uint64_t now_ns)
{
    for (size_t p = 0; p < core->plan->n_points; p++) {
        core->points[p].at_ns = now_ns;
        note_deadline(core, p, deadline_ns(core, p));
    }
}

void point_carry_trouble(struct core *core, size_t p)
{
    core->points[p].told = TROUBLE_STALE;
    note_deadline(core, p, deadline_ns(core, p));
}

// Let the time until now pass for a point: delays that ran out while it was fresh have run out, then it may
// be stale.
static void point_pass_time(struct step *step, size_t p)
{
    struct core *core = step->core;
    struct point_cell *point = &core->points[p];
    uint64_t now_ns = step->now->boottime_ns;
    if (point->deadline_ns > now_ns) {
        return;
    }
    if (point->told == TROUBLE_NONE) {
        uint64_t fresh_until = fresh_until_ns(core, p);
        judge_elapsed(core, p, now_ns < fresh_until ? now_ns : fresh_until);
        if (now_ns >= fresh_until) {
            judge_hold(core, p, fresh_until, EVERY_QUANTITY);
            point->told = TROUBLE_STALE;
        }
    }
    point_settle(step, p);
}

void points_tick(struct step *step)
{
    struct core *core = step->core;
    for (size_t r = 0; r <= core->plan->n_rooms; r++) {
        if (core->rooms[r].deadline_ns > step->now->boottime_ns) {
            continue;
        }
        for (size_t p = core->rooms[r].first_point; p != NO_INDEX; p = core->points[p].next_in_room) {
            point_pass_time(step, p);
            if (step->actions->more) {
                return; // the caller comes again, and what is settled by then costs nothing
            }
        }
    }
}

static void tell_door(struct step *step, size_t p, int32_t before, int32_t value)
{
    const struct core_point *plan = &step->core->plan->points[p];
    if (plan->role != ROLE_DOOR && plan->role != ROLE_WINDOW) {
        return;
    }
    if (value == before) { // 0 at start: a closed door is what one expects, an open one is worth telling
        return;
    }
    struct event *event =
        change_event(step, value ? EVENT_DOOR_OPENED : EVENT_DOOR_CLOSED, CLASS_ACCESS, plan->room, plan->id);
    if (event) {
        event_add_number(event, FIELD_ACTIVE, value);
        event_add_word(event, FIELD_ROLE, contact_role_names[plan->role]);
    }
}

static void take_implausible(struct step *step, size_t p, enum quantity quantity)
{
    judge_hold(step->core, p, step->now->boottime_ns, QUANTITY_BIT(quantity));
    step->core->points[p].implausible |= QUANTITY_BIT(quantity);
}

// A good value ends the trouble of a polled point. A contact's trouble ends by word of who told it: a line
// that has gone may still give a last edge. Only a trouble from before a restart (TROUBLE_STALE) has nobody
// to take it back.
static void take_reading(struct step *step, size_t p, enum quantity quantity, int32_t value)
{
    const struct core_point *plan = &step->core->plan->points[p];
    struct point_cell *point = &step->core->points[p];
    if (quantity == QUANTITY_CONTACT) {
        tell_door(step, p, point->value[quantity], value);
    }
    point->known = true;
    point->has |= QUANTITY_BIT(quantity);
    point->value[quantity] = value;
    point->at_ns = step->now->boottime_ns;
    point->implausible &= ~QUANTITY_BIT(quantity);
    if (!plan->contact || point->told == TROUBLE_STALE) {
        point->told = TROUBLE_NONE;
    }
    if (quantity == QUANTITY_CO2 && step->now->night != NIGHT_UNKNOWN) {
        (void)floor_take(&point->floor, point->at_ns, step->now->night == NIGHT_YES, value);
    }
    judge_delays(step, p, quantity);
}

void point_reading(struct step *step, const struct core_input *input)
{
    const struct core_plan *plan = step->core->plan;
    size_t p = input->point;
    if (p >= plan->n_points || (unsigned)input->quantity >= QUANTITY_COUNT ||
        (plan->points[p].contact && input->quantity != QUANTITY_CONTACT)) {
        return;
    }
    point_pass_time(step, p);
    const struct quantity_info *info = &quantities[input->quantity];
    if (input->value < info->min || input->value > info->max) {
        take_implausible(step, p, input->quantity);
    } else {
        take_reading(step, p, input->quantity, input->value);
    }
    point_settle(step, p);
}

void point_trouble(struct step *step, const struct core_input *input)
{
    size_t p = input->point;
    if (p >= step->core->plan->n_points || (unsigned)input->trouble >= TROUBLE_COUNT ||
        input->trouble == TROUBLE_STALE) {
        return; // staleness is worked out here, so that nobody can forget to tell it, nor tell it wrongly
    }
    point_pass_time(step, p);
    struct point_cell *point = &step->core->points[p];
    uint64_t now_ns = step->now->boottime_ns;
    if (input->trouble == TROUBLE_NONE) {
        // "Works again" is no value: a point that is stale stays so until it reports.
        point->told = now_ns >= fresh_until_ns(step->core, p) ? TROUBLE_STALE : TROUBLE_NONE;
    } else {
        judge_hold(step->core, p, now_ns, EVERY_QUANTITY);
        point->told = input->trouble;
    }
    point_settle(step, p);
}

void point_card(struct step *step, const struct core_input *input)
{
    size_t p = input->point;
    if (p >= step->core->plan->n_points) {
        return;
    }
    const struct core_point *plan = &step->core->plan->points[p];
    struct point_cell *point = &step->core->points[p];
    struct event *event = change_event(step, EVENT_ACCESS_PRESENTED, CLASS_ACCESS, plan->room, plan->id);
    if (event) {
        event_add_number(event, FIELD_BITS, input->value);
    }
    point->known = true;
    point->at_ns = step->now->boottime_ns;
    if (point->told == TROUBLE_STALE) {
        point->told = TROUBLE_NONE; // from before a restart, see take_reading()
    }
    point_settle(step, p);
}
