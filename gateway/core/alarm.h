// The life of one alarm: an explicit table of states and causes. Pure: no clock, no I/O, no allocation.
#ifndef CAREROOM_CORE_ALARM_H
#define CAREROOM_CORE_ALARM_H

#include <stdbool.h>
#include <stdint.h>

// After IEC 62682 (named, since the letters differ by edition). Shelved, suppressed and out of service join these later.
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
enum alarm_cause { ALARM_CONDITION_TRUE, ALARM_CONDITION_FALSE, ALARM_ACKNOWLEDGE, ALARM_RESET, ALARM_CAUSE_COUNT };

// The state after `cause`; the same state where the table has no entry (nothing happens, or the cause is refused).
// A latching alarm leaves only by ALARM_RESET, and only with its condition gone.
enum alarm_state alarm_next(enum alarm_state state, enum alarm_cause cause, bool latching);

// Whether the alarm stands (anything but normal), asks for attention (unacknowledged), and still sounds.
bool alarm_standing(enum alarm_state state);
bool alarm_unacknowledged(enum alarm_state state);

#endif
