#include "gateway/guard/health.h"

#include <errno.h>

#define FAILURES_TO_TROUBLE 3

enum trouble health_trouble_of(int error)
{
    switch (error) {
    case -EREMOTEIO:
        return TROUBLE_NO_ANSWER;
    case -EILSEQ:
        return TROUBLE_BAD_CRC;
    case -ENODATA:
        return TROUBLE_STUCK;
    case -ERANGE:
        return TROUBLE_IMPLAUSIBLE;
    case -ENODEV:
    case -ENOENT:
        return TROUBLE_GONE;
    case -EPROTOTYPE:
        return TROUBLE_WRONG_PART;
    case -ENOTRECOVERABLE:
        return TROUBLE_BROKEN;
    case -EPIPE:
        return TROUBLE_OPEN;
    case -ELOOP:
        return TROUBLE_SHORT;
    case -EMEDIUMTYPE:
        return TROUBLE_DAMAGED;
    default: // -ETIMEDOUT, -EIO, -EAGAIN and what an adapter may invent: the bus does not get through
        return TROUBLE_TIMED_OUT;
    }
}

static bool tell(struct health *health, enum trouble trouble)
{
    bool changed = health->told != trouble;
    health->told = trouble;
    return changed;
}

bool health_failed(struct health *health, enum trouble trouble)
{
    if (health->failures == FAILURES_TO_TROUBLE) {
        return false; // the first cause stands: what follows is often its consequence
    }
    health->failures++;
    return health->failures == FAILURES_TO_TROUBLE && tell(health, trouble);
}

// Failures are counted anew after it: a device that comes back and then does not answer is another trouble.
bool health_broken(struct health *health, enum trouble trouble)
{
    health->failures = 0;
    return tell(health, trouble);
}

bool health_good(struct health *health)
{
    health->failures = 0;
    return tell(health, TROUBLE_NONE);
}

bool health_outcome(struct health *health, enum reader_outcome outcome)
{
    switch (outcome) {
    case READER_NOTHING:
        break;
    case READER_CARD:
    case READER_EMPTY:
        return health_good(health);
    case READER_LENGTH:
    case READER_PARITY:
    case READER_FORM:
    case READER_LOST:
        return health_failed(health, TROUBLE_UNREADABLE);
    case READER_LINE_FAULT:
        return health_broken(health, TROUBLE_UNREADABLE);
    }
    return false;
}
