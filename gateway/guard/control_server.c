#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/common/log.h"
#include "gateway/guard/control_internal.h"

// How long an answer waits for the disk before it says that the event is not there yet.
#define RECORD_WAIT_NS (3 * NS_PER_S)
// What a client may leave unread before it is dropped.
#define OUTPUT_MAX (1024 * 1024)

// ---- For operations

const struct config *control_config(const struct control *control)
{
    return control->setup.config;
}

const struct plan *control_plan(const struct control *control)
{
    return control->setup.plan;
}

const struct core_snapshot *control_snapshot(struct control *control)
{
    struct request request = { .kind = REQUEST_VIEW, .snapshot = control->snapshot };
    return mailbox_call(control->setup.mailbox, &request) == 0 ? control->snapshot : NULL;
}

json_t *control_refuse(const char *code, const char *format, ...)
{
    char error[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error, sizeof error, format, arguments);
    va_end(arguments);
    json_t *text =
        json_string(error); // NULL where a client's bytes are no UTF-8, or were cut within a character
    return json_pack("{s:b, s:s, s:o}", "ok", 0, "code", code, "error",
                     text ? text : json_string("the request is not understood"));
}

const char *control_text(const json_t *request, const char *key)
{
    return json_string_value(json_object_get(request, key));
}

json_t *control_when_recorded(struct control *control, uint64_t ticket, json_t *answer)
{
    struct client *client = control->current;
    client->pending = answer;
    client->pending_ticket = ticket;
    client->pending_deadline_ns = clock_boottime_ns() + RECORD_WAIT_NS;
    return NULL;
}

// ---- Clients

static void client_close(struct client *client)
{
    close(client->fd);
    free(client->input);
    free(client->output);
    json_decref(client->pending);
    people_import_free(client->import);
    *client = (struct client){ .fd = -1 };
}

static void client_flush(struct client *client)
{
    while (client->n_output) {
        ssize_t n = send(client->fd, client->output, client->n_output, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0) {
            client->closing = client->closing || (n < 0 && errno != EAGAIN && errno != EINTR);
            if (client->closing) {
                client->n_output = 0;
            }
            return;
        }
        client->n_output -= (size_t)n;
        memmove(client->output, client->output + n, client->n_output);
    }
}

// Queue a line; takes the reference.
static void client_answer(struct client *client, json_t *answer)
{
    char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    size_t length = text ? strlen(text) : 0;
    json_decref(answer);
    char *grown = text && client->n_output + length + 1 <= OUTPUT_MAX
                      ? realloc(client->output, client->n_output + length + 1)
                      : NULL;
    if (!grown) { // out of memory, or a client that does not read
        client->closing = true;
        free(text);
        return;
    }
    client->output = grown;
    memcpy(grown + client->n_output, text, length);
    grown[client->n_output + length] = '\n';
    client->n_output += length + 1;
    free(text);
    client_flush(client);
}

static const struct control_op *find_op(const struct control_op *ops, const char *name)
{
    for (; ops && ops->name; ops++) {
        if (strcmp(ops->name, name) == 0) {
            return ops;
        }
    }
    return NULL;
}

static json_t *dispatch(struct control *control, const json_t *request)
{
    const char *name = control_text(request, "op");
    if (!name) {
        return control_refuse("bad-request",
                              "a request is an object with \"op\", such as {\"op\":\"status\"}");
    }
    const struct control_op *op = find_op(control_ops, name);
    if (!op) {
        op = find_op(control->setup.extra, name);
    }
    if (!op) {
        return control_refuse("unknown-op", "there is no operation \"%.40s\" in this program", name);
    }
    return op->handle(control, request);
}

static void handle_line(struct control *control, struct client *client, const char *line, size_t length)
{
    json_error_t error;
    json_t *request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    control->current = client;
    json_t *answer = request ? dispatch(control, request)
                             : control_refuse("bad-json", "this line is not JSON: %s", error.text);
    const json_t *seq = json_object_get(request, "seq");
    json_t *carrier = answer ? answer : client->pending;
    if (seq && carrier) {
        json_object_set(carrier, "seq", (json_t *)(uintptr_t)seq);
    }
    json_decref(request);
    if (answer) {
        client_answer(client, answer);
    }
}

// Take complete lines out of the input, until one waits for the disk.
static void client_lines(struct control *control, struct client *client)
{
    char *end;
    while (!client->pending && !client->closing && (end = memchr(client->input, '\n', client->n_input))) {
        size_t length = (size_t)(end - client->input);
        handle_line(control, client, client->input, length);
        client->n_input -= length + 1;
        memmove(client->input, end + 1, client->n_input);
    }
    if (client->n_input == CONTROL_LINE_MAX && !client->pending) {
        client_answer(client,
                      control_refuse("too-long", "a request is at most %d bytes; the connection is closed",
                                     CONTROL_LINE_MAX));
        client->closing = true;
    }
}

static void client_read(struct control *control, struct client *client)
{
    ssize_t n =
        recv(client->fd, client->input + client->n_input, CONTROL_LINE_MAX - client->n_input, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        client->closing = true;
        client->n_output = 0;
        return;
    }
    if (n > 0) {
        client->n_input += (size_t)n;
        client_lines(control, client);
    }
}

static void name_actor(struct client *client)
{
    char buffer[1024];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(client->uid, &entry, buffer, sizeof buffer, &found) == 0 && found) {
        (void)snprintf(client->actor, sizeof client->actor, "uid %u (%.24s)", (unsigned)client->uid,
                       found->pw_name);
    } else {
        (void)snprintf(client->actor, sizeof client->actor, "uid %u", (unsigned)client->uid);
    }
}

static void refuse_client(int fd)
{
    static const char full[] =
        "{\"ok\":false,\"code\":\"busy\",\"error\":\"too many connections; close one and try again\"}\n";
    (void)send(fd, full, sizeof full - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static void accept_client(struct control *control)
{
    int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    struct ucred peer;
    socklen_t size = sizeof peer;
    struct client *client = NULL;
    for (size_t i = 0; i < CLIENTS && !client; i++) {
        client = control->clients[i].fd < 0 ? &control->clients[i] : NULL;
    }
    char *input = malloc(CONTROL_LINE_MAX + 1);
    if (!client || !input || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
        free(input);
        refuse_client(fd);
        return;
    }
    *client = (struct client){ .fd = fd, .uid = peer.uid, .input = input };
    name_actor(client);
}

// ---- What is on the disk

static void answer_pending(struct control *control, struct client *client)
{
    if (client->calibration && !control_calibrated(control, client)) {
        return;
    }
    uint64_t sequence = recorder_sequence_of(control->setup.recorder, client->pending_ticket);
    int error = recorder_error(control->setup.recorder);
    if (!sequence && !error && clock_boottime_ns() < client->pending_deadline_ns) {
        return;
    }
    json_t *answer = client->pending;
    client->pending = NULL;
    if (sequence) {
        char text[24];
        (void)snprintf(text, sizeof text, "%" PRIu64, sequence);
        json_object_set_new(answer, "recorded", json_string(text));
    } else {
        json_object_set_new(answer, "recorded", json_null());
        json_object_set_new(answer, "storage", json_string(error ? strerror(-error) : "the disk is slow"));
    }
    client_answer(client, answer);
    client_lines(control, client);
}

static void tell_followers(struct control *control)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &control->clients[i];
        if (client->fd >= 0 && client->follows && !client->closing) {
            control->current = client;
            client_answer(client, find_op(control_ops, "follow")->handle(control, NULL));
        }
    }
}

// ---- The thread

static size_t gather(struct control *control, struct pollfd fds[static CLIENTS + 3])
{
    fds[0] = (struct pollfd){ .fd = control->stop_fd, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = recorder_commit_fd(control->setup.recorder), .events = POLLIN };
    fds[2] = (struct pollfd){ .fd = control->listen_fd, .events = POLLIN };
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct client *client = &control->clients[i];
        short events = (short)((client->pending ? 0 : POLLIN) | (client->n_output ? POLLOUT : 0));
        fds[3 + i] = (struct pollfd){ .fd = client->fd, .events = events };
    }
    return CLIENTS + 3;
}

static bool any_pending(const struct control *control)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        if (control->clients[i].pending) {
            return true;
        }
    }
    return false;
}

static void serve_client(struct control *control, struct client *client, short events)
{
    if (events & POLLOUT) {
        client_flush(client);
    }
    if (events & (POLLIN | POLLHUP | POLLERR)) {
        client_read(control, client);
    }
    if (client->pending) {
        answer_pending(control, client);
    }
    if (client->closing) { // what it should have read has been offered to its socket
        client_close(client);
    }
}

static void *run(void *user)
{
    struct control *control = user;
    struct pollfd fds[CLIENTS + 3];
    while (!atomic_load(&control->stopping)) {
        size_t n = gather(control, fds);
        (void)poll(fds, n, any_pending(control) ? 100 : 10000);
        if (fds[1].revents) {
            eventfd_t seen;
            (void)eventfd_read(fds[1].fd, &seen);
            tell_followers(control);
        }
        for (size_t i = 0; i < CLIENTS; i++) {
            if (control->clients[i].fd >= 0 && control->clients[i].fd == fds[3 + i].fd) {
                serve_client(control, &control->clients[i], fds[3 + i].revents);
            }
        }
        if (fds[2].revents) {
            accept_client(control);
        }
    }
    return NULL;
}

// ---- Start and stop

static int listen_on(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address.sun_path) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    (void)unlink(path);
    mode_t before = umask(0117); // 0660: staff in the group may ask, nobody else
    int r = bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, CLIENTS) < 0
                ? -errno
                : fd;
    (void)umask(before);
    if (r < 0) {
        close(fd);
    }
    return r;
}

static void control_free(struct control *control)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        if (control->clients[i].fd >= 0) {
            client_close(&control->clients[i]);
        }
    }
    if (control->listen_fd >= 0) {
        close(control->listen_fd);
        (void)unlink(control->path);
    }
    if (control->stop_fd >= 0) {
        close(control->stop_fd);
    }
    json_decref(control->uplink.held);
    snapshot_free(control->snapshot);
    people_close(control->setup.people);
    free(control->path);
    free(control);
}

static int open_all(struct control *control)
{
    const struct config *config = control->setup.config;
    const struct passwd *uplink = getpwnam(config->uplink_user);
    control->have_uplink_uid = uplink && uplink->pw_uid != geteuid();
    control->uplink_uid = uplink ? uplink->pw_uid : 0;
    control->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    control->snapshot = snapshot_new(control->setup.plan);
    if (control->stop_fd < 0 || !control->snapshot ||
        asprintf(&control->path, "%s/%s", config->run_dir, CONTROL_SOCKET_NAME) < 0) {
        return -ENOMEM;
    }
    int r = listen_on(control->path);
    if (r < 0) {
        log_error("control socket %s: %s; is run_dir there and writable?", control->path, strerror(-r));
        return r;
    }
    control->listen_fd = r;
    return 0;
}

int control_start(const struct control_setup *setup, struct control **ret_control)
{
    struct control *control = calloc(1, sizeof *control);
    if (!control) {
        return -ENOMEM;
    }
    control->setup = *setup;
    control->listen_fd = control->stop_fd = -1;
    for (size_t i = 0; i < CLIENTS; i++) {
        control->clients[i].fd = -1;
    }
    int r = open_all(control);
    if (r == 0) {
        r = -pthread_create(&control->thread, NULL, run, control);
    }
    if (r < 0) {
        control_free(control);
        return r;
    }
    *ret_control = control;
    return 0;
}

void control_stop(struct control *control)
{
    if (!control) {
        return;
    }
    atomic_store(&control->stopping, true);
    (void)eventfd_write(control->stop_fd, 1);
    pthread_join(control->thread, NULL);
    control_free(control);
}
