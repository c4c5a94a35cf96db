// A simulated chip: a model (how this part answers) with a state, the world around it, and a fault that may
// be upon it.
#ifndef CAREROOM_SENSORS_SIM_CHIP_H
#define CAREROOM_SENSORS_SIM_CHIP_H

#include <stdint.h>

#include "gateway/common/quantity.h"
#include "sensors/sim/bus.h"
#include "sensors/sim/sim.h"

#define SIM_CHIP_STATE_MAX 256

// How a part answers. All are called with the bus lock held and the time handed in; none blocks or allocates.
struct sim_model {
    const char *driver;  // the driver's name in the configuration
    uint32_t quantities; // QUANTITY_BIT() set
    uint16_t variant;    // for a model that serves several parts
    bool plain;          // its answers have no check that could be damaged
    // A part as delivered, switched on long ago. State is zeroed.
    void (*init)(void *state, const struct sim_model *model, uint16_t number);
    // The supply comes back: what is not in its EEPROM is gone.
    void (*power_on)(void *state, uint64_t now_ns);
    // A write or read header and its bytes. 0, or -EREMOTEIO where the part does not acknowledge.
    int (*write)(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns);
    int (*read)(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns);
    // The world around it changes; only where it measures anything.
    void (*set)(void *state, enum quantity quantity, int32_t value, uint64_t now_ns);
    // SIM_FAULT_STUCK begins or ends: it answers, but measures nothing.
    void (*stick)(void *state, bool stuck, uint64_t now_ns);
    // Optional, for a chip whose channels are parts of their own: what hangs on this part's. whole: the state
    // of the part that was attached; NULL: it is this one.
    void (*wire)(void *state, void *whole, const struct config_sensor *config);
    // Optional: the wires of a loop.
    void (*line)(void *state, enum sim_contact line);
    // A card is shown to a card reader; else NULL. 0 or -EINVAL: no card of its kind.
    int (*show)(void *state, const char *uid, uint64_t now_ns);
    // Which byte of the read before SIM_FAULT_CRC damages; NULL: the last one.
    size_t (*check)(const void *state);
};

struct sim_chip {
    const struct sim_model *model;
    const char *path; // of its adapter
    uint8_t address;
    enum sim_fault fault;
    struct sim_chip *whole; // the chip that this is a part of; NULL: itself
    bool unpowered;         // its bus's supply is switched off
    _Alignas(16) uint8_t state[SIM_CHIP_STATE_MAX];
};

extern const struct sim_model sim_scd40, sim_scd41, sim_sht4x, sim_pn532;

extern const struct sim_model sim_scd30, sim_sht3x, sim_bme280, sim_lm75, sim_tmp102, sim_mcp9808, sim_sps30,
    sim_ads1115_loop, sim_ads1115_analog;

// One row a simulated part. NULL where there is none.
const struct sim_model *sim_model_find(const char *driver);

// Attach a chip that the caller owns; path must outlive it. `number` makes its serial number its own. Errors
// of sim_bus_attach().
int sim_chip_attach(struct sim_chip *chip, const struct sim_model *model, const char *path, uint8_t address,
                    uint16_t number);

// Tell a chip what the configuration connects to it. whole: make it a part of this one instead of attaching
// it; NULL: it has been attached.
void sim_chip_wire(struct sim_chip *chip, const struct sim_model *model, struct sim_chip *whole,
                   const struct config_sensor *config);

// The wires of a loop. 0 or -EINVAL: there is none.
int sim_chip_line(struct sim_chip *chip, enum sim_contact line);

// Both lock the bus. 0 or -EINVAL: the part does not measure this, there is no such fault, or
// not of a part without checks.
int sim_chip_set(struct sim_chip *chip, enum quantity quantity, int32_t value);
int sim_chip_fault(struct sim_chip *chip, enum sim_fault fault);
// The same for a card that is shown to it.
int sim_chip_show(struct sim_chip *chip, const char *uid);
// Its supply is switched. A chip that held the bus lets go, and comes back without that fault.
void sim_chip_supply(struct sim_chip *chip, bool on);
// It was clocked free where it held the bus.
void sim_chip_clocked(struct sim_chip *chip);

#endif
