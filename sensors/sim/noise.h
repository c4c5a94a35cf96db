// A line that changes for ever: a contact that lost its spring, a cable beside a motor.
#ifndef CAREROOM_SENSORS_SIM_NOISE_H
#define CAREROOM_SENSORS_SIM_NOISE_H

#include "sensors/sim/pins.h"

struct sim_noise;

// Change the wiring of a line to and fro, 20,000 times a second in bursts of a millisecond, from a thread of
// its own. 0, -ENOMEM or -EAGAIN.
int sim_noise_start(struct sim_pin *pin, enum sim_drive one, enum sim_drive other,
                    struct sim_noise **ret_noise);
// Waits for the thread, a millisecond or two. NULL is fine.
void sim_noise_stop(struct sim_noise *noise);

#endif
