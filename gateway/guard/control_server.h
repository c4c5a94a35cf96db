// The control socket's server: a thread of its own that parses, allocates and waits, so that the main thread
// need not. The protocol stands in gateway/common/control.h.
#ifndef CAREROOM_GUARD_CONTROL_SERVER_H
#define CAREROOM_GUARD_CONTROL_SERVER_H

#include <jansson.h>

#include "gateway/common/config.h"
#include "gateway/guard/mailbox.h"
#include "gateway/guard/plan.h"
#include "gateway/guard/recorder.h"
#include "gateway/people/people.h"

struct control;

// An operation: the request (an object) in, the answer (an object, new reference) out. Control thread.
struct control_op {
    const char *name;
    json_t *(*handle)(struct control *control, const json_t *request);
};

struct control_setup {
    const struct config *config;
    const struct plan *plan;
    struct mailbox *mailbox;
    struct recorder *recorder;
    struct ring *ring;
    struct people *people; // the control thread's from here on; NULL: there is no register
    const char *boot_id;
    const struct control_op *extra; // further operations, ended by a NULL name; NULL: none
};

// Listen on run_dir/control.sock (mode 0660; an old socket file is replaced) and start the thread. 0 or
// negative errno.
int control_start(const struct control_setup *setup, struct control **ret_control);

// End the thread, close every client, remove the socket. Call mailbox_stop() before.
void control_stop(struct control *control); // NULL is fine

// ---- For operations

const struct config *control_config(const struct control *control);
const struct plan *control_plan(const struct control *control);
// The core as it is now; good until the next call. NULL when the guard is stopping.
const struct core_snapshot *control_snapshot(struct control *control);

// {"ok":false,"code":code,"error":…}: what is wrong and what to do. New reference.
__attribute__((format(printf, 2, 3))) json_t *control_refuse(const char *code, const char *format, ...);
// A string member, or NULL.
const char *control_text(const json_t *request, const char *key);

// The operations of every guard (control_ops.c).
extern const struct control_op control_ops[];

#endif
