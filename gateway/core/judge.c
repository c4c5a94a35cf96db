// From what is known of the points of a room to the conditions of its alarms. Unknown is never taken for
// normal, nor for an alarm: where nothing can be said, an alarm keeps its condition.
#include "gateway/core/inside.h"

static enum sign sign_of(bool beyond, bool back)
{
    return beyond ? SIGN_BEYOND : back ? SIGN_BACK : SIGN_BETWEEN;
}

// 64 bits, here and below: threshold, deadband and values may lie at the ends of 32.
static enum sign of_limit(const struct core_alarm *alarm, int64_t value)
{
    int64_t threshold = alarm->threshold, deadband = alarm->deadband;
    return alarm->above ? sign_of(value > threshold, value <= threshold - deadband)
                        : sign_of(value < threshold, value >= threshold + deadband);
}

// A contact that says "active" is believed whatever its trouble: better a false alarm than a fire not told.
// It clears only where it is trusted.
enum sign judge_contact(const struct point_cell *point)
{
    if (!(point->has & QUANTITY_BIT(QUANTITY_CONTACT))) {
        return SIGN_UNKNOWN;
    }
    if (point->value[QUANTITY_CONTACT]) {
        return SIGN_BEYOND;
    }
    return point_trusted(point, QUANTITY_CONTACT) ? SIGN_BACK : SIGN_UNKNOWN;
}

static enum sign of_mean(const struct core *core, size_t a)
{
    int32_t mean;
    return window_mean(&core->windows[core->alarms[a].window], &mean) ? of_limit(&core->plan->alarms[a], mean)
                                                                      : SIGN_UNKNOWN;
}

int64_t judge_rise(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    const struct window *window = &core->windows[core->alarms[a].window];
    int64_t last = core->points[alarm->point].value[alarm->quantity];
    return alarm->above ? last - window->lowest : window->highest - last;
}

// The threshold itself is beyond, so that with no deadband the way back begins below it.
static enum sign of_rise(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    if (core->windows[core->alarms[a].window].filled < 2) {
        return SIGN_UNKNOWN;
    }
    int64_t rise = judge_rise(core, a), threshold = alarm->threshold;
    return sign_of(rise >= threshold, rise <= threshold - alarm->deadband);
}

static enum sign of_unchanged(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    const struct steady *steady = &core->alarms[a].steady;
    if (!steady->n) {
        return SIGN_UNKNOWN; // the break is over, and nothing has come since
    }
    return sign_of(steady_for(steady, steady->last, alarm->window_ns), steady->differed);
}

static enum sign of_apart(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    const struct point_cell *other = &core->points[alarm->other_point];
    if (!point_has(other, alarm->quantity)) {
        return SIGN_UNKNOWN;
    }
    int64_t difference =
        (int64_t)core->points[alarm->point].value[alarm->quantity] - other->value[alarm->quantity];
    difference = difference < 0 ? -difference : difference;
    return sign_of(difference > alarm->threshold, difference <= (int64_t)alarm->threshold - alarm->deadband);
}

// A few nights are known since start at most, while an alarm may stand from before it: one good night ends
// it, and nothing less.
static enum sign of_floor(const struct floor *floor)
{
    return sign_of(floor_advises(floor), floor->night_ppm != 0 && floor->nights_apart == 0);
}

static bool of_values(enum core_alarm_kind kind)
{
    return kind == CORE_ALARM_THRESHOLD || kind == CORE_ALARM_MEAN || kind == CORE_ALARM_RISE ||
           kind == CORE_ALARM_UNCHANGED || kind == CORE_ALARM_APART;
}

static enum sign look(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    const struct point_cell *point = alarm_has_point(alarm) ? &core->points[alarm->point] : NULL;
    if (of_values(alarm->kind) && !point_has(point, alarm->quantity)) {
        return SIGN_UNKNOWN;
    }
    switch (alarm->kind) {
    case CORE_ALARM_CONTACT:
        return judge_contact(point);
    case CORE_ALARM_THRESHOLD:
        return of_limit(alarm, point->value[alarm->quantity]);
    case CORE_ALARM_MEAN:
        return of_mean(core, a);
    case CORE_ALARM_RISE:
        return of_rise(core, a);
    case CORE_ALARM_UNCHANGED:
        return of_unchanged(core, a);
    case CORE_ALARM_APART:
        return of_apart(core, a);
    case CORE_ALARM_COMBINATION:
        return members_combined(core, a);
    case CORE_ALARM_CONFIRM:
        return members_confirmed(core, a);
    case CORE_ALARM_TROUBLE:
        return point_trouble_now(point) == TROUBLE_NONE ? SIGN_BACK : SIGN_BEYOND;
    case CORE_ALARM_FLOOR:
        return of_floor(&point->floor);
    case CORE_ALARM_ISOLATED:
    case CORE_ALARM_KIND_COUNT:
        break;
    }
    return SIGN_UNKNOWN;
}

// Whether the reading is one that this alarm looks at.
static bool looks_at(const struct core_alarm *alarm, const struct reading *reading)
{
    return reading && of_values(alarm->kind) && alarm->quantity == reading->quantity &&
           (alarm->point == reading->point ||
            (alarm->kind == CORE_ALARM_APART && alarm->other_point == reading->point));
}

// What an alarm remembers of the values it looks at.
static void remember(struct core *core, size_t a, uint64_t at_ns, bool fresh)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    struct alarm_cell *cell = &core->alarms[a];
    if (alarm->kind == CORE_ALARM_UNCHANGED && !point_has(&core->points[alarm->point], alarm->quantity)) {
        steady_break(&cell->steady);
    }
    if (!fresh) {
        return;
    }
    int32_t value = core->points[alarm->point].value[alarm->quantity];
    if (cell->window != NO_INDEX) {
        window_take(&core->windows[cell->window], at_ns, value);
    } else if (alarm->kind == CORE_ALARM_UNCHANGED) {
        steady_take(&cell->steady, at_ns, value);
    }
}

static void change_condition(struct alarm_cell *cell, bool condition, uint64_t at_ns)
{
    delay_stop(cell);
    bool held = chatter_change(&cell->chatter, at_ns);
    cell->beneath = condition;
    cell->met = condition || held;
}

// Returns when time alone changes something here.
static uint64_t judge(struct core *core, size_t a, uint64_t at_ns, const struct reading *reading)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    struct alarm_cell *cell = &core->alarms[a];
    bool condition = cell->chatter.held ? cell->beneath : cell->met;
    // What has run out by itself comes first, and by itself, whatever else happens at this moment.
    if (chatter_quiet_ns(&cell->chatter) <= at_ns) {
        chatter_end(&cell->chatter);
        cell->met = cell->beneath;
        return at_ns;
    }
    if (delay_over(cell, at_ns)) {
        change_condition(cell, !condition, at_ns);
        return at_ns;
    }
    bool fresh = looks_at(alarm, reading);
    remember(core, a, at_ns, fresh);
    if (alarm->kind == CORE_ALARM_CONFIRM) {
        members_watch(core, a, at_ns);
    }
    enum sign sign = look(core, a);
    cell->unknown = sign == SIGN_UNKNOWN;
    bool changes = alarm->kind == CORE_ALARM_CONFIRM && !condition
                       ? sign == SIGN_BEYOND || members_prealarm(core, a, at_ns)
                       : delay_follow(alarm, cell, condition, sign, at_ns, fresh || !of_values(alarm->kind));
    if (changes) {
        change_condition(cell, !condition, at_ns);
    }
    uint64_t quiet_ns = chatter_quiet_ns(&cell->chatter);
    return cell->delay == DELAY_RUNNING && cell->ends_ns < quiet_ns ? cell->ends_ns : quiet_ns;
}

static bool tell_chatter(struct step *step, size_t a)
{
    const struct core_alarm *alarm = &step->core->plan->alarms[a];
    const char *item = alarm_has_point(alarm) ? step->core->plan->points[alarm->point].id : alarm->id;
    return change_chatter(step, &step->core->alarms[a].chatter, alarm->class, alarm->room, item, alarm->id);
}

static bool judge_alarm(struct step *step, size_t a, uint64_t at_ns, const struct reading *reading, bool tell)
{
    struct core *core = step->core;
    struct alarm_cell *cell = &core->alarms[a];
    struct room_cell *room = &core->rooms[core->plan->alarms[a].room_index];
    bool met = cell->met;
    room_wake(room, &cell->wake_ns, judge(core, a, at_ns, reading));
    if (cell->met != met) {
        follow_note(core, core->plan->alarms[a].room_index); // ventilation follows the rule itself
    }
    return tell && tell_chatter(step, a) && life_follow(step, a);
}

// Two lists, each in the order of the plan, gone through as one. Where the events are full, the rest is
// judged all the same: it comes only once.
static bool judge_reading(struct step *step, size_t r, uint64_t at_ns, const struct reading *reading)
{
    const struct core *core = step->core;
    size_t own = core->points[reading->point].first_alarm, far = core->rooms[r].first_dependent;
    bool told = true;
    while (own != NO_INDEX || far != NO_INDEX) { // which is the largest there is
        size_t a = own < far ? own : far;
        own = own == a ? core->alarms[a].next_of_point : own;
        far = far == a ? core->alarms[a].next_dependent : far;
        told = judge_alarm(step, a, at_ns, reading, told);
    }
    return told;
}

bool judge_room(struct step *step, size_t r, uint64_t at_ns, const struct reading *reading)
{
    if (reading) {
        return judge_reading(step, r, at_ns, reading);
    }
    bool told = true;
    for (size_t a = step->core->rooms[r].first_alarm; a != NO_INDEX; a = step->core->alarms[a].next_in_room) {
        told = judge_alarm(step, a, at_ns, NULL, told);
    }
    return told;
}
