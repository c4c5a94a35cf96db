// Drills, roll-calls, and the file of people.
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/guard/attendance.h"
#include "gateway/guard/control_internal.h"

#define DRILL_USUAL_MS (30 * 60 * 1000)

static const char *const stopping = "the guard is stopping; ask again in a second";

// ---- Drills

json_t *op_drill_start(struct control *control, const json_t *json)
{
    struct request request = { .input = { .kind = CORE_INPUT_DRILL } };
    json_t *refusal = control_read_room(control, json, &request.input.room);
    if (!refusal) {
        refusal = control_read_for(json, DRILL_USUAL_MS, &request.input.for_ns);
    }
    return refusal ? refusal : control_ask(control, &request, json, "room");
}

json_t *op_drill_stop(struct control *control, const json_t *json)
{
    struct request request = { .input = { .kind = CORE_INPUT_DRILL } };
    json_t *refusal = control_read_room(control, json, &request.input.room);
    return refusal ? refusal : control_ask(control, &request, json, "room");
}

// ---- Roll-calls

static json_t *read_one_room(const struct control *control, const json_t *json, size_t *ret_room)
{
    json_t *refusal = control_read_room(control, json, ret_room);
    if (!refusal && *ret_room == control->setup.config->n_rooms) {
        refusal = control_refuse("bad-request", "a roll-call is one room's; give its id");
    }
    return refusal;
}

struct naming {
    json_t *person;
};

static void add_id(const struct people_entry *entry, void *user)
{
    const struct naming *naming = user;
    json_object_set_new(naming->person, "id", json_string(entry->id));
}

static json_t *person_json(struct control *control, const struct core_person_view *view)
{
    struct naming naming = { .person = json_pack("{s:s, s:s, s:s}", "person", view->pseudonym, "kind",
                                                 person_kind_names[view->kind], "mark",
                                                 roll_mark_names[view->mark]) };
    if (control->setup.people) {
        (void)people_find(control->setup.people, view->pseudonym, add_id,
                          &naming); // else it stays a pseudonym
    }
    return naming.person;
}

json_t *op_rollcall(struct control *control, const json_t *json)
{
    size_t room;
    json_t *refusal = read_one_room(control, json, &room);
    if (refusal) {
        return refusal;
    }
    if (control_is_remote(control, json)) {
        return control_refuse("not-allowed", "who is on a roll-call is told in the house only");
    }
    const struct core_snapshot *snapshot = control_snapshot(control);
    if (!snapshot) {
        return control_refuse("stopping", "%s", stopping);
    }
    if (snapshot->rolls[room].of == CORE_ROLL_NONE) {
        return control_refuse(core_answer_words[CORE_ANSWER_NO_DRILL], "%s: %s",
                              control->setup.config->rooms[room].id,
                              core_answer_sentences[CORE_ANSWER_NO_DRILL]);
    }
    json_t *people = json_array(), *rollcall = view_rollcall(snapshot, room);
    for (size_t i = 0; i < snapshot->n_people; i++) {
        if (snapshot->people[i].roll_room == room) {
            json_array_append_new(people, person_json(control, &snapshot->people[i]));
        }
    }
    json_object_set_new(rollcall, "room", json_string(control->setup.config->rooms[room].id));
    json_object_set_new(rollcall, "people", people);
    return json_pack("{s:b, s:o}", "ok", 1, "rollcall", rollcall);
}

static void take_pseudonym(const struct people_entry *entry, void *user)
{
    (void)snprintf(user, PSEUDONYM_SIZE, "%s", entry->pseudonym);
}

// An id of the register, or a pseudonym, also one of somebody who is not in the register any more.
static json_t *read_person(const struct control *control, const json_t *json,
                           char ret_person[static PSEUDONYM_SIZE])
{
    const char *name = control_text(json, "person");
    if (!name || !*name || strlen(name) >= ID_SIZE) {
        return control_refuse("bad-request", "\"person\" must be an id of the register or a pseudonym");
    }
    if (control->setup.people && people_find(control->setup.people, name, take_pseudonym, ret_person) == 0) {
        return NULL;
    }
    if (strlen(name) < PSEUDONYM_SIZE && strncmp(name, "p-", 2) == 0) {
        memcpy(ret_person, name, strlen(name) + 1);
        return NULL;
    }
    return control_refuse("not-found", "there is nobody called %.*s; `careroomctl rollcall ROOM` lists them",
                          ID_LENGTH, name);
}

json_t *op_mark(struct control *control, const json_t *json)
{
    struct request request = { .input = { .kind = CORE_INPUT_MARK } };
    json_t *refusal = read_one_room(control, json, &request.input.room);
    const char *mark = control_text(json, "mark");
    if (!refusal && mark && strcmp(mark, roll_mark_names[ROLL_MISSING]) == 0) {
        request.input.mark = ROLL_MISSING;
    } else if (!refusal && mark && strcmp(mark, roll_mark_names[ROLL_SAFE]) == 0) {
        request.input.mark = ROLL_SAFE;
    } else if (!refusal) {
        refusal = control_refuse("bad-request", "\"mark\" must be safe or missing");
    }
    if (!refusal) {
        refusal = read_person(control, json, request.person);
    }
    return refusal ? refusal : control_ask(control, &request, json, "person");
}

// ---- Corrections

static json_t *cannot(int error)
{
    return control_refuse("register", "the register of people: %s", people_explain(error));
}

static void take_person(const struct people_entry *entry, void *user)
{
    struct request *request = user;
    (void)snprintf(request->person, sizeof request->person, "%s", entry->pseudonym);
    request->input.person_kind = entry->kind;
}

// Somebody forgot to tap, or the reader was broken.
json_t *op_presence(struct control *control, const json_t *json)
{
    struct request request = { .input = { .kind = CORE_INPUT_PRESENCE, .point = SIZE_MAX } };
    const json_t *present = json_object_get(json, "present");
    const char *name = control_text(json, "person");
    json_t *refusal = read_one_room(control, json, &request.input.room);
    if (!refusal && control_is_remote(control, json)) {
        refusal = control_refuse("not-allowed", "who is in the house is said by those who are there");
    }
    if (!refusal && (!json_is_boolean(present) || !name)) {
        refusal = control_refuse("bad-request", "\"person\" must be a text, and \"present\" true or false");
    }
    if (!refusal) {
        refusal = control_read_reason(json, false, &request.note);
    }
    if (refusal) {
        return refusal;
    }
    request.input.present = json_is_true(present);
    int r = control->setup.people ? people_find(control->setup.people, name, take_person, &request) : -ENOENT;
    if (r == -ENOENT) {
        return control_refuse("not-found", "there is nobody called %.*s in the register", ID_LENGTH, name);
    }
    return r < 0 ? cannot(r) : control_ask(control, &request, json, "person");
}

// ---- The file of people

// What the main thread looks into follows the register.
static json_t *follow_register(struct control *control)
{
    struct request request = { .kind = REQUEST_PEOPLE };
    int r = people_table_new(control->setup.people, control->setup.config, &request.table);
    if (r < 0) {
        return cannot(r);
    }
    if (mailbox_call(control->setup.mailbox, &request) < 0) {
        return control_refuse("stopping", "%s", stopping); // who has the table is not known: the process ends
    }
    people_table_free(request.table);
    return NULL;
}

static json_t *feed(struct control *control, const char *data, size_t length)
{
    unsigned char *bytes = malloc(length / 4 * 3 + 3);
    int n = bytes && length % 4 == 0 ? EVP_DecodeBlock(bytes, (const unsigned char *)data, (int)length) : -1;
    for (size_t i = length; n > 0 && i > 0 && data[i - 1] == '=' && length - i < 2; i--) {
        n--;
    }
    int r = n < 0 ? -EINVAL : people_import_feed(control->current->import, bytes, (size_t)n);
    free(bytes);
    return r == 0         ? json_pack("{s:b}", "ok", 1)
           : r == -EINVAL ? control_refuse("bad-request", "\"data\" must be base64")
                          : cannot(r);
}

#define MESSAGES_SHOWN 200
#define MESSAGE_SIZE   256

static void add_message(const struct people_message *message, void *user)
{
    char text[MESSAGE_SIZE];
    json_t *messages = user;
    if (json_array_size(messages) < MESSAGES_SHOWN) {
        people_message_text(message, text, sizeof text);
        json_array_append_new(messages, json_string(text));
    }
}

static json_t *end_import(struct control *control, bool dry_run)
{
    const struct people_import_options options = { .dry_run = dry_run };
    struct people_counts counts = { .rows = 0 };
    json_t *messages = json_array();
    int r = people_import_end(control->current->import, &options, add_message, messages, &counts);
    json_t *refusal = r == 0 || r == -EINVAL || r == -EINPROGRESS ? NULL : cannot(r);
    if (!refusal && r != -EINVAL && !dry_run) {
        refusal = follow_register(control);
    }
    if (refusal) {
        json_decref(messages);
        return refusal;
    }
    return json_pack("{s:b, s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:o}", "ok", 1, "done",
                     r != -EINVAL && !dry_run, "rows", (int)counts.rows, "added", (int)counts.added,
                     "updated", (int)counts.updated, "unchanged", (int)counts.unchanged, "mistakes",
                     (int)counts.mistakes, "notices", (int)counts.notices, "messages", messages);
}

// Pieces of the file on one connection, then its end.
json_t *op_people_import(struct control *control, const json_t *json)
{
    struct client *client = control->current;
    const json_t *data = json_object_get(json, "data"), *dry_run = json_object_get(json, "dry_run");
    if (control_is_remote(control, json)) {
        return control_refuse("not-allowed", "the register is read and written in the house only");
    }
    int r = control->setup.people ? 0 : attendance_open(control->setup.config, true, &control->setup.people);
    if (r == 0 && !client->import) {
        r = people_import_new(control->setup.people, control->setup.config, &client->import);
    }
    if (r < 0) {
        return cannot(r);
    }
    json_t *answer = json_is_string(data) ? feed(control, json_string_value(data), json_string_length(data))
                     : json_is_true(json_object_get(json, "end"))
                         ? end_import(control, json_is_true(dry_run))
                         : control_refuse("bad-request", "give \"data\" or \"end\":true");
    if (!json_is_string(data) || json_is_false(json_object_get(answer, "ok"))) {
        people_import_free(client->import);
        client->import = NULL;
    }
    return answer;
}
