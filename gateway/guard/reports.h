// What the workers' threads tell the main thread: a queue of one writer and one reader, with an eventfd.
#ifndef CAREROOM_GUARD_REPORTS_H
#define CAREROOM_GUARD_REPORTS_H

#include <stddef.h>

#include "gateway/common/card.h"
#include "gateway/core/core.h"
#include "sensors/driver.h"

// A core input without its time, or what came of a calibration.
enum report_kind { REPORT_READING, REPORT_TROUBLE, REPORT_CARD, REPORT_CALIBRATED };

struct report {
    enum report_kind kind;
    size_t point;
    enum trouble trouble; // REPORT_TROUBLE
    struct driver_reading
        reading;          // REPORT_READING; REPORT_CALIBRATED: by how much readings change from now on
    struct card card;     // REPORT_CARD; wiped once it is taken
    uint64_t calibration; // REPORT_CALIBRATED: its number, and 0 or the error of driver->calibrate()
    int error;
};

// To a worker: tell a point's part what its quantity really is now.
struct calibration_order {
    uint64_t number; // goes back in the report
    size_t point;
    int32_t reference;
    uint64_t deadline_ns; // boottime; nothing is begun after it
};

struct reports;

struct reports *reports_new(void); // NULL: no memory or descriptor
void reports_free(struct reports *reports);

// Add one. Where the queue is full the main thread is behind: a trouble is never dropped, so this waits,
// until stop_fd is readable. The writer's thread alone.
void reports_push(struct reports *reports, const struct report *report, int stop_fd);

// Take up to cap; returns how many. Main thread; never blocks, never allocates.
size_t reports_take(struct reports *reports, struct report *ret_reports, size_t cap);

// Readable while reports wait.
int reports_fd(const struct reports *reports);

#endif
