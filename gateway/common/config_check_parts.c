// Sensors, readers and outputs: what a part needs and can do, and that no two share an address or a line.
#include "gateway/common/config_work.h"

#include <string.h>

#define EVERY_DEFAULT_MS 5000

// ---- Which part it is

typedef const struct part_info *(*part_at_fn)(size_t index);

static const struct part_info *find_part(struct work *work, const struct draft *draft, int key,
                                         const struct part_info *(*find)(const char *), part_at_fn part_at)
{
    const struct draft_value *driver = value_of(draft, key);
    if (!driver->good) {
        return NULL;
    }
    const struct part_info *part = find(driver->text);
    if (part == NULL) {
        struct nearest nearest = { 0 };
        struct words words = { .n = 0 };
        for (size_t i = 0; part_at(i) != NULL; i++) {
            nearest_try(&nearest, driver->text, part_at(i)->name);
            words_add(&words, part_at(i)->name);
        }
        const char *known = words_text(work, &words);
        tell_mistake(work, draft, key, phrase(work, "there is no driver %s", shown(work, driver->text)),
                     nearest.best != NULL ? phrase(work, "did you mean %s? known: %s", nearest.best, known)
                                          : phrase(work, "known: %s", known));
    }
    return part;
}

// Whether a sensor can do something with a key.
static bool fits(size_t index, const struct part_info *part)
{
    bool of_loops = index >= K_SENSOR_REFERENCE_CHANNEL && index <= K_SENSOR_SHORT_IS_ALARM;
    if (index == K_SENSOR_ALTITUDE || index == K_SENSOR_SELF_CALIBRATION) {
        return (part->quantities & QUANTITY_BIT(QUANTITY_CO2)) != 0;
    }
    if (index == K_SENSOR_ROLE) {
        return (part->quantities & QUANTITY_BIT(QUANTITY_CONTACT)) != 0;
    }
    return of_loops                      ? part->loop
           : index == K_SENSOR_CHANNEL   ? part->channels != 0
           : index == K_SENSOR_SELF_TEST ? part->self_test
                                         : true;
}

// Keys that mean something else's parts.
static void check_keys_of_part(struct work *work, const struct draft *draft, const struct part_info *part,
                               bool sensor)
{
    for (size_t i = 0; i < draft->section->n_keys; i++) {
        unsigned only_for = draft->section->keys[i].only_for;
        bool good = (only_for == 0 || (only_for & (1u << part->bus)) != 0) && (!sensor || fits(i, part));
        if (value_of(draft, (int)i)->set && !good) {
            tell_mistake(work, draft, (int)i, phrase(work, "%s has no such thing", part->name),
                         "leave this key out");
        }
    }
}

// A key that says where a part is.
static void check_needed(struct work *work, const struct draft *draft, int key, const struct part_info *part)
{
    if (!value_of(draft, key)->set) {
        bool bus = draft->section->keys[key].type == KEY_ID;
        tell_mistake(work, draft, key, phrase(work, "is missing: %s needs it", part->name),
                     bus ? "write the id of one of the buses"
                         : value_wanted(work, &draft->section->keys[key]));
    }
}

static void check_keys_of_sensor(struct work *work, const struct draft *sensor, const struct part_info *part)
{
    check_keys_of_part(work, sensor, part, true);
    check_needed(work, sensor,
                 part->bus == PART_LINE    ? K_SENSOR_LINE
                 : part->bus == PART_SYSFS ? K_SENSOR_SYSFS
                                           : K_SENSOR_BUS,
                 part);
}

static void check_keys_of_reader(struct work *work, const struct draft *reader, const struct part_info *part)
{
    check_keys_of_part(work, reader, part, false);
    if (part->bus == PART_WIEGAND) {
        check_needed(work, reader, K_READER_D0, part);
        check_needed(work, reader, K_READER_D1, part);
    } else {
        check_needed(work, reader, part->bus == PART_INPUT ? K_READER_DEVICE : K_READER_BUS, part);
    }
}

// ---- Chips

// A chip or module, of a sensor or of a reader: where the two have the same keys.
struct placed {
    const struct draft *draft;
    int bus_key, address_key;
    const struct part_info *part; // NULL: not known
    size_t *bus;
    uint8_t *address;
};

static void check_kind_of_bus(struct work *work, const struct placed *placed, const struct draft *bus)
{
    if (placed->part == NULL) {
        return;
    }
    bool serial = placed->part->bus == PART_SERIAL;
    if (!value_of(bus, serial ? K_BUS_SERIAL : K_BUS_I2C)->set &&
        value_of(bus, serial ? K_BUS_I2C : K_BUS_SERIAL)->set) {
        tell_mistake(work, placed->draft, placed->bus_key,
                     phrase(work, "%s is no %s", place_of(work, bus), serial ? "serial port" : "I2C bus"),
                     phrase(work, "%s needs one with %s", placed->part->name, serial ? "serial" : "i2c"));
    }
}

static void resolve_bus(struct work *work, const struct placed *placed, const struct draft_value *buses)
{
    const struct draft_value *bus = value_of(placed->draft, placed->bus_key);
    if (!bus->good ||
        (placed->part != NULL && placed->part->bus != PART_I2C && placed->part->bus != PART_SERIAL)) {
        return;
    }
    struct words words = { .n = 0 };
    for (size_t i = 0; i < buses->n_items; i++) {
        const char *id = buses->items[i]->id;
        if (id == NULL || strcmp(id, bus->text) == 0) {
            *placed->bus = i;
            if (id != NULL) {
                check_kind_of_bus(work, placed, buses->items[i]);
            }
            return; // a bus without a good id has been told, and may be the one that is meant
        }
        words_add(&words, id);
    }
    bool none = buses->n_items == 0;
    tell_mistake(work, placed->draft, placed->bus_key,
                 phrase(work, "there is no bus %s", shown(work, bus->text)),
                 none ? "add it: buses: [ { id: main, i2c: /dev/i2c-1 } ]"
                      : phrase(work, "write %s", words_text(work, &words)));
}

static void check_address(struct work *work, const struct placed *placed)
{
    const struct part_info *part = placed->part;
    const struct draft_value *address = value_of(placed->draft, placed->address_key);
    if (!address->set) {
        *placed->address = part->address;
        return;
    }
    struct words words = { .n = 0 };
    for (size_t i = 0; i < sizeof part->addresses && part->addresses[i] != 0; i++) {
        if (part->addresses[i] == *placed->address) {
            return;
        }
        words_add(&words, phrase(work, "0x%02x", (unsigned)part->addresses[i]));
    }
    if (address->good) {
        tell_mistake(work, placed->draft, placed->address_key,
                     phrase(work, "%s can't have address 0x%02x", part->name, (unsigned)*placed->address),
                     phrase(work, "write %s", words_text(work, &words)));
    }
}

static void check_every(struct work *work, const struct draft *sensor, struct config_sensor *config)
{
    const struct draft_value *every = value_of(sensor, K_SENSOR_EVERY);
    uint32_t fastest = config->part != NULL ? config->part->fastest_ms : 0;
    uint32_t slowest = config->part != NULL ? config->part->slowest_ms : 0;
    uint32_t usual =
        config->part != NULL && config->part->usual_ms != 0 ? config->part->usual_ms : EVERY_DEFAULT_MS;
    if (!every->set) {
        config->every_ms = fastest > usual ? fastest : usual;
    } else if (every->good && slowest != 0 && config->every_ms > slowest) {
        tell_mistake(work, sensor, K_SENSOR_EVERY,
                     phrase(work, "is slower than %s may be", config->part->name),
                     phrase(work, "write %u or less", (unsigned)slowest));
    } else if (every->good && config->every_ms < fastest) {
        tell_mistake(work, sensor, K_SENSOR_EVERY,
                     phrase(work, "is faster than %s can be", config->part->name),
                     phrase(work, "write %u or more", (unsigned)fastest));
    }
}

// ---- Chips that the kernel drives

static void check_sysfs(struct work *work, const struct draft *sensor, const struct config_sensor *config)
{
    const char *at = config->sysfs != NULL ? strchr(config->sysfs, '@') : NULL;
    size_t digits = at != NULL ? strspn(at + 1, "0123456789") : 0;
    if (at != NULL &&
        (at == config->sysfs || at[1] == '0' || digits == 0 || digits > 3 || at[1 + digits] != '\0')) {
        tell_mistake(work, sensor, K_SENSOR_SYSFS, "is no name of a device, nor name@number",
                     value_wanted(work, &sensor->section->keys[K_SENSOR_SYSFS]));
    }
}

// ---- Supervised loops

// Bands that overlap would make an alarm of a loop at rest, or the reverse.
static void check_loop(struct work *work, const struct draft *sensor, const struct config_sensor *config)
{
    static const int keys[] = { K_SENSOR_SHORT_BELOW, K_SENSOR_ALARM_BELOW, K_SENSOR_NORMAL_LOW,
                                K_SENSOR_NORMAL_HIGH, K_SENSOR_OPEN_ABOVE };
    const struct config_loop *loop = &config->loop;
    const int32_t edges[] = { loop->short_below, loop->alarm_below, loop->normal_low, loop->normal_high,
                              loop->open_above };
    for (size_t i = 1; i < sizeof keys / sizeof keys[0]; i++) {
        bool good = value_of(sensor, keys[i - 1])->good && value_of(sensor, keys[i])->good;
        if (good && edges[i] <= edges[i - 1]) {
            const char *below = sensor->section->keys[keys[i - 1]].name;
            tell_mistake(work, sensor, keys[i], phrase(work, "is not above %s", below),
                         "write short_below, alarm_below, normal_low, normal_high and open_above in rising "
                         "order");
            return;
        }
    }
    if (config->channel == config->reference_channel) {
        tell_mistake(work, sensor, K_SENSOR_REFERENCE_CHANNEL, "is the loop's own channel",
                     "write the channel that the loop's supply is on");
    }
}

// ---- Contacts

// Where silence would be fatal, a cut wire must not look like it.
static bool must_not_fail_quietly(enum contact_role role)
{
    switch (role) {
    case ROLE_SMOKE:
    case ROLE_HEAT:
    case ROLE_CALL_POINT:
    case ROLE_GAS:
    case ROLE_CARBON_MONOXIDE:
        return true;
    case ROLE_NONE:
    case ROLE_HELP:
    case ROLE_DOOR:
    case ROLE_WINDOW:
    case ROLE_WATER:
    case ROLE_TAMPER:
    case ROLE_MAINS:
    case ROLE_BATTERY:
    case ROLE_COUNT:
        break;
    }
    return false;
}

static void notice_contact(struct work *work, const struct draft *sensor, const struct config_sensor *config)
{
    if (!value_of(sensor, K_SENSOR_ROLE)->set) {
        tell_notice(work, sensor, K_SENSOR_ROLE,
                    "is missing, so that this contact is shown and guards nothing",
                    value_wanted(work, &sensor->section->keys[K_SENSOR_ROLE]));
    }
    if (config->part->bus == PART_LINE && must_not_fail_quietly(config->role) &&
        config->wiring == WIRING_NORMALLY_OPEN) {
        tell_notice(work, sensor, K_SENSOR_WIRING, "is normally-open, where a cut wire looks like quiet",
                    "wire it normally-closed, if the detector has such a contact");
    }
}

static struct placed placed_sensor(const struct draft *sensor, struct config_sensor *config)
{
    return (struct placed){ sensor,       K_SENSOR_BUS, K_SENSOR_ADDRESS,
                            config->part, &config->bus, &config->address };
}

static struct placed placed_reader(const struct draft *reader, struct config_reader *config)
{
    return (struct placed){ reader,       K_READER_BUS, K_READER_ADDRESS,
                            config->part, &config->bus, &config->address };
}

static void check_sensor(struct work *work, const struct draft *root, const struct draft *sensor,
                         struct config_sensor *config)
{
    if (work->catalogue != NULL) {
        config->part =
            find_part(work, sensor, K_SENSOR_DRIVER, work->catalogue->sensor, work->catalogue->sensor_at);
    }
    const struct placed placed = placed_sensor(sensor, config);
    resolve_bus(work, &placed, value_of(root, K_BUSES));
    check_every(work, sensor, config);
    if (config->part == NULL) {
        return;
    }
    check_keys_of_sensor(work, sensor, config->part);
    if (config->part->bus == PART_I2C) {
        check_address(work, &placed);
    }
    if (config->part->bus == PART_SYSFS) {
        check_sysfs(work, sensor, config);
    }
    if (config->part->loop) {
        check_loop(work, sensor, config);
    }
    if ((config->part->quantities & QUANTITY_BIT(QUANTITY_CONTACT)) != 0) {
        notice_contact(work, sensor, config);
    }
}

static void check_reader(struct work *work, const struct draft *root, const struct draft *reader,
                         struct config_reader *config)
{
    if (work->catalogue != NULL) {
        config->part =
            find_part(work, reader, K_READER_DRIVER, work->catalogue->reader, work->catalogue->reader_at);
    }
    const struct placed placed = placed_reader(reader, config);
    resolve_bus(work, &placed, value_of(root, K_BUSES));
    if (config->part == NULL) {
        return;
    }
    check_keys_of_reader(work, reader, config->part);
    if (config->part->bus == PART_I2C) {
        check_address(work, &placed);
    }
}

// ---- Outputs

#define MIN_RUN_DEFAULT_S 300

static void check_output(struct work *work, const struct draft *output, struct config_output *config)
{
    static const int of_feedback[] = { K_OUTPUT_FEEDBACK_ACTIVE_LOW, K_OUTPUT_FEEDBACK_MS };
    for (size_t i = 0; i < sizeof of_feedback / sizeof of_feedback[0]; i++) {
        if (value_of(output, of_feedback[i])->set && !value_of(output, K_OUTPUT_FEEDBACK)->set) {
            tell_mistake(work, output, of_feedback[i], "stands without feedback",
                         "give the line too, or leave this key out");
        }
    }
    bool role_known = value_of(output, K_OUTPUT_ROLE)->good;
    bool ventilation = role_known && config->role == OUTPUT_VENTILATION;
    if (!value_of(output, K_OUTPUT_MIN_RUN)->set) {
        config->min_run_s = ventilation ? MIN_RUN_DEFAULT_S : 0;
    } else if (role_known && !ventilation) {
        tell_mistake(work, output, K_OUTPUT_MIN_RUN, "is for ventilation alone", "leave this key out");
    }
}

// ---- Sharing

// What has one user only: a line or an input device by its name, an address on a bus, a whole serial port.
struct claim {
    const struct draft *draft;
    int key; // where to tell it
    const char *name;
    size_t bus;        // where name is NULL
    uint8_t address;   // 0: the whole port
    bool part_of_chip; // other parts of the chip may have the same address, on other channels
    uint8_t channel;
};

struct claims {
    size_t n, cap;
    struct claim *all;
};

static bool same_thing(const struct claim *a, const struct claim *b)
{
    if (a->name != NULL && b->name != NULL) {
        return strcmp(a->name, b->name) == 0;
    }
    bool beside = a->part_of_chip && b->part_of_chip && a->channel != b->channel;
    return a->name == NULL && b->name == NULL && a->bus == b->bus && a->address == b->address && !beside;
}

static const char *claimed(struct work *work, const struct claim *claim, bool one_chip,
                           const char **ret_instead)
{
    if (claim->name != NULL) {
        bool device = claim->name[0] == '/';
        *ret_instead = device ? "give each its own device" : "give each its own line";
        return phrase(work, "%s %s", device ? "device" : "line", shown(work, claim->name));
    }
    if (claim->address == 0) {
        *ret_instead = "a serial port is for one part: give each its own";
        return "this serial port";
    }
    if (one_chip) {
        *ret_instead = "give each its own channel";
        return phrase(work, "channel %u of the chip at 0x%02x of this bus", (unsigned)claim->channel,
                      (unsigned)claim->address);
    }
    *ret_instead = "give one chip another address or another bus";
    return phrase(work, "address 0x%02x of this bus", (unsigned)claim->address);
}

static void claim(struct work *work, struct claims *claims, const struct claim *wanted)
{
    for (size_t i = 0; i < claims->n; i++) {
        const struct claim *other = &claims->all[i];
        if (!same_thing(wanted, other)) {
            continue;
        }
        const char *instead;
        const char *what = claimed(work, wanted, wanted->part_of_chip && other->part_of_chip, &instead);
        const char *who = other->draft == wanted->draft
                              ? phrase(work, "%s too", other->draft->section->keys[other->key].name)
                              : place_of(work, other->draft);
        tell_mistake(work, wanted->draft, wanted->key, phrase(work, "%s is used by %s", what, who), instead);
        return;
    }
    if (claims->n < claims->cap) {
        claims->all[claims->n++] = *wanted;
    }
}

static void claim_name(struct work *work, struct claims *claims, const struct draft *draft, int key)
{
    const struct draft_value *name = value_of(draft, key);
    if (name->good) {
        claim(work, claims, &(struct claim){ .draft = draft, .key = key, .name = name->text });
    }
}

static void claim_place(struct work *work, struct claims *claims, const struct placed *placed,
                        uint8_t channel)
{
    const struct part_info *part = placed->part;
    if (part == NULL || !value_of(placed->draft, placed->bus_key)->good) {
        return;
    }
    bool serial = part->bus == PART_SERIAL;
    if (serial || (part->bus == PART_I2C && *placed->address != 0)) {
        bool address = value_of(placed->draft, placed->address_key)->set && !serial;
        claim(work, claims,
              &(struct claim){ .draft = placed->draft,
                               .key = address ? placed->address_key : placed->bus_key,
                               .bus = *placed->bus,
                               .address = serial ? 0 : *placed->address,
                               .part_of_chip = part->channels != 0,
                               .channel = channel });
    }
}

static void check_room_parts(struct work *work, const struct draft *root, const struct draft *room,
                             struct config_room *config, struct claims *claims)
{
    const struct draft_value *sensors = value_of(room, K_ROOM_SENSORS);
    for (size_t i = 0; i < sensors->n_items; i++) {
        check_sensor(work, root, sensors->items[i], &config->sensors[i]);
        claim_name(work, claims, sensors->items[i], K_SENSOR_LINE);
        const struct placed placed = placed_sensor(sensors->items[i], &config->sensors[i]);
        claim_place(work, claims, &placed, config->sensors[i].channel);
    }
    const struct draft_value *readers = value_of(room, K_ROOM_READERS);
    for (size_t i = 0; i < readers->n_items; i++) {
        check_reader(work, root, readers->items[i], &config->readers[i]);
        claim_name(work, claims, readers->items[i], K_READER_D0);
        claim_name(work, claims, readers->items[i], K_READER_D1);
        claim_name(work, claims, readers->items[i], K_READER_DEVICE);
        const struct placed placed = placed_reader(readers->items[i], &config->readers[i]);
        claim_place(work, claims, &placed, 0);
    }
    const struct draft_value *outputs = value_of(room, K_ROOM_OUTPUTS);
    for (size_t i = 0; i < outputs->n_items; i++) {
        check_output(work, outputs->items[i], &config->outputs[i]);
        claim_name(work, claims, outputs->items[i], K_OUTPUT_LINE);
        claim_name(work, claims, outputs->items[i], K_OUTPUT_FEEDBACK);
    }
}

void check_parts(struct work *work, const struct draft *root, struct config *config)
{
    const struct draft_value *rooms = value_of(root, K_ROOMS), *buses = value_of(root, K_BUSES);
    struct claims claims = { .cap = 3 * buses->n_items };
    for (size_t i = 0; i < rooms->n_items; i++) {
        const struct config_room *room = &config->rooms[i];
        claims.cap += 2 * room->n_sensors + 4 * room->n_readers + 2 * room->n_outputs;
    }
    claims.all = work_scratch(work, claims.cap * sizeof *claims.all);
    for (size_t i = 0; i < buses->n_items && claims.all != NULL; i++) {
        claim_name(work, &claims, buses->items[i], K_BUS_SCL);
        claim_name(work, &claims, buses->items[i], K_BUS_SDA);
        claim_name(work, &claims, buses->items[i], K_BUS_POWER);
    }
    for (size_t i = 0; i < rooms->n_items && claims.all != NULL; i++) {
        check_room_parts(work, root, rooms->items[i], &config->rooms[i], &claims);
    }
}
