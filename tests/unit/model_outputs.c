// What stands where, gathered from all alarms at once.
#include "tests/unit/model.h"

enum core_pattern model_lines[OUTPUTS];
static uint64_t fan_since_ns[OUTPUTS];

// An alarm that waits for somebody who must be called by a sound.
bool model_calls(size_t a)
{
    const struct model_alarm *m = &model_alarms[a];
    bool grave = house_alarms[a].severity >= SEVERITY_CRITICAL;
    bool warns = house_alarms[a].severity == SEVERITY_WARNING && m->holds;
    return m->stands && !m->answered && (grave || warns);
}

// In a room where children sleep: for how long there is light alone.
static uint64_t light_alone_ns(size_t a)
{
    size_t r = house_alarms[a].room_index;
    if (r == ROOMS || house_rooms[r].type != ROOM_SLEEP || house_alarms[a].severity == SEVERITY_FIRE) {
        return 0;
    }
    return house_alarms[a].class == CLASS_FIRE ? 30 * S : 60 * S;
}

// Since when the room calls without a break.
static void note_calls(size_t r)
{
    struct model_room *room = &model_rooms[r];
    bool calls = false;
    uint64_t first_ns = 0;
    for (size_t a = 0; a < house.n_alarms; a++) {
        if (house_alarms[a].room_index == r && model_calls(a)) {
            first_ns = !calls || model_alarms[a].since_ns < first_ns ? model_alarms[a].since_ns : first_ns;
            calls = true;
        }
    }
    if (!calls || !room->awaits) {
        room->awaited_ns = first_ns;
    }
    room->awaits = calls;
}

static bool sounds_by_now(size_t a)
{
    const struct model_room *room = &model_rooms[house_alarms[a].room_index];
    return room->awaited_ns == 0 || model_now - room->awaited_ns >= light_alone_ns(a);
}

static bool asks_for_air(size_t a)
{
    bool level = house_alarms[a].kind == CORE_ALARM_THRESHOLD || house_alarms[a].kind == CORE_ALARM_MEAN;
    return level && house_alarms[a].quantity == QUANTITY_CO2 && house_alarms[a].above && model_met(a);
}

static enum core_pattern pattern_now(size_t o)
{
    const size_t r = house_outputs[o].room_index;
    bool sound = false, critical = false, grave = false, warn = false, trouble = false, air = false;
    bool fire = model_standing(SEVERITY_FIRE), drill = model_rooms[r].drill_ns != 0;
    bool silent = model_rooms[r].silent_ns > model_now;
    for (size_t a = 0; a < house.n_alarms; a++) {
        bool here = house_alarms[a].room_index == r, severe = house_alarms[a].severity >= SEVERITY_CRITICAL;
        air |= here && asks_for_air(a);
        if (!model_alarms[a].stands) {
            continue;
        }
        trouble |= here || house_alarms[a].room_index == ROOMS;
        warn |= here && house_alarms[a].severity != SEVERITY_TROUBLE;
        grave |= here && severe;
        critical |= here && severe && model_calls(a) && sounds_by_now(a);
        sound |= here && !severe && model_calls(a) && sounds_by_now(a);
    }
    bool runs_on = model_lines[o] == PATTERN_ON && model_now - fan_since_ns[o] < house_outputs[o].min_run_ns;
    switch (house_outputs[o].role) {
    case OUTPUT_SOUNDER:
        return fire && !silent       ? PATTERN_EVACUATE
               : critical && !silent ? PATTERN_CRITICAL
               : sound && !silent    ? PATTERN_WARNING
               : drill && !fire      ? PATTERN_DRILL
                                     : PATTERN_OFF;
    case OUTPUT_BEACON:
        return fire      ? PATTERN_EVACUATE
               : grave   ? PATTERN_CRITICAL
               : warn    ? PATTERN_WARNING
               : drill   ? PATTERN_DRILL
               : trouble ? PATTERN_TROUBLE
                         : PATTERN_OFF;
    case OUTPUT_VENTILATION:
        return !fire && (air || runs_on) ? PATTERN_ON : PATTERN_OFF;
    case OUTPUT_DOOR_RELEASE:
        return fire ? PATTERN_ON : PATTERN_OFF;
    case OUTPUT_ROLE_COUNT:
        break;
    }
    return PATTERN_OFF;
}

void model_outputs(void)
{
    for (size_t r = 0; r <= ROOMS; r++) {
        note_calls(r);
    }
    for (size_t o = 0; o < OUTPUTS; o++) {
        enum core_pattern pattern = pattern_now(o);
        fan_since_ns[o] = pattern != model_lines[o] ? model_now : fan_since_ns[o];
        model_lines[o] = pattern;
    }
}

static void sooner(uint64_t *next, uint64_t at_ns)
{
    if (at_ns > model_now && at_ns - model_now < *next) {
        *next = at_ns - model_now;
    }
}

uint64_t model_outputs_next(void)
{
    uint64_t next = UINT64_MAX;
    for (size_t a = 0; a < house.n_alarms; a++) {
        uint64_t since_ns = model_rooms[house_alarms[a].room_index].awaited_ns;
        if (model_calls(a) && since_ns != 0) {
            sooner(&next, since_ns + light_alone_ns(a));
        }
    }
    for (size_t o = 0; o < OUTPUTS; o++) {
        bool air = false;
        for (size_t a = 0; a < house.n_alarms; a++) {
            air |= house_alarms[a].room_index == house_outputs[o].room_index && asks_for_air(a);
        }
        if (house_outputs[o].role == OUTPUT_VENTILATION && model_lines[o] == PATTERN_ON && !air) {
            sooner(&next, fan_since_ns[o] + house_outputs[o].min_run_ns);
        }
    }
    return next;
}
