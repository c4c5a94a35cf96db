// What Sensirion's chips have in common: 16-bit words, each followed by its CRC.
#include <errno.h>

#define ARGUMENTS_MAX 2
#define WORDS_MAX     20

#include "sensors/driver.h"

uint8_t sensirion_crc(const uint8_t *bytes, size_t length)
{
    unsigned crc = 0xff;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x80) != 0 ? (crc << 1 ^ 0x31) & 0xff : crc << 1;
    }
    return (uint8_t)crc;
}

int sensirion_words(const uint8_t *bytes, size_t n, uint16_t *ret_words)
{
    for (size_t i = 0; i < n; i++)
        if (sensirion_crc(&bytes[3 * i], 2) != bytes[3 * i + 2])
            return -EILSEQ;
    for (size_t i = 0; i < n; i++)
        ret_words[i] = (uint16_t)(bytes[3 * i] << 8 | bytes[3 * i + 1]);
    return 0;
}

int sensirion_send(struct i2c_bus *bus, uint8_t address, uint16_t code, const uint16_t *words, size_t n)
{
    uint8_t bytes[2 + 3 * ARGUMENTS_MAX] = { (uint8_t)(code >> 8), (uint8_t)code };
    if (n > ARGUMENTS_MAX)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        uint8_t *word = &bytes[2 + 3 * i];
        word[0] = (uint8_t)(words[i] >> 8);
        word[1] = (uint8_t)words[i];
        word[2] = sensirion_crc(word, 2);
    }
    return i2c_write(bus, address, bytes, 2 + 3 * n);
}

int sensirion_receive(struct i2c_bus *bus, uint8_t address, uint16_t *ret_words, size_t n)
{
    uint8_t bytes[3 * WORDS_MAX];
    if (n > WORDS_MAX)
        return -EINVAL;
    int r = i2c_read(bus, address, bytes, 3 * n);
    return r < 0 ? r : sensirion_words(bytes, n, ret_words);
}

// mantissa * 2^power * scale, in integers: 24 and 31 bits make 55, and a number that leaves 32 is refused
// before it leaves 64.
int sensirion_float(const uint16_t words[2], int32_t scale, int32_t *ret_value)
{
    int exponent = words[0] >> 7 & 0xff;
    uint64_t mantissa = (uint64_t)(words[0] & 0x7f) << 16 | words[1];
    if (exponent == 0xff)
        return -ERANGE;
    if (exponent == 0)
        exponent = 1; // subnormal: no bit before the point
    else
        mantissa |= 1u << 23;
    int power = exponent - 127 - 23;
    uint64_t value = mantissa * (uint64_t)scale;
    if (power > 8)
        return -ERANGE;
    if (power >= 0)
        value <<= power;
    else if (power < -62)
        value = 0;
    else
        value = (value + (1ull << (-power - 1))) >> -power;
    if (value > INT32_MAX)
        return -ERANGE;
    *ret_value = (words[0] & 0x8000) != 0 ? -(int32_t)value : (int32_t)value;
    return 0;
}
