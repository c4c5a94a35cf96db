// From what is known of a point to the conditions of its alarms. Unknown is never taken for normal, nor for
// an alarm: where nothing can be said, an alarm keeps its state.
#include "gateway/core/inside.h"

enum verdict { VERDICT_KEEP, VERDICT_FALSE, VERDICT_TRUE };

static bool beyond(const struct core_alarm *alarm, int32_t value)
{
    return alarm->above ? value > alarm->threshold : value < alarm->threshold;
}

// 64 bits: threshold and deadband may lie at the ends of 32.
static bool back(const struct core_alarm *alarm, int32_t value)
{
    int64_t threshold = alarm->threshold;
    return alarm->above ? value <= threshold - alarm->deadband : value >= threshold + alarm->deadband;
}

// A contact that says "active" is believed whatever its trouble: better a false alarm than a fire not told.
// It clears only where it is trusted.
static enum verdict judge_contact(const struct point_cell *point)
{
    if (!(point->has & QUANTITY_BIT(QUANTITY_CONTACT))) {
        return VERDICT_KEEP;
    }
    if (point->value[QUANTITY_CONTACT]) {
        return VERDICT_TRUE;
    }
    return point_trusted(point, QUANTITY_CONTACT) ? VERDICT_FALSE : VERDICT_KEEP;
}

static enum verdict judge_threshold(const struct core_alarm *alarm, const struct alarm_cell *cell,
                                    const struct point_cell *point)
{
    if (cell->delay == DELAY_OVER) {
        return VERDICT_TRUE;
    }
    if (!(point->has & QUANTITY_BIT(alarm->quantity)) || !point_trusted(point, alarm->quantity)) {
        return VERDICT_KEEP;
    }
    return back(alarm, point->value[alarm->quantity]) ? VERDICT_FALSE : VERDICT_KEEP;
}

// A few nights are known since start at most, while an alarm may stand from before it: one good night ends
// it, and nothing less.
static enum verdict judge_floor(const struct floor *floor)
{
    if (floor_advises(floor)) {
        return VERDICT_TRUE;
    }
    return floor->night_ppm != 0 && floor->nights_apart == 0 ? VERDICT_FALSE : VERDICT_KEEP;
}

static enum verdict judge(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    const struct point_cell *point = &core->points[alarm->point];
    switch (alarm->kind) {
    case CORE_ALARM_CONTACT:
        return judge_contact(point);
    case CORE_ALARM_THRESHOLD:
        return judge_threshold(alarm, &core->alarms[a], point);
    case CORE_ALARM_TROUBLE:
        return point_trouble_now(point) == TROUBLE_NONE ? VERDICT_FALSE : VERDICT_TRUE;
    case CORE_ALARM_FLOOR:
        return judge_floor(&point->floor);
    case CORE_ALARM_MEAN:
    case CORE_ALARM_RISE:
    case CORE_ALARM_UNCHANGED:
    case CORE_ALARM_APART:
    case CORE_ALARM_COMBINATION:
    case CORE_ALARM_CONFIRM:
    case CORE_ALARM_ISOLATED:
        break;
    case CORE_ALARM_KIND_COUNT:
        break;
    }
    return VERDICT_KEEP;
}

bool judge_point(struct step *step, size_t p)
{
    struct core *core = step->core;
    for (size_t a = core->points[p].first_alarm; a != NO_INDEX; a = core->alarms[a].next_of_point) {
        struct alarm_cell *cell = &core->alarms[a];
        enum verdict verdict = judge(core, a);
        if (verdict != VERDICT_KEEP && (verdict == VERDICT_TRUE) != cell->met) {
            cell->met = verdict == VERDICT_TRUE;
            cell->delay = DELAY_IDLE;
            follow_note(core, core->plan->alarms[a].room_index); // ventilation follows the rule itself
        }
        if (!life_follow(step, a)) {
            return false;
        }
    }
    return true;
}

static uint64_t later(uint64_t at_ns, uint64_t by_ns)
{
    return by_ns > UINT64_MAX - at_ns ? UINT64_MAX : at_ns + by_ns;
}

static void run_delay(struct alarm_cell *cell, uint64_t now_ns, uint64_t rest_ns)
{
    cell->ends_ns = later(now_ns, rest_ns);
    cell->delay = cell->ends_ns <= now_ns ? DELAY_OVER : DELAY_RUNNING;
}

static void delay_on_reading(const struct core_alarm *alarm, struct alarm_cell *cell, int32_t value,
                             uint64_t now_ns)
{
    if (cell->met) {
        return; // the deadband decides
    }
    if (!beyond(alarm, value)) {
        cell->delay = DELAY_IDLE;
        return;
    }
    switch (cell->delay) {
    case DELAY_IDLE:
        run_delay(cell, now_ns, alarm->on_delay_ns);
        break;
    case DELAY_HELD:
        run_delay(cell, now_ns, cell->rest_ns);
        break;
    case DELAY_RUNNING:
    case DELAY_OVER:
        break;
    }
}

void judge_delays(struct step *step, size_t p, enum quantity quantity)
{
    struct core *core = step->core;
    for (size_t a = core->points[p].first_alarm; a != NO_INDEX; a = core->alarms[a].next_of_point) {
        const struct core_alarm *alarm = &core->plan->alarms[a];
        if (alarm->kind == CORE_ALARM_THRESHOLD && alarm->quantity == quantity) {
            delay_on_reading(alarm, &core->alarms[a], core->points[p].value[quantity],
                             step->now->boottime_ns);
        }
    }
}

void judge_hold(struct core *core, size_t p, uint64_t at_ns, uint32_t set)
{
    for (size_t a = core->points[p].first_alarm; a != NO_INDEX; a = core->alarms[a].next_of_point) {
        struct alarm_cell *cell = &core->alarms[a];
        if (cell->delay == DELAY_RUNNING && (set & QUANTITY_BIT(core->plan->alarms[a].quantity))) {
            cell->rest_ns = cell->ends_ns - at_ns; // judge_elapsed() has been here: it ends later than at_ns
            cell->delay = DELAY_HELD;
        }
    }
}

void judge_elapsed(struct core *core, size_t p, uint64_t until_ns)
{
    for (size_t a = core->points[p].first_alarm; a != NO_INDEX; a = core->alarms[a].next_of_point) {
        struct alarm_cell *cell = &core->alarms[a];
        if (cell->delay == DELAY_RUNNING && cell->ends_ns <= until_ns) {
            cell->delay = DELAY_OVER;
        }
    }
}
