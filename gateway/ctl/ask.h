// Asking the guard over the control socket.
#ifndef CAREROOM_CTL_ASK_H
#define CAREROOM_CTL_ASK_H

#include <jansson.h>

#include "gateway/common/control.h"
#include "gateway/ctl/ctl.h"

// Send one request and wait for its answer. CTL_DONE and *ret_answer (an object with "ok" true; free with
// json_decref), or another status with its line printed. Takes over `request`; NULL is out of memory. Blocks
// for at most ASK_TIMEOUT_MS. Reads the configuration where that has not been done.
#define ASK_TIMEOUT_MS 10000
enum ctl_status ask_guard(struct ctl *ctl, json_t *request, json_t **ret_answer);

// The same, for one member of the answer that must be there ("alarms") with this type. The caller frees
// *ret_member.
enum ctl_status ask_guard_for(struct ctl *ctl, json_t *request, const char *member, json_type type,
                              json_t **ret_member);

// Several requests over one connection, until `next` has no more (NULL) or one is not carried out. The answer
// to the last. Otherwise as ask_guard(), for each.
enum ctl_status ask_guard_each(struct ctl *ctl, json_t *(*next)(void *user), void *user, json_t **ret_answer);

// Turn a line from the guard into an object with "ok". 0; -EBADMSG: not what a guard says; -EACCES: refused,
// *ret_answer is the refusal. Free *ret_answer with json_decref.
int ask_parse(const char *line, json_t **ret_answer);

// What the guard says against a request: its sentence, never NULL.
const char *ask_error(const json_t *answer);

#endif
