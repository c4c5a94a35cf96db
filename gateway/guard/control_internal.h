// Shared by control_server.c (sockets, lines, answers) and control_ops.c (what the operations do).
#ifndef CAREROOM_GUARD_CONTROL_INTERNAL_H
#define CAREROOM_GUARD_CONTROL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "gateway/common/control.h"
#include "gateway/guard/control_server.h"
#include "gateway/guard/view.h"

#define CLIENTS 32

struct client {
    int fd; // -1: free
    uid_t uid;
    char actor[ACTOR_SIZE];
    char *input; // CONTROL_LINE_MAX + 1
    size_t n_input;
    char *output; // what the socket did not take yet
    size_t n_output;
    bool follows, closing;
    // An answer that waits for the disk. While it does, the client's next lines wait too.
    json_t *pending;
    uint64_t pending_ticket, pending_deadline_ns;
    struct people_import *import; // a file that comes in pieces; NULL: none
    uint64_t calibration;         // its number, where the answer waits for one to end before; 0: for none
};

struct control {
    struct control_setup setup;
    int listen_fd, stop_fd;
    char *path;
    pthread_t thread;
    atomic_bool stopping;
    struct core_snapshot *snapshot;
    struct uplink_report uplink;
    uid_t uplink_uid;
    bool have_uplink_uid;
    struct client clients[CLIENTS];
    struct client *current; // whose request is being handled
};

// The answer is to be given when the event of this ticket is on the disk; returned by an operation in place
// of an answer.
json_t *control_when_recorded(struct control *control, uint64_t ticket, json_t *answer);

// Whether a request comes from beyond the room: from the uplink's user, or said to be by the uplink.
bool control_is_remote(const struct control *control, const json_t *request);

// ---- control_alarms.c

// Parts of a request; NULL, or the refusal. `usual_ms` 0: it has to be given.
json_t *control_read_for(const json_t *json, int64_t usual_ms, uint64_t *ret_for_ns);
// The words of a person; *ret_note stays as it is where there are none and none are required.
json_t *control_read_reason(const json_t *json, bool required, struct event_note *ret_note);
// A room's id, or "all" (n_rooms).
json_t *control_read_room(const struct control *control, const json_t *json, size_t *ret_room);
// Ask the core what request->input says; answered when that is on the disk. `key`: of the request, what it is
// about.
json_t *control_ask(struct control *control, struct request *request, const json_t *json, const char *key);

json_t *op_ack(struct control *control, const json_t *json);
json_t *op_reset(struct control *control, const json_t *json);
json_t *op_silence(struct control *control, const json_t *json);
json_t *op_unsilence(struct control *control, const json_t *json);
json_t *op_shelve(struct control *control, const json_t *json);
json_t *op_unshelve(struct control *control, const json_t *json);
json_t *op_isolate(struct control *control, const json_t *json);
json_t *op_reinstate(struct control *control, const json_t *json);

// ---- control_calibration.c

json_t *op_calibrate(struct control *control, const json_t *json);
// Whether the calibration that a client waits for has ended. Then its answer is complete but for the disk.
bool control_calibrated(struct control *control, struct client *client);

// ---- control_people.c

json_t *op_drill_start(struct control *control, const json_t *json);
json_t *op_drill_stop(struct control *control, const json_t *json);
json_t *op_rollcall(struct control *control, const json_t *json);
json_t *op_mark(struct control *control, const json_t *json);
json_t *op_presence(struct control *control, const json_t *json);
json_t *op_people_import(struct control *control, const json_t *json);

#endif
