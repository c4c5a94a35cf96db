// Members of the guard's answers as text. What is missing or of another type is said to be unknown, never
// guessed.
#ifndef CAREROOM_CTL_JSON_TEXT_H
#define CAREROOM_CTL_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

// A string, or "unknown". Good as long as the object.
const char *text_of(const json_t *object, const char *key);

// A string that may be missing: then "".
const char *text_or_nothing(const json_t *object, const char *key);

// An integer, or a string of digits (sequences are), as text; "unknown" where it is neither.
#define NUMBER_SIZE 24
struct number_text {
    char text[NUMBER_SIZE];
};
struct number_text number_of(const json_t *object, const char *key);

// An integer >= 0 (0) or -ENODATA.
int count_of(const json_t *object, const char *key, uint64_t *ret_count);

#endif
