#include "gateway/guard/reports.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define REPORTS      256
#define FULL_WAIT_MS 10

struct reports {
    int fd;
    atomic_size_t written, taken;
    struct report all[REPORTS];
};

struct reports *reports_new(void)
{
    struct reports *reports = calloc(1, sizeof *reports);
    if (!reports) {
        return NULL;
    }
    reports->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (reports->fd < 0) {
        free(reports);
        return NULL;
    }
    return reports;
}

void reports_free(struct reports *reports)
{
    if (!reports) {
        return;
    }
    close(reports->fd);
    free(reports);
}

void reports_push(struct reports *reports, const struct report *report, int stop_fd)
{
    size_t written = atomic_load_explicit(&reports->written, memory_order_relaxed);
    while (written - atomic_load_explicit(&reports->taken, memory_order_acquire) == REPORTS) {
        struct pollfd stop = { .fd = stop_fd, .events = POLLIN };
        if (poll(&stop, 1, FULL_WAIT_MS) > 0) {
            return;
        }
    }
    reports->all[written % REPORTS] = *report;
    atomic_store_explicit(&reports->written, written + 1, memory_order_release);
    (void)eventfd_write(reports->fd, 1);
}

size_t reports_take(struct reports *reports, struct report *ret_reports, size_t cap)
{
    eventfd_t seen;
    (void)eventfd_read(reports->fd, &seen);
    size_t taken = atomic_load_explicit(&reports->taken, memory_order_relaxed);
    size_t written = atomic_load_explicit(&reports->written, memory_order_acquire);
    size_t n = 0;
    while (n < cap && taken != written) {
        ret_reports[n++] = reports->all[taken % REPORTS];
        reports->all[taken++ % REPORTS].card = (struct card){ .bits = 0 };
    }
    atomic_store_explicit(&reports->taken, taken, memory_order_release);
    if (taken != written) {
        (void)eventfd_write(reports->fd, 1);
    }
    return n;
}

int reports_fd(const struct reports *reports)
{
    return reports->fd;
}
