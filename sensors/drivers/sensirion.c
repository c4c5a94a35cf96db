// What Sensirion's chips have in common: 16-bit words, each followed by its CRC.
#include <errno.h>

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
