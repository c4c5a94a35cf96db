// A thread for each serial port and each input device: it opens the port (again, where it was pulled), feeds
// what comes to the one sensor or card reader there, writes what that asks for, and hands readings, cards and
// troubles to the main thread.
#ifndef CAREROOM_GUARD_PORT_WORKER_H
#define CAREROOM_GUARD_PORT_WORKER_H

#include <stddef.h>

#include "gateway/common/config.h"
#include "gateway/guard/reports.h"

struct port_worker;

// The part of a point, PART_SERIAL (bus: its port) or PART_INPUT (bus: NULL): one of sensor and reader. All
// configurations outlive the worker. NULL: no memory or descriptor.
struct port_worker *port_worker_new(size_t point, const struct config_bus *bus,
                                    const struct config_sensor *sensor, const struct config_reader *reader);

// Start the thread. 0 or a negative errno.
int port_worker_start(struct port_worker *worker);

// What it tells.
struct reports *port_worker_reports(const struct port_worker *worker);

// End the thread. A port that hangs while it is opened is left to the end of the process.
void port_worker_stop(struct port_worker *worker); // NULL is fine

#endif
