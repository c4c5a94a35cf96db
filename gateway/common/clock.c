#include "gateway/common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define MS_PER_DAY 86400000LL

static uint64_t read_ns(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t); // can't fail for the clocks that every Linux has
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t clock_boottime_ns(void)
{
    return read_ns(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / (long)NS_PER_MS;
}

uint64_t clock_monotonic_to_boottime_ns(void)
{
    // The clocks can't be read at one instant. Of three tries the one with the least time between the
    // readings counts.
    uint64_t best_width = UINT64_MAX;
    uint64_t offset = 0;
    for (int i = 0; i < 3; i++) {
        uint64_t before = read_ns(CLOCK_MONOTONIC);
        uint64_t boottime = read_ns(CLOCK_BOOTTIME);
        uint64_t after = read_ns(CLOCK_MONOTONIC);
        if (after - before < best_width) {
            best_width = after - before;
            // Never suspended: the boottime lies between the two, and the offset is exactly 0.
            offset = boottime <= after ? 0 : boottime - (before + best_width / 2);
        }
    }
    return offset;
}

enum clock_quality clock_quality_now(void)
{
    struct timex t = { .modes = 0 };
    if (adjtimex(&t) < 0 || (t.status & STA_UNSYNC) != 0) {
        return CLOCK_UNSYNCHRONISED;
    }
    return CLOCK_SYNCHRONISED;
}

int clock_boot_id(char *buf, size_t size)
{
    char id[37];
    if (size < sizeof id) {
        return -ENOSPC;
    }
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    ssize_t n = read(fd, id, sizeof id - 1);
    int error = n < 0 ? errno : EIO;
    (void)close(fd);
    if (n != (ssize_t)sizeof id - 1) {
        return -error;
    }
    id[sizeof id - 1] = '\0';
    (void)snprintf(buf, size, "%s", id);
    return 0;
}

// Date of a day counted from 1970-01-01, worked out in years that begin in March, so that the leap day comes
// last.
static void civil_date(int64_t day, int *ret_year, int *ret_month, int *ret_day)
{
    const int64_t days_400_years = 146097;
    int64_t from_march_0000 = day + 719468;
    int64_t era = from_march_0000 / days_400_years;
    int64_t in_era = from_march_0000 % days_400_years;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153; // 0: March; the months' lengths repeat every five, in 153 days
    *ret_day = (int)(in_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(400 * era + year + (*ret_month <= 2));
}

void clock_format_utc(int64_t wall_ms, char *buf, size_t size)
{
    // Not gmtime_r(): the C library's takes a lock and at first reads the zone's file, and events are made on
    // the alarm path.
    const int64_t last_ms = 253402300799999LL; // the end of year 9999: the format has four digits
    wall_ms = wall_ms < 0 ? 0 : wall_ms > last_ms ? last_ms : wall_ms;
    int year, month, day;
    civil_date(wall_ms / MS_PER_DAY, &year, &month, &day);
    int ms = (int)(wall_ms % MS_PER_DAY);
    (void)snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, ms / 3600000,
                   ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}
