#include "gateway/guard/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/common/control.h"
#include "sensors/bus/gpio.h"
#include "sensors/bus/i2c.h"
#include "sensors/driver.h"
#include "sensors/probe.h"
#include "sensors/reader.h"

#define ADDRESSES  128
#define GUARD_RUNS "/run/careroom" // where the installed guard is to be asked for

// ---- What there is

static int list_line(const char *chip, unsigned offset, const char *name, bool used, void *user)
{
    json_array_append_new(user, json_pack("{s:s, s:i, s:s, s:b}", "chip", chip, "offset", (int)offset, "name",
                                          name, "used", used));
    return 0;
}

static int list_bus(const char *path, const char *name, void *user)
{
    json_array_append_new(user, json_pack("{s:s, s:s, s:[]}", "path", path, "name", name, "devices"));
    return 0;
}

int scan_list(json_t **ret_scan)
{
    json_t *buses = json_array(), *lines = json_array();
    int r = i2c_list(list_bus, buses);
    if (r >= 0) {
        r = gpio_list(list_line, lines);
    }
    if (r < 0 && r != -ENOENT) {
        json_decref(buses);
        json_decref(lines);
        return r;
    }
    *ret_scan = json_pack("{s:o, s:o}", "buses", buses, "lines", lines);
    return *ret_scan ? 0 : -ENOMEM;
}

// ---- Who is on a bus

static bool has_address(const struct part_info *info, uint8_t address)
{
    const size_t n = sizeof info->addresses / sizeof *info->addresses;
    for (size_t i = 0; info->bus == PART_I2C && i < n && info->addresses[i]; i++) {
        if (info->addresses[i] == address) {
            return true;
        }
    }
    return false;
}

// The parts of both tables one after the other; NULL ends.
static const struct part_info *part_at(size_t index)
{
    size_t n_drivers = 0;
    while (driver_at(n_drivers)) {
        n_drivers++;
    }
    if (index < n_drivers) {
        return &driver_at(index)->info;
    }
    const struct reader *reader = reader_at(index - n_drivers);
    return reader ? &reader->info : NULL;
}

struct look {
    json_t *is, *may_be; // names of parts: those that it says it is, and those that can't say
    bool answers;
};

// Ask every part that can have this address. No more than one kind is there, so that the first that
// recognises itself ends it, but for those that can't be told apart.
static void ask_parts(struct i2c_bus *bus, uint8_t address, struct look *look)
{
    const struct part_info *part;
    for (size_t i = 0; (part = part_at(i)); i++) {
        if (!has_address(part, address)) {
            continue;
        }
        int r = probe_part(part->name, bus, address);
        if (r == 0) {
            json_array_append_new(look->is, json_string(part->name));
        } else if (r == -ENOTSUP) {
            json_array_append_new(look->may_be, json_string(part->name));
        }
        look->answers = look->answers || r == 0 || r == -EPROTOTYPE;
    }
    look->answers = look->answers || probe_anybody(bus, address) == 0;
}

static json_t *look_at(struct i2c_bus *bus, uint8_t address)
{
    if (i2c_claimed(bus, address) == -EBUSY) {
        return json_pack("{s:i, s:b}", "address", (int)address, "kernel", 1);
    }
    struct look look = { .is = json_array(), .may_be = json_array() };
    ask_parts(bus, address, &look);
    json_t *device = NULL;
    if (look.answers) {
        bool known = json_array_size(look.is) > 0;
        device = json_pack("{s:i, s:b, s:O}", "address", (int)address, "answers", 1, "parts",
                           known ? look.is : look.may_be);
        if (known) {
            json_object_set(device, "part", json_array_get(look.is, 0));
        }
    }
    json_decref(look.is);
    json_decref(look.may_be);
    return device;
}

static bool anybody_has(uint8_t address)
{
    const struct part_info *part;
    for (size_t i = 0; (part = part_at(i)); i++) {
        if (has_address(part, address)) {
            return true;
        }
    }
    return false;
}

static void probe_bus(json_t *json)
{
    struct i2c_bus *bus;
    int r = i2c_open(json_string_value(json_object_get(json, "path")), &bus);
    if (r < 0) {
        json_object_set_new(json, "error", json_string(r == -EOPNOTSUPP ? "no plain I2C" : strerror(-r)));
        return;
    }
    for (unsigned address = 0; address < ADDRESSES; address++) {
        json_t *device = anybody_has((uint8_t)address) ? look_at(bus, (uint8_t)address) : NULL;
        if (device) {
            json_array_append_new(json_object_get(json, "devices"), device);
        }
    }
    i2c_close(bus);
}

void scan_probe(json_t *scan)
{
    size_t i;
    json_t *bus;
    json_array_foreach(json_object_get(scan, "buses"), i, bus)
    {
        probe_bus(bus);
    }
}

// ---- --scan

static bool guard_runs(const char *run_dir)
{
    struct control_client *client;
    int r = control_connect(run_dir, &client);
    if (r == 0) {
        control_close(client);
    }
    return r != -ENOENT && r != -ECONNREFUSED; // one that does not let us in runs as well
}

// The configuration where there is one: before the first there is nothing to read.
static int load(const char *file, bool needed, struct config **ret_config)
{
    if (!needed && access(file, F_OK) < 0 && errno == ENOENT) {
        return 0;
    }
    return config_load(file, &guard_catalogue, config_report_text, stderr, ret_config);
}

static int scan_machine(const struct config *config, bool yaml)
{
    json_t *scan;
    int r = scan_list(&scan);
    if (r < 0) {
        fprintf(stderr, "buses and lines can't be listed: %s\n", strerror(-r));
        return 1;
    }
    scan_probe(scan);
    if (yaml) {
        char *text = scan_yaml(scan, config);
        fputs(text ? text : "", stdout);
        free(text);
    } else {
        scan_print(scan, stdout);
    }
    json_decref(scan);
    return fflush(stdout) == 0 ? 0 : 1;
}

int scan_main(const char *file, bool yaml, const struct guard_extension *extension)
{
    struct config *config = NULL;
    if (load(file, extension != NULL, &config) < 0) {
        return 1;
    }
    int status = 1;
    int r = extension ? extension->prepare(config) : 0;
    if (r < 0) {
        fprintf(stderr, "the simulated room can't be made: %s\n", strerror(-r));
    } else if ((config && guard_runs(config->run_dir)) || (!extension && guard_runs(GUARD_RUNS))) {
        fprintf(stderr, "careroomd is running, and a scan would disturb its buses; ask it with "
                        "`careroomctl scan`, or stop it first\n");
    } else {
        status = scan_machine(config, yaml);
    }
    config_free(config);
    return status;
}
