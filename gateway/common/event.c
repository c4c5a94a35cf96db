#include "gateway/common/event.h"

#include <stddef.h>

const char *const event_class_names[CLASS_COUNT] = {
    [CLASS_FIRE] = "fire",     [CLASS_SAFETY] = "safety",
    [CLASS_FAULT] = "fault",   [CLASS_ATTENDANCE] = "attendance",
    [CLASS_ACCESS] = "access", [CLASS_SYSTEM] = "system",
};

const char *const event_type_names[EVENT_TYPE_COUNT] = {
    [EVENT_ALARM_RAISED] = "careroom.alarm.raised",
    [EVENT_ALARM_ACKNOWLEDGED] = "careroom.alarm.acknowledged",
    [EVENT_ALARM_CLEARED] = "careroom.alarm.cleared",
    [EVENT_ALARM_RESET] = "careroom.alarm.reset",
    [EVENT_POINT_TROUBLE] = "careroom.point.trouble",
    [EVENT_POINT_RESTORED] = "careroom.point.restored",
    [EVENT_DOOR_OPENED] = "careroom.door.opened",
    [EVENT_DOOR_CLOSED] = "careroom.door.closed",
    [EVENT_ACCESS_PRESENTED] = "careroom.access.presented",
    [EVENT_COMMAND_ACCEPTED] = "careroom.command.accepted",
    [EVENT_COMMAND_REFUSED] = "careroom.command.refused",
    [EVENT_GATEWAY_STARTED] = "careroom.gateway.started",
    [EVENT_GATEWAY_STOPPED] = "careroom.gateway.stopped",
    [EVENT_GATEWAY_CLOCK] = "careroom.gateway.clock",
    [EVENT_GATEWAY_STORAGE] = "careroom.gateway.storage",
};

const char *const event_field_names[FIELD_COUNT] = {
    [FIELD_ACTIVE] = "active",
    [FIELD_ACTOR] = "actor",
    [FIELD_ALARM] = "alarm",
    [FIELD_BITS] = "bits",
    [FIELD_CO2_PPM] = "co2_ppm",
    [FIELD_COMMAND] = "command",
    [FIELD_LOST] = "lost",
    [FIELD_LOST_CLASS] = "lostclass",
    [FIELD_OCCURRENCE] = "occurrence",
    [FIELD_OFFSET_MS] = "offset_ms",
    [FIELD_PM10_NGM3] = "pm10_ngm3",
    [FIELD_PM1_NGM3] = "pm1_ngm3",
    [FIELD_PM25_NGM3] = "pm25_ngm3",
    [FIELD_PRESSURE_PA] = "pressure_pa",
    [FIELD_REASON] = "reason",
    [FIELD_RH_MPCT] = "rh_mpct",
    [FIELD_ROLE] = "role",
    [FIELD_SEVERITY] = "severity",
    [FIELD_STATE] = "state",
    [FIELD_TEMP_MC] = "temp_mc",
    [FIELD_THRESHOLD] = "threshold",
    [FIELD_VERSION] = "version",
    [FIELD_VIA] = "via",
    [FIELD_VOLTAGE_UV] = "voltage_uv",
};

// Types that can hide fire, whatever class they were recorded in: a detector that can't be trusted, a time in
// which nobody watched, events that the disk did not take, a clock that was moved under the record.
static const bool hides_fire[EVENT_TYPE_COUNT] = {
    [EVENT_POINT_TROUBLE] = true,   [EVENT_POINT_RESTORED] = true, [EVENT_GATEWAY_STARTED] = true,
    [EVENT_GATEWAY_STOPPED] = true, [EVENT_GATEWAY_CLOCK] = true,  [EVENT_GATEWAY_STORAGE] = true,
};

// A new enumerator wants its word here (and its answer to whether it can hide fire).
_Static_assert(CLASS_COUNT == 6, "event_class_names");
_Static_assert(EVENT_TYPE_COUNT == 15, "event_type_names, hides_fire");
_Static_assert(FIELD_COUNT == 24, "event_field_names");

bool event_in_feed(enum event_type type, enum event_class class)
{
    // All of class fault: mains lost and tamper are alarms of a fault, and either can leave a room unwatched.
    return class == CLASS_FIRE || class == CLASS_FAULT || hides_fire[type];
}

// The place for a field: the one that it has already (a key may stand only once in a line), else the next
// free one. NULL where the event is full.
static struct event_value *place(struct event *event, enum event_field field)
{
    for (unsigned i = 0; i < event->n_values; i++) {
        if (event->values[i].field == field) {
            return &event->values[i];
        }
    }
    return event->n_values < EVENT_VALUES ? &event->values[event->n_values++] : NULL;
}

void event_add_number(struct event *event, enum event_field field, int64_t number)
{
    struct event_value *value = place(event, field);
    if (value) {
        *value = (struct event_value){ .field = field, .number = number };
    }
}

void event_add_word(struct event *event, enum event_field field, const char *word)
{
    struct event_value *value = word ? place(event, field) : NULL;
    if (value) {
        *value = (struct event_value){ .field = field, .word = word };
    }
}
