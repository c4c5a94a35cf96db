// The life of one alarm: an explicit table of states and causes. Pure: no clock, no I/O, no allocation.
#ifndef CAREROOM_CORE_ALARM_H
#define CAREROOM_CORE_ALARM_H

#include <stdbool.h>
#include <stdint.h>

// After IEC 62682 (named, since the letters differ by edition). Shelved, suppressed and out of service join
// these later.
enum alarm_state {
    ALARM_NORMAL,
    ALARM_UNACKNOWLEDGED,          // condition holds, nobody has answered
    ALARM_ACKNOWLEDGED,            // condition holds, somebody has answered
    ALARM_RETURNED_UNACKNOWLEDGED, // condition gone, nobody has answered
    ALARM_LATCHED_UNACKNOWLEDGED,  // condition gone, latching alarm, nobody has answered
    ALARM_LATCHED_ACKNOWLEDGED,    // condition gone, latching alarm, answered: waits for reset
    ALARM_STATE_COUNT
};
extern const char *const alarm_state_names[ALARM_STATE_COUNT]; // "unacknowledged", …

// What can happen to an alarm.
enum alarm_cause {
    ALARM_CONDITION_TRUE,
    ALARM_CONDITION_FALSE,
    ALARM_ACKNOWLEDGE,
    ALARM_RESET,
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
// refused). A latching alarm leaves only by ALARM_RESET, and only acknowledged and with its condition gone.
enum alarm_state alarm_next(enum alarm_state state, enum alarm_cause cause, enum alarm_ending ending);

// Whether the alarm stands (anything but normal), and whether it still asks for an answer.
bool alarm_standing(enum alarm_state state);
bool alarm_unacknowledged(enum alarm_state state);

// Whether the alarm's condition holds. The state says it, so that the two can never disagree.
bool alarm_condition(enum alarm_state state);

#endif
