// Plantower PMS5003 as its manual describes it, byte by byte: a frame a second.
#include "gateway/common/clock.h"
#include "sensors/sim/ports.h"

#include <stdbool.h>
#include <string.h>

#define FRAME    32
#define COMMAND  7
#define EVERY_NS NS_PER_S

struct pms5003 {
    int32_t ug[3]; // 1, 2.5 and 10 um, in the air around it
    bool asleep, passive;
    uint64_t next_ns; // of the next frame
    uint8_t n, command[COMMAND];
};
_Static_assert(sizeof(struct pms5003) <= SIM_MODULE_STATE_MAX, "the state of a PMS5003 fits");

static void pms5003_init(void *state)
{
    *(struct pms5003 *)state = (struct pms5003){ .ug = { 5, 8, 9 } };
}

static void pms5003_power_on(void *state, uint64_t now_ns)
{
    struct pms5003 *module = state;
    module->asleep = module->passive = false;
    module->next_ns = now_ns + EVERY_NS;
    module->n = 0;
}

static void put_word(uint8_t *frame, unsigned index, unsigned word)
{
    frame[2 * index] = (uint8_t)(word >> 8);
    frame[2 * index + 1] = (uint8_t)word;
}

static void send_frame(const struct pms5003 *module, const struct sim_moment *moment)
{
    uint8_t frame[FRAME] = { 0x42, 0x4d };
    unsigned total = 0;
    put_word(frame, 1, FRAME - 4);
    for (unsigned i = 0; i < 3; i++) {
        put_word(frame, 2 + i, (unsigned)module->ug[i] + 1); // for the factory: others than the room's
        put_word(frame, 5 + i, (unsigned)module->ug[i]);
    }
    put_word(frame, 8, 930); // some counts
    put_word(frame, 9, 270);
    put_word(frame, 14, 0x9700); // version, no error
    for (unsigned i = 0; i < FRAME - 2; i++)
        total += frame[i];
    put_word(frame, 15, total + (moment->fault == SIM_FAULT_CRC ? 1 : 0));
    sim_wire_put(moment->wire, frame, moment->fault == SIM_FAULT_STUCK ? 20 : FRAME);
}

static uint64_t pms5003_run(void *state, const struct sim_moment *moment)
{
    struct pms5003 *module = state;
    if (module->asleep || module->passive)
        return UINT64_MAX;
    if (moment->now_ns >= module->next_ns) {
        send_frame(module, moment);
        module->next_ns = moment->now_ns + EVERY_NS;
    }
    return module->next_ns;
}

static void obey(struct pms5003 *module, const struct sim_moment *moment)
{
    unsigned total = 0, sum = (unsigned)module->command[5] << 8 | module->command[6];
    for (unsigned i = 0; i < 5; i++)
        total += module->command[i];
    if (total != sum)
        return;
    bool on = module->command[4] != 0;
    switch (module->command[2]) {
    case 0xe1:
        module->passive = !on;
        break;
    case 0xe2:
        send_frame(module, moment);
        break;
    case 0xe4:
        module->asleep = !on;
        break;
    default:
        break;
    }
}

static void pms5003_receive(void *state, const struct sim_module_model *model, uint8_t byte,
                            const struct sim_moment *moment)
{
    (void)model;
    struct pms5003 *module = state;
    if ((module->n == 0 && byte != 0x42) || (module->n == 1 && byte != 0x4d)) {
        module->n = 0;
        return;
    }
    module->command[module->n++] = byte;
    if (module->n == COMMAND) {
        module->n = 0;
        obey(module, moment);
    }
}

static void pms5003_set(void *state, enum quantity quantity, int32_t value)
{
    struct pms5003 *module = state;
    unsigned which = quantity == QUANTITY_PM1 ? 0 : quantity == QUANTITY_PM25 ? 1 : 2;
    int32_t ug = (value + 500) / 1000;
    module->ug[which] = ug < 0 ? 0 : ug > 65534 ? 65534 : ug;
}

const struct sim_module_model sim_pms5003 = {
    .driver = "pms5003",
    .quantities = QUANTITY_BIT(QUANTITY_PM1) | QUANTITY_BIT(QUANTITY_PM25) | QUANTITY_BIT(QUANTITY_PM10),
    .init = pms5003_init,
    .power_on = pms5003_power_on,
    .receive = pms5003_receive,
    .run = pms5003_run,
    .set = pms5003_set,
};
