// The append-only journal in SQLite: state_dir/journal.db, WAL, synchronous=FULL. Written by the guard's
// journal thread alone; read by everybody else through journal/reader.h. There is no update and no delete of
// an event.
//
// Tables: event(sequence PK, class, classseq, feed, room, type, boottime_ns, wall_ms, line, hash), state
// (what must survive a restart, as it was after the last event), note (free texts, see struct event_note),
// minute (telemetry), meta (schema, gateway id, site).
#ifndef CAREROOM_JOURNAL_JOURNAL_H
#define CAREROOM_JOURNAL_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/common/event.h"
#include "gateway/common/quantity.h"
#include "gateway/journal/line.h"

#define JOURNAL_FILE "journal.db"

struct journal;

// Open or create state_dir/journal.db for writing (mode 0640, persistent WAL so that readers may open it
// read-only). Continues sequence, class numbers and both chains from what is on the disk. 0 and *ret_journal,
// or negative errno: -ENOSPC, -EROFS, -EBUSY, -EIO (the disk: try again later), -EUCLEAN (not a careroom
// journal, or damaged: say so and go on without), -EXDEV (a journal of another gateway id or site). Blocks on
// the disk. `identity` strings must outlive the journal.
int journal_open(const char *state_dir, const struct line_identity *identity, struct journal **ret_journal);

// What a commit gave.
struct journal_receipt {
    uint64_t first_sequence, last_sequence;
};

// Append n events (n >= 1) with the records and notes they carry, in one transaction. Returns 0 only after
// the commit is on the disk. On failure nothing of the batch counts as recorded; try the same batch again, it
// gets the same numbers: -ENOSPC, -EIO, -EROFS, -EBUSY, -ENOMEM. -EUCLEAN, -EXDEV: the file has been damaged
// or exchanged for another since it was opened; each try looks again. A commit that failed may be found whole
// on the disk when the file is opened again after an error; the batch is then recognised and not stored
// twice. Blocks on the disk. One thread at a time.
int journal_append(struct journal *journal, const struct event *events, size_t n,
                   struct journal_receipt *ret_receipt);

// Highest sequence that was acknowledged; 0 in an empty journal.
uint64_t journal_last_sequence(const struct journal *journal);

// Every row of the state table, in any order; the record's strings are good during the call only.
// since_boottime_ns and until_boottime_ns are 0 where the row was written in an earlier boot, whose boottime
// says nothing in this one. 0 or negative errno.
typedef void (*journal_record_fn)(const struct state_record *record, void *user);
int journal_load_state(struct journal *journal, journal_record_fn each, void *user);

// Write records that belong to no event (what core_save() gives), all in one transaction. Same errors as
// append; may be repeated. Blocks on the disk.
int journal_store_state(struct journal *journal, const struct state_record *records, size_t n);

// One minute of one quantity of one point, UTC.
struct minute_row {
    const char *room, *point;
    enum quantity quantity;
    int64_t minute_wall_s; // start of the minute
    int32_t min, mean, max, last;
    uint32_t samples;
};
// Store telemetry, all in one transaction (called every five minutes: wear of the card). Same errors as
// append; may be repeated: the same minute of the same point replaces itself.
int journal_store_minutes(struct journal *journal, const struct minute_row *rows, size_t n);

// The stored minutes that began at from_wall_s or later, the oldest first; the row's strings are good during
// the call only. 0 or negative errno. Start-up only: it reads an hour or a day of them.
typedef void (*journal_minute_fn)(const struct minute_row *row, void *user);
int journal_load_minutes(struct journal *journal, int64_t from_wall_s, journal_minute_fn each, void *user);

void journal_close(struct journal *journal); // checkpoints; NULL is fine. Blocks on the disk.

#endif
