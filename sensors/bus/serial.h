// The seam to a serial port: bytes. Real (termios) and simulated ports meet here, chosen by the linker. Every
// part that careroom knows speaks 8 data bits, no parity, 1 stop bit.
#ifndef CAREROOM_SENSORS_BUS_SERIAL_H
#define CAREROOM_SENSORS_BUS_SERIAL_H

#include <stddef.h>
#include <stdint.h>

struct serial_port;

// Open a port raw and non-blocking, to ourselves, at one of the usual speeds from 1200 to 115200. 0 and
// *ret_port; -ENOENT, -EACCES, -EBUSY (somebody else has it to himself), -ENOTTY (no serial port), -EINVAL
// (it can't do this speed), or another negative errno. May block: a port on USB is asked over USB.
int serial_open(const char *path, unsigned baud, struct serial_port **ret_port);
void serial_close(struct serial_port *port); // NULL is fine

// Becomes readable when bytes wait, and when the port goes. Owned by the port.
int serial_fd(const struct serial_port *port);

// Take up to cap waiting bytes. How many (at least 1); -EAGAIN none; -ENODEV the port is gone; -EIO. Never
// blocks.
int serial_read(struct serial_port *port, uint8_t *ret_bytes, size_t cap);

// Hand over all bytes. 0; -EAGAIN they don't fit (nobody takes them); -ENODEV the port is gone; -EIO. Never
// blocks.
int serial_write(struct serial_port *port, const uint8_t *bytes, size_t length);

// Forget the bytes that wait to be read.
void serial_flush(struct serial_port *port);

#endif
