// What was found, in words and as the beginning of a configuration.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/guard/scan.h"
#include "sensors/driver.h"
#include "sensors/reader.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int address_of(const json_t *device)
{
    return (int)json_integer_value(json_object_get(device, "address"));
}

// "lm75, tmp102 or ads1115-loop"
static void put_parts(FILE *out, const json_t *device)
{
    const json_t *parts = json_object_get(device, "parts");
    size_t n = json_array_size(parts);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s%s",
                i == 0       ? ""
                : i == n - 1 ? " or "
                             : ", ",
                json_string_value(json_array_get(parts, i)));
    }
}

// ---- For people

static void print_device(FILE *out, const json_t *device)
{
    fprintf(out, "    0x%02x  ", (unsigned)address_of(device));
    if (json_is_true(json_object_get(device, "kernel"))) {
        fputs("has a driver of the kernel; not asked\n", out);
    } else if (json_object_get(device, "part")) {
        put_parts(out, device);
        fputc('\n', out);
    } else if (json_array_size(json_object_get(device, "parts"))) {
        fputs("something answers: ", out);
        put_parts(out, device);
        fputs("?\n", out);
    } else {
        fputs("something answers that is no part known here\n", out);
    }
}

static void print_bus(FILE *out, const json_t *bus)
{
    fprintf(out, "%s  %s\n", text_of(bus, "path"), text_of(bus, "name"));
    const json_t *devices = json_object_get(bus, "devices");
    size_t i;
    json_t *device;
    json_array_foreach(devices, i, device)
    {
        print_device(out, device);
    }
    if (json_object_get(bus, "error")) {
        fprintf(out, "    can't be used: %s\n", text_of(bus, "error"));
    } else if (json_array_size(devices) == 0) {
        fputs("    no part known here answers\n", out);
    }
}

void scan_print(const json_t *scan, FILE *out)
{
    const json_t *buses = json_object_get(scan, "buses"), *lines = json_object_get(scan, "lines");
    size_t i;
    json_t *item;
    json_array_foreach(buses, i, item)
    {
        print_bus(out, item);
    }
    if (json_array_size(buses) == 0) {
        fputs("no I2C bus: switch it on, and load the module i2c-dev\n", out);
    }
    fputs(json_array_size(lines) ? "\nlines\n" : "\nno GPIO lines\n", out);
    json_array_foreach(lines, i, item)
    {
        const char *name = text_of(item, "name");
        fprintf(out, "    %-20s  %s:%d  %s\n", *name ? name : "(no name)", text_of(item, "chip"),
                (int)json_integer_value(json_object_get(item, "offset")),
                json_is_true(json_object_get(item, "used")) ? "used" : "free");
    }
}

// ---- The configuration

// How often each part has had an id here.
struct numbers {
    const char *parts[64];
    unsigned used[64];
};

static unsigned next_number(struct numbers *numbers, const char *part)
{
    size_t i = 0;
    while (i < 63 && numbers->parts[i] && strcmp(numbers->parts[i], part) != 0) {
        i++;
    }
    numbers->parts[i] = part;
    return ++numbers->used[i];
}

// The id that the configuration gives a bus, else "i2c-1" of /dev/i2c-1, else by its place.
static void bus_id(const struct config *config, const json_t *bus, size_t index, char *buf, size_t size)
{
    static const char usual[] = "/dev/i2c-";
    const char *path = text_of(bus, "path");
    for (size_t i = 0; config && i < config->n_buses; i++) {
        if (config->buses[i].i2c && strcmp(config->buses[i].i2c, path) == 0) {
            (void)snprintf(buf, size, "%s", config->buses[i].id);
            return;
        }
    }
    bool is_usual = strncmp(path, usual, sizeof usual - 1) == 0;
    const char *number = is_usual ? path + sizeof usual - 1 : "";
    if (*number != '\0' && number[strspn(number, "0123456789")] == '\0') {
        (void)snprintf(buf, size, "i2c-%.8s", number);
    } else {
        (void)snprintf(buf, size, "bus-%zu", index + 1);
    }
}

static void put_buses(FILE *out, const json_t *buses, const struct config *config)
{
    size_t i;
    json_t *bus;
    if (json_array_size(buses) == 0) {
        fputs("# No I2C bus was found.\n", out);
        return;
    }
    fputs("buses:\n", out);
    json_array_foreach(buses, i, bus)
    {
        char id[ID_SIZE];
        bus_id(config, bus, i, id, sizeof id);
        fprintf(out, "  - { id: %s, i2c: \"%s\" } # %s\n", id, text_of(bus, "path"), text_of(bus, "name"));
    }
}

// A part that says who it is and answers goes in as it is; what is doubtful is left as a comment.
static bool is_certain(const json_t *device)
{
    return json_object_get(device, "part") && json_is_true(json_object_get(device, "answers"));
}

static const char *likely_part(const json_t *device)
{
    const char *part = text_of(device, "part");
    return *part ? part : json_string_value(json_array_get(json_object_get(device, "parts"), 0));
}

static void put_device(FILE *out, const json_t *device, const char *bus, struct numbers *numbers)
{
    const char *part = likely_part(device);
    bool certain = is_certain(device);
    fprintf(out, "      %s- { id: %s-%u, driver: %s, bus: %s, address: 0x%02x }", certain ? "" : "#", part,
            next_number(numbers, part), part, bus, (unsigned)address_of(device));
    if (json_is_false(json_object_get(device, "answers"))) {
        fputs(" # does not answer", out);
    } else if (json_array_size(json_object_get(device, "parts")) > 1 || !certain) {
        fputs(certain ? " # " : " # answers, and may be ", out);
        put_parts(out, device);
        fputs(certain ? ": see what is printed on it" : "", out);
    }
    fputc('\n', out);
}

// Every device of the buses that goes below this key: sensors, or card readers.
static size_t each_device(FILE *out, const json_t *buses, const struct config *config, bool readers,
                          struct numbers *numbers, bool certain_only)
{
    size_t i, k, n = 0;
    json_t *bus, *device;
    json_array_foreach(buses, i, bus)
    {
        char id[ID_SIZE];
        bus_id(config, bus, i, id, sizeof id);
        json_array_foreach(json_object_get(bus, "devices"), k, device)
        {
            const char *part = likely_part(device);
            if (!part || (reader_find(part) != NULL) != readers || (certain_only && !is_certain(device))) {
                continue;
            }
            n++;
            if (out) {
                put_device(out, device, id, numbers);
            }
        }
    }
    return n;
}

// The key is a comment too where all below it are.
static void put_devices(FILE *out, const json_t *buses, const struct config *config, bool readers)
{
    struct numbers numbers = { 0 };
    bool any = each_device(NULL, buses, config, readers, &numbers, true) > 0;
    fprintf(out, "    %s%s:\n", any ? "" : "#", readers ? "readers" : "sensors");
    (void)each_device(out, buses, config, readers, &numbers, false);
}

static bool is_header_line(const json_t *line)
{
    const char *name = text_of(line, "name");
    return strncmp(name, "GPIO", 4) == 0 && isdigit((unsigned char)name[4]) &&
           name[4 + strspn(name + 4, "0123456789")] == '\0' && !json_is_true(json_object_get(line, "used"));
}

static void put_lines(FILE *out, const json_t *lines)
{
    size_t i;
    json_t *line;
    fputs("      # Contacts, on any of the free lines. ROLE: smoke, heat, call-point, gas, carbon-monoxide, "
          "help, door,\n"
          "      # window, water, tamper or mains.\n",
          out);
    json_array_foreach(lines, i, line)
    {
        if (is_header_line(line)) {
            const char *number = text_of(line, "name") + 4;
            fprintf(out,
                    "      #- { id: contact-%.10s, driver: contact, line: GPIO%.10s, role: ROLE, wiring: "
                    "normally-closed }\n",
                    number, number);
        }
    }
}

static void put_all(FILE *out, const json_t *scan, const struct config *config)
{
    const json_t *buses = json_object_get(scan, "buses");
    fputs("# What was found on this machine, as the beginning of a configuration. Take the # away from what "
          "is there,\n"
          "# say what is written in capitals, and ask `careroomd --config FILE --check` before anything is "
          "started.\n",
          out);
    fprintf(out, "gateway: { id: %s, site: %s, timezone: %s } # who this is: part of every event\n",
            config ? config->gateway_id : "gateway-1", config ? config->site : "site-1",
            config ? config->timezone : "UTC");
    put_buses(out, buses, config);
    fputs("rooms:\n  - id: room-1\n", out);
    put_devices(out, buses, config, false);
    put_lines(out, json_object_get(scan, "lines"));
    put_devices(out, buses, config, true);
    fputs("      #- { id: entry, driver: wiegand, d0: LINE, d1: LINE }\n"
          "    #outputs: # ROLE: sounder, beacon, ventilation or door-release\n"
          "      #- { id: siren, line: LINE, role: ROLE }\n",
          out);
}

char *scan_yaml(const json_t *scan, const struct config *config)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    put_all(out, scan, config);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
