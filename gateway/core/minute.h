// The window of one minute over one quantity of one point: min, mean, max, last, samples. Pure.
#ifndef CAREROOM_CORE_MINUTE_H
#define CAREROOM_CORE_MINUTE_H

#include <stdint.h>

struct minute {
    int64_t sum;
    int32_t min, max, last;
    uint32_t samples; // 0: nothing was measured, which is not the same as a zero
};

// Take a value in. At most 2^31 samples.
void minute_add(struct minute *minute, int32_t value);

// Mean, rounded to the nearest. Only with samples > 0.
int32_t minute_mean(const struct minute *minute);

#endif
