// What people ask of alarms, points and rooms: each a core input, answered when its event is on the disk.
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/guard/control_internal.h"

#define SILENCE_USUAL_MS (5 * 60 * 1000)
#define FOR_MAX_MS       INT64_C(31536000000) // a year: more than the core lets anybody ask for

static const char *const stopping = "the guard is stopping; ask again in a second";

// ---- Reading a request

static json_t *bad(const char *key, const char *wants)
{
    return control_refuse("bad-request", "\"%s\" %s", key, wants);
}

json_t *control_read_for(const json_t *json, int64_t usual_ms, uint64_t *ret_for_ns)
{
    const json_t *value = json_object_get(json, "for_ms");
    json_int_t ms = value ? json_integer_value(value) : usual_ms;
    if ((value && !json_is_integer(value)) || ms < 1 || ms > FOR_MAX_MS) {
        return bad("for_ms", "must be a whole number of milliseconds from 1");
    }
    *ret_for_ns = (uint64_t)ms * NS_PER_MS;
    return NULL;
}

// What a person gives as the reason. The salt makes the commitment in the event's line say nothing of it.
json_t *control_read_reason(const json_t *json, bool required, struct event_note *ret_note)
{
    const json_t *value = json_object_get(json, "reason");
    if (!value && !required) {
        return NULL;
    }
    const char *text = json_string_value(value);
    size_t length = text ? json_string_length(value) : 0;
    if (length == 0 || length >= NOTE_SIZE || strlen(text) != length) {
        return control_refuse("bad-request", "\"reason\" must be a text of 1 to %d bytes that says why",
                              NOTE_SIZE - 1);
    }
    if (getrandom(ret_note->salt, sizeof ret_note->salt, 0) != (ssize_t)sizeof ret_note->salt) {
        return control_refuse("no-random", "the system has no random numbers yet; ask again in a second");
    }
    memcpy(ret_note->text, text, length + 1);
    return NULL;
}

static json_t *read_alarm(const struct control *control, const json_t *json, struct core_input *ret_input)
{
    const char *name = control_text(json, "alarm");
    if (!name) {
        return bad("alarm", "is missing or no text; give it as \"room/alarm\"");
    }
    const json_t *occurrence = json_object_get(json, "occurrence");
    if (occurrence && (!json_is_integer(occurrence) || json_integer_value(occurrence) < 1)) {
        return bad("occurrence", "must be a whole number from 1; leave it out to mean the one that stands");
    }
    ret_input->occurrence = (uint64_t)json_integer_value(occurrence);
    ret_input->alarm = plan_find_alarm(control->setup.plan, name);
    return ret_input->alarm != SIZE_MAX
               ? NULL
               : control_refuse("not-found",
                                "there is no alarm %.*s; `careroomctl alarms` lists those that stand",
                                NAME_SIZE, name);
}

static json_t *read_point(const struct control *control, const json_t *json, struct core_input *ret_input)
{
    const char *name = control_text(json, "point");
    if (!name) {
        return bad("point", "is missing or no text; give it as \"room/point\"");
    }
    ret_input->point = plan_find_point(control->setup.plan, name);
    return ret_input->point != SIZE_MAX
               ? NULL
               : control_refuse("not-found", "there is no point %.*s; `careroomctl status` lists them",
                                NAME_SIZE, name);
}

json_t *control_read_room(const struct control *control, const json_t *json, size_t *ret_room)
{
    const struct config *config = control->setup.config;
    const char *id = control_text(json, "room");
    if (!id) {
        return bad("room", "is missing or no text; give a room's id, or \"all\"");
    }
    if (strcmp(id, "all") == 0) {
        *ret_room = config->n_rooms;
        return NULL;
    }
    for (size_t r = 0; r < config->n_rooms; r++) {
        if (strcmp(config->rooms[r].id, id) == 0) {
            *ret_room = r;
            return NULL;
        }
    }
    return control_refuse("not-found", "there is no room %.*s; `careroomctl status` lists the rooms",
                          ID_LENGTH, id);
}

// ---- Asking the core

json_t *control_ask(struct control *control, struct request *request, const json_t *json, const char *key)
{
    const char *name = control_text(json, key);
    request->kind = REQUEST_ASK;
    request->input.remote = control_is_remote(control, json);
    memcpy(request->actor, control->current->actor, sizeof request->actor);
    if (mailbox_call(control->setup.mailbox, request) < 0) {
        return control_refuse("stopping", "%s", stopping);
    }
    if (request->answer != CORE_ANSWER_DONE) {
        return control_refuse(core_answer_words[request->answer], "%s: %s", name,
                              core_answer_sentences[request->answer]);
    }
    json_t *answer = json_pack("{s:b, s:s}", "ok", 1, key, name);
    if (request->occurrence) {
        json_object_set_new(answer, "occurrence", json_integer((json_int_t)request->occurrence));
    }
    if (request->input.for_ns) {
        json_object_set_new(answer, "for_ms", json_integer((json_int_t)(request->input.for_ns / NS_PER_MS)));
    }
    return control_when_recorded(control, request->ticket, answer);
}

// ---- The operations

static json_t *on_alarm(struct control *control, const json_t *json, enum core_input_kind kind)
{
    struct request request = { .input = { .kind = kind } };
    json_t *refusal = read_alarm(control, json, &request.input);
    return refusal ? refusal : control_ask(control, &request, json, "alarm");
}

json_t *op_ack(struct control *control, const json_t *json)
{
    return on_alarm(control, json, CORE_INPUT_ACK);
}

json_t *op_reset(struct control *control, const json_t *json)
{
    return on_alarm(control, json, CORE_INPUT_RESET);
}

json_t *op_silence(struct control *control, const json_t *json)
{
    struct request request = { .input = { .kind = CORE_INPUT_SILENCE } };
    json_t *refusal = control_read_room(control, json, &request.input.room);
    if (!refusal) {
        refusal = control_read_for(json, SILENCE_USUAL_MS, &request.input.for_ns);
    }
    return refusal ? refusal : control_ask(control, &request, json, "room");
}

json_t *op_unsilence(struct control *control, const json_t *json)
{
    struct request request = { .input = { .kind = CORE_INPUT_SILENCE } };
    json_t *refusal = control_read_room(control, json, &request.input.room);
    return refusal ? refusal : control_ask(control, &request, json, "room");
}

json_t *op_shelve(struct control *control, const json_t *json)
{
    struct request request = { .input = { .kind = CORE_INPUT_SHELVE } };
    json_t *refusal = read_alarm(control, json, &request.input);
    if (!refusal) {
        refusal = control_read_for(json, 0, &request.input.for_ns);
    }
    if (!refusal) {
        refusal = control_read_reason(json, false, &request.note);
    }
    return refusal ? refusal : control_ask(control, &request, json, "alarm");
}

json_t *op_unshelve(struct control *control, const json_t *json)
{
    return on_alarm(control, json, CORE_INPUT_SHELVE);
}

json_t *op_isolate(struct control *control, const json_t *json)
{
    struct request request = { .input = { .kind = CORE_INPUT_ISOLATE } };
    json_t *refusal = read_point(control, json, &request.input);
    if (!refusal) {
        refusal = control_read_for(json, 0, &request.input.for_ns);
    }
    if (!refusal) {
        refusal = control_read_reason(json, true, &request.note);
    }
    return refusal ? refusal : control_ask(control, &request, json, "point");
}

json_t *op_reinstate(struct control *control, const json_t *json)
{
    struct request request = { .input = { .kind = CORE_INPUT_ISOLATE } };
    json_t *refusal = read_point(control, json, &request.input);
    return refusal ? refusal : control_ask(control, &request, json, "point");
}
