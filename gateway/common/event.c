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
    [EVENT_ALARM_SILENCED] = "careroom.alarm.silenced",
    [EVENT_ALARM_RESOUNDED] = "careroom.alarm.resounded",
    [EVENT_ALARM_SHELVED] = "careroom.alarm.shelved",
    [EVENT_ALARM_UNSHELVED] = "careroom.alarm.unshelved",
    [EVENT_ALARM_SUPPRESSED] = "careroom.alarm.suppressed",
    [EVENT_ALARM_RELEASED] = "careroom.alarm.released",
    [EVENT_ALARM_ESCALATED] = "careroom.alarm.escalated",
    [EVENT_POINT_TROUBLE] = "careroom.point.trouble",
    [EVENT_POINT_RESTORED] = "careroom.point.restored",
    [EVENT_POINT_ISOLATED] = "careroom.point.isolated",
    [EVENT_POINT_REINSTATED] = "careroom.point.reinstated",
    [EVENT_POINT_CHATTERING] = "careroom.point.chattering",
    [EVENT_POINT_SETTLED] = "careroom.point.settled",
    [EVENT_DOOR_OPENED] = "careroom.door.opened",
    [EVENT_DOOR_CLOSED] = "careroom.door.closed",
    [EVENT_ACCESS_PRESENTED] = "careroom.access.presented",
    [EVENT_ATTENDANCE_ARRIVED] = "careroom.attendance.arrived",
    [EVENT_ATTENDANCE_LEFT] = "careroom.attendance.left",
    [EVENT_ATTENDANCE_CORRECTED] = "careroom.attendance.corrected",
    [EVENT_EVACUATION_STARTED] = "careroom.evacuation.started",
    [EVENT_EVACUATION_MARKED] = "careroom.evacuation.marked",
    [EVENT_EVACUATION_ENDED] = "careroom.evacuation.ended",
    [EVENT_DRILL_STARTED] = "careroom.drill.started",
    [EVENT_DRILL_ENDED] = "careroom.drill.ended",
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
    [FIELD_CHANGES] = "changes",
    [FIELD_CHILDREN] = "children",
    [FIELD_CO2_PPM] = "co2_ppm",
    [FIELD_COMMAND] = "command",
    [FIELD_CORRECTION] = "correction_ppm",
    [FIELD_DIRECTION] = "direction",
    [FIELD_DURATION_S] = "duration_s",
    [FIELD_EVACUATED_S] = "evacuated_s",
    [FIELD_FIRST_OUT] = "firstout",
    [FIELD_GUARDIANS] = "guardians",
    [FIELD_KIND] = "kind",
    [FIELD_LOST] = "lost",
    [FIELD_LOST_CLASS] = "lostclass",
    [FIELD_MARK] = "mark",
    [FIELD_MEAN] = "mean",
    [FIELD_MISSING] = "missing",
    [FIELD_NOTE] = "note",
    [FIELD_OCCURRENCE] = "occurrence",
    [FIELD_OFFSET_MS] = "offset_ms",
    [FIELD_OTHER] = "other",
    [FIELD_PERSON] = "person",
    [FIELD_PM10_NGM3] = "pm10_ngm3",
    [FIELD_PM1_NGM3] = "pm1_ngm3",
    [FIELD_PM25_NGM3] = "pm25_ngm3",
    [FIELD_PRESSURE_PA] = "pressure_pa",
    [FIELD_REASON] = "reason",
    [FIELD_RH_MPCT] = "rh_mpct",
    [FIELD_RISE] = "rise",
    [FIELD_ROLE] = "role",
    [FIELD_SAFE] = "safe",
    [FIELD_SEVERITY] = "severity",
    [FIELD_STAFF] = "staff",
    [FIELD_STATE] = "state",
    [FIELD_TEMP_MC] = "temp_mc",
    [FIELD_THRESHOLD] = "threshold",
    [FIELD_UNMARKED] = "unmarked",
    [FIELD_UNTIL_MS] = "until_ms",
    [FIELD_VERSION] = "version",
    [FIELD_VIA] = "via",
    [FIELD_VOLTAGE_UV] = "voltage_uv",
};

const char *const record_kind_names[RECORD_KIND_COUNT] = {
    [RECORD_ALARM] = "alarm",           [RECORD_SILENCE] = "silence", [RECORD_ISOLATION] = "isolation",
    [RECORD_DELAY] = "delay",           [RECORD_FLOOR] = "floor",     [RECORD_DRILL] = "drill",
    [RECORD_EVACUATION] = "evacuation", [RECORD_PERSON] = "person",
};

// Types that can hide fire, whatever class they were recorded in: a detector that can't be trusted, a time in
// which nobody watched, events that the disk did not take, a clock that was moved under the record.
static const bool hides_fire[EVENT_TYPE_COUNT] = {
    [EVENT_POINT_TROUBLE] = true,      [EVENT_POINT_RESTORED] = true,   [EVENT_POINT_ISOLATED] = true,
    [EVENT_POINT_REINSTATED] = true,   [EVENT_POINT_CHATTERING] = true, [EVENT_POINT_SETTLED] = true,
    [EVENT_ALARM_SILENCED] = true,     [EVENT_ALARM_RESOUNDED] = true,  [EVENT_ALARM_SHELVED] = true,
    [EVENT_ALARM_UNSHELVED] = true,    [EVENT_DRILL_STARTED] = true,    [EVENT_DRILL_ENDED] = true,
    [EVENT_EVACUATION_STARTED] = true, [EVENT_EVACUATION_ENDED] = true, [EVENT_GATEWAY_STARTED] = true,
    [EVENT_GATEWAY_STOPPED] = true,    [EVENT_GATEWAY_CLOCK] = true,    [EVENT_GATEWAY_STORAGE] = true,
};

// A new enumerator wants its word here (and its answer to whether it can hide fire).
_Static_assert(CLASS_COUNT == 6, "event_class_names");
_Static_assert(EVENT_TYPE_COUNT == 34, "event_type_names, hides_fire");
_Static_assert(RECORD_KIND_COUNT == 8, "record_kind_names");
_Static_assert(FIELD_COUNT == 44, "event_field_names");

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
