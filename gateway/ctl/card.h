// A card's number as people write it.
#ifndef CAREROOM_CTL_CARD_H
#define CAREROOM_CTL_CARD_H

#include <stddef.h>
#include <stdint.h>

#define CARD_TEXT_SIZE 16

struct card_number {
    uint32_t facility, card; // up to 65535 each
};

// "57:12345", or the whole number "3748921" or "0x393039": the card is its low 16 bits. 0, -EINVAL (no card),
// -ERANGE.
int card_parse(const char *text, struct card_number *ret_card);

// As "57:12345"; size >= CARD_TEXT_SIZE.
void card_format(const struct card_number *card, char *buf, size_t size);

#endif
