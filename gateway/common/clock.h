// The three clocks of an event. Rules use boottime alone; wall time and its quality are for people and reports.
#ifndef CAREROOM_COMMON_CLOCK_H
#define CAREROOM_COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_S  1000000000ULL

// How far the wall clock can be trusted.
enum clock_quality {
    CLOCK_UNSYNCHRONISED, // never set since boot, or the kernel says so
    CLOCK_SYNCHRONISED,   // the kernel's clock is disciplined (adjtimex without STA_UNSYNC)
    CLOCK_MANUAL,         // set by a person
    CLOCK_QUALITY_COUNT
};
extern const char *const clock_quality_names[CLOCK_QUALITY_COUNT];

// CLOCK_BOOTTIME in nanoseconds. Never blocks, never fails, any thread.
uint64_t clock_boottime_ns(void);

// CLOCK_REALTIME in milliseconds since 1970. Never blocks, never fails, any thread.
int64_t clock_wall_ms(void);

// Nanoseconds to add to a CLOCK_MONOTONIC time to get CLOCK_BOOTTIME; changes only over a suspend.
uint64_t clock_monotonic_to_boottime_ns(void);

// One adjtimex() read; never sets anything. Any thread.
enum clock_quality clock_quality_now(void);

// The kernel's boot id, 36 characters and a terminator, into buf (size >= 37). 0 or a negative errno.
int clock_boot_id(char *buf, size_t size);

// "2026-11-24T02:11:07.123Z" into buf (size >= 25). Any thread; never blocks.
void clock_format_utc(int64_t wall_ms, char *buf, size_t size);

#endif
