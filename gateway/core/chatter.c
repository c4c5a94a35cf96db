#include "gateway/core/chatter.h"

bool chatter_change(struct chatter *chatter, uint64_t now_ns)
{
    chatter->at_ns[chatter->next] = now_ns;
    chatter->next = (chatter->next + 1) % CHATTER_CHANGES;
    chatter->n += chatter->n < CHATTER_CHANGES;
    if (chatter->held) {
        chatter->changes += chatter->changes < UINT32_MAX;
    } else if (chatter->n == CHATTER_CHANGES && now_ns - chatter->at_ns[chatter->next] <= CHATTER_NS) {
        chatter->held = true;
        chatter->changes = CHATTER_CHANGES;
    }
    return chatter->held;
}

uint64_t chatter_quiet_ns(const struct chatter *chatter)
{
    if (!chatter->held) {
        return UINT64_MAX;
    }
    uint64_t last_ns = chatter->at_ns[(chatter->next + CHATTER_CHANGES - 1) % CHATTER_CHANGES];
    return last_ns > UINT64_MAX - CHATTER_NS ? UINT64_MAX : last_ns + CHATTER_NS;
}

void chatter_end(struct chatter *chatter)
{
    chatter->held = false;
    chatter->n = 0;
}
