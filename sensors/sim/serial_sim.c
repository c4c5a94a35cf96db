// Simulated serial ports behind serial.h. A port's descriptor is a timer: readable when its module has bytes
// for the host, and at once where the port is gone.
#include "sensors/bus/serial.h"
#include "sensors/sim/ports.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "sensors/sim/sim_clock.h"

struct port {
    struct port *next;
    const struct sim_module_model *model;
    enum sim_fault fault;
    struct sim_wire wire;
    struct serial_port *opened; // NULL: nobody has it
    _Alignas(16) uint8_t state[SIM_MODULE_STATE_MAX];
    char path[];
};

struct serial_port {
    struct port *port; // NULL: it is gone
    int fd;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct port *ports;

static const struct sim_module_model *const models[] = { &sim_mhz19b, &sim_mhz19c, &sim_pms5003,
                                                         &sim_rdm6300 };

const struct sim_module_model *sim_module_find(const char *driver)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
        if (strcmp(models[i]->driver, driver) == 0)
            return models[i];
    return NULL;
}

void sim_wire_put(struct sim_wire *wire, const uint8_t *bytes, size_t length)
{
    size_t fits = SIM_WIRE_MAX - wire->n < length ? SIM_WIRE_MAX - wire->n : length;
    memcpy(wire->bytes + wire->n, bytes, fits);
    wire->n += fits;
}

// --- With the lock held --------------------------------------------------------------------------

static struct port *find_port(const char *path)
{
    for (struct port *port = ports; port; port = port->next)
        if (strcmp(port->path, path) == 0)
            return port;
    return NULL;
}

static struct sim_moment moment_of(struct port *port)
{
    return (struct sim_moment){ .now_ns = sim_now_ns(), .fault = port->fault, .wire = &port->wire };
}

// Readable in so many nanoseconds; UINT64_MAX: never.
static void arm(const struct serial_port *handle, uint64_t in_ns)
{
    struct itimerspec when = { .it_value = { .tv_sec = 0 } };
    if (in_ns != UINT64_MAX) {
        in_ns = in_ns == 0 ? 1 : in_ns;
        when.it_value.tv_sec = (time_t)(in_ns / NS_PER_S);
        when.it_value.tv_nsec = (long)(in_ns % NS_PER_S);
    }
    timerfd_settime(handle->fd, 0, &when, NULL);
}

// Let the module do what is due, and make the descriptor say so. A module without supply says nothing.
static void catch_up(struct port *port)
{
    const struct sim_moment moment = moment_of(port);
    uint64_t next_ns = port->model->run(port->state, &moment);
    if (port->fault == SIM_FAULT_NACK)
        port->wire.n = 0;
    if (!port->opened)
        port->wire.n = 0; // nobody listens
    else
        arm(port->opened, port->wire.n > 0          ? 0
                          : next_ns == UINT64_MAX   ? UINT64_MAX
                          : next_ns > moment.now_ns ? next_ns - moment.now_ns
                                                    : 0);
}

static void pull(struct port *port)
{
    if (!port->opened)
        return;
    port->opened->port = NULL;
    arm(port->opened, 0);
    port->opened = NULL;
}

// --- The wiring's side ---------------------------------------------------------------------------

static int add_port(const char *path, const struct sim_module_model *model)
{
    if (find_port(path))
        return -EADDRINUSE;
    size_t size = strlen(path) + 1;
    struct port *port = aligned_alloc(16, (sizeof(*port) + size + 15) / 16 * 16);
    if (!port)
        return -ENOMEM;
    *port = (struct port){ .next = ports, .model = model };
    memcpy(port->path, path, size);
    model->init(port->state);
    ports = port;
    return 0;
}

int sim_port_add(const char *path, const struct sim_module_model *model)
{
    pthread_mutex_lock(&lock);
    int r = add_port(path, model);
    pthread_mutex_unlock(&lock);
    return r;
}

void sim_ports_remove_all(void)
{
    pthread_mutex_lock(&lock);
    for (struct port *port = ports, *next; port; port = next) {
        next = port->next;
        pull(port);
        free(port);
    }
    ports = NULL;
    pthread_mutex_unlock(&lock);
}

int sim_port_set(const char *path, enum quantity quantity, int32_t value)
{
    pthread_mutex_lock(&lock);
    struct port *port = find_port(path);
    int r = !port ? -ENOENT : (port->model->quantities & QUANTITY_BIT(quantity)) ? 0 : -EINVAL;
    if (r == 0)
        port->model->set(port->state, quantity, value);
    pthread_mutex_unlock(&lock);
    return r;
}

// A module that said nothing had no supply.
static void change_fault(struct port *port, enum sim_fault fault)
{
    if (port->fault == fault)
        return;
    if (port->fault == SIM_FAULT_NACK)
        port->model->power_on(port->state, sim_now_ns());
    port->fault = fault;
    if (fault == SIM_FAULT_HANG)
        pull(port);
    catch_up(port);
}

int sim_port_fault(const char *path, enum sim_fault fault)
{
    pthread_mutex_lock(&lock);
    struct port *port = find_port(path);
    int r = !port ? -ENOENT : (unsigned)fault < SIM_FAULT_COUNT ? 0 : -EINVAL;
    if (r == 0)
        change_fault(port, fault);
    pthread_mutex_unlock(&lock);
    return r;
}

int sim_port_show(const char *path, const char *uid)
{
    pthread_mutex_lock(&lock);
    struct port *port = find_port(path);
    int r = !port ? -ENOENT : port->model->show ? port->model->show(port->state, uid, sim_now_ns()) : -EINVAL;
    if (r == 0)
        catch_up(port);
    pthread_mutex_unlock(&lock);
    return r;
}

// --- The guard's side ----------------------------------------------------------------------------

static int open_port(const char *path, struct serial_port *handle)
{
    struct port *port = find_port(path);
    if (!port || port->fault == SIM_FAULT_HANG)
        return -ENOENT;
    if (port->opened)
        return -EBUSY;
    catch_up(port); // what was said while nobody listened is gone
    port->opened = handle;
    handle->port = port;
    catch_up(port);
    return 0;
}

int serial_open(const char *path, unsigned baud, struct serial_port **ret_port)
{
    (void)baud; // the wires are short
    struct serial_port *handle = calloc(1, sizeof(*handle));
    if (!handle)
        return -ENOMEM;
    handle->fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    int r = handle->fd < 0 ? -errno : 0;
    if (r == 0) {
        pthread_mutex_lock(&lock);
        r = open_port(path, handle);
        pthread_mutex_unlock(&lock);
    }
    if (r < 0) {
        if (handle->fd >= 0)
            close(handle->fd);
        free(handle);
        return r;
    }
    *ret_port = handle;
    return 0;
}

void serial_close(struct serial_port *handle)
{
    if (!handle)
        return;
    pthread_mutex_lock(&lock);
    if (handle->port)
        handle->port->opened = NULL;
    pthread_mutex_unlock(&lock);
    close(handle->fd);
    free(handle);
}

int serial_fd(const struct serial_port *handle)
{
    return handle->fd;
}

static int read_port(struct port *port, uint8_t *ret_bytes, size_t cap)
{
    catch_up(port);
    size_t n = port->wire.n < cap ? port->wire.n : cap;
    memcpy(ret_bytes, port->wire.bytes, n);
    port->wire.n -= n;
    memmove(port->wire.bytes, port->wire.bytes + n, port->wire.n);
    catch_up(port);
    return n > 0 ? (int)n : -EAGAIN;
}

int serial_read(struct serial_port *handle, uint8_t *ret_bytes, size_t cap)
{
    pthread_mutex_lock(&lock);
    int r = handle->port ? read_port(handle->port, ret_bytes, cap) : -ENODEV;
    pthread_mutex_unlock(&lock);
    return r;
}

static void write_port(struct port *port, const uint8_t *bytes, size_t length)
{
    const struct sim_moment moment = moment_of(port);
    for (size_t i = 0; i < length && port->fault != SIM_FAULT_NACK; i++)
        port->model->receive(port->state, port->model, bytes[i], &moment);
    catch_up(port);
}

int serial_write(struct serial_port *handle, const uint8_t *bytes, size_t length)
{
    pthread_mutex_lock(&lock);
    int r = handle->port ? 0 : -ENODEV;
    if (r == 0)
        write_port(handle->port, bytes, length);
    pthread_mutex_unlock(&lock);
    return r;
}

void serial_flush(struct serial_port *handle)
{
    pthread_mutex_lock(&lock);
    if (handle->port) {
        catch_up(handle->port);
        handle->port->wire.n = 0;
        catch_up(handle->port);
    }
    pthread_mutex_unlock(&lock);
}
