// Contacts and card readers: GPIO edges into core inputs, on the main thread.
#ifndef CAREROOM_GUARD_LINES_H
#define CAREROOM_GUARD_LINES_H

#include <systemd/sd-event.h>

#include "gateway/common/card.h"
#include "gateway/core/core.h"
#include "gateway/guard/plan.h"

struct lines;

// Where the inputs go, and the cards.
typedef void (*lines_input_fn)(const struct core_input *input, void *user);
typedef void (*lines_card_fn)(size_t point, const struct card *card, void *user);

// Request every line of the plan, with edge events, and watch them: fire lines before all other sources of
// the loop. A line that can't be had is logged and a trouble of its point; the others go on. 0 or -ENOMEM.
// Start-up only.
int lines_new(const struct plan *plan, sd_event *loop, lines_input_fn input, lines_card_fn card, void *user,
              struct lines **ret_lines);

// Tell the level that each line has now: once, when everything behind `input` is ready.
void lines_start(struct lines *lines);

// Compare every line's level with what was last heard of it: the net under lost edges, called every second.
// It is also what is left of a line that changes without end: the edges of such a line are not listened to
// for a while, and its point is in trouble meanwhile (TROUBLE_DAMAGED; of a card reader TROUBLE_UNREADABLE).
// Main thread, no allocation.
void lines_reread(struct lines *lines);

void lines_free(struct lines *lines); // NULL is fine

#endif
