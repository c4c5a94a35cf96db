// The modules of careroomd-sim at the other end of real terminals: every serial port of a configuration
// becomes a pseudo terminal, found by the port's path as udev's links are. careroomd opens it as it opens a
// port on USB and contains nothing of this. The terminal is left as the kernel makes it (it echoes, waits for
// whole lines and translates): to make it a wire for bytes is careroomd's part.
//
//     board-serial-modules CONFIG
//
// Standard input is the world around the modules, a line each (world.h), and
//     unplug PATH, plug PATH                the adapter with its module is pulled out, and put back
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sensors/bus/serial.h"
#include "tests/board/world.h"

#define PORTS_MAX 8

struct port {
    const char *path;
    atomic_bool plugged; // it shall be
    int terminal;        // this side of it, or -1
    int other;           // careroomd's side, open here as well: this side must not hang up when it is closed
    struct serial_port *module; // the simulated module's wire
};

static struct port ports[PORTS_MAX];
static size_t n_ports;
static int changed; // an eventfd: a port is to be plugged or unplugged

static void unplug(struct port *port)
{
    unlink(port->path);
    serial_close(port->module);
    if (port->other >= 0) {
        close(port->other);
    }
    if (port->terminal >= 0) {
        close(port->terminal);
    }
    port->module = NULL;
    port->terminal = port->other = -1;
}

static int open_terminal(struct port *port)
{
    char name[64];
    port->terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->terminal < 0 || unlockpt(port->terminal) < 0 ||
        ptsname_r(port->terminal, name, sizeof name) != 0) {
        return -errno;
    }
    port->other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return port->other < 0 || symlink(name, port->path) < 0 ? -errno : 0;
}

static int plug(struct port *port)
{
    int r = serial_open(port->path, 9600, &port->module);
    if (r == 0) {
        r = open_terminal(port);
    }
    if (r < 0) {
        fprintf(stderr, "board-serial-modules: %s: %s\n", port->path, strerror(-r));
        unplug(port);
    }
    return r;
}

// ---- Bytes

static void to_module(const struct port *port)
{
    uint8_t bytes[64];
    ssize_t n = read(port->terminal, bytes, sizeof bytes);
    if (n > 0) {
        serial_write(port->module, bytes, (size_t)n);
    }
}

// What does not fit, because nobody takes it, is lost, as on a wire.
static void from_module(const struct port *port)
{
    uint8_t bytes[64];
    int n = serial_read(port->module, bytes, sizeof bytes);
    if (n > 0 && write(port->terminal, bytes, (size_t)n) < 0 && errno != EAGAIN) {
        fprintf(stderr, "board-serial-modules: %s: %s\n", port->path, strerror(errno));
    }
}

static int align(struct port *port)
{
    bool wanted = atomic_load(&port->plugged), is = port->terminal >= 0;
    if (is && !wanted) {
        unplug(port);
    }
    return wanted && !is ? plug(port) : 0;
}

// Until something can't be done.
static void serve(void)
{
    for (;;) {
        struct pollfd fds[1 + 2 * PORTS_MAX] = { { .fd = changed, .events = POLLIN } };
        for (size_t i = 0; i < n_ports; i++) {
            if (align(&ports[i]) < 0) {
                return;
            }
            int module = ports[i].module ? serial_fd(ports[i].module) : -1;
            fds[1 + 2 * i] = (struct pollfd){ .fd = ports[i].terminal, .events = POLLIN };
            fds[2 + 2 * i] = (struct pollfd){ .fd = module, .events = POLLIN };
        }
        if (poll(fds, 1 + 2 * n_ports, -1) < 0) {
            return;
        }
        eventfd_t times;
        if (fds[0].revents) {
            eventfd_read(changed, &times);
        }
        for (size_t i = 0; i < n_ports; i++) {
            if (fds[1 + 2 * i].revents) {
                to_module(&ports[i]);
            }
            if (fds[2 + 2 * i].revents) {
                from_module(&ports[i]);
            }
        }
    }
}

// ---- Life

static int change(char *line)
{
    bool in = strncmp(line, "plug ", strlen("plug ")) == 0;
    if (!in && strncmp(line, "unplug ", strlen("unplug ")) != 0) {
        return world_change(line);
    }
    const char *path = strchr(line, ' ') + 1;
    for (size_t i = 0; i < n_ports; i++) {
        if (strcmp(ports[i].path, path) == 0) {
            atomic_store(&ports[i].plugged, in);
            return eventfd_write(changed, 1) < 0 ? -errno : 0;
        }
    }
    return -ENOENT;
}

static void *obey(void *user)
{
    (void)user;
    world_obey("board-serial-modules", change);
    return NULL;
}

static int add_ports(const struct config *config)
{
    for (size_t i = 0; i < config->n_buses; i++) {
        if (!config->buses[i].serial) {
            continue;
        }
        if (n_ports == PORTS_MAX) {
            return -E2BIG;
        }
        ports[n_ports++] =
            (struct port){ .path = config->buses[i].serial, .plugged = true, .terminal = -1, .other = -1 };
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: board-serial-modules CONFIG\n");
        return 2;
    }
    struct config *config = NULL;
    int r = world_build(argv[1], &config);
    if (r == 0) {
        r = add_ports(config);
    }
    changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r < 0 || changed < 0) {
        fprintf(stderr, "board-serial-modules: %s: %s\n", argv[1], strerror(r < 0 ? -r : errno));
        return 1;
    }
    // A module is hardware: nothing on the board holds its answer up. Above the guard, and mostly asleep.
    const struct sched_param priority = { .sched_priority = 80 };
    if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0) {
        perror("board-serial-modules: sched_setscheduler");
        return 1;
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, obey, NULL) == 0) {
        serve();
    }
    fprintf(stderr, "board-serial-modules: ended\n");
    return 1;
}
