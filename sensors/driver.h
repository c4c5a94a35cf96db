// What a sensor driver is: one file in sensors/drivers/ that ends in one const struct, and one row in
// drivers.c. drivers/template.c compiles, is tested, and is where a new one starts.
#ifndef CAREROOM_SENSORS_DRIVER_H
#define CAREROOM_SENSORS_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/config.h"
#include "gateway/common/quantity.h"
#include "sensors/bus/i2c.h"

#define DRIVER_STATE_MAX 256 // bytes of state that a driver may have; the caller gives them, 16-aligned

struct driver_reading {
    enum quantity quantity;
    int32_t value; // fixed point of quantities[quantity]
};

struct driver_result {
    uint64_t next_ns; // boottime at which step() or settle() wants to be called again; always set;
                      // UINT64_MAX: not before an edge
    unsigned n;       // fresh readings, 0 while a measurement is under way
    struct driver_reading readings[QUANTITY_COUNT];
};

struct driver {
    struct part_info info;
    size_t state_size;

    // Put state (zeroed) into its start; nothing is sent yet. Never fails: the configuration has been judged.
    void (*init)(void *state, const struct config_sensor *config, uint64_t now_ns);

    // PART_I2C only. One short piece of work: at most two transfers, never sleeps; says when it wants to go
    // on. Runs on the bus's worker. A poll is one attempt at a measurement and may take many steps. It ends
    // in readings (0, n > 0: the caller's count of failures starts again) or in one error; 0 without readings
    // is neither. After an error the driver tries again at next_ns by itself, and the caller counts failures
    // in a row (three make a trouble):
    //   -EREMOTEIO no answer; -EILSEQ bad CRC; -ETIMEDOUT hung; -ENODATA answers, but never has a new value;
    //   -ERANGE implausible value; -ENODEV adapter gone; -EIO, -EAGAIN disturbed.
    int (*step)(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result);

    // PART_LINE only. The level at start, an edge, or the level read again (the same level changes nothing);
    // and the debounce deadline. Run on the guard's main thread: never block, never allocate, never fail. A
    // reading is QUANTITY_CONTACT, 0 or 1 (active); two are in the order in which they happened. Waiting
    // edges go first, settle() after.
    void (*edge)(void *state, bool level, uint64_t at_ns, struct driver_result *ret_result);
    void (*settle)(void *state, uint64_t now_ns, struct driver_result *ret_result);
};

// The table. NULL where there is none.
const struct driver *driver_find(const char *name);
const struct driver *driver_at(size_t index);

// Add a reading. 0, or -ERANGE where no room can have this value; the driver then gives the poll up. For
// drivers.
int driver_add(struct driver_result *result, enum quantity quantity, int32_t value);

// CRC-8 of Sensirion's words (polynomial 0x31, init 0xFF): over 2 data bytes. SCD4x data sheet v1.3, 3.11.
uint8_t sensirion_crc(const uint8_t *bytes, size_t length);
// Take n words, each followed by its CRC, out of 3*n bytes. 0 or -EILSEQ; ret_words is untouched on failure.
int sensirion_words(const uint8_t *bytes, size_t n, uint16_t *ret_words);

#endif
