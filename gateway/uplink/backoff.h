// How long to wait before the next attempt: exponential, 1 s to 60 s, with full jitter, so that a thousand
// gateways whose broker came back do not knock at the same moment. Pure: the random number is an argument.
#ifndef CAREROOM_UPLINK_BACKOFF_H
#define CAREROOM_UPLINK_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_MS  1000u
#define BACKOFF_MOST_MS   60000u
#define BACKOFF_LEAST_MS  50u
#define BACKOFF_STABLE_MS 10000u // a connection that lasted this long makes the next failure a first one

struct backoff {
    unsigned failures;
};

// A failure: milliseconds to wait, BACKOFF_LEAST_MS to BACKOFF_MOST_MS. The first wait is at most
// BACKOFF_FIRST_MS.
uint32_t backoff_failed(struct backoff *backoff, uint32_t random);

void backoff_reset(struct backoff *backoff);

#endif
