#include "gateway/core/inside.h"

#include <string.h>

// Copies what fits, and never half a UTF-8 character.
void change_copy_actor(char *to, const char *from)
{
    size_t n = 0;
    while (n < ACTOR_SIZE - 1 && from[n]) {
        to[n] = from[n];
        n++;
    }
    if (from[n]) {
        while (n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80) {
            n--;
        }
    }
    to[n] = '\0';
}

bool changes_full(const struct step *step)
{
    return step->actions->n_events == CORE_MAX_EVENTS;
}

struct event *change_event(struct step *step, enum event_type type, enum event_class class, const char *room,
                           const char *item)
{
    if (changes_full(step)) {
        return NULL;
    }
    struct event *event = &step->actions->events[step->actions->n_events++];
    memset(event, 0, sizeof *event);
    event->type = type;
    event->class = class;
    event->clock = step->now->clock;
    event->boottime_ns = step->now->boottime_ns;
    event->wall_ms = step->now->wall_ms;
    event->room = room;
    event->item = item;
    return event;
}

void change_asker(struct event *event, const struct core_input *asked)
{
    if (asked->actor) {
        change_copy_actor(event->actor, asked->actor);
    }
    event_add_word(event, FIELD_VIA, asked->remote ? "mqtt" : "local");
}

static void add_value(const struct core *core, const struct core_alarm *alarm, struct event *event)
{
    static const enum event_field fields[] = {
        [QUANTITY_TEMPERATURE] = FIELD_TEMP_MC, [QUANTITY_HUMIDITY] = FIELD_RH_MPCT,
        [QUANTITY_CO2] = FIELD_CO2_PPM,         [QUANTITY_PRESSURE] = FIELD_PRESSURE_PA,
        [QUANTITY_PM1] = FIELD_PM1_NGM3,        [QUANTITY_PM25] = FIELD_PM25_NGM3,
        [QUANTITY_PM10] = FIELD_PM10_NGM3,      [QUANTITY_VOLTAGE] = FIELD_VOLTAGE_UV,
        [QUANTITY_CONTACT] = FIELD_ACTIVE,
    };
    _Static_assert(sizeof fields / sizeof fields[0] == QUANTITY_COUNT, "a quantity without a field");
    const struct point_cell *point = &core->points[alarm->point];
    if (point->has & QUANTITY_BIT(alarm->quantity)) {
        event_add_number(event, fields[alarm->quantity], point->value[alarm->quantity]);
    }
    if (alarm->kind != CORE_ALARM_UNCHANGED) {
        event_add_number(event, FIELD_THRESHOLD, alarm->threshold);
    }
}

// What the value was judged by, where that is not the value itself.
static void add_reckoned(const struct core *core, size_t a, struct event *event)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    const struct window *window =
        core->alarms[a].window == NO_INDEX ? NULL : &core->windows[core->alarms[a].window];
    int32_t mean;
    if (alarm->kind == CORE_ALARM_MEAN && window_mean(window, &mean)) {
        event_add_number(event, FIELD_MEAN, mean);
    } else if (alarm->kind == CORE_ALARM_RISE && window->filled) {
        event_add_number(event, FIELD_RISE, judge_rise(core, a));
    } else if (alarm->kind == CORE_ALARM_APART) {
        event_add_number(event, FIELD_OTHER, core->points[alarm->other_point].value[alarm->quantity]);
    }
}

// The value that matters, and what it is measured against.
static void add_circumstances(const struct core *core, size_t a, struct event *event)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    const struct point_cell *point = alarm_has_point(alarm) ? &core->points[alarm->point] : NULL;

    switch (alarm->kind) {
    case CORE_ALARM_CONTACT:
        event_add_word(event, FIELD_ROLE, contact_role_names[core->plan->points[alarm->point].role]);
        break;
    case CORE_ALARM_THRESHOLD:
    case CORE_ALARM_MEAN:
    case CORE_ALARM_RISE:
    case CORE_ALARM_UNCHANGED:
    case CORE_ALARM_APART:
        add_value(core, alarm, event);
        add_reckoned(core, a, event);
        break;
    case CORE_ALARM_COMBINATION:
    case CORE_ALARM_CONFIRM:
    case CORE_ALARM_ISOLATED:
        break;
    case CORE_ALARM_TROUBLE:
        if (point_trouble_now(point) != TROUBLE_NONE) {
            event_add_word(event, FIELD_REASON, trouble_names[point_trouble_now(point)]);
        }
        break;
    case CORE_ALARM_FLOOR:
        if (point->floor.night_ppm != 0) {
            event_add_number(event, FIELD_CO2_PPM, point->floor.night_ppm);
        }
        break;
    case CORE_ALARM_KIND_COUNT:
        break;
    }
}

static void add_record(const struct alarm_cell *cell, const struct core_alarm *alarm, struct event *event)
{
    event->record = (struct state_record){
        .kind = RECORD_ALARM,
        .room = alarm->room,
        .item = alarm->id,
        .state = (uint8_t)cell->state,
        .condition = cell->met,
        .occurrence = cell->occurrence,
        .since_boottime_ns = cell->since_ns,
        .since_wall_ms = cell->since_wall_ms,
    };
}

// A trouble is told as the point's own; everything that people do to an alarm is told as the alarm's.
static enum event_type type_of(enum alarm_cause cause, enum core_alarm_kind kind)
{
    bool trouble = kind == CORE_ALARM_TROUBLE;
    switch (cause) {
    case ALARM_CONDITION_TRUE:
        return trouble ? EVENT_POINT_TROUBLE : EVENT_ALARM_RAISED;
    case ALARM_CONDITION_FALSE:
        return trouble ? EVENT_POINT_RESTORED : EVENT_ALARM_CLEARED;
    case ALARM_ACKNOWLEDGE:
        return EVENT_ALARM_ACKNOWLEDGED;
    case ALARM_RESET:
        return EVENT_ALARM_RESET;
    case ALARM_SHELVE:
        return EVENT_ALARM_SHELVED;
    case ALARM_UNSHELVE:
        return EVENT_ALARM_UNSHELVED;
    case ALARM_SUPPRESS:
        return EVENT_ALARM_SUPPRESSED;
    case ALARM_RELEASE:
        return EVENT_ALARM_RELEASED;
    case ALARM_ISOLATE:
        return EVENT_POINT_ISOLATED;
    case ALARM_REINSTATE:
        return EVENT_POINT_REINSTATED;
    case ALARM_CAUSE_COUNT:
        break;
    }
    return EVENT_ALARM_RESET;
}

static void tell(struct step *step, size_t a, enum alarm_cause cause, const struct core_input *asked)
{
    const struct core *core = step->core;
    const struct core_alarm *alarm = &core->plan->alarms[a];
    const struct alarm_cell *cell = &core->alarms[a];
    enum event_type type = type_of(cause, alarm->kind);
    bool of_point = type == EVENT_POINT_TROUBLE || type == EVENT_POINT_RESTORED;
    struct event *event = change_event(step, type, alarm->class, alarm->room,
                                       of_point ? core->plan->points[alarm->point].id : alarm->id);
    if (!event) {
        return; // the callers look first
    }
    event_add_word(event, FIELD_ALARM, alarm->id);
    event_add_number(event, FIELD_OCCURRENCE, (int64_t)cell->occurrence);
    event_add_word(event, FIELD_SEVERITY, severity_names[alarm->severity]);
    event_add_word(event, FIELD_STATE, alarm_state_names[cell->state]);
    add_circumstances(core, a, event);
    if (asked) {
        change_asker(event, asked);
    }
    add_record(cell, alarm, event);
}

void change_alarm(struct step *step, size_t a, enum alarm_cause cause, const struct core_input *asked)
{
    const struct core_alarm *alarm = &step->core->plan->alarms[a];
    struct alarm_cell *cell = &step->core->alarms[a];
    enum alarm_state next = alarm_next(cell->state, cause, alarm->ending);
    if (next == cell->state) {
        return;
    }
    cell->state = next;
    if (next == ALARM_UNACKNOWLEDGED) { // reached only by a condition that was not there: a new occurrence
        cell->occurrence++;
        cell->since_ns = step->now->boottime_ns;
        cell->since_wall_ms = step->now->wall_ms;
        silence_occurrence(step->core, a);
    }
    follow_note(step->core, alarm->room_index);
    tell(step, a, cause, asked);
}

bool change_chatter(struct step *step, struct chatter *chatter, enum event_class class, const char *room,
                    const char *item, const char *alarm)
{
    if (chatter->told == chatter->held) {
        return true;
    }
    struct event *event =
        change_event(step, chatter->held ? EVENT_POINT_CHATTERING : EVENT_POINT_SETTLED, class, room, item);
    if (!event) {
        step->actions->more = true;
        return false;
    }
    chatter->told = chatter->held;
    if (alarm) {
        event_add_word(event, FIELD_ALARM, alarm);
    }
    if (!chatter->held) {
        event_add_number(event, FIELD_CHANGES, chatter->changes);
    }
    return true;
}

void change_refused(struct step *step, const struct core_input *asked, enum core_answer answer)
{
    const struct core_alarm *alarm = &step->core->plan->alarms[asked->alarm];
    struct event *event = change_event(step, EVENT_COMMAND_REFUSED, CLASS_SYSTEM, alarm->room, alarm->id);
    if (!event) {
        return; // an answer is the only event of its step
    }
    event_add_word(event, FIELD_COMMAND, asked->kind == CORE_INPUT_ACK ? "ack" : "reset");
    event_add_word(event, FIELD_REASON, core_answer_words[answer]);
    change_asker(event, asked);
}
