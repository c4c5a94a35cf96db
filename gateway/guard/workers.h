// All threads beside the main one that talk to parts: one an I2C bus, one a serial port, one an input device,
// one a chip that the kernel drives.
#ifndef CAREROOM_GUARD_WORKERS_H
#define CAREROOM_GUARD_WORKERS_H

#include <systemd/sd-event.h>

#include "gateway/common/config.h"
#include "gateway/guard/plan.h"
#include "gateway/guard/reports.h"

struct workers;

// Where reports go: the main thread.
typedef void (*workers_report_fn)(const struct report *report, void *user);

// Start a worker for each bus, port and device of the plan, and watch what they tell with this priority. 0 or
// a negative errno. Start-up only; config, plan and loop outlive the workers.
int workers_start(const struct config *config, const struct plan *plan, sd_event *loop, int64_t priority,
                  workers_report_fn report, void *user, struct workers **ret_workers);

// Have the part of a point calibrated by its worker, which tells what came of it. 0; -ENOTSUP: this part
// can't be; -EBUSY: its worker has not taken the order before yet. Main thread; never blocks, never
// allocates.
int workers_calibrate(struct workers *workers, const struct calibration_order *order);

void workers_stop(struct workers *workers); // NULL is fine

#endif
