// Printing events and following them.
#ifndef CAREROOM_CTL_EVENTS_H
#define CAREROOM_CTL_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/ctl/ctl.h"
#include "gateway/ctl/selection.h"

struct events {
    struct ctl *ctl;
    struct selection selection;
    char *file;                    // the journal
    struct journal_reader *reader; // NULL: could not be opened yet
    uint64_t after;                // everything up to this sequence has been printed
};

// Print what is there and has not been printed. 0, or negative errno: the journal can't be read. Ends early
// where nobody reads stdout any more.
int events_print(struct events *events);

// Open the journal. 0 or negative errno as journal_reader_open(). Opened already: 0.
int events_open(struct events *events);

// Print everything that comes, until SIGINT or SIGTERM (which end the process) or until nobody reads any
// more. Never gives up on the guard nor the journal.
enum ctl_status events_follow(struct events *events);

#endif
