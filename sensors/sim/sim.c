// The world of a configuration: which simulated part answers to which name.
#include "sensors/sim/sim.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "sensors/sim/bus.h"
#include "sensors/sim/chip.h"
#include "sensors/sim/feed.h"
#include "sensors/sim/noise.h"
#include "sensors/sim/pins.h"
#include "sensors/sim/ports.h"

#define PULSES_MAX  64
#define HELD_CLOCKS 4 // after which a chip that holds its bus lets go

const char *const sim_contact_names[SIM_CONTACT_COUNT] = {
    [SIM_CONTACT_INACTIVE] = "inactive",
    [SIM_CONTACT_ACTIVE] = "active",
    [SIM_CONTACT_OPEN] = "open",
    [SIM_CONTACT_CHATTERS] = "chatters",
};

enum part_kind { KIND_CHIP, KIND_MODULE, KIND_KEYBOARD, KIND_CONTACT, KIND_WIEGAND, KIND_OUTPUT };

struct part {
    const char *room, *id;
    enum part_kind kind;
    bool reader;                  // of cards
    struct sim_chip chip;         // KIND_CHIP
    const char *path;             // KIND_MODULE, KIND_KEYBOARD
    struct sim_pin *pins[2];      // the others; two where it is a Wiegand reader
    bool normally_closed;         // KIND_CONTACT
    enum sim_drive closed_drives; // KIND_CONTACT: where a closed contact ties its line to
    struct sim_noise *noise;      // KIND_CONTACT: while it chatters
    // KIND_OUTPUT with a feedback, pins[1]: what hangs on the line, which says what it does.
    bool active_low, feedback_active_low;
    atomic_bool stuck; // it stays as it is: dead where it was at rest, welded where it was active
};

// The lines beside an I2C bus; NULL where the configuration has none.
struct wires {
    const char *path;
    struct sim_pin *scl, *sda, *power;
    unsigned clocks; // since a chip began to hold SDA
    bool held;
};

static struct part *parts;
static struct wires *wires; // one a bus
static size_t n_parts, n_wires;

// --- Buses ---------------------------------------------------------------------------------------

static void each_chip_on(const char *path, void (*act)(struct sim_chip *chip))
{
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].kind == KIND_CHIP && strcmp(parts[i].chip.path, path) == 0)
            act(&parts[i].chip);
}

static void let_go(struct wires *bus)
{
    bus->held = false;
    if (bus->sda)
        sim_pin_drive(bus->sda, SIM_DRIVE_NONE);
}

// The worker of the bus clocks it: this runs on its thread.
static void clocked(void *user, bool level)
{
    struct wires *bus = user;
    if (!level || !bus->held || ++bus->clocks < HELD_CLOCKS)
        return;
    let_go(bus);
    each_chip_on(bus->path, sim_chip_clocked);
}

static void supply_on(struct sim_chip *chip)
{
    sim_chip_supply(chip, true);
}

static void supply_off(struct sim_chip *chip)
{
    sim_chip_supply(chip, false);
}

static void switched(void *user, bool level)
{
    struct wires *bus = user;
    if (!level)
        let_go(bus);
    each_chip_on(bus->path, level ? supply_on : supply_off);
}

static void hold_data(const char *path, bool held)
{
    for (size_t i = 0; i < n_wires; i++) {
        if (!wires[i].path || strcmp(wires[i].path, path) != 0)
            continue;
        wires[i].clocks = 0;
        wires[i].held = held;
        if (wires[i].sda)
            sim_pin_drive(wires[i].sda, held ? SIM_DRIVE_LOW : SIM_DRIVE_NONE);
    }
}

static int add_wire(const char *name, sim_pin_changed_fn changed, struct wires *bus, struct sim_pin **ret_pin)
{
    if (!name)
        return 0;
    int r = sim_pin_add(name, true, SIM_DRIVE_NONE, ret_pin);
    if (r == 0 && changed)
        sim_pin_watch(*ret_pin, changed, bus);
    return r;
}

static int build_bus(const struct config_bus *config)
{
    struct wires *bus = &wires[n_wires++];
    if (!config->i2c)
        return 0;
    bus->path = config->i2c;
    int r = sim_bus_add(config->i2c);
    if (r == 0)
        r = add_wire(config->scl, clocked, bus, &bus->scl);
    if (r == 0)
        r = add_wire(config->sda, NULL, bus, &bus->sda);
    return r < 0 ? r : add_wire(config->power, switched, bus, &bus->power);
}

// --- Building ------------------------------------------------------------------------------------

static enum sim_drive contact_drive(const struct part *part, enum sim_contact state)
{
    bool closed = state != SIM_CONTACT_OPEN && (state == SIM_CONTACT_ACTIVE) != part->normally_closed;
    return closed ? part->closed_drives : SIM_DRIVE_NONE;
}

static struct part *find_chip(const char *path, uint8_t address)
{
    for (size_t i = 0; i < n_parts; i++) {
        const struct sim_chip *chip = &parts[i].chip;
        if (parts[i].kind == KIND_CHIP && chip->path && !chip->whole && chip->address == address &&
            strcmp(chip->path, path) == 0)
            return &parts[i];
    }
    return NULL;
}

static int build_chip(struct part *part, const char *driver, const struct config_bus *bus, uint8_t address)
{
    const struct sim_model *model = sim_model_find(driver);
    if (!model)
        return -ENOTSUP;
    part->kind = KIND_CHIP;
    return sim_chip_attach(&part->chip, model, bus->i2c, address, (uint16_t)(part - parts));
}

// A chip whose channels are parts of their own is there once, for all of them.
static int build_channel(struct part *part, const struct sim_model *model, const struct config_bus *bus,
                         const struct config_sensor *sensor)
{
    struct part *other = find_chip(bus->i2c, sensor->address);
    struct sim_chip *whole = other && other->chip.model->wire ? &other->chip : NULL;
    int r = whole ? 0 : build_chip(part, sensor->driver, bus, sensor->address);
    part->kind = KIND_CHIP;
    if (r == 0)
        sim_chip_wire(&part->chip, model, whole, sensor);
    return r;
}

static int build_module(struct part *part, const char *driver, const struct config_bus *bus)
{
    const struct sim_module_model *model = sim_module_find(driver);
    if (!model)
        return -ENOTSUP;
    part->kind = KIND_MODULE;
    part->path = bus->serial;
    return sim_port_add(bus->serial, model);
}

static int build_on_bus(struct part *part, const char *driver, const struct config_bus *bus, uint8_t address)
{
    return bus->serial ? build_module(part, driver, bus) : build_chip(part, driver, bus, address);
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

static int build_keyboard(struct part *part, const struct config_reader *reader)
{
    part->kind = KIND_KEYBOARD;
    part->path = reader->device;
    return sim_keyboard_add(reader->device);
}

static int build_reader(struct part *part, const struct config *config, const struct config_reader *reader)
{
    part->reader = true;
    if (reader->device)
        return build_keyboard(part, reader);
    if (!reader->d0)
        return build_on_bus(part, reader->driver, &config->buses[reader->bus], reader->address);
    part->kind = KIND_WIEGAND;
    int r = sim_pin_add(reader->d0, true, SIM_DRIVE_NONE, &part->pins[0]);
    return r < 0 ? r : sim_pin_add(reader->d1, true, SIM_DRIVE_NONE, &part->pins[1]);
}

static enum sim_drive feedback_drive(const struct part *part, bool active)
{
    return active != part->feedback_active_low ? SIM_DRIVE_HIGH : SIM_DRIVE_LOW;
}

// From within gpio_set(), or when it is mended.
static void followed(void *user, bool level)
{
    struct part *part = user;
    if (!atomic_load(&part->stuck))
        sim_pin_drive(part->pins[1], feedback_drive(part, level != part->active_low));
}

// The resistor at a relay's stage keeps it off while nobody drives it.
static int build_output(struct part *part, const struct config_output *output)
{
    part->kind = KIND_OUTPUT;
    int r = sim_pin_add(output->line, output->active_low, SIM_DRIVE_NONE, &part->pins[0]);
    if (r < 0)
        return r;
    if (!output->feedback) {
        sim_feed_watch(part->pins[0]);
        return 0;
    }
    part->active_low = output->active_low;
    part->feedback_active_low = output->feedback_active_low;
    sim_pin_watch(part->pins[0], followed, part);
    return sim_pin_add(output->feedback, false, feedback_drive(part, false), &part->pins[1]);
}

static struct part *next_part(const struct config_room *room, const char *id)
{
    struct part *part = &parts[n_parts++];
    part->room = room->id;
    part->id = id;
    return part;
}

static int build_sensor(struct part *part, const struct config *config, const struct config_sensor *sensor)
{
    const struct config_bus *bus = &config->buses[sensor->bus];
    const struct sim_model *model = sim_model_find(sensor->driver);
    if (sensor->sysfs)
        return -ENOTSUP;
    if (sensor->line)
        return build_contact(part, sensor);
    return model && model->wire ? build_channel(part, model, bus, sensor)
                                : build_on_bus(part, sensor->driver, bus, sensor->address);
}

static int build_room(const struct config *config, const struct config_room *room)
{
    int r = 0;
    for (size_t i = 0; i < room->n_sensors && r == 0; i++)
        r = build_sensor(next_part(room, room->sensors[i].id), config, &room->sensors[i]);
    for (size_t i = 0; i < room->n_readers && r == 0; i++)
        r = build_reader(next_part(room, room->readers[i].id), config, &room->readers[i]);
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
    wires = calloc(config->n_buses + 1, sizeof(*wires));
    if (!parts || !wires)
        return -ENOMEM;
    int r = 0;
    for (size_t i = 0; i < config->n_buses && r == 0; i++)
        r = build_bus(&config->buses[i]);
    for (size_t i = 0; i < config->n_rooms && r == 0; i++)
        r = build_room(config, &config->rooms[i]);
    return r;
}

int sim_build(const struct config *config)
{
    sim_destroy();
    int r = build(config);
    if (r == 0)
        r = sim_feed_start();
    if (r < 0)
        sim_destroy();
    return r;
}

void sim_destroy(void)
{
    for (size_t i = 0; i < n_parts; i++)
        sim_noise_stop(parts[i].noise);
    sim_bus_detach_all();
    sim_ports_remove_all();
    sim_keyboards_remove_all();
    sim_pins_remove_all();
    free(parts);
    free(wires);
    parts = NULL;
    wires = NULL;
    n_parts = n_wires = 0;
}

// --- Changing and asking -------------------------------------------------------------------------

// The parts themselves don't change between build and destroy, and are looked up without a lock.
static struct part *find_any(const char *room, const char *id)
{
    for (size_t i = 0; i < n_parts; i++)
        if (strcmp(parts[i].room, room) == 0 && strcmp(parts[i].id, id) == 0)
            return &parts[i];
    return NULL;
}

static struct part *find_sensor(const char *room, const char *id)
{
    struct part *part = find_any(room, id);
    return part && !part->reader && part->kind != KIND_OUTPUT ? part : NULL;
}

static struct part *find_part(enum part_kind kind, const char *room, const char *id)
{
    struct part *part = find_any(room, id);
    return part && part->kind == kind ? part : NULL;
}

static int change_contact(struct part *part, enum sim_contact state)
{
    sim_noise_stop(part->noise);
    part->noise = NULL;
    if (state == SIM_CONTACT_CHATTERS)
        return sim_noise_start(part->pins[0], contact_drive(part, SIM_CONTACT_ACTIVE),
                               contact_drive(part, SIM_CONTACT_INACTIVE), &part->noise);
    sim_pin_drive(part->pins[0], contact_drive(part, state));
    return 0;
}

static int set_contact(struct part *part, enum quantity quantity, int32_t value)
{
    if (quantity != QUANTITY_CONTACT || (value != 0 && value != 1))
        return -EINVAL;
    return change_contact(part, value ? SIM_CONTACT_ACTIVE : SIM_CONTACT_INACTIVE);
}

int sim_set(const char *room, const char *sensor, enum quantity quantity, int32_t value)
{
    struct part *part = find_sensor(room, sensor);
    if (!part)
        return -ENOENT;
    if ((unsigned)quantity >= QUANTITY_COUNT)
        return -EINVAL;
    if (part->kind == KIND_CONTACT)
        return set_contact(part, quantity, value);
    return part->kind == KIND_MODULE ? sim_port_set(part->path, quantity, value)
                                     : sim_chip_set(&part->chip, quantity, value);
}

static int chip_fault(struct part *part, enum sim_fault fault)
{
    int r = sim_chip_fault(&part->chip, fault);
    if (r == 0)
        hold_data(part->chip.path, fault == SIM_FAULT_HANG);
    return r;
}

static int output_fault(struct part *part, enum sim_fault fault)
{
    bool level;
    uint64_t changed_ns;
    if (!part->pins[1] || (fault != SIM_FAULT_STUCK && fault != SIM_FAULT_NONE))
        return -EINVAL;
    atomic_store(&part->stuck, fault == SIM_FAULT_STUCK);
    sim_pin_level(part->pins[0], &level, &changed_ns);
    followed(part, level);
    return 0;
}

int sim_fault(const char *room, const char *id, enum sim_fault fault)
{
    struct part *part = find_any(room, id);
    if (!part)
        return -ENOENT;
    switch (part->kind) {
    case KIND_CHIP:
        return chip_fault(part, fault);
    case KIND_MODULE:
        return sim_port_fault(part->path, fault);
    case KIND_KEYBOARD:
        return sim_keyboard_fault(part->path, fault);
    case KIND_OUTPUT:
        return output_fault(part, fault);
    case KIND_CONTACT:
    case KIND_WIEGAND:
        break;
    }
    return -EINVAL;
}

int sim_line(const char *room, const char *sensor, enum sim_contact state)
{
    struct part *part = find_sensor(room, sensor);
    if (!part)
        return -ENOENT;
    if (part->kind == KIND_CHIP)
        return state == SIM_CONTACT_CHATTERS ? -EINVAL : sim_chip_line(&part->chip, state);
    if (part->kind != KIND_CONTACT || (unsigned)state >= SIM_CONTACT_COUNT)
        return -EINVAL;
    return change_contact(part, state);
}

int sim_pulses(const char *room, const char *reader, const char *bits)
{
    struct part *part = find_part(KIND_WIEGAND, room, reader);
    if (!part)
        return -ENOENT;
    size_t n = strspn(bits, "01");
    if (n == 0 || n > PULSES_MAX || bits[n] != '\0')
        return -EINVAL;
    return sim_pins_pulse(part->pins, bits, (unsigned)n);
}

// Even parity of the first half in front, odd parity of the second half behind; a bit in the middle is in
// both.
static void frame(uint64_t data, unsigned data_bits, char *ret_bits)
{
    unsigned ones[2] = { 0, 0 };
    for (unsigned i = 0; i < data_bits; i++) {
        bool one = (data >> (data_bits - 1 - i)) & 1;
        ones[0] += one && 2 * i < data_bits;
        ones[1] += one && 2 * i + 1 >= data_bits;
        ret_bits[1 + i] = one ? '1' : '0';
    }
    ret_bits[0] = ones[0] % 2 ? '1' : '0';
    ret_bits[data_bits + 1] = ones[1] % 2 ? '0' : '1';
    ret_bits[data_bits + 2] = '\0';
}

int sim_badge(const char *room, const char *reader, unsigned format, uint32_t facility, uint32_t card)
{
    static const struct {
        unsigned bits, card_bits;
        uint32_t facility_max;
    } formats[] = { { 26, 16, 0xff }, { 34, 16, 0xffff }, { 37, 19, 0xffff } };
    char bits[PULSES_MAX + 1];
    if (!find_part(KIND_WIEGAND, room, reader))
        return -ENOENT;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (formats[i].bits != format)
            continue;
        if (facility > formats[i].facility_max || card >> formats[i].card_bits != 0)
            return -EINVAL;
        frame((uint64_t)facility << formats[i].card_bits | card, format - 2, bits);
        return sim_pulses(room, reader, bits);
    }
    return -EINVAL;
}

int sim_show(const char *room, const char *reader, const char *uid)
{
    struct part *part = find_any(room, reader);
    if (!part || !part->reader)
        return -ENOENT;
    switch (part->kind) {
    case KIND_CHIP:
        return sim_chip_show(&part->chip, uid);
    case KIND_MODULE:
        return sim_port_show(part->path, uid);
    case KIND_KEYBOARD:
        return sim_keyboard_type(part->path, uid);
    case KIND_CONTACT:
    case KIND_WIEGAND:
    case KIND_OUTPUT:
        break;
    }
    return -ENOTSUP;
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
