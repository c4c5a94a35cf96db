// What a rolling rule remembers of one quantity: the means of the minutes that make up its window, and how
// long the value has stayed exactly the same. Pure; integers alone; memory is the caller's.
#ifndef CAREROOM_CORE_WINDOW_H
#define CAREROOM_CORE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/core/minute.h"

#define WINDOW_MINUTES 1440 // at most

struct window_bucket {
    int32_t mean; // to the nearest
    bool filled;  // false: nothing was measured
};

// The last `size` whole minutes of boottime, and the minute under way. Only whole minutes count: a window
// changes once a minute, with the first value of a new one, and each minute weighs the same however many
// values it has. Taking a value is O(1), but for that first one, which is O(size) where the
// lowest or highest minute leaves the window.
struct window {
    struct window_bucket *buckets; // size, all zero at first; minute m is at m modulo size
    size_t size;                   // 1 to WINDOW_MINUTES
    int64_t minute;                // the one under way: boottime / 60 s
    struct minute now;             // what it holds so far
    int64_t total;                 // of the means of the whole minutes
    size_t filled;                 // how many they are
    int32_t lowest, highest;       // of them; only with filled > 0
};

// How many minutes a window of so many nanoseconds has.
size_t window_size(uint64_t window_ns);

// An empty window. The fields that are not named here may hold anything.
void window_begin(struct window *window, struct window_bucket *buckets, size_t size, uint64_t now_ns);

// Take a value; now_ns never goes back.
void window_take(struct window *window, uint64_t now_ns, int32_t value);

// A whole minute of earlier, which began ago_ns before now. Ignored where it lies outside of the window, or
// not before the minute under way.
void window_take_minute(struct window *window, uint64_t now_ns, uint64_t ago_ns, int32_t mean);

// The mean of the minutes' means, to the nearest. False where fewer than three quarters of the minutes have
// one.
bool window_mean(const struct window *window, int32_t *ret_mean);

// How long a value has stayed the same. All zero: nothing is known.
struct steady {
    bool has;       // value is known
    bool differed;  // the value that came before it, without a break, was another
    int32_t value;  // the last one
    uint32_t n;     // values in a row that were the same, since there was a break or another
    uint64_t since; // when the first of them came
    uint64_t last;  // when the last of them came
};

#define STEADY_VALUES 10 // fewer say nothing

void steady_take(struct steady *steady, uint64_t now_ns, int32_t value);
// Values could not be had for a time: what comes next begins anew, and is not taken to differ.
void steady_break(struct steady *steady);
// Whether the last value came at least window_ns after the first of at least STEADY_VALUES equal ones.
bool steady_for(const struct steady *steady, uint64_t now_ns, uint64_t window_ns);

#endif
