#include "gateway/core/alarm.h"

const char *const alarm_state_names[ALARM_STATE_COUNT] = {
    [ALARM_NORMAL] = "normal",
    [ALARM_UNACKNOWLEDGED] = "unacknowledged",
    [ALARM_ACKNOWLEDGED] = "acknowledged",
    [ALARM_RETURNED_UNACKNOWLEDGED] = "returned-unacknowledged",
    [ALARM_LATCHED_UNACKNOWLEDGED] = "latched-unacknowledged",
    [ALARM_LATCHED_ACKNOWLEDGED] = "latched-acknowledged",
    [ALARM_SHELVED] = "shelved",
    [ALARM_SUPPRESSED] = "suppressed",
    [ALARM_OUT_OF_SERVICE] = "out-of-service",
};

// Short names, so that the table can be read at a glance.
enum {
    NORM = ALARM_NORMAL,
    UNACK = ALARM_UNACKNOWLEDGED,
    ACKED = ALARM_ACKNOWLEDGED,
    RTN = ALARM_RETURNED_UNACKNOWLEDGED,
    L_UNACK = ALARM_LATCHED_UNACKNOWLEDGED,
    L_ACKED = ALARM_LATCHED_ACKNOWLEDGED,
    SHELV = ALARM_SHELVED,
    SUPPR = ALARM_SUPPRESSED,
    OOS = ALARM_OUT_OF_SERVICE,
};

// Every cell is written out: one left out would read as ALARM_NORMAL, an alarm that silently goes away.
// Some states cannot be reached with some endings (nothing latches that clears itself); their cells still
// never lose a latch and never hide a condition.
// clang-format off
static const unsigned char next_state[ALARM_STATE_COUNT][ALARM_CAUSE_COUNT][ALARM_ENDING_COUNT] = {
    //                              clears itself  wants answer  latches
    [ALARM_NORMAL] = {
        [ALARM_CONDITION_TRUE]    = { UNACK,         UNACK,        UNACK   },
        [ALARM_CONDITION_FALSE]   = { NORM,          NORM,         NORM    },
        [ALARM_ACKNOWLEDGE]       = { NORM,          NORM,         NORM    },
        [ALARM_RESET]             = { NORM,          NORM,         NORM    },
        [ALARM_SHELVE]            = { SHELV,         SHELV,        NORM    },
        [ALARM_UNSHELVE]          = { NORM,          NORM,         NORM    },
        [ALARM_SUPPRESS]          = { SUPPR,         SUPPR,        NORM    },
        [ALARM_RELEASE]           = { NORM,          NORM,         NORM    },
        [ALARM_ISOLATE]           = { OOS,           OOS,          OOS     },
        [ALARM_REINSTATE]         = { NORM,          NORM,         NORM    },
    },
    [ALARM_UNACKNOWLEDGED] = {
        [ALARM_CONDITION_TRUE]    = { UNACK,         UNACK,        UNACK   },
        [ALARM_CONDITION_FALSE]   = { NORM,          RTN,          L_UNACK },
        [ALARM_ACKNOWLEDGE]       = { ACKED,         ACKED,        ACKED   },
        [ALARM_RESET]             = { UNACK,         UNACK,        UNACK   },
        [ALARM_SHELVE]            = { SHELV,         SHELV,        UNACK   },
        [ALARM_UNSHELVE]          = { UNACK,         UNACK,        UNACK   },
        [ALARM_SUPPRESS]          = { SUPPR,         SUPPR,        UNACK   },
        [ALARM_RELEASE]           = { UNACK,         UNACK,        UNACK   },
        [ALARM_ISOLATE]           = { OOS,           OOS,          UNACK   },
        [ALARM_REINSTATE]         = { UNACK,         UNACK,        UNACK   },
    },
    [ALARM_ACKNOWLEDGED] = {
        [ALARM_CONDITION_TRUE]    = { ACKED,         ACKED,        ACKED   },
        [ALARM_CONDITION_FALSE]   = { NORM,          NORM,         L_ACKED },
        [ALARM_ACKNOWLEDGE]       = { ACKED,         ACKED,        ACKED   },
        [ALARM_RESET]             = { ACKED,         ACKED,        ACKED   },
        [ALARM_SHELVE]            = { SHELV,         SHELV,        ACKED   },
        [ALARM_UNSHELVE]          = { ACKED,         ACKED,        ACKED   },
        [ALARM_SUPPRESS]          = { SUPPR,         SUPPR,        ACKED   },
        [ALARM_RELEASE]           = { ACKED,         ACKED,        ACKED   },
        [ALARM_ISOLATE]           = { OOS,           OOS,          ACKED   },
        [ALARM_REINSTATE]         = { ACKED,         ACKED,        ACKED   },
    },
    [ALARM_RETURNED_UNACKNOWLEDGED] = {
        [ALARM_CONDITION_TRUE]    = { UNACK,         UNACK,        UNACK   },
        [ALARM_CONDITION_FALSE]   = { NORM,          RTN,          RTN     },
        [ALARM_ACKNOWLEDGE]       = { NORM,          NORM,         L_ACKED },
        [ALARM_RESET]             = { RTN,           RTN,          RTN     },
        [ALARM_SHELVE]            = { SHELV,         SHELV,        RTN     },
        [ALARM_UNSHELVE]          = { RTN,           RTN,          RTN     },
        [ALARM_SUPPRESS]          = { SUPPR,         SUPPR,        RTN     },
        [ALARM_RELEASE]           = { RTN,           RTN,          RTN     },
        [ALARM_ISOLATE]           = { OOS,           OOS,          RTN     },
        [ALARM_REINSTATE]         = { RTN,           RTN,          RTN     },
    },
    [ALARM_LATCHED_UNACKNOWLEDGED] = {
        [ALARM_CONDITION_TRUE]    = { UNACK,         UNACK,        UNACK   },
        [ALARM_CONDITION_FALSE]   = { NORM,          L_UNACK,      L_UNACK },
        [ALARM_ACKNOWLEDGE]       = { L_ACKED,       L_ACKED,      L_ACKED },
        [ALARM_RESET]             = { L_UNACK,       L_UNACK,      L_UNACK },
        [ALARM_SHELVE]            = { L_UNACK,       L_UNACK,      L_UNACK },
        [ALARM_UNSHELVE]          = { L_UNACK,       L_UNACK,      L_UNACK },
        [ALARM_SUPPRESS]          = { L_UNACK,       L_UNACK,      L_UNACK },
        [ALARM_RELEASE]           = { L_UNACK,       L_UNACK,      L_UNACK },
        [ALARM_ISOLATE]           = { L_UNACK,       L_UNACK,      L_UNACK },
        [ALARM_REINSTATE]         = { L_UNACK,       L_UNACK,      L_UNACK },
    },
    [ALARM_LATCHED_ACKNOWLEDGED] = {
        [ALARM_CONDITION_TRUE]    = { UNACK,         UNACK,        UNACK   },
        [ALARM_CONDITION_FALSE]   = { NORM,          L_ACKED,      L_ACKED },
        [ALARM_ACKNOWLEDGE]       = { L_ACKED,       L_ACKED,      L_ACKED },
        [ALARM_RESET]             = { L_ACKED,       L_ACKED,      NORM    },
        [ALARM_SHELVE]            = { L_ACKED,       L_ACKED,      L_ACKED },
        [ALARM_UNSHELVE]          = { L_ACKED,       L_ACKED,      L_ACKED },
        [ALARM_SUPPRESS]          = { L_ACKED,       L_ACKED,      L_ACKED },
        [ALARM_RELEASE]           = { L_ACKED,       L_ACKED,      L_ACKED },
        [ALARM_ISOLATE]           = { L_ACKED,       L_ACKED,      L_ACKED },
        [ALARM_REINSTATE]         = { L_ACKED,       L_ACKED,      L_ACKED },
    },
    [ALARM_SHELVED] = {
        [ALARM_CONDITION_TRUE]    = { SHELV,         SHELV,        SHELV   },
        [ALARM_CONDITION_FALSE]   = { SHELV,         SHELV,        SHELV   },
        [ALARM_ACKNOWLEDGE]       = { SHELV,         SHELV,        SHELV   },
        [ALARM_RESET]             = { SHELV,         SHELV,        SHELV   },
        [ALARM_SHELVE]            = { SHELV,         SHELV,        SHELV   },
        [ALARM_UNSHELVE]          = { NORM,          NORM,         NORM    },
        [ALARM_SUPPRESS]          = { SHELV,         SHELV,        SHELV   },
        [ALARM_RELEASE]           = { SHELV,         SHELV,        SHELV   },
        [ALARM_ISOLATE]           = { OOS,           OOS,          OOS     },
        [ALARM_REINSTATE]         = { SHELV,         SHELV,        SHELV   },
    },
    [ALARM_SUPPRESSED] = {
        [ALARM_CONDITION_TRUE]    = { SUPPR,         SUPPR,        SUPPR   },
        [ALARM_CONDITION_FALSE]   = { SUPPR,         SUPPR,        SUPPR   },
        [ALARM_ACKNOWLEDGE]       = { SUPPR,         SUPPR,        SUPPR   },
        [ALARM_RESET]             = { SUPPR,         SUPPR,        SUPPR   },
        [ALARM_SHELVE]            = { SUPPR,         SUPPR,        SUPPR   },
        [ALARM_UNSHELVE]          = { SUPPR,         SUPPR,        SUPPR   },
        [ALARM_SUPPRESS]          = { SUPPR,         SUPPR,        SUPPR   },
        [ALARM_RELEASE]           = { NORM,          NORM,         NORM    },
        [ALARM_ISOLATE]           = { OOS,           OOS,          OOS     },
        [ALARM_REINSTATE]         = { SUPPR,         SUPPR,        SUPPR   },
    },
    [ALARM_OUT_OF_SERVICE] = {
        [ALARM_CONDITION_TRUE]    = { OOS,           OOS,          OOS     },
        [ALARM_CONDITION_FALSE]   = { OOS,           OOS,          OOS     },
        [ALARM_ACKNOWLEDGE]       = { OOS,           OOS,          OOS     },
        [ALARM_RESET]             = { OOS,           OOS,          OOS     },
        [ALARM_SHELVE]            = { OOS,           OOS,          OOS     },
        [ALARM_UNSHELVE]          = { OOS,           OOS,          OOS     },
        [ALARM_SUPPRESS]          = { OOS,           OOS,          OOS     },
        [ALARM_RELEASE]           = { OOS,           OOS,          OOS     },
        [ALARM_ISOLATE]           = { OOS,           OOS,          OOS     },
        [ALARM_REINSTATE]         = { NORM,          NORM,         NORM    },
    },
};
// clang-format on

enum alarm_state alarm_next(enum alarm_state state, enum alarm_cause cause, enum alarm_ending ending)
{
    return (enum alarm_state)next_state[state][cause][ending];
}

bool alarm_standing(enum alarm_state state)
{
    return state != ALARM_NORMAL && !alarm_set_aside(state);
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

bool alarm_set_aside(enum alarm_state state)
{
    return state == ALARM_SHELVED || state == ALARM_SUPPRESSED || state == ALARM_OUT_OF_SERVICE;
}
