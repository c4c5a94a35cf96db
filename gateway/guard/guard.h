// careroomd: the wiring of buses, core, outputs, journal and control socket around one sd-event loop.
#ifndef CAREROOM_GUARD_GUARD_H
#define CAREROOM_GUARD_GUARD_H

#include "gateway/common/config.h"
#include "gateway/guard/control_server.h"

// What careroomd-sim adds to careroomd: a world to build before lines and buses are opened, and operations
// that move it.
struct guard_extension {
    int (*prepare)(const struct config *config); // 0 or negative errno
    const struct control_op *ops;
};

// The whole program. `extension` is NULL in careroomd. Returns the exit status: 0 stopped as asked, 1
// mistake, 2 usage.
int guard_main(int argc, char **argv, const struct guard_extension *extension);

// What the configuration must know of the linked drivers and readers.
extern const struct config_catalogue guard_catalogue;

#endif
