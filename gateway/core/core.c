#include "gateway/core/core.h"

#include <stdalign.h>
#include <string.h>

#include "gateway/core/inside.h"

#define CORE_ALIGN 16

// Where each part lies in the caller's memory.
struct layout {
    size_t alarms, points, rooms, outputs, windows, buckets, people, size;
};

static size_t place(size_t *offset, size_t n, size_t size)
{
    size_t at = *offset;
    *offset = (at + n * size + CORE_ALIGN - 1) / CORE_ALIGN * CORE_ALIGN;
    return at;
}

static bool rolls(const struct core_alarm *alarm)
{
    return alarm->kind == CORE_ALARM_MEAN || alarm->kind == CORE_ALARM_RISE;
}

static struct layout lay_out(const struct core_plan *plan)
{
    struct layout layout;
    size_t n_windows = 0, n_buckets = 0;
    for (size_t a = 0; a < plan->n_alarms; a++) {
        n_windows += rolls(&plan->alarms[a]);
        n_buckets += rolls(&plan->alarms[a]) ? window_size(plan->alarms[a].window_ns) : 0;
    }
    size_t offset = 0;
    (void)place(&offset, 1, sizeof(struct core));
    layout.alarms = place(&offset, plan->n_alarms, sizeof(struct alarm_cell));
    layout.points = place(&offset, plan->n_points, sizeof(struct point_cell));
    layout.rooms = place(&offset, plan->n_rooms + 1, sizeof(struct room_cell));
    layout.outputs = place(&offset, plan->n_outputs, sizeof(struct output_cell));
    layout.windows = place(&offset, n_windows, sizeof(struct window));
    layout.buckets = place(&offset, n_buckets, sizeof(struct window_bucket));
    layout.people = place(&offset, CORE_PEOPLE, sizeof(struct person_cell));
    layout.size = offset;
    return layout;
}
_Static_assert(alignof(struct core) <= CORE_ALIGN && alignof(struct alarm_cell) <= CORE_ALIGN &&
                   alignof(struct point_cell) <= CORE_ALIGN && alignof(struct room_cell) <= CORE_ALIGN &&
                   alignof(struct output_cell) <= CORE_ALIGN && alignof(struct window) <= CORE_ALIGN &&
                   alignof(struct person_cell) <= CORE_ALIGN,
               "a cell needs a larger alignment");

size_t core_size(const struct core_plan *plan)
{
    return lay_out(plan).size;
}

// Beyond its own point.
static bool looks_further(const struct core_alarm *alarm)
{
    return alarm->kind == CORE_ALARM_APART || !alarm_has_point(alarm) || alarm->n_suppressors;
}

// Lists of each room's and point's parts. Filled backwards, so that each list is in the order of the plan.
static void index_plan(struct core *core)
{
    const struct core_plan *plan = core->plan;
    for (size_t p = plan->n_points; p-- > 0;) {
        struct room_cell *room = &core->rooms[plan->points[p].room_index];
        core->points[p].first_alarm = NO_INDEX;
        core->points[p].next_in_room = room->first_point;
        room->first_point = p;
    }
    for (size_t a = plan->n_alarms; a-- > 0;) {
        struct room_cell *room = &core->rooms[plan->alarms[a].room_index];
        core->alarms[a].next_in_room = room->first_alarm;
        room->first_alarm = a;
        if (looks_further(&plan->alarms[a])) {
            core->alarms[a].next_dependent = room->first_dependent;
            room->first_dependent = a;
        }
        core->alarms[a].next_of_point = NO_INDEX;
        if (alarm_has_point(&plan->alarms[a])) {
            struct point_cell *point = &core->points[plan->alarms[a].point];
            core->alarms[a].next_of_point = point->first_alarm;
            point->first_alarm = a;
        }
    }
    for (size_t o = plan->n_outputs; o-- > 0;) {
        struct room_cell *room = &core->rooms[plan->outputs[o].room_index];
        core->outputs[o].next_in_room = room->first_output;
        room->first_output = o;
    }
}

static void begin_alarms(struct core *core, struct window_bucket *buckets, uint64_t now_ns)
{
    size_t n_windows = 0;
    for (size_t a = 0; a < core->plan->n_alarms; a++) {
        const struct core_alarm *alarm = &core->plan->alarms[a];
        struct alarm_cell *cell = &core->alarms[a];
        cell->wake_ns = UINT64_MAX;
        cell->unknown = true;
        cell->window = rolls(alarm) ? n_windows++ : NO_INDEX;
        if (rolls(alarm)) {
            size_t size = window_size(alarm->window_ns);
            window_begin(&core->windows[cell->window], buckets, size, now_ns);
            buckets += size;
        }
    }
}

struct core *core_init(void *memory, const struct core_plan *plan, const struct core_now *now)
{
    struct layout layout = lay_out(plan);
    unsigned char *base = memory;
    memset(base, 0, layout.size);
    struct core *core = memory;
    core->plan = plan;
    core->alarms = (void *)(base + layout.alarms);
    core->points = (void *)(base + layout.points);
    core->rooms = (void *)(base + layout.rooms);
    core->outputs = (void *)(base + layout.outputs);
    core->windows = (void *)(base + layout.windows);
    core->people = (void *)(base + layout.people);
    core->changed = true;
    core->stirred = true;
    for (size_t r = 0; r <= plan->n_rooms; r++) {
        core->rooms[r] = (struct room_cell){ .deadline_ns = UINT64_MAX,
                                             .wake_ns = UINT64_MAX,
                                             .due_ns = UINT64_MAX,
                                             .life_ns = UINT64_MAX,
                                             .stirred = true,
                                             .awaited_ns = UINT64_MAX,
                                             .changed = true,
                                             .first_point = NO_INDEX,
                                             .first_alarm = NO_INDEX,
                                             .first_dependent = NO_INDEX,
                                             .first_output = NO_INDEX };
    }
    index_plan(core);
    presence_begin(core);
    begin_alarms(core, (void *)(base + layout.buckets), now->boottime_ns);
    points_begin(core, now->boottime_ns);
    return core;
}

bool core_same_text(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const char *core_room_name(const struct core *core, size_t r)
{
    if (r >= core->plan->n_rooms) {
        return NULL;
    }
    const struct room_cell *room = &core->rooms[r];
    if (room->first_output != NO_INDEX) {
        return core->plan->outputs[room->first_output].room;
    }
    return room->first_point != NO_INDEX ? core->plan->points[room->first_point].room : NULL;
}

static size_t find_alarm(const struct core *core, const struct state_record *record)
{
    const struct core_plan *plan = core->plan;
    for (size_t a = 0; a < plan->n_alarms; a++) {
        if (core_same_text(plan->alarms[a].id, record->item) &&
            core_same_text(plan->alarms[a].room, record->room)) {
            return a;
        }
    }
    return NO_INDEX;
}

// NO_INDEX: no room that has a part.
static size_t find_room(const struct core *core, const struct state_record *record)
{
    const struct core_plan *plan = core->plan;
    for (size_t p = 0; record->room && p < plan->n_points; p++) {
        if (core_same_text(plan->points[p].room, record->room)) {
            return plan->points[p].room_index;
        }
    }
    for (size_t o = 0; record->room && o < plan->n_outputs; o++) {
        if (core_same_text(plan->outputs[o].room, record->room)) {
            return plan->outputs[o].room_index;
        }
    }
    return NO_INDEX;
}

bool core_restore(struct core *core, const struct state_record *record, const struct core_now *now)
{
    if (record->kind == RECORD_SILENCE) {
        return silence_restore(core, find_room(core, record), record, now);
    }
    if (record->kind == RECORD_DRILL || record->kind == RECORD_EVACUATION) {
        return evacuation_restore(core, find_room(core, record), record, now);
    }
    if (record->kind == RECORD_PERSON) {
        return presence_restore(core, find_room(core, record), record);
    }
    if (!record->room || !record->item) {
        return false;
    }
    if (record->kind == RECORD_FLOOR) {
        return save_restore_floor(core, record);
    }
    if (record->state >= ALARM_STATE_COUNT) {
        return false;
    }
    if (record->kind == RECORD_ISOLATION) {
        return isolation_restore(core, record, now);
    }
    bool of_alarm = record->kind == RECORD_ALARM || record->kind == RECORD_DELAY;
    size_t a = of_alarm ? find_alarm(core, record) : NO_INDEX;
    if (a == NO_INDEX) {
        return false;
    }
    if (record->kind == RECORD_DELAY) {
        save_restore_delay(core, record, a);
    } else {
        life_restore(core, a, record, now);
    }
    return true;
}

void core_step(struct core *core, const struct core_input *input, const struct core_now *now,
               struct core_actions *ret_actions)
{
    ret_actions->n_outputs = 0;
    ret_actions->n_events = 0;
    ret_actions->answer = CORE_ANSWER_DONE;
    ret_actions->more = false;
    struct step step = { .core = core, .now = now, .actions = ret_actions };
    presence_settle(core);

    switch (input->kind) {
    case CORE_INPUT_READING:
        point_reading(&step, input);
        break;
    case CORE_INPUT_TROUBLE:
        point_trouble(&step, input);
        break;
    case CORE_INPUT_CARD:
        point_card(&step, input);
        break;
    case CORE_INPUT_TICK:
        silence_tick(&step);
        evacuation_tick(&step);
        isolation_tick(&step);
        points_tick(&step);
        life_tick(&step);
        follow_tick(&step);
        break;
    case CORE_INPUT_ACK:
        ret_actions->answer = answer_acknowledge(&step, input);
        break;
    case CORE_INPUT_RESET:
        ret_actions->answer = answer_reset(&step, input);
        break;
    case CORE_INPUT_SILENCE:
        ret_actions->answer = silence_answer(&step, input);
        break;
    case CORE_INPUT_SHELVE:
        ret_actions->answer = answer_shelve(&step, input);
        break;
    case CORE_INPUT_ISOLATE:
        ret_actions->answer = isolation_answer(&step, input);
        break;
    case CORE_INPUT_DRILL:
        ret_actions->answer = evacuation_drill(&step, input);
        break;
    case CORE_INPUT_PRESENCE:
        ret_actions->answer = presence_answer(&step, input);
        break;
    case CORE_INPUT_MARK:
        ret_actions->answer = evacuation_mark(&step, input);
        break;
    case CORE_INPUT_KIND_COUNT:
        break;
    }
    life_settle(&step);
    evacuation_follow(&step);
    follow_outputs(&step);
    silence_tell(&step);
    evacuation_tell(&step);
}

uint64_t core_deadline_ns(const struct core *core)
{
    if (core->changed || core->stirred || core->news || core->roll_news) {
        return 0; // outputs or events are waiting
    }
    uint64_t soonest = UINT64_MAX;
    for (size_t r = 0; r <= core->plan->n_rooms; r++) {
        const struct room_cell *room = &core->rooms[r];
        uint64_t room_ns = room->deadline_ns < room->due_ns ? room->deadline_ns : room->due_ns;
        room_ns = room->life_ns < room_ns ? room->life_ns : room_ns;
        room_ns = room->roll.until_ns != 0 && room->roll.until_ns < room_ns ? room->roll.until_ns : room_ns;
        soonest = room_ns < soonest ? room_ns : soonest;
    }
    return soonest;
}

void core_view_point(const struct core *core, size_t p, struct core_point_view *ret_view)
{
    const struct point_cell *point = &core->points[p];
    *ret_view = (struct core_point_view){
        .known = point->known,
        .chattering = point_chatters(core, p),
        .isolated_until_ns = point->isolated_until_ns,
        .trouble = point_trouble_now(point),
        .at_ns = point->known ? point->at_ns : 0,
    };
    for (unsigned q = 0; q < QUANTITY_COUNT; q++) {
        ret_view->has[q] = point->has & QUANTITY_BIT(q);
        ret_view->value[q] = point->value[q];
    }
}

void core_view_alarm(const struct core *core, size_t a, struct core_alarm_view *ret_view)
{
    const struct alarm_cell *cell = &core->alarms[a];
    *ret_view = (struct core_alarm_view){
        .state = cell->state,
        .condition = cell->met,
        .occurrence = cell->occurrence,
        .since_ns = cell->since_ns,
        .since_wall_ms = cell->since_wall_ms,
        .until_ns = cell->until_ns,
        .first_out = cell->first_out && alarm_standing(cell->state),
    };
}

void core_view_room(const struct core *core, size_t r, struct core_room_view *ret_view)
{
    *ret_view = (struct core_room_view){ .silent_until_ns = core->rooms[r].silent_until_ns,
                                         .drill_since_ns = core->rooms[r].drill_since_ns };
}

enum core_pattern core_view_output(const struct core *core, size_t output)
{
    return core->outputs[output].pattern;
}
