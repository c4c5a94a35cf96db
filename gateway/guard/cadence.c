#include "gateway/guard/cadence.h"

// One turn of a pattern: on, off, on, off, … in milliseconds; 0 ends it, and it begins anew. A turn begins
// with its first pulse, so that a new alarm is heard at once.
//
// Evacuation is the temporal-three signal of ISO 8201: three pulses of 0.5 s +-0.05, 0.5 s +-0.05 apart, then
// 1.5 s +-0.15 of silence (figures as quoted in the Ontario Building Code, B-3.2.4.18.(2); the standard
// itself was not at hand). It is the one signal that says "leave", so nothing else has three pulses in a
// group, nor the four of the carbon monoxide signal, nor pulses near half a second:
//
//     trouble   a wink every ten seconds, for lights: somebody may look at it today
//     warning   a chirp every two seconds: somebody in the room looks up
//     critical  five quick pulses, a breath, and again: somebody must come
//     drill     two seconds on, two seconds off: long and even, nothing like a group of pulses
static const uint16_t turns[PATTERN_COUNT][CADENCE_SEGMENTS + 1] = {
    [PATTERN_OFF] = { 0 },
    [PATTERN_ON] = { 0 },
    [PATTERN_TROUBLE] = { 100, CADENCE_LONGEST_REST_MS },
    [PATTERN_WARNING] = { 200, 1800 },
    [PATTERN_CRITICAL] = { 200, 200, 200, 200, 200, 200, 200, 200, 200, 1400 },
    [PATTERN_DRILL] = { 2000, 2000 },
    [PATTERN_EVACUATE] = { 500, 500, 500, 500, 500, 1500 },
};

const uint16_t *cadence_turn(enum core_pattern pattern)
{
    return turns[pattern];
}

static uint64_t turn_ns(const uint16_t *turn)
{
    uint64_t length_ms = 0;
    while (*turn) {
        length_ms += *turn++;
    }
    return length_ms * NS_PER_MS;
}

bool cadence_active(enum core_pattern pattern, uint64_t elapsed_ns, uint64_t *ret_change_ns)
{
    const uint16_t *segment = turns[pattern];
    if (!*segment) {
        *ret_change_ns = UINT64_MAX;
        return pattern != PATTERN_OFF;
    }
    uint64_t rest_ns = elapsed_ns % turn_ns(segment);
    bool active = true;
    while (rest_ns >= *segment * NS_PER_MS) {
        rest_ns -= *segment++ * NS_PER_MS;
        active = !active;
    }
    *ret_change_ns = *segment * NS_PER_MS - rest_ns;
    return active;
}
