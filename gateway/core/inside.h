// The core's own memory and the seams between its files. Nobody outside gateway/core includes this.
#ifndef CAREROOM_CORE_INSIDE_H
#define CAREROOM_CORE_INSIDE_H

#include "gateway/core/chatter.h"
#include "gateway/core/core.h"
#include "gateway/core/evacuation.h"
#include "gateway/core/floor.h"
#include "gateway/core/presence.h"
#include "gateway/core/window.h"

// Ends a list; all lists are indices, so that the memory could be moved.
#define NO_INDEX SIZE_MAX

// What can be seen speaks for a condition or against it. Between: it keeps what it is.
enum sign { SIGN_UNKNOWN, SIGN_BACK, SIGN_BETWEEN, SIGN_BEYOND };

// Where the on-delay of a condition that does not hold is, or the off-delay of one that does. It runs while
// the sign speaks for the change; a sign that does not stops it, and an unknown one holds it.
enum delay {
    DELAY_IDLE,
    DELAY_RUNNING, // until ends_ns
    DELAY_HELD     // nothing can be said: rest_ns remain, and go on with the next value that speaks for it
};

struct alarm_cell {
    enum alarm_state state;
    bool met; // the rule's condition holds, after its delays; judge.c alone writes it, life.c follows it
    // judge.c, delay.c, members.c
    bool beneath; // while it is held for chattering: what the condition is without that
    bool unknown; // when last judged, nothing could be said
    enum delay delay;
    bool off_delay;                     // which of the two
    uint64_t ends_ns, rest_ns;          // see enum delay
    uint64_t wake_ns;                   // when time alone changes something here
    bool unanswered;                    // member of a CONFIRM: is unacknowledged …
    uint64_t unanswered_ns, carried_ns; // … since then, and for so long before a restart
    bool saved;                         // the last record of its delay told one …
    uint64_t saved_rest_ns;             // … of which so much remained
    struct chatter chatter;
    struct steady steady; // UNCHANGED
    size_t window;        // MEAN, RISE: index in windows; others: NO_INDEX
    uint64_t occurrence;
    uint64_t since_ns;
    int64_t since_wall_ms;
    // life.c
    uint64_t until_ns;     // SHELVED: its end
    int64_t until_wall_ms; // the same by the wall clock; 0: that was not to be trusted
    uint64_t escalate_ns;  // when nobody will have answered for too long; 0: answered, or told
    bool escalated, first_out;
    size_t next_of_point, next_in_room, next_dependent; // dependent: looks beyond its own point
};

struct point_cell {
    bool known;
    enum trouble told;    // by the bus worker; TROUBLE_STALE: found out here
    uint32_t implausible; // QUANTITY_BIT() of those whose last reading was outside what a room can be
    uint32_t has;         // QUANTITY_BIT() of those that have reported
    int32_t value[QUANTITY_COUNT];
    uint64_t at_ns;          // of the last good reading; before the first: of the start
    int32_t told_door;       // doors and windows: the value that was told last
    struct chatter chatter;  // doors and windows
    uint64_t wake_ns;        // when time alone changes something here
    struct floor floor;      // of its CO2
    int32_t saved_night_ppm; // as the last record of its nights had it
    uint32_t saved_nights_apart;
    // isolation.c
    uint64_t isolated_until_ns;     // 0: in service
    int64_t isolated_until_wall_ms; // 0: the wall clock was not to be trusted
    bool isolation_moved;           // its end is another than its record says
    size_t first_alarm, next_in_room;
};

// What the standing alarms of a room ask of its outputs, before silence, drill and the rest of the building
// have their say; a set.
enum ask {
    ASK_LEAVE = 1 << 0,          // an alarm of the fire severity stands
    ASK_FIRE_CLASS = 1 << 1,     // an alarm of the fire class stands, be it a pre-alarm
    ASK_CRITICAL_SOUND = 1 << 2, // a critical alarm waits for an answer, and light alone has had its time
    ASK_WARNING_SOUND = 1 << 3,  // so does a warning whose condition holds
    ASK_SOUND_LATER = 1 << 4,    // one of these, and light alone still has its time
    ASK_CRITICAL_LIGHT = 1 << 5, // a critical alarm stands, answered or not
    ASK_WARNING_LIGHT = 1 << 6,  // so does an advisory or warning that is about the room rather than a sensor
    ASK_TROUBLE_LIGHT = 1 << 7,  // an alarm stands, be it a trouble
    ASK_AIR = 1 << 8,            // a rule for too much CO2 is met
    // Said of a room by the building:
    ASK_LEAVE_SOUND = 1 << 9, // as ASK_LEAVE, and the room is not silenced
    ASK_DRILL = 1 << 10
};

// What there is to tell of a room's silence.
enum silence_news {
    SILENCE_TOLD,
    SILENCE_BEGUN,
    SILENCE_EXPIRED,
    SILENCE_NEW_ALARM,
    SILENCE_ENDED, // by a person
    SILENCE_NEWS_COUNT
};

// Rooms, and after the last of them the gateway itself.
struct room_cell {
    uint64_t deadline_ns; // when time alone changes something in it; 0: it waits
    uint64_t wake_ns;     // the soonest of its points and alarms …
    bool wake_old;        // … once it is gathered anew: one that was the soonest is later now
    uint64_t passed_ns;   // it was judged as of then
    bool waits;           // for room in the actions
    uint64_t due_ns;      // when time alone changes what its outputs do
    uint64_t life_ns;     // when a shelf or an isolation ends, or an alarm has waited for too long
    bool stirred;         // it is to be judged anew before the step is over
    bool changed;         // its outputs are to be worked out anew
    uint32_t asks;        // enum ask
    uint64_t asks_due_ns; // when time alone changes them
    uint64_t awaited_ns;  // raise of the first alarm since when, without a break, one has asked for a sound;
                          // UINT64_MAX: none does
    uint64_t silent_until_ns; // 0: not silenced
    enum silence_news news;
    uint64_t drill_since_ns; // 0: no drill; whoever sets it sets `changed`, here and of the core, too
    struct roll roll;        // evacuation.c
    size_t first_point, first_alarm, first_output, first_dependent;
};

struct output_cell {
    enum core_pattern pattern; // as last told to the caller
    uint64_t since_ns;         // when it began
    size_t next_in_room;
};

struct core {
    const struct core_plan *plan;
    struct alarm_cell *alarms;
    struct point_cell *points;
    struct room_cell *rooms;
    struct output_cell *outputs;
    struct window *windows;
    bool changed;    // at least one room has changed
    bool fire;       // an alarm of the fire severity stands somewhere in the building: everybody leaves
    bool fire_class; // an alarm of the fire class does, be it a pre-alarm: no silence from beyond the room
    bool gateway_trouble;      // the gateway itself is in trouble
    bool stirred;              // at least one room is
    size_t n_fire, n_warning;  // standing alarms of the fire severity, and of at least a warning
    bool news;                 // a silence is to be told
    char silencer[ACTOR_SIZE]; // who asked for the silences that are to be told
    bool silencer_remote;
    // presence.c, evacuation.c
    struct person_cell *people; // CORE_PEOPLE
    uint64_t rolls;             // how often rolls were frozen; the number of the newest
    bool begun;                 // the first step has been taken: all is restored
    bool evacuating;            // fire has frozen the rolls
    bool roll_news;             // a start or an end is to be told
    char driller[ACTOR_SIZE];   // who asked for the drills, or their ends, that are to be told
    bool driller_remote;
};

// One call of core_step().
struct step {
    struct core *core;
    const struct core_now *now;
    struct core_actions *actions;
    const struct core_input *asked; // what a person asked of a point, and all its alarms follow; else NULL
};

// ---- points.c: what is known of a point, and what time does to it

void points_begin(struct core *core, uint64_t now_ns); // the silence of points that never report starts here
void point_carry_trouble(struct core *core,
                         size_t point); // it was in trouble before a restart: not known to be well
void point_reading(struct step *step, const struct core_input *input);
void point_trouble(struct step *step, const struct core_input *input);
void point_card(struct step *step, const struct core_input *input);
void points_tick(struct step *step);

// Let the time until now pass for a room, in the order in which its delays and values run out: what is
// decided does not hang on how late a tick was. Before anything that is asked of it.
void points_pass_time(struct step *step, size_t room);
// Judge a room anew: after anything that changes a state, an isolation or what suppresses, by something else
// than a reading. Alarms that look at others follow in the same call.
void points_settle(struct step *step, size_t room);

// The trouble that people see.
enum trouble point_trouble_now(const struct point_cell *point);
// Whether the last value of this quantity may still be believed.
bool point_trusted(const struct point_cell *point, enum quantity quantity);
bool point_chatters(const struct core *core, size_t point); // it, or an alarm of it
// Whether there is a value of it that may be believed.
bool point_has(const struct point_cell *point, enum quantity quantity);

// ---- judge.c: from what is known to conditions

struct reading {
    size_t point;
    enum quantity quantity;
};

// Judge the alarms of a room as of at_ns, in the order of the plan, so that members and suppressors come
// before what looks at them, and have their states follow. With a reading: it has just come, and only alarms
// of its point and dependent ones are judged. Idempotent. False: the events are full, call again without the
// reading.
bool judge_room(struct step *step, size_t room, uint64_t at_ns, const struct reading *reading);

// Write down when a point or an alarm of the room wants to be looked at.
static inline void room_wake(struct room_cell *room, uint64_t *slot_ns, uint64_t wake_ns)
{
    room->wake_old |= *slot_ns == room->wake_ns && wake_ns > *slot_ns;
    *slot_ns = wake_ns;
    room->wake_ns = wake_ns < room->wake_ns ? wake_ns : room->wake_ns;
}

enum sign judge_contact(const struct point_cell *point);
// RISE: by how much the value has risen or fallen. Only where its window has a filled minute.
int64_t judge_rise(const struct core *core, size_t alarm);

// COMBINATION and CONFIRM alone have no point.
static inline bool alarm_has_point(const struct core_alarm *alarm)
{
    return alarm->kind != CORE_ALARM_COMBINATION && alarm->kind != CORE_ALARM_CONFIRM;
}

// ---- members.c

enum sign members_combined(const struct core *core, size_t alarm);
// Back: none stands. Beyond: as many as are needed.
enum sign members_confirmed(const struct core *core, size_t alarm);
// Note since when members want an answer.
void members_watch(struct core *core, size_t alarm, uint64_t at_ns);
// True: one has waited for an answer for as long as it may. Else the delay runs until one will have.
bool members_prealarm(struct core *core, size_t alarm, uint64_t at_ns);

// ---- delay.c

uint64_t delay_later(uint64_t at_ns, uint64_t by_ns); // no further than UINT64_MAX
void delay_stop(struct alarm_cell *cell);
void delay_run_until(struct alarm_cell *cell, uint64_t ends_ns);
// Whether the delay has run out.
bool delay_over(const struct alarm_cell *cell, uint64_t at_ns);
// Start, continue, hold or stop the delay; fresh: a held one may go on. True: it is over.
bool delay_follow(const struct core_alarm *alarm, struct alarm_cell *cell, bool condition, enum sign sign,
                  uint64_t at_ns, bool fresh);

// ---- core.c

bool core_same_text(const char *a, const char *b);
// The plan names a room by its parts. NULL: it has none, or there is no such room.
const char *core_room_name(const struct core *core, size_t room);

// ---- save.c: what of this outlives a restart

void save_restore_delay(struct core *core, const struct state_record *record, size_t alarm);
bool save_restore_floor(struct core *core, const struct state_record *record);

// ---- life.c: from conditions, shelves, suppressions and isolations to states

// Bring an alarm's state in line with all that asks for one. Idempotent. False: the events are full, call
// again (actions.more is set).
bool life_follow(struct step *step, size_t alarm);

// Rooms where time alone has changed something; after the points.
void life_tick(struct step *step);
// Judge every stirred room anew, and have its alarms follow: last in a step, before the outputs.
void life_settle(struct step *step);
// An alarm of the room has changed, or what alarms of the room look at.
void life_stir(struct core *core, size_t room);

// An alarm takes a state: what hangs on the state alone is kept up with it. No event.
void life_enter(struct core *core, size_t alarm, enum alarm_state state);
// The same, where a condition that was not there has come: a new occurrence.
void life_raise(struct step *step, size_t alarm);

// What suppresses an alarm: the id of an alarm or a contact, "fire"; NULL: nothing does.
const char *life_suppressor(const struct core *core, size_t alarm);
bool life_of_fire(const struct core *core, size_t point); // a detector of fire, or a call point

void life_restore(struct core *core, size_t alarm, const struct state_record *record,
                  const struct core_now *now);
// What records of an alarm keep in number[0].
int64_t life_flags(const struct alarm_cell *cell);
// The end that a record tells, in this boot; rest_ns: what remains where only that can be said.
uint64_t life_restored_end(const struct state_record *record, const struct core_now *now, uint64_t rest_ns);
// An end, in milliseconds of the wall clock; 0: it can't be trusted.
int64_t life_wall_end(const struct core_now *now, uint64_t for_ns);

// ---- isolation.c: points out of service

enum core_answer isolation_answer(struct step *step, const struct core_input *input);
// End the isolations of a room whose time is over. False: the events are full, call again (actions.more is
// set).
bool isolation_pass_time(struct step *step, size_t room);
// The same of all rooms; before the points: an isolation that is over must not be raised by the end of its
// alarm's shelf.
void isolation_tick(struct step *step);
// Whether an alarm is out of service with its point.
bool isolation_covers(const struct core *core, size_t alarm);
// The row of the state table: of the point, and of its alarm of the kind CORE_ALARM_ISOLATED.
struct state_record isolation_record(const struct core *core, size_t point, const struct core_now *now);
bool isolation_restore(struct core *core, const struct state_record *record, const struct core_now *now);
void isolation_save(struct core *core, const struct core_now *now, core_record_fn each, void *user);

// ---- answers.c: what people ask

enum core_answer answer_acknowledge(struct step *step, const struct core_input *input);
enum core_answer answer_reset(struct step *step, const struct core_input *input);
enum core_answer answer_shelve(struct step *step, const struct core_input *input);

// ---- changes.c: an alarm takes a step, and the event that tells it

bool changes_full(const struct step *step); // no room for another event

// Take the table's step. Does nothing where the table has no entry. `asked`: the input of a person, else
// NULL.
void change_alarm(struct step *step, size_t alarm, enum alarm_cause cause, const struct core_input *asked);
// The same without the event, for what is told as something else.
void change_quietly(struct step *step, size_t alarm, enum alarm_cause cause);
// The event alone, for what is no step of the table: a shelf has another end.
void change_tell(struct step *step, size_t alarm, enum alarm_cause cause, const struct core_input *asked);
// Nobody has answered for too long.
void change_escalated(struct step *step, size_t alarm);
// Something happened at a point that is no alarm. NULL where the events are full.
struct event *change_event(struct step *step, enum event_type type, enum event_class class, const char *room,
                           const char *item);
// An alarm's id, occurrence, severity and state.
void change_add_alarm(struct event *event, const struct core *core, size_t alarm);
// Copies what fits of who asked into ACTOR_SIZE bytes, and never half a UTF-8 character.
void change_copy_actor(char *to, const char *from);
// Who asked, from where, and their note.
void change_asker(struct event *event, const struct core_input *asked);
// A chattering point, and its end, where that has not been told. `alarm`: the id of what chatters; NULL: the
// point itself. False: the events are full, call again (actions.more is set).
bool change_chatter(struct step *step, struct chatter *chatter, enum event_class class, const char *room,
                    const char *item, const char *alarm);
// What somebody asked about a room was refused. NULL room: about all of them.
void change_refused_in(struct step *step, const char *room, const char *command,
                       const struct core_input *asked, enum core_answer answer);
// What somebody asked was refused.
void change_refused(struct step *step, const struct core_input *asked, enum core_answer answer);

// ---- silence.c: the sounders of a room rest

// Rests now. The end of a silence counts from its time, not from the tick that tells it.
bool silence_rests(const struct room_cell *room, uint64_t now_ns);
// A new occurrence of an alarm: does it end silences, it does so at once; the events follow.
void silence_occurrence(struct core *core, size_t alarm);
enum core_answer silence_answer(struct step *step, const struct core_input *input);
// Those whose time is over.
void silence_tick(struct step *step);
// The events, as far as they fit; behind follow_outputs(), which knows whether fire stands.
void silence_tell(struct step *step);
// NO_INDEX: the record names no room of the plan.
bool silence_restore(struct core *core, size_t room, const struct state_record *record,
                     const struct core_now *now);

// ---- follow.c: from alarms to outputs

// A room's alarms, rules, silence or drill have changed.
void follow_note(struct core *core, size_t room);
// Mark the rooms whose outputs change by time alone.
void follow_tick(struct step *step);
void follow_outputs(struct step *step);

#endif
