// Reading the journal while the guard writes it: read-only, short transactions, any process that may read the
// file.
#ifndef CAREROOM_JOURNAL_READER_H
#define CAREROOM_JOURNAL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/event.h"
#include "gateway/journal/line.h"

struct journal_reader;

// Open a journal file read-only. 0; -ENOENT: not there yet (try again later); -EUCLEAN: not a journal;
// -EACCES; -EIO. A copy without its -wal is read as it stands.
int journal_reader_open(const char *file, struct journal_reader **ret_reader);
void journal_reader_close(struct journal_reader *reader); // NULL is fine

struct journal_row {
    uint64_t sequence, classseq, feed;
    enum event_class class;
    int64_t wall_ms;
    const char *room; // "gateway" for the gateway's own; good until the next call on this reader
    const char *type; // "careroom.alarm.raised"
    const char *line; // the bytes, terminated
    size_t length;
    const char *hash; // 64 hex digits: SHA-256 of the line as it was written
};

// The first row of a class after classseq (0: from the start). 1 and *ret_row, 0 where there is none,
// negative errno.
int journal_next_of_class(struct journal_reader *reader, enum event_class class, uint64_t after_classseq,
                          struct journal_row *ret_row);

// The first row of any class after sequence. Same returns.
int journal_next(struct journal_reader *reader, uint64_t after_sequence, struct journal_row *ret_row);

// Highest sequence, highest classseq of each class (0: none). One short transaction.
struct journal_extent {
    uint64_t sequence;
    uint64_t classseq[CLASS_COUNT];
    uint64_t feed;
};
int journal_extent(struct journal_reader *reader, struct journal_extent *ret_extent);

// Walk the whole journal and check it: sequence, class numbers and feed numbers without a gap, every line's
// own numbers equal to its row, every line's SHA-256, prev and feedprev. Calls progress (may be NULL) now and
// then. 0: all well; -EBADMSG: *ret_verdict says where and what; other negative errno: it could not be read.
struct journal_verdict {
    uint64_t checked;      // lines
    uint64_t bad_sequence; // first bad line; 0: none
    char what[160];        // "line 17 (classseq 5 of fire): prev does not match the line before it"
    uint64_t per_class[CLASS_COUNT];
    uint64_t feed;
};
int journal_verify(struct journal_reader *reader, void (*progress)(uint64_t checked, void *user), void *user,
                   struct journal_verdict *ret_verdict);

#endif
