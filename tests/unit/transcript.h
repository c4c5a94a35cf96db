// Transcripts: text files in tests/vectors that say, without C, what goes over the wires and what must come
// of it.
//
// '#' begins a comment; a file begins with the comments "# part:", "# source:" and "# date:". Each line is
// words. For chips on I2C, a step of the driver is written as its transfers and their outcome, and ends with
// the wait that it asks for:
//
//     driver scd41            which row; settings follow, in any order: every_ms, address, altitude_m,
//                             self_calibration, self_test, channel, reference_channel, the bands of a loop in
//                             thousandths, short_is_alarm
//     case TEXT               a new chip, freshly started; the settings stay
//     > ec 05                 the driver must write these bytes; "> ec 05 nack" lets the transfer fail
//     < 01 f4 33              the driver must read so many bytes, and gets these; "< nack" fails
//                             (nack EREMOTEIO, hung ETIMEDOUT, lost EAGAIN, disturbed EIO, gone ENODEV)
//     = co2 500               a reading, as people write it; all readings, in their order
//     ! EILSEQ                the step fails with this
//     wait 500                the driver wants to go on in 500 ms (up to 20 ms later: transfers take time)
//     repeat 30 … end         the steps between, so many times
//     calibrate 480           from here to its end the steps are calibrate()'s; its reading is the change
#ifndef CAREROOM_TESTS_TRANSCRIPT_H
#define CAREROOM_TESTS_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TRANSCRIPT_WORDS 80

struct transcript {
    FILE *file;
    char path[256];
    unsigned number; // of the line last read
    char line[512];
    unsigned n;
    char *words[TRANSCRIPT_WORDS];
};

// Call `each` for every file in tests/vectors whose name begins with prefix. How many there were.
size_t transcript_files(const char *prefix, void (*each)(const char *path, void *user), void *user);

// Open a file and check its head. Fails the test where it can't be read.
void transcript_open(struct transcript *transcript, const char *path);
void transcript_close(struct transcript *transcript);

// The next line that says something; false at the end.
bool transcript_next(struct transcript *transcript);

// Fail the test with file and line in front.
__attribute__((noreturn, format(printf, 2, 3))) void transcript_fail(struct transcript *transcript,
                                                                     const char *format, ...);
// Fail it unless the line has n words.
void transcript_expect_words(struct transcript *transcript, unsigned n);
// A word as a number.
long long transcript_number(struct transcript *transcript, unsigned word);

// Play a file for a driver on I2C. *ret_quantities: the QUANTITY_BIT set of all readings. Returns the
// driver's name (static).
const char *transcript_play(const char *path, unsigned *ret_quantities);

#endif
