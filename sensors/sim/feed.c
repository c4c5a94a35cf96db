#include "sensors/sim/feed.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sensors/sim/sim.h"

static struct sim_feed_page *page; // NULL: nobody looks
static struct sim_pin *outputs[SIM_FEED_OUTPUTS];
static size_t n_outputs;

// From within gpio_set().
static void changed(void *user, bool level)
{
    struct sim_pin **output = user;
    struct sim_feed_output *seen = &page->outputs[output - outputs];
    uint64_t changed_ns;
    sim_pin_level(*output, &level, &changed_ns);
    atomic_store(&seen->changed_ns, changed_ns);
    atomic_fetch_add(&seen->changes, 1);
}

static void carry_out(const struct sim_feed_order *order)
{
    uint64_t edge_ns = 0;
    int r = sim_line(order->room, order->sensor, (enum sim_contact)order->state);
    if (r == 0) {
        r = sim_line_changed(order->room, order->sensor, &edge_ns);
    }
    atomic_store(&page->edge_ns, edge_ns);
    atomic_store(&page->error, r);
    atomic_fetch_add(&page->orders, 1);
}

static void *run(void *user)
{
    const int *orders = user;
    struct sim_feed_order order;
    struct sched_param fifo = { .sched_priority = SIM_FEED_PRIORITY };
    (void)sched_setscheduler(0, SCHED_FIFO, &fifo); // 0: this thread alone
    while (read(*orders, &order, sizeof order) ==
           (ssize_t)sizeof order) { // far below PIPE_BUF: whole or none
        order.room[ID_LENGTH] = order.sensor[ID_LENGTH] = '\0';
        carry_out(&order);
    }
    return NULL;
}

void sim_feed_watch(struct sim_pin *pin)
{
    if (getenv(SIM_FEED_VARIABLE) && n_outputs < SIM_FEED_OUTPUTS) {
        outputs[n_outputs] = pin;
        sim_pin_watch(pin, changed, &outputs[n_outputs]);
        n_outputs++;
    }
}

int sim_feed_start(void)
{
    static int orders;
    int page_fd;
    pthread_t thread;
    const char *variable = getenv(SIM_FEED_VARIABLE);
    if (!variable) {
        return 0;
    }
    if (sscanf(variable, "%d:%d", &page_fd, &orders) != 2) {
        return -EINVAL;
    }
    void *memory = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
    if (memory == MAP_FAILED) {
        return -errno;
    }
    page = memory;
    sigset_t all, before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before); // inherited: signals are the main thread's
    int r = pthread_create(&thread, NULL, run, &orders);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r == 0 ? pthread_detach(thread) : -r;
}
