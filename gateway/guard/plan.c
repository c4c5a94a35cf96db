#include "gateway/guard/plan.h"

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
    size_t points, alarms, outputs, names;
};

static bool measures_co2(const struct config_sensor *sensor)
{
    return sensor->part->quantities & QUANTITY_BIT(QUANTITY_CO2);
}

static struct counts count(const struct config *config)
{
    struct counts n = { .points = 2, .alarms = 2 }; // the gateway's journal and uplink
    for (size_t r = 0; r < config->n_rooms; r++) {
        const struct config_room *room = &config->rooms[r];
        size_t points = room->n_sensors + room->n_readers + room->n_outputs;
        n.points += points;
        n.alarms += points + room->n_rules;
        n.outputs += room->n_outputs;
        for (size_t s = 0; s < room->n_sensors; s++) {
            n.alarms += role_meanings[room->sensors[s].role].alarms;
            n.names += measures_co2(&room->sensors[s]);
        }
    }
    n.alarms += n.names; // a floor has a name of its own
    n.names += n.points; // and so has each point's trouble
    return n;
}

// The plan while it is being filled.
struct builder {
    struct plan *plan;
    struct core_point *points;
    struct core_alarm *alarms;
    struct core_output *outputs;
    char *names; // of alarms that are called after a point, one NAME_SIZE slot each
    size_t n_points, n_alarms, n_outputs, n_names;
};

static const char *name_after(struct builder *b, const char *point, const char *what)
{
    char *name = b->names + b->n_names++ * NAME_SIZE;
    (void)snprintf(name, NAME_SIZE, "%s.%s", point, what);
    return name;
}

static size_t add_point(struct builder *b, const struct core_point *point, const struct plan_source *source)
{
    size_t index = b->n_points++;
    const char *trouble_id = name_after(b, point->id, "trouble");
    b->points[index] = *point;
    b->points[index].trouble_id = trouble_id;
    b->plan->sources[index] = *source;
    b->alarms[b->n_alarms++] = (struct core_alarm){
        .room = point->room,
        .id = trouble_id,
        .room_index = point->room_index,
        .kind = CORE_ALARM_TROUBLE,
        .point = index,
        .severity = SEVERITY_TROUBLE,
        .class = CLASS_FAULT,
        .ending = ALARM_CLEARS_ITSELF,
    };
    return index;
}

// A sensor that has drifted goes on to guard: to be looked after, and no reason to distrust it.
static void add_floor(struct builder *b, size_t point)
{
    b->alarms[b->n_alarms++] = (struct core_alarm){
        .room = b->points[point].room,
        .id = name_after(b, b->points[point].id, "floor"),
        .room_index = b->points[point].room_index,
        .kind = CORE_ALARM_FLOOR,
        .point = point,
        .severity = SEVERITY_ADVISORY,
        .class = CLASS_FAULT,
        .ending = ALARM_CLEARS_ITSELF,
    };
}

static void add_sensor(struct builder *b, const struct config_room *room, size_t r,
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
        add_floor(b, index);
    }
    // A supervised loop is a contact too, but a polled one: it can be stale.
    const struct role_meaning *meaning = &role_meanings[sensor->role];
    if ((sensor->part->quantities & QUANTITY_BIT(QUANTITY_CONTACT)) == 0 || !meaning->alarms) {
        return;
    }
    b->alarms[b->n_alarms++] = (struct core_alarm){
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

static void add_rule(struct builder *b, const struct config_room *room, size_t r, size_t first_point,
                     const struct config_rule *rule)
{
    b->alarms[b->n_alarms++] = (struct core_alarm){
        .room = room->id,
        .id = rule->id,
        .room_index = r,
        .kind = CORE_ALARM_THRESHOLD,
        .point = first_point + rule->sensor,
        .severity = rule->severity,
        .class = CLASS_SAFETY,
        .ending = rule->severity >= SEVERITY_CRITICAL ? ALARM_WANTS_ANSWER : ALARM_CLEARS_ITSELF,
        .quantity = rule->quantity,
        .above = rule->above,
        .threshold = rule->threshold,
        .deadband = rule->deadband,
        .on_delay_ns = rule->for_s * NS_PER_S,
    };
}

static void add_room(struct builder *b, const struct config_room *room, size_t r)
{
    size_t first_point = b->n_points;
    for (size_t s = 0; s < room->n_sensors; s++) {
        add_sensor(b, room, r, &room->sensors[s]);
    }
    for (size_t i = 0; i < room->n_rules; i++) {
        add_rule(b, room, r, first_point, &room->rules[i]);
    }
    for (size_t i = 0; i < room->n_readers; i++) {
        const struct config_reader *reader = &room->readers[i];
        add_point(
            b, &(struct core_point){ .room = room->id, .id = reader->id, .room_index = r, .contact = true },
            &(struct plan_source){ .kind = SOURCE_READER, .room = r, .reader = reader });
    }
    for (size_t i = 0; i < room->n_outputs; i++) {
        const struct config_output *output = &room->outputs[i];
        size_t point = add_point(
            b, &(struct core_point){ .room = room->id, .id = output->id, .room_index = r, .contact = true },
            &(struct plan_source){ .kind = SOURCE_OUTPUT, .room = r });
        b->plan->outputs[b->n_outputs] = (struct plan_output){ .config = output, .point = point };
        b->outputs[b->n_outputs++] =
            (struct core_output){ .room = room->id, .id = output->id, .room_index = r, .role = output->role };
    }
}

static size_t add_own(struct builder *b, size_t n_rooms, const char *id, enum source_kind kind)
{
    return add_point(
        b, &(struct core_point){ .room = GATEWAY_ROOM, .id = id, .room_index = n_rooms, .contact = true },
        &(struct plan_source){ .kind = kind });
}

struct plan *plan_new(const struct config *config)
{
    struct counts n = count(config);
    struct plan *plan = calloc(1, sizeof *plan);
    struct builder b = { .plan = plan,
                         .points = calloc(n.points, sizeof *b.points),
                         .alarms = calloc(n.alarms, sizeof *b.alarms),
                         .outputs = calloc(n.outputs + 1, sizeof *b.outputs),
                         .names = calloc(n.names, NAME_SIZE) };
    if (plan) {
        plan->sources = calloc(n.points, sizeof *plan->sources);
        plan->outputs = calloc(n.outputs + 1, sizeof *plan->outputs);
    }
    if (!plan || !b.points || !b.alarms || !b.outputs || !b.names || !plan->sources || !plan->outputs) {
        abort(); // start-up with no memory for a few kilobytes: let the service manager start us again
    }
    // The gateway's own points come first, so that the names' first slot is where plan_free() finds them.
    plan->journal_point = add_own(&b, config->n_rooms, "journal", SOURCE_JOURNAL);
    plan->uplink_point = add_own(&b, config->n_rooms, "uplink", SOURCE_UPLINK);
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
        .n_rooms = config->n_rooms,
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

void plan_alarm_name(const struct plan *plan, size_t alarm, char *buf, size_t size)
{
    (void)snprintf(buf, size, "%s/%s", plan->core.alarms[alarm].room, plan->core.alarms[alarm].id);
}
