#include "gateway/common/control.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct control_client {
    int fd;
    size_t taken;  // bytes at the front that the last line took; they go at the next call
    size_t filled; // bytes in the buffer
    size_t looked; // bytes after taken that are known to hold no line's end
    char buffer[CONTROL_LINE_MAX + 1];
};

static int connect_to(const struct sockaddr_un *address, int *ret_fd)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    int result;
    do {
        result = connect(fd, (const struct sockaddr *)address, sizeof *address);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        int error = errno;
        (void)close(fd);
        return -error;
    }
    *ret_fd = fd;
    return 0;
}

int control_connect(const char *run_dir, struct control_client **ret_client)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", run_dir, CONTROL_SOCKET_NAME);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) {
        return -ENAMETOOLONG;
    }
    struct control_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return -ENOMEM;
    }
    int error = connect_to(&address, &client->fd);
    if (error < 0) {
        free(client);
        return error;
    }
    *ret_client = client;
    return 0;
}

static int send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

int control_send(struct control_client *client, const char *line)
{
    size_t length = strlen(line);
    if (length > CONTROL_LINE_MAX) {
        return -EMSGSIZE;
    }
    if (memchr(line, '\n', length) != NULL) {
        return -EINVAL; // two requests in one would be answered twice
    }
    int error = send_all(client->fd, line, length);
    return error < 0 ? error : send_all(client->fd, "\n", 1);
}

static int64_t monotonic_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Wait until bytes are there. A signal does not make the wait longer. 0 or a negative errno.
static int wait_readable(int fd, int64_t deadline_ms, bool for_ever)
{
    for (;;) {
        int64_t left = for_ever ? -1 : deadline_ms - monotonic_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int n = poll(&p, 1, for_ever ? -1 : left > 0 ? (int)left : 0);
        if (n > 0) {
            return 0;
        }
        if (n == 0) {
            return -ETIMEDOUT;
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
}

// Put what has come into the buffer. 0 or a negative errno.
static int fill(struct control_client *client)
{
    size_t room = sizeof client->buffer - client->filled;
    ssize_t n = recv(client->fd, client->buffer + client->filled, room, MSG_DONTWAIT);
    if (n == 0) {
        return -ECONNRESET;
    }
    if (n < 0) {
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    }
    client->filled += (size_t)n;
    return 0;
}

int control_receive(struct control_client *client, int timeout_ms, const char **ret_line)
{
    client->filled -= client->taken;
    memmove(client->buffer, client->buffer + client->taken, client->filled);
    client->taken = 0;

    int64_t deadline_ms = monotonic_ms() + timeout_ms;
    for (;;) {
        char *from = client->buffer + client->looked;
        char *end = memchr(from, '\n', client->filled - client->looked);
        if (end != NULL) {
            *end = '\0';
            client->taken = (size_t)(end - client->buffer) + 1;
            client->looked = 0;
            *ret_line = client->buffer;
            return 0;
        }
        client->looked = client->filled;
        int error = client->filled == sizeof client->buffer
                        ? -EMSGSIZE
                        : wait_readable(client->fd, deadline_ms, timeout_ms < 0);
        if (error == 0) {
            error = fill(client);
        }
        if (error < 0) {
            return error;
        }
    }
}

int control_fd(const struct control_client *client)
{
    return client->fd;
}

void control_close(struct control_client *client)
{
    if (client != NULL) {
        (void)close(client->fd);
        free(client);
    }
}
