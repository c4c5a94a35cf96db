// How far each target has taken each class: state_dir/uplink/uplink.db, written by the uplink alone. A cursor
// moves only after the target's acknowledgement; after a crash it may be behind what was delivered, never
// ahead.
#ifndef CAREROOM_JOURNAL_CURSOR_H
#define CAREROOM_JOURNAL_CURSOR_H

#include <stdint.h>

#include "gateway/common/event.h"

struct cursors;

// Open or create the file. 0 or negative errno (-EIO, -ENOSPC, -EROFS, -EUCLEAN). Blocks on the disk.
int cursors_open(const char *file, struct cursors **ret_cursors);
void cursors_close(struct cursors *cursors); // NULL is fine

// Last classseq that `target` has taken; 0 where it has taken none. 0 or negative errno.
int cursors_get(struct cursors *cursors, const char *target, enum event_class class, uint64_t *ret_classseq);

// Move forward (a lower number than the stored one is refused with -EINVAL). Blocks on the disk.
int cursors_set(struct cursors *cursors, const char *target, enum event_class class, uint64_t classseq);

// Remember an event that the target refused for good (too large, malformed), with its reason code; kept for
// people.
int cursors_park(struct cursors *cursors, const char *target, enum event_class class, uint64_t classseq,
                 int reason);
int cursors_parked(struct cursors *cursors, const char *target, uint64_t *ret_count);

#endif
