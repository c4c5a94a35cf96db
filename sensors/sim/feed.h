// The simulated lines, driven and watched by another process: what `make bench` measures the guard with. The
// variable CAREROOM_SIM_FEED=PAGE:ORDERS names two descriptors that were inherited, a memory file of the size
// of struct sim_feed_page and the reading end of a pipe of struct sim_feed_order. Without the variable
// nothing of this exists.
//
// An order is carried out by a thread of its own, which drives the line as everything that drives simulated
// lines does; the time stamp of the edge is the line's own. What the guard drives is noted from within
// gpio_set(), by two stores: nobody waits and nobody is woken.
#ifndef CAREROOM_SENSORS_SIM_FEED_H
#define CAREROOM_SENSORS_SIM_FEED_H

#include <stdatomic.h>
#include <stdint.h>

#include "gateway/common/ids.h"
#include "sensors/sim/pins.h"

#define SIM_FEED_VARIABLE "CAREROOM_SIM_FEED"
#define SIM_FEED_OUTPUTS  64
// The thread that drives lines stands for an interrupt: it runs whatever ordinary work there is, where it may
// (SCHED_FIFO), and below the guard's main thread, which it wakes.
#define SIM_FEED_PRIORITY 10

struct sim_feed_order {
    char room[ID_SIZE], sensor[ID_SIZE];
    uint8_t state; // enum sim_contact
};

struct sim_feed_output {
    _Atomic uint64_t changed_ns; // boottime of the last change of its level
    _Atomic uint64_t changes;    // stored after changed_ns
};

struct sim_feed_page {
    _Atomic uint64_t edge_ns;                         // boottime of the edge of the last order
    _Atomic uint64_t orders;                          // carried out; stored after edge_ns
    _Atomic int error;                                // of the last order: 0 or a negative errno
    struct sim_feed_output outputs[SIM_FEED_OUTPUTS]; // in the order of the configuration
};

// Start to carry out orders, where the variable is set. 0 or a negative errno. Once, when all parts are
// there.
int sim_feed_start(void);

// Note the changes of the next output; called for each in the order of the configuration, before
// sim_feed_start().
void sim_feed_watch(struct sim_pin *pin);

#endif
