// Simulated I2C adapters, told apart by path, with whatever is attached to their addresses. One lock for all
// of them.
#ifndef CAREROOM_SENSORS_SIM_BUS_H
#define CAREROOM_SENSORS_SIM_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "sensors/bus/i2c.h"

// One message to this address, called with the lock held: answers at once. 0 or a negative errno of
// i2c_transfer().
typedef int (*sim_transfer_fn)(void *user, const struct i2c_message *message);

// Make an adapter known to i2c_list() before anything is attached to it; opening works for any path. 0 or
// -ENOMEM.
int sim_bus_add(const char *path);

// Attach a chip. 0, -EADDRINUSE where the address is taken on this adapter, -ENOMEM.
int sim_bus_attach(const char *path, uint8_t address, sim_transfer_fn transfer, void *user);

// Take everything off all adapters and forget these. Nothing may be walking i2c_list(). Transfers under way
// end first.
void sim_bus_detach_all(void);

// The lock that serialises all messages: taken by whoever changes a chip from outside.
void sim_bus_lock(void);
void sim_bus_unlock(void);

// With the lock held: the chip at this address holds the lines low, or lets go. While one does, no transfer
// on its adapter gets on: each waits for the adapter's timeout, or goes on as soon as the lines are free.
void sim_bus_hold(const char *path, uint8_t address, bool held);

// The adapter at this path is pulled, or plugged in again: while it is away it can't be opened (-ENOENT), and
// what was open before says -ENODEV for ever.
void sim_bus_pull(const char *path, bool pulled);

// How long a transfer waits for held lines: 1000 ms, the kernel's default, unless a test wants something
// else.
void sim_bus_set_timeout_ms(unsigned ms);

// With the lock held: how many transfers wait for their lines to be free. Lets tests do without sleeps.
unsigned sim_bus_waiting(void);

#endif
