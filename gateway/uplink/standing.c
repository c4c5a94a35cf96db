#include "gateway/uplink/standing.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Copies a string member; one that is missing, no string or too long for any id leaves the word empty.
static void take_word(const json_t *object, const char *key, char word[LINE_WORD_SIZE])
{
    const json_t *value = json_object_get(object, key);
    if (json_is_string(value) && json_string_length(value) < LINE_WORD_SIZE)
        memcpy(word, json_string_value(value), json_string_length(value) + 1);
}

// Small numbers are integers in a line, those that may outgrow 2^53 decimal strings; both are read.
static int64_t take_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value))
        return json_integer_value(value);
    return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10) : 0;
}

int line_view(const char *line, size_t length, struct line_view *ret_view)
{
    memset(ret_view, 0, sizeof *ret_view);
    json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return -EBADMSG;
    }
    take_word(root, "id", ret_view->id);
    take_word(root, "clock", ret_view->clock);
    take_word(root, "time", ret_view->time);
    const json_t *data = json_object_get(root, "data");
    take_word(data, "alarm", ret_view->alarm);
    take_word(data, "state", ret_view->state);
    take_word(data, "severity", ret_view->severity);
    ret_view->occurrence = take_number(data, "occurrence");
    const char *type = json_string_value(json_object_get(root, "type"));
    ret_view->raised =
        type && (strcmp(type, "careroom.alarm.raised") == 0 || strcmp(type, "careroom.point.trouble") == 0);
    // An event that names an alarm without saying its state (a refused command) changes nothing.
    if (!ret_view->state[0])
        ret_view->alarm[0] = '\0';
    json_decref(root);
    return 0;
}

bool standing_over(const struct line_view *view)
{
    return strcmp(view->state, "normal") == 0;
}

int standing_encode(const char *room, const struct line_view *view, const char *since, char *buf, size_t size)
{
    char id[2 * LINE_WORD_SIZE];
    snprintf(id, sizeof id, "%.79s/%s", room, view->alarm);
    json_t *payload = json_pack("{s:s, s:s, s:s}", "id", id, "state", view->state, "time", view->time);
    if (!payload)
        return -EMSGSIZE;
    if (view->occurrence > 0)
        json_object_set_new(payload, "occurrence", json_integer(view->occurrence));
    if (view->severity[0])
        json_object_set_new(payload, "severity", json_string(view->severity));
    if (since[0])
        json_object_set_new(payload, "since", json_string(since));
    size_t length = json_dumpb(payload, buf, size, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    json_decref(payload);
    return length == 0 || length > size ? -EMSGSIZE : (int)length;
}
