// The core's own memory and the seams between its files. Nobody outside gateway/core includes this.
#ifndef CAREROOM_CORE_INSIDE_H
#define CAREROOM_CORE_INSIDE_H

#include "gateway/core/core.h"
#include "gateway/core/floor.h"

// Ends a list; all lists are indices, so that the memory could be moved.
#define NO_INDEX SIZE_MAX

// Where a threshold's on-delay is.
enum delay {
    DELAY_IDLE,    // the last reading was not beyond the threshold
    DELAY_RUNNING, // until ends_ns
    DELAY_HELD,    // the point is not trusted: rest_ns remain, and go on with the next reading beyond the
                   // threshold
    DELAY_OVER     // has run out; the alarm is to be raised
};

struct alarm_cell {
    enum alarm_state state;
    bool met; // the rule's condition holds, after its delays; judge.c alone writes it, life.c follows it
    enum delay delay;
    uint64_t ends_ns, rest_ns; // see enum delay
    uint64_t occurrence;
    uint64_t since_ns;
    int64_t since_wall_ms;
    size_t next_of_point, next_in_room;
};

struct point_cell {
    bool known;
    enum trouble told;    // by the bus worker; TROUBLE_STALE: found out here
    uint32_t implausible; // QUANTITY_BIT() of those whose last reading was outside what a room can be
    uint32_t has;         // QUANTITY_BIT() of those that have reported
    int32_t value[QUANTITY_COUNT];
    uint64_t at_ns; // of the last good reading; before the first: of the start
    uint64_t
        deadline_ns;    // when time alone changes something here; 0: something waits for room in the actions
    struct floor floor; // of its CO2
    size_t first_alarm, next_in_room;
};

// What the standing alarms of a room ask of its outputs.
struct demand {
    bool fire;      // an alarm of the fire class stands
    bool sound;     // somebody must come
    bool warn;      // an alarm of at least an advisory stands, and is about the room rather than a sensor
    bool stands;    // an alarm stands, be it a trouble
    bool ventilate; // the condition of a CO2 rule holds
};

// Rooms, and after the last of them the gateway itself.
struct room_cell {
    uint64_t deadline_ns; // the soonest of its points'
    bool changed;         // its outputs are to be worked out anew
    struct demand demand;
    size_t first_point, first_alarm, first_output;
};

struct output_cell {
    enum core_pattern pattern; // as last told to the caller
    size_t next_in_room;
};

struct core {
    const struct core_plan *plan;
    struct alarm_cell *alarms;
    struct point_cell *points;
    struct room_cell *rooms;
    struct output_cell *outputs;
    bool changed;         // at least one room has changed
    bool fire;            // fire stands somewhere in the building
    bool gateway_trouble; // the gateway itself is in trouble
};

// One call of core_step().
struct step {
    struct core *core;
    const struct core_now *now;
    struct core_actions *actions;
};

// ---- points.c: what is known of a point, and what time does to it

void points_begin(struct core *core, uint64_t now_ns); // the silence of points that never report starts here
void point_carry_trouble(struct core *core,
                         size_t point); // it was in trouble before a restart: not known to be well
void point_reading(struct step *step, const struct core_input *input);
void point_trouble(struct step *step, const struct core_input *input);
void point_card(struct step *step, const struct core_input *input);
void points_tick(struct step *step);

// The trouble that people see.
enum trouble point_trouble_now(const struct point_cell *point);
// Whether the last value of this quantity may still be believed.
bool point_trusted(const struct point_cell *point, enum quantity quantity);

// ---- judge.c: from points to alarms

// Bring the alarms of a point in line with what is known of it. Idempotent. False: the events are full, call
// again.
bool judge_point(struct step *step, size_t point);

// Start, continue or cancel the on-delays of a point on a fresh reading.
void judge_delays(struct step *step, size_t point, enum quantity quantity);
// Stop the clock of running on-delays at at_ns, for the quantities in the set.
void judge_hold(struct core *core, size_t point, uint64_t at_ns, uint32_t set);
// Mark the on-delays that have run out by until_ns.
void judge_elapsed(struct core *core, size_t point, uint64_t until_ns);

// ---- life.c: from conditions, shelves, suppressions and isolations to states

// Bring an alarm's state in line with all that asks for one. Idempotent. False: the events are full, call
// again (actions.more is set).
bool life_follow(struct step *step, size_t alarm);

// ---- answers.c: what people ask

enum core_answer answer_acknowledge(struct step *step, const struct core_input *input);
enum core_answer answer_reset(struct step *step, const struct core_input *input);

// ---- changes.c: an alarm takes a step, and the event that tells it

bool changes_full(const struct step *step); // no room for another event

// Take the table's step. Does nothing where the table has no entry. `asked`: the input of a person, else
// NULL.
void change_alarm(struct step *step, size_t alarm, enum alarm_cause cause, const struct core_input *asked);
// Something happened at a point that is no alarm. NULL where the events are full.
struct event *change_event(struct step *step, enum event_type type, enum event_class class, const char *room,
                           const char *item);
// An acknowledgement or reset was refused.
void change_refused(struct step *step, const struct core_input *asked, enum core_answer answer);

// ---- follow.c: from alarms to outputs

void follow_outputs(struct step *step);

#endif
