// The time of the simulated world: CLOCK_BOOTTIME, or a test's own clock.
#ifndef CAREROOM_SENSORS_SIM_CLOCK_H
#define CAREROOM_SENSORS_SIM_CLOCK_H

#include <stdint.h>

typedef uint64_t (*sim_clock_fn)(void);

// Boottime in nanoseconds as chips and lines see it. Any thread; never blocks.
uint64_t sim_now_ns(void);

// Ask `now` instead of the kernel from now on; NULL goes back to CLOCK_BOOTTIME. `now` may be called from any
// thread.
void sim_clock_fake(sim_clock_fn now);

#endif
