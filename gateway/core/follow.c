// What the standing alarms ask of sounders, beacons, ventilation and doors. Worked out from the alarms alone,
// never from the last output, so that no sequence of events can leave one wrong.
#include "gateway/core/inside.h"

static bool sounds(enum alarm_state state, enum severity severity)
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

static struct demand room_demand(const struct core *core, size_t r)
{
    struct demand demand = { .fire = false };
    for (size_t a = core->rooms[r].first_alarm; a != NO_INDEX; a = core->alarms[a].next_in_room) {
        const struct core_alarm *alarm = &core->plan->alarms[a];
        enum alarm_state state = core->alarms[a].state;
        if (!alarm_standing(state)) {
            continue;
        }
        demand.stands = true;
        demand.fire |= alarm->class == CLASS_FIRE;
        demand.warn |= alarm->severity >= SEVERITY_ADVISORY && alarm->kind != CORE_ALARM_FLOOR;
        demand.sound |= sounds(state, alarm->severity);
        demand.ventilate |= alarm->kind == CORE_ALARM_THRESHOLD && alarm->quantity == QUANTITY_CO2 &&
                            alarm->above && alarm_condition(state);
    }
    return demand;
}

// One gateway guards one building: smoke in one room is a reason to leave all of them, and children who sleep
// next door must be woken while the way out is still free. Ventilation would feed the fire and spread its
// smoke.
static enum core_pattern fire_pattern(enum output_role role)
{
    switch (role) {
    case OUTPUT_SOUNDER:
    case OUTPUT_BEACON:
        return PATTERN_EVACUATE;
    case OUTPUT_DOOR_RELEASE:
        return PATTERN_ON;
    case OUTPUT_VENTILATION:
    case OUTPUT_ROLE_COUNT:
        break;
    }
    return PATTERN_OFF;
}

static enum core_pattern room_pattern(enum output_role role, const struct demand *demand,
                                      bool gateway_trouble)
{
    switch (role) {
    case OUTPUT_SOUNDER:
        return demand->sound ? PATTERN_WARNING : PATTERN_OFF;
    case OUTPUT_BEACON:
        if (demand->warn) {
            return PATTERN_WARNING;
        }
        return demand->stands || gateway_trouble ? PATTERN_TROUBLE : PATTERN_OFF;
    case OUTPUT_VENTILATION:
        return demand->ventilate ? PATTERN_ON : PATTERN_OFF;
    case OUTPUT_DOOR_RELEASE:
    case OUTPUT_ROLE_COUNT:
        break;
    }
    return PATTERN_OFF;
}

// Work out anew what the changed rooms ask for; where the building as a whole is concerned, every room has
// changed.
static void gather_demands(struct core *core)
{
    size_t n_rooms = core->plan->n_rooms;
    bool fire = false;
    for (size_t r = 0; r <= n_rooms; r++) {
        struct room_cell *room = &core->rooms[r];
        if (room->changed) {
            room->demand = room_demand(core, r);
        }
        fire |= room->demand.fire;
    }
    bool gateway_trouble = core->rooms[n_rooms].demand.stands;
    if (fire != core->fire || gateway_trouble != core->gateway_trouble) {
        for (size_t r = 0; r <= n_rooms; r++) {
            core->rooms[r].changed = true;
        }
    }
    core->fire = fire;
    core->gateway_trouble = gateway_trouble;
}

// False: the actions are full, and this room is not done.
static bool follow_room(struct step *step, struct room_cell *room)
{
    struct core *core = step->core;
    struct core_actions *actions = step->actions;
    for (size_t o = room->first_output; o != NO_INDEX; o = core->outputs[o].next_in_room) {
        enum output_role role = core->plan->outputs[o].role;
        enum core_pattern pattern =
            core->fire ? fire_pattern(role) : room_pattern(role, &room->demand, core->gateway_trouble);
        if (pattern == core->outputs[o].pattern) {
            continue;
        }
        if (actions->n_outputs == CORE_MAX_OUTPUTS) {
            return false;
        }
        core->outputs[o].pattern = pattern;
        actions->outputs[actions->n_outputs++] =
            (struct core_output_action){ .output = o, .pattern = pattern };
    }
    return true;
}

void follow_outputs(struct step *step)
{
    struct core *core = step->core;
    if (!core->changed) {
        return;
    }
    gather_demands(core);
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
