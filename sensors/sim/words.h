// What Sensirion's chips have in common on the wire: 16-bit words with a CRC each, and "busy until", during
// which they acknowledge nothing. Written from the data sheets, on purpose not shared with the drivers that
// they test.
#ifndef CAREROOM_SENSORS_SIM_WORDS_H
#define CAREROOM_SENSORS_SIM_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_ANSWER_WORDS 20

// The answer that waits to be read, and when the command that made it is done.
struct sim_answer {
    uint64_t done_ns;
    size_t length; // 0: nothing to read
    uint8_t bytes[SIM_ANSWER_WORDS * 3];
};

// CRC-8 over two bytes: polynomial 0x31, init 0xFF (SCD4x data sheet v1.3, 3.11; SHT4x the same).
uint8_t sim_crc(const uint8_t bytes[2]);

// Replace the answer by n words, each with its CRC.
void sim_answer_put(struct sim_answer *answer, const uint16_t *words, size_t n);

// Take the answer: bytes beyond its end read FF (nobody pulls SDA); may be broken off anywhere. 0, or
// -EREMOTEIO while the command runs or where there is none.
int sim_answer_take(struct sim_answer *answer, uint8_t *ret_bytes, size_t length, uint64_t now_ns);

// A word with its CRC, as the host writes it. False: the CRC is wrong.
bool sim_word_take(const uint8_t bytes[3], uint16_t *ret_word);

// A number as IEEE-754 single in two words.
void sim_float_words(double value, uint16_t ret_words[2]);

// value * 65535 / range, rounded, within 0 to 65535.
uint16_t sim_scale(int64_t value, int64_t range);

#endif
