#include "gateway/guard/local_time.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOUR_S        3600
#define DAY_S         (24 * HOUR_S)
#define NIGHT_BEGIN_S (1 * HOUR_S)
#define NIGHT_END_S   (5 * HOUR_S)

// One a process, as the time zone is.
static bool known;           // set before any other thread runs
static atomic_long offset_s; // east of Greenwich

void local_time_follow(int64_t wall_ms)
{
    time_t wall_s = (time_t)(wall_ms / 1000);
    struct tm local;
    if (localtime_r(&wall_s, &local)) {
        atomic_store(&offset_s, local.tm_gmtoff);
    }
}

// Without the zone's file the C library takes UTC without a word, and noon for night.
static bool have_zone(const char *zone)
{
    char path[128];
    int length = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    return strcmp(zone, "UTC") == 0 || (length < (int)sizeof path && access(path, R_OK) == 0);
}

int local_time_start(const char *zone, int64_t wall_ms)
{
    if (setenv("TZ", zone, 1) < 0) {
        return -errno;
    }
    tzset();
    known = have_zone(zone);
    local_time_follow(wall_ms);
    return 0;
}

enum night local_time_night(int64_t wall_ms, enum clock_quality clock)
{
    if (!known || clock == CLOCK_UNSYNCHRONISED) {
        return NIGHT_UNKNOWN;
    }
    int64_t of_day_s = (wall_ms / 1000 + atomic_load(&offset_s)) % DAY_S;
    return of_day_s >= NIGHT_BEGIN_S && of_day_s < NIGHT_END_S ? NIGHT_YES : NIGHT_NO;
}
