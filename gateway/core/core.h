// The pure core: (state, input, now) -> actions. It decides; the guard acts. It has no clock, no file, no
// allocation and no thread: now is an argument (CLOCK_BOOTTIME, nanoseconds, never going back), memory is the
// caller's. `nm -u` of these objects names only memcpy, memmove, memset and memcmp; the build checks it.
#ifndef CAREROOM_CORE_CORE_H
#define CAREROOM_CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/config.h"
#include "gateway/common/event.h"
#include "gateway/common/quantity.h"
#include "gateway/core/alarm.h"

// ---- The plan: what is to be guarded. Made once by the caller from the configuration; read only; outlives
// the core.

struct core_point {
    const char *room, *id;  // static for the life of the core; room "gateway": the journal's disk, the uplink
    const char *trouble_id; // "air.trouble": the id of its trouble alarm below the room
    size_t room_index;      // n_rooms for the gateway's own points
    bool contact; // a contact: readings are QUANTITY_CONTACT and never go stale (edges may be years apart)
    enum contact_role role; // contacts only
    uint64_t stale_ns;      // polled points: a value older than this is no value
    uint64_t warm_up_ns;    // polled points: what the first value may take longer
};

enum core_alarm_kind {
    CORE_ALARM_CONTACT,     // a contact with a role is its own implicit rule; with an on-delay: a door that
                            // is open for too long
    CORE_ALARM_THRESHOLD,   // the last value against a limit
    CORE_ALARM_MEAN,        // the rolling mean over the window against a limit
    CORE_ALARM_RISE,        // how far the value has risen (above) or fallen within the window
    CORE_ALARM_UNCHANGED,   // the same value for the whole window: a sensor that is stuck
    CORE_ALARM_APART,       // two points in one room that should measure the same
    CORE_ALARM_COMBINATION, // at_least of its members hold
    CORE_ALARM_CONFIRM,     // at_least of its members, which are detectors, stand: fire; one alone, and
                            // nobody answers for prealarm_ns: fire too
    CORE_ALARM_TROUBLE,     // the point itself can't be trusted
    CORE_ALARM_FLOOR,    // its CO2 sensor has drifted, by the air of the night (floor.h); it is still trusted
    CORE_ALARM_ISOLATED, // the point was taken out of service by a person, until an end
    CORE_ALARM_KIND_COUNT
};

// How a condition is judged. What can be seen speaks for it (beyond), against it (back) or neither (between,
// the deadband); or nothing can be said (unknown: never taken for normal, nor for an alarm). With threshold T
// and deadband D, above (below: mirrored):
//
//     CONTACT      active: beyond, whatever its trouble. Inactive and trusted: back. Else unknown.
//     THRESHOLD    last value: beyond > T, back <= T - D.
//     MEAN         mean of the window as THRESHOLD. The window: the last window_ns / 60 s whole minutes of
//                  boottime before the one under way; its mean: the mean of the minutes' means, each rounded
//                  to the nearest, whatever the number of their values. Fewer than 75 % of the minutes with a
//                  value: unknown. It moves with the first value of each minute.
//     RISE         last value less the lowest of the window's minutes (below: the highest less the last
//                  value): beyond >= T; back <= T - D and < T. Fewer than two minutes with a value: unknown.
//     UNCHANGED    beyond: at least 10 values in a row were equal, and the last came at least window_ns after
//                  the first. Back: the last value differs from the one before, or is equal to one that did.
//                  A time in which the point is not trusted begins the row anew.
//     APART        difference of the last values, without its sign, as THRESHOLD above; both must be trusted.
//     COMBINATION  of the members at_least hold: beyond; could hold if the unknown ones did: unknown; else
//                  back. An alarm holds while its condition does, is unknown where its own is unknown and
//                  does not hold, and does not hold out of service. A contact: beyond holds, unknown is.
//     CONFIRM      none of the members stands: back. At least min(at_least, members that are neither in
//                  trouble nor out of service) stand: beyond, at once. Else between; and once a member has
//                  been unacknowledged without a break for prealarm_ns (0: at once): beyond. A member that
//                  clears and is raised again unanswered does not begin that time anew. No on-delay.
//     TROUBLE      the point is in trouble: beyond; else back.
//     FLOOR        floor.h.
//
// A point that has not reported, or is not trusted, makes THRESHOLD to APART unknown. A condition becomes
// true when beyond was seen without a break for on_delay_ns, and false when back was for off_delay_ns; at
// the very end of a delay it has run out, whatever comes at that moment. Unknown holds a delay that runs:
// what remains of it goes on with the next value of its own that speaks for the change (kinds without
// values: as soon as one does). Anything else stops it.
//
// A condition that changed CHATTER_CHANGES times within CHATTER_NS (chatter.h; ends included; the delays are
// behind it, so that it is alarms that are counted) chatters: it is held true, and goes on being judged
// beneath, until nothing has changed for CHATTER_NS. So are the contacts of doors and windows, whose openings
// are then counted, not told. A restart forgets what was counted.

// What a combination, a confirmation or a suppression looks at: an alarm of the plan that comes before, or a
// contact. Those of a combination or a confirmation are of its own room, and an alarm is in its point's.
struct core_member {
    bool contact; // index is in plan.points; false: in plan.alarms
    size_t index;
};

struct core_alarm {
    const char *room, *id; // id below the room: "smoke-1", "co2-high", "air.trouble", "air.floor"
    size_t room_index;
    enum core_alarm_kind kind;
    size_t point; // but of COMBINATION and CONFIRM, which have none
    enum severity severity;
    enum event_class class;
    enum alarm_ending ending;
    uint64_t on_delay_ns, off_delay_ns; // fire from a contact has none
    enum quantity quantity;             // of kinds that look at values; both points of APART measure it
    bool above;
    int32_t threshold, deadband;              // RISE, APART: a difference
    uint64_t window_ns;                       // MEAN, RISE, UNCHANGED: from one minute to 24 h
    size_t other_point;                       // APART
    size_t first_member, n_members, at_least; // COMBINATION, CONFIRM: of plan.members
    uint64_t prealarm_ns;                     // CONFIRM
    size_t first_suppressor, n_suppressors;   // of plan.members, in the alarm's room: while one holds (a
                                              // contact is active and trusted, a rule is met; in service),
                                              // the alarm is suppressed; never one of class fire
    bool not_in_fire; // suppressed while fire stands in the building: doors that were released
    bool confirmed;   // CONTACT, a member of a CONFIRM: its raise alone is a pre-alarm
};

struct core_room {
    enum room_type type; // in a room where children sleep, all but fire begins with the beacon
};

struct core_output {
    const char *room, *id;
    size_t room_index;
    enum output_role role;
    uint64_t min_run_ns; // ventilation: once on, it stays on for so long (fire ends it at once)
};

struct core_plan {
    const struct core_point *points;
    size_t n_points;
    const struct core_alarm *alarms; // in any order; every point has exactly one CORE_ALARM_TROUBLE
    size_t n_alarms;
    const struct core_output *outputs;
    size_t n_outputs;
    const struct core_room *rooms; // n_rooms; NULL: all are for playing
    size_t n_rooms;
    const struct core_member *members;
    size_t n_members;
};

// ---- Inputs

// Whether it is between one and five in the morning where the rooms are.
enum night {
    NIGHT_UNKNOWN, // the wall clock is not to be trusted
    NIGHT_NO,
    NIGHT_YES
};

// Time, handed in. Decisions use boottime alone; the wall clock only goes into the events, for people. Night
// serves the advice of CORE_ALARM_FLOOR and nothing else.
struct core_now {
    uint64_t boottime_ns; // never goes back
    int64_t wall_ms;
    enum clock_quality clock;
    enum night night;
};

// Why a point can't be trusted. Told by the bus worker (all but STALE, which the core works out from now).
enum trouble {
    TROUBLE_NONE,
    TROUBLE_NO_ANSWER,   // the device does not acknowledge
    TROUBLE_BAD_CRC,     // answers arrive damaged
    TROUBLE_TIMED_OUT,   // the bus or the device hangs
    TROUBLE_STUCK,       // answers, but never with a new value
    TROUBLE_IMPLAUSIBLE, // outside what a room can be
    TROUBLE_GONE,        // the adapter or chip has disappeared
    TROUBLE_UNREADABLE,  // a card reader sends frames that are none
    TROUBLE_STORAGE,     // the journal's disk
    TROUBLE_UPLINK,      // the broker refuses what must be delivered
    TROUBLE_STALE,       // no value for too long
    TROUBLE_WRONG_PART,  // another part answers
    TROUBLE_BROKEN,      // the part says itself that it is broken
    TROUBLE_OPEN,        // a supervised loop is cut
    TROUBLE_SHORT,       // it is shorted
    TROUBLE_DAMAGED,     // it is neither at rest nor in alarm
    TROUBLE_NO_SOUND,    // the sound card or a phrase is missing
    TROUBLE_NO_FEEDBACK, // a supervised output does not do as it is told
    TROUBLE_COUNT
};
extern const char *const trouble_names[TROUBLE_COUNT]; // "no-answer", "bad-crc", …

// What staff say of a person on the roll-call.
enum roll_mark { ROLL_UNMARKED, ROLL_SAFE, ROLL_MISSING, ROLL_MARK_COUNT };
extern const char *const roll_mark_names[ROLL_MARK_COUNT]; // "unmarked", "safe", "missing"

enum core_input_kind {
    CORE_INPUT_READING, // point, quantity, value: a fresh value, read at now
    CORE_INPUT_TROUBLE, // point, trouble: three polls in a row failed, or TROUBLE_NONE: it works again
    CORE_INPUT_CARD,    // point (the reader), value: bits of the frame
    CORE_INPUT_TICK,    // nothing but now; delays and staleness are judged
    CORE_INPUT_ACK,     // alarm, occurrence (0: the standing one), actor, remote
    CORE_INPUT_RESET,   // alarm, occurrence (0: the standing one), actor, remote
    CORE_INPUT_SILENCE, // room (n_rooms: those where something sounds), for_ns (0: end it), actor, remote:
                        // the sounders rest, beacons go on; it is no acknowledgement. It ends by itself, by a
                        // person, by a new occurrence in the room of an alarm that sounds (warning or
                        // graver), and everywhere by a new occurrence of one of class fire. Asked again, it
                        // counts from then on. Before the sound (rooms for sleeping) it may be asked for,
                        // too; of a drill alone it is refused.
    CORE_INPUT_SHELVE,  // alarm, for_ns (0: unshelve), actor, remote, note. Asked again, it has another end,
                        // which counts from then on
    CORE_INPUT_ISOLATE, // point, for_ns (0: reinstate), actor, remote, note; asked again, the same. All
                        // alarms of the point go out of service, but one that latches and stands, whose
                        // condition counts as gone
    CORE_INPUT_DRILL,   // room (n_rooms: all), for_ns (0: stop), actor, remote: freezes the roll-call there.
                        // It ends by itself, by a person, and at once by fire. One at a time.
    CORE_INPUT_PRESENCE, // person, person_kind, room, present or toggle, point (the reader; SIZE_MAX: a
                         // correction by a person, with actor, remote, note). Who comes into a room has left
                         // the one before.
    CORE_INPUT_MARK,     // person, mark, actor, remote: of the roll-call that this person is on;
                         // room: the one that a refusal names (n_rooms: none)
    CORE_INPUT_KIND_COUNT
};

struct core_input {
    enum core_input_kind kind;
    size_t point; // index in plan.points
    size_t alarm; // index in plan.alarms
    enum quantity quantity;
    int32_t value;
    enum trouble trouble;
    uint64_t occurrence;
    size_t room;        // index; plan.n_rooms: every room
    const char *person; // pseudonym; good during the call only
    enum person_kind person_kind;
    bool present; // PRESENCE: has come in; false: has left
    bool toggle;  // PRESENCE, a reader for both ways: has left where in this room, else has come in
    enum roll_mark mark;
    uint64_t for_ns;               // for how long
    bool remote;                   // asked from beyond the room: never acknowledges, silences or resets fire
    const char *actor;             // who asked; good during the call only
    const struct event_note *note; // why, in their words; NULL: none; good during the call only
};

// ---- Actions

enum core_pattern {
    PATTERN_OFF,
    PATTERN_ON,
    PATTERN_TROUBLE,
    PATTERN_WARNING,
    PATTERN_CRITICAL, // somebody must come: pre-alarm of fire, gas, help
    PATTERN_DRILL,
    PATTERN_EVACUATE, // ISO 8201, kept for fire alone
    PATTERN_COUNT
};
extern const char *const core_pattern_names[PATTERN_COUNT]; // "off", "on", "trouble", "warning", …

// What became of an ACK or RESET.
enum core_answer {
    CORE_ANSWER_DONE,
    CORE_ANSWER_NOT_STANDING,     // the alarm does not stand
    CORE_ANSWER_OTHER_OCCURRENCE, // the occurrence named is not the one that stands
    CORE_ANSWER_ALREADY,          // acknowledged before
    CORE_ANSWER_STILL_TRUE,       // reset refused: the condition still holds
    CORE_ANSWER_UNACKNOWLEDGED,   // reset refused: acknowledge first
    CORE_ANSWER_NOT_LATCHED,      // reset is for latching alarms
    CORE_ANSWER_REMOTE_FIRE,      // refused: fire is answered in the room
    CORE_ANSWER_LATCHES,          // shelve refused: fire, gas, carbon monoxide, help; and troubles of fire
    CORE_ANSWER_NOT_SHELVED,      // unshelve refused
    CORE_ANSWER_SET_ASIDE,        // refused: it is suppressed or out of service
    CORE_ANSWER_TOO_LONG,         // for_ns is beyond what may be asked
    CORE_ANSWER_NOTHING_SOUNDS,   // silence refused
    CORE_ANSWER_NOT_SILENCED,     // the end of a silence refused
    CORE_ANSWER_STANDS,           // isolate refused: acknowledge the point's alarm first
    CORE_ANSWER_NOT_ISOLATED,     // reinstate refused
    CORE_ANSWER_NO_POINT,         // isolate refused: the gateway's own points guard nothing that can wait
    CORE_ANSWER_FIRE,             // drill refused: fire stands
    CORE_ANSWER_NO_DRILL,         // there is no drill, no roll-call
    CORE_ANSWER_NOT_ON_ROLL,      // mark refused: this person was not in the house
    CORE_ANSWER_FULL,             // no room for another person
    CORE_ANSWER_DRILL_RUNS,       // drill refused: there is one already, in this or another room
    CORE_ANSWER_COUNT
};
extern const char *const core_answer_words[CORE_ANSWER_COUNT];     // reason codes, "not-standing", …
extern const char *const core_answer_sentences[CORE_ANSWER_COUNT]; // for people: what is wrong and what to do

struct core_output_action {
    size_t output; // index in plan.outputs
    enum core_pattern pattern;
};

// How long people may ask for.
#define CORE_SILENCE_MAX_NS      (30 * 60 * NS_PER_S)
#define CORE_SILENCE_FIRE_MAX_NS (5 * 60 * NS_PER_S)
#define CORE_SHELVE_MAX_NS       (24 * 3600 * NS_PER_S)
#define CORE_ISOLATE_MAX_NS      (7 * 24 * 3600 * NS_PER_S)
#define CORE_DRILL_MAX_NS        (2 * 3600 * NS_PER_S)

// How many people the core knows at a time: those in the house, and those on a roll-call.
#define CORE_PEOPLE 512

// Filled by core_step(): outputs first, events second, in the order in which they are to be carried out.
// What does not fit sets `more` and goes on at the next call, a tick (the caller calls again at once with the
// same now).
#define CORE_MAX_OUTPUTS 64
#define CORE_MAX_EVENTS  16
struct core_actions {
    size_t n_outputs;
    struct core_output_action outputs[CORE_MAX_OUTPUTS];
    size_t n_events;
    struct event events[CORE_MAX_EVENTS];
    enum core_answer answer;
    bool more;
};

// ---- The core itself

struct core; // lives in memory of the caller

// Bytes and alignment (16) that core_init() needs for this plan. Pure.
size_t core_size(const struct core_plan *plan);

// Make a core in `memory` (core_size() bytes, 16-aligned). Every point is unknown, every alarm normal.
// `now` starts the staleness of points that never report. The plan must outlive the core. Never fails.
struct core *core_init(void *memory, const struct core_plan *plan, const struct core_now *now);

// Bring back one record of the journal's state table, before the first step, in any order. Names not in the
// plan are ignored (false). Latched alarms, acknowledgements, shelves, isolations, silences, the hysteresis
// of a standing condition, what remains of an on-delay, nights of a floor, roll-calls come back; outputs
// follow at the next step. Where `now` does not know the time (the clock is not set, and the record is of
// another boot), silences, shelves and drills end, and isolations stay for as long as they were asked for.
bool core_restore(struct core *core, const struct state_record *record, const struct core_now *now);

// Give MEAN and RISE a minute of before the restart, which began `ago_ns` before now, from the journal's
// telemetry; before the first step. Minutes that are not given are empty.
void core_restore_minute(struct core *core, size_t point, enum quantity quantity, uint64_t ago_ns,
                         int32_t mean, uint32_t samples, const struct core_now *now);

// Every record that changed since the last call and belongs to no event (delays in progress, nights of a
// floor): the caller writes them once a minute and at stop. Never blocks.
typedef void (*core_record_fn)(const struct state_record *record, void *user);
void core_save(struct core *core, const struct core_now *now, core_record_fn each, void *user);

// The decision. Never blocks, never allocates; bounded by the alarms, members and points of the room for an
// input, of the plan for a tick, once more for each delay or value that ran out there since the last call.
// *ret_actions is overwritten as a whole.
void core_step(struct core *core, const struct core_input *input, const struct core_now *now,
               struct core_actions *ret_actions);

// When the core wants a CORE_INPUT_TICK at the latest: the next on-delay or staleness to run out; UINT64_MAX:
// never.
uint64_t core_deadline_ns(const struct core *core);

// ---- What can be looked at (status, alarms); plain copies, any caller that holds the core still

struct core_point_view {
    bool known;                 // has reported since start
    uint64_t isolated_until_ns; // 0: in service
    bool chattering;            // held until it is quiet
    enum trouble trouble;       // TROUBLE_NONE: trusted
    uint64_t at_ns;             // boottime of the last reading
    bool has[QUANTITY_COUNT];
    int32_t value[QUANTITY_COUNT];
};
struct core_alarm_view {
    enum alarm_state state;
    bool condition; // the rule's condition holds, be the alarm set aside or not
    uint64_t occurrence;
    uint64_t since_ns; // boottime of the raise; 0 where it was raised in an earlier boot
    int64_t since_wall_ms;
    uint64_t until_ns; // SHELVED: its end
    bool first_out;    // it stands, and was raised when nothing else of at least a warning did
};
struct core_room_view {
    uint64_t silent_until_ns; // 0: not silenced
    uint64_t drill_since_ns;  // 0: no drill
};
void core_view_point(const struct core *core, size_t point, struct core_point_view *ret_view);
void core_view_alarm(const struct core *core, size_t alarm, struct core_alarm_view *ret_view);
void core_view_room(const struct core *core, size_t room, struct core_room_view *ret_view);
enum core_pattern core_view_output(const struct core *core, size_t output);

// What a room's roll-call is of.
enum core_roll { CORE_ROLL_NONE, CORE_ROLL_DRILL, CORE_ROLL_FIRE, CORE_ROLL_COUNT };
extern const char *const core_roll_names[CORE_ROLL_COUNT]; // "none", "drill", "fire"

// Who is on a roll: the kinds add up to what the marks add up to.
struct core_roll_count {
    unsigned kinds[PERSON_KIND_COUNT];
    unsigned marks[ROLL_MARK_COUNT];
};
struct core_roll_view {
    enum core_roll of;
    uint64_t since_ns; // boottime of the start; of an earlier boot: of this one's
    uint64_t until_ns; // of a drill
    struct core_roll_count count;
};
struct core_person_view {
    char pseudonym[PSEUDONYM_SIZE];
    enum person_kind kind;
    size_t room;           // SIZE_MAX: not in the house
    uint64_t since_ns;     // boottime; 0: since an earlier boot
    int64_t since_wall_ms; // in the room since then
    size_t roll_room;      // whose roll this person is on; SIZE_MAX: on none
    enum roll_mark mark;   // there
};
void core_view_roll(const struct core *core, size_t room, struct core_roll_view *ret_view);
// index < CORE_PEOPLE. False: nobody is there, *ret_view stays.
bool core_view_person(const struct core *core, size_t index, struct core_person_view *ret_view);

#endif
