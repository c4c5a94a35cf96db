#include "sensors/sim/chip.h"

#include <errno.h>
#include <string.h>

#include "sensors/sim/sim_clock.h"

const char *const sim_fault_names[SIM_FAULT_COUNT] = {
    [SIM_FAULT_NONE] = "none",   [SIM_FAULT_NACK] = "nack", [SIM_FAULT_CRC] = "crc",
    [SIM_FAULT_STUCK] = "stuck", [SIM_FAULT_HANG] = "hang",
};

static const struct sim_model *const models[] = {
    &sim_scd40,  &sim_scd41,   &sim_sht4x, &sim_scd30,        &sim_sht3x,          &sim_bme280, &sim_lm75,
    &sim_tmp102, &sim_mcp9808, &sim_sps30, &sim_ads1115_loop, &sim_ads1115_analog, &sim_pn532,
};

const struct sim_model *sim_model_find(const char *driver)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
        if (strcmp(models[i]->driver, driver) == 0)
            return models[i];
    return NULL;
}

static int chip_transfer(void *user, const struct i2c_message *message)
{
    struct sim_chip *chip = user;
    if (chip->fault == SIM_FAULT_NACK || chip->unpowered)
        return -EREMOTEIO;
    uint64_t now_ns = sim_now_ns();
    if (!message->read)
        return chip->model->write(chip->state, message->bytes, message->length, now_ns);
    int r = chip->model->read(chip->state, message->bytes, message->length, now_ns);
    if (r == 0 && chip->fault == SIM_FAULT_CRC && message->length > 0) {
        size_t at = chip->model->check ? chip->model->check(chip->state) : message->length - 1u;
        message->bytes[at < message->length ? at : 0] ^= 0x01;
    }
    return r;
}

int sim_chip_attach(struct sim_chip *chip, const struct sim_model *model, const char *path, uint8_t address,
                    uint16_t number)
{
    *chip = (struct sim_chip){ .model = model, .path = path, .address = address };
    model->init(chip->state, model, number);
    return sim_bus_attach(path, address, chip_transfer, chip);
}

void sim_chip_wire(struct sim_chip *chip, const struct sim_model *model, struct sim_chip *whole,
                   const struct config_sensor *config)
{
    if (whole)
        *chip = (struct sim_chip){
            .model = model, .path = whole->path, .address = whole->address, .whole = whole
        };
    sim_bus_lock();
    if (model->wire)
        model->wire(chip->state, whole ? whole->state : NULL, config);
    sim_bus_unlock();
}

int sim_chip_line(struct sim_chip *chip, enum sim_contact line)
{
    if (!chip->model->line || (unsigned)line >= SIM_CONTACT_COUNT)
        return -EINVAL;
    sim_bus_lock();
    chip->model->line(chip->state, line);
    sim_bus_unlock();
    return 0;
}

int sim_chip_set(struct sim_chip *chip, enum quantity quantity, int32_t value)
{
    if (!(chip->model->quantities & QUANTITY_BIT(quantity)))
        return -EINVAL;
    sim_bus_lock();
    chip->model->set(chip->state, quantity, value, sim_now_ns());
    sim_bus_unlock();
    return 0;
}

// A chip that did not answer at all had no supply: it comes back without its memory, which is what a driver
// must notice.
static void change_fault(struct sim_chip *chip, enum sim_fault fault, uint64_t now_ns)
{
    if (chip->fault == SIM_FAULT_NACK)
        chip->model->power_on(chip->state, now_ns);
    chip->fault = fault;
    chip->model->stick(chip->state, fault == SIM_FAULT_STUCK, now_ns);
    sim_bus_hold(chip->path, chip->address, fault == SIM_FAULT_HANG);
}

int sim_chip_fault(struct sim_chip *chip, enum sim_fault fault)
{
    if ((unsigned)fault >= SIM_FAULT_COUNT || (fault == SIM_FAULT_CRC && chip->model->plain))
        return -EINVAL;
    chip = chip->whole ? chip->whole : chip;
    sim_bus_lock();
    if (fault != chip->fault)
        change_fault(chip, fault, sim_now_ns());
    sim_bus_unlock();
    return 0;
}

int sim_chip_show(struct sim_chip *chip, const char *uid)
{
    if (!chip->model->show)
        return -EINVAL;
    sim_bus_lock();
    int r = chip->model->show(chip->state, uid, sim_now_ns());
    sim_bus_unlock();
    return r;
}

void sim_chip_supply(struct sim_chip *chip, bool on)
{
    sim_bus_lock();
    if (on && chip->unpowered)
        chip->model->power_on(chip->state, sim_now_ns());
    if (!on && chip->fault == SIM_FAULT_HANG)
        change_fault(chip, SIM_FAULT_NONE, sim_now_ns());
    chip->unpowered = !on;
    sim_bus_unlock();
}

void sim_chip_clocked(struct sim_chip *chip)
{
    sim_bus_lock();
    if (chip->fault == SIM_FAULT_HANG)
        change_fault(chip, SIM_FAULT_NONE, sim_now_ns());
    sim_bus_unlock();
}
