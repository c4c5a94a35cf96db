// Winsen MH-Z19B and MH-Z19C as the manual describes them, byte by byte.
#include "gateway/common/clock.h"
#include "sensors/sim/ports.h"

#include <stdbool.h>
#include <string.h>

#define FRAME       9
#define WARM_UP_PPM 430 // told until it is warm

struct mhz19 {
    int32_t co2_ppm; // of the air around it
    bool cold;       // switched on at on_ns
    uint64_t on_ns;
    bool self_calibration;
    uint8_t n, frame[FRAME];
};
_Static_assert(sizeof(struct mhz19) <= SIM_MODULE_STATE_MAX, "the state of an MH-Z19 fits");

static void mhz19_init(void *state)
{
    *(struct mhz19 *)state = (struct mhz19){ .co2_ppm = 600, .self_calibration = true };
}

static void mhz19_power_on(void *state, uint64_t now_ns)
{
    struct mhz19 *module = state;
    module->cold = true;
    module->on_ns = now_ns;
    module->n = 0;
}

// All bytes but the first add up to 256, or a multiple of it.
static uint8_t check_byte(const uint8_t *frame)
{
    uint8_t rest = 0;
    for (int i = 1; i < FRAME - 1; i++)
        rest = (uint8_t)(rest - frame[i]);
    return rest;
}

static void answer(struct mhz19 *module, const struct sim_module_model *model,
                   const struct sim_moment *moment)
{
    bool warm = !module->cold || moment->now_ns - module->on_ns >= model->warm_up_ns;
    int32_t ppm = warm ? module->co2_ppm : WARM_UP_PPM;
    uint8_t frame[FRAME] = { 0xff, 0x86, (uint8_t)(ppm >> 8), (uint8_t)ppm, 62 };
    frame[FRAME - 1] = check_byte(frame);
    if (moment->fault == SIM_FAULT_CRC)
        frame[FRAME - 1] ^= 0x10;
    sim_wire_put(moment->wire, frame, moment->fault == SIM_FAULT_STUCK ? 5 : FRAME);
}

static void mhz19_receive(void *state, const struct sim_module_model *model, uint8_t byte,
                          const struct sim_moment *moment)
{
    struct mhz19 *module = state;
    if (module->n == 0 && byte != 0xff)
        return;
    module->frame[module->n++] = byte;
    if (module->n < FRAME)
        return;
    module->n = 0;
    if (module->frame[1] != 0x01 || module->frame[FRAME - 1] != check_byte(module->frame))
        return;
    if (module->frame[2] == 0x86)
        answer(module, model, moment);
    else if (module->frame[2] == 0x79)
        module->self_calibration = module->frame[3] == 0xa0;
}

static uint64_t mhz19_run(void *state, const struct sim_moment *moment)
{
    (void)state;
    (void)moment;
    return UINT64_MAX; // it speaks when it is asked
}

static void mhz19_set(void *state, enum quantity quantity, int32_t value)
{
    (void)quantity; // it measures one
    ((struct mhz19 *)state)->co2_ppm = value < 0 ? 0 : value > 10000 ? 10000 : value;
}

#define MHZ19                                                                                                \
    .quantities = QUANTITY_BIT(QUANTITY_CO2), .init = mhz19_init, .power_on = mhz19_power_on,                \
    .receive = mhz19_receive, .run = mhz19_run, .set = mhz19_set

const struct sim_module_model sim_mhz19b = { .driver = "mhz19b", .warm_up_ns = 180 * NS_PER_S, MHZ19 };
const struct sim_module_model sim_mhz19c = { .driver = "mhz19c", .warm_up_ns = 60 * NS_PER_S, MHZ19 };
