// When failures of a part make a trouble of its point, and which. Plain state, no I/O; one owner each.
#ifndef CAREROOM_GUARD_HEALTH_H
#define CAREROOM_GUARD_HEALTH_H

#include <stdbool.h>

#include "gateway/core/core.h"
#include "sensors/reader.h"

struct health {
    unsigned failures; // in a row
    enum trouble told; // TROUBLE_NONE: the point is trusted
};

// What a failed poll is to people. Every errno of the buses, drivers and readers ends here.
enum trouble health_trouble_of(int error);

// Each returns true where `told` has become another one, which the caller is to tell.
//
// A poll or a frame failed: one damaged word on a long cable is no trouble, three in a row are.
bool health_failed(struct health *health, enum trouble trouble);
// There is no doubt: a trouble at once.
bool health_broken(struct health *health, enum trouble trouble);
// A good reading, card or poll.
bool health_good(struct health *health);
// A card reader's outcome, by these three.
bool health_outcome(struct health *health, enum reader_outcome outcome);

#endif
