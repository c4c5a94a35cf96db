#include "sensors/sim/sim_clock.h"

#include <stdatomic.h>
#include <stddef.h>

#include "gateway/common/clock.h"

static _Atomic(sim_clock_fn) fake;

uint64_t sim_now_ns(void)
{
    sim_clock_fn now = atomic_load(&fake);
    return now ? now() : clock_boottime_ns();
}

void sim_clock_fake(sim_clock_fn now)
{
    atomic_store(&fake, now);
}
