#include "gateway/core/minute.h"

void minute_add(struct minute *minute, int32_t value)
{
    if (!minute->samples || value < minute->min) {
        minute->min = value;
    }
    if (!minute->samples || value > minute->max) {
        minute->max = value;
    }
    minute->last = value;
    minute->sum += value;
    minute->samples++;
}

int32_t minute_mean(const struct minute *minute)
{
    int64_t half = minute->samples / 2;
    int64_t sum = minute->sum;
    return (int32_t)((sum >= 0 ? sum + half : sum - half) / (int64_t)minute->samples);
}
