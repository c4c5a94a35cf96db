// What the codes of events and points mean, in words for people.
#ifndef CAREROOM_CTL_WORDS_H
#define CAREROOM_CTL_WORDS_H

#include <jansson.h>
#include <stdio.h>

// "no-answer": "does not answer"; a code that is not known here stays as it is.
const char *words_of_reason(const char *code);

// What happened, in words and with values in their units, without who asked: "alarm raised: co2 1623 ppm,
// limit 1500 ppm". Prints text from the event as it stands there: show it through text_put(). `event` is a
// journal line.
void words_of_event(FILE *out, const json_t *event);

// "co2 612 ppm, temperature 21.4 °C" for an object of values by key; contacts ("active") as their role has
// it: "closed".
void words_of_values(FILE *out, json_t *values, const char *role);

#endif
