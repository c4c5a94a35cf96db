#include "gateway/guard/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What the uplink may be silent for before it counts as absent: it reports every 10 s.
#define UPLINK_SILENT_NS (30 * NS_PER_S)

struct core_snapshot *snapshot_new(const struct plan *plan)
{
    struct core_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot) {
        return NULL;
    }
    snapshot->points = calloc(plan->core.n_points, sizeof *snapshot->points);
    snapshot->alarms = calloc(plan->core.n_alarms, sizeof *snapshot->alarms);
    snapshot->outputs = calloc(plan->core.n_outputs + 1, sizeof *snapshot->outputs);
    snapshot->rooms = calloc(plan->core.n_rooms, sizeof *snapshot->rooms);
    snapshot->rolls = calloc(plan->core.n_rooms, sizeof *snapshot->rolls);
    snapshot->people = calloc(CORE_PEOPLE, sizeof *snapshot->people);
    if (!snapshot->points || !snapshot->alarms || !snapshot->outputs || !snapshot->rooms ||
        !snapshot->rolls || !snapshot->people) {
        snapshot_free(snapshot);
        return NULL;
    }
    return snapshot;
}

void snapshot_free(struct core_snapshot *snapshot)
{
    if (!snapshot) {
        return;
    }
    free(snapshot->points);
    free(snapshot->alarms);
    free(snapshot->outputs);
    free(snapshot->rooms);
    free(snapshot->rolls);
    free(snapshot->people);
    free(snapshot);
}

static const char *point_driver(const struct plan_source *source)
{
    return source->kind == SOURCE_SENSOR ? source->sensor->driver : source->reader->driver;
}

static json_t *point_json(const struct plan *plan, const struct core_snapshot *snapshot, size_t i)
{
    const struct core_point *point = &plan->core.points[i];
    const struct plan_source *source = &plan->sources[i];
    const struct core_point_view *view = &snapshot->points[i];
    bool silent =
        source->kind == SOURCE_READER; // a reader says nothing until a card comes: quiet is its rest
    const char *state = view->trouble != TROUBLE_NONE ? "trouble" : view->known || silent ? "ok" : "unknown";
    json_t *values = json_object();
    for (size_t q = 0; q < QUANTITY_COUNT; q++) {
        if (view->has[q]) {
            json_object_set_new(values, quantities[q].key, json_integer(view->value[q]));
        }
    }
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", point->id, "driver", point_driver(source),
                             "role", contact_role_names[point->role], "state", state, "values", values);
    if (view->trouble != TROUBLE_NONE) {
        json_object_set_new(json, "reason", json_string(trouble_names[view->trouble]));
    }
    if (view->known) {
        json_object_set_new(json, "age_ms",
                            json_integer((json_int_t)((snapshot->now_ns - view->at_ns) / NS_PER_MS)));
    }
    return json;
}

static json_t *room_json(const struct config_room *room, size_t r, const struct plan *plan,
                         const struct core_snapshot *snapshot)
{
    json_t *points = json_array(), *outputs = json_array();
    for (size_t i = 0; i < plan->core.n_points; i++) {
        enum source_kind kind = plan->sources[i].kind;
        if (plan->core.points[i].room_index == r && (kind == SOURCE_SENSOR || kind == SOURCE_READER)) {
            json_array_append_new(points, point_json(plan, snapshot, i));
        }
    }
    for (size_t i = 0; i < plan->core.n_outputs; i++) {
        const struct core_output *output = &plan->core.outputs[i];
        if (output->room_index != r) {
            continue;
        }
        enum trouble trouble = snapshot->points[plan->outputs[i].point].trouble;
        json_array_append_new(outputs, json_pack("{s:s, s:s, s:s, s:s}", "id", output->id, "role",
                                                 output_role_names[output->role], "pattern",
                                                 core_pattern_names[snapshot->outputs[i]], "state",
                                                 trouble == TROUBLE_NONE ? "ok" : "trouble"));
    }
    json_t *json = json_pack("{s:s, s:s, s:o, s:o}", "id", room->id, "name", room->name, "points", points,
                             "outputs", outputs);
    uint64_t silent_until_ns = snapshot->rooms[r].silent_until_ns;
    if (silent_until_ns > snapshot->now_ns) {
        json_object_set_new(json, "silent_ms",
                            json_integer((json_int_t)((silent_until_ns - snapshot->now_ns) / NS_PER_MS)));
    }
    view_add_people(json, snapshot, r);
    return json;
}

static json_t *uplink_json(const struct config *config, const struct uplink_report *uplink, uint64_t now_ns)
{
    if (!config->mqtt.host) {
        return json_pack("{s:s}", "state", "none");
    }
    if (!uplink->at_ns || now_ns - uplink->at_ns > UPLINK_SILENT_NS) {
        return json_pack("{s:s}", "state", "absent");
    }
    return json_pack("{s:s, s:O, s:I, s:s, s:s, s:I}", "state", uplink->state, "held", uplink->held, "parked",
                     uplink->parked, "delivered", uplink->delivered, "why", uplink->why, "age_ms",
                     (json_int_t)((now_ns - uplink->at_ns) / NS_PER_MS));
}

static json_t *journal_json(const struct recorder *recorder, size_t waiting)
{
    int error = recorder_error(recorder);
    char sequence[24];
    (void)snprintf(sequence, sizeof sequence, "%" PRIu64, recorder_sequence(recorder));
    json_t *json = json_pack("{s:s, s:s, s:I, s:I}", "state", error ? "trouble" : "ok", "sequence", sequence,
                             "waiting", (json_int_t)waiting, "lost", (json_int_t)recorder_lost(recorder));
    if (error) {
        json_object_set_new(json, "reason", json_string(strerror(-error)));
    }
    return json;
}

json_t *view_status(const struct config *config, const struct plan *plan,
                    const struct core_snapshot *snapshot, const struct uplink_report *uplink,
                    const struct recorder *recorder, size_t ring_waiting, const char *boot_id)
{
    json_t *rooms = json_array();
    for (size_t r = 0; r < config->n_rooms; r++) {
        json_array_append_new(rooms, room_json(&config->rooms[r], r, plan, snapshot));
    }
    json_t *gateway =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "id", config->gateway_id, "site", config->site, "version",
                  CAREROOM_VERSION, "bootid", boot_id, "uptime_s", (json_int_t)(snapshot->now_ns / NS_PER_S),
                  "clock", clock_quality_names[snapshot->clock]);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "gateway", gateway, "rooms", rooms, "alarms",
                     view_alarms(config, plan, snapshot), "set_aside", view_set_aside(plan, snapshot),
                     "uplink", uplink_json(config, uplink, snapshot->now_ns), "journal",
                     journal_json(recorder, ring_waiting));
}
