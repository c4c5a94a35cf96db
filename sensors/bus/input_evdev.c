// Input devices over libevdev, which keeps in step with the kernel's queue (it overflows without a word but
// SYN_DROPPED) and knows the events' many forms.
#include "sensors/bus/input.h"

#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gateway/common/clock.h"

struct input_device {
    int fd;
    struct libevdev *evdev;
};

#define PRESSED 1 // an EV_KEY value; 0 is released, 2 repeats

static int set_up(struct input_device *device, const char *path)
{
    device->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (device->fd < 0)
        return -errno;
    int r = libevdev_new_from_fd(device->fd, &device->evdev);
    if (r == 0)
        r = libevdev_set_clock_id(device->evdev, CLOCK_MONOTONIC);
    return r < 0 ? r : libevdev_grab(device->evdev, LIBEVDEV_GRAB);
}

int input_open(const char *path, struct input_device **ret_device)
{
    struct input_device *device = calloc(1, sizeof(*device));
    if (!device)
        return -ENOMEM;
    int r = set_up(device, path);
    if (r < 0) {
        input_close(device);
        return r == -EINVAL ? -ENOTTY : r; // a device that does not know the questions
    }
    *ret_device = device;
    return 0;
}

// Closing the file lets the device go.
void input_close(struct input_device *device)
{
    if (!device)
        return;
    libevdev_free(device->evdev);
    if (device->fd >= 0)
        close(device->fd);
    free(device);
}

int input_fd(const struct input_device *device)
{
    return device->fd;
}

static uint64_t boottime_of(const struct input_event *event)
{
    return (uint64_t)event->input_event_sec * NS_PER_S + (uint64_t)event->input_event_usec * 1000 +
           clock_monotonic_to_boottime_ns();
}

// The kernel dropped events. The library offers the keys' state as it is now; which of them were pressed in
// between, and in which order, nobody knows.
static int lost(struct input_device *device, const struct input_event *event, struct input_key *ret_key)
{
    struct input_event skipped;
    int r;
    do {
        r = libevdev_next_event(device->evdev, LIBEVDEV_READ_FLAG_SYNC, &skipped);
    } while (r == LIBEVDEV_READ_STATUS_SYNC);
    *ret_key = (struct input_key){ .boottime_ns = boottime_of(event), .lost = true };
    return r == -EAGAIN ? 1 : -ENODEV;
}

int input_read(struct input_device *device, struct input_key *ret_key)
{
    for (;;) {
        struct input_event event;
        int r = libevdev_next_event(device->evdev, LIBEVDEV_READ_FLAG_NORMAL, &event);
        if (r == -EAGAIN || r == -EINTR)
            return 0;
        if (r < 0)
            return -ENODEV;
        if (r == LIBEVDEV_READ_STATUS_SYNC)
            return lost(device, &event, ret_key);
        if (event.type == EV_KEY && event.value == PRESSED) {
            *ret_key = (struct input_key){ .boottime_ns = boottime_of(&event), .code = event.code };
            return 1;
        }
    }
}
