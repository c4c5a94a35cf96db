// A thread for each I2C bus: it steps the drivers of the chips there and hands readings and troubles to the
// main thread. A chip that hangs delays its own bus at most by the adapter's timeout, and nothing else.
#ifndef CAREROOM_GUARD_BUS_WORKER_H
#define CAREROOM_GUARD_BUS_WORKER_H

#include <stddef.h>

#include "gateway/common/config.h"
#include "gateway/core/core.h"
#include "sensors/driver.h"

struct bus_worker;

// What a worker tells: a core input without its time (CORE_INPUT_READING or CORE_INPUT_TROUBLE).
struct bus_report {
    size_t point;
    bool is_trouble;
    enum trouble trouble;
    struct driver_reading reading;
};

// Start the thread of one bus. `path` and the configurations outlive it. NULL: no memory, descriptor or
// thread.
struct bus_worker *bus_worker_new(const char *path);

// Add a chip before bus_worker_start(). 0 or -ENOMEM.
int bus_worker_add(struct bus_worker *worker, size_t point, const struct config_sensor *sensor);
int bus_worker_start(struct bus_worker *worker);

// Take up to cap reports; returns how many. Main thread; never blocks, never allocates.
size_t bus_worker_take(struct bus_worker *worker, struct bus_report *reports, size_t cap);

// Readable while reports wait.
int bus_worker_fd(const struct bus_worker *worker);

// End the thread. A transfer under way may hold it for the adapter's timeout; then it is left to the end of
// the process.
void bus_worker_stop(struct bus_worker *worker);

#endif
