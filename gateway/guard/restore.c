#include "gateway/guard/restore.h"

#include <string.h>

struct restoring {
    struct core *core;
    const struct core_plan *plan;
    const struct core_now *now;
};

static void restore_record(const struct state_record *record, void *user)
{
    const struct restoring *restoring = user;
    (void)core_restore(restoring->core, record, restoring->now);
}

static void restore_minute(const struct minute_row *row, void *user)
{
    const struct restoring *restoring = user;
    int64_t ago_ms = restoring->now->wall_ms - row->minute_wall_s * 1000;
    for (size_t p = 0; ago_ms >= 0 && p < restoring->plan->n_points; p++) {
        const struct core_point *point = &restoring->plan->points[p];
        if (strcmp(point->id, row->point) == 0 && strcmp(point->room, row->room) == 0) {
            core_restore_minute(restoring->core, p, row->quantity, (uint64_t)ago_ms * NS_PER_MS, row->mean,
                                row->samples, restoring->now);
        }
    }
}

static uint64_t longest_window_ns(const struct core_plan *plan)
{
    uint64_t longest = 0;
    for (size_t a = 0; a < plan->n_alarms; a++) {
        longest = plan->alarms[a].window_ns > longest ? plan->alarms[a].window_ns : longest;
    }
    return longest;
}

int restore_core(struct core *core, const struct plan *plan, struct journal *journal,
                 const struct core_now *now)
{
    struct restoring restoring = { .core = core, .plan = &plan->core, .now = now };
    int r = journal_load_state(journal, restore_record, &restoring);
    uint64_t window_ns = longest_window_ns(&plan->core);
    if (r < 0 || !window_ns || now->clock == CLOCK_UNSYNCHRONISED) {
        return r; // without a clock nobody knows how long ago a minute was
    }
    return journal_load_minutes(journal, now->wall_ms / 1000 - (int64_t)(window_ns / NS_PER_S),
                                restore_minute, &restoring);
}

static void save_record(const struct state_record *record, void *user)
{
    recorder_state(user, record);
}

void restore_save(struct core *core, const struct core_now *now, struct recorder *recorder)
{
    core_save(core, now, save_record, recorder);
}
