// From an edge's time stamp at the simulated line to the change of the output's level, on the real guard
// (careroomd-sim) and, in turns, on bench-bare. Both are driven through sensors/sim/feed.h by this process,
// which neither waits in the path nor is waited for: it comes back later and reads both stamps.
//
//     bench-edges GUARD_PAGE:ORDERS BARE_PAGE:ORDERS CONTROL_SOCKET ROOMS EDGES FIRES
//
// Each of ROOMS rooms, room-1 and so on, has the contacts mains (role mains, no debounce) and smoke (role
// smoke), and a siren.
//
// EDGES edges of mains contacts, half of them to active, which sounds the room's siren, half of them back,
// which silences it: a warning that clears itself, so that nobody has to answer between two edges. Guard and
// bare have turns of ten edges, so that whatever else happens meets both alike: a pause of the whole machine,
// and the kernel's work for the journal, which writes the guard's edges during the turns of both. Then FIRES
// edges of smoke contacts into a quiet building, one on the guard, one on bare: every siren of the building
// sounds; clearing, acknowledgement and reset lie outside of what is measured.
// The two ways are one: poll, line, contact, core, outputs; fire alone has the loop's highest priority and
// drives the outputs of all rooms.
//
// Prints nanoseconds, as JSON.
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "sensors/sim/feed.h"
#include "sensors/sim/sim.h"

#define BLOCK     10
#define PACE_NS   250000
#define JITTER_NS 100000          // so that no period of the kernel or of the guard is met again and again
#define QUIET_NS  (2 * NS_PER_MS) // before a fire: what was recorded before it is on the disk
#define LIMIT_NS  (10 * NS_PER_S)

struct target {
    struct sim_feed_page *page;
    int orders;
};

struct series {
    uint64_t *ns;
    size_t n;
};

static struct target guard, bare;
static int control = -1;
static unsigned n_rooms;

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bench-edges: %s\n", what);
    exit(1);
}

static void pause_ns(uint64_t ns)
{
    struct timespec rest = { .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, NULL);
}

static void pace(void)
{
    pause_ns(PACE_NS + (uint64_t)rand() % JITTER_NS);
}

// ---- The two ends

static void attach(const char *descriptors, struct target *target)
{
    int page_fd;
    if (sscanf(descriptors, "%d:%d", &page_fd, &target->orders) != 2) {
        give_up("descriptors are given as PAGE:ORDERS");
    }
    target->page = mmap(NULL, sizeof(*target->page), PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
    if (target->page == MAP_FAILED) {
        give_up("no page");
    }
}

static void connect_control(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(control, (struct sockaddr *)&address, sizeof address) < 0) {
        give_up("the guard's control socket does not answer");
    }
}

// One request and its answer, each a line.
static bool asked(const char *op, unsigned room, char *answer, size_t size)
{
    char request[128];
    int length = snprintf(request, sizeof request, "{\"op\":\"%s\",\"alarm\":\"room-%u/smoke\"}\n", op, room);
    size_t n = 0;
    if (write(control, request, (size_t)length) != length) {
        give_up("the guard does not take a request");
    }
    while (n == 0 || answer[n - 1] != '\n') {
        ssize_t got = n < size - 1 ? read(control, answer + n, size - 1 - n) : -1;
        if (got <= 0) {
            give_up("the guard does not answer a request");
        }
        n += (size_t)got;
    }
    answer[n] = '\0';
    return strstr(answer, "\"ok\":true") || strstr(answer, "\"ok\": true");
}

static void ask(const char *op, unsigned room)
{
    char answer[4096];
    for (int try = 0; !asked(op, room, answer, sizeof answer); try++) {
        if (try == 10) {
            give_up(answer);
        }
        pause_ns(NS_PER_MS); // the line's clearing is still on its way
    }
}

static void order(const struct target *target, unsigned room, const char *sensor, enum sim_contact state)
{
    struct sim_feed_order order = { .state = (uint8_t)state };
    (void)snprintf(order.room, sizeof order.room, "room-%u", room);
    (void)snprintf(order.sensor, sizeof order.sensor, "%s", sensor);
    uint64_t done = atomic_load(&target->page->orders), waited_ns = 0;
    if (write(target->orders, &order, sizeof order) != (ssize_t)sizeof order) {
        give_up("an order is not taken");
    }
    pace();
    for (; atomic_load(&target->page->orders) == done; waited_ns += PACE_NS) {
        if (waited_ns > LIMIT_NS) {
            give_up("an order is not carried out");
        }
        pace();
    }
    if (atomic_load(&target->page->error) < 0) {
        give_up("an order names no contact");
    }
}

static void await_at_least(const struct target *target, unsigned output, uint64_t changes)
{
    const struct sim_feed_output *seen = &target->page->outputs[output];
    for (uint64_t waited_ns = 0; atomic_load(&seen->changes) < changes; waited_ns += PACE_NS) {
        if (waited_ns > LIMIT_NS) {
            give_up("an edge changed no output");
        }
        pace();
    }
}

static void await_change(const struct target *target, unsigned output, uint64_t changes)
{
    await_at_least(target, output, changes);
    if (atomic_load(&target->page->outputs[output].changes) != changes) {
        give_up("one edge changed an output twice");
    }
}

// ---- Measurements

static struct series series(size_t cap)
{
    struct series new = { .ns = calloc(cap + 1, sizeof(uint64_t)) };
    if (!new.ns) {
        give_up("no memory");
    }
    return new;
}

static void note(struct series *series, const struct target *target, unsigned output)
{
    uint64_t changed_ns = atomic_load(&target->page->outputs[output].changed_ns);
    series->ns[series->n++] = changed_ns - atomic_load(&target->page->edge_ns);
}

static void measure_edge(const struct target *target, unsigned room, enum sim_contact state,
                         struct series *series)
{
    unsigned output = target == &bare ? 0 : room - 1;
    uint64_t changes = atomic_load(&target->page->outputs[output].changes);
    order(target, room, "mains", state);
    await_change(target, output, changes + 1);
    note(series, target, output);
}

static void measure_block(const struct target *target, size_t first, size_t n, struct series *series)
{
    for (size_t i = first; i < first + n; i++) {
        measure_edge(target, (unsigned)(i / 2 % n_rooms) + 1,
                     i % 2 == 0 ? SIM_CONTACT_ACTIVE : SIM_CONTACT_INACTIVE, series);
    }
}

static void measure_fire(unsigned room, struct series *own, struct series *last)
{
    uint64_t changes[SIM_FEED_OUTPUTS], last_ns = 0;
    for (unsigned o = 0; o < n_rooms; o++) {
        changes[o] = atomic_load(&guard.page->outputs[o].changes);
    }
    order(&guard, room, "smoke", SIM_CONTACT_ACTIVE);
    for (unsigned o = 0; o < n_rooms; o++) {
        await_change(&guard, o, changes[o] + 1);
        uint64_t changed_ns = atomic_load(&guard.page->outputs[o].changed_ns);
        last_ns = changed_ns > last_ns ? changed_ns : last_ns;
    }
    note(own, &guard, room - 1);
    last->ns[last->n++] = last_ns - atomic_load(&guard.page->edge_ns);

    order(&guard, room, "smoke", SIM_CONTACT_INACTIVE);
    ask("ack", room);
    ask("reset", room);
    for (unsigned o = 0; o < n_rooms; o++) {
        await_at_least(&guard, o, changes[o] + 2); // more where its signal had a pause in the meantime
    }
}

static int ascending(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void print(const char *name, struct series *series, const char *end)
{
    qsort(series->ns, series->n, sizeof *series->ns, ascending);
    size_t n = series->n, over = 0;
    for (size_t i = 0; i < n; i++) {
        over += series->ns[i] > NS_PER_MS;
    }
    const uint64_t *ns = series->ns;
    printf("\"%s\": {\"n\": %zu, \"p50\": %llu, \"p99\": %llu, \"p999\": %llu, \"max\": %llu, \"over_1ms\": "
           "%zu}%s",
           name, n, (unsigned long long)ns[n / 2], (unsigned long long)ns[n * 99 / 100],
           (unsigned long long)ns[n * 999 / 1000], (unsigned long long)ns[n ? n - 1 : 0], over, end);
}

static void measure(size_t n_edges, size_t n_fires)
{
    struct series edges = series(n_edges), bare_edges = series(n_edges);
    struct series fires = series(n_fires), last_fires = series(n_fires), bare_fires = series(n_fires);
    for (size_t i = 0; i < n_edges; i += BLOCK) {
        size_t n = n_edges - i < BLOCK ? n_edges - i : BLOCK;
        measure_block(&guard, i, n, &edges);
        measure_block(&bare, i, n, &bare_edges);
    }
    for (size_t i = 0; i < n_fires; i++) {
        pause_ns(QUIET_NS);
        measure_fire((unsigned)(i % n_rooms) + 1, &fires, &last_fires);
        pause_ns(QUIET_NS);
        measure_edge(&bare, 1, SIM_CONTACT_ACTIVE, &bare_fires);
    }
    printf("{\"edges\": {");
    print("guard", &edges, ", ");
    print("bare", &bare_edges, "}, \"fires\": {");
    print("guard", &fires, ", ");
    print("guard_last", &last_fires, ", ");
    print("bare", &bare_fires, "}}\n");
}

int main(int argc, char **argv)
{
    if (argc != 7 || (n_rooms = (unsigned)atoi(argv[4])) < 1 || n_rooms > SIM_FEED_OUTPUTS) {
        fprintf(stderr,
                "usage: bench-edges GUARD_PAGE:ORDERS BARE_PAGE:ORDERS CONTROL_SOCKET ROOMS EDGES FIRES\n");
        return 2;
    }
    attach(argv[1], &guard);
    attach(argv[2], &bare);
    connect_control(argv[3]);
    struct sched_param fifo = { .sched_priority = SIM_FEED_PRIORITY };
    (void)sched_setscheduler(0, SCHED_FIFO, &fifo); // so that it keeps its pace beside ordinary work
    measure((size_t)atol(argv[5]) / 2 * 2, (size_t)atol(argv[6]));
    return 0;
}
