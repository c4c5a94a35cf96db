// What careroom's GPIO shares over libgpiod 1.6 (Debian 12) and 2.x (Debian 13): names, and the merging of
// edges. Both libraries have the same header name, the same pkg-config name and another interface, so that
// one of gpio_libgpiod1.c and gpio_libgpiod2.c is built, by the version that pkg-config tells. Only they
// include this.
#ifndef CAREROOM_SENSORS_BUS_GPIO_LIBGPIOD_H
#define CAREROOM_SENSORS_BUS_GPIO_LIBGPIOD_H

#include <limits.h>

#include "sensors/bus/gpio.h"

#define GPIO_CONSUMER "careroom"

// ---- Names

// Where a line is. The path is good for the start-up: chips come and go, and so do their numbers.
struct gpio_place {
    char path[sizeof("/dev/") + NAME_MAX];
    unsigned offset;
};

// 0; -ENOENT, -ENOTUNIQ, or what kept a chip that might have it from being opened.
int gpio_find(const char *name, struct gpio_place *ret_place);

struct gpio_line_seen {
    const char *path, *label; // of its chip
    const char *name;         // may be empty
    unsigned offset;
    bool used;
};
typedef int (*gpio_line_seen_fn)(const struct gpio_line_seen *line, void *user);

// Of the version in use: every line of the chip at this path; `each` returns non-zero to stop, which is
// returned. 0 for what is no chip, or a negative errno.
int gpio_each_line(const char *path, gpio_line_seen_fn each, void *user);

// ---- Edges

// A source has one descriptor: a line with libgpiod 1.6, the lines of one chip with 2.x.
struct gpio_queue {
    struct gpio_edge *edges; // read from the kernel, not yet taken; in order of time
    size_t first, n;
    bool more; // the kernel may hold more
};

struct gpio_merge {
    struct gpio_queue queues[GPIO_MAX_LINES];
    size_t n;
    size_t capacity; // of each queue
    int epoll_fd;    // -1 until opened
    int left_fd;     // an eventfd in the epoll set: readable while a queue of ours is not empty
    bool left;
    uint64_t taken_ns; // of the newest edge taken
};

#define GPIO_MERGE_NONE                                                                                      \
    {                                                                                                        \
        .epoll_fd = -1, .left_fd = -1                                                                        \
    }

// 0 or a negative errno. What is open is closed by gpio_merge_close(), also after a failure.
int gpio_merge_open(struct gpio_merge *merge, size_t capacity);
int gpio_merge_add(struct gpio_merge *merge, int fd); // makes it non-blocking; the caller keeps it
void gpio_merge_close(struct gpio_merge *merge);

// gpio_read_edges() over `lines`, whose edges these are. Never blocks, never allocates.
int gpio_merge_read(struct gpio_merge *merge, struct gpio_lines *lines, struct gpio_edge *edges, size_t cap,
                    bool *ret_lost);

// Of the version in use: read what the kernel holds of a source, at most the queue's capacity, in order of
// time; to_boottime_ns is to be added to the kernel's time. Returns how many; fewer than the capacity mean
// that no more were there. A negative errno (-EAGAIN: none). Sets *lost where edges are known, or bound, to
// be missing, and leaves it alone otherwise.
int gpio_fill(struct gpio_lines *lines, size_t source, struct gpio_edge *edges, uint64_t to_boottime_ns,
              bool *lost);

#endif
