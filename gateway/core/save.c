// What belongs to no event and yet must outlive a restart: delays in progress, nights of a floor, the minutes
// of the rolling windows.
#include "gateway/core/inside.h"

// Of a delay's record, `condition` says which of the two delays it is; of one that has ended, state is 0.
void save_restore_delay(struct core *core, const struct state_record *record, size_t a)
{
    struct alarm_cell *cell = &core->alarms[a];
    if (record->state != 1) {
        return;
    }
    cell->delay = DELAY_HELD;
    cell->off_delay = record->condition != 0;
    cell->rest_ns = record->rest_ns > 0 ? (uint64_t)record->rest_ns : 0;
    cell->saved = true;
    cell->saved_rest_ns = cell->rest_ns;
}

bool save_restore_floor(struct core *core, const struct state_record *record)
{
    const struct core_plan *plan = core->plan;
    for (size_t p = 0; p < plan->n_points; p++) {
        struct point_cell *cell = &core->points[p];
        if (!core_same_text(plan->points[p].id, record->item) ||
            !core_same_text(plan->points[p].room, record->room)) {
            continue;
        }
        if (record->state == 1 && record->number[0] > 0 && record->number[0] <= INT32_MAX &&
            record->number[1] >= 0) {
            cell->floor.night_ppm = (int32_t)record->number[0];
            cell->floor.nights_apart =
                record->number[1] < FLOOR_NIGHTS ? (uint32_t)record->number[1] : FLOOR_NIGHTS;
            cell->saved_night_ppm = cell->floor.night_ppm;
            cell->saved_nights_apart = cell->floor.nights_apart;
        }
        return true;
    }
    return false;
}

static uint64_t rest_ns(const struct alarm_cell *cell, uint64_t now_ns)
{
    if (cell->delay == DELAY_RUNNING) {
        return cell->ends_ns > now_ns ? cell->ends_ns - now_ns : 0;
    }
    return cell->delay == DELAY_HELD ? cell->rest_ns : 0;
}

static void save_delay(struct core *core, size_t a, uint64_t now_ns, core_record_fn each, void *user)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    struct alarm_cell *cell = &core->alarms[a];
    bool runs = cell->delay != DELAY_IDLE;
    uint64_t rest = rest_ns(cell, now_ns);
    if (runs == cell->saved && (!runs || rest == cell->saved_rest_ns)) {
        return;
    }
    cell->saved = runs;
    cell->saved_rest_ns = rest;
    each(&(struct state_record){ .kind = RECORD_DELAY,
                                 .room = alarm->room,
                                 .item = alarm->id,
                                 .state = runs,
                                 .condition = runs && cell->off_delay,
                                 .rest_ns = rest > INT64_MAX ? INT64_MAX : (int64_t)rest },
         user);
}

static void save_floor(struct core *core, size_t p, core_record_fn each, void *user)
{
    struct point_cell *cell = &core->points[p];
    if (cell->floor.night_ppm == cell->saved_night_ppm &&
        cell->floor.nights_apart == cell->saved_nights_apart) {
        return;
    }
    cell->saved_night_ppm = cell->floor.night_ppm;
    cell->saved_nights_apart = cell->floor.nights_apart;
    each(&(struct state_record){ .kind = RECORD_FLOOR,
                                 .room = core->plan->points[p].room,
                                 .item = core->plan->points[p].id,
                                 .state = 1,
                                 .number = { cell->floor.night_ppm, cell->floor.nights_apart } },
         user);
}

void core_save(struct core *core, const struct core_now *now, core_record_fn each, void *user)
{
    for (size_t a = 0; a < core->plan->n_alarms; a++) {
        save_delay(core, a, now->boottime_ns, each, user);
    }
    for (size_t p = 0; p < core->plan->n_points; p++) {
        save_floor(core, p, each, user);
    }
    isolation_save(core, now, each, user);
}

void core_restore_minute(struct core *core, size_t p, enum quantity quantity, uint64_t ago_ns, int32_t mean,
                         uint32_t samples, const struct core_now *now)
{
    if (!samples) {
        return;
    }
    for (size_t a = 0; a < core->plan->n_alarms; a++) {
        const struct core_alarm *alarm = &core->plan->alarms[a];
        if (core->alarms[a].window != NO_INDEX && alarm->point == p && alarm->quantity == quantity) {
            window_take_minute(&core->windows[core->alarms[a].window], now->boottime_ns, ago_ns, mean);
        }
    }
}
