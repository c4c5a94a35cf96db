// Where the journal's numbers and chains stand. Inside gateway/journal/ alone.
#ifndef CAREROOM_JOURNAL_TAIL_H
#define CAREROOM_JOURNAL_TAIL_H

#include <sqlite3.h>
#include <stdint.h>

#include "gateway/common/event.h"
#include "gateway/journal/line.h"

// The last link of one chain: its number, and the hash of its line. 0 and 64 zeros where there is none yet.
struct link {
    uint64_t number;
    char hash[HASH_HEX_SIZE];
};

struct tail {
    struct link all; // by sequence
    struct link classes[CLASS_COUNT];
    struct link feed;
};

// Of a journal without events.
void tail_clear(struct tail *tail);

// What the file holds. 0 or negative errno: -EUCLEAN where its numbers contradict each other.
int tail_read(sqlite3 *db, struct tail *ret_tail);

// What the next event of this type and class gets.
void tail_next(const struct tail *tail, enum event_type type, enum event_class class,
               struct line_numbers *ret_numbers);

// The line with these numbers and this hash is the last one now.
void tail_advance(struct tail *tail, enum event_class class, const struct line_numbers *numbers,
                  const char *hash);

#endif
