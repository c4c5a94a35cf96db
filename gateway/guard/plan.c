#include "gateway/guard/plan_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Room of the gateway's own points; reserved, so no configured room can have it.
#define GATEWAY_ROOM "gateway"

// What a contact's role means as an alarm.
struct role_meaning {
    bool alarms;
    enum event_class class;
    enum severity severity;
    enum alarm_ending ending;
};
static const struct role_meaning role_meanings[ROLE_COUNT] = {
    [ROLE_NONE] = { .alarms = false },
    [ROLE_SMOKE] = { true, CLASS_FIRE, SEVERITY_FIRE, ALARM_LATCHES },
    [ROLE_HEAT] = { true, CLASS_FIRE, SEVERITY_FIRE, ALARM_LATCHES },
    [ROLE_CALL_POINT] = { true, CLASS_FIRE, SEVERITY_FIRE, ALARM_LATCHES },
    [ROLE_GAS] = { true, CLASS_SAFETY, SEVERITY_CRITICAL, ALARM_LATCHES },
    [ROLE_CARBON_MONOXIDE] = { true, CLASS_SAFETY, SEVERITY_CRITICAL, ALARM_LATCHES },
    [ROLE_HELP] = { true, CLASS_SAFETY, SEVERITY_CRITICAL, ALARM_LATCHES },
    [ROLE_DOOR] = { .alarms = false },
    [ROLE_WINDOW] = { .alarms = false },
    [ROLE_WATER] = { true, CLASS_SAFETY, SEVERITY_WARNING, ALARM_WANTS_ANSWER },
    [ROLE_TAMPER] = { true, CLASS_FAULT, SEVERITY_WARNING, ALARM_WANTS_ANSWER },
    [ROLE_MAINS] = { true, CLASS_FAULT, SEVERITY_WARNING, ALARM_CLEARS_ITSELF },
    [ROLE_BATTERY] = { true, CLASS_FAULT, SEVERITY_WARNING, ALARM_CLEARS_ITSELF },
};

// A polled value is stale after four missed polls and what a sensor takes to start (SCD4x: stop 0.5 s, first
// value after 5 s).
#define STALE_POLLS    4
#define STALE_START_NS (10 * NS_PER_S)

struct counts {
    size_t points, alarms, outputs, members, names;
};

static bool measures_co2(const struct config_sensor *sensor)
{
    return sensor->part->quantities & QUANTITY_BIT(QUANTITY_CO2);
}

// A supervised loop is a contact too, but a polled one: it can be stale.
static bool alarms_by_role(const struct config_sensor *sensor)
{
    return (sensor->part->quantities & QUANTITY_BIT(QUANTITY_CONTACT)) && role_meanings[sensor->role].alarms;
}

static struct counts count(const struct config *config)
{
    struct counts n = { .points = 2, .alarms = 2, .names = 2 }; // the gateway's journal and uplink
    if (config->voice.device) {
        n.points++;
        n.alarms++;
        n.names++;
    }
    for (size_t r = 0; r < config->n_rooms; r++) {
        const struct config_room *room = &config->rooms[r];
        size_t points = room->n_sensors + room->n_readers + room->n_outputs;
        n.points += points;
        n.names += 2 * points; // its trouble, and that it is isolated
        n.alarms += 2 * points + room->n_rules;
        n.outputs += room->n_outputs;
        n.members += plan_count_members(room);
        for (size_t s = 0; s < room->n_sensors; s++) {
            n.alarms += alarms_by_role(&room->sensors[s]) + measures_co2(&room->sensors[s]);
            n.names += measures_co2(&room->sensors[s]); // its floor
        }
    }
    return n;
}

static const char *name_after(struct plan_builder *b, const char *point, const char *what)
{
    char *name = b->names + b->n_names++ * NAME_SIZE;
    (void)snprintf(name, NAME_SIZE, "%s.%s", point, what);
    return name;
}

struct core_alarm *plan_next_alarm(struct plan_builder *b, const struct config_rule *rule,
                                   const struct config_sensor *sensor)
{
    b->plan->alarms_of[b->n_alarms] = (struct plan_alarm){ rule, sensor };
    return &b->alarms[b->n_alarms++];
}

// An alarm that every point of its kind has, and that asks nobody for an answer.
static const char *add_own_alarm(struct plan_builder *b, size_t point, const struct config_sensor *sensor,
                                 enum core_alarm_kind kind, const char *what, enum severity severity)
{
    const char *id = name_after(b, b->points[point].id, what);
    *plan_next_alarm(b, NULL, sensor) = (struct core_alarm){
        .room = b->points[point].room,
        .id = id,
        .room_index = b->points[point].room_index,
        .kind = kind,
        .point = point,
        .severity = severity,
        .class = CLASS_FAULT,
        .ending = ALARM_CLEARS_ITSELF,
    };
    return id;
}

static size_t add_point(struct plan_builder *b, const struct core_point *point,
                        const struct plan_source *source)
{
    size_t index = b->n_points++;
    b->points[index] = *point;
    b->plan->sources[index] = *source;
    b->points[index].trouble_id =
        add_own_alarm(b, index, source->sensor, CORE_ALARM_TROUBLE, "trouble", SEVERITY_TROUBLE);
    bool gateways =
        source->kind != SOURCE_SENSOR && source->kind != SOURCE_READER && source->kind != SOURCE_OUTPUT;
    if (!gateways) { // which guard nothing that could wait
        add_own_alarm(b, index, source->sensor, CORE_ALARM_ISOLATED, "isolated", SEVERITY_TROUBLE);
    }
    return index;
}

static void add_sensor(struct plan_builder *b, const struct config_room *room, size_t r,
                       const struct config_sensor *sensor)
{
    bool contact = sensor->part->bus == PART_LINE;
    size_t index = add_point(b,
                             &(struct core_point){
                                 .room = room->id,
                                 .id = sensor->id,
                                 .room_index = r,
                                 .contact = contact,
                                 .role = sensor->role,
                                 .stale_ns = STALE_POLLS * sensor->every_ms * NS_PER_MS + STALE_START_NS,
                                 .warm_up_ns = sensor->part->warm_up_ms * NS_PER_MS,
                             },
                             &(struct plan_source){ .kind = SOURCE_SENSOR, .room = r, .sensor = sensor });
    if (measures_co2(sensor)) {
        // A sensor that has drifted goes on to guard: to be looked after, and no reason to distrust it.
        add_own_alarm(b, index, sensor, CORE_ALARM_FLOOR, "floor", SEVERITY_ADVISORY);
    }
    if (!alarms_by_role(sensor)) {
        return;
    }
    const struct role_meaning *meaning = &role_meanings[sensor->role];
    *plan_next_alarm(b, NULL, sensor) = (struct core_alarm){
        .room = room->id,
        .id = sensor->id,
        .room_index = r,
        .kind = CORE_ALARM_CONTACT,
        .point = index,
        .severity = meaning->severity,
        .class = meaning->class,
        .ending = meaning->ending,
    };
}

static void add_output(struct plan_builder *b, const struct config_room *room, size_t r,
                       const struct config_output *output)
{
    size_t point = add_point(
        b, &(struct core_point){ .room = room->id, .id = output->id, .room_index = r, .contact = true },
        &(struct plan_source){ .kind = SOURCE_OUTPUT, .room = r });
    b->plan->outputs[b->n_outputs] = (struct plan_output){ .config = output, .point = point };
    b->outputs[b->n_outputs++] = (struct core_output){ .room = room->id,
                                                       .id = output->id,
                                                       .room_index = r,
                                                       .role = output->role,
                                                       .min_run_ns = output->min_run_s * NS_PER_S };
}

static void add_room(struct plan_builder *b, const struct config_room *room, size_t r)
{
    b->rooms[r] = (struct core_room){ .type = room->type };
    size_t first_point = b->n_points;
    for (size_t s = 0; s < room->n_sensors; s++) {
        add_sensor(b, room, r, &room->sensors[s]);
    }
    plan_add_rules(b, room, r, first_point);
    for (size_t i = 0; i < room->n_readers; i++) {
        const struct config_reader *reader = &room->readers[i];
        add_point(
            b, &(struct core_point){ .room = room->id, .id = reader->id, .room_index = r, .contact = true },
            &(struct plan_source){ .kind = SOURCE_READER, .room = r, .reader = reader });
    }
    for (size_t i = 0; i < room->n_outputs; i++) {
        add_output(b, room, r, &room->outputs[i]);
    }
}

static size_t add_own(struct plan_builder *b, size_t n_rooms, const char *id, enum source_kind kind)
{
    return add_point(
        b, &(struct core_point){ .room = GATEWAY_ROOM, .id = id, .room_index = n_rooms, .contact = true },
        &(struct plan_source){ .kind = kind });
}

struct plan *plan_new(const struct config *config)
{
    struct counts n = count(config);
    struct plan *plan = calloc(1, sizeof *plan);
    struct plan_builder b = { .plan = plan,
                              .points = calloc(n.points, sizeof *b.points),
                              .alarms = calloc(n.alarms, sizeof *b.alarms),
                              .outputs = calloc(n.outputs + 1, sizeof *b.outputs),
                              .rooms = calloc(config->n_rooms, sizeof *b.rooms),
                              .members = calloc(n.members + 1, sizeof *b.members),
                              .names = calloc(n.names, NAME_SIZE) };
    if (plan) {
        plan->sources = calloc(n.points, sizeof *plan->sources);
        plan->outputs = calloc(n.outputs + 1, sizeof *plan->outputs);
        plan->alarms_of = calloc(n.alarms, sizeof *plan->alarms_of);
    }
    if (!plan || !b.points || !b.alarms || !b.outputs || !b.rooms || !b.members || !b.names ||
        !plan->sources || !plan->outputs || !plan->alarms_of) {
        abort(); // start-up with no memory for a few kilobytes: let the service manager start us again
    }
    // The gateway's own points come first, so that the names' first slot is where plan_free() finds them.
    plan->journal_point = add_own(&b, config->n_rooms, "journal", SOURCE_JOURNAL);
    plan->uplink_point = add_own(&b, config->n_rooms, "uplink", SOURCE_UPLINK);
    plan->voice_point = config->voice.device ? add_own(&b, config->n_rooms, "voice", SOURCE_VOICE) : SIZE_MAX;
    for (size_t r = 0; r < config->n_rooms; r++) {
        add_room(&b, &config->rooms[r], r);
    }
    plan->core = (struct core_plan){
        .points = b.points,
        .n_points = b.n_points,
        .alarms = b.alarms,
        .n_alarms = b.n_alarms,
        .outputs = b.outputs,
        .n_outputs = b.n_outputs,
        .rooms = b.rooms,
        .n_rooms = config->n_rooms,
        .members = b.members,
        .n_members = b.n_members,
    };
    return plan;
}

void plan_free(struct plan *plan)
{
    if (!plan) {
        return;
    }
    free((void *)(uintptr_t)plan->core.points[0].trouble_id);
    free((void *)(uintptr_t)plan->core.points);
    free((void *)(uintptr_t)plan->core.alarms);
    free((void *)(uintptr_t)plan->core.outputs);
    free((void *)(uintptr_t)plan->core.rooms);
    free((void *)(uintptr_t)plan->core.members);
    free(plan->alarms_of);
    free(plan->sources);
    free(plan->outputs);
    free(plan);
}

static bool is_named(const char *name, const char *room, const char *id)
{
    size_t length = strlen(room);
    return strncmp(name, room, length) == 0 && name[length] == '/' && strcmp(name + length + 1, id) == 0;
}

size_t plan_find_alarm(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->core.n_alarms; i++) {
        if (is_named(name, plan->core.alarms[i].room, plan->core.alarms[i].id)) {
            return i;
        }
    }
    return SIZE_MAX;
}

size_t plan_find_point(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->core.n_points; i++) {
        if (is_named(name, plan->core.points[i].room, plan->core.points[i].id)) {
            return i;
        }
    }
    return SIZE_MAX;
}

// A point in trouble or out of service needs other hands than what it measures.
static bool of_what_it_measures(const struct core_alarm *alarm)
{
    return alarm->kind != CORE_ALARM_TROUBLE && alarm->kind != CORE_ALARM_FLOOR &&
           alarm->kind != CORE_ALARM_ISOLATED;
}

const char *plan_site_instruction(const struct plan *plan, const struct config *config, size_t alarm)
{
    const struct core_alarm *of = &plan->core.alarms[alarm];
    const struct plan_alarm *from = &plan->alarms_of[alarm];
    if (from->rule && from->rule->instruction) {
        return from->rule->instruction;
    }
    if (from->sensor && from->sensor->instruction && of_what_it_measures(of)) {
        return from->sensor->instruction;
    }
    return of->room_index < config->n_rooms ? config->rooms[of->room_index].instruction : NULL;
}

void plan_alarm_name(const struct plan *plan, size_t alarm, char *buf, size_t size)
{
    (void)snprintf(buf, size, "%s/%s", plan->core.alarms[alarm].room, plan->core.alarms[alarm].id);
}
