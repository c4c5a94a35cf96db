#include "gateway/core/alarm.h"

const char *const alarm_state_names[ALARM_STATE_COUNT] = {
    [ALARM_NORMAL] = "normal",
    [ALARM_UNACKNOWLEDGED] = "unacknowledged",
    [ALARM_ACKNOWLEDGED] = "acknowledged",
    [ALARM_RETURNED_UNACKNOWLEDGED] = "returned-unacknowledged",
    [ALARM_LATCHED_UNACKNOWLEDGED] = "latched-unacknowledged",
    [ALARM_LATCHED_ACKNOWLEDGED] = "latched-acknowledged",
};

// Short names, so that the table can be read at a glance.
enum {
    NORM = ALARM_NORMAL,
    UNACK = ALARM_UNACKNOWLEDGED,
    ACKED = ALARM_ACKNOWLEDGED,
    RTN = ALARM_RETURNED_UNACKNOWLEDGED,
    L_UNACK = ALARM_LATCHED_UNACKNOWLEDGED,
    L_ACKED = ALARM_LATCHED_ACKNOWLEDGED,
};

// Every cell is written out: one left out would read as ALARM_NORMAL, an alarm that silently goes away.
// Some states cannot be reached with some endings (nothing latches that clears itself); their cells still
// never lose a latch and never hide a condition.
// clang-format off
static const unsigned char next_state[ALARM_STATE_COUNT][ALARM_CAUSE_COUNT][ALARM_ENDING_COUNT] = {
    //                              clears itself  wants answer  latches
    [ALARM_NORMAL] = {
        [ALARM_CONDITION_TRUE]  = { UNACK,         UNACK,        UNACK   },
        [ALARM_CONDITION_FALSE] = { NORM,          NORM,         NORM    },
        [ALARM_ACKNOWLEDGE]     = { NORM,          NORM,         NORM    },
        [ALARM_RESET]           = { NORM,          NORM,         NORM    },
    },
    [ALARM_UNACKNOWLEDGED] = {
        [ALARM_CONDITION_TRUE]  = { UNACK,         UNACK,        UNACK   },
        [ALARM_CONDITION_FALSE] = { NORM,          RTN,          L_UNACK },
        [ALARM_ACKNOWLEDGE]     = { ACKED,         ACKED,        ACKED   },
        [ALARM_RESET]           = { UNACK,         UNACK,        UNACK   },
    },
    [ALARM_ACKNOWLEDGED] = {
        [ALARM_CONDITION_TRUE]  = { ACKED,         ACKED,        ACKED   },
        [ALARM_CONDITION_FALSE] = { NORM,          NORM,         L_ACKED },
        [ALARM_ACKNOWLEDGE]     = { ACKED,         ACKED,        ACKED   },
        [ALARM_RESET]           = { ACKED,         ACKED,        ACKED   },
    },
    [ALARM_RETURNED_UNACKNOWLEDGED] = {
        [ALARM_CONDITION_TRUE]  = { UNACK,         UNACK,        UNACK   },
        [ALARM_CONDITION_FALSE] = { NORM,          RTN,          RTN     },
        [ALARM_ACKNOWLEDGE]     = { NORM,          NORM,         L_ACKED },
        [ALARM_RESET]           = { RTN,           RTN,          RTN     },
    },
    [ALARM_LATCHED_UNACKNOWLEDGED] = {
        [ALARM_CONDITION_TRUE]  = { UNACK,         UNACK,        UNACK   },
        [ALARM_CONDITION_FALSE] = { NORM,          L_UNACK,      L_UNACK },
        [ALARM_ACKNOWLEDGE]     = { L_ACKED,       L_ACKED,      L_ACKED },
        [ALARM_RESET]           = { L_UNACK,       L_UNACK,      L_UNACK },
    },
    [ALARM_LATCHED_ACKNOWLEDGED] = {
        [ALARM_CONDITION_TRUE]  = { UNACK,         UNACK,        UNACK   },
        [ALARM_CONDITION_FALSE] = { NORM,          L_ACKED,      L_ACKED },
        [ALARM_ACKNOWLEDGE]     = { L_ACKED,       L_ACKED,      L_ACKED },
        [ALARM_RESET]           = { L_ACKED,       L_ACKED,      NORM    },
    },
};
// clang-format on

enum alarm_state alarm_next(enum alarm_state state, enum alarm_cause cause, enum alarm_ending ending)
{
    return (enum alarm_state)next_state[state][cause][ending];
}

bool alarm_standing(enum alarm_state state)
{
    return state != ALARM_NORMAL;
}

bool alarm_unacknowledged(enum alarm_state state)
{
    return state == ALARM_UNACKNOWLEDGED || state == ALARM_RETURNED_UNACKNOWLEDGED ||
           state == ALARM_LATCHED_UNACKNOWLEDGED;
}

bool alarm_condition(enum alarm_state state)
{
    return state == ALARM_UNACKNOWLEDGED || state == ALARM_ACKNOWLEDGED;
}
