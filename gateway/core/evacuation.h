// Evacuation and drills: a roll-call is frozen, its people are marked, and it ends. Internal to the core.
//
// Fire freezes the rolls of all rooms at once, with the first alarm of the fire severity that stands, and
// ends them when none stands any more. A drill freezes the rolls of the rooms that it is in. Who comes later
// is on no roll; who leaves stays on it, since somebody must have seen that person outside.
#ifndef CAREROOM_CORE_EVACUATION_H
#define CAREROOM_CORE_EVACUATION_H

#include "gateway/core/core.h"

enum roll_ending { ROLL_ENDED, ROLL_EXPIRED, ROLL_FIRE, ROLL_ENDING_COUNT };

// What there is to tell of a roll-call that has ended.
struct roll_end {
    enum core_roll of; // CORE_ROLL_NONE: nothing
    enum roll_ending why;
    uint64_t number;
    struct core_roll_count count;
    bool timed;
    uint64_t took_ns, evacuated_ns;
};

struct roll {
    enum core_roll of;
    uint64_t number;               // of its freeze
    uint64_t since_ns;             // its start, or where this boot goes on with it …
    uint64_t before_ns;            // … and for how long it had run by then
    bool timed;                    // both are known
    int64_t since_wall_ms;         // 0: the wall clock was not to be trusted
    uint64_t until_ns;             // a drill's end; 0: none
    int64_t until_wall_ms;         // 0: the wall clock was not to be trusted
    bool begun;                    // its start is to be told
    struct core_roll_count frozen; // who was on it then
    struct roll_end ended;         // the one before it
};

struct core;
struct step;

enum core_answer evacuation_drill(struct step *step, const struct core_input *input);
enum core_answer evacuation_mark(struct step *step, const struct core_input *input);

// Drills whose time is over.
void evacuation_tick(struct step *step);
// Fire begins and ends roll-calls: behind all that alarms do in a step, before the outputs.
void evacuation_follow(struct step *step);
// The events, as far as they fit.
void evacuation_tell(struct step *step);

// NO_INDEX: the record names no room of the plan.
bool evacuation_restore(struct core *core, size_t room, const struct state_record *record,
                        const struct core_now *now);

#endif
