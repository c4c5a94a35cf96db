// RDM6300 as captures show it: the card's frame again and again while it stays.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "sensors/sim/ports.h"

#define DIGITS   10
#define EVERY_NS (60 * NS_PER_MS)
#define FRAMES   5 // a card that is shown for about 0.3 s

struct rdm6300 {
    char digits[DIGITS + 1];
    unsigned left;    // frames
    uint64_t next_ns; // of the next one
};
_Static_assert(sizeof(struct rdm6300) <= SIM_MODULE_STATE_MAX, "the state of an RDM6300 fits");

static void rdm6300_init(void *state)
{
    *(struct rdm6300 *)state = (struct rdm6300){ .left = 0 };
}

static void rdm6300_power_on(void *state, uint64_t now_ns)
{
    (void)now_ns;
    rdm6300_init(state);
}

static void rdm6300_receive(void *state, const struct sim_module_model *model, uint8_t byte,
                            const struct sim_moment *moment)
{
    (void)state;
    (void)model;
    (void)byte;
    (void)moment; // it has no ears
}

static void send_frame(const struct rdm6300 *module, const struct sim_moment *moment)
{
    unsigned long long number = strtoull(module->digits, NULL, 16), sum = 0;
    for (int shift = 0; shift < 40; shift += 8)
        sum ^= number >> shift & 0xff;
    if (moment->fault == SIM_FAULT_CRC)
        sum ^= 1;
    char frame[1 + DIGITS + 2 + 1 + 1];
    snprintf(frame, sizeof(frame), "\x02%s%02X\x03", module->digits, (unsigned)sum & 0xff);
    sim_wire_put(moment->wire, (const uint8_t *)frame,
                 moment->fault == SIM_FAULT_STUCK ? 7 : sizeof(frame) - 1);
}

static uint64_t rdm6300_run(void *state, const struct sim_moment *moment)
{
    struct rdm6300 *module = state;
    if (module->left > 0 && moment->now_ns >= module->next_ns) {
        send_frame(module, moment);
        module->left--;
        module->next_ns = moment->now_ns + EVERY_NS;
    }
    return module->left > 0 ? module->next_ns : UINT64_MAX;
}

static int rdm6300_show(void *state, const char *uid, uint64_t now_ns)
{
    struct rdm6300 *module = state;
    if (strlen(uid) != DIGITS || strspn(uid, "0123456789abcdefABCDEF") != DIGITS)
        return -EINVAL;
    *module = (struct rdm6300){ .left = FRAMES, .next_ns = now_ns };
    snprintf(module->digits, sizeof(module->digits), "%s", uid);
    for (char *c = module->digits; *c; c++)
        *c = *c >= 'a' && *c <= 'f' ? (char)(*c - 'a' + 'A') : *c;
    return 0;
}

const struct sim_module_model sim_rdm6300 = {
    .driver = "rdm6300",
    .quantities = 0,
    .init = rdm6300_init,
    .power_on = rdm6300_power_on,
    .receive = rdm6300_receive,
    .run = rdm6300_run,
    .show = rdm6300_show,
};
