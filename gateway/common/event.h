// An event as data: what the core decides happened, before the journal gives it numbers and bytes.
// Plain values and pointers to strings that live as long as the process (tables, configuration): copying is
// memcpy, and the alarm path makes events without allocating. journal/line.h turns one into the line that
// everybody reads.
#ifndef CAREROOM_COMMON_EVENT_H
#define CAREROOM_COMMON_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/common/clock.h"

// In the order in which a reader that was away catches up: fire first.
enum event_class {
    CLASS_FIRE,
    CLASS_SAFETY,
    CLASS_FAULT,
    CLASS_ATTENDANCE,
    CLASS_ACCESS,
    CLASS_SYSTEM,
    CLASS_COUNT
};
extern const char *const event_class_names[CLASS_COUNT];

enum event_type {
    EVENT_ALARM_RAISED,
    EVENT_ALARM_ACKNOWLEDGED,
    EVENT_ALARM_CLEARED, // the condition has gone; data.state says whether the alarm still stands (latched,
                         // unanswered)
    EVENT_ALARM_RESET,
    EVENT_POINT_TROUBLE,
    EVENT_POINT_RESTORED,
    EVENT_DOOR_OPENED,
    EVENT_DOOR_CLOSED,
    EVENT_ACCESS_PRESENTED, // a card was read; who it belongs to is not recorded here
    EVENT_COMMAND_ACCEPTED,
    EVENT_COMMAND_REFUSED,
    EVENT_GATEWAY_STARTED,
    EVENT_GATEWAY_STOPPED,
    EVENT_GATEWAY_CLOCK,
    EVENT_GATEWAY_STORAGE,
    EVENT_TYPE_COUNT
};
extern const char *const event_type_names[EVENT_TYPE_COUNT]; // "careroom.alarm.raised"

// Keys of an event's "data", declared in ASCII order of their names, which is the order in which they are
// written.
enum event_field {
    FIELD_ACTIVE,      // active: 0 or 1
    FIELD_ACTOR,       // actor: who asked, "uid 1000 (mei)"; the one text that an event owns (event.actor)
    FIELD_ALARM,       // alarm: the id below the room, "smoke-1", "air.trouble"
    FIELD_BITS,        // bits: length of a card's frame
    FIELD_CO2_PPM,     // co2_ppm
    FIELD_COMMAND,     // command
    FIELD_LOST,        // lost: events that the ring could not hold
    FIELD_LOST_CLASS,  // lostclass
    FIELD_OCCURRENCE,  // occurrence
    FIELD_OFFSET_MS,   // offset_ms: how far the wall clock was moved
    FIELD_PM10_NGM3,   // pm10_ngm3
    FIELD_PM1_NGM3,    // pm1_ngm3
    FIELD_PM25_NGM3,   // pm25_ngm3
    FIELD_PRESSURE_PA, // pressure_pa
    FIELD_REASON,      // reason: a code, never free text
    FIELD_RH_MPCT,     // rh_mpct
    FIELD_ROLE,        // role: smoke, door, …
    FIELD_SEVERITY,    // severity
    FIELD_STATE,       // state: the alarm's state after this event
    FIELD_TEMP_MC,     // temp_mc
    FIELD_THRESHOLD,   // threshold, in the unit of the value beside it
    FIELD_VERSION,     // version
    FIELD_VIA,         // via: "local", "mqtt"
    FIELD_VOLTAGE_UV,  // voltage_uv
    FIELD_COUNT
};
extern const char *const event_field_names[FIELD_COUNT];

// A field holds a word (static storage, printable ASCII or UTF-8) or, where word is NULL, a number.
struct event_value {
    enum event_field field;
    int64_t number;
    const char *word;
};

#define EVENT_VALUES 8
#define ACTOR_SIZE   48

// What must survive a restart of an alarm; the journal writes it in the transaction of the event that changed
// it.
struct alarm_record {
    const char *room, *alarm; // NULL room: this event changes no alarm
    uint8_t state;            // enum alarm_state of gateway/core/alarm.h
    uint8_t condition;        // 1: the condition held
    uint64_t occurrence;      // counts this alarm's raises; an acknowledgement names one
    uint64_t since_boottime_ns;
    int64_t since_wall_ms;
};

struct event {
    enum event_type type;
    enum event_class class;
    enum clock_quality clock;
    uint64_t boottime_ns; // when it happened
    int64_t wall_ms;      // the wall clock then
    const char *room;     // NULL: an event of the gateway itself
    const char *item; // point, rule or output; with the room it is the line's subject. NULL: the room alone
    char actor[ACTOR_SIZE]; // empty: nobody asked
    unsigned n_values;
    struct event_value values[EVENT_VALUES];
    struct alarm_record record;
};

// Whether an event belongs to the regulator's feed: fire and all that could hide fire (troubles, starts,
// stops, lost events). One function, so that journal, uplink and reports can't disagree.
bool event_in_feed(enum event_type type, enum event_class class);

// Add a value; beyond EVENT_VALUES it is dropped (a defect that the unit tests look for). No allocation.
void event_add_number(struct event *event, enum event_field field, int64_t number);
void event_add_word(struct event *event, enum event_field field, const char *word);

#endif
