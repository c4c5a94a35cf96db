// The journal thread: takes events from the ring, commits them in groups, and says what is on the disk. A
// disk that is full, slow or gone stops only this thread; it tries the same batch again every second.
#ifndef CAREROOM_GUARD_RECORDER_H
#define CAREROOM_GUARD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/guard/ring.h"
#include "gateway/journal/journal.h"

struct recorder;

struct recorder_setup {
    struct ring *ring;
    const char *state_dir;
    const struct line_identity *identity; // outlives the recorder
    struct journal *journal; // opened at start-up, or NULL: the thread opens it when the disk is there; owned
                             // from here on
    int error;               // why it is NULL
};

// Start the thread. NULL: no memory, descriptors or thread. Start-up only.
struct recorder *recorder_start(const struct recorder_setup *setup);

// Ask the thread to write what waits and to end, for at most timeout_ms. True: it has ended and everything is
// freed. False: the disk still holds it (the process should leave without waiting longer; nothing that was
// reported as recorded is lost).
bool recorder_stop(struct recorder *recorder, unsigned timeout_ms);

// 0 while the disk takes what it is given, else the negative errno of the last try. Any thread; never blocks.
int recorder_error(const struct recorder *recorder);

// Readable when recorder_error() may have changed; the main thread reads it empty.
int recorder_state_fd(const struct recorder *recorder);

// Readable after commits and on trouble; the control thread reads it empty.
int recorder_commit_fd(const struct recorder *recorder);

// Highest sequence on the disk. Any thread; never blocks.
uint64_t recorder_sequence(const struct recorder *recorder);

// The sequence that the event of this ticket got; 0: not on the disk (yet). Answers for the last 1024
// tickets. Any thread.
uint64_t recorder_sequence_of(struct recorder *recorder, uint64_t ticket);

// Events that no class had room for since start, all together. Any thread; never blocks.
uint64_t recorder_lost(const struct recorder *recorder);

// Telemetry of a minute; written with others every five minutes, and at stop. Main thread; never blocks,
// never allocates; where the disk was away too long the oldest minutes give way.
void recorder_minute(struct recorder *recorder, const struct minute_row *row);

// A record that belongs to no event (core_save()): written within a second or so, and at stop; a later one of
// the same kind, room and item replaces one that still waits. Its strings stay good for as long as the
// recorder lives. Main thread; never blocks, never allocates.
void recorder_state(struct recorder *recorder, const struct state_record *record);

#endif
