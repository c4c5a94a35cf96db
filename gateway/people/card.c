// Which numbers are the same card. A card has one number, and readers tell more or less of it, always from
// its low end: an EM4100 card has 40 bits; a Wiegand reader of 34 bits tells the low 32 of them, one of 26
// the low 24, which are also what is printed on the card ("0006547886 099,59822"). So
//
//   a card is its number without leading zeros, whatever frame it came in: 26, 34 and 37 bits, binary or
//     typed, make no difference;
//   a reader of 24 or 32 bits also finds a card of up to 40 bits that ends in them;
//   a reader of 32 or 40 bits also finds a card that is known only by the 24 or 32 that it ends in.
//
// The exact number goes first, and an end that two people's cards share finds neither of them. Numbers of
// more than 40 bits (7 and 10 bytes) and of 37-bit frames are only ever compared whole, since readers that
// shorten them do not agree on how. Nor is the order of bytes guessed: where one reader turns a number round,
// the card has to be presented there to be known there.
//
// Typed digits are decimal; with a letter in them, or where decimal finds nothing and there are 8, 10, 14 or
// 20 of them, hex.
#include "gateway/people/inside.h"

#include <string.h>

static unsigned digit_value(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - (unsigned)'0' : (c & 0xdfU) - (unsigned)'A' + 10;
}

static bool is_digit(uint8_t c, unsigned base)
{
    return (c >= '0' && c <= '9') || (base == 16 && ((c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f')));
}

bool card_digits(const uint8_t *digits, size_t length, unsigned base, uint8_t ret_bytes[static NUMBER_SIZE])
{
    if (length == 0 || length > 2 * (size_t)NUMBER_SIZE) {
        return false;
    }
    uint8_t bytes[NUMBER_SIZE] = { 0 };
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(digits[i], base)) {
            return false;
        }
        unsigned carry = digit_value(digits[i]);
        for (size_t j = NUMBER_SIZE; j > 0; j--) {
            carry += bytes[j - 1] * base;
            bytes[j - 1] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    memcpy(ret_bytes, bytes, sizeof bytes);
    return true;
}

// Without leading zeros; a number of zero is one byte.
static void set_number(const uint8_t *bytes, size_t length, unsigned width, struct card_number *ret_number)
{
    while (length > 1 && bytes[0] == 0) {
        bytes++;
        length--;
    }
    *ret_number = (struct card_number){ .length = length, .width = width };
    memcpy(ret_number->bytes, bytes, length);
}

static bool typed_number(const struct card *card, unsigned base, struct card_number *ret_number)
{
    uint8_t bytes[NUMBER_SIZE];
    if (!card_digits(card->bytes, card->length, base, bytes)) {
        return false;
    }
    set_number(bytes, NUMBER_SIZE, 0, ret_number);
    unsigned typed = base == 16 ? 4 * (unsigned)card->length : ret_number->length <= 4 ? 32 : 40;
    bool shortened = ret_number->length <= 5 && (typed == 24 || typed == 32 || typed == 40);
    ret_number->width = shortened ? typed : 0;
    return true;
}

static size_t guess_typed(const struct card *card, struct card_number ret_numbers[static CARD_GUESSES])
{
    size_t n = typed_number(card, 10, &ret_numbers[0]) ? 1 : 0;
    bool whole_bytes = card->length == 8 || card->length == 10 || card->length == 14 || card->length == 20;
    if (n == 0 || whole_bytes) {
        n += typed_number(card, 16, &ret_numbers[n]) ? 1 : 0;
    }
    return n;
}

size_t card_guess(const struct card *card, struct card_number ret_numbers[static CARD_GUESSES])
{
    if (card->length == 0 || card->length > CARD_BYTES_MAX) {
        return 0;
    }
    if (card->bits == 4 * card->length) {
        return guess_typed(card, ret_numbers);
    }
    if (card->length > NUMBER_SIZE) {
        return 0;
    }
    unsigned width = card->bits == 26 ? 24 : card->bits == 34 ? 32 : card->bits;
    set_number(card->bytes, card->length, width == 24 || width == 32 || width == 40 ? width : 0, ret_numbers);
    return 1;
}

void card_low_bits(const struct card_number *number, unsigned width, struct card_number *ret_low)
{
    size_t keep = width / 8 < number->length ? width / 8 : number->length;
    set_number(number->bytes + (number->length - keep), keep, width, ret_low);
}

void card_hash_begin(const uint8_t key[static KEY_SIZE], crypto_auth_hmacsha256_state *ret_start)
{
    crypto_auth_hmacsha256_init(ret_start, key, KEY_SIZE);
}

void card_hash(const crypto_auth_hmacsha256_state *start, enum card_part part,
               const struct card_number *number, uint8_t ret_hash[static CARD_HASH_SIZE])
{
    // Written into files: the numbers stay.
    static const uint8_t labels[CARD_PART_COUNT] = {
        [CARD_WHOLE] = 0, [CARD_LOW_32] = 32, [CARD_LOW_24] = 24
    };
    crypto_auth_hmacsha256_state state = *start;
    crypto_auth_hmacsha256_update(&state, &labels[part], 1);
    crypto_auth_hmacsha256_update(&state, number->bytes, number->length);
    crypto_auth_hmacsha256_final(&state, ret_hash);
}

void card_hash_all(const struct keys *keys, const struct card_number *number, struct card_hashes *ret_hashes)
{
    crypto_auth_hmacsha256_state start;
    struct card_number low;
    card_hash_begin(keys->cards, &start);
    *ret_hashes = (struct card_hashes){
        .has = { [CARD_WHOLE] = true,
                 [CARD_LOW_32] = number->width == 40 && number->length == 5,
                 [CARD_LOW_24] = number->width >= 32 && number->length >= 4 },
    };
    card_hash(&start, CARD_WHOLE, number, ret_hashes->hash[CARD_WHOLE]);
    card_low_bits(number, 32, &low);
    card_hash(&start, CARD_LOW_32, &low, ret_hashes->hash[CARD_LOW_32]);
    card_low_bits(number, 24, &low);
    card_hash(&start, CARD_LOW_24, &low, ret_hashes->hash[CARD_LOW_24]);
    sodium_memzero(&start, sizeof start);
    sodium_memzero(&low, sizeof low);
}
