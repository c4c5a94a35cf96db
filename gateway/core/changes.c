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
    if (asked->note) {
        event->note = *asked->note;
    }
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

static void add_record(const struct step *step, size_t a, struct event *event)
{
    const struct core_alarm *alarm = &step->core->plan->alarms[a];
    const struct alarm_cell *cell = &step->core->alarms[a];
    if (alarm->kind == CORE_ALARM_ISOLATED) {
        event->record = isolation_record(step->core, alarm->point, step->now);
        return;
    }
    event->record = (struct state_record){
        .kind = RECORD_ALARM,
        .room = alarm->room,
        .item = alarm->id,
        .state = (uint8_t)cell->state,
        .condition = cell->met,
        .occurrence = cell->occurrence,
        .since_boottime_ns = cell->since_ns,
        .since_wall_ms = cell->since_wall_ms,
        .until_boottime_ns = cell->until_ns,
        .until_wall_ms = cell->until_wall_ms,
        .number = { life_flags(cell) },
    };
    if (cell->until_ns > step->now->boottime_ns) {
        event->record.rest_ns = (int64_t)(cell->until_ns - step->now->boottime_ns);
    }
}

// A trouble is told as the point's own; everything that people and designs do to an alarm is told as the
// alarm's. Out of service is told like suppressed; the state and the reason tell them apart.
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
    case ALARM_ISOLATE:
        return EVENT_ALARM_SUPPRESSED;
    case ALARM_RELEASE:
    case ALARM_REINSTATE:
        return EVENT_ALARM_RELEASED;
    case ALARM_CAUSE_COUNT:
        break;
    }
    return EVENT_ALARM_RESET;
}

static void add_why(const struct core *core, size_t a, enum alarm_cause cause, bool asked,
                    struct event *event)
{
    const struct alarm_cell *cell = &core->alarms[a];
    const char *suppressor;
    switch (cause) {
    case ALARM_CONDITION_TRUE:
        if (cell->first_out) {
            event_add_number(event, FIELD_FIRST_OUT, 1);
        }
        add_circumstances(core, a, event);
        break;
    case ALARM_CONDITION_FALSE:
    case ALARM_ACKNOWLEDGE:
    case ALARM_RESET:
        add_circumstances(core, a, event);
        break;
    case ALARM_SHELVE:
        if (cell->until_wall_ms != 0) {
            event_add_number(event, FIELD_UNTIL_MS, cell->until_wall_ms);
        }
        break;
    case ALARM_UNSHELVE:
        event_add_word(event, FIELD_REASON, asked ? "ended" : "expired");
        break;
    case ALARM_SUPPRESS:
        suppressor = life_suppressor(core, a);
        if (suppressor) {
            event_add_word(event, FIELD_REASON, suppressor);
        }
        break;
    case ALARM_ISOLATE:
        event_add_word(event, FIELD_REASON, "isolated");
        break;
    case ALARM_REINSTATE:
        event_add_word(event, FIELD_REASON, "reinstated");
        break;
    case ALARM_RELEASE:
    case ALARM_CAUSE_COUNT:
        break;
    }
}

void change_add_alarm(struct event *event, const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    event_add_word(event, FIELD_ALARM, alarm->id);
    event_add_number(event, FIELD_OCCURRENCE, (int64_t)core->alarms[a].occurrence);
    event_add_word(event, FIELD_SEVERITY, severity_names[alarm->severity]);
    event_add_word(event, FIELD_STATE, alarm_state_names[core->alarms[a].state]);
}

void change_tell(struct step *step, size_t a, enum alarm_cause cause, const struct core_input *asked)
{
    const struct core *core = step->core;
    const struct core_alarm *alarm = &core->plan->alarms[a];
    enum event_type type = type_of(cause, alarm->kind);
    bool of_point = type == EVENT_POINT_TROUBLE || type == EVENT_POINT_RESTORED;
    struct event *event = change_event(step, type, alarm->class, alarm->room,
                                       of_point ? core->plan->points[alarm->point].id : alarm->id);
    if (!event) {
        return; // the callers look first
    }
    change_add_alarm(event, core, a);
    add_why(core, a, cause, asked != NULL, event);
    if (asked) {
        change_asker(event, asked);
    }
    add_record(step, a, event);
}

void change_escalated(struct step *step, size_t a)
{
    const struct core_alarm *alarm = &step->core->plan->alarms[a];
    struct event *event = change_event(step, EVENT_ALARM_ESCALATED, alarm->class, alarm->room, alarm->id);
    if (event) {
        change_add_alarm(event, step->core, a);
        add_record(step, a, event);
    }
}

void change_quietly(struct step *step, size_t a, enum alarm_cause cause)
{
    const struct core_alarm *alarm = &step->core->plan->alarms[a];
    enum alarm_state state = step->core->alarms[a].state;
    enum alarm_state next = alarm_next(state, cause, alarm->ending);
    if (next == state) {
        return;
    }
    if (next == ALARM_UNACKNOWLEDGED) { // reached only by a condition that was not there: a new occurrence
        life_raise(step, a);
        silence_occurrence(step->core, a);
    } else {
        life_enter(step->core, a, next);
    }
    follow_note(step->core, alarm->room_index);
}

void change_alarm(struct step *step, size_t a, enum alarm_cause cause, const struct core_input *asked)
{
    enum alarm_state before = step->core->alarms[a].state;
    change_quietly(step, a, cause);
    if (step->core->alarms[a].state != before) {
        change_tell(step, a, cause, asked);
    }
}

static const char *command_of(const struct core_input *asked)
{
    switch (asked->kind) {
    case CORE_INPUT_ACK:
        return "ack";
    case CORE_INPUT_RESET:
        return "reset";
    case CORE_INPUT_SHELVE:
        return asked->for_ns == 0 ? "unshelve" : "shelve";
    case CORE_INPUT_ISOLATE:
        return asked->for_ns == 0 ? "reinstate" : "isolate";
    case CORE_INPUT_READING:
    case CORE_INPUT_TROUBLE:
    case CORE_INPUT_CARD:
    case CORE_INPUT_TICK:
    case CORE_INPUT_SILENCE:
    case CORE_INPUT_DRILL:
    case CORE_INPUT_PRESENCE:
    case CORE_INPUT_MARK:
    case CORE_INPUT_KIND_COUNT:
        break;
    }
    return "none";
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

static void refused(struct step *step, const char *room, const char *item, const char *command,
                    const struct core_input *asked, enum core_answer answer)
{
    struct event *event = change_event(step, EVENT_COMMAND_REFUSED, CLASS_SYSTEM, room, item);
    if (!event) {
        return; // an answer is the first event of its step
    }
    event_add_word(event, FIELD_COMMAND, command);
    event_add_word(event, FIELD_REASON, core_answer_words[answer]);
    change_asker(event, asked);
}

void change_refused_in(struct step *step, const char *room, const char *command,
                       const struct core_input *asked, enum core_answer answer)
{
    refused(step, room, NULL, command, asked, answer);
}

void change_refused(struct step *step, const struct core_input *asked, enum core_answer answer)
{
    const struct core_plan *plan = step->core->plan;
    bool of_point = asked->kind == CORE_INPUT_ISOLATE;
    const char *room = of_point ? plan->points[asked->point].room : plan->alarms[asked->alarm].room;
    const char *item = of_point ? plan->points[asked->point].id : plan->alarms[asked->alarm].id;
    refused(step, room, item, command_of(asked), asked, answer);
}
