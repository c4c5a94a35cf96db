// What a card reader is: one file in sensors/readers/ that ends in one const struct, and one row in
// readers.c.
#ifndef CAREROOM_SENSORS_READER_H
#define CAREROOM_SENSORS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/card.h"
#include "gateway/common/config.h"
#include "sensors/bus/i2c.h"

#define READER_STATE_MAX 256

enum reader_outcome {
    READER_NOTHING,    // a frame is under way, or none
    READER_CARD,       // *card is good
    READER_LENGTH,     // a frame of a length that this reader does not have
    READER_PARITY,     // a parity bit or a checksum is wrong
    READER_FORM,       // bytes or keys that no frame of this reader has
    READER_LOST,       // pulses or keys were lost, or came on both lines at once
    READER_LINE_FAULT, // pulses without an end
    READER_EMPTY,      // PART_I2C: it was asked and answers that no new card is there
};

struct reader_result {
    uint64_t next_ns; // when settle() or step() wants to be called; UINT64_MAX: not before the next edge,
                      // byte or key
    enum reader_outcome outcome;
    struct card card;
};

struct reader {
    struct part_info info;
    size_t state_size;
    void (*init)(void *state, const struct config_reader *config, uint64_t now_ns);
    // PART_WIEGAND: an edge of line 0 (D0) or 1 (D1) of gpio_request_pulses(); lost: what gpio_read_edges()
    // said of the batch. A frame ends with silence, so its outcome comes from settle(), or from the first
    // edge of the next frame. Waiting edges go first, settle() after. Never block, never allocate.
    void (*edge)(void *state, unsigned line, bool level, bool lost, uint64_t at_ns,
                 struct reader_result *ret_result);
    // PART_I2C: as a driver's step(), with the same errors; 0 and READER_CARD or READER_EMPTY end a poll
    // well.
    int (*step)(void *state, struct i2c_bus *bus, uint64_t now_ns, struct reader_result *ret_result);
    // PART_SERIAL: the next byte that was received.
    void (*byte)(void *state, uint8_t byte, uint64_t at_ns, struct reader_result *ret_result);
    // PART_INPUT: the next key that was pressed, KEY_… of linux/input-event-codes.h; lost: no key, some were
    // lost here.
    void (*key)(void *state, unsigned code, bool lost, uint64_t at_ns, struct reader_result *ret_result);
    // All but PART_I2C: next_ns has come.
    void (*settle)(void *state, uint64_t now_ns, struct reader_result *ret_result);
};

const struct reader *reader_find(const char *name);
const struct reader *reader_at(size_t index);

#endif
