#include "gateway/guard/minutes.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/core/minute.h"

struct minutes {
    const struct plan *plan;
    int64_t start_s;                          // of the minute under way; 0: none yet
    struct minute (*windows)[QUANTITY_COUNT]; // one row a point
};

struct minutes *minutes_new(const struct plan *plan)
{
    struct minutes *minutes = calloc(1, sizeof *minutes);
    if (!minutes) {
        return NULL;
    }
    minutes->plan = plan;
    minutes->windows = calloc(plan->core.n_points, sizeof *minutes->windows);
    if (!minutes->windows) {
        free(minutes);
        return NULL;
    }
    return minutes;
}

void minutes_free(struct minutes *minutes)
{
    if (minutes) {
        free(minutes->windows);
        free(minutes);
    }
}

void minutes_add(struct minutes *minutes, size_t point, enum quantity quantity, int32_t value)
{
    minute_add(&minutes->windows[point][quantity], value);
}

static void close_window(struct minutes *minutes, size_t point, enum quantity quantity,
                         struct recorder *recorder)
{
    struct minute *window = &minutes->windows[point][quantity];
    if (!window->samples) {
        return;
    }
    recorder_minute(recorder, &(struct minute_row){ .room = minutes->plan->core.points[point].room,
                                                    .point = minutes->plan->core.points[point].id,
                                                    .quantity = quantity,
                                                    .minute_wall_s = minutes->start_s,
                                                    .min = window->min,
                                                    .mean = minute_mean(window),
                                                    .max = window->max,
                                                    .last = window->last,
                                                    .samples = window->samples });
    *window = (struct minute){ .samples = 0 };
}

void minutes_flush(struct minutes *minutes, struct recorder *recorder)
{
    for (size_t p = 0; minutes && p < minutes->plan->core.n_points; p++) {
        for (size_t q = 0; q < QUANTITY_COUNT; q++) {
            close_window(minutes, p, (enum quantity)q, recorder);
        }
    }
}

void minutes_tick(struct minutes *minutes, int64_t wall_s, struct recorder *recorder)
{
    int64_t start_s = wall_s - wall_s % 60;
    if (start_s == minutes->start_s) {
        return;
    }
    if (minutes->start_s) {
        minutes_flush(minutes, recorder);
    }
    minutes->start_s = start_s;
}
