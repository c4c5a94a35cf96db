// How a pattern sounds and blinks: when its level changes. Pure data and arithmetic, so that no timer can
// drift.
#ifndef CAREROOM_GUARD_CADENCE_H
#define CAREROOM_GUARD_CADENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/core/core.h"

// The longest time that any pattern other than off leaves an output at rest, in milliseconds.
#define CADENCE_LONGEST_REST_MS 9900
// The most pulses and pauses of any pattern before it repeats.
#define CADENCE_SEGMENTS 10

// Whether an output is active `elapsed_ns` after its pattern began, and after how many more nanoseconds that
// changes (UINT64_MAX: never).
bool cadence_active(enum core_pattern pattern, uint64_t elapsed_ns, uint64_t *ret_change_ns);

// Pulses and pauses in turn, in milliseconds, ended by 0; empty: steady.
const uint16_t *cadence_turn(enum core_pattern pattern);

#endif
