#include "gateway/guard/ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

// Room for the longest outage of the disk that should lose nothing: a burst of fire events is tens, of door
// events thousands.
static const size_t capacities[CLASS_COUNT] = {
    [CLASS_FIRE] = 1024,       [CLASS_SAFETY] = 1024, [CLASS_FAULT] = 1024,
    [CLASS_ATTENDANCE] = 2048, [CLASS_ACCESS] = 2048, [CLASS_SYSTEM] = 1024,
};

struct lane {
    struct ring_entry *entries;
    size_t first, n; // index of the oldest, and how many
    uint64_t lost;
};

struct ring {
    pthread_mutex_t lock;
    uint64_t tickets;
    int fd;
    struct lane lanes[CLASS_COUNT];
};

struct ring *ring_new(void)
{
    struct ring *ring = calloc(1, sizeof *ring);
    if (!ring) {
        return NULL;
    }
    ring->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool good = ring->fd >= 0;
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        ring->lanes[c].entries = calloc(capacities[c], sizeof *ring->lanes[c].entries);
        good = good && ring->lanes[c].entries;
    }
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&ring->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    if (!good) {
        ring_free(ring);
        return NULL;
    }
    return ring;
}

void ring_free(struct ring *ring)
{
    if (!ring) {
        return;
    }
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        free(ring->lanes[c].entries);
    }
    if (ring->fd >= 0) {
        close(ring->fd);
    }
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}

uint64_t ring_push(struct ring *ring, const struct event *event)
{
    pthread_mutex_lock(&ring->lock);
    struct lane *lane = &ring->lanes[event->class];
    size_t capacity = capacities[event->class];
    if (lane->n == capacity) {
        lane->first = (lane->first + 1) % capacity;
        lane->n--;
        lane->lost++;
    }
    struct ring_entry *entry = &lane->entries[(lane->first + lane->n++) % capacity];
    uint64_t ticket = ++ring->tickets;
    entry->ticket = ticket;
    entry->event = *event;
    pthread_mutex_unlock(&ring->lock);
    (void)eventfd_write(ring->fd, 1);
    return ticket;
}

// The lane whose oldest entry has the lowest ticket; NULL where all are empty.
static struct lane *oldest(struct ring *ring, size_t *ret_capacity)
{
    struct lane *best = NULL;
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        struct lane *lane = &ring->lanes[c];
        if (lane->n && (!best || lane->entries[lane->first].ticket < best->entries[best->first].ticket)) {
            best = lane;
            *ret_capacity = capacities[c];
        }
    }
    return best;
}

size_t ring_take(struct ring *ring, struct ring_entry *entries, size_t cap)
{
    eventfd_t seen;
    (void)eventfd_read(ring->fd, &seen);
    size_t n = 0, capacity = 1;
    pthread_mutex_lock(&ring->lock);
    struct lane *lane;
    while (n < cap && (lane = oldest(ring, &capacity))) {
        entries[n++] = lane->entries[lane->first];
        lane->first = (lane->first + 1) % capacity;
        lane->n--;
    }
    bool more = oldest(ring, &capacity) != NULL;
    pthread_mutex_unlock(&ring->lock);
    if (more) {
        (void)eventfd_write(ring->fd, 1);
    }
    return n;
}

void ring_take_lost(struct ring *ring, uint64_t ret_lost[CLASS_COUNT])
{
    pthread_mutex_lock(&ring->lock);
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        ret_lost[c] = ring->lanes[c].lost;
        ring->lanes[c].lost = 0;
    }
    pthread_mutex_unlock(&ring->lock);
}

size_t ring_waiting(struct ring *ring)
{
    size_t n = 0;
    pthread_mutex_lock(&ring->lock);
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        n += ring->lanes[c].n;
    }
    pthread_mutex_unlock(&ring->lock);
    return n;
}

int ring_fd(const struct ring *ring)
{
    return ring->fd;
}
