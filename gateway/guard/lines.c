#include "gateway/guard/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/log.h"
#include "gateway/guard/health.h"
#include "sensors/bus/gpio.h"
#include "sensors/driver.h"
#include "sensors/reader.h"

// Smoke before doors before everything else of the loop.
#define PRIORITY_FIRE  -100
#define PRIORITY_LINES -50

#define EDGES        32
#define DRAIN_ROUNDS 4 // then other sources have their turn

// A line that changes for ever (a loose contact, a cable beside a motor) would have this thread to itself,
// and with a fire line's priority. Nothing that bounces or reads cards changes as often in a second: a
// bouncing contact some dozen times, a reader with three cards of 64 bits 192 times. So its edges are not
// listened to for a while; its level is read once a second instead, and active still counts at once. (The
// kernel goes on to take its interrupts.) All the while its point is in trouble, so that no "inactive"
// between two changes ends an alarm.
#define EDGES_A_SECOND 200
#define DEAF_SECONDS   10

struct line_point {
    struct lines *owner;
    size_t point;
    const struct driver *driver; // a contact, or
    const struct reader *reader; // a card reader
    _Alignas(
        16) unsigned char state[DRIVER_STATE_MAX > READER_STATE_MAX ? DRIVER_STATE_MAX : READER_STATE_MAX];
    struct gpio_lines *gpio;
    sd_event_source *io, *timer;
    bool level;           // as last heard (contacts)
    bool gone;            // the line can't be had, or is no more: a trouble until the next start
    struct health health; // of a card reader's frames
    unsigned edges;       // since the last lines_reread()
    unsigned deaf;        // calls of lines_reread() until its edges are listened to again; 0: they are
    bool noisy;           // told as a trouble, until a whole second is quiet
};

struct lines {
    const struct plan *plan;
    lines_input_fn input;
    lines_card_fn card;
    void *user;
    struct line_point *points;
    size_t n_points;
};

static void tell_trouble(struct line_point *p, enum trouble trouble)
{
    p->owner->input(&(struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = p->point, .trouble = trouble },
                    p->owner->user);
}

static void tell_noise(struct line_point *p, bool noisy)
{
    enum trouble noise = p->driver ? TROUBLE_DAMAGED : TROUBLE_UNREADABLE;
    if (p->noisy != noisy) {
        p->noisy = noisy;
        tell_trouble(p, noisy ? noise : p->health.told);
    }
}

// A timer shot for the time that the driver asked for; none for UINT64_MAX.
static void arm(struct line_point *p, uint64_t next_ns)
{
    if (next_ns == UINT64_MAX) {
        (void)sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
        return;
    }
    (void)sd_event_source_set_time(p->timer, (next_ns + 999) / 1000);
    (void)sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
}

static void contact_result(struct line_point *p, const struct driver_result *result)
{
    arm(p, result->next_ns);
    for (unsigned i = 0; i < result->n; i++) {
        p->owner->input(&(struct core_input){ .kind = CORE_INPUT_READING,
                                              .point = p->point,
                                              .quantity = result->readings[i].quantity,
                                              .value = result->readings[i].value },
                        p->owner->user);
    }
}

static void reader_result(struct line_point *p, const struct reader_result *result)
{
    arm(p, result->next_ns);
    if (health_outcome(&p->health, result->outcome)) {
        tell_trouble(p, p->health.told);
    }
    if (result->outcome == READER_CARD) {
        p->owner->card(p->point, &result->card, p->owner->user);
    }
}

static void feed_edge(struct line_point *p, unsigned line, bool level, bool lost, uint64_t at_ns)
{
    if (p->driver) {
        struct driver_result result = { .next_ns = UINT64_MAX };
        p->level = level;
        p->driver->edge(p->state, level, at_ns, &result);
        contact_result(p, &result);
    } else {
        struct reader_result result = { .next_ns = UINT64_MAX };
        p->reader->edge(p->state, line, level, lost, at_ns, &result);
        reader_result(p, &result);
    }
}

// The level now: of a contact whose edges may have been missed, and for any line the question whether it is
// still there.
static void feed_level(struct line_point *p)
{
    bool level;
    if (gpio_get(p->gpio, 0, &level) < 0) {
        if (!p->gone) {
            p->gone = true;
            tell_trouble(p, TROUBLE_GONE);
        }
        return;
    }
    if (p->driver && level != p->level) {
        feed_edge(p, 0, level, false, clock_boottime_ns());
    }
}

// Everything that waits. Nothing is logged here: the main thread never waits for whoever reads its log, and a
// line that is gone is a trouble that the journal has.
static int drain(struct line_point *p)
{
    struct gpio_edge edges[EDGES];
    bool lost = false;
    int n, rounds = 0;
    do {
        n = gpio_read_edges(p->gpio, edges, EDGES, &lost);
        for (int i = 0; i < n; i++) {
            feed_edge(p, edges[i].line, edges[i].level, lost, edges[i].boottime_ns);
        }
        p->edges += n > 0 ? (unsigned)n : 0;
    } while (n == EDGES && p->edges <= EDGES_A_SECOND && ++rounds < DRAIN_ROUNDS);
    if (p->edges > EDGES_A_SECOND) {
        p->deaf = DEAF_SECONDS;
        (void)sd_event_source_set_enabled(p->io, SD_EVENT_OFF);
        tell_noise(p, true);
    }
    if (n < 0) {
        p->gone = true;
        tell_trouble(p, TROUBLE_GONE);
    } else if (lost && p->driver) {
        feed_level(p);
    }
    return n;
}

static int on_edges(sd_event_source *source, int fd, uint32_t events, void *user)
{
    (void)fd;
    (void)events;
    return drain(user) < 0 ? sd_event_source_set_enabled(source, SD_EVENT_OFF) : 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
    struct line_point *p = user;
    (void)source;
    (void)usec;
    if (!p->deaf) {
        (void)drain(p); // an edge that waits came before this deadline
    }
    if (p->driver) {
        struct driver_result result = { .next_ns = UINT64_MAX };
        p->driver->settle(p->state, clock_boottime_ns(), &result);
        contact_result(p, &result);
    } else {
        struct reader_result result = { .next_ns = UINT64_MAX };
        p->reader->settle(p->state, clock_boottime_ns(), &result);
        reader_result(p, &result);
    }
    return 0;
}

static int request(struct line_point *p, const struct plan_source *source)
{
    uint64_t now = clock_boottime_ns();
    if (source->kind == SOURCE_SENSOR) {
        p->driver = driver_find(source->sensor->driver);
        p->driver->init(p->state, source->sensor, now);
        return gpio_request_inputs((const char *const[]){ source->sensor->line }, 1, source->sensor->bias,
                                   &p->gpio);
    }
    p->reader = reader_find(source->reader->driver);
    p->reader->init(p->state, source->reader, now);
    return gpio_request_pulses((const char *const[]){ source->reader->d0, source->reader->d1 }, 2,
                               BIAS_PULL_UP, &p->gpio);
}

static bool is_fire(const struct core_point *point)
{
    return point->role == ROLE_SMOKE || point->role == ROLE_HEAT || point->role == ROLE_CALL_POINT;
}

static int watch(struct line_point *p, sd_event *loop)
{
    int64_t priority = is_fire(&p->owner->plan->core.points[p->point]) ? PRIORITY_FIRE : PRIORITY_LINES;
    int r = sd_event_add_io(loop, &p->io, gpio_fd(p->gpio), EPOLLIN, on_edges, p);
    if (r >= 0) {
        r = sd_event_source_set_priority(p->io, priority);
    }
    if (r >= 0) {
        r = sd_event_add_time(loop, &p->timer, CLOCK_BOOTTIME, UINT64_MAX, 1000, on_timer, p);
    }
    if (r >= 0) {
        r = sd_event_source_set_priority(p->timer, priority);
    }
    return r < 0 ? r : sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
}

static bool is_line(const struct plan_source *source)
{
    return (source->kind == SOURCE_READER && source->reader->part->bus == PART_WIEGAND) ||
           (source->kind == SOURCE_SENSOR && source->sensor->part->bus == PART_LINE);
}

int lines_new(const struct plan *plan, sd_event *loop, lines_input_fn input, lines_card_fn card, void *user,
              struct lines **ret_lines)
{
    struct lines *lines = calloc(1, sizeof *lines);
    if (!lines) {
        return -ENOMEM;
    }
    lines->points = calloc(plan->core.n_points, sizeof *lines->points);
    if (!lines->points) {
        free(lines);
        return -ENOMEM;
    }
    lines->plan = plan;
    lines->input = input;
    lines->card = card;
    lines->user = user;
    for (size_t i = 0; i < plan->core.n_points; i++) {
        if (!is_line(&plan->sources[i])) {
            continue;
        }
        struct line_point *p = &lines->points[lines->n_points++];
        p->owner = lines;
        p->point = i;
        int r = request(p, &plan->sources[i]);
        if (r == 0) {
            r = watch(p, loop);
        }
        if (r < 0) {
            log_error("line of %s/%s can't be had: %s; the point is in trouble until the next start "
                      "(careroomctl scan lists the lines)",
                      plan->core.points[i].room, plan->core.points[i].id, strerror(-r));
            p->gone = true;
        }
    }
    *ret_lines = lines;
    return 0;
}

void lines_start(struct lines *lines)
{
    for (size_t i = 0; i < lines->n_points; i++) {
        struct line_point *p = &lines->points[i];
        if (p->gone) {
            tell_trouble(p, TROUBLE_GONE);
            continue;
        }
        bool level;
        if (p->driver && gpio_get(p->gpio, 0, &level) == 0) {
            feed_edge(p, 0, level, false, clock_boottime_ns());
        }
    }
}

// What waits is older than the level that was read last. Bounded: it may come as fast as it is taken.
static void listen_again(struct line_point *p)
{
    struct gpio_edge edges[EDGES];
    bool lost;
    for (unsigned round = 0; round < DRAIN_ROUNDS; round++) {
        if (gpio_read_edges(p->gpio, edges, EDGES, &lost) < EDGES) {
            break;
        }
    }
    (void)sd_event_source_set_enabled(p->io, SD_EVENT_ON);
}

static void hear_out(struct line_point *p)
{
    if (p->deaf > 0) {
        if (--p->deaf == 0) {
            listen_again(p);
        }
    } else if (p->noisy) { // a second of listening, and not too much was heard
        tell_noise(p, false);
    }
    p->edges = 0;
}

void lines_reread(struct lines *lines)
{
    for (size_t i = 0; i < lines->n_points; i++) {
        struct line_point *p = &lines->points[i];
        if (!p->gone) {
            hear_out(p);
            feed_level(p);
        }
    }
}

void lines_free(struct lines *lines)
{
    if (!lines) {
        return;
    }
    for (size_t i = 0; i < lines->n_points; i++) {
        struct line_point *p = &lines->points[i];
        sd_event_source_unref(p->timer);
        sd_event_source_unref(p->io);
        gpio_release(p->gpio);
    }
    free(lines->points);
    free(lines);
}
