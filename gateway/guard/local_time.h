// What time it is where the rooms are. The C library reads zone files and allocates for it, which the main
// thread must not: another thread follows the zone's offset, and the main thread only adds it.
#ifndef CAREROOM_GUARD_LOCAL_TIME_H
#define CAREROOM_GUARD_LOCAL_TIME_H

#include "gateway/core/core.h"

// Set the process's time zone ("Asia/Shanghai"). Before any other thread runs. 0 or -ENOMEM.
int local_time_start(const char *zone, int64_t wall_ms);

// Work out the zone's offset at this time. Call it every few seconds, so that summer time begins and ends
// when it should. Not the main thread: allocates, may block.
void local_time_follow(int64_t wall_ms);

// Whether it is night there; unknown also where the zone's file is missing. Any thread; never blocks, never
// allocates.
enum night local_time_night(int64_t wall_ms, enum clock_quality clock);

#endif
