// What is on its way to the broker: a bounded number of unacknowledged publishes, filled in the order of the
// classes, within a class strictly in the order of classseq. Pure: no clock, no I/O. It holds numbers only;
// the bytes stay in the journal, which is the queue.
//
// An event is one publish, or two where it changes a standing alarm: the event, then the retained alarm
// topic. It is delivered when all its publishes are acknowledged, and the cursor of its class stands at the
// highest event up to which everything has been delivered.
//
// A broker that refuses an event for now (quota, not authorised) holds the class: everything of it that is on
// its way is forgotten and sent again from the refused event on, first one at a time; the other classes go
// on.
#ifndef CAREROOM_UPLINK_WINDOW_H
#define CAREROOM_UPLINK_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/common/event.h"

#define WINDOW_MAX     20 // MQTT's default receive maximum
#define WINDOW_RESERVE 2  // slots that only fire may use: an event and its alarm topic
#define LANE_MAX                                                                                             \
    64 // events of a class on their way; more than WINDOW_MAX, since a late head keeps finished ones

enum window_part { WINDOW_EVENT, WINDOW_STANDING, WINDOW_PART_COUNT };

struct window_flight {
    uint64_t classseq;
    bool wanted[WINDOW_PART_COUNT]; // not yet handed over
    bool open[WINDOW_PART_COUNT];   // handed over, not yet acknowledged
};

struct window_lane {
    struct window_flight flights[LANE_MAX]; // a ring, in order of classseq
    unsigned first, count;
    uint64_t cursor;        // delivered up to here
    uint64_t taken;         // highest classseq taken from the journal
    unsigned refusals;      // in a row; more than 0: held
    uint64_t held_until_ns; // no attempt before
};

struct window_slot {
    bool used;
    int mid;
    enum event_class class;
    enum window_part part;
    uint64_t classseq; // 0: forgotten, but the broker still owes an acknowledgement
};

struct window {
    unsigned limit; // publishes at once
    unsigned used;
    struct window_slot slots[WINDOW_MAX];
    struct window_lane lanes[CLASS_COUNT];
};

// Nothing on its way, every class delivered up to cursors[].
void window_init(struct window *window, unsigned limit, const uint64_t cursors[CLASS_COUNT]);

// A new connection with another limit (1 to WINDOW_MAX): all that was on its way is to be sent again. Holds
// stay.
void window_restart(struct window *window, unsigned limit);

// What a class would send next.
enum window_want {
    WINDOW_WANT_NOTHING,  // no free slot, or held
    WINDOW_WANT_EVENT,    // the first event after *ret_after
    WINDOW_WANT_STANDING, // the alarm topic of the first event after *ret_after
};
enum window_want window_want(const struct window *window, enum event_class class, uint64_t now_ns,
                             uint64_t *ret_after);

// The event `classseq` was handed over as `mid`; `standing`: its alarm topic must follow.
void window_sent_event(struct window *window, enum event_class class, uint64_t classseq, bool standing,
                       int mid);
void window_sent_standing(struct window *window, enum event_class class, uint64_t classseq, int mid);

// This part of the event can't or needn't be sent (parked, no longer in the journal). For an event that was
// not handed over, `standing` says whether its alarm topic must follow all the same.
void window_skip_event(struct window *window, enum event_class class, uint64_t classseq, bool standing);
void window_skip_standing(struct window *window, enum event_class class, uint64_t classseq);

enum window_outcome {
    WINDOW_UNKNOWN,   // not one of ours, or forgotten
    WINDOW_DELIVERED, // this publish
    WINDOW_PARKED, // refused for good: the caller writes it down; the window goes on as if it were delivered
    WINDOW_HELD,   // refused for now: the class waits
};
struct window_result {
    enum window_outcome outcome;
    enum event_class class;
    enum window_part part;
    uint64_t classseq;
};
// An acknowledgement with its reason code (0 in MQTT 3.1.1). wait_ms: how long a refused class is to wait.
struct window_result window_acknowledged(struct window *window, int mid, int reason, uint64_t now_ns,
                                         uint32_t wait_ms);

// The slot of a publish that is on its way; NULL: not one of ours.
const struct window_slot *window_slot(const struct window *window, int mid);

// Whether exactly one publish of an event is on its way, and which.
bool window_only(const struct window *window, enum event_class *ret_class, uint64_t *ret_classseq);

// Hold a class as a refusal does: its next attempt begins after its cursor, not before until_ns.
void window_hold(struct window *window, enum event_class class, uint64_t until_ns);

// Whether a reason code of a PUBACK means that this event will never be taken.
bool window_reason_parks(int reason);

// When a held class wants its next attempt; UINT64_MAX: none is held.
uint64_t window_deadline_ns(const struct window *window);

static inline bool window_held(const struct window *window, enum event_class class)
{
    return window->lanes[class].refusals > 0;
}
static inline uint64_t window_cursor(const struct window *window, enum event_class class)
{
    return window->lanes[class].cursor;
}

#endif
