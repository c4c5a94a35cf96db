// Telemetry: one minute of each quantity of each polled point, handed to the recorder when the minute is
// over. Main thread; no allocation after minutes_new().
#ifndef CAREROOM_GUARD_MINUTES_H
#define CAREROOM_GUARD_MINUTES_H

#include "gateway/guard/plan.h"
#include "gateway/guard/recorder.h"

struct minutes;

struct minutes *minutes_new(const struct plan *plan); // NULL: out of memory
void minutes_free(struct minutes *minutes);           // NULL is fine

void minutes_add(struct minutes *minutes, size_t point, enum quantity quantity, int32_t value);

// Called every second with the wall clock: closes the minute when it is over (or when the clock was set).
void minutes_tick(struct minutes *minutes, int64_t wall_s, struct recorder *recorder);

// Close the minute under way, at stop.
void minutes_flush(struct minutes *minutes, struct recorder *recorder);

#endif
