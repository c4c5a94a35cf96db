// The seam to GPIO: lines found by name, levels, and edges with the kernel's time. Real (libgpiod) and
// simulated lines meet here, chosen by the linker. Level true means the line reads high; wiring is the
// contact's business.
#ifndef CAREROOM_SENSORS_BUS_GPIO_H
#define CAREROOM_SENSORS_BUS_GPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/config.h"

struct gpio_lines; // one request of one or more lines

#define GPIO_MAX_LINES 4

struct gpio_edge {
    uint64_t boottime_ns; // the kernel's edge time stamp, converted from CLOCK_MONOTONIC once, here
    unsigned line;        // index in the request
    bool level;           // true: rising edge, the line now reads high
};

// Lines are named by the kernel's line name or "chip-label:offset". Errors of all requests: -ENOENT no such
// line; -ENOTUNIQ two lines of this name; -EBUSY somebody else holds it; -EACCES; -ENODEV. Start-up only; may
// block shortly. Edges are delivered from the request on; read the level after it, so that none is missed.
int gpio_request_inputs(const char *const *names, size_t n, enum bias bias, struct gpio_lines **ret_lines);
// The same with falling edges only: for pulses (Wiegand, 50 us) that are over before the kernel, asked for
// both edges, has looked which one it was. Every edge has level false.
int gpio_request_pulses(const char *const *names, size_t n, enum bias bias, struct gpio_lines **ret_lines);
// Outputs start at the given level, in the request itself (no glitch).
int gpio_request_output(const char *name, bool initial_level, struct gpio_lines **ret_lines);
// An output that pulls low or lets go, and starts let go; gpio_get() tells what the wire then does.
int gpio_request_open_drain(const char *name, struct gpio_lines **ret_lines);
void gpio_release(struct gpio_lines *lines); // NULL is fine

// Becomes readable when edges wait. Owned by the request. -1 for outputs. A chip that goes need not wake
// anybody (kernel 6.1 does not): it is gpio_get() that says -ENODEV, so levels are to be read now and then.
int gpio_fd(const struct gpio_lines *lines);

// Take up to cap waiting edges, merged over the lines by time; what does not fit waits for the next call and
// keeps gpio_fd() readable. Returns how many (0: none), or a negative errno (-ENODEV: the chip is gone).
// *ret_lost is true where the kernel may have dropped edges or their order over the lines can't be trusted: a
// contact's level is to be read again, a card's frame is void. Never blocks, never allocates.
int gpio_read_edges(struct gpio_lines *lines, struct gpio_edge *edges, size_t cap, bool *ret_lost);

// Read or set a level now. 0 or a negative errno. Never blocks, never allocates.
int gpio_get(struct gpio_lines *lines, unsigned line, bool *ret_level);
int gpio_set(struct gpio_lines *lines, bool level);

// Every line of this machine; name may be empty. `each` returns non-zero to stop.
int gpio_list(int (*each)(const char *chip_label, unsigned offset, const char *name, bool used, void *user),
              void *user);

#endif
