#include "gateway/guard/workers.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/guard/bus_worker.h"
#include "gateway/guard/port_worker.h"

struct source {
    struct workers *owner;
    struct bus_worker *bus; // one of the two
    struct port_worker *port;
    struct reports *reports;
    sd_event_source *io;
};

struct workers {
    workers_report_fn report;
    void *user;
    struct source *sources; // the buses', in the configuration's order, then the ports'
    size_t n_sources;
};

static int on_reports(sd_event_source *io, int fd, uint32_t events, void *user)
{
    struct source *source = user;
    struct report reports[16];
    (void)io;
    (void)fd;
    (void)events;
    size_t n = reports_take(source->reports, reports, sizeof reports / sizeof *reports);
    for (size_t i = 0; i < n; i++) {
        source->owner->report(&reports[i], source->owner->user);
    }
    return 0;
}

static enum part_bus part_bus_of(const struct plan_source *source)
{
    return source->sensor   ? source->sensor->part->bus
           : source->reader ? source->reader->part->bus
                            : PART_BUS_COUNT;
}

// The bus that a part is on; only for PART_I2C and PART_SERIAL.
static size_t bus_of(const struct plan_source *source)
{
    return source->sensor ? source->sensor->bus : source->reader->bus;
}

static int add_buses(struct workers *workers, const struct config *config)
{
    for (size_t i = 0; i < config->n_buses; i++) {
        struct source *source = &workers->sources[workers->n_sources++];
        if (!config->buses[i].i2c) {
            continue; // a port has a worker where it has a part
        }
        source->bus = bus_worker_new(&config->buses[i]);
        if (!source->bus) {
            return -ENOMEM;
        }
        source->reports = bus_worker_reports(source->bus);
    }
    return 0;
}

static int add_port(struct workers *workers, const struct config *config, size_t point,
                    const struct plan_source *part)
{
    const struct config_bus *bus = part_bus_of(part) == PART_SERIAL ? &config->buses[bus_of(part)] : NULL;
    struct source *source = &workers->sources[workers->n_sources++];
    source->port = port_worker_new(point, bus, part->sensor, part->reader);
    if (!source->port) {
        return -ENOMEM;
    }
    source->reports = port_worker_reports(source->port);
    return 0;
}

static int add_sysfs(struct workers *workers, size_t point, const struct plan_source *part)
{
    struct source *source = &workers->sources[workers->n_sources++];
    source->bus = bus_worker_new(NULL);
    if (!source->bus) {
        return -ENOMEM;
    }
    source->reports = bus_worker_reports(source->bus);
    return bus_worker_add(source->bus, point, part->sensor, NULL);
}

static int add_part(struct workers *workers, const struct config *config, size_t point,
                    const struct plan_source *part)
{
    enum part_bus bus = part_bus_of(part);
    if (bus == PART_I2C) {
        return bus_worker_add(workers->sources[bus_of(part)].bus, point, part->sensor, part->reader);
    }
    if (bus == PART_SYSFS) {
        return add_sysfs(workers, point, part);
    }
    return bus == PART_SERIAL || bus == PART_INPUT ? add_port(workers, config, point, part) : 0;
}

static int start(struct workers *workers, sd_event *loop, int64_t priority)
{
    int r = 0;
    for (size_t i = 0; i < workers->n_sources && r >= 0; i++) {
        struct source *source = &workers->sources[i];
        source->owner = workers;
        if (!source->reports) {
            continue;
        }
        r = sd_event_add_io(loop, &source->io, reports_fd(source->reports), EPOLLIN, on_reports, source);
        if (r >= 0) {
            r = sd_event_source_set_priority(source->io, priority);
        }
        if (r >= 0) {
            r = source->bus ? bus_worker_start(source->bus) : port_worker_start(source->port);
        }
    }
    return r;
}

int workers_start(const struct config *config, const struct plan *plan, sd_event *loop, int64_t priority,
                  workers_report_fn report, void *user, struct workers **ret_workers)
{
    struct workers *workers = calloc(1, sizeof *workers);
    if (!workers) {
        return -ENOMEM;
    }
    *workers = (struct workers){ .report = report, .user = user };
    workers->sources = calloc(config->n_buses + plan->core.n_points, sizeof *workers->sources);
    int r = workers->sources ? add_buses(workers, config) : -ENOMEM;
    for (size_t i = 0; i < plan->core.n_points && r == 0; i++) {
        r = add_part(workers, config, i, &plan->sources[i]);
    }
    if (r == 0) {
        r = start(workers, loop, priority);
    }
    if (r < 0) {
        workers_stop(workers);
        return r;
    }
    *ret_workers = workers;
    return 0;
}

int workers_calibrate(struct workers *workers, const struct calibration_order *order)
{
    for (size_t i = 0; i < workers->n_sources; i++) {
        int r = workers->sources[i].bus ? bus_worker_calibrate(workers->sources[i].bus, order) : -ENOENT;
        if (r != -ENOENT) {
            return r;
        }
    }
    return -ENOTSUP; // of the rest, on ports and lines, none can be
}

void workers_stop(struct workers *workers)
{
    if (!workers) {
        return;
    }
    for (size_t i = 0; i < workers->n_sources; i++) {
        struct source *source = &workers->sources[i];
        sd_event_source_unref(source->io);
        bus_worker_stop(source->bus);
        port_worker_stop(source->port);
    }
    free(workers->sources);
    free(workers);
}
