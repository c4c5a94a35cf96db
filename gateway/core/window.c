#include "gateway/core/window.h"

#define MINUTE_NS (60 * UINT64_C(1000000000))

size_t window_size(uint64_t window_ns)
{
    uint64_t minutes = window_ns / MINUTE_NS;
    return minutes < 1 ? 1 : minutes > WINDOW_MINUTES ? WINDOW_MINUTES : (size_t)minutes;
}

// Minutes of before the start of the boot have negative numbers.
static struct window_bucket *bucket_of(const struct window *window, int64_t minute)
{
    int64_t size = (int64_t)window->size;
    return &window->buckets[(minute % size + size) % size];
}

void window_begin(struct window *window, struct window_bucket *buckets, size_t size, uint64_t now_ns)
{
    *window = (struct window){ .buckets = buckets, .size = size, .minute = (int64_t)(now_ns / MINUTE_NS) };
}

static void widen(struct window *window, int32_t mean)
{
    if (!window->filled || mean < window->lowest) {
        window->lowest = mean;
    }
    if (!window->filled || mean > window->highest) {
        window->highest = mean;
    }
    window->total += mean;
    window->filled++;
}

static void gather(struct window *window)
{
    window->total = 0;
    window->filled = 0;
    for (size_t i = 0; i < window->size; i++) {
        if (window->buckets[i].filled) {
            widen(window, window->buckets[i].mean);
        }
    }
}

// True: it was at an end of the others, which are then to be gathered anew.
static bool drop(struct window *window, int64_t minute)
{
    struct window_bucket *bucket = bucket_of(window, minute);
    if (!bucket->filled) {
        return false;
    }
    bucket->filled = false;
    window->total -= bucket->mean;
    window->filled--;
    return bucket->mean == window->lowest || bucket->mean == window->highest;
}

// The minute under way becomes a whole one, and those that passed without a value are empty.
static void next_minute(struct window *window, int64_t minute)
{
    int64_t first = minute - (int64_t)window->size;
    bool anew = false;
    for (int64_t m = window->minute > first ? window->minute : first; m < minute; m++) {
        anew |= drop(window, m);
    }
    if (anew) {
        gather(window);
    }
    if (window->now.samples && window->minute >= first) {
        int32_t mean = minute_mean(&window->now);
        *bucket_of(window, window->minute) = (struct window_bucket){ .mean = mean, .filled = true };
        widen(window, mean);
    }
    window->minute = minute;
    window->now = (struct minute){ .samples = 0 };
}

void window_take(struct window *window, uint64_t now_ns, int32_t value)
{
    int64_t minute = (int64_t)(now_ns / MINUTE_NS);
    if (minute != window->minute) {
        next_minute(window, minute);
    }
    minute_add(&window->now, value);
}

void window_take_minute(struct window *window, uint64_t now_ns, uint64_t ago_ns, int32_t mean)
{
    if (ago_ns > 2 * WINDOW_MINUTES * MINUTE_NS) {
        return; // and the difference below keeps within 64 bits
    }
    uint64_t forward_ns = 2 * WINDOW_MINUTES * MINUTE_NS - ago_ns; // so that the division rounds down
    int64_t minute = (int64_t)(now_ns / MINUTE_NS) - 2 * WINDOW_MINUTES +
                     (int64_t)((now_ns % MINUTE_NS + forward_ns) / MINUTE_NS);
    if (minute >= window->minute || minute < window->minute - (int64_t)window->size) {
        return;
    }
    struct window_bucket *bucket = bucket_of(window, minute);
    if (!bucket->filled) {
        *bucket = (struct window_bucket){ .mean = mean, .filled = true };
        widen(window, mean);
    }
}

bool window_mean(const struct window *window, int32_t *ret_mean)
{
    if (!window->filled || 4 * window->filled < 3 * window->size) {
        return false;
    }
    int64_t n = (int64_t)window->filled, half = n / 2;
    *ret_mean = (int32_t)((window->total >= 0 ? window->total + half : window->total - half) / n);
    return true;
}

void steady_take(struct steady *steady, uint64_t now_ns, int32_t value)
{
    steady->last = now_ns;
    if (steady->n && steady->value == value) {
        steady->n += steady->n < UINT32_MAX;
        return;
    }
    // What differs from a value of before a break differs all the same.
    steady->differed = steady->has && steady->value != value;
    steady->has = true;
    steady->value = value;
    steady->n = 1;
    steady->since = now_ns;
}

void steady_break(struct steady *steady)
{
    steady->n = 0;
    steady->differed = false;
}

bool steady_for(const struct steady *steady, uint64_t now_ns, uint64_t window_ns)
{
    return steady->n >= STEADY_VALUES && now_ns - steady->since >= window_ns;
}
