// What is known of each point. Time comes first: before an input is taken in, its point is judged as it stood
// until now, so that what is decided does not hang on how late a tick was.
#include "gateway/core/inside.h"

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

bool point_has(const struct point_cell *point, enum quantity quantity)
{
    return (point->has & QUANTITY_BIT(quantity)) && point_trusted(point, quantity);
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

// When time alone changes something in what is known of a point.
static uint64_t deadline_ns(const struct core *core, size_t p)
{
    const struct point_cell *point = &core->points[p];
    uint64_t quiet_ns = chatter_quiet_ns(&point->chatter);
    uint64_t stale_ns = point->told == TROUBLE_NONE ? fresh_until_ns(core, p) : UINT64_MAX;
    return stale_ns < quiet_ns ? stale_ns : quiet_ns;
}

// What is known of a point has changed.
static void wake_point(struct core *core, size_t p)
{
    room_wake(&core->rooms[core->plan->points[p].room_index], &core->points[p].wake_ns, deadline_ns(core, p));
}

static void note_deadline(struct core *core, size_t r)
{
    struct room_cell *room = &core->rooms[r];
    if (room->wake_old) {
        uint64_t soonest = UINT64_MAX;
        for (size_t p = room->first_point; p != NO_INDEX; p = core->points[p].next_in_room) {
            soonest = core->points[p].wake_ns < soonest ? core->points[p].wake_ns : soonest;
        }
        for (size_t a = room->first_alarm; a != NO_INDEX; a = core->alarms[a].next_in_room) {
            soonest = core->alarms[a].wake_ns < soonest ? core->alarms[a].wake_ns : soonest;
        }
        room->wake_ns = soonest;
        room->wake_old = false;
    }
    room->deadline_ns = room->waits ? 0 : room->wake_ns;
}

static bool tell_door(struct step *step, size_t p);
static bool tell_doors(struct step *step, size_t r);

// Judge the room as of at_ns, and note when it wants to be looked at again.
static void settle(struct step *step, size_t r, uint64_t at_ns, const struct reading *reading)
{
    struct room_cell *room = &step->core->rooms[r];
    room->passed_ns = at_ns;
    bool told = reading ? tell_door(step, reading->point) : tell_doors(step, r);
    told = judge_room(step, r, at_ns, reading) && told;
    room->waits = !told;
    note_deadline(step->core, r);
}

void points_settle(struct step *step, size_t r)
{
    settle(step, r, step->now->boottime_ns, NULL);
}

// Rooms whose alarms look at each other are judged at the first step: what was restored counts from then.
void points_begin(struct core *core, uint64_t now_ns)
{
    for (size_t p = 0; p < core->plan->n_points; p++) {
        core->points[p].at_ns = now_ns;
        wake_point(core, p);
    }
    for (size_t r = 0; r <= core->plan->n_rooms; r++) {
        struct room_cell *room = &core->rooms[r];
        room->passed_ns = now_ns;
        room->waits = room->first_dependent != NO_INDEX;
        note_deadline(core, r);
    }
}

void point_carry_trouble(struct core *core, size_t p)
{
    core->points[p].told = TROUBLE_STALE;
    wake_point(core, p);
    note_deadline(core, core->plan->points[p].room_index);
}

static void pass(struct core *core, size_t p, uint64_t at_ns)
{
    struct point_cell *point = &core->points[p];
    if (point->wake_ns > at_ns) {
        return;
    }
    if (point->told == TROUBLE_NONE && at_ns >= fresh_until_ns(core, p)) {
        point->told = TROUBLE_STALE;
    }
    if (chatter_quiet_ns(&point->chatter) <= at_ns) {
        chatter_end(&point->chatter);
    }
    wake_point(core, p);
}

void points_pass_time(struct step *step, size_t r)
{
    struct core *core = step->core;
    struct room_cell *room = &core->rooms[r];
    while (room->deadline_ns <= step->now->boottime_ns && !step->actions->more) {
        uint64_t at_ns = room->waits ? room->passed_ns : room->deadline_ns;
        for (size_t p = room->first_point; p != NO_INDEX; p = core->points[p].next_in_room) {
            pass(core, p, at_ns);
        }
        settle(step, r, at_ns, NULL);
    }
}

void points_tick(struct step *step)
{
    for (size_t r = 0; r <= step->core->plan->n_rooms; r++) {
        points_pass_time(step, r);
        if (step->actions->more) {
            return; // the caller comes again, and what is settled by then costs nothing
        }
    }
}

static bool is_door(const struct core_point *plan)
{
    return plan->role == ROLE_DOOR || plan->role == ROLE_WINDOW;
}

bool point_chatters(const struct core *core, size_t p)
{
    bool chatters = core->points[p].chatter.held;
    for (size_t a = core->points[p].first_alarm; a != NO_INDEX; a = core->alarms[a].next_of_point) {
        chatters |= core->alarms[a].chatter.held;
    }
    return chatters;
}

// 0 at start: a closed door is what one expects, an open one is worth telling. While it chatters, how often
// it has changed is told at the end, and then what it is.
static bool tell_door(struct step *step, size_t p)
{
    const struct core_point *plan = &step->core->plan->points[p];
    struct point_cell *point = &step->core->points[p];
    int32_t value = point->value[QUANTITY_CONTACT];
    if (!is_door(plan)) {
        return true;
    }
    if (!change_chatter(step, &point->chatter, CLASS_ACCESS, plan->room, plan->id, NULL)) {
        return false;
    }
    if (value == point->told_door || point->chatter.held) {
        return true;
    }
    struct event *event =
        change_event(step, value ? EVENT_DOOR_OPENED : EVENT_DOOR_CLOSED, CLASS_ACCESS, plan->room, plan->id);
    if (!event) {
        step->actions->more = true;
        return false;
    }
    point->told_door = value;
    event_add_number(event, FIELD_ACTIVE, value);
    event_add_word(event, FIELD_ROLE, contact_role_names[plan->role]);
    return true;
}

static bool tell_doors(struct step *step, size_t r)
{
    const struct core *core = step->core;
    for (size_t p = core->rooms[r].first_point; p != NO_INDEX; p = core->points[p].next_in_room) {
        if (!tell_door(step, p)) {
            return false;
        }
    }
    return true;
}

// A good value ends the trouble of a polled point. A contact's trouble ends by word of who told it: a line
// that has gone may still give a last edge. Only a trouble from before a restart (TROUBLE_STALE) has nobody
// to take it back.
static void take_reading(struct step *step, size_t p, enum quantity quantity, int32_t value)
{
    const struct core_point *plan = &step->core->plan->points[p];
    struct point_cell *point = &step->core->points[p];
    if (is_door(plan) && quantity == QUANTITY_CONTACT && value != point->value[quantity]) {
        (void)chatter_change(&point->chatter, step->now->boottime_ns);
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
}

void point_reading(struct step *step, const struct core_input *input)
{
    const struct core_plan *plan = step->core->plan;
    size_t p = input->point;
    if (p >= plan->n_points || (unsigned)input->quantity >= QUANTITY_COUNT ||
        (plan->points[p].contact && input->quantity != QUANTITY_CONTACT)) {
        return;
    }
    size_t room = plan->points[p].room_index;
    points_pass_time(step, room);
    const struct quantity_info *info = &quantities[input->quantity];
    if (input->value < info->min || input->value > info->max) {
        step->core->points[p].implausible |= QUANTITY_BIT(input->quantity);
        points_settle(step, room);
        return;
    }
    take_reading(step, p, input->quantity, input->value);
    wake_point(step->core, p);
    settle(step, room, step->now->boottime_ns, &(struct reading){ .point = p, .quantity = input->quantity });
}

void point_trouble(struct step *step, const struct core_input *input)
{
    size_t p = input->point;
    if (p >= step->core->plan->n_points || (unsigned)input->trouble >= TROUBLE_COUNT ||
        input->trouble == TROUBLE_STALE) {
        return; // staleness is worked out here, so that nobody can forget to tell it, nor tell it wrongly
    }
    size_t room = step->core->plan->points[p].room_index;
    points_pass_time(step, room);
    struct point_cell *point = &step->core->points[p];
    uint64_t now_ns = step->now->boottime_ns;
    if (input->trouble == TROUBLE_NONE) {
        // "Works again" is no value: a point that is stale stays so until it reports.
        point->told = now_ns >= fresh_until_ns(step->core, p) ? TROUBLE_STALE : TROUBLE_NONE;
    } else {
        point->told = input->trouble;
    }
    wake_point(step->core, p);
    points_settle(step, room);
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
    points_pass_time(step, plan->room_index);
    point->known = true;
    point->at_ns = step->now->boottime_ns;
    if (point->told == TROUBLE_STALE) {
        point->told = TROUBLE_NONE; // from before a restart, see take_reading()
    }
    wake_point(step->core, p);
    points_settle(step, plan->room_index);
}
