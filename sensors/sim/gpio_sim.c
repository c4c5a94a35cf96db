#include "sensors/bus/gpio.h"
#include "sensors/sim/pins.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "sensors/sim/sim_clock.h"

#define PULSE_NS   50000ULL
#define PERIOD_NS  (2 * NS_PER_MS)
#define SILENCE_NS (60 * NS_PER_MS)

struct sim_pin {
    struct sim_pin *next;
    bool pulled_up;
    enum sim_drive drive;
    struct gpio_lines *owner; // NULL: nobody asked for it
    unsigned index;           // in the owner
    bool level;
    uint64_t changed_ns;
    sim_pin_changed_fn watcher; // NULL: nobody looks
    void *watching;
    char name[];
};

enum request_kind { REQUEST_INPUTS, REQUEST_PULSES, REQUEST_OUTPUT, REQUEST_OPEN_DRAIN };

struct gpio_lines {
    enum request_kind kind;
    bool gone; // the lines were removed under it
    enum bias bias;
    bool output; // the level that it drives
    size_t n;
    struct sim_pin *pins[GPIO_MAX_LINES];
    int fd;
    bool lost;
    size_t first, count; // of the edges that wait
    struct gpio_edge edges[SIM_PIN_EDGES];
};

static pthread_mutex_t mutex;
static struct sim_pin *pins_head;

// The guard's main thread has real-time priority and takes this lock, so whoever holds it must inherit that.
static void init_mutex(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static void lock(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_mutex);
    pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

// --- Edges ---------------------------------------------------------------------------------------

// The descriptor counts nothing: it becomes readable while edges wait. Returns the one to be made so, or -1.
static int push_edge(struct gpio_lines *lines, const struct gpio_edge *edge)
{
    if (lines->count == SIM_PIN_EDGES) { // as the kernel does: the oldest goes
        lines->first = (lines->first + 1) % SIM_PIN_EDGES;
        lines->count--;
        lines->lost = true;
    }
    lines->edges[(lines->first + lines->count) % SIM_PIN_EDGES] = *edge;
    return lines->count++ == 0 ? lines->fd : -1;
}

// Without the lock where time matters: whoever it wakes wants that lock at once, and would have to wait for
// a thread that it has just preempted. The descriptor may then be made readable late, after its edge has been
// taken: take_edges() knows.
static void wake(int fd)
{
    if (fd >= 0)
        eventfd_write(fd, 1);
}

static bool drives(const struct gpio_lines *lines)
{
    return lines->kind == REQUEST_OUTPUT || lines->kind == REQUEST_OPEN_DRAIN;
}

static int report_edge(const struct sim_pin *pin, bool level, uint64_t at_ns)
{
    struct gpio_lines *lines = pin->owner;
    if (!lines || drives(lines) || (lines->kind == REQUEST_PULSES && level))
        return -1;
    const struct gpio_edge edge = { .boottime_ns = at_ns, .line = pin->index, .level = level };
    return push_edge(lines, &edge);
}

static bool electrical_level(const struct sim_pin *pin)
{
    const struct gpio_lines *owner = pin->owner;
    if (owner && owner->kind == REQUEST_OUTPUT)
        return owner->output;
    if (owner && owner->kind == REQUEST_OPEN_DRAIN && !owner->output)
        return false;
    if (pin->drive != SIM_DRIVE_NONE)
        return pin->drive == SIM_DRIVE_HIGH;
    return owner && owner->bias != BIAS_AS_IS ? owner->bias == BIAS_PULL_UP : pin->pulled_up;
}

// True where the level is another one now.
static bool update_level(struct sim_pin *pin)
{
    bool level = electrical_level(pin);
    if (level == pin->level)
        return false;
    pin->level = level;
    pin->changed_ns = sim_now_ns();
    return true;
}

// --- The wiring's side ---------------------------------------------------------------------------

static struct sim_pin **find_link(const char *name)
{
    struct sim_pin **link = &pins_head;
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    return link;
}

static int add_pin(const char *name, bool pulled_up, enum sim_drive rest, struct sim_pin **ret_pin)
{
    struct sim_pin **link = find_link(name);
    if (*link)
        return -EEXIST;
    size_t size = strlen(name) + 1;
    struct sim_pin *pin = calloc(1, sizeof(*pin) + size);
    if (!pin)
        return -ENOMEM;
    pin->pulled_up = pulled_up;
    pin->drive = rest;
    pin->level = electrical_level(pin);
    memcpy(pin->name, name, size);
    *link = *ret_pin = pin;
    return 0;
}

int sim_pin_add(const char *name, bool pulled_up, enum sim_drive rest, struct sim_pin **ret_pin)
{
    lock();
    int r = add_pin(name, pulled_up, rest, ret_pin);
    unlock();
    return r;
}

void sim_pins_remove_all(void)
{
    lock();
    for (struct sim_pin *pin = pins_head, *next; pin; pin = next) {
        next = pin->next;
        if (pin->owner && !pin->owner->gone) {
            pin->owner->gone = true;
            if (!drives(pin->owner))
                eventfd_write(pin->owner->fd, 1); // poll() wakes up, and reading says why
        }
        free(pin);
    }
    pins_head = NULL;
    unlock();
}

void sim_pin_drive(struct sim_pin *pin, enum sim_drive drive)
{
    lock();
    pin->drive = drive;
    int fd = update_level(pin) ? report_edge(pin, pin->level, pin->changed_ns) : -1;
    unlock();
    wake(fd);
}

void sim_pin_watch(struct sim_pin *pin, sim_pin_changed_fn changed, void *user)
{
    lock();
    pin->watcher = changed;
    pin->watching = user;
    unlock();
}

static uint64_t later_change_ns(struct sim_pin *const pins[2])
{
    return pins[0]->changed_ns > pins[1]->changed_ns ? pins[0]->changed_ns : pins[1]->changed_ns;
}

static int pulse(struct sim_pin *const pins[2], const char *bits, unsigned n)
{
    uint64_t now_ns = sim_now_ns(), length_ns = (n - 1) * PERIOD_NS + PULSE_NS;
    if (now_ns < later_change_ns(pins) + SILENCE_NS + length_ns)
        return -EBUSY;
    for (unsigned i = 0; i < n; i++) {
        struct sim_pin *pin = pins[bits[i] == '1'];
        uint64_t falls_ns = now_ns - length_ns + i * PERIOD_NS;
        wake(report_edge(pin, false, falls_ns));
        wake(report_edge(pin, true, falls_ns + PULSE_NS));
        pin->changed_ns = falls_ns + PULSE_NS;
    }
    return 0;
}

int sim_pins_pulse(struct sim_pin *const pins[2], const char *bits, unsigned n)
{
    lock();
    int r = pulse(pins, bits, n);
    unlock();
    return r;
}

void sim_pin_level(const struct sim_pin *pin, bool *ret_level, uint64_t *ret_changed_ns)
{
    lock();
    *ret_level = pin->level;
    *ret_changed_ns = pin->changed_ns;
    unlock();
}

// --- The guard's side ----------------------------------------------------------------------------

static void give_back(struct gpio_lines *lines)
{
    for (size_t i = 0; i < lines->n && !lines->gone; i++) {
        lines->pins[i]->owner = NULL;
        update_level(lines->pins[i]);
    }
}

static int take_pin(struct gpio_lines *lines, const char *name)
{
    struct sim_pin *pin = *find_link(name);
    if (!pin)
        return -ENOENT;
    if (pin->owner)
        return -EBUSY;
    pin->index = (unsigned)lines->n;
    pin->owner = lines;
    lines->pins[lines->n++] = pin;
    return 0;
}

// All the lines or none. What the request itself changes (a pull) happened before it, and is no edge.
static int take_pins(struct gpio_lines *lines, const char *const *names, size_t n)
{
    int r = 0;
    lock();
    for (size_t i = 0; i < n && r == 0; i++)
        r = take_pin(lines, names[i]);
    if (r < 0)
        give_back(lines);
    for (size_t i = 0; i < lines->n && r == 0; i++)
        update_level(lines->pins[i]);
    unlock();
    return r;
}

// n 0 or too many would be the caller's defect.
static int request(const struct gpio_lines *wanted, const char *const *names, size_t n,
                   struct gpio_lines **ret_lines)
{
    if (n == 0 || n > GPIO_MAX_LINES)
        return -EINVAL;
    struct gpio_lines *lines = malloc(sizeof(*lines));
    if (!lines)
        return -ENOMEM;
    *lines = *wanted;
    lines->fd = -1;
    int r = 0;
    if (!drives(lines) && (lines->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0)
        r = -errno;
    if (r == 0)
        r = take_pins(lines, names, n);
    if (r < 0) {
        if (lines->fd >= 0)
            close(lines->fd);
        free(lines);
        return r;
    }
    *ret_lines = lines;
    return 0;
}

int gpio_request_inputs(const char *const *names, size_t n, enum bias bias, struct gpio_lines **ret_lines)
{
    const struct gpio_lines wanted = { .kind = REQUEST_INPUTS, .bias = bias };
    return request(&wanted, names, n, ret_lines);
}

int gpio_request_pulses(const char *const *names, size_t n, enum bias bias, struct gpio_lines **ret_lines)
{
    const struct gpio_lines wanted = { .kind = REQUEST_PULSES, .bias = bias };
    return request(&wanted, names, n, ret_lines);
}

int gpio_request_output(const char *name, bool initial_level, struct gpio_lines **ret_lines)
{
    const struct gpio_lines wanted = { .kind = REQUEST_OUTPUT, .output = initial_level };
    return request(&wanted, &name, 1, ret_lines);
}

// Without a bias: the bus's own resistors pull it up.
int gpio_request_open_drain(const char *name, struct gpio_lines **ret_lines)
{
    const struct gpio_lines wanted = { .kind = REQUEST_OPEN_DRAIN, .bias = BIAS_AS_IS, .output = true };
    return request(&wanted, &name, 1, ret_lines);
}

void gpio_release(struct gpio_lines *lines)
{
    if (!lines)
        return;
    lock();
    give_back(lines);
    unlock();
    if (lines->fd >= 0)
        close(lines->fd);
    free(lines);
}

int gpio_fd(const struct gpio_lines *lines)
{
    return lines->fd;
}

static int take_edges(struct gpio_lines *lines, struct gpio_edge *edges, size_t cap, bool *ret_lost)
{
    if (lines->gone)
        return -ENODEV;
    size_t n = 0;
    for (; n < cap && lines->count > 0; n++, lines->count--) {
        edges[n] = lines->edges[lines->first];
        lines->first = (lines->first + 1) % SIM_PIN_EDGES;
    }
    eventfd_t waiting;
    if (lines->count == 0)
        eventfd_read(lines->fd, &waiting);
    *ret_lost = lines->lost;
    lines->lost = false;
    return (int)n;
}

int gpio_read_edges(struct gpio_lines *lines, struct gpio_edge *edges, size_t cap, bool *ret_lost)
{
    lock();
    int r = take_edges(lines, edges, cap, ret_lost);
    unlock();
    return r;
}

int gpio_get(struct gpio_lines *lines, unsigned line, bool *ret_level)
{
    if (line >= lines->n)
        return -EINVAL;
    lock();
    bool gone = lines->gone;
    if (!gone)
        *ret_level = lines->pins[line]->level;
    unlock();
    return gone ? -ENODEV : 0;
}

int gpio_set(struct gpio_lines *lines, bool level)
{
    if (!drives(lines))
        return -EINVAL;
    lock();
    bool gone = lines->gone;
    sim_pin_changed_fn watcher = NULL;
    void *watching = NULL;
    if (!gone) {
        struct sim_pin *pin = lines->pins[0];
        lines->output = level;
        watcher = update_level(pin) ? pin->watcher : NULL;
        watching = pin->watching;
        level = pin->level;
    }
    unlock();
    if (watcher)
        watcher(watching, level);
    return gone ? -ENODEV : 0;
}

// `each` runs without the lock: it may want to request the line that it is told of.
int gpio_list(int (*each)(const char *chip_label, unsigned offset, const char *name, bool used, void *user),
              void *user)
{
    int r = 0;
    unsigned offset = 0;
    lock();
    for (const struct sim_pin *pin = pins_head; pin && r == 0; pin = pin->next) {
        bool used = pin->owner;
        unlock();
        r = each("sim", offset++, pin->name, used, user);
        lock();
    }
    unlock();
    return r;
}
