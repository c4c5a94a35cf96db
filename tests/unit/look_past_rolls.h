// Fire is told as an alarm and as roll-calls (test_core_evacuation.c): what is about alarms alone looks past
// these.
#ifndef CAREROOM_TESTS_LOOK_PAST_ROLLS_H
#define CAREROOM_TESTS_LOOK_PAST_ROLLS_H

#include "gateway/core/core.h"

static inline void look_past_rolls(struct core_actions *actions)
{
    size_t n = 0;
    for (size_t i = 0; i < actions->n_events; i++) {
        enum event_type type = actions->events[i].type;
        if (type != EVENT_EVACUATION_STARTED && type != EVENT_EVACUATION_ENDED) {
            actions->events[n++] = actions->events[i];
        }
    }
    actions->n_events = n;
}

#endif
