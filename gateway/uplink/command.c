#include "gateway/uplink/command.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What may stand in a command's object.
enum command_key { KEY_ALARM = 1, KEY_OCCURRENCE = 2, KEY_ID = 4 };

struct command_kind {
    const char *name; // in the topic
    const char *op;   // to the guard
    unsigned needs, allows;
};
static const struct command_kind kinds[] = {
    // An acknowledgement from afar names its occurrence: it must not answer an alarm that its sender has not
    // seen.
    { "acknowledge", "ack", KEY_ALARM | KEY_OCCURRENCE, KEY_ID },
    { "reset", "reset", KEY_ALARM, KEY_OCCURRENCE | KEY_ID },
    { "state", "status", 0, KEY_ID },
};

static const struct {
    const char *name;
    enum command_key key;
} keys[] = { { "alarm", KEY_ALARM }, { "occurrence", KEY_OCCURRENCE }, { "id", KEY_ID } };

static const struct command_kind *kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

// Topics that say something about rooms or the gateway: a reply there would be taken for it.
static bool speaks_for_the_gateway(const char *below, const struct config *config)
{
    size_t length = strcspn(below, "/");
    char first[ID_SIZE];
    if (length >= sizeof first)
        return false;
    memcpy(first, below, length);
    first[length] = '\0';
    if (strcmp(first, "reply") == 0)
        return false;
    if (id_reserved(first))
        return true;
    for (size_t i = 0; i < config->n_rooms; i++)
        if (strcmp(first, config->rooms[i].id) == 0)
            return true;
    return false;
}

static bool response_topic_allowed(const char *topic, const char *prefix, const struct config *config)
{
    size_t length = strlen(prefix);
    return strlen(topic) < COMMAND_TOPIC_SIZE && strncmp(topic, prefix, length) == 0 &&
           topic[length] == '/' && topic[length + 1] != '\0' && !strpbrk(topic, "+#") &&
           !speaks_for_the_gateway(topic + length + 1, config);
}

// Who is to be answered, known before the message has been judged.
static void take_sender(const char *prefix, const struct config *config,
                        const struct command_message *message, struct command *command)
{
    memset(command, 0, sizeof *command);
    const char *last = strrchr(message->topic, '/');
    bool named = last && id_valid(last + 1);
    snprintf(command->name, sizeof command->name, "%s", named ? last + 1 : "unknown");
    if (message->response_topic && response_topic_allowed(message->response_topic, prefix, config))
        snprintf(command->topic, sizeof command->topic, "%s", message->response_topic);
    else
        snprintf(command->topic, sizeof command->topic, "%s/reply/%s", prefix, command->name);
    if (message->correlation && message->correlation_length <= COMMAND_CORRELATION_MAX) {
        memcpy(command->correlation, message->correlation, message->correlation_length);
        command->correlation_length = message->correlation_length;
    }
}

static int refuse(struct command_refusal *refusal, const char *code, const char *error)
{
    *refusal = (struct command_refusal){ .code = code, .error = error };
    return -EINVAL;
}

// "butterfly/smoke-1" or "butterfly/air.trouble".
static bool alarm_name_valid(const char *name)
{
    size_t length = strlen(name);
    return length < NAME_SIZE && strchr(name, '/') &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-./") == length;
}

// A positive integer, or the same as a decimal string; 0 where it is neither.
static json_int_t occurrence_value(const json_t *value)
{
    if (json_is_integer(value))
        return json_integer_value(value) > 0 ? json_integer_value(value) : 0;
    const char *text = json_string_value(value);
    if (!text || !*text || strlen(text) > 18 || strspn(text, "0123456789") != strlen(text))
        return 0;
    return strtoll(text, NULL, 10);
}

static unsigned key_bit(const char *name)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i].name, name) == 0)
            return keys[i].key;
    return 0;
}

static int check_keys(json_t *object, const struct command_kind *kind, struct command_refusal *refusal)
{
    unsigned given = 0;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        unsigned bit = key_bit(name);
        if (!(bit & (kind->needs | kind->allows)))
            return refuse(refusal, "malformed",
                          "The object has a key that this command does not know; remove it.");
        given |= bit;
    }
    if ((given & kind->needs) != kind->needs)
        return refuse(refusal, "malformed",
                      kind->needs & KEY_OCCURRENCE
                          ? "The command needs \"alarm\" (room/rule) and its \"occurrence\"."
                          : "The command needs \"alarm\" (room/rule).");
    return 0;
}

static int write_ask(json_t *object, const struct command_kind *kind, struct command *command,
                     struct command_refusal *refusal)
{
    json_t *ask = json_pack("{s:s, s:s}", "op", kind->op, "via", "mqtt");
    const json_t *alarm = json_object_get(object, "alarm"),
                 *occurrence = json_object_get(object, "occurrence");
    int r = 0;
    if (alarm && (!json_is_string(alarm) || !alarm_name_valid(json_string_value(alarm))))
        r = refuse(refusal, "malformed", "\"alarm\" must be a string such as \"butterfly/smoke-1\".");
    else if (alarm)
        json_object_set_new(ask, "alarm", json_string(json_string_value(alarm)));
    if (r == 0 && occurrence && occurrence_value(occurrence) == 0)
        r = refuse(refusal, "malformed",
                   "\"occurrence\" must be a number from 1, as the alarm's topic gives it.");
    else if (occurrence)
        json_object_set_new(ask, "occurrence", json_integer(occurrence_value(occurrence)));
    size_t length = json_dumpb(ask, command->ask, sizeof command->ask - 1, JSON_COMPACT | JSON_SORT_KEYS);
    if (r == 0 && (length == 0 || length >= sizeof command->ask))
        r = refuse(refusal, "malformed", "The command is too long.");
    json_decref(ask);
    return r;
}

static int read_object(json_t *object, const struct command_kind *kind, struct command *command,
                       struct command_refusal *refusal)
{
    const json_t *id = json_object_get(object, "id");
    if (json_is_string(id) && json_string_length(id) < sizeof command->id)
        memcpy(command->id, json_string_value(id), json_string_length(id) + 1);
    else if (id)
        return refuse(refusal, "malformed", "\"id\" must be a string of at most 64 bytes.");
    int r = check_keys(object, kind, refusal);
    return r < 0 ? r : write_ask(object, kind, command, refusal);
}

int command_read(const char *prefix, const struct config *config, const struct command_message *message,
                 struct command *ret_command, struct command_refusal *ret_refusal)
{
    take_sender(prefix, config, message, ret_command);
    if (message->retained)
        return refuse(ret_refusal, "stale",
                      "Retained commands are refused, since nobody knows when they were meant; "
                      "send the command without retain.");
    if (message->length > COMMAND_PAYLOAD_MAX)
        return refuse(ret_refusal, "too-large", "A command has at most 4096 bytes.");
    if (message->correlation_length > COMMAND_CORRELATION_MAX)
        return refuse(ret_refusal, "too-large", "Correlation data has at most 256 bytes.");
    const struct command_kind *kind = kind_find(ret_command->name);
    if (!kind)
        return refuse(ret_refusal, "unknown-command",
                      "There is no such command; known are acknowledge, reset, state.");
    json_t *object =
        json_loadb(message->payload ? message->payload : "", message->length, JSON_REJECT_DUPLICATES, NULL);
    int r = json_is_object(object) ? read_object(object, kind, ret_command, ret_refusal)
                                   : refuse(ret_refusal, "malformed", "The payload must be one JSON object.");
    json_decref(object);
    return r;
}

static char *dump_reply(json_t *reply, const struct command *command)
{
    if (command->id[0])
        json_object_set_new(reply, "id", json_string(command->id));
    char *text = json_dumps(reply, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(reply);
    return text;
}

char *command_refused(const struct command *command, const struct command_refusal *refusal)
{
    return dump_reply(json_pack("{s:b, s:s, s:s}", "ok", 0, "code", refusal->code, "error", refusal->error),
                      command);
}

char *command_answered(const struct command *command, const char *guard_line)
{
    json_t *reply = json_loads(guard_line, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(reply) || !json_is_boolean(json_object_get(reply, "ok"))) {
        json_decref(reply);
        static const struct command_refusal no_answer = {
            "failed", "The guard's answer could not be understood; ask at the gateway."
        };
        return command_refused(command, &no_answer);
    }
    json_object_del(reply, "seq");
    return dump_reply(reply, command);
}
