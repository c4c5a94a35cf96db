#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/guard/control_internal.h"
#include "gateway/guard/scan.h"

static json_t *op_status(struct control *control, const json_t *request)
{
    (void)request;
    const struct core_snapshot *snapshot = control_snapshot(control);
    if (!snapshot) {
        return control_refuse("stopping", "the guard is stopping; ask again in a second");
    }
    const struct control_setup *setup = &control->setup;
    return json_pack("{s:b, s:o}", "ok", 1, "status",
                     view_status(setup->config, setup->plan, snapshot, &control->uplink, setup->recorder,
                                 ring_waiting(setup->ring), setup->boot_id));
}

static json_t *op_alarms(struct control *control, const json_t *request)
{
    (void)request;
    const struct core_snapshot *snapshot = control_snapshot(control);
    if (!snapshot) {
        return control_refuse("stopping", "the guard is stopping; ask again in a second");
    }
    return json_pack("{s:b, s:o, s:o}", "ok", 1, "alarms",
                     view_alarms(control->setup.config, control->setup.plan, snapshot), "set_aside",
                     view_set_aside(control->setup.plan, snapshot));
}

// What comes from beyond the room: from the uplink's user, or said to be by the uplink.
bool control_is_remote(const struct control *control, const json_t *request)
{
    const char *via = control_text(request, "via");
    return (via && strcmp(via, "local") != 0) ||
           (control->have_uplink_uid && control->current->uid == control->uplink_uid);
}

static json_t *op_test(struct control *control, const json_t *json)
{
    const char *name = control_text(json, "output");
    const json_t *for_ms = json_object_get(json, "for_ms");
    json_int_t ms = for_ms ? json_integer_value(for_ms) : TEST_USUAL_MS;
    if (!name) {
        return control_refuse("bad-request", "\"output\" is missing or no text; give it as \"room/output\"");
    }
    if (ms < TEST_MIN_MS || ms > TEST_MAX_MS) {
        return control_refuse("bad-request", "\"for_ms\" must be a whole number from %d to %d", TEST_MIN_MS,
                              TEST_MAX_MS);
    }
    struct request request = { .kind = REQUEST_TEST,
                               .output = trial_find_output(control->setup.plan, name),
                               .for_ns = (uint64_t)ms * NS_PER_MS,
                               .remote = control_is_remote(control, json) };
    if (request.output == SIZE_MAX) {
        return control_refuse("not-found", "there is no output %.*s; `careroomctl status` lists the outputs",
                              NAME_SIZE, name);
    }
    memcpy(request.actor, control->current->actor, sizeof request.actor);
    if (mailbox_call(control->setup.mailbox, &request) < 0) {
        return control_refuse("stopping", "the guard is stopping; ask again in a second");
    }
    if (request.test != TEST_DONE) {
        return control_refuse(test_answer_words[request.test], "%s: %s", name,
                              test_answer_sentences[request.test]);
    }
    return control_when_recorded(control, request.ticket,
                                 json_pack("{s:b, s:s, s:I}", "ok", 1, "output", name, "for_ms", ms));
}

static json_t *op_follow(struct control *control, const json_t *request)
{
    (void)request;
    control->current->follows = true;
    char sequence[24];
    (void)snprintf(sequence, sizeof sequence, "%llu",
                   (unsigned long long)recorder_sequence(control->setup.recorder));
    return json_pack("{s:b, s:s}", "ok", 1, "recorded", sequence);
}

static bool are_classes(const json_t *held)
{
    size_t i;
    json_t *name;
    json_array_foreach(held, i, name)
    {
        bool known = false;
        for (size_t c = 0; c < CLASS_COUNT; c++) {
            known =
                known || (json_is_string(name) && strcmp(json_string_value(name), event_class_names[c]) == 0);
        }
        if (!known) {
            return false;
        }
    }
    return json_is_array(held);
}

// Only the uplink speaks for itself: its user, ours (a test or a demo runs all as one user), or root.
static bool may_speak_for_uplink(const struct control *control)
{
    uid_t uid = control->current->uid;
    return uid == 0 || uid == geteuid() || (control->have_uplink_uid && uid == control->uplink_uid);
}

static json_t *op_uplink(struct control *control, const json_t *request)
{
    const char *state = control_text(request, "state"), *delivered = control_text(request, "delivered");
    json_t *held = json_object_get(request, "held");
    if (!may_speak_for_uplink(control)) {
        return control_refuse("not-allowed", "only careroom-uplink reports the uplink");
    }
    if (!state || (strcmp(state, "online") != 0 && strcmp(state, "offline") != 0) || !are_classes(held)) {
        return control_refuse("bad-request",
                              "\"state\" must be online or offline and \"held\" a list of classes");
    }
    struct uplink_report *uplink = &control->uplink;
    bool held_before = json_array_size(uplink->held) > 0, held_now = json_array_size(held) > 0;
    uplink->at_ns = clock_boottime_ns();
    (void)snprintf(uplink->state, sizeof uplink->state, "%s", state);
    (void)snprintf(uplink->delivered, sizeof uplink->delivered, "%s", delivered ? delivered : "0");
    const char *why = control_text(request, "why");
    (void)snprintf(uplink->why, sizeof uplink->why, "%s", why && strlen(why) < sizeof uplink->why ? why : "");
    uplink->parked = json_integer_value(json_object_get(request, "parked"));
    json_decref(uplink->held);
    uplink->held = json_deep_copy(held);
    struct request trouble = { .kind = REQUEST_TROUBLE,
                               .input = { .point = control->setup.plan->uplink_point,
                                          .trouble = held_now ? TROUBLE_UPLINK : TROUBLE_NONE } };
    if (held_before != held_now && mailbox_call(control->setup.mailbox, &trouble) < 0) {
        return control_refuse("stopping", "the guard is stopping; ask again in a second");
    }
    return json_pack("{s:b}", "ok", 1);
}

static json_t *op_voice(struct control *control, const json_t *request)
{
    const char *state = control_text(request, "state");
    size_t point = control->setup.plan->voice_point;
    if (point == SIZE_MAX) {
        return control_refuse("not-found", "no voice is configured; add the key voice to the configuration");
    }
    if (control_is_remote(control, request) || !state ||
        (strcmp(state, "ok") != 0 && strcmp(state, "trouble") != 0)) {
        return control_refuse("bad-request", "\"state\" must be ok or trouble, from this house");
    }
    bool ok = strcmp(state, "ok") == 0;
    struct request report = { .kind = REQUEST_TROUBLE,
                              .input = { .point = point, .trouble = ok ? TROUBLE_NONE : TROUBLE_NO_SOUND } };
    if (mailbox_call(control->setup.mailbox, &report) < 0) {
        return control_refuse("stopping", "the guard is stopping; ask again in a second");
    }
    return json_pack("{s:b}", "ok", 1);
}

// The chips that are configured on an adapter and answer; addresses are never probed (a probe can trigger
// actions).
static void scan_devices(const struct control *control, json_t *bus, const struct core_snapshot *snapshot)
{
    const struct config *config = control->setup.config;
    const struct plan *plan = control->setup.plan;
    json_t *devices = json_object_get(bus, "devices");
    for (size_t i = 0; i < plan->core.n_points; i++) {
        const struct config_sensor *sensor = plan->sources[i].sensor;
        if (!sensor || sensor->part->bus != PART_I2C ||
            strcmp(config->buses[sensor->bus].i2c, json_string_value(json_object_get(bus, "path"))) != 0) {
            continue;
        }
        const struct core_point_view *view = &snapshot->points[i];
        json_array_append_new(devices, json_pack("{s:i, s:s, s:b}", "address", (int)sensor->address, "part",
                                                 sensor->driver, "answers",
                                                 view->known && view->trouble == TROUBLE_NONE));
    }
}

static json_t *op_scan(struct control *control, const json_t *request)
{
    const struct core_snapshot *snapshot = control_snapshot(control);
    if (!snapshot) {
        return control_refuse("stopping", "the guard is stopping; ask again in a second");
    }
    json_t *scan, *bus;
    int r = scan_list(&scan);
    if (r < 0) {
        return control_refuse("no-hardware", "buses and lines can't be listed: %s", strerror(-r));
    }
    size_t i;
    json_array_foreach(json_object_get(scan, "buses"), i, bus)
    {
        scan_devices(control, bus, snapshot);
    }
    char *yaml =
        json_is_true(json_object_get(request, "yaml")) ? scan_yaml(scan, control->setup.config) : NULL;
    json_t *answer = json_pack("{s:b, s:o}", "ok", 1, "scan", scan);
    if (yaml) {
        json_object_set_new(answer, "yaml", json_string(yaml));
    }
    free(yaml);
    return answer;
}

const struct control_op control_ops[] = {
    { "status", op_status },
    { "alarms", op_alarms },
    { "ack", op_ack },
    { "reset", op_reset },
    { "silence", op_silence },
    { "unsilence", op_unsilence },
    { "shelve", op_shelve },
    { "unshelve", op_unshelve },
    { "isolate", op_isolate },
    { "reinstate", op_reinstate },
    { "test", op_test },
    { "follow", op_follow },
    { "uplink", op_uplink },
    { "voice", op_voice },
    { "scan", op_scan },
    { "calibrate", op_calibrate },
    { "drill-start", op_drill_start },
    { "drill-stop", op_drill_stop },
    { "rollcall", op_rollcall },
    { "mark", op_mark },
    { "presence", op_presence },
    { "people-import", op_people_import },
    { NULL, NULL },
};
