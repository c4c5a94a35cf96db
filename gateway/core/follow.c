// What the standing alarms ask of sounders, beacons, ventilation and doors. Worked out from the alarms alone,
// never from the last output, so that no sequence of events can leave one wrong. (The one exception says so:
// a fan that runs goes on for its least time.)
//
// One gateway guards one building: smoke in one room is a reason to leave all of them, and children who sleep
// next door must be woken while the way out is still free. Ventilation would feed the fire and spread its
// smoke. A door is released for as long as fire stands.
#include "gateway/core/inside.h"

// In a room where children sleep, somebody is called by light (and by whatever pages the staff) before a
// noise wakes everybody: a minute is what a carer in the next room needs to see it and come. Of what this can
// be, only fire grows within a minute, and a fire never waits. A pre-alarm of fire is not one yet, but is on
// the way: half of that, which still leaves time to look before the confirmation runs out.
#define LIGHT_FIRST_NS          (60 * NS_PER_S)
#define LIGHT_FIRST_PREALARM_NS (30 * NS_PER_S)

// What a role plays: the pattern of the first row that is asked for, else nothing. The whole order of
// precedence is here. What is real comes before a drill, which is heard again as soon as that is answered or
// silenced; a light never hides the graver one.
struct precedence {
    enum ask ask; // 0: the end
    enum core_pattern pattern;
};
#define ROWS 6
static const struct precedence precedence[][ROWS] = {
    [OUTPUT_SOUNDER] = { { ASK_LEAVE_SOUND, PATTERN_EVACUATE },
                         { ASK_CRITICAL_SOUND, PATTERN_CRITICAL },
                         { ASK_WARNING_SOUND, PATTERN_WARNING },
                         { ASK_DRILL, PATTERN_DRILL } },
    [OUTPUT_BEACON] = { { ASK_LEAVE, PATTERN_EVACUATE },
                        { ASK_CRITICAL_LIGHT, PATTERN_CRITICAL },
                        { ASK_WARNING_LIGHT, PATTERN_WARNING },
                        { ASK_DRILL, PATTERN_DRILL },
                        { ASK_TROUBLE_LIGHT, PATTERN_TROUBLE } },
    [OUTPUT_VENTILATION] = { { ASK_LEAVE, PATTERN_OFF }, { ASK_AIR, PATTERN_ON } },
    [OUTPUT_DOOR_RELEASE] = { { ASK_LEAVE, PATTERN_ON } },
};
_Static_assert(sizeof precedence / sizeof precedence[0] == OUTPUT_ROLE_COUNT, "a role without precedence");

void follow_note(struct core *core, size_t r)
{
    core->rooms[r].changed = true;
    core->changed = true;
}

// Whether an alarm in this state waits for somebody who must be called by a sound.
static bool calls(enum alarm_state state, enum severity severity)
{
    switch (severity) {
    case SEVERITY_TROUBLE:
    case SEVERITY_ADVISORY:
        return false;
    case SEVERITY_WARNING: // the room is told; it need not be told once the condition has gone
        return state == ALARM_UNACKNOWLEDGED;
    case SEVERITY_CRITICAL:
    case SEVERITY_FIRE: // until somebody has come
        return alarm_unacknowledged(state);
    case SEVERITY_COUNT:
        break;
    }
    return false;
}

static uint64_t light_first_ns(const struct core *core, const struct core_alarm *alarm)
{
    const struct core_plan *plan = core->plan;
    if (alarm->severity == SEVERITY_FIRE || !plan->rooms || alarm->room_index >= plan->n_rooms ||
        plan->rooms[alarm->room_index].type != ROOM_SLEEP) {
        return 0;
    }
    return alarm->class == CLASS_FIRE ? LIGHT_FIRST_PREALARM_NS : LIGHT_FIRST_NS;
}

// The light counts from the first alarm that found the room quiet: an alarm that comes and goes must not
// begin its minute anew for ever. Alarms of an earlier boot have had theirs.
static void note_awaited(struct core *core, struct room_cell *room)
{
    uint64_t first_ns = UINT64_MAX;
    for (size_t a = room->first_alarm; a != NO_INDEX; a = core->alarms[a].next_in_room) {
        const struct alarm_cell *cell = &core->alarms[a];
        if (calls(cell->state, core->plan->alarms[a].severity) && cell->since_ns < first_ns) {
            first_ns = cell->since_ns;
        }
    }
    if (first_ns == UINT64_MAX || room->awaited_ns == UINT64_MAX) {
        room->awaited_ns = first_ns;
    }
}

static uint32_t ask_sound(struct core *core, struct room_cell *room, const struct core_alarm *alarm,
                          uint64_t now_ns)
{
    uint64_t waits_ns = light_first_ns(core, alarm);
    uint64_t sounds_ns = room->awaited_ns + waits_ns;
    bool earlier_boot = room->awaited_ns == 0;
    if (waits_ns != 0 && !earlier_boot && now_ns < sounds_ns) {
        if (sounds_ns < room->asks_due_ns) {
            room->asks_due_ns = sounds_ns;
        }
        return ASK_SOUND_LATER;
    }
    return alarm->severity == SEVERITY_WARNING ? ASK_WARNING_SOUND : ASK_CRITICAL_SOUND;
}

static uint32_t ask_light(const struct core_alarm *alarm)
{
    if (alarm->severity >= SEVERITY_CRITICAL) {
        return ASK_CRITICAL_LIGHT | ASK_TROUBLE_LIGHT;
    }
    bool of_sensor = alarm->severity == SEVERITY_TROUBLE || alarm->kind == CORE_ALARM_FLOOR;
    return of_sensor ? ASK_TROUBLE_LIGHT : ASK_WARNING_LIGHT | ASK_TROUBLE_LIGHT;
}

// By the rule, not by the alarm: bad air is bad air while the alarm is shelved.
static uint32_t ask_air(const struct core_alarm *alarm, const struct alarm_cell *cell)
{
    bool level = alarm->kind == CORE_ALARM_THRESHOLD || alarm->kind == CORE_ALARM_MEAN;
    return level && alarm->quantity == QUANTITY_CO2 && alarm->above && cell->met ? ASK_AIR : 0;
}

static void gather_room(struct core *core, struct room_cell *room, uint64_t now_ns)
{
    room->asks = 0;
    room->asks_due_ns = UINT64_MAX;
    note_awaited(core, room);
    for (size_t a = room->first_alarm; a != NO_INDEX; a = core->alarms[a].next_in_room) {
        const struct core_alarm *alarm = &core->plan->alarms[a];
        const struct alarm_cell *cell = &core->alarms[a];
        room->asks |= ask_air(alarm, cell);
        if (!alarm_standing(cell->state)) {
            continue;
        }
        room->asks |= alarm->severity == SEVERITY_FIRE ? ASK_LEAVE : 0;
        room->asks |= alarm->class == CLASS_FIRE ? ASK_FIRE_CLASS : 0;
        room->asks |= ask_light(alarm);
        if (calls(cell->state, alarm->severity)) {
            room->asks |= ask_sound(core, room, alarm, now_ns);
        }
    }
}

// Work out anew what the changed rooms ask for; where the building as a whole is concerned, every room has
// changed.
static void gather_asks(struct core *core, uint64_t now_ns)
{
    size_t n_rooms = core->plan->n_rooms;
    uint32_t building = 0;
    for (size_t r = 0; r <= n_rooms; r++) {
        struct room_cell *room = &core->rooms[r];
        if (room->changed) {
            gather_room(core, room, now_ns);
        }
        building |= room->asks;
    }
    bool fire = building & ASK_LEAVE;
    bool gateway_trouble = core->rooms[n_rooms].asks & ASK_TROUBLE_LIGHT;
    if (fire != core->fire || gateway_trouble != core->gateway_trouble) {
        for (size_t r = 0; r <= n_rooms; r++) {
            core->rooms[r].changed = true;
        }
    }
    core->fire = fire;
    core->fire_class = building & (ASK_LEAVE | ASK_FIRE_CLASS);
    core->gateway_trouble = gateway_trouble;
}

// What is asked of a room's outputs when all have had their say.
static uint32_t asks_of(const struct core *core, const struct room_cell *room, uint64_t now_ns)
{
    uint32_t asks = room->asks & ~(uint32_t)ASK_LEAVE;
    if (core->gateway_trouble) {
        asks |= ASK_TROUBLE_LIGHT;
    }
    if (core->fire) {
        asks |= ASK_LEAVE | ASK_LEAVE_SOUND;
    } else if (room->drill_since_ns != 0) {
        asks |= ASK_DRILL;
    }
    if (silence_rests(room, now_ns)) {
        asks &= ~(uint32_t)(ASK_LEAVE_SOUND | ASK_CRITICAL_SOUND | ASK_WARNING_SOUND);
    }
    return asks;
}

static enum core_pattern pattern_of(enum output_role role, uint32_t asks)
{
    for (const struct precedence *row = precedence[role]; row->ask; row++) {
        if (asks & row->ask) {
            return row->pattern;
        }
    }
    return PATTERN_OFF;
}

static void not_later_than(uint64_t *due_ns, uint64_t at_ns)
{
    if (at_ns < *due_ns) {
        *due_ns = at_ns;
    }
}

// A fan that was switched off and on with every breath of air would not last; fire ends it at once.
static bool must_run_on(const struct core *core, size_t o, uint64_t now_ns, uint64_t *due_ns)
{
    const struct core_output *plan = &core->plan->outputs[o];
    const struct output_cell *output = &core->outputs[o];
    if (plan->role != OUTPUT_VENTILATION || output->pattern != PATTERN_ON || core->fire ||
        now_ns - output->since_ns >= plan->min_run_ns) {
        return false;
    }
    not_later_than(due_ns, output->since_ns + plan->min_run_ns);
    return true;
}

static bool set_pattern(struct step *step, size_t o, enum core_pattern pattern)
{
    struct core_actions *actions = step->actions;
    if (actions->n_outputs == CORE_MAX_OUTPUTS) {
        return false;
    }
    step->core->outputs[o].pattern = pattern;
    step->core->outputs[o].since_ns = step->now->boottime_ns;
    actions->outputs[actions->n_outputs++] = (struct core_output_action){ .output = o, .pattern = pattern };
    return true;
}

// False: the actions are full, and this room is not done.
static bool follow_room(struct step *step, struct room_cell *room)
{
    struct core *core = step->core;
    uint64_t now_ns = step->now->boottime_ns;
    uint32_t asks = asks_of(core, room, now_ns);
    room->due_ns = room->asks_due_ns;
    if (room->silent_until_ns != 0) {
        not_later_than(&room->due_ns, room->silent_until_ns);
    }
    for (size_t o = room->first_output; o != NO_INDEX; o = core->outputs[o].next_in_room) {
        enum core_pattern pattern = pattern_of(core->plan->outputs[o].role, asks);
        if (pattern == core->outputs[o].pattern ||
            (pattern == PATTERN_OFF && must_run_on(core, o, now_ns, &room->due_ns))) {
            continue;
        }
        if (!set_pattern(step, o, pattern)) {
            return false;
        }
    }
    return true;
}

void follow_tick(struct step *step)
{
    for (size_t r = 0; r <= step->core->plan->n_rooms; r++) {
        if (step->core->rooms[r].due_ns <= step->now->boottime_ns) {
            follow_note(step->core, r);
        }
    }
}

void follow_outputs(struct step *step)
{
    struct core *core = step->core;
    if (!core->changed) {
        return;
    }
    gather_asks(core, step->now->boottime_ns);
    for (size_t r = 0; r <= core->plan->n_rooms; r++) {
        struct room_cell *room = &core->rooms[r];
        if (room->changed && !follow_room(step, room)) {
            step->actions->more = true;
            return;
        }
        room->changed = false;
    }
    core->changed = false;
}
