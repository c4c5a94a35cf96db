// What a card reader is: one file in sensors/readers/ that ends in one const struct, and one row in
// readers.c.
#ifndef CAREROOM_SENSORS_READER_H
#define CAREROOM_SENSORS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/config.h"

#define READER_STATE_MAX 256

// A card as it was presented. It stays in memory: the number is never logged nor written to the journal.
struct card {
    unsigned bits;   // length of the frame
    uint64_t number; // the bits between the parity bits
};

enum reader_outcome {
    READER_NOTHING,   // a frame is under way, or none
    READER_CARD,      // *card is good
    READER_LENGTH,    // a frame of a length that this reader does not have
    READER_PARITY,    // a parity bit is wrong
    READER_LOST,      // pulses were lost, or came on both lines at once
    READER_LINE_FAULT // pulses without an end
};

struct reader_result {
    uint64_t next_ns; // when settle() wants to be called; UINT64_MAX: not before an edge
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
    void (*settle)(void *state, uint64_t now_ns, struct reader_result *ret_result);
};

const struct reader *reader_find(const char *name);
const struct reader *reader_at(size_t index);

#endif
