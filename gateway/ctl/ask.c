#include "gateway/ctl/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ask_parse(const char *line, json_t **ret_answer)
{
    json_t *answer = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const json_t *ok = json_object_get(answer, "ok");
    if (!json_is_boolean(ok)) {
        json_decref(answer);
        return -EBADMSG;
    }
    *ret_answer = answer;
    return json_is_true(ok) ? 0 : -EACCES;
}

const char *ask_error(const json_t *answer)
{
    const char *error = json_string_value(json_object_get(answer, "error"));
    return error != NULL && *error != '\0' ? error : "careroomd refused and gave no reason";
}

static enum ctl_status cannot_connect(const struct ctl *ctl, int error)
{
    const char *dir = ctl->config->run_dir;
    switch (error) {
    case -ENOENT:
    case -ECONNREFUSED:
        return ctl_fail(CTL_NO_GUARD,
                        "careroomd is not there: nobody answers at %s/%s; start it with "
                        "'systemctl start careroomd' (or 'careroomd --config %s')",
                        dir, CONTROL_SOCKET_NAME, ctl->config->file);
    case -EACCES:
    case -EPERM:
        return ctl_fail(CTL_REFUSED,
                        "you may not use %s/%s; be a member of its group, see 'ls -l' there, or use sudo",
                        dir, CONTROL_SOCKET_NAME);
    default:
        return ctl_fail(CTL_REFUSED, "%s/%s can't be reached: %s", dir, CONTROL_SOCKET_NAME,
                        strerror(-error));
    }
}

// The request may have been carried out all the same: whoever sent it must look.
static enum ctl_status lost_on_the_way(const struct ctl *ctl, int error)
{
    const char *dir = ctl->config->run_dir;
    switch (error) {
    case -EPIPE:
    case -ECONNRESET:
        return ctl_fail(
            CTL_NO_GUARD,
            "careroomd at %s/%s closed the connection before it answered; whether the request was "
            "carried out is not known: see 'systemctl status careroomd' and ask again",
            dir, CONTROL_SOCKET_NAME);
    case -ETIMEDOUT:
        return ctl_fail(
            CTL_NO_GUARD,
            "careroomd at %s/%s gave no answer within %d s; whether the request was carried out is "
            "not known: see 'systemctl status careroomd'",
            dir, CONTROL_SOCKET_NAME, ASK_TIMEOUT_MS / 1000);
    case -EMSGSIZE:
        return ctl_fail(CTL_REFUSED, "the answer at %s/%s is longer than %d bytes: is that careroomd?", dir,
                        CONTROL_SOCKET_NAME, CONTROL_LINE_MAX);
    default:
        return ctl_fail(CTL_REFUSED, "%s/%s can't be used: %s", dir, CONTROL_SOCKET_NAME, strerror(-error));
    }
}

static enum ctl_status judge(const struct ctl *ctl, const char *line, json_t **ret_answer)
{
    json_t *answer = NULL;
    int r = ask_parse(line, &answer);
    if (r == -EBADMSG)
        return ctl_fail(
            CTL_REFUSED,
            "the answer at %s/%s can't be understood; are careroomd and careroomctl of one version?",
            ctl->config->run_dir, CONTROL_SOCKET_NAME);
    if (r < 0) {
        enum ctl_status status = ctl_fail(CTL_REFUSED, "%s", ask_error(answer));
        json_decref(answer);
        return status;
    }
    *ret_answer = answer;
    return CTL_DONE;
}

static enum ctl_status exchange(const struct ctl *ctl, struct control_client *client, json_t *request,
                                json_t **ret_answer)
{
    char *text = ctl_must(json_dumps(request, JSON_COMPACT));
    json_decref(request);
    const char *line = NULL;
    int r = control_send(client, text);
    free(text);
    if (r == 0)
        r = control_receive(client, ASK_TIMEOUT_MS, &line);
    return r < 0 ? lost_on_the_way(ctl, r) : judge(ctl, line, ret_answer);
}

enum ctl_status ask_guard_each(struct ctl *ctl, json_t *(*next)(void *user), void *user, json_t **ret_answer)
{
    struct control_client *client = NULL;
    json_t *answer = NULL, *request;
    enum ctl_status status = ctl_configure(ctl);
    if (status == CTL_DONE) {
        int r = control_connect(ctl->config->run_dir, &client);
        if (r < 0)
            status = cannot_connect(ctl, r);
    }
    while (status == CTL_DONE && (request = next(user)) != NULL) {
        json_decref(answer);
        answer = NULL;
        status = exchange(ctl, client, request, &answer);
    }
    control_close(client);
    if (status == CTL_DONE)
        *ret_answer = answer;
    else
        json_decref(answer);
    return status;
}

static json_t *take(void *user)
{
    json_t **request = user, *taken = *request;
    *request = NULL;
    return taken;
}

enum ctl_status ask_guard(struct ctl *ctl, json_t *request, json_t **ret_answer)
{
    return ask_guard_each(ctl, take, &(json_t *){ ctl_must(request) }, ret_answer);
}

enum ctl_status ask_guard_for(struct ctl *ctl, json_t *request, const char *member, json_type type,
                              json_t **ret_member)
{
    json_t *answer = NULL;
    enum ctl_status status = ask_guard(ctl, request, &answer);
    if (status != CTL_DONE)
        return status;
    json_t *found = json_object_get(answer, member);
    if (found != NULL && json_typeof(found) == type)
        *ret_member = json_incref(found);
    else
        status =
            ctl_fail(CTL_REFUSED,
                     "careroomd's answer has no '%s'; are careroomd and careroomctl of one version?", member);
    json_decref(answer);
    return status;
}
