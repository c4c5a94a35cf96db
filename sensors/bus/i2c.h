// The narrowest seam to I2C: one transfer. Real (i2c-dev, I2C_RDWR) and simulated buses meet here, chosen by
// the linker.
#ifndef CAREROOM_SENSORS_BUS_I2C_H
#define CAREROOM_SENSORS_BUS_I2C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct i2c_bus;

// One message of a transfer: bytes written to or read from a 7-bit address.
struct i2c_message {
    uint8_t address;
    bool read;
    uint8_t *bytes; // read: filled in; write: not changed
    uint16_t length;
};

// Open an adapter ("/dev/i2c-1"). 0 and *ret_bus; -ENOENT, -EACCES, -EOPNOTSUPP (adapter can't do plain I2C).
// May block shortly. Close with i2c_close().
int i2c_open(const char *path, struct i2c_bus **ret_bus);
void i2c_close(struct i2c_bus *bus); // NULL is fine

// Carry out n messages joined by repeated starts, one STOP at the end. 0 or a negative errno, told apart as
// hardware.md's table says after the adapters' different habits have been made one:
//   -EREMOTEIO  nobody acknowledged (absent, busy, or no data yet)
//   -ETIMEDOUT  the bus hangs; -EAGAIN arbitration lost, try again; -EIO disturbed; -ENODEV the adapter is
//   gone
// Blocks up to the adapter's timeout (1 s by default): called from the bus's own worker thread only.
int i2c_transfer(struct i2c_bus *bus, const struct i2c_message *messages, size_t n);

// Whether a driver of the kernel has this address, which a transfer would not find out: 0 no, -EBUSY yes, or
// another negative errno. Nothing goes over the bus.
int i2c_claimed(struct i2c_bus *bus, uint8_t address);

// The two transfers that drivers need. Same errors.
int i2c_write(struct i2c_bus *bus, uint8_t address, const uint8_t *bytes, size_t length);
int i2c_read(struct i2c_bus *bus, uint8_t address, uint8_t *ret_bytes, size_t length);

// Every adapter of this machine, by path and kernel name, in any order. `each` returns non-zero to stop.
int i2c_list(int (*each)(const char *path, const char *name, void *user), void *user);

#endif
