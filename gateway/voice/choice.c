#include "gateway/voice/choice.h"

#include <stdlib.h>
#include <string.h>

#define SPOKEN_MAX 64

// What was spoken, so that it is not said again too soon.
struct spoken {
    char id[NAME_SIZE];
    json_int_t occurrence;
    int64_t first_ms, last_ms; // first seen; last spoken, 0: not yet
};

struct choice {
    struct spoken spoken[SPOKEN_MAX];
    size_t n;
};

struct choice *choice_new(void)
{
    return calloc(1, sizeof(struct choice));
}

void choice_free(struct choice *choice)
{
    free(choice);
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static enum severity severity_of(const json_t *alarm)
{
    for (unsigned s = 0; s < SEVERITY_COUNT; s++) {
        if (strcmp(text(alarm, "severity"), severity_names[s]) == 0) {
            return (enum severity)s;
        }
    }
    return SEVERITY_TROUBLE;
}

// 0: it is never spoken.
static int64_t interval_ms(enum severity severity)
{
    switch (severity) {
    case SEVERITY_FIRE:
        return CHOICE_FIRE_MS;
    case SEVERITY_CRITICAL:
        return CHOICE_CRITICAL_MS;
    case SEVERITY_WARNING:
        return CHOICE_WARNING_MS;
    case SEVERITY_ADVISORY:
    case SEVERITY_TROUBLE:
    case SEVERITY_COUNT:
        break;
    }
    return 0;
}

static const char *room_end(const char *id)
{
    const char *slash = strchr(id, '/');
    return slash ? slash : id;
}

static bool is_room(const char *id, const char *room)
{
    size_t length = (size_t)(room_end(id) - id);
    return strlen(room) == length && strncmp(id, room, length) == 0;
}

static bool is_silenced(const json_t *status, const char *id)
{
    size_t i;
    json_t *room;
    json_array_foreach(json_object_get(status, "rooms"), i, room)
    {
        if (is_room(id, text(room, "id"))) {
            return json_object_get(room, "silent_ms") != NULL;
        }
    }
    return false;
}

static bool is_asleep(const struct config *config, const char *id)
{
    for (size_t r = 0; r < config->n_rooms; r++) {
        if (is_room(id, config->rooms[r].id)) {
            return config->rooms[r].type == ROOM_SLEEP;
        }
    }
    return false;
}

// The place of this occurrence; a new one takes that of one that is silent for longest.
static struct spoken *place(struct choice *choice, const char *id, json_int_t occurrence, int64_t now_ms)
{
    struct spoken *oldest = &choice->spoken[0];
    for (size_t i = 0; i < choice->n; i++) {
        struct spoken *spoken = &choice->spoken[i];
        if (spoken->occurrence == occurrence && strcmp(spoken->id, id) == 0) {
            return spoken;
        }
        oldest = spoken->last_ms < oldest->last_ms ? spoken : oldest;
    }
    struct spoken *fresh = choice->n < SPOKEN_MAX ? &choice->spoken[choice->n++] : oldest;
    *fresh = (struct spoken){ .occurrence = occurrence, .first_ms = now_ms };
    strncpy(fresh->id, id, sizeof fresh->id - 1);
    return fresh;
}

const char *choice_take(struct choice *choice, const json_t *status, const struct config *config,
                        int64_t now_ms)
{
    struct spoken *best = NULL;
    const char *phrase = NULL;
    enum severity gravest = SEVERITY_TROUBLE;
    size_t i;
    json_t *alarm;
    json_array_foreach(json_object_get(status, "alarms"), i, alarm)
    {
        enum severity severity = severity_of(alarm);
        const char *id = text(alarm, "id");
        if (!interval_ms(severity) || strcmp(text(alarm, "state"), "unacknowledged") != 0) {
            continue;
        }
        struct spoken *spoken =
            place(choice, id, json_integer_value(json_object_get(alarm, "occurrence")), now_ms);
        bool rests = spoken->last_ms && now_ms - spoken->last_ms < interval_ms(severity);
        bool sleeps =
            severity < SEVERITY_FIRE && is_asleep(config, id) && now_ms - spoken->first_ms < CHOICE_SLEEP_MS;
        if (!rests && !sleeps && !is_silenced(status, id) && severity > gravest) {
            best = spoken;
            phrase = text(alarm, "phrase");
            gravest = severity;
        }
    }
    if (best) {
        best->last_ms = now_ms ? now_ms : 1;
    }
    return best && *phrase ? phrase : NULL;
}
