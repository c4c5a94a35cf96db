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

#define DRIVER_REQUEST_MAX 16  // bytes that a driver may want to write to a serial port at once
#define DRIVER_STATE_MAX   256 // bytes of state that a driver may have; the caller gives them, 16-aligned

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

// What a driver on a serial port wants to be written.
struct driver_request {
    size_t length; // 0: nothing
    uint8_t bytes[DRIVER_REQUEST_MAX];
};

struct driver {
    struct part_info info;
    size_t state_size;

    // Put state (zeroed) into its start; nothing is sent yet. Never fails: the configuration has been judged.
    void (*init)(void *state, const struct config_sensor *config, uint64_t now_ns);

    // PART_I2C: one short piece of work: at most two transfers, never sleeps; says when it wants to go on.
    // PART_SYSFS: reads files, bus is NULL; may block for as long as the kernel's driver does. Runs on a
    // worker. A poll is one attempt at a measurement and may take many steps. It ends
    // in readings (0, n > 0: the caller's count of failures starts again) or in one error; 0 without readings
    // is neither. After an error the driver tries again at next_ns by itself, and the caller counts failures
    // in a row (three make a trouble):
    //   -EREMOTEIO no answer; -EILSEQ bad CRC; -ETIMEDOUT hung; -ENODATA answers, but never has a new value;
    //   -ERANGE implausible value; -ENODEV adapter or device gone; -EIO, -EAGAIN disturbed;
    //   -EPROTOTYPE another part answers; -ENOTRECOVERABLE the part says itself that it is broken;
    //   of a supervised loop: -EPIPE open, -ELOOP short, -EMEDIUMTYPE neither at rest nor in alarm.
    int (*step)(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result);

    // PART_SERIAL only. Neither does any I/O: the port's worker reads and writes. A poll ends as for step():
    // in readings, or in one error; after an error the driver tries again by itself.
    // ask(): next_ns has come; at start, and after the port was away, at once. What is to be written now, if
    // anything (bytes that wait to be read are forgotten before), and when to ask again. An error: what was
    // due by now has not come (-EREMOTEIO nothing at all, -ENODATA bytes, but no frame with a new value).
    // byte(): the next byte that was received. -EILSEQ: it ends a frame whose checksum is wrong.
    int (*ask)(void *state, uint64_t now_ns, struct driver_request *ret_request,
               struct driver_result *ret_result);
    int (*byte)(void *state, uint8_t byte, uint64_t now_ns, struct driver_result *ret_result);

    // Optional, instead of step() and like it, until it has ended: tell the part what its quantity really is
    // now (CO2: `reference` in ppm, which has been constant for some minutes). It has ended with a reading
    // (by how much readings change from now on, in the unit of the quantity) or an error: -EINVAL the part
    // can't take this reference; -EBUSY it has not measured for long enough, try again later; -ECANCELED it
    // refused; or one of step(), after which nothing is known to have changed. step() then goes on as ever.
    int (*calibrate)(void *state, struct i2c_bus *bus, int32_t reference, uint64_t now_ns,
                     struct driver_result *ret_result);

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

// When to try again after so many polls in a row that failed: soon at first, so that a trouble is known
// within seconds, then once a period. For drivers.
uint64_t driver_retry_ns(unsigned failures, uint64_t every_ns);

// CRC-8 of Sensirion's words (polynomial 0x31, init 0xFF): over 2 data bytes. SCD4x data sheet v1.3, 3.11.
uint8_t sensirion_crc(const uint8_t *bytes, size_t length);
// Take n words, each followed by its CRC, out of 3*n bytes. 0 or -EILSEQ; ret_words is untouched on failure.
int sensirion_words(const uint8_t *bytes, size_t n, uint16_t *ret_words);
// Write a command and n <= 2 words after it; read n <= 20 words. Errors of i2c_transfer(), -EILSEQ.
int sensirion_send(struct i2c_bus *bus, uint8_t address, uint16_t code, const uint16_t *words, size_t n);
int sensirion_receive(struct i2c_bus *bus, uint8_t address, uint16_t *ret_words, size_t n);
// A number that comes as IEEE-754 single in two words, times scale, rounded. 0 or -ERANGE (no number, or none
// that fits).
int sensirion_float(const uint16_t words[2], int32_t scale, int32_t *ret_value);

#endif
