#include "gateway/guard/bus_care.h"

#include <errno.h>

#include "gateway/common/clock.h"

#define TIMEOUTS_TO_CURE 3
#define FIRST_PAUSE_NS   (10 * NS_PER_S)
#define LONGEST_PAUSE_NS (600 * NS_PER_S)

static void pause_until(struct care *care, uint64_t now_ns)
{
    care->pause_ns = care->pause_ns == 0 ? FIRST_PAUSE_NS : 2 * care->pause_ns;
    care->pause_ns = care->pause_ns < LONGEST_PAUSE_NS ? care->pause_ns : LONGEST_PAUSE_NS;
    care->not_before_ns = now_ns + care->pause_ns;
}

enum cure care_after(struct care *care, int error, uint64_t now_ns, bool can_switch)
{
    if (error == -EIO || error == -EAGAIN) {
        return CURE_NONE; // disturbed: it says neither that the bus works nor that it hangs
    }
    if (error != -ETIMEDOUT) {
        *care =
            (struct care){ .timeouts = 0 }; // a chip's silence or a wrong checksum came over a bus that works
        return CURE_NONE;
    }
    if (++care->timeouts < TIMEOUTS_TO_CURE || now_ns < care->not_before_ns) {
        return CURE_NONE;
    }
    care->timeouts = 0;
    bool by_power = care->cleared && can_switch;
    care->cleared = !by_power;
    if (by_power || !can_switch) {
        pause_until(care, now_ns);
    }
    return by_power ? CURE_POWER : CURE_CLEAR;
}
