// GPIO over libgpiod 1.6 (Debian 12). What it and its kernel interface demand of us: each line has its own
// event queue and file descriptor, and the kernel's queue holds 16 edges of a line and then drops the newest
// without a word: a full one is told as loss.
#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>

#include "gateway/common/clock.h"
#include "sensors/bus/gpio_libgpiod.h"

#define KERNEL_QUEUE 16 // edges of one line

struct gpio_lines {
    size_t n;
    struct gpiod_chip
        *chips[GPIO_MAX_LINES]; // one a line, so that the lines of a request may be on different chips
    struct gpiod_line *lines[GPIO_MAX_LINES]; // belong to the chips
    struct gpio_merge merge;                  // a source is a line; none for outputs
};

// ---- Chips

static int each_line_of(struct gpiod_chip *chip, const char *path, gpio_line_seen_fn each, void *user)
{
    int r = 0;
    for (unsigned offset = 0; offset < gpiod_chip_num_lines(chip) && r == 0; offset++) {
        struct gpiod_line *line = gpiod_chip_get_line(chip, offset);
        if (!line)
            return -errno;
        const char *name = gpiod_line_name(line);
        const struct gpio_line_seen seen = { .path = path,
                                             .label = gpiod_chip_label(chip),
                                             .name = name ? name : "",
                                             .offset = offset,
                                             .used = gpiod_line_is_used(line) };
        r = each(&seen, user);
    }
    return r;
}

int gpio_each_line(const char *path, gpio_line_seen_fn each, void *user)
{
    struct gpiod_chip *chip = gpiod_chip_open(path);
    if (!chip)
        return errno == ENOTTY ? 0 : -errno; // named like a chip, but none
    int r = each_line_of(chip, path, each, user);
    gpiod_chip_close(chip);
    return r;
}

// ---- Requests

static int request_flags(enum bias bias)
{
    switch (bias) {
    case BIAS_PULL_UP:
        return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
    case BIAS_PULL_DOWN:
        return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
    case BIAS_AS_IS:
    case BIAS_COUNT:
        break;
    }
    return 0;
}

// Take one more line into the request. What is taken is released by gpio_release(), also after a failure.
static int add_line(struct gpio_lines *lines, const char *name,
                    const struct gpiod_line_request_config *config, int value)
{
    struct gpio_place place;
    int r = gpio_find(name, &place);
    if (r < 0)
        return r;
    struct gpiod_chip *chip = gpiod_chip_open(place.path);
    if (!chip)
        return -errno;
    size_t i = lines->n++;
    lines->chips[i] = chip;
    lines->lines[i] = gpiod_chip_get_line(chip, place.offset);
    if (!lines->lines[i] || gpiod_line_request(lines->lines[i], config, value) < 0)
        return -errno;
    return 0;
}

static struct gpio_lines *new_lines(void)
{
    struct gpio_lines *lines = calloc(1, sizeof(*lines));
    if (lines)
        lines->merge = (struct gpio_merge)GPIO_MERGE_NONE;
    return lines;
}

static int open_inputs(struct gpio_lines *lines, const char *const *names, size_t n,
                       const struct gpiod_line_request_config *config)
{
    int r = gpio_merge_open(&lines->merge, KERNEL_QUEUE);
    for (size_t i = 0; i < n && r == 0; i++) {
        r = add_line(lines, names[i], config, 0);
        if (r == 0)
            r = gpio_merge_add(&lines->merge, gpiod_line_event_get_fd(lines->lines[i]));
    }
    return r;
}

static int request_edges(const char *const *names, size_t n, enum bias bias, int type,
                         struct gpio_lines **ret_lines)
{
    if (n == 0 || n > GPIO_MAX_LINES)
        return -EINVAL;
    struct gpio_lines *lines = new_lines();
    if (!lines)
        return -ENOMEM;
    const struct gpiod_line_request_config config = { .consumer = GPIO_CONSUMER,
                                                      .request_type = type,
                                                      .flags = request_flags(bias) };
    int r = open_inputs(lines, names, n, &config);
    if (r < 0) {
        gpio_release(lines);
        return r;
    }
    *ret_lines = lines;
    return 0;
}

int gpio_request_inputs(const char *const *names, size_t n, enum bias bias, struct gpio_lines **ret_lines)
{
    return request_edges(names, n, bias, GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES, ret_lines);
}

int gpio_request_pulses(const char *const *names, size_t n, enum bias bias, struct gpio_lines **ret_lines)
{
    return request_edges(names, n, bias, GPIOD_LINE_REQUEST_EVENT_FALLING_EDGE, ret_lines);
}

static int request_output(const char *name, int flags, bool initial_level, struct gpio_lines **ret_lines)
{
    struct gpio_lines *lines = new_lines();
    if (!lines)
        return -ENOMEM;
    const struct gpiod_line_request_config config = { .consumer = GPIO_CONSUMER,
                                                      .request_type = GPIOD_LINE_REQUEST_DIRECTION_OUTPUT,
                                                      .flags = flags };
    int r = add_line(lines, name, &config, initial_level ? 1 : 0);
    if (r < 0) {
        gpio_release(lines);
        return r;
    }
    *ret_lines = lines;
    return 0;
}

int gpio_request_output(const char *name, bool initial_level, struct gpio_lines **ret_lines)
{
    return request_output(name, 0, initial_level, ret_lines);
}

int gpio_request_open_drain(const char *name, struct gpio_lines **ret_lines)
{
    return request_output(name, GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN, true, ret_lines);
}

void gpio_release(struct gpio_lines *lines)
{
    if (!lines)
        return;
    for (size_t i = 0; i < lines->n; i++)
        gpiod_chip_close(lines->chips[i]); // releases its line as well
    gpio_merge_close(&lines->merge);
    free(lines);
}

// ---- Edges

int gpio_fd(const struct gpio_lines *lines)
{
    return lines->merge.epoll_fd;
}

int gpio_fill(struct gpio_lines *lines, size_t source, struct gpio_edge *edges, uint64_t to_boottime_ns,
              bool *lost)
{
    struct gpiod_line_event events[KERNEL_QUEUE];
    int n = gpiod_line_event_read_fd_multiple(gpiod_line_event_get_fd(lines->lines[source]), events,
                                              KERNEL_QUEUE);
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        const struct timespec *at = &events[i].ts;
        edges[i] = (struct gpio_edge){
            .boottime_ns = (uint64_t)at->tv_sec * NS_PER_S + (uint64_t)at->tv_nsec + to_boottime_ns,
            .line = (unsigned)source,
            .level = events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE,
        };
    }
    *lost |= n == KERNEL_QUEUE;
    return n;
}

int gpio_read_edges(struct gpio_lines *lines, struct gpio_edge *edges, size_t cap, bool *ret_lost)
{
    return gpio_merge_read(&lines->merge, lines, edges, cap, ret_lost);
}

// ---- Levels

int gpio_get(struct gpio_lines *lines, unsigned line, bool *ret_level)
{
    if (line >= lines->n)
        return -EINVAL;
    int value = gpiod_line_get_value(lines->lines[line]);
    if (value < 0)
        return -errno;
    *ret_level = value != 0;
    return 0;
}

int gpio_set(struct gpio_lines *lines, bool level)
{
    return gpiod_line_set_value(lines->lines[0], level ? 1 : 0) < 0 ? -errno : 0;
}
