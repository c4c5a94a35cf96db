// What the alarm path can't be faster than: a process that is driven by sensors/sim/feed.h like careroomd-sim
// (a thread that takes an order, stamps it and writes an eventfd) and whose main thread does nothing but
// wait in epoll, with the class and the locked memory of the guard's. Its "output" is the moment at which it
// woke.
//
//     CAREROOM_SIM_FEED=PAGE:ORDERS bench-bare
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "sensors/sim/feed.h"

#define GUARD_PRIORITY 20 // FIFO_PRIORITY of gateway/guard/guard.c

static struct sim_feed_page *page;
static int orders_fd, edge_fd;

static void be_prompt(int priority)
{
    struct sched_param fifo = { .sched_priority = priority };
    (void)sched_setscheduler(0, SCHED_FIFO, &fifo);
}

static void *write_edges(void *user)
{
    struct sim_feed_order order;
    be_prompt(SIM_FEED_PRIORITY);
    while (read(orders_fd, &order, sizeof order) == (ssize_t)sizeof order) {
        uint64_t now_ns = clock_boottime_ns();
        (void)eventfd_write(edge_fd, 1);
        atomic_store(&page->edge_ns, now_ns);
        atomic_fetch_add(&page->orders, 1);
    }
    exit(0);
    return user;
}

static void wait_for_edges(int epoll_fd)
{
    struct epoll_event event;
    eventfd_t edges;
    while (epoll_wait(epoll_fd, &event, 1, -1) >= 0) {
        uint64_t now_ns = clock_boottime_ns();
        (void)eventfd_read(edge_fd, &edges);
        atomic_store(&page->outputs[0].changed_ns, now_ns);
        atomic_fetch_add(&page->outputs[0].changes, 1);
    }
}

int main(void)
{
    const char *variable = getenv(SIM_FEED_VARIABLE);
    int page_fd, epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    pthread_t thread;
    edge_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    if (!variable || sscanf(variable, "%d:%d", &page_fd, &orders_fd) != 2 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, edge_fd, &event) < 0) {
        fprintf(stderr, "usage: " SIM_FEED_VARIABLE "=PAGE:ORDERS bench-bare\n");
        return 2;
    }
    page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
    if (page == MAP_FAILED || pthread_create(&thread, NULL, write_edges, NULL) != 0) {
        perror("bench-bare");
        return 1;
    }
    (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
    be_prompt(GUARD_PRIORITY);
    wait_for_edges(epoll_fd);
    return 1;
}
