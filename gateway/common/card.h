// A card as a reader gives it.
#ifndef CAREROOM_COMMON_CARD_H
#define CAREROOM_COMMON_CARD_H

#include <stddef.h>
#include <stdint.h>

#define CARD_BYTES_MAX 24

// A card as it was presented. It stays in memory: the number is never logged nor written to the journal.
struct card {
    unsigned bits; // Wiegand: length of the frame, parity included; text: 4 a digit; else of the number
    size_t length;
    uint8_t bytes[CARD_BYTES_MAX]; // the number, highest byte first (Wiegand: the bits between the parity
                                   // bits); of a reader that types: the digits as it typed them
};

#endif
