#include "gateway/uplink/window.h"

#include <string.h>

#define REASON_REFUSED          0x80
#define REASON_TOPIC_INVALID    0x90
#define REASON_PACKET_TOO_LARGE 0x95
#define REASON_PAYLOAD_INVALID  0x99

static void lane_restart(struct window_lane *lane)
{
    lane->first = 0;
    lane->count = 0;
    lane->taken = lane->cursor;
}

void window_init(struct window *window, unsigned limit, const uint64_t cursors[CLASS_COUNT])
{
    memset(window, 0, sizeof *window);
    for (int class = 0; class < CLASS_COUNT; class ++)
        window->lanes[class].cursor = cursors[class];
    window_restart(window, limit);
}

void window_restart(struct window *window, unsigned limit)
{
    window->limit = limit > WINDOW_MAX ? WINDOW_MAX : limit;
    window->used = 0;
    memset(window->slots, 0, sizeof window->slots);
    for (int class = 0; class < CLASS_COUNT; class ++)
        lane_restart(&window->lanes[class]);
}

static struct window_flight *lane_flight(struct window_lane *lane, unsigned index)
{
    return &lane->flights[(lane->first + index) % LANE_MAX];
}

static struct window_flight *lane_find(struct window_lane *lane, uint64_t classseq)
{
    for (unsigned i = 0; i < lane->count; i++)
        if (lane_flight(lane, i)->classseq == classseq)
            return lane_flight(lane, i);
    return NULL;
}

static bool flight_done(const struct window_flight *flight)
{
    for (int part = 0; part < WINDOW_PART_COUNT; part++)
        if (flight->wanted[part] || flight->open[part])
            return false;
    return true;
}

// The cursor follows the unbroken run of finished events.
static void lane_settle(struct window_lane *lane)
{
    while (lane->count > 0 && flight_done(lane_flight(lane, 0))) {
        lane->cursor = lane_flight(lane, 0)->classseq;
        lane->first = (lane->first + 1) % LANE_MAX;
        lane->count--;
    }
}

// Fire may use every slot; the others leave some to it, but never so many that they could send nothing.
static bool slot_free(const struct window *window, enum event_class class)
{
    unsigned reserve = WINDOW_RESERVE < window->limit ? WINDOW_RESERVE : window->limit - 1;
    return window->used < (class == CLASS_FIRE ? window->limit : window->limit - reserve);
}

enum window_want window_want(const struct window *window, enum event_class class, uint64_t now_ns,
                             uint64_t *ret_after)
{
    const struct window_lane *lane = &window->lanes[class];
    if (!slot_free(window, class) || (lane->refusals > 0 && now_ns < lane->held_until_ns))
        return WINDOW_WANT_NOTHING;
    for (unsigned i = 0; i < lane->count; i++) {
        const struct window_flight *flight = &lane->flights[(lane->first + i) % LANE_MAX];
        if (flight->wanted[WINDOW_STANDING]) {
            *ret_after = flight->classseq - 1;
            return WINDOW_WANT_STANDING;
        }
    }
    // After a refusal one event at a time, until one is taken.
    if (lane->count >= (lane->refusals > 0 ? 1u : LANE_MAX))
        return WINDOW_WANT_NOTHING;
    *ret_after = lane->taken;
    return WINDOW_WANT_EVENT;
}

static void occupy(struct window *window, enum event_class class, enum window_part part, uint64_t classseq,
                   int mid)
{
    for (unsigned i = 0; i < WINDOW_MAX; i++) {
        if (window->slots[i].used)
            continue;
        window->slots[i] = (struct window_slot){
            .used = true, .mid = mid, .class = class, .part = part, .classseq = classseq
        };
        window->used++;
        return;
    }
}

static void lane_add(struct window_lane *lane, uint64_t classseq, bool open, bool standing)
{
    *lane_flight(lane, lane->count) = (struct window_flight){
        .classseq = classseq,
        .wanted = { [WINDOW_STANDING] = standing },
        .open = { [WINDOW_EVENT] = open },
    };
    lane->count++;
    lane->taken = classseq;
}

void window_sent_event(struct window *window, enum event_class class, uint64_t classseq, bool standing,
                       int mid)
{
    lane_add(&window->lanes[class], classseq, true, standing);
    occupy(window, class, WINDOW_EVENT, classseq, mid);
}

void window_sent_standing(struct window *window, enum event_class class, uint64_t classseq, int mid)
{
    struct window_flight *flight = lane_find(&window->lanes[class], classseq);
    if (!flight)
        return;
    flight->wanted[WINDOW_STANDING] = false;
    flight->open[WINDOW_STANDING] = true;
    occupy(window, class, WINDOW_STANDING, classseq, mid);
}

void window_skip_event(struct window *window, enum event_class class, uint64_t classseq, bool standing)
{
    lane_add(&window->lanes[class], classseq, false, standing);
    lane_settle(&window->lanes[class]);
}

void window_skip_standing(struct window *window, enum event_class class, uint64_t classseq)
{
    struct window_flight *flight = lane_find(&window->lanes[class], classseq);
    if (flight)
        flight->wanted[WINDOW_STANDING] = false;
    lane_settle(&window->lanes[class]);
}

bool window_reason_parks(int reason)
{
    return reason == REASON_TOPIC_INVALID || reason == REASON_PACKET_TOO_LARGE ||
           reason == REASON_PAYLOAD_INVALID;
}

void window_hold(struct window *window, enum event_class class, uint64_t until_ns)
{
    struct window_lane *lane = &window->lanes[class];
    lane_restart(lane);
    lane->refusals++;
    lane->held_until_ns = until_ns;
    for (unsigned i = 0; i < WINDOW_MAX; i++)
        if (window->slots[i].used && window->slots[i].class == class)
            window->slots[i].classseq = 0;
}

const struct window_slot *window_slot(const struct window *window, int mid)
{
    for (unsigned i = 0; i < WINDOW_MAX; i++)
        if (window->slots[i].used && window->slots[i].mid == mid)
            return &window->slots[i];
    return NULL;
}

bool window_only(const struct window *window, enum event_class *ret_class, uint64_t *ret_classseq)
{
    for (unsigned i = 0; window->used == 1 && i < WINDOW_MAX; i++) {
        const struct window_slot *slot = &window->slots[i];
        if (!slot->used || slot->part != WINDOW_EVENT || slot->classseq == 0)
            continue;
        *ret_class = slot->class;
        *ret_classseq = slot->classseq;
        return true;
    }
    return false;
}

struct window_result window_acknowledged(struct window *window, int mid, int reason, uint64_t now_ns,
                                         uint32_t wait_ms)
{
    const struct window_slot *slot = window_slot(window, mid);
    if (!slot)
        return (struct window_result){ .outcome = WINDOW_UNKNOWN };
    struct window_result result = { .class = slot->class, .part = slot->part, .classseq = slot->classseq };
    window->slots[slot - window->slots].used = false;
    window->used--;
    struct window_lane *lane = &window->lanes[result.class];
    struct window_flight *flight = result.classseq ? lane_find(lane, result.classseq) : NULL;
    if (!flight)
        return (struct window_result){ .outcome = WINDOW_UNKNOWN };
    if (reason >= REASON_REFUSED && !window_reason_parks(reason)) {
        window_hold(window, result.class, now_ns + (uint64_t)wait_ms * NS_PER_MS);
        result.outcome = WINDOW_HELD;
        return result;
    }
    flight->open[result.part] = false;
    if (flight_done(
            flight)) // not before: an alarm topic refused for ever must not repeat its event every second
        lane->refusals = 0;
    lane_settle(lane);
    result.outcome = reason >= REASON_REFUSED ? WINDOW_PARKED : WINDOW_DELIVERED;
    return result;
}

uint64_t window_deadline_ns(const struct window *window)
{
    uint64_t deadline = UINT64_MAX;
    for (int class = 0; class < CLASS_COUNT; class ++) {
        const struct window_lane *lane = &window->lanes[class];
        if (lane->refusals > 0 && lane->count == 0 && lane->held_until_ns < deadline)
            deadline = lane->held_until_ns;
    }
    return deadline;
}
