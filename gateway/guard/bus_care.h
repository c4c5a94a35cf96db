// When a stuck I2C bus is to be freed, and how. Plain state, no I/O.
#ifndef CAREROOM_GUARD_BUS_CARE_H
#define CAREROOM_GUARD_BUS_CARE_H

#include <stdbool.h>
#include <stdint.h>

struct care {
    unsigned timeouts; // in a row
    bool cleared;      // since it last worked, and it did not help
    uint64_t not_before_ns, pause_ns;
};

enum cure {
    CURE_NONE,
    CURE_CLEAR, // let the adapter go, clock the chip that holds SDA free, open the adapter again
    CURE_POWER, // switch the chips off and on
};

// What to do after a transfer that ended with `error` (0: well). Three timeouts in a row call for a cure:
// first the lines are cleared, then, where the supply can be switched, it is; then it all begins again, after
// pauses that get longer: what can't be cured must not be kept from being measured now and then.
enum cure care_after(struct care *care, int error, uint64_t now_ns, bool can_switch);

#endif
