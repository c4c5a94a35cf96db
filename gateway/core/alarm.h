// The life of one alarm: an explicit table of states and causes. Pure: no clock, no I/O, no allocation.
#ifndef CAREROOM_CORE_ALARM_H
#define CAREROOM_CORE_ALARM_H

#include <stdbool.h>
#include <stdint.h>

// After IEC 62682 (named, since the letters differ by edition).
enum alarm_state {
    ALARM_NORMAL,
    ALARM_UNACKNOWLEDGED,          // condition holds, nobody has answered
    ALARM_ACKNOWLEDGED,            // condition holds, somebody has answered
    ALARM_RETURNED_UNACKNOWLEDGED, // condition gone, nobody has answered
    ALARM_LATCHED_UNACKNOWLEDGED,  // condition gone, latching alarm, nobody has answered
    ALARM_LATCHED_ACKNOWLEDGED,    // condition gone, latching alarm, answered: waits for reset
    ALARM_SHELVED,                 // set aside by a person until an end; never one that latches
    ALARM_SUPPRESSED,              // of no meaning while something else holds, by design of the rules
    ALARM_OUT_OF_SERVICE,          // its point is isolated
    ALARM_STATE_COUNT
};
extern const char *const alarm_state_names[ALARM_STATE_COUNT]; // "unacknowledged", …

// What can happen to an alarm.
enum alarm_cause {
    ALARM_CONDITION_TRUE,
    ALARM_CONDITION_FALSE,
    ALARM_ACKNOWLEDGE,
    ALARM_RESET,
    ALARM_SHELVE,
    ALARM_UNSHELVE, // by a person, or its time is over
    ALARM_SUPPRESS,
    ALARM_RELEASE, // what suppressed it has gone
    ALARM_ISOLATE, // its point was taken out of service
    ALARM_REINSTATE,
    ALARM_CAUSE_COUNT
};

// How an alarm leaves when its condition has gone.
enum alarm_ending {
    ALARM_CLEARS_ITSELF, // troubles, advisories, warnings: nobody need come to tell the board that the air is
                         // good again
    ALARM_WANTS_ANSWER,  // critical: stands as returned-unacknowledged until somebody has seen it
    ALARM_LATCHES,       // fire, gas, carbon monoxide, help: stands until it is acknowledged and reset
    ALARM_ENDING_COUNT
};

// The state after `cause`; the same state where the table has no entry (nothing happens, or the cause is
// refused). A latching alarm leaves only by ALARM_RESET, and only acknowledged and with its condition gone;
// it is never shelved nor suppressed, and isolating its point takes it out of service only from normal: one
// that stands is acknowledged and reset first (an isolated point's condition counts as gone). Coming back
// from where it was set aside, an alarm is normal until it is judged: a condition that holds then is a new
// occurrence.
enum alarm_state alarm_next(enum alarm_state state, enum alarm_cause cause, enum alarm_ending ending);

// Whether the alarm stands (neither normal nor set aside), and whether it still asks for an answer.
bool alarm_standing(enum alarm_state state);
bool alarm_unacknowledged(enum alarm_state state);

// Whether the state is one in which the condition holds and counts.
bool alarm_condition(enum alarm_state state);

// Shelved, suppressed or out of service: the condition may hold, and nobody is told.
bool alarm_set_aside(enum alarm_state state);

#endif
