#include "gateway/guard/bus_worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "gateway/common/log.h"

// Polls in a row that fail before a point is in trouble: one damaged word on a long cable is no trouble.
#define FAILURES_TO_TROUBLE 3
// How often an adapter that can't be opened is tried again.
#define REOPEN_NS (10 * NS_PER_S)
#define REPORTS   256

struct device {
    _Alignas(16) unsigned char state[DRIVER_STATE_MAX];
    const struct driver *driver;
    const struct config_sensor *config;
    size_t point;
    uint64_t next_ns;
    unsigned failures;
};

struct bus_worker {
    const char *path;
    struct i2c_bus *bus;
    bool open_failed; // said once
    struct device *devices;
    size_t n_devices;
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    int stop_fd, report_fd;
    // One writer (the worker), one reader (the main thread).
    struct bus_report reports[REPORTS];
    atomic_size_t written, taken;
};

static enum trouble trouble_of(int error)
{
    switch (error) {
    case -EREMOTEIO:
        return TROUBLE_NO_ANSWER;
    case -EILSEQ:
        return TROUBLE_BAD_CRC;
    case -ENODATA:
        return TROUBLE_STUCK;
    case -ERANGE:
        return TROUBLE_IMPLAUSIBLE;
    case -ENODEV:
    case -ENOENT:
        return TROUBLE_GONE;
    default: // -ETIMEDOUT, -EIO, -EAGAIN and what an adapter may invent: the bus does not get through
        return TROUBLE_TIMED_OUT;
    }
}

// Wait on the stop descriptor until `until_ns`. True: stop.
static bool wait_until(struct bus_worker *worker, uint64_t until_ns)
{
    uint64_t now = clock_boottime_ns();
    uint64_t left = until_ns > now ? until_ns - now : 0;
    struct timespec timeout = { .tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S) };
    if (left > 3600 * NS_PER_S) {
        timeout = (struct timespec){ .tv_sec = 3600 };
    }
    fd_set set;
    FD_ZERO(&set);
    FD_SET(worker->stop_fd, &set);
    (void)pselect(worker->stop_fd + 1, &set, NULL, NULL, &timeout, NULL);
    return atomic_load(&worker->stopping);
}

static void report(struct bus_worker *worker, const struct bus_report *what)
{
    size_t written = atomic_load_explicit(&worker->written, memory_order_relaxed);
    while (written - atomic_load_explicit(&worker->taken, memory_order_acquire) == REPORTS) {
        if (wait_until(worker, clock_boottime_ns() +
                                   10 * NS_PER_MS)) { // the main thread is behind: never drop a trouble
            return;
        }
    }
    worker->reports[written % REPORTS] = *what;
    atomic_store_explicit(&worker->written, written + 1, memory_order_release);
    (void)eventfd_write(worker->report_fd, 1);
}

static void failed(struct bus_worker *worker, struct device *device, int error)
{
    if (device->failures < FAILURES_TO_TROUBLE) {
        device->failures++;
        if (device->failures == FAILURES_TO_TROUBLE) {
            report(worker, &(struct bus_report){
                               .point = device->point, .is_trouble = true, .trouble = trouble_of(error) });
        }
    }
}

static void succeeded(struct bus_worker *worker, struct device *device, const struct driver_result *result)
{
    if (!result->n) {
        return; // a measurement is under way: neither a failure nor a sign of life
    }
    if (device->failures >= FAILURES_TO_TROUBLE) {
        report(worker,
               &(struct bus_report){ .point = device->point, .is_trouble = true, .trouble = TROUBLE_NONE });
    }
    device->failures = 0;
    for (unsigned i = 0; i < result->n; i++) {
        report(worker, &(struct bus_report){ .point = device->point, .reading = result->readings[i] });
    }
}

static void step(struct bus_worker *worker, struct device *device)
{
    struct driver_result result = { .n = 0 };
    int r = device->driver->step(device->state, worker->bus, clock_boottime_ns(), &result);
    device->next_ns = result.next_ns;
    if (r < 0) {
        failed(worker, device, r);
    } else {
        succeeded(worker, device, &result);
    }
}

// An adapter that is not there is a trouble of every point on it.
static bool have_bus(struct bus_worker *worker)
{
    if (worker->bus) {
        return true;
    }
    int r = i2c_open(worker->path, &worker->bus);
    if (r == 0) {
        return true;
    }
    if (!worker->open_failed) {
        log_error("bus %s can't be opened: %s; its points are in trouble, trying again every 10 s",
                  worker->path, strerror(-r));
        worker->open_failed = true;
        for (size_t i = 0; i < worker->n_devices; i++) {
            worker->devices[i].failures = FAILURES_TO_TROUBLE;
            report(worker, &(struct bus_report){ .point = worker->devices[i].point,
                                                 .is_trouble = true,
                                                 .trouble = TROUBLE_GONE });
        }
    }
    return false;
}

static struct device *next_device(struct bus_worker *worker)
{
    struct device *next = &worker->devices[0];
    for (size_t i = 1; i < worker->n_devices; i++) {
        if (worker->devices[i].next_ns < next->next_ns) {
            next = &worker->devices[i];
        }
    }
    return next;
}

static void *run(void *user)
{
    struct bus_worker *worker = user;
    while (!atomic_load(&worker->stopping)) {
        if (!have_bus(worker)) {
            wait_until(worker, clock_boottime_ns() + REOPEN_NS);
            continue;
        }
        struct device *device = next_device(worker);
        if (!wait_until(worker, device->next_ns)) {
            step(worker, device);
        }
    }
    return NULL;
}

struct bus_worker *bus_worker_new(const char *path)
{
    struct bus_worker *worker = calloc(1, sizeof *worker);
    if (!worker) {
        return NULL;
    }
    worker->path = path;
    worker->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    worker->report_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return worker;
}

int bus_worker_add(struct bus_worker *worker, size_t point, const struct config_sensor *sensor)
{
    struct device *grown = reallocarray(worker->devices, worker->n_devices + 1, sizeof *grown);
    if (!grown) {
        return -ENOMEM;
    }
    worker->devices = grown;
    struct device *device = &worker->devices[worker->n_devices++];
    *device = (struct device){ .driver = driver_find(sensor->driver), .config = sensor, .point = point };
    return 0;
}

int bus_worker_start(struct bus_worker *worker)
{
    uint64_t now = clock_boottime_ns();
    for (size_t i = 0; i < worker->n_devices; i++) { // only now: the array no longer moves
        struct device *device = &worker->devices[i];
        device->driver->init(device->state, device->config, now);
    }
    if (!worker->n_devices) {
        return 0;
    }
    int r = pthread_create(&worker->thread, NULL, run, worker);
    worker->started = r == 0;
    return -r;
}

size_t bus_worker_take(struct bus_worker *worker, struct bus_report *reports, size_t cap)
{
    eventfd_t seen;
    (void)eventfd_read(worker->report_fd, &seen);
    size_t taken = atomic_load_explicit(&worker->taken, memory_order_relaxed);
    size_t written = atomic_load_explicit(&worker->written, memory_order_acquire);
    size_t n = 0;
    while (n < cap && taken != written) {
        reports[n++] = worker->reports[taken++ % REPORTS];
    }
    atomic_store_explicit(&worker->taken, taken, memory_order_release);
    if (taken != written) {
        (void)eventfd_write(worker->report_fd, 1);
    }
    return n;
}

int bus_worker_fd(const struct bus_worker *worker)
{
    return worker->report_fd;
}

void bus_worker_stop(struct bus_worker *worker)
{
    if (!worker) {
        return;
    }
    atomic_store(&worker->stopping, true);
    (void)eventfd_write(worker->stop_fd, 1);
    if (worker->started) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 200000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        if (pthread_timedjoin_np(worker->thread, NULL, &until) != 0) {
            return;
        }
    }
    i2c_close(worker->bus);
    close(worker->stop_fd);
    close(worker->report_fd);
    free(worker->devices);
    free(worker);
}
