// Something that changes to and fro faster than people can follow: a contact that is loose, a value at the
// very edge. It is held until it has been quiet. Pure.
#ifndef CAREROOM_CORE_CHATTER_H
#define CAREROOM_CORE_CHATTER_H

#include <stdbool.h>
#include <stdint.h>

#define CHATTER_CHANGES 6                           // so many changes …
#define CHATTER_NS      (60 * UINT64_C(1000000000)) // … within so long, and quiet for so long, ends included

// All zero: at rest.
struct chatter {
    uint64_t at_ns[CHATTER_CHANGES]; // of the last changes, a ring
    uint32_t next, n;                // where the next one goes; how many are there
    uint32_t changes;                // from the first of those that made it held; kept after it was quiet
    bool held;
    bool told; // that it is held; the caller's
};

// It changed; now_ns never goes back. True: it is held.
bool chatter_change(struct chatter *chatter, uint64_t now_ns);

// When a held one will have been quiet; UINT64_MAX: it is not held.
uint64_t chatter_quiet_ns(const struct chatter *chatter);

// It has been quiet: no longer held.
void chatter_end(struct chatter *chatter);

#endif
