// Which events of the journal a call of `events` means, and walking over them.
#ifndef CAREROOM_CTL_SELECTION_H
#define CAREROOM_CTL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/ctl/since.h"
#include "gateway/journal/reader.h"

// What a clock that was set later says about the times before, in the same boot.
struct clock_fix {
    uint64_t sequence; // of the event that recorded it
    int64_t offset_ms;
    bool trusted; // the clock was right from here on
    char boot_id[37];
};

struct selection {
    int class;        // enum event_class; -1: any
    const char *room; // NULL: any
    bool has_since;
    struct since since;
    bool has_limit;
    uint64_t limit; // the newest so many
    struct clock_fix *fixes;
    size_t n_fixes;
};

// Read every change of the clock out of the journal. 0 or negative errno (as the reader's); selection_free()
// afterwards.
int selection_load_fixes(struct selection *selection, struct journal_reader *reader);
void selection_free(struct selection *selection);

// When an event really happened: its own time, and what was learned about that clock later. *ret_sure: that
// clock was right.
int64_t selection_time(const struct selection *selection, const struct journal_row *row, bool *ret_sure);

// The next event of the selection after *after, which moves on. 1, 0 (none), negative errno.
int selection_next(const struct selection *selection, struct journal_reader *reader, uint64_t *after,
                   struct journal_row *ret_row);

// After which sequence to begin, so that no more than the newest `limit` are met. 0 or negative errno.
int selection_start(const struct selection *selection, struct journal_reader *reader, uint64_t *ret_after);

#endif
