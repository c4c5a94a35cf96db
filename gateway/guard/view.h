// What the guard looks like, as JSON: status and alarms of the control socket. Control thread; allocates.
#ifndef CAREROOM_GUARD_VIEW_H
#define CAREROOM_GUARD_VIEW_H

#include <jansson.h>

#include "gateway/common/config.h"
#include "gateway/guard/mailbox.h"
#include "gateway/guard/plan.h"
#include "gateway/guard/recorder.h"

// Last report of the uplink.
struct uplink_report {
    uint64_t at_ns; // boottime; 0: never heard of
    char state[16]; // "online", "offline"
    json_t *held;   // array of class names
    json_int_t parked;
    char delivered[24];
    char why[160]; // what keeps it from the broker; empty where nothing does
};

// Snapshot memory of a plan's size. NULL: out of memory.
struct core_snapshot *snapshot_new(const struct plan *plan);
void snapshot_free(struct core_snapshot *snapshot);

// [{"id","occurrence","state","severity","since","instruction","phrase","condition","firstout"}], the gravest
// first, then the oldest; with "site_instruction" where the site has its own words, "reason" of a trouble,
// "rest_ms" of an isolation. "occurrence" and "since" of the raise that stands. New reference; NULL: out of
// memory.
json_t *view_alarms(const struct config *config, const struct plan *plan,
                    const struct core_snapshot *snapshot);

// [{"id","state","rest_ms"}]: shelved, suppressed, out of service. New reference.
json_t *view_set_aside(const struct plan *plan, const struct core_snapshot *snapshot);

// Who is in a room and, while one runs, its roll-call, as counts: "present":{"children","staff","guardians"},
// "rollcall":{"of","children",…,"safe","missing","unmarked","rest_ms" of a drill}.
void view_add_people(json_t *room, const struct core_snapshot *snapshot, size_t r);
// The counts of a roll-call alone. New reference.
json_t *view_rollcall(const struct core_snapshot *snapshot, size_t r);

// The whole: {"gateway","rooms","alarms","set_aside","uplink","journal"}. New reference.
json_t *view_status(const struct config *config, const struct plan *plan,
                    const struct core_snapshot *snapshot, const struct uplink_report *uplink,
                    const struct recorder *recorder, size_t ring_waiting, const char *boot_id);

#endif
