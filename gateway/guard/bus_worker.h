// A thread for each I2C bus: it steps the drivers and card readers there, frees the bus where a chip holds
// it, opens the adapter again where it was pulled, and hands readings, cards and troubles to the main thread.
// A chip that hangs delays its own bus at most by the adapter's timeout, and nothing else.
#ifndef CAREROOM_GUARD_BUS_WORKER_H
#define CAREROOM_GUARD_BUS_WORKER_H

#include <stddef.h>

#include "gateway/common/config.h"
#include "gateway/guard/reports.h"

struct bus_worker;

// config NULL: for one chip that the kernel drives (PART_SYSFS), which needs no adapter of ours, and whose
// files may block as long as its driver does. All configurations outlive the worker. NULL: no memory or
// descriptor.
struct bus_worker *bus_worker_new(const struct config_bus *config);

// Add a chip before bus_worker_start(): one of sensor and reader. 0 or -ENOMEM.
int bus_worker_add(struct bus_worker *worker, size_t point, const struct config_sensor *sensor,
                   const struct config_reader *reader);

// Start the thread, where there is any chip. 0 or a negative errno.
int bus_worker_start(struct bus_worker *worker);

// Have the part of a point calibrated, beside its other work; a REPORT_CALIBRATED follows, unless the worker
// is stopped or hangs in the kernel. 0; -ENOENT: there is no such point here; -ENOTSUP: its part can't be;
// -EBUSY: the order before has not been taken yet. Main thread; never blocks, never allocates.
int bus_worker_calibrate(struct bus_worker *worker, const struct calibration_order *order);

// What it tells.
struct reports *bus_worker_reports(const struct bus_worker *worker);

// End the thread. A transfer under way may hold it for the adapter's timeout; then it is left to the end of
// the process.
void bus_worker_stop(struct bus_worker *worker); // NULL is fine

#endif
