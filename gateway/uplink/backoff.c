#include "gateway/uplink/backoff.h"

uint32_t backoff_failed(struct backoff *backoff, uint32_t random)
{
    uint32_t most = BACKOFF_FIRST_MS;
    for (unsigned i = 0; i < backoff->failures && most < BACKOFF_MOST_MS; i++)
        most *= 2;
    if (most > BACKOFF_MOST_MS)
        most = BACKOFF_MOST_MS;
    backoff->failures++;
    return BACKOFF_LEAST_MS + random % (most - BACKOFF_LEAST_MS + 1);
}

void backoff_reset(struct backoff *backoff)
{
    backoff->failures = 0;
}
