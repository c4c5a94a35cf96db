#include "gateway/guard/worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "gateway/common/clock.h"

#define LONGEST_WAIT_NS (3600 * NS_PER_S) // then it is looked at again
#define STOP_WAIT_NS    (200 * NS_PER_MS)

int worker_init(struct worker *worker)
{
    *worker = (struct worker){ .stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    if (worker->stop_fd < 0) {
        return -errno;
    }
    worker->reports = reports_new();
    if (!worker->reports) {
        close(worker->stop_fd);
        return -ENOMEM;
    }
    return 0;
}

int worker_start(struct worker *worker, void *(*run)(void *user), void *user)
{
    int r = pthread_create(&worker->thread, NULL, run, user);
    worker->started = r == 0;
    return -r;
}

enum wake worker_wait(const struct worker *worker, int fd, uint64_t until_ns)
{
    for (;;) {
        uint64_t now = clock_boottime_ns();
        uint64_t left = until_ns > now ? until_ns - now : 0;
        left = left < LONGEST_WAIT_NS ? left : LONGEST_WAIT_NS;
        struct timespec timeout = { .tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S) };
        struct pollfd fds[] = { { .fd = worker->stop_fd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
        int r = ppoll(fds, 2, &timeout, NULL);
        if (r > 0 && fds[0].revents) {
            return WAKE_STOP;
        }
        if (r > 0 && fds[1].revents) {
            return WAKE_READABLE;
        }
        if (clock_boottime_ns() >= until_ns) {
            return WAKE_TIME;
        }
    }
}

void worker_tell_trouble(struct worker *worker, size_t point, const struct health *health)
{
    reports_push(worker->reports,
                 &(struct report){ .kind = REPORT_TROUBLE, .point = point, .trouble = health->told },
                 worker->stop_fd);
}

void worker_tell_reading(struct worker *worker, size_t point, const struct driver_reading *reading)
{
    reports_push(worker->reports,
                 &(struct report){ .kind = REPORT_READING, .point = point, .reading = *reading },
                 worker->stop_fd);
}

void worker_tell_outcome(struct worker *worker, size_t point, struct health *health,
                         const struct reader_result *result)
{
    if (health_outcome(health, result->outcome)) {
        worker_tell_trouble(worker, point, health);
    }
    if (result->outcome == READER_CARD) {
        reports_push(worker->reports,
                     &(struct report){ .kind = REPORT_CARD, .point = point, .card = result->card },
                     worker->stop_fd);
    }
}

bool worker_stop(struct worker *worker)
{
    (void)eventfd_write(worker->stop_fd, 1);
    if (worker->started) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        uint64_t end_ns = (uint64_t)until.tv_nsec + STOP_WAIT_NS;
        until.tv_sec += (time_t)(end_ns / NS_PER_S);
        until.tv_nsec = (long)(end_ns % NS_PER_S);
        if (pthread_timedjoin_np(worker->thread, NULL, &until) != 0) {
            return false;
        }
    }
    close(worker->stop_fd);
    reports_free(worker->reports);
    return true;
}
