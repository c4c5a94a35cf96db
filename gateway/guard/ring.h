// Between the alarm path and the disk: a ring of events for each class, of fixed size, filled by the main
// thread and emptied by the journal thread. When the disk is away for long, a class loses its oldest events
// and they are counted; a flood of door events can't push out a fire.
#ifndef CAREROOM_GUARD_RING_H
#define CAREROOM_GUARD_RING_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/common/event.h"

struct ring;

struct ring_entry {
    uint64_t ticket; // counts pushes, from 1
    struct event event;
};

// All memory is taken here. NULL: out of memory or file descriptors.
struct ring *ring_new(void);
void ring_free(struct ring *ring);

// Put an event in; returns its ticket. Main thread; never allocates, never waits longer than a copy of a
// batch takes (the lock inherits priority).
uint64_t ring_push(struct ring *ring, const struct event *event);

// Take the oldest entries of all classes, in the order of their tickets, up to cap. Journal thread.
size_t ring_take(struct ring *ring, struct ring_entry *entries, size_t cap);

// How many events each class has lost since the last call; and how many wait now. Any thread.
void ring_take_lost(struct ring *ring, uint64_t ret_lost[CLASS_COUNT]);
size_t ring_waiting(struct ring *ring);

// Readable while entries may wait; ring_take() rearms it.
int ring_fd(const struct ring *ring);

#endif
