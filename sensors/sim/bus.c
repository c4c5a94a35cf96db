#include "sensors/sim/bus.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/common/clock.h"

struct slot {
    struct slot *next;
    uint8_t address;
    bool held;
    sim_transfer_fn transfer;
    void *user;
};

struct adapter {
    struct adapter *next;
    struct slot *slots;
    bool pulled;
    unsigned plugged; // how often
    char path[];
};

// A handle remembers the path alone: what is attached may change while it is open.
struct i2c_bus {
    char *path;
    unsigned plugged; // of the adapter, when it was opened
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static struct adapter *adapters;
static unsigned waiting, timeout_ms = 1000;

void sim_bus_lock(void)
{
    pthread_mutex_lock(&lock);
}

void sim_bus_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

static struct adapter *find_adapter(const char *path)
{
    for (struct adapter *adapter = adapters; adapter; adapter = adapter->next)
        if (strcmp(adapter->path, path) == 0)
            return adapter;
    return NULL;
}

static struct slot *find_slot(const char *path, uint8_t address)
{
    struct adapter *adapter = find_adapter(path);
    for (struct slot *slot = adapter ? adapter->slots : NULL; slot; slot = slot->next)
        if (slot->address == address)
            return slot;
    return NULL;
}

// Last in the list, so that i2c_list() tells them in the order of the configuration.
static struct adapter *add_adapter(const char *path)
{
    struct adapter **end = &adapters;
    for (; *end; end = &(*end)->next)
        if (strcmp((*end)->path, path) == 0)
            return *end;
    size_t size = strlen(path) + 1;
    struct adapter *adapter = calloc(1, sizeof(*adapter) + size);
    if (!adapter)
        return NULL;
    memcpy(adapter->path, path, size);
    *end = adapter;
    return adapter;
}

int sim_bus_add(const char *path)
{
    sim_bus_lock();
    int r = add_adapter(path) ? 0 : -ENOMEM;
    sim_bus_unlock();
    return r;
}

static int attach(const char *path, const struct slot *wanted)
{
    if (find_slot(path, wanted->address))
        return -EADDRINUSE;
    struct adapter *adapter = add_adapter(path);
    struct slot *slot = adapter ? malloc(sizeof(*slot)) : NULL;
    if (!slot)
        return -ENOMEM;
    *slot = *wanted;
    slot->next = adapter->slots;
    adapter->slots = slot;
    return 0;
}

int sim_bus_attach(const char *path, uint8_t address, sim_transfer_fn transfer, void *user)
{
    const struct slot wanted = { .address = address, .transfer = transfer, .user = user };
    sim_bus_lock();
    int r = attach(path, &wanted);
    sim_bus_unlock();
    return r;
}

static void free_slots(struct adapter *adapter)
{
    for (struct slot *slot = adapter->slots, *next; slot; slot = next) {
        next = slot->next;
        free(slot);
    }
    adapter->slots = NULL;
}

void sim_bus_detach_all(void)
{
    sim_bus_lock();
    for (struct adapter *adapter = adapters, *next; adapter; adapter = next) {
        next = adapter->next;
        free_slots(adapter);
        free(adapter);
    }
    adapters = NULL;
    pthread_cond_broadcast(&released);
    sim_bus_unlock();
}

void sim_bus_hold(const char *path, uint8_t address, bool held)
{
    struct slot *slot = find_slot(path, address);
    if (!slot)
        return;
    slot->held = held;
    if (!held)
        pthread_cond_broadcast(&released);
}

void sim_bus_pull(const char *path, bool pulled)
{
    sim_bus_lock();
    struct adapter *adapter = add_adapter(path);
    if (adapter) {
        adapter->plugged += adapter->pulled && !pulled;
        adapter->pulled = pulled;
    }
    sim_bus_unlock();
}

void sim_bus_set_timeout_ms(unsigned ms)
{
    sim_bus_lock();
    timeout_ms = ms;
    sim_bus_unlock();
}

unsigned sim_bus_waiting(void)
{
    return waiting;
}

// One chip that holds SDA or SCL low stops everybody on its wires.
static bool lines_held(const char *path)
{
    const struct adapter *adapter = find_adapter(path);
    for (const struct slot *slot = adapter ? adapter->slots : NULL; slot; slot = slot->next)
        if (slot->held)
            return true;
    return false;
}

// Wait with the lock released, so that other adapters go on. Whether the lines are held is looked up anew
// after each wait: the adapter may be gone by then.
static int wait_for_lines(const char *path)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    uint64_t end_ns = (uint64_t)end.tv_nsec + timeout_ms * NS_PER_MS;
    end.tv_sec += (time_t)(end_ns / NS_PER_S);
    end.tv_nsec = (long)(end_ns % NS_PER_S);
    int r = 0;
    waiting++;
    while (r == 0 && lines_held(path))
        r = -pthread_cond_clockwait(&released, &lock, CLOCK_MONOTONIC, &end);
    waiting--;
    return r;
}

static int message_transfer(const char *path, const struct i2c_message *message)
{
    int r = wait_for_lines(path);
    if (r < 0)
        return r;
    const struct slot *slot = find_slot(path, message->address);
    return slot ? slot->transfer(slot->user, message) : -EREMOTEIO;
}

// An adapter that nobody knows is as good as one without chips.
static int adapter_state(const char *path, unsigned *ret_plugged)
{
    sim_bus_lock();
    const struct adapter *adapter = find_adapter(path);
    *ret_plugged = adapter ? adapter->plugged : 0;
    int r = adapter && adapter->pulled ? -ENOENT : 0;
    sim_bus_unlock();
    return r;
}

int i2c_open(const char *path, struct i2c_bus **ret_bus)
{
    unsigned plugged;
    int r = adapter_state(path, &plugged);
    if (r < 0)
        return r;
    struct i2c_bus *bus = malloc(sizeof(*bus));
    char *copy = bus ? strdup(path) : NULL;
    if (!copy) {
        free(bus);
        return -ENOMEM;
    }
    bus->path = copy;
    bus->plugged = plugged;
    *ret_bus = bus;
    return 0;
}

void i2c_close(struct i2c_bus *bus)
{
    if (!bus)
        return;
    free(bus->path);
    free(bus);
}

int i2c_transfer(struct i2c_bus *bus, const struct i2c_message *messages, size_t n)
{
    sim_bus_lock();
    const struct adapter *adapter = find_adapter(bus->path);
    int r = adapter && (adapter->pulled || adapter->plugged != bus->plugged) ? -ENODEV : 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = message_transfer(bus->path, &messages[i]);
    sim_bus_unlock();
    return r;
}

// `each` runs without the lock: it may want to use the adapter that it is told of. The list only grows until
// it is forgotten.
int i2c_list(int (*each)(const char *path, const char *name, void *user), void *user)
{
    int r = 0;
    sim_bus_lock();
    for (const struct adapter *adapter = adapters; adapter && r == 0; adapter = adapter->next) {
        sim_bus_unlock();
        r = each(adapter->path, "sim", user);
        sim_bus_lock();
    }
    sim_bus_unlock();
    return r;
}

// No kernel drives a simulated chip.
int i2c_claimed(struct i2c_bus *bus, uint8_t address)
{
    (void)bus;
    (void)address;
    return 0;
}
