// From when on: what people write after --since.
#ifndef CAREROOM_CTL_SINCE_H
#define CAREROOM_CTL_SINCE_H

#include <stdint.h>

struct since {
    uint64_t sequence; // from this event on; 0: by time
    int64_t wall_ms;   // from this time on
};

// "2026-11-24" (its midnight), "2026-11-24T08:00", "2026-11-24T08:00:15" in the process's time zone, or UTC
// with a 'Z' and up to three decimals, as events have it; "30s", "10m", "2h", "3d" before now_ms; "#18231".
// 0, -EINVAL, or -ERANGE (no such day).
int since_parse(const char *text, int64_t now_ms, struct since *ret_since);

// How long: "30s", "10m", "2h", "3d"; at most seven digits. 0, or -EINVAL.
int since_parse_length(const char *text, int64_t *ret_ms);

#endif
