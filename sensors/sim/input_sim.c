// Simulated keyboards behind input.h.
#include "sensors/bus/input.h"
#include "sensors/sim/ports.h"

#include <ctype.h>
#include <errno.h>
#include <linux/input-event-codes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sensors/sim/sim_clock.h"

#define KEYS_MAX   64 // that wait; more than one card
#define DIGITS_MAX 24

struct keyboard {
    struct keyboard *next;
    bool pulled;
    struct input_device *opened; // NULL: nobody has it
    char path[];
};

struct input_device {
    struct keyboard *keyboard; // NULL: it is gone
    int fd;                    // an eventfd, readable while keys wait or it is gone
    size_t first, n;
    struct input_key keys[KEYS_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct keyboard *keyboards;

static struct keyboard *find_keyboard(const char *path)
{
    for (struct keyboard *keyboard = keyboards; keyboard; keyboard = keyboard->next)
        if (strcmp(keyboard->path, path) == 0)
            return keyboard;
    return NULL;
}

static void push_key(struct input_device *device, unsigned code, bool lost)
{
    const struct input_key key = { .boottime_ns = sim_now_ns(), .code = code, .lost = lost };
    device->keys[(device->first + device->n++) % KEYS_MAX] = key;
    eventfd_write(device->fd, 1);
}

static void pull(struct keyboard *keyboard)
{
    if (!keyboard->opened)
        return;
    keyboard->opened->keyboard = NULL;
    eventfd_write(keyboard->opened->fd, 1);
    keyboard->opened = NULL;
}

// --- The wiring's side ---------------------------------------------------------------------------

static int add_keyboard(const char *path)
{
    if (find_keyboard(path))
        return -EADDRINUSE;
    size_t size = strlen(path) + 1;
    struct keyboard *keyboard = calloc(1, sizeof(*keyboard) + size);
    if (!keyboard)
        return -ENOMEM;
    memcpy(keyboard->path, path, size);
    keyboard->next = keyboards;
    keyboards = keyboard;
    return 0;
}

int sim_keyboard_add(const char *path)
{
    pthread_mutex_lock(&lock);
    int r = add_keyboard(path);
    pthread_mutex_unlock(&lock);
    return r;
}

void sim_keyboards_remove_all(void)
{
    pthread_mutex_lock(&lock);
    for (struct keyboard *keyboard = keyboards, *next; keyboard; keyboard = next) {
        next = keyboard->next;
        pull(keyboard);
        free(keyboard);
    }
    keyboards = NULL;
    pthread_mutex_unlock(&lock);
}

static unsigned code_of(char digit)
{
    static const unsigned codes[] = { KEY_0, KEY_1, KEY_2, KEY_3, KEY_4, KEY_5, KEY_6, KEY_7,
                                      KEY_8, KEY_9, KEY_A, KEY_B, KEY_C, KEY_D, KEY_E, KEY_F };
    return codes[isdigit((unsigned char)digit) ? digit - '0' : toupper((unsigned char)digit) - 'A' + 10];
}

static int type(const struct keyboard *keyboard, const char *digits, size_t n)
{
    struct input_device *device = keyboard->opened;
    if (!device || device->n + n + 1 > KEYS_MAX)
        return -EBUSY;
    for (size_t i = 0; i < n; i++)
        push_key(device, code_of(digits[i]), false);
    push_key(device, KEY_ENTER, false);
    return 0;
}

int sim_keyboard_type(const char *path, const char *digits)
{
    size_t n = strlen(digits);
    if (n == 0 || n > DIGITS_MAX || strspn(digits, "0123456789abcdefABCDEF") != n)
        return -EINVAL;
    pthread_mutex_lock(&lock);
    const struct keyboard *keyboard = find_keyboard(path);
    int r = keyboard ? type(keyboard, digits, n) : -ENOENT;
    pthread_mutex_unlock(&lock);
    return r;
}

int sim_keyboard_lose(const char *path)
{
    pthread_mutex_lock(&lock);
    const struct keyboard *keyboard = find_keyboard(path);
    int r = !keyboard ? -ENOENT : keyboard->opened && keyboard->opened->n < KEYS_MAX ? 0 : -EBUSY;
    if (r == 0)
        push_key(keyboard->opened, 0, true);
    pthread_mutex_unlock(&lock);
    return r;
}

int sim_keyboard_fault(const char *path, enum sim_fault fault)
{
    if (fault != SIM_FAULT_NONE && fault != SIM_FAULT_HANG)
        return -EINVAL;
    pthread_mutex_lock(&lock);
    struct keyboard *keyboard = find_keyboard(path);
    if (keyboard)
        keyboard->pulled = fault == SIM_FAULT_HANG;
    if (keyboard && keyboard->pulled)
        pull(keyboard);
    pthread_mutex_unlock(&lock);
    return keyboard ? 0 : -ENOENT;
}

// --- The guard's side ----------------------------------------------------------------------------

static int open_keyboard(const char *path, struct input_device *device)
{
    struct keyboard *keyboard = find_keyboard(path);
    if (!keyboard || keyboard->pulled)
        return -ENOENT;
    if (keyboard->opened)
        return -EBUSY;
    keyboard->opened = device;
    device->keyboard = keyboard;
    return 0;
}

int input_open(const char *path, struct input_device **ret_device)
{
    struct input_device *device = calloc(1, sizeof(*device));
    if (!device)
        return -ENOMEM;
    device->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int r = device->fd < 0 ? -errno : 0;
    if (r == 0) {
        pthread_mutex_lock(&lock);
        r = open_keyboard(path, device);
        pthread_mutex_unlock(&lock);
    }
    if (r < 0) {
        if (device->fd >= 0)
            close(device->fd);
        free(device);
        return r;
    }
    *ret_device = device;
    return 0;
}

void input_close(struct input_device *device)
{
    if (!device)
        return;
    pthread_mutex_lock(&lock);
    if (device->keyboard)
        device->keyboard->opened = NULL;
    pthread_mutex_unlock(&lock);
    close(device->fd);
    free(device);
}

int input_fd(const struct input_device *device)
{
    return device->fd;
}

static int read_key(struct input_device *device, struct input_key *ret_key)
{
    if (!device->keyboard)
        return -ENODEV;
    if (device->n == 0)
        return 0;
    *ret_key = device->keys[device->first];
    device->first = (device->first + 1) % KEYS_MAX;
    eventfd_t waiting;
    if (--device->n == 0)
        eventfd_read(device->fd, &waiting);
    return 1;
}

int input_read(struct input_device *device, struct input_key *ret_key)
{
    pthread_mutex_lock(&lock);
    int r = read_key(device, ret_key);
    pthread_mutex_unlock(&lock);
    return r;
}
