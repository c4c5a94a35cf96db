// The seam to input devices (keyboards, and card readers that pretend to be one): keys that are pressed. Real
// (libevdev) and simulated devices meet here, chosen by the linker.
#ifndef CAREROOM_SENSORS_BUS_INPUT_H
#define CAREROOM_SENSORS_BUS_INPUT_H

#include <stdbool.h>
#include <stdint.h>

struct input_device;

struct input_key {
    uint64_t boottime_ns; // the kernel's time stamp, converted from CLOCK_MONOTONIC once, here
    unsigned code; // KEY_… of linux/input-event-codes.h: a place on the keyboard, whatever the layout
    bool lost;     // no key: some were lost here, and what was being typed is void
};

// Open a device and take it from everybody else, so that card numbers don't go to the console. 0 and
// *ret_device; -ENOENT, -EACCES, -EBUSY (somebody else has taken it), -ENOTTY (no input device), or another
// negative errno. May block shortly.
int input_open(const char *path, struct input_device **ret_device);
void input_close(struct input_device *device); // NULL is fine

// Becomes readable when keys wait, and when the device goes. Owned by the device.
int input_fd(const struct input_device *device);

// Take the next key that was pressed (releases and repeats are not told). 1 and *ret_key; 0: none waits;
// -ENODEV: the device is gone. Never blocks. Ask until it says 0: the library may hold keys that input_fd()
// no longer shows.
int input_read(struct input_device *device, struct input_key *ret_key);

#endif
