// Who is at an address of a bus? For set-up alone, before anything guards: a part is asked what only it
// answers, in a way that changes nothing in it nor in any other chip that is known to use its addresses.
#ifndef CAREROOM_SENSORS_PROBE_H
#define CAREROOM_SENSORS_PROBE_H

#include "sensors/bus/i2c.h"

// Ask whether the part of this driver or reader is there. Blocks for some milliseconds. 0: it is;
//   -EPROTOTYPE  something answers otherwise than it does
//   -EREMOTEIO   nobody acknowledges
//   -ENOTSUP     the part can't say who it is; nothing was sent
// and the other errors of i2c_transfer().
int probe_part(const char *part, struct i2c_bus *bus, uint8_t address);

// Whether a way to ask the part, or that there is none, is known here at all. For the tests.
bool probe_known(const char *part);

// Read one byte, whoever sends it. 0: something acknowledges; errors of i2c_transfer().
int probe_anybody(struct i2c_bus *bus, uint8_t address);

#endif
