// An event as data: what the core decides happened, before the journal gives it numbers and bytes.
// Plain values and pointers to strings that live as long as the process (tables, configuration): copying is
// memcpy, and the alarm path makes events without allocating. journal/line.h turns one into the line that
// everybody reads.
#ifndef CAREROOM_COMMON_EVENT_H
#define CAREROOM_COMMON_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/common/clock.h"
#include "gateway/common/person.h"

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
    EVENT_ALARM_SILENCED,   // the sounders of a room rest; data.until
    EVENT_ALARM_RESOUNDED,  // they no longer do; data.reason: expired, new-alarm, ended
    EVENT_ALARM_SHELVED,    // data.until
    EVENT_ALARM_UNSHELVED,  // data.reason: expired, ended
    EVENT_ALARM_SUPPRESSED, // data.reason: what suppresses it; isolated: its point is, and the state says so
    EVENT_ALARM_RELEASED,   // suppressed no longer; data.reason reinstated: its point is in service again
    EVENT_ALARM_ESCALATED,  // nobody has answered for too long
    EVENT_POINT_TROUBLE,
    EVENT_POINT_RESTORED,
    EVENT_POINT_ISOLATED,   // data.until
    EVENT_POINT_REINSTATED, // data.reason: expired, ended
    EVENT_POINT_CHATTERING, // held: its changes are counted, not told
    EVENT_POINT_SETTLED,    // data.changes: how many there were
    EVENT_DOOR_OPENED,
    EVENT_DOOR_CLOSED,
    EVENT_ACCESS_PRESENTED, // a card was read; who it belongs to is not recorded here
    EVENT_ATTENDANCE_ARRIVED,
    EVENT_ATTENDANCE_LEFT,      // data.reason: moved, where it was into another room of the house
    EVENT_ATTENDANCE_CORRECTED, // by a person; data.direction
    EVENT_EVACUATION_STARTED,   // the roll-call is frozen: data.children, data.staff, data.guardians
    EVENT_EVACUATION_MARKED,
    EVENT_EVACUATION_ENDED, // counts and seconds; no person
    EVENT_DRILL_STARTED,
    EVENT_DRILL_ENDED, // counts and seconds; data.reason: ended, expired, fire
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
    FIELD_CHANGES,     // changes: of a chattering point
    FIELD_CHILDREN,    // children: how many
    FIELD_CO2_PPM,     // co2_ppm
    FIELD_COMMAND,     // command
    FIELD_CORRECTION,  // correction_ppm: by how much a sensor's readings change from now on
    FIELD_DIRECTION,   // direction: in, out
    FIELD_DURATION_S,  // duration_s
    FIELD_EVACUATED_S, // evacuated_s: until the last one on the roll was marked safe; only where all were
    FIELD_FIRST_OUT,   // firstout: 1 where nothing else stood
    FIELD_GUARDIANS,   // guardians: how many
    FIELD_KIND,        // kind: child, staff, guardian
    FIELD_LOST,        // lost: events that the ring could not hold
    FIELD_LOST_CLASS,  // lostclass
    FIELD_MARK,        // mark: safe, missing
    FIELD_MEAN,        // mean: over the rule's window, in the unit of the threshold beside it
    FIELD_MISSING,     // missing: how many
    FIELD_NOTE,        // note: commitment to a free text, see struct event_note
    FIELD_OCCURRENCE,  // occurrence
    FIELD_OFFSET_MS,   // offset_ms: how far the wall clock was moved
    FIELD_OTHER,       // other: what the second of two sensors says, in the unit of the value beside it
    FIELD_PERSON,      // person: a pseudonym; event.person
    FIELD_PM10_NGM3,   // pm10_ngm3
    FIELD_PM1_NGM3,    // pm1_ngm3
    FIELD_PM25_NGM3,   // pm25_ngm3
    FIELD_PRESSURE_PA, // pressure_pa
    FIELD_REASON,      // reason: a code, never free text
    FIELD_RH_MPCT,     // rh_mpct
    FIELD_RISE,        // rise: by how much it has risen or fallen, in the unit of the value beside it
    FIELD_ROLE,        // role: smoke, door, …
    FIELD_SAFE,        // safe: how many
    FIELD_SEVERITY,    // severity
    FIELD_STAFF,       // staff: how many
    FIELD_STATE,       // state: the alarm's state after this event
    FIELD_TEMP_MC,     // temp_mc
    FIELD_THRESHOLD,   // threshold, in the unit of the value beside it
    FIELD_UNMARKED,    // unmarked: how many
    FIELD_UNTIL_MS,    // until_ms: wall clock, milliseconds since 1970
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

#define EVENT_VALUES   12
#define ACTOR_SIZE     48
#define NOTE_SIZE      161
#define NOTE_SALT_SIZE 16

// Free text of a person. It never stands in a line: the journal keeps it in a table of its own, from which it
// can be erased, and the line holds "note", the SHA-256 of salt and text.
struct event_note {
    unsigned char salt[NOTE_SALT_SIZE]; // random, from whoever takes the text in
    char text[NOTE_SIZE];               // UTF-8; empty: none
};

// What a row of the journal's state table is about.
enum record_kind {
    RECORD_ALARM,      // item: the alarm
    RECORD_SILENCE,    // of the room; item is empty
    RECORD_ISOLATION,  // item: the point. condition: it is isolated; state, occurrence, since: of the alarm
                       // that shows it (kind ISOLATED), which has no other record
    RECORD_DELAY,      // item: the alarm whose on-delay or off-delay runs
    RECORD_FLOOR,      // item: the sensor whose nights are counted
    RECORD_DRILL,      // of the room; item is empty
    RECORD_EVACUATION, // of the room; item is empty
    RECORD_PERSON,     // item: the pseudonym; NULL in an event, which has it as event.person
    RECORD_KIND_COUNT
};
extern const char *const record_kind_names[RECORD_KIND_COUNT]; // "alarm", "silence", …

// What must survive a restart; the journal writes it in the transaction of the event that changed it. One row
// for each kind, room and item: a later one replaces it. state 0 (normal, ended) may be forgotten.
struct state_record {
    enum record_kind kind;
    const char *room, *item; // NULL room: nothing is to be written
    uint8_t state;           // RECORD_ALARM: enum alarm_state of gateway/core/alarm.h; others: their own
    uint8_t condition;       // 1: the condition held
    uint64_t occurrence;     // counts this alarm's raises; an acknowledgement names one
    uint64_t since_boottime_ns;
    int64_t since_wall_ms;
    uint64_t until_boottime_ns; // 0: no end, or, of a record that is read back, an end in another boot
    int64_t until_wall_ms;      // 0: no end, or the wall clock was not to be trusted
    int64_t rest_ns;            // what remains of a delay, or of a time asked for
    int64_t number[2];          // the kind's own
};

struct event {
    enum event_type type;
    enum event_class class;
    enum clock_quality clock;
    uint64_t boottime_ns; // when it happened
    int64_t wall_ms;      // the wall clock then
    const char *room;     // NULL: an event of the gateway itself
    const char *item; // point, rule or output; with the room it is the line's subject. NULL: the room alone
    char actor[ACTOR_SIZE];      // empty: nobody asked
    char person[PSEUDONYM_SIZE]; // whom it is about; empty: nobody
    struct event_note note;
    unsigned n_values;
    struct event_value values[EVENT_VALUES];
    struct state_record record;
};

// Whether an event belongs to the regulator's feed: fire and all that could hide fire (troubles, starts,
// stops, lost events). One function, so that journal, uplink and reports can't disagree.
bool event_in_feed(enum event_type type, enum event_class class);

// Add a value; beyond EVENT_VALUES it is dropped (a defect that the unit tests look for). No allocation.
void event_add_number(struct event *event, enum event_field field, int64_t number);
void event_add_word(struct event *event, enum event_field field, const char *word);

#endif
