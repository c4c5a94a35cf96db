#include "gateway/core/floor.h"

#define HOUR_NS   (3600 * UINT64_C(1000000000))
#define GAP_NS    (HOUR_NS / 6) // without a reading: what came before is not the mean of an hour
#define COUNT_MAX 1000000       // readings of an hour, far more than any sensor gives

static void begin_hour(struct floor *floor, uint64_t now_ns)
{
    floor->hour_ns = now_ns;
    floor->last_ns = now_ns;
    floor->sum_ppm = 0;
    floor->n = 0;
}

// The reading that comes an hour after the first ends the hour and begins the next.
static void end_hour(struct floor *floor, uint64_t now_ns)
{
    int32_t mean_ppm = (int32_t)(floor->sum_ppm / floor->n);
    if (floor->lowest_ppm == 0 || mean_ppm < floor->lowest_ppm) {
        floor->lowest_ppm = mean_ppm;
    }
    begin_hour(floor, now_ns);
}

static bool end_night(struct floor *floor)
{
    if (!floor->night || floor->lowest_ppm == 0) {
        return false;
    }
    bool apart = floor->lowest_ppm < FLOOR_LOWEST_PPM || floor->lowest_ppm > FLOOR_HIGHEST_PPM;
    floor->night_ppm = floor->lowest_ppm;
    floor->nights_apart = !apart                               ? 0
                          : floor->nights_apart < FLOOR_NIGHTS ? floor->nights_apart + 1
                                                               : FLOOR_NIGHTS;
    return true;
}

static bool leave(struct floor *floor, uint64_t now_ns)
{
    if (floor->night && now_ns - floor->last_ns <= GAP_NS && now_ns - floor->hour_ns >= HOUR_NS) {
        end_hour(floor, now_ns);
    }
    bool judged = end_night(floor);
    floor->night = false;
    return judged;
}

static void enter(struct floor *floor, uint64_t now_ns)
{
    floor->night = true;
    floor->lowest_ppm = 0;
    begin_hour(floor, now_ns);
}

bool floor_take(struct floor *floor, uint64_t now_ns, bool night, int32_t co2_ppm)
{
    if (!night) {
        return leave(floor, now_ns);
    }
    // A night follows a night where the gateway was away for the day between.
    bool judged = floor->night && now_ns - floor->last_ns > 8 * HOUR_NS && leave(floor, now_ns);
    if (!floor->night) {
        enter(floor, now_ns);
    } else if (now_ns - floor->last_ns > GAP_NS) {
        begin_hour(floor, now_ns);
    } else if (now_ns - floor->hour_ns >= HOUR_NS) {
        end_hour(floor, now_ns);
    }
    if (floor->n < COUNT_MAX) {
        floor->sum_ppm += co2_ppm;
        floor->n++;
    }
    floor->last_ns = now_ns;
    return judged;
}

bool floor_advises(const struct floor *floor)
{
    return floor->nights_apart >= FLOOR_NIGHTS;
}
