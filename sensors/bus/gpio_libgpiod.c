// GPIO over libgpiod 1.6 (Debian 12). Version 2 has another API under the same names: a second file behind
// gpio.h is its place.
//
// What 1.6 and its kernel interface demand of us:
// - each line has its own event queue and file descriptor: one epoll descriptor stands for all, edges are
// merged by time;
// - the kernel's queue holds 16 edges of a line and then drops the newest without a word: a full one is told
// as loss;
// - edges carry CLOCK_MONOTONIC, converted here and nowhere else;
// - line names are not unique, and the same chip may be there under two names (a udev link on Raspberry Pi
// OS), so
//   chips are told apart by device number.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "sensors/bus/gpio.h"

#ifndef GPIOD_LINE_BULK_MAX_LINES
#error "this file speaks libgpiod 1.6"
#endif

#define CONSUMER     "careroom"
#define KERNEL_QUEUE 16 // edges of one line

struct queue {
    struct gpiod_line_event edges[KERNEL_QUEUE];
    unsigned first, n;
    bool more; // the kernel may hold more of this line
};

struct gpio_lines {
    size_t n;
    struct gpiod_chip
        *chips[GPIO_MAX_LINES]; // one a line, so that the lines of a request may be on different chips
    struct gpiod_line *lines[GPIO_MAX_LINES]; // belong to the chips
    struct queue queues[GPIO_MAX_LINES];      // read from the kernel, not yet taken
    int epoll_fd;                             // -1 for outputs
    int left_fd; // an eventfd in the epoll set: readable while a queue of ours is not empty
    bool left;
    uint64_t taken_ns; // of the newest edge taken
};

// ---- Chips

typedef int (*chip_fn)(struct gpiod_chip *chip, const char *path, void *user);

static int is_chip(const struct dirent *entry)
{
    return strncmp(entry->d_name, "gpiochip", strlen("gpiochip")) == 0;
}

// True for a device number that is new; it is remembered.
static bool first_seen(dev_t *seen, size_t *n_seen, dev_t number)
{
    for (size_t i = 0; i < *n_seen; i++)
        if (seen[i] == number)
            return false;
    seen[(*n_seen)++] = number;
    return true;
}

static int visit_chip(const char *path, chip_fn each, void *user)
{
    struct gpiod_chip *chip = gpiod_chip_open(path);
    if (!chip)
        return errno == ENOTTY ? 0 : -errno; // named like a chip, but none
    int r = each(chip, path, user);
    gpiod_chip_close(chip);
    return r;
}

// Visit every chip once. A chip that can't be opened does not hide the others; its error is returned if none
// returned anything else.
static int each_chip(chip_fn each, void *user)
{
    struct dirent **entries;
    int n = scandir("/dev", &entries, is_chip, alphasort);
    if (n < 0)
        return -errno;
    dev_t *seen = calloc((size_t)n + 1, sizeof(*seen));
    size_t n_seen = 0;
    int r = seen ? 0 : -ENOMEM;
    for (int i = 0; i < n; i++) {
        char path[sizeof("/dev/") + NAME_MAX];
        struct stat status;
        snprintf(path, sizeof(path), "/dev/%s", entries[i]->d_name);
        if (r <= 0 && seen && stat(path, &status) == 0 && first_seen(seen, &n_seen, status.st_rdev)) {
            int visited = visit_chip(path, each, user);
            r = visited != 0 ? visited : r;
        }
        free(entries[i]);
    }
    free(entries);
    free(seen);
    return r;
}

// ---- Names

struct search {
    const char *name;
    size_t label_length; // of "label:offset"; 0 where the name is not of that form
    unsigned long offset;
    unsigned named, labelled; // how many fit by name, and by label and offset
    struct place {
        char path[sizeof("/dev/") + NAME_MAX];
        unsigned offset;
    } by_name, by_label;
};

static struct place place_at(const char *path, unsigned offset)
{
    struct place place = { .offset = offset };
    snprintf(place.path, sizeof(place.path), "%s", path);
    return place;
}

static int search_chip(struct gpiod_chip *chip, const char *path, void *user)
{
    struct search *search = user;
    for (unsigned offset = 0; offset < gpiod_chip_num_lines(chip); offset++) {
        struct gpiod_line *line = gpiod_chip_get_line(chip, offset);
        if (!line)
            return -errno;
        const char *name = gpiod_line_name(line);
        if (name && strcmp(name, search->name) == 0 && search->named++ == 0)
            search->by_name = place_at(path, offset);
    }
    const char *label = gpiod_chip_label(chip);
    if (search->label_length != 0 && strlen(label) == search->label_length &&
        memcmp(label, search->name, search->label_length) == 0 &&
        search->offset < gpiod_chip_num_lines(chip) && search->labelled++ == 0)
        search->by_label = place_at(path, (unsigned)search->offset);
    return 0;
}

// Split "label:offset"; anything else is a line's name alone.
static void split_label(struct search *search)
{
    const char *colon = strrchr(search->name, ':');
    if (!colon || colon == search->name || strlen(colon + 1) == 0 || strlen(colon + 1) > 9 ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return;
    search->label_length = (size_t)(colon - search->name);
    search->offset = strtoul(colon + 1, NULL, 10);
}

// A line that was found counts, whatever else could not be opened: a sandbox may show us only our own chip.
static int find_line(const char *name, struct place *ret_place)
{
    struct search search = { .name = name };
    split_label(&search);
    int r = each_chip(search_chip, &search);
    if (search.named + search.labelled == 0)
        return r < 0 ? r : -ENOENT;
    if (search.named > 1 || (search.named == 0 && search.labelled > 1))
        return -ENOTUNIQ;
    *ret_place = search.named == 1 ? search.by_name : search.by_label;
    return 0;
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
    struct place place;
    int r = find_line(name, &place);
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

static int watch(int epoll_fd, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int watch_line(const struct gpio_lines *lines, size_t i)
{
    int fd = gpiod_line_event_get_fd(lines->lines[i]);
    if (fd < 0 || fcntl(fd, F_SETFL, O_RDONLY | O_NONBLOCK) < 0)
        return -errno;
    return watch(lines->epoll_fd, fd);
}

static struct gpio_lines *new_lines(void)
{
    struct gpio_lines *lines = calloc(1, sizeof(*lines));
    if (lines)
        lines->epoll_fd = lines->left_fd = -1;
    return lines;
}

static int open_inputs(struct gpio_lines *lines, const char *const *names, size_t n,
                       const struct gpiod_line_request_config *config)
{
    lines->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    lines->left_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lines->epoll_fd < 0 || lines->left_fd < 0)
        return -errno;
    int r = watch(lines->epoll_fd, lines->left_fd);
    for (size_t i = 0; i < n && r == 0; i++) {
        r = add_line(lines, names[i], config, 0);
        if (r == 0)
            r = watch_line(lines, i);
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
    const struct gpiod_line_request_config config = { .consumer = CONSUMER,
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
    const struct gpiod_line_request_config config = { .consumer = CONSUMER,
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
    if (lines->left_fd >= 0)
        close(lines->left_fd);
    if (lines->epoll_fd >= 0)
        close(lines->epoll_fd);
    free(lines);
}

int gpio_fd(const struct gpio_lines *lines)
{
    return lines->epoll_fd;
}

// ---- Edges

// Read what the kernel holds of a line into its queue, which is empty. A short read proves that no more was
// there.
static int fill(struct gpio_lines *lines, size_t i, bool *lost)
{
    struct queue *queue = &lines->queues[i];
    queue->more = false;
    int fd = gpiod_line_event_get_fd(lines->lines[i]);
    int n = gpiod_line_event_read_fd_multiple(fd, queue->edges, KERNEL_QUEUE);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    queue->first = 0;
    queue->n = (unsigned)n;
    queue->more = n == KERNEL_QUEUE;
    *lost |= n == KERNEL_QUEUE;
    return 0;
}

static uint64_t head_ns(const struct queue *queue)
{
    const struct timespec *ts = &queue->edges[queue->first].ts;
    return (uint64_t)ts->tv_sec * NS_PER_S + (uint64_t)ts->tv_nsec;
}

// The line whose first queued edge is the earliest; n where all queues are empty.
static size_t earliest(const struct gpio_lines *lines)
{
    size_t best = lines->n;
    for (size_t i = 0; i < lines->n; i++)
        if (lines->queues[i].n != 0 &&
            (best == lines->n || head_ns(&lines->queues[i]) < head_ns(&lines->queues[best])))
            best = i;
    return best;
}

static struct gpio_edge take(struct gpio_lines *lines, size_t i, uint64_t offset_ns, bool *lost)
{
    struct queue *queue = &lines->queues[i];
    uint64_t at_ns = head_ns(queue);
    bool rising = queue->edges[queue->first].event_type == GPIOD_LINE_EVENT_RISING_EDGE;
    queue->first++;
    queue->n--;
    // An edge that came between reading this line and the one before it: too late to be put in its place.
    *lost |= at_ns < lines->taken_ns;
    lines->taken_ns = at_ns;
    return (struct gpio_edge){ .boottime_ns = at_ns + offset_ns, .line = (unsigned)i, .level = rising };
}

static int fill_empty(struct gpio_lines *lines, bool *lost)
{
    for (size_t i = 0; i < lines->n; i++) {
        int r = lines->queues[i].n == 0 && lines->queues[i].more ? fill(lines, i, lost) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

// Keep the epoll descriptor readable while edges wait here, which the kernel knows nothing of.
static void tell_left(struct gpio_lines *lines)
{
    bool left = earliest(lines) != lines->n;
    if (left == lines->left)
        return;
    if (left)
        eventfd_write(lines->left_fd, 1);
    else
        eventfd_read(lines->left_fd, &(eventfd_t){ 0 });
    lines->left = left;
}

int gpio_read_edges(struct gpio_lines *lines, struct gpio_edge *edges, size_t cap, bool *ret_lost)
{
    uint64_t offset_ns = clock_monotonic_to_boottime_ns();
    bool lost = false;
    int taken = 0, r = 0;
    for (size_t i = 0; i < lines->n; i++)
        lines->queues[i].more = true;
    while ((size_t)taken < cap) {
        r = fill_empty(lines, &lost);
        size_t i = earliest(lines);
        if (r < 0 || i == lines->n)
            break;
        edges[taken++] = take(lines, i, offset_ns, &lost);
    }
    tell_left(lines);
    if (taken == 0 && r < 0)
        return r; // with edges in hand the error can wait: it comes again
    *ret_lost = lost;
    return taken;
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

// ---- For scan

struct listing {
    int (*each)(const char *chip_label, unsigned offset, const char *name, bool used, void *user);
    void *user;
    int stopped;
};

static int list_chip(struct gpiod_chip *chip, const char *path, void *user)
{
    struct listing *listing = user;
    (void)path;
    for (unsigned offset = 0; offset < gpiod_chip_num_lines(chip) && listing->stopped == 0; offset++) {
        struct gpiod_line *line = gpiod_chip_get_line(chip, offset);
        if (!line)
            return -errno;
        const char *name = gpiod_line_name(line);
        listing->stopped = listing->each(gpiod_chip_label(chip), offset, name ? name : "",
                                         gpiod_line_is_used(line), listing->user);
    }
    return 0;
}

int gpio_list(int (*each)(const char *chip_label, unsigned offset, const char *name, bool used, void *user),
              void *user)
{
    struct listing listing = { .each = each, .user = user };
    int r = each_chip(list_chip, &listing);
    return listing.stopped != 0 ? listing.stopped : r;
}
