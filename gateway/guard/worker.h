// What the workers have in common: a thread of their own beside the main loop, a descriptor that ends it, and
// the queue of what it tells. Internal to bus_worker.c and port_worker.c.
#ifndef CAREROOM_GUARD_WORKER_H
#define CAREROOM_GUARD_WORKER_H

#include <pthread.h>
#include <stdint.h>

#include "gateway/guard/health.h"
#include "gateway/guard/reports.h"
#include "sensors/reader.h"

struct worker {
    pthread_t thread;
    bool started;
    int stop_fd;
    struct reports *reports;
};

enum wake { WAKE_STOP, WAKE_READABLE, WAKE_TIME };

// 0 or a negative errno; then nothing is held.
int worker_init(struct worker *worker);
int worker_start(struct worker *worker, void *(*run)(void *user), void *user);

// Wait until `until_ns` (boottime), until fd is readable or has hung up (-1: no descriptor), or until the
// worker is to end, whichever comes first; what is more urgent is looked at first. The worker's thread.
enum wake worker_wait(const struct worker *worker, int fd, uint64_t until_ns);

// Tell what is to be told. The worker's thread.
void worker_tell_trouble(struct worker *worker, size_t point, const struct health *health);
void worker_tell_reading(struct worker *worker, size_t point, const struct driver_reading *reading);
// A card reader's result: its card, and the trouble that its outcome makes or ends.
void worker_tell_outcome(struct worker *worker, size_t point, struct health *health,
                         const struct reader_result *result);

// End the thread and let go of everything: true. False: it hangs in the kernel, still uses all that it has,
// and is left to the end of the process.
bool worker_stop(struct worker *worker);

#endif
