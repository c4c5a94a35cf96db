// Cards into presence: whose card it is, by the register's table, and what the reader makes of it. Main
// thread, no allocation, no waiting; a card's number goes no further than this.
//
// A card that nobody has, one that was reported lost, and that of a guardian (who brings a child and goes)
// are cards that were presented, and no more. Without a register all are.
#ifndef CAREROOM_GUARD_ATTENDANCE_H
#define CAREROOM_GUARD_ATTENDANCE_H

#include "gateway/common/card.h"
#include "gateway/guard/mailbox.h"
#include "gateway/guard/plan.h"
#include "gateway/people/people.h"

struct attendance;

typedef void (*attendance_input_fn)(const struct core_input *input, void *user);

// Start-up only. NULL: out of memory.
struct attendance *attendance_new(const struct plan *plan, attendance_input_fn input, void *user);
void attendance_free(struct attendance *attendance); // NULL is fine; the table too

// Open the register, unless there is none and none is wanted: -ENOENT. Else as people_open(). Blocks.
int attendance_open(const struct config *config, bool make, struct people **ret_people);
// The register, where there is one, with whose cards this begins; logs what is wrong with it. Start-up only.
// Whoever gets it closes it; NULL: there is none.
struct people *attendance_begin(struct attendance *attendance, const struct config *config);

// Who is in the house and on a roll, into the snapshot.
void attendance_view(const struct core *core, const struct core_plan *plan, struct core_snapshot *snapshot);

// A card was read at this point.
void attendance_card(struct attendance *attendance, size_t point, const struct card *card);

// From now on look into this one, which is owned from here on. Returns the one before, for another thread to
// free; NULL: there was none.
struct people_table *attendance_swap(struct attendance *attendance, struct people_table *table);

#endif
