#include "gateway/guard/port_worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "gateway/common/log.h"
#include "gateway/guard/worker.h"
#include "sensors/bus/input.h"
#include "sensors/bus/serial.h"

#define REOPEN_FIRST_NS   NS_PER_S
#define REOPEN_LONGEST_NS (10 * NS_PER_S)
#define BYTES             64 // then the time is looked at

#define STATE_MAX (DRIVER_STATE_MAX > READER_STATE_MAX ? DRIVER_STATE_MAX : READER_STATE_MAX)

struct port_worker {
    struct worker worker;
    _Alignas(16) unsigned char state[STATE_MAX];
    const char *path;
    uint32_t baud;
    const struct driver *driver; // a sensor, or
    const struct reader *reader; // a card reader
    const struct config_sensor *sensor_config;
    const struct config_reader *reader_config;
    size_t point;
    struct serial_port *serial; // one of these while it is open
    struct input_device *input;
    uint64_t next_ns;
    uint64_t reopen_ns; // the next pause before it is opened
    struct health health;
    bool said_gone;
};

// ---- The port

static bool is_serial(const struct port_worker *worker)
{
    return worker->baud != 0;
}

static void close_port(struct port_worker *worker)
{
    serial_close(worker->serial);
    input_close(worker->input);
    worker->serial = NULL;
    worker->input = NULL;
}

static void port_gone(struct port_worker *worker, int error)
{
    close_port(worker);
    if (!worker->said_gone) {
        worker->said_gone = true;
        log_error("%s: %s; what is there is in trouble, it is tried again every 10 s", worker->path,
                  strerror(-error));
    }
    if (health_broken(&worker->health, TROUBLE_GONE)) {
        worker_tell_trouble(&worker->worker, worker->point, &worker->health);
    }
}

// A new start: the part may be another one of its kind. A card reader says nothing until there is a card, so
// its port is all that is known of it; a sensor is trusted again with its first value.
static void begin(struct port_worker *worker)
{
    uint64_t now = clock_boottime_ns();
    memset(worker->state, 0, sizeof worker->state);
    if (worker->driver) {
        worker->driver->init(worker->state, worker->sensor_config, now);
        worker->next_ns = now;
    } else {
        worker->reader->init(worker->state, worker->reader_config, now);
        worker->next_ns = UINT64_MAX;
        if (health_good(&worker->health)) {
            worker_tell_trouble(&worker->worker, worker->point, &worker->health);
        }
    }
    worker->reopen_ns = REOPEN_FIRST_NS;
    if (worker->said_gone) {
        worker->said_gone = false;
        log_notice("%s is there again", worker->path);
    }
}

static bool open_port(struct port_worker *worker)
{
    int r = is_serial(worker) ? serial_open(worker->path, worker->baud, &worker->serial)
                              : input_open(worker->path, &worker->input);
    if (r < 0) {
        port_gone(worker, r);
        return false;
    }
    begin(worker);
    return true;
}

// ---- What comes

static void sensor_result(struct port_worker *worker, int error, const struct driver_result *result)
{
    worker->next_ns = result->next_ns;
    bool changed = error < 0   ? health_failed(&worker->health, health_trouble_of(error))
                   : result->n ? health_good(&worker->health)
                               : false;
    if (changed) {
        worker_tell_trouble(&worker->worker, worker->point, &worker->health);
    }
    for (unsigned i = 0; error == 0 && i < result->n; i++) {
        worker_tell_reading(&worker->worker, worker->point, &result->readings[i]);
    }
}

static void reader_result(struct port_worker *worker, const struct reader_result *result)
{
    worker->next_ns = result->next_ns;
    worker_tell_outcome(&worker->worker, worker->point, &worker->health, result);
}

static void take_byte(struct port_worker *worker, uint8_t byte)
{
    uint64_t now = clock_boottime_ns();
    if (worker->driver) {
        struct driver_result result = { .next_ns = worker->next_ns };
        int r = worker->driver->byte(worker->state, byte, now, &result);
        sensor_result(worker, r, &result);
    } else {
        struct reader_result result = { .next_ns = worker->next_ns };
        worker->reader->byte(worker->state, byte, now, &result);
        reader_result(worker, &result);
    }
}

static int receive_bytes(struct port_worker *worker)
{
    uint8_t bytes[BYTES];
    int n = serial_read(worker->serial, bytes, sizeof bytes);
    for (int i = 0; i < n; i++) {
        take_byte(worker, bytes[i]);
    }
    return n == -EAGAIN ? 0 : n;
}

static int receive_keys(struct port_worker *worker)
{
    struct input_key key;
    int r;
    while ((r = input_read(worker->input, &key)) > 0) {
        struct reader_result result = { .next_ns = worker->next_ns };
        worker->reader->key(worker->state, key.code, key.lost, key.boottime_ns, &result);
        reader_result(worker, &result);
    }
    return r;
}

// ---- What is due

static int ask(struct port_worker *worker)
{
    struct driver_request request = { .length = 0 };
    struct driver_result result = { .n = 0 };
    int r = worker->driver->ask(worker->state, clock_boottime_ns(), &request, &result);
    sensor_result(worker, r, &result);
    if (request.length == 0) {
        return 0;
    }
    serial_flush(worker->serial);
    r = serial_write(worker->serial, request.bytes, request.length);
    return r == -EAGAIN ? 0 : r; // nobody takes it: the answer will be overdue
}

static int due(struct port_worker *worker)
{
    if (worker->driver) {
        return ask(worker);
    }
    struct reader_result result = { .next_ns = UINT64_MAX };
    worker->reader->settle(worker->state, clock_boottime_ns(), &result);
    reader_result(worker, &result);
    return 0;
}

// What waits came before a deadline that has passed meanwhile.
static void serve(struct port_worker *worker, enum wake wake)
{
    int r = 0;
    if (wake == WAKE_READABLE) {
        r = worker->serial ? receive_bytes(worker) : receive_keys(worker);
    }
    if (r >= 0 && clock_boottime_ns() >= worker->next_ns) {
        r = due(worker);
    }
    if (r < 0) {
        port_gone(worker, r);
    }
}

static void *run(void *user)
{
    struct port_worker *worker = user;
    for (;;) {
        bool open = worker->serial || worker->input || open_port(worker);
        int fd = worker->serial ? serial_fd(worker->serial) : worker->input ? input_fd(worker->input) : -1;
        uint64_t until_ns = open ? worker->next_ns : clock_boottime_ns() + worker->reopen_ns;
        enum wake wake = worker_wait(&worker->worker, fd, until_ns);
        if (wake == WAKE_STOP) {
            return NULL;
        }
        if (open) {
            serve(worker, wake);
        } else {
            worker->reopen_ns =
                2 * worker->reopen_ns < REOPEN_LONGEST_NS ? 2 * worker->reopen_ns : REOPEN_LONGEST_NS;
        }
    }
}

// ---- Life

struct port_worker *port_worker_new(size_t point, const struct config_bus *bus,
                                    const struct config_sensor *sensor, const struct config_reader *reader)
{
    struct port_worker *worker = calloc(1, sizeof *worker);
    if (!worker || worker_init(&worker->worker) < 0) {
        free(worker);
        return NULL;
    }
    worker->path = bus ? bus->serial : reader->device;
    worker->baud = bus ? bus->baud : 0;
    worker->driver = sensor ? driver_find(sensor->driver) : NULL;
    worker->reader = reader ? reader_find(reader->driver) : NULL;
    worker->sensor_config = sensor;
    worker->reader_config = reader;
    worker->point = point;
    worker->reopen_ns = REOPEN_FIRST_NS;
    return worker;
}

int port_worker_start(struct port_worker *worker)
{
    return worker_start(&worker->worker, run, worker);
}

struct reports *port_worker_reports(const struct port_worker *worker)
{
    return worker->worker.reports;
}

void port_worker_stop(struct port_worker *worker)
{
    if (!worker || !worker_stop(&worker->worker)) {
        return;
    }
    close_port(worker);
    free(worker);
}
