// A dry contact on a GPIO line: detector relay, call point, help button, door, window, water, tamper, mains.
//
// Electrical. A contact switches the line to ground against a pull-up, in the chip or outside: closed reads
// low. With the bias pull-down it switches to the supply instead: closed reads high.
//
// Wiring. Normally open: active when closed; a cut wire looks like quiet. Normally closed: active when open;
// a cut wire alarms, which is why detectors should be wired so.
//
// Bounce is judged from the edges' own time stamps, so a late reader sees the same as a prompt one. Where
// somebody may be in danger (smoke, heat, call point, gas, carbon monoxide, help) the first edge into active
// acts at once, and going inactive takes debounce_ms of quiet; everywhere else a level must hold for
// debounce_ms, both ways. The level at start is reported as it is.
#include "sensors/drivers/drivers.h"

#include "gateway/common/clock.h"

struct contact {
    bool closed_is_high;
    bool active_when_closed;
    bool acts_at_once;
    bool started;
    bool active;     // as reported
    bool latest;     // as of the last edge; differs from active while it has not held long enough
    uint64_t due_ns; // when latest will have held; only while it differs
    uint64_t debounce_ns;
};
_Static_assert(sizeof(struct contact) <= DRIVER_STATE_MAX, "state too big");

static const bool dangerous[ROLE_COUNT] = {
    [ROLE_SMOKE] = true,           [ROLE_HEAT] = true, [ROLE_CALL_POINT] = true, [ROLE_GAS] = true,
    [ROLE_CARBON_MONOXIDE] = true, [ROLE_HELP] = true,
};

static void init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct contact *)state = (struct contact){
        .closed_is_high = config->bias == BIAS_PULL_DOWN,
        .active_when_closed = config->wiring == WIRING_NORMALLY_OPEN,
        .acts_at_once = dangerous[config->role],
        .debounce_ns = config->debounce_ms * NS_PER_MS,
    };
}

static void report(struct contact *contact, struct driver_result *result)
{
    contact->active = contact->latest;
    result->readings[result->n++] = (struct driver_reading){ QUANTITY_CONTACT, contact->active ? 1 : 0 };
}

// Report the latest level if by then it had held for long enough.
static void settle(void *state, uint64_t now_ns, struct driver_result *ret_result)
{
    struct contact *contact = state;
    ret_result->n = 0;
    if (contact->latest != contact->active && now_ns >= contact->due_ns)
        report(contact, ret_result);
    ret_result->next_ns = contact->latest != contact->active ? contact->due_ns : UINT64_MAX;
}

static void edge(void *state, bool level, uint64_t at_ns, struct driver_result *ret_result)
{
    struct contact *contact = state;
    bool closed = level == contact->closed_is_high;
    bool active = closed == contact->active_when_closed;

    // The edges may come late, several at once: what the level before had earned by now is its own.
    settle(contact, at_ns, ret_result);
    if (contact->started && active == contact->latest)
        return;
    contact->latest = active;
    contact->due_ns = at_ns + contact->debounce_ns;
    if (!contact->started ||
        (active != contact->active && (contact->debounce_ns == 0 || (active && contact->acts_at_once))))
        report(contact, ret_result);
    contact->started = true;
    ret_result->next_ns = contact->latest != contact->active ? contact->due_ns : UINT64_MAX;
}

const struct driver contact_driver = {
    .info = {
        .name = "contact",
        .what = "a dry contact on a GPIO line",
        .bus = PART_LINE,
        .address = 0,
        .addresses = { 0 },
        .quantities = QUANTITY_BIT(QUANTITY_CONTACT),
        .fastest_ms = 0,
    },
    .state_size = sizeof(struct contact),
    .init = init,
    .step = NULL,
    .edge = edge,
    .settle = settle,
};
