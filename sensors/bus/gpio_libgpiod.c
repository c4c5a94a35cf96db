// What GPIO over libgpiod has in common whatever the library's version.
//
// Line names are not unique, and the same chip may be there under two names (a udev link on Raspberry Pi OS):
// chips are told apart by device number. A request may have several descriptors: one epoll descriptor stands
// for all, and edges are merged by time. Edges carry CLOCK_MONOTONIC, converted here and nowhere else.
#include "sensors/bus/gpio_libgpiod.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/common/clock.h"

// ---- Chips

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

// Visit every line of every chip once. A chip that can't be opened does not hide the others; its error is
// returned if none returned anything else. A positive number from `each` stops.
static int each_line(gpio_line_seen_fn each, void *user)
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
            int visited = gpio_each_line(path, each, user);
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
    struct gpio_place by_name, by_label;
};

static struct gpio_place place_of(const struct gpio_line_seen *line)
{
    struct gpio_place place = { .offset = line->offset };
    snprintf(place.path, sizeof(place.path), "%s", line->path);
    return place;
}

static int search_line(const struct gpio_line_seen *line, void *user)
{
    struct search *search = user;
    if (line->name[0] && strcmp(line->name, search->name) == 0 && search->named++ == 0)
        search->by_name = place_of(line);
    if (search->label_length != 0 && strlen(line->label) == search->label_length &&
        memcmp(line->label, search->name, search->label_length) == 0 && line->offset == search->offset &&
        search->labelled++ == 0)
        search->by_label = place_of(line);
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
int gpio_find(const char *name, struct gpio_place *ret_place)
{
    struct search search = { .name = name };
    split_label(&search);
    int r = each_line(search_line, &search);
    if (search.named + search.labelled == 0)
        return r < 0 ? r : -ENOENT;
    if (search.named > 1 || (search.named == 0 && search.labelled > 1))
        return -ENOTUNIQ;
    *ret_place = search.named == 1 ? search.by_name : search.by_label;
    return 0;
}

// ---- For scan

struct listing {
    int (*each)(const char *chip_label, unsigned offset, const char *name, bool used, void *user);
    void *user;
    int stopped;
};

static int list_line(const struct gpio_line_seen *line, void *user)
{
    struct listing *listing = user;
    listing->stopped = listing->each(line->label, line->offset, line->name, line->used, listing->user);
    return listing->stopped != 0 ? 1 : 0;
}

int gpio_list(int (*each)(const char *chip_label, unsigned offset, const char *name, bool used, void *user),
              void *user)
{
    struct listing listing = { .each = each, .user = user };
    int r = each_line(list_line, &listing);
    return listing.stopped != 0 ? listing.stopped : r;
}

// ---- Edges

static int watch(const struct gpio_merge *merge, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };
    return epoll_ctl(merge->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int gpio_merge_open(struct gpio_merge *merge, size_t capacity)
{
    merge->capacity = capacity;
    merge->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    merge->left_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (merge->epoll_fd < 0 || merge->left_fd < 0)
        return -errno;
    return watch(merge, merge->left_fd);
}

int gpio_merge_add(struct gpio_merge *merge, int fd)
{
    if (fd < 0 || fcntl(fd, F_SETFL, O_RDONLY | O_NONBLOCK) < 0)
        return -errno;
    struct gpio_queue *queue = &merge->queues[merge->n];
    queue->edges = calloc(merge->capacity, sizeof(*queue->edges));
    if (!queue->edges)
        return -ENOMEM;
    merge->n++;
    return watch(merge, fd);
}

void gpio_merge_close(struct gpio_merge *merge)
{
    for (size_t i = 0; i < merge->n; i++)
        free(merge->queues[i].edges);
    if (merge->left_fd >= 0)
        close(merge->left_fd);
    if (merge->epoll_fd >= 0)
        close(merge->epoll_fd);
}

// Fill the queues that are empty: the earliest edge of all is known only where each source has shown its own.
static int fill_empty(struct gpio_merge *merge, struct gpio_lines *lines, uint64_t to_boottime_ns, bool *lost)
{
    for (size_t i = 0; i < merge->n; i++) {
        struct gpio_queue *queue = &merge->queues[i];
        if (queue->n != 0 || !queue->more)
            continue;
        queue->more = false;
        int n = gpio_fill(lines, i, queue->edges, to_boottime_ns, lost);
        if (n == -EAGAIN || n == -EINTR)
            continue;
        if (n < 0)
            return n;
        queue->first = 0;
        queue->n = (size_t)n;
        queue->more = queue->n == merge->capacity;
    }
    return 0;
}

static uint64_t head_ns(const struct gpio_queue *queue)
{
    return queue->edges[queue->first].boottime_ns;
}

// The queue whose first edge is the earliest; NULL where all are empty.
static struct gpio_queue *earliest(struct gpio_merge *merge)
{
    struct gpio_queue *best = NULL;
    for (size_t i = 0; i < merge->n; i++) {
        struct gpio_queue *queue = &merge->queues[i];
        if (queue->n != 0 && (!best || head_ns(queue) < head_ns(best)))
            best = queue;
    }
    return best;
}

static struct gpio_edge take(struct gpio_merge *merge, struct gpio_queue *queue, bool *lost)
{
    struct gpio_edge edge = queue->edges[queue->first++];
    queue->n--;
    // An edge that came between reading this source and the one before it: too late to be put in its place.
    *lost |= edge.boottime_ns < merge->taken_ns;
    merge->taken_ns = edge.boottime_ns;
    return edge;
}

// Keep the epoll descriptor readable while edges wait here, which the kernel knows nothing of.
static void tell_left(struct gpio_merge *merge)
{
    bool left = earliest(merge) != NULL;
    if (left == merge->left)
        return;
    if (left)
        eventfd_write(merge->left_fd, 1);
    else
        eventfd_read(merge->left_fd, &(eventfd_t){ 0 });
    merge->left = left;
}

int gpio_merge_read(struct gpio_merge *merge, struct gpio_lines *lines, struct gpio_edge *edges, size_t cap,
                    bool *ret_lost)
{
    uint64_t to_boottime_ns = clock_monotonic_to_boottime_ns();
    bool lost = false;
    int taken = 0, r = 0;
    for (size_t i = 0; i < merge->n; i++)
        merge->queues[i].more = true;
    while ((size_t)taken < cap) {
        r = fill_empty(merge, lines, to_boottime_ns, &lost);
        struct gpio_queue *queue = r < 0 ? NULL : earliest(merge);
        if (!queue)
            break;
        edges[taken++] = take(merge, queue, &lost);
    }
    tell_left(merge);
    if (taken == 0 && r < 0)
        return r; // with edges in hand the error can wait: it comes again
    *ret_lost = lost;
    return taken;
}
