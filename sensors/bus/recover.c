#include "sensors/bus/recover.h"

#include <errno.h>
#include <time.h>

#include "sensors/bus/gpio.h"

// A byte and its acknowledgement: wherever the chip stands in it, it has let go of SDA by then.
#define CLOCKS       9
#define HALF_NS      5000 // of a clock of 100 kHz
#define STRETCH_WAIT 100  // halves that a chip may hold SCL

struct wires {
    struct gpio_lines *scl, *sda;
};

static void half(void)
{
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = HALF_NS }, NULL);
}

static int is_high(struct gpio_lines *line, bool *ret_high)
{
    return gpio_get(line, 0, ret_high);
}

// Let SCL go, and wait for a chip that stretches it.
static int release_clock(const struct wires *wires)
{
    bool high = false;
    int r = gpio_set(wires->scl, true);
    for (int i = 0; i < STRETCH_WAIT && r == 0 && !high; i++) {
        half();
        r = is_high(wires->scl, &high);
    }
    return r < 0 ? r : high ? 0 : -ETIMEDOUT;
}

static int clock_once(const struct wires *wires)
{
    int r = gpio_set(wires->scl, false);
    half();
    return r < 0 ? r : release_clock(wires);
}

// SDA rises while SCL is high: whoever still listens knows that it is over.
static int stop(const struct wires *wires)
{
    int r = gpio_set(wires->scl, false);
    half();
    if (r == 0)
        r = gpio_set(wires->sda, false);
    half();
    if (r == 0)
        r = release_clock(wires);
    if (r == 0)
        r = gpio_set(wires->sda, true);
    half();
    return r;
}

static int clear(const struct wires *wires)
{
    bool free_now = false;
    int r = release_clock(wires);
    for (int i = 0; i < CLOCKS && r == 0; i++) {
        r = is_high(wires->sda, &free_now);
        if (r < 0 || free_now)
            break;
        r = clock_once(wires);
    }
    if (r == 0)
        r = stop(wires);
    if (r == 0)
        r = is_high(wires->sda, &free_now);
    return r < 0 ? r : free_now ? 0 : -EBUSY;
}

int bus_recover(const char *scl, const char *sda)
{
    struct wires wires = { NULL, NULL };
    int r = gpio_request_open_drain(scl, &wires.scl);
    if (r == 0)
        r = gpio_request_open_drain(sda, &wires.sda);
    if (r == 0)
        r = clear(&wires);
    gpio_release(wires.sda);
    gpio_release(wires.scl);
    return r;
}
