// The world of a configuration: which simulated part answers to which name.
#include "sensors/sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensors/sim/bus.h"
#include "sensors/sim/chip.h"
#include "sensors/sim/pins.h"

#define PULSES_MAX 64

const char *const sim_contact_names[SIM_CONTACT_COUNT] = {
    [SIM_CONTACT_INACTIVE] = "inactive",
    [SIM_CONTACT_ACTIVE] = "active",
    [SIM_CONTACT_OPEN] = "open",
};

enum part_kind { KIND_CHIP, KIND_CONTACT, KIND_READER, KIND_OUTPUT };

struct part {
    const char *room, *id;
    enum part_kind kind;
    struct sim_chip chip;         // KIND_CHIP
    struct sim_pin *pins[2];      // the others; two where it is a reader
    bool normally_closed;         // KIND_CONTACT
    enum sim_drive closed_drives; // KIND_CONTACT: where a closed contact ties its line to
};

static struct part *parts;
static size_t n_parts;

// --- Building ------------------------------------------------------------------------------------

static enum sim_drive contact_drive(const struct part *part, enum sim_contact state)
{
    bool closed = state != SIM_CONTACT_OPEN && (state == SIM_CONTACT_ACTIVE) != part->normally_closed;
    return closed ? part->closed_drives : SIM_DRIVE_NONE;
}

static int build_chip(struct part *part, const struct config *config, const struct config_sensor *sensor)
{
    const struct sim_model *model = sim_model_find(sensor->driver);
    if (!model)
        return -ENOTSUP;
    part->kind = KIND_CHIP;
    return sim_chip_attach(&part->chip, model, config->buses[sensor->bus].i2c, sensor->address,
                           (uint16_t)(part - parts));
}

// A contact ties its line to ground against a pull-up (a resistor outside where the bias is left alone), or
// to the supply against a pull-down.
static int build_contact(struct part *part, const struct config_sensor *sensor)
{
    bool pulled_up = sensor->bias != BIAS_PULL_DOWN;
    part->kind = KIND_CONTACT;
    part->normally_closed = sensor->wiring == WIRING_NORMALLY_CLOSED;
    part->closed_drives = pulled_up ? SIM_DRIVE_LOW : SIM_DRIVE_HIGH;
    return sim_pin_add(sensor->line, pulled_up, contact_drive(part, SIM_CONTACT_INACTIVE), &part->pins[0]);
}

static int build_reader(struct part *part, const struct config_reader *reader)
{
    part->kind = KIND_READER;
    int r = sim_pin_add(reader->d0, true, SIM_DRIVE_NONE, &part->pins[0]);
    return r < 0 ? r : sim_pin_add(reader->d1, true, SIM_DRIVE_NONE, &part->pins[1]);
}

// The resistor at a relay's stage keeps it off while nobody drives it.
static int build_output(struct part *part, const struct config_output *output)
{
    part->kind = KIND_OUTPUT;
    return sim_pin_add(output->line, output->active_low, SIM_DRIVE_NONE, &part->pins[0]);
}

static struct part *next_part(const struct config_room *room, const char *id)
{
    struct part *part = &parts[n_parts++];
    part->room = room->id;
    part->id = id;
    return part;
}

static int build_room(const struct config *config, const struct config_room *room)
{
    int r = 0;
    for (size_t i = 0; i < room->n_sensors && r == 0; i++) {
        const struct config_sensor *sensor = &room->sensors[i];
        struct part *part = next_part(room, sensor->id);
        r = sensor->line ? build_contact(part, sensor) : build_chip(part, config, sensor);
    }
    for (size_t i = 0; i < room->n_readers && r == 0; i++)
        r = build_reader(next_part(room, room->readers[i].id), &room->readers[i]);
    for (size_t i = 0; i < room->n_outputs && r == 0; i++)
        r = build_output(next_part(room, room->outputs[i].id), &room->outputs[i]);
    return r;
}

static int build(const struct config *config)
{
    size_t n = 0;
    for (size_t i = 0; i < config->n_rooms; i++)
        n += config->rooms[i].n_sensors + config->rooms[i].n_readers + config->rooms[i].n_outputs;
    parts = calloc(n ? n : 1, sizeof(*parts));
    if (!parts)
        return -ENOMEM;
    int r = 0;
    for (size_t i = 0; i < config->n_buses && r == 0; i++)
        r = sim_bus_add(config->buses[i].i2c);
    for (size_t i = 0; i < config->n_rooms && r == 0; i++)
        r = build_room(config, &config->rooms[i]);
    return r;
}

int sim_build(const struct config *config)
{
    sim_destroy();
    int r = build(config);
    if (r < 0)
        sim_destroy();
    return r;
}

void sim_destroy(void)
{
    sim_bus_detach_all();
    sim_pins_remove_all();
    free(parts);
    parts = NULL;
    n_parts = 0;
}

// --- Changing and asking -------------------------------------------------------------------------

// The parts themselves don't change between build and destroy, and are looked up without a lock.
static bool is_sensor(const struct part *part)
{
    return part->kind == KIND_CHIP || part->kind == KIND_CONTACT;
}

static struct part *find_sensor(const char *room, const char *id)
{
    for (size_t i = 0; i < n_parts; i++)
        if (is_sensor(&parts[i]) && strcmp(parts[i].room, room) == 0 && strcmp(parts[i].id, id) == 0)
            return &parts[i];
    return NULL;
}

static struct part *find_part(enum part_kind kind, const char *room, const char *id)
{
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].kind == kind && strcmp(parts[i].room, room) == 0 && strcmp(parts[i].id, id) == 0)
            return &parts[i];
    return NULL;
}

static int set_contact(struct part *part, enum quantity quantity, int32_t value)
{
    if (quantity != QUANTITY_CONTACT || (value != 0 && value != 1))
        return -EINVAL;
    sim_pin_drive(part->pins[0], contact_drive(part, value ? SIM_CONTACT_ACTIVE : SIM_CONTACT_INACTIVE));
    return 0;
}

int sim_set(const char *room, const char *sensor, enum quantity quantity, int32_t value)
{
    struct part *part = find_sensor(room, sensor);
    if (!part)
        return -ENOENT;
    if ((unsigned)quantity >= QUANTITY_COUNT)
        return -EINVAL;
    return part->kind == KIND_CONTACT ? set_contact(part, quantity, value)
                                      : sim_chip_set(&part->chip, quantity, value);
}

int sim_fault(const char *room, const char *sensor, enum sim_fault fault)
{
    struct part *part = find_sensor(room, sensor);
    if (!part)
        return -ENOENT;
    return part->kind == KIND_CHIP ? sim_chip_fault(&part->chip, fault) : -EINVAL;
}

int sim_line(const char *room, const char *sensor, enum sim_contact state)
{
    struct part *part = find_sensor(room, sensor);
    if (!part)
        return -ENOENT;
    if (part->kind != KIND_CONTACT || (unsigned)state >= SIM_CONTACT_COUNT)
        return -EINVAL;
    sim_pin_drive(part->pins[0], contact_drive(part, state));
    return 0;
}

int sim_pulses(const char *room, const char *reader, const char *bits)
{
    struct part *part = find_part(KIND_READER, room, reader);
    if (!part)
        return -ENOENT;
    size_t n = strspn(bits, "01");
    if (n == 0 || n > PULSES_MAX || bits[n] != '\0')
        return -EINVAL;
    return sim_pins_pulse(part->pins, bits, (unsigned)n);
}

// Even parity of the first half in front, odd parity of the second half behind.
static void frame(uint64_t data, unsigned data_bits, char *ret_bits)
{
    unsigned ones[2] = { 0, 0 };
    for (unsigned i = 0; i < data_bits; i++) {
        bool one = (data >> (data_bits - 1 - i)) & 1;
        ones[i >= data_bits / 2] += one;
        ret_bits[1 + i] = one ? '1' : '0';
    }
    ret_bits[0] = ones[0] % 2 ? '1' : '0';
    ret_bits[data_bits + 1] = ones[1] % 2 ? '0' : '1';
    ret_bits[data_bits + 2] = '\0';
}

int sim_badge(const char *room, const char *reader, unsigned format, uint32_t facility, uint32_t card)
{
    char bits[PULSES_MAX + 1];
    if (!find_part(KIND_READER, room, reader))
        return -ENOENT;
    if ((format != 26 && format != 34) || facility > (format == 26 ? 0xFFu : 0xFFFFu) || card > 0xFFFF)
        return -EINVAL;
    frame((uint64_t)facility << 16 | card, format - 2, bits);
    return sim_pulses(room, reader, bits);
}

int sim_output(const char *room, const char *output, bool *ret_level, uint64_t *ret_changed_ns)
{
    const struct part *part = find_part(KIND_OUTPUT, room, output);
    if (!part)
        return -ENOENT;
    sim_pin_level(part->pins[0], ret_level, ret_changed_ns);
    return 0;
}

int sim_line_changed(const char *room, const char *sensor, uint64_t *ret_changed_ns)
{
    const struct part *part = find_sensor(room, sensor);
    bool level;
    if (!part)
        return -ENOENT;
    if (part->kind != KIND_CONTACT)
        return -EINVAL;
    sim_pin_level(part->pins[0], &level, ret_changed_ns);
    return 0;
}
