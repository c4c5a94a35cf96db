// On- and off-delays: a change of an alarm's condition that must be seen without a break for a time.
#include "gateway/core/inside.h"

uint64_t delay_later(uint64_t at_ns, uint64_t by_ns)
{
    return by_ns > UINT64_MAX - at_ns ? UINT64_MAX : at_ns + by_ns;
}

void delay_stop(struct alarm_cell *cell)
{
    cell->delay = DELAY_IDLE;
}

void delay_run_until(struct alarm_cell *cell, uint64_t ends_ns)
{
    cell->delay = DELAY_RUNNING;
    cell->ends_ns = ends_ns;
}

static void hold(struct alarm_cell *cell, uint64_t at_ns)
{
    if (cell->delay == DELAY_RUNNING) {
        cell->rest_ns = cell->ends_ns - at_ns; // it has not run out: delay_over() was asked first
        cell->delay = DELAY_HELD;
    }
}

bool delay_over(const struct alarm_cell *cell, uint64_t at_ns)
{
    return cell->delay == DELAY_RUNNING && cell->ends_ns <= at_ns;
}

static uint64_t whole(const struct core_alarm *alarm, bool off)
{
    return off ? alarm->off_delay_ns : alarm->on_delay_ns;
}

// True: the condition changes now.
bool delay_follow(const struct core_alarm *alarm, struct alarm_cell *cell, bool met, enum sign sign,
                  uint64_t at_ns, bool fresh)
{
    if (sign == SIGN_UNKNOWN) {
        hold(cell, at_ns);
        return false;
    }
    if (sign != (met ? SIGN_BACK : SIGN_BEYOND)) {
        delay_stop(cell);
        return false;
    }
    if (cell->delay == DELAY_HELD && cell->off_delay != met) {
        delay_stop(cell); // brought back from a state that is not ours
    }
    uint64_t rest_ns = whole(alarm, met);
    switch (cell->delay) {
    case DELAY_RUNNING:
        return delay_over(cell, at_ns);
    case DELAY_HELD:
        if (!fresh) {
            return false;
        }
        rest_ns = cell->rest_ns < rest_ns ? cell->rest_ns : rest_ns; // the configuration may be another now
        break;
    case DELAY_IDLE:
        break;
    }
    cell->off_delay = met;
    delay_run_until(cell, delay_later(at_ns, rest_ns));
    return delay_over(cell, at_ns);
}
