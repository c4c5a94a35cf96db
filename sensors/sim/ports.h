// Simulated serial ports, told apart by path, with one module each, and simulated keyboards: the other side
// of serial.h and input.h. Added at start-up only; everything else may be called from any thread and holds
// the lock for moments.
#ifndef CAREROOM_SENSORS_SIM_PORTS_H
#define CAREROOM_SENSORS_SIM_PORTS_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/common/quantity.h"
#include "sensors/sim/sim.h"

#define SIM_MODULE_STATE_MAX 128
#define SIM_WIRE_MAX         256

// Bytes on their way to the host.
struct sim_wire {
    size_t n;
    uint8_t bytes[SIM_WIRE_MAX];
};

// Put bytes on it; what does not fit is lost, as in a real port that nobody reads.
void sim_wire_put(struct sim_wire *wire, const uint8_t *bytes, size_t length);

// What a model is told of the world when it is called.
struct sim_moment {
    uint64_t now_ns;
    enum sim_fault fault; // none, crc (damage every checksum) or stuck (never end a frame)
    struct sim_wire *wire;
};

// How a part answers. All are called with the lock held; none blocks or allocates.
struct sim_module_model {
    const char *driver;                             // the part's name in the configuration
    uint32_t quantities;                            // QUANTITY_BIT() set
    uint64_t warm_up_ns;                            // for a model that serves several parts
    void (*init)(void *state);                      // as delivered, switched on long ago; state is zeroed
    void (*power_on)(void *state, uint64_t now_ns); // the supply comes back
    void (*receive)(void *state, const struct sim_module_model *model, uint8_t byte,
                    const struct sim_moment *moment); // a byte from the host
    // Put what is due by now. When there will be more; UINT64_MAX: not by itself.
    uint64_t (*run)(void *state, const struct sim_moment *moment);
    void (*set)(void *state, enum quantity quantity, int32_t value); // a sensor's world changes
    int (*show)(void *state, const char *uid, uint64_t now_ns);      // a card reader's: 0 or -EINVAL
};

extern const struct sim_module_model sim_mhz19b, sim_mhz19c, sim_pms5003, sim_rdm6300;

// One row a simulated part. NULL where there is none.
const struct sim_module_model *sim_module_find(const char *driver);

// Connect a module. 0, -EADDRINUSE where the port has one already, -ENOMEM.
int sim_port_add(const char *path, const struct sim_module_model *model);

// 0, -EINVAL (it does not measure this, no such fault, no such card), -ENOENT (no such port).
int sim_port_set(const char *path, enum quantity quantity, int32_t value);
int sim_port_fault(const char *path, enum sim_fault fault);
int sim_port_show(const char *path, const char *uid);

// A keyboard that types. 0, -EADDRINUSE, -ENOMEM.
int sim_keyboard_add(const char *path);
// Its number and Enter, now. 0, -EINVAL (not 1 to 24 hex digits), -EBUSY (nobody reads it), -ENOENT.
int sim_keyboard_type(const char *path, const char *digits);
// Keys got lost: what the kernel says with SYN_DROPPED. 0, -EBUSY, -ENOENT.
int sim_keyboard_lose(const char *path);
// Pull it (hang) or plug it in again (none). 0, -EINVAL, -ENOENT.
int sim_keyboard_fault(const char *path, enum sim_fault fault);

// Forget all. What is open says -ENODEV from now on, as if it had been pulled.
void sim_ports_remove_all(void);
void sim_keyboards_remove_all(void);

#endif
