// The operations of careroomd-sim's control socket that move the simulated world.
#ifndef CAREROOM_GUARD_SIM_OPS_H
#define CAREROOM_GUARD_SIM_OPS_H

#include "gateway/guard/control_server.h"

extern const struct control_op sim_ops[];

#endif
