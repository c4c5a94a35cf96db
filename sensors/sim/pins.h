// Simulated GPIO lines and what is wired to them: the other side of gpio.h. Lines are added at start-up only,
// before any is requested; everything else may be called from any thread and holds the lock for moments.
#ifndef CAREROOM_SENSORS_SIM_PINS_H
#define CAREROOM_SENSORS_SIM_PINS_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_PIN_EDGES 128 // that wait in a request before the oldest is dropped; 64 pulses, both edges

struct sim_pin;

// What the wiring does to a line: nothing (a pull decides), or it ties it to ground or the supply.
enum sim_drive { SIM_DRIVE_NONE, SIM_DRIVE_LOW, SIM_DRIVE_HIGH };

// Add a line with an external resistor that pulls it up or down where neither the wiring nor a request's bias
// does. 0, -EEXIST or -ENOMEM.
int sim_pin_add(const char *name, bool pulled_up, enum sim_drive rest, struct sim_pin **ret_pin);

// Forget all lines. Requests that are still held say -ENODEV from now on, as with a chip that was unplugged.
void sim_pins_remove_all(void);

// The wiring changes. An edge, stamped now, where the level follows.
void sim_pin_drive(struct sim_pin *pin, enum sim_drive drive);

// Somebody looks at what the guard drives: `changed` is called, without the lock, from within gpio_set() when
// the line's level has become another one. Before the line is requested.
typedef void (*sim_pin_changed_fn)(void *user, bool level);
void sim_pin_watch(struct sim_pin *pin, sim_pin_changed_fn changed, void *user);

// n low pulses, 50 us wide and 2 ms apart, the last one ending now: bit i on pins[bits[i] == '1']. 0, or
// -EBUSY: so soon after the pulses before (60 ms of silence and their own length) no cable could have carried
// them.
int sim_pins_pulse(struct sim_pin *const pins[2], const char *bits, unsigned n);

// The level and when it last changed (0: not since the line was added).
void sim_pin_level(const struct sim_pin *pin, bool *ret_level, uint64_t *ret_changed_ns);

#endif
