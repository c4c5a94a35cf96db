#include "sensors/sim/words.h"

#include <errno.h>
#include <string.h>

// Long division of the 16 data bits, bit by bit as they come over the wire.
uint8_t sim_crc(const uint8_t bytes[2])
{
    unsigned rest = 0xFF;
    for (unsigned bit = 0; bit < 16; bit++) {
        unsigned data = ((unsigned)bytes[bit / 8] >> (7 - bit % 8)) & 1u;
        unsigned carry = ((rest >> 7) & 1u) ^ data;
        rest = ((rest << 1) & 0xFFu) ^ (carry ? 0x31u : 0u);
    }
    return (uint8_t)rest;
}

void sim_answer_put(struct sim_answer *answer, const uint16_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t *bytes = &answer->bytes[3 * i];
        bytes[0] = (uint8_t)(words[i] >> 8);
        bytes[1] = (uint8_t)(words[i] & 0xFF);
        bytes[2] = sim_crc(bytes);
    }
    answer->length = 3 * n;
}

int sim_answer_take(struct sim_answer *answer, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    if (now_ns < answer->done_ns || answer->length == 0)
        return -EREMOTEIO;
    size_t n = length < answer->length ? length : answer->length;
    memcpy(ret_bytes, answer->bytes, n);
    memset(ret_bytes + n, 0xFF, length - n);
    answer->length = 0;
    return 0;
}

bool sim_word_take(const uint8_t bytes[3], uint16_t *ret_word)
{
    if (sim_crc(bytes) != bytes[2])
        return false;
    *ret_word = (uint16_t)(bytes[0] << 8 | bytes[1]);
    return true;
}

uint16_t sim_scale(int64_t value, int64_t range)
{
    if (value <= 0)
        return 0;
    if (value >= range)
        return UINT16_MAX;
    return (uint16_t)((value * UINT16_MAX + range / 2) / range);
}

void sim_float_words(double value, uint16_t ret_words[2])
{
    float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof(bits));
    ret_words[0] = (uint16_t)(bits >> 16);
    ret_words[1] = (uint16_t)bits;
}
