#include "gateway/guard/cadence.h"

struct cadence {
    uint32_t on_ms, off_ms; // in turn; off_ms 0: active all the time; both 0: never
};

// A warning must not sound like a fire: it chirps every two seconds, a trouble blinks every ten. Evacuation
// is one unbroken tone in this version.
static const struct cadence cadences[PATTERN_COUNT] = {
    [PATTERN_OFF] = { 0, 0 },
    [PATTERN_ON] = { 1, 0 },
    [PATTERN_TROUBLE] = { 100, CADENCE_LONGEST_REST_MS },
    [PATTERN_WARNING] = { 200, 1800 },
    [PATTERN_EVACUATE] = { 1, 0 },
};

bool cadence_active(enum core_pattern pattern, uint64_t elapsed_ns, uint64_t *ret_change_ns)
{
    const struct cadence *cadence = &cadences[pattern];
    uint64_t on_ns = cadence->on_ms * NS_PER_MS, period_ns = on_ns + cadence->off_ms * NS_PER_MS;
    if (!cadence->on_ms || !cadence->off_ms) {
        *ret_change_ns = UINT64_MAX;
        return cadence->on_ms != 0;
    }
    uint64_t phase_ns = elapsed_ns % period_ns;
    bool active = phase_ns < on_ns;
    *ret_change_ns = (active ? on_ns : period_ns) - phase_ns;
    return active;
}
