#include "gateway/guard/bus_worker.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "gateway/common/log.h"
#include "gateway/guard/bus_care.h"
#include "gateway/guard/worker.h"
#include "sensors/bus/gpio.h"
#include "sensors/bus/i2c.h"
#include "sensors/bus/recover.h"

// How often an adapter that is not there is tried again.
#define REOPEN_FIRST_NS   NS_PER_S
#define REOPEN_LONGEST_NS (10 * NS_PER_S)
// A supply that was off: long enough for the capacitors, then for the chips to start.
#define POWER_OFF_NS (2 * NS_PER_S)
#define POWER_ON_NS  NS_PER_S

// A calibration may come between a command and its answer: what a part that measures may have left of that.
#define COMMAND_NS (50 * NS_PER_MS)

#define STATE_MAX (DRIVER_STATE_MAX > READER_STATE_MAX ? DRIVER_STATE_MAX : READER_STATE_MAX)

struct device {
    _Alignas(16) unsigned char state[STATE_MAX];
    const struct driver *driver; // a sensor, or
    const struct reader *reader; // a card reader
    const struct config_sensor *sensor_config;
    const struct config_reader *reader_config;
    size_t point;
    uint64_t next_ns;
    struct health health;
};

// What has been said in the log since the bus last worked: each once, however often it is tried.
enum { SAID_GONE = 1, SAID_CLEAR = 2, SAID_POWER = 4, SAID_NO_LINE = 8 };

struct bus_worker {
    struct worker worker;
    const struct config_bus *config; // NULL: no adapter is needed
    struct i2c_bus *bus;
    struct gpio_lines *power; // NULL: it can't be switched
    struct device *devices;
    size_t n_devices;
    uint64_t reopen_ns; // the next pause before the adapter is opened
    struct care care;
    unsigned said;

    // Calibration: one order waits at most, handed over by `ordered`; one is carried out at most.
    int order_fd; // readable while one waits
    atomic_bool ordered;
    struct calibration_order order;
    struct calibration_order calibration; // the one that is carried out
    struct device *calibrated;            // NULL: none is
    uint64_t resume_ns;                   // when this device had wanted to go on
};

static bool say_once(struct bus_worker *worker, unsigned what)
{
    bool first = (worker->said & what) == 0;
    worker->said |= what;
    return first;
}

static void start_devices(struct bus_worker *worker)
{
    uint64_t now = clock_boottime_ns();
    for (size_t i = 0; i < worker->n_devices; i++) {
        struct device *device = &worker->devices[i];
        memset(device->state, 0, sizeof device->state);
        if (device->driver) {
            device->driver->init(device->state, device->sensor_config, now);
        } else {
            device->reader->init(device->state, device->reader_config, now);
        }
        device->next_ns = now;
    }
}

// ---- Calibration

static void tell_calibrated(struct bus_worker *worker, const struct calibration_order *order, int error,
                            const struct driver_reading *change)
{
    reports_push(worker->worker.reports,
                 &(struct report){ .kind = REPORT_CALIBRATED,
                                   .point = order->point,
                                   .calibration = order->number,
                                   .error = error,
                                   .reading = change ? *change : (struct driver_reading){ .value = 0 } },
                 worker->worker.stop_fd);
}

// Whatever came of it; step() goes on with the part.
static void end_calibration(struct bus_worker *worker, int error, const struct driver_reading *change)
{
    if (worker->calibrated) {
        worker->calibrated = NULL;
        tell_calibrated(worker, &worker->calibration, error, change);
    }
}

static struct device *find_point(const struct bus_worker *worker, size_t point)
{
    for (size_t i = 0; i < worker->n_devices; i++) {
        if (worker->devices[i].point == point) {
            return &worker->devices[i];
        }
    }
    return NULL;
}

// The part gets its turn as soon as a command that may be under way has ended, and the others on the bus
// theirs between.
static void take_order(struct bus_worker *worker)
{
    eventfd_t seen;
    (void)eventfd_read(worker->order_fd, &seen);
    if (!atomic_load(&worker->ordered)) {
        return;
    }
    struct calibration_order order = worker->order;
    atomic_store(&worker->ordered, false);
    if (worker->calibrated || (worker->config && !worker->bus)) {
        tell_calibrated(worker, &order, worker->calibrated ? -EAGAIN : -ENODEV, NULL);
        return;
    }
    uint64_t soon_ns = clock_boottime_ns() + COMMAND_NS;
    worker->calibration = order;
    worker->calibrated = find_point(worker, order.point);
    worker->resume_ns = worker->calibrated->next_ns;
    worker->calibrated->next_ns = soon_ns < worker->resume_ns ? soon_ns : worker->resume_ns;
}

// ---- The adapter

static void close_bus(struct bus_worker *worker)
{
    i2c_close(worker->bus);
    worker->bus = NULL;
}

// An adapter that is not there is a trouble of every point on it.
static void adapter_gone(struct bus_worker *worker, int error)
{
    close_bus(worker);
    end_calibration(worker, error, NULL);
    if (say_once(worker, SAID_GONE)) {
        log_error("bus %s: %s: %s; its points are in trouble, it is tried again every 10 s",
                  worker->config->id, worker->config->i2c, strerror(-error));
    }
    for (size_t i = 0; i < worker->n_devices; i++) {
        struct device *device = &worker->devices[i];
        if (health_broken(&device->health, TROUBLE_GONE)) {
            worker_tell_trouble(&worker->worker, device->point, &device->health);
        }
    }
}

// True where the adapter is open. False: the worker is to end, or it is not there; then this has waited.
static bool have_bus(struct bus_worker *worker)
{
    if (worker->bus || !worker->config) {
        return true;
    }
    int r = i2c_open(worker->config->i2c, &worker->bus);
    if (r == 0) {
        worker->reopen_ns = REOPEN_FIRST_NS;
        return true;
    }
    adapter_gone(worker, r);
    (void)worker_wait(&worker->worker, -1, clock_boottime_ns() + worker->reopen_ns);
    worker->reopen_ns = 2 * worker->reopen_ns < REOPEN_LONGEST_NS ? 2 * worker->reopen_ns : REOPEN_LONGEST_NS;
    return false;
}

// ---- A bus that hangs

// The adapter is let go first: nobody else may drive the wires. It is opened again by the next step.
static void clear_bus(struct bus_worker *worker)
{
    const struct config_bus *config = worker->config;
    close_bus(worker);
    int r = config->scl ? bus_recover(config->scl, config->sda) : 0;
    if (!say_once(worker, SAID_CLEAR)) {
        return;
    }
    if (!config->scl) {
        log_warning("bus %s hangs; its adapter is opened again. With scl and sda lines it could be freed",
                    config->id);
    } else if (r == 0) {
        log_warning("bus %s hung; it was clocked free", config->id);
    } else {
        log_error("bus %s hangs and can't be clocked free: %s", config->id, strerror(-r));
    }
}

// Every chip starts anew, and so does its driver.
static void cycle_power(struct bus_worker *worker)
{
    if (say_once(worker, SAID_POWER)) {
        log_warning("bus %s hangs; its chips are switched off and on", worker->config->id);
    }
    close_bus(worker);
    end_calibration(worker, -EIO, NULL);
    int r = gpio_set(worker->power, false);
    if (r == 0 && worker_wait(&worker->worker, -1, clock_boottime_ns() + POWER_OFF_NS) == WAKE_STOP) {
        (void)gpio_set(worker->power, true);
        return;
    }
    if (r == 0) {
        r = gpio_set(worker->power, true);
    }
    if (r < 0 && say_once(worker, SAID_NO_LINE)) {
        log_error("bus %s: line %s can't be set: %s", worker->config->id, worker->config->power,
                  strerror(-r));
    }
    (void)worker_wait(&worker->worker, -1, clock_boottime_ns() + POWER_ON_NS);
    start_devices(worker);
}

static void care_for_bus(struct bus_worker *worker, int error)
{
    switch (care_after(&worker->care, error, clock_boottime_ns(), worker->power != NULL)) {
    case CURE_NONE:
        break;
    case CURE_CLEAR:
        clear_bus(worker);
        break;
    case CURE_POWER:
        cycle_power(worker);
        break;
    }
}

// ---- Steps

static void failed(struct bus_worker *worker, struct device *device, int error)
{
    if (health_failed(&device->health, health_trouble_of(error))) {
        worker_tell_trouble(&worker->worker, device->point, &device->health);
    }
    if (!worker->config) {
        return; // its bus is the kernel's business
    }
    if (error == -ENODEV) {
        adapter_gone(worker, error);
    } else {
        care_for_bus(worker, error);
    }
}

static void succeeded(struct bus_worker *worker, struct device *device, const struct driver_result *result)
{
    if (!result->n) {
        return; // a measurement is under way: neither a failure nor a sign of life
    }
    if (health_good(&device->health)) {
        worker_tell_trouble(&worker->worker, device->point, &device->health);
    }
    for (unsigned i = 0; i < result->n; i++) {
        worker_tell_reading(&worker->worker, device->point, &result->readings[i]);
    }
}

static int step_sensor(struct bus_worker *worker, struct device *device)
{
    struct driver_result result = { .n = 0 };
    int r = device->driver->step(device->state, worker->bus, clock_boottime_ns(), &result);
    device->next_ns = result.next_ns;
    if (r == 0) {
        succeeded(worker, device, &result);
    }
    return r;
}

// One step of a calibration. A refusal says nothing against the part's health. 1: nothing was said on the
// bus, since the driver refused at once, and the part goes on when it had wanted to; or since time is up.
static int calibrate_sensor(struct bus_worker *worker, struct device *device)
{
    struct driver_result result = { .n = 0 };
    uint64_t now_ns = clock_boottime_ns();
    if (now_ns > worker->calibration.deadline_ns) {
        end_calibration(worker, -ETIMEDOUT, NULL);
        device->next_ns = now_ns;
        return 1;
    }
    int r =
        device->driver->calibrate(device->state, worker->bus, worker->calibration.reference, now_ns, &result);
    bool at_once = r == -EINVAL || r == -EBUSY;
    device->next_ns = at_once ? worker->resume_ns : result.next_ns;
    if (r < 0 || result.n) {
        end_calibration(worker, r, result.n ? &result.readings[0] : NULL);
    }
    return at_once ? 1 : r == -ECANCELED ? 0 : r;
}

static int step_reader(struct bus_worker *worker, struct device *device)
{
    struct reader_result result = { .outcome = READER_NOTHING };
    int r = device->reader->step(device->state, worker->bus, clock_boottime_ns(), &result);
    device->next_ns = result.next_ns;
    if (r == 0) {
        worker_tell_outcome(&worker->worker, device->point, &device->health, &result);
    }
    return r;
}

// A part counts its waits from the moment it was called; what the transfers took comes on top, or a slow
// adapter would be asked for an answer before the chip can have it.
static void step(struct bus_worker *worker, struct device *device)
{
    uint64_t began_ns = clock_boottime_ns();
    int r = device == worker->calibrated ? calibrate_sensor(worker, device)
            : device->driver             ? step_sensor(worker, device)
                                         : step_reader(worker, device);
    uint64_t took_ns = clock_boottime_ns() - began_ns;
    device->next_ns = device->next_ns > UINT64_MAX - took_ns ? UINT64_MAX : device->next_ns + took_ns;
    if (r < 0) {
        failed(worker, device, r);
    }
    if (r != 0) {
        return;
    }
    care_for_bus(worker, 0);
    if (worker->said) {
        log_notice("bus %s works again", worker->config->id);
        worker->said = 0;
    }
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

// A supply that can't be switched is on: chips are measured all the same.
static void switch_on(struct bus_worker *worker)
{
    if (!worker->config || !worker->config->power) {
        return;
    }
    int r = gpio_request_output(worker->config->power, true, &worker->power);
    if (r < 0) {
        log_error("bus %s: line %s can't be had: %s; a bus that hangs can't be switched off and on",
                  worker->config->id, worker->config->power, strerror(-r));
        return;
    }
    (void)worker_wait(&worker->worker, -1, clock_boottime_ns() + POWER_ON_NS);
}

static void *run(void *user)
{
    struct bus_worker *worker = user;
    switch_on(worker);
    start_devices(worker);
    for (;;) {
        uint64_t next_ns = have_bus(worker) ? next_device(worker)->next_ns : 0;
        enum wake wake = worker_wait(&worker->worker, worker->order_fd, next_ns);
        if (wake == WAKE_STOP) {
            return NULL;
        }
        take_order(worker);
        if (wake == WAKE_TIME && (worker->bus || !worker->config)) {
            step(worker, next_device(worker));
        }
    }
}

// ---- Life

struct bus_worker *bus_worker_new(const struct config_bus *config)
{
    struct bus_worker *worker = calloc(1, sizeof *worker);
    if (!worker) {
        return NULL;
    }
    worker->config = config;
    worker->reopen_ns = REOPEN_FIRST_NS;
    worker->order_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (worker->order_fd < 0 || worker_init(&worker->worker) < 0) {
        if (worker->order_fd >= 0) {
            close(worker->order_fd);
        }
        free(worker);
        return NULL;
    }
    return worker;
}

int bus_worker_add(struct bus_worker *worker, size_t point, const struct config_sensor *sensor,
                   const struct config_reader *reader)
{
    struct device *grown = reallocarray(worker->devices, worker->n_devices + 1, sizeof *grown);
    if (!grown) {
        return -ENOMEM;
    }
    worker->devices = grown;
    worker->devices[worker->n_devices++] =
        (struct device){ .driver = sensor ? driver_find(sensor->driver) : NULL,
                         .reader = reader ? reader_find(reader->driver) : NULL,
                         .sensor_config = sensor,
                         .reader_config = reader,
                         .point = point };
    return 0;
}

int bus_worker_start(struct bus_worker *worker)
{
    return worker->n_devices ? worker_start(&worker->worker, run, worker) : 0;
}

// Which devices there are does not change once the thread runs.
int bus_worker_calibrate(struct bus_worker *worker, const struct calibration_order *order)
{
    const struct device *device = find_point(worker, order->point);
    if (!device) {
        return -ENOENT;
    }
    if (!device->driver || !device->driver->calibrate) {
        return -ENOTSUP;
    }
    if (atomic_load(&worker->ordered)) {
        return -EBUSY;
    }
    worker->order = *order;
    atomic_store(&worker->ordered, true);
    (void)eventfd_write(worker->order_fd, 1);
    return 0;
}

struct reports *bus_worker_reports(const struct bus_worker *worker)
{
    return worker->worker.reports;
}

void bus_worker_stop(struct bus_worker *worker)
{
    if (!worker || !worker_stop(&worker->worker)) {
        return;
    }
    i2c_close(worker->bus);
    gpio_release(worker->power);
    close(worker->order_fd);
    free(worker->devices);
    free(worker);
}
