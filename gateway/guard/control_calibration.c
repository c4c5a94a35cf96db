// Calibrating a sensor, as a client sees it: it waits, for seconds, and nobody else does.
#include <string.h>

#include "gateway/guard/control_internal.h"

static json_t *refusal(const char *sensor, enum calibration_answer answer)
{
    return control_refuse(calibration_answer_words[answer], "%s: %s", sensor,
                          calibration_answer_sentences[answer]);
}

// As control_when_recorded(), when this calibration has ended and its event is on the disk.
static json_t *when_calibrated(struct control *control, uint64_t calibration, json_t *answer)
{
    control->current->calibration = calibration;
    return control_when_recorded(control, 0, answer);
}

static json_t *calibrate(struct control *control, const char *sensor, size_t point, int32_t reference_ppm,
                         bool remote)
{
    struct request request = { .kind = REQUEST_CALIBRATE,
                               .calibration = {
                                   .point = point, .reference_ppm = reference_ppm, .remote = remote } };
    memcpy(request.calibration.actor, control->current->actor, sizeof request.calibration.actor);
    if (mailbox_call(control->setup.mailbox, &request) < 0) {
        return control_refuse("stopping", "the guard is stopping; ask again in a second");
    }
    const struct calibration *begun = &request.calibration;
    if (begun->answer != CALIBRATION_UNDER_WAY) {
        return control_when_recorded(control, begun->ticket, refusal(sensor, begun->answer));
    }
    return when_calibrated(
        control, begun->number,
        json_pack("{s:b, s:s, s:i}", "ok", 1, "sensor", sensor, "co2_ppm", (int)reference_ppm));
}

json_t *op_calibrate(struct control *control, const json_t *json)
{
    const char *name = control_text(json, "sensor");
    json_int_t ppm = json_integer_value(json_object_get(json, "co2_ppm"));
    if (!name) {
        return control_refuse("bad-request", "\"sensor\" is missing or no text; give it as \"room/sensor\"");
    }
    if (ppm < 1 || ppm > CALIBRATION_PPM_MAX) {
        return control_refuse("bad-request", "\"co2_ppm\" must be a whole number from 1 to %d",
                              CALIBRATION_PPM_MAX);
    }
    const struct plan *plan = control->setup.plan;
    size_t point = plan_find_point(plan, name);
    if (point == SIZE_MAX || plan->sources[point].kind != SOURCE_SENSOR) {
        return control_refuse("not-found", "there is no sensor %.*s; `careroomctl status` lists the sensors",
                              NAME_SIZE, name);
    }
    return calibrate(control, name, point, (int32_t)ppm, control_is_remote(control, json));
}

// The refusal takes the place of the answer that was hoped for; what the client is known by goes with it.
static void refuse(struct client *client, enum calibration_answer answer)
{
    json_t *hoped = client->pending, *seq = json_object_get(hoped, "seq");
    client->pending = refusal(control_text(hoped, "sensor"), answer);
    if (seq) {
        json_object_set(client->pending, "seq", seq);
    }
    json_decref(hoped);
}

// Asked ten times a second while somebody waits. Where the guard is stopping, the connection is closed
// without an answer: what came of it is in the journal.
bool control_calibrated(struct control *control, struct client *client)
{
    struct request request = { .kind = REQUEST_CALIBRATION,
                               .calibration = { .number = client->calibration } };
    if (mailbox_call(control->setup.mailbox, &request) < 0 ||
        request.calibration.answer == CALIBRATION_UNDER_WAY) {
        return false;
    }
    const struct calibration *ended = &request.calibration;
    if (ended->answer == CALIBRATION_DONE) {
        json_object_set_new(client->pending, "correction_ppm", json_integer(ended->correction_ppm));
    } else {
        refuse(client, ended->answer);
    }
    json_t *answer = client->pending;
    control->current = client;
    client->calibration = 0;
    (void)control_when_recorded(control, ended->ticket, answer);
    return true;
}
