// scan: what the guard finds on its buses and chips.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/ask.h"
#include "gateway/ctl/json_text.h"
#include "gateway/ctl/text.h"

static void print_device(struct table *table, const json_t *device)
{
    uint64_t address;
    if (count_of(device, "address", &address) == 0)
        table_cell(table, STYLE_PLAIN, "0x%02x", (unsigned)address);
    else
        table_cell(table, STYLE_PLAIN, "unknown");
    const char *part = text_or_nothing(device, "part");
    table_cell(table, STYLE_PLAIN, "%s", *part == '\0' ? "of no kind known here" : part);
    // The guard tells of configured chips whether they answer; a chip that was found answers.
    bool silent = json_is_false(json_object_get(device, "answers"));
    table_cell(table, silent ? STYLE_BAD : STYLE_GOOD, "%s", silent ? "does not answer" : "answers");
}

static void print_bus(const json_t *bus)
{
    struct table head = { .columns = 3 };
    table_cell(&head, STYLE_HEAD, "%s", text_of(bus, "path"));
    table_cell(&head, STYLE_PLAIN, "%s", text_or_nothing(bus, "id"));
    table_cell(&head, STYLE_FAINT, "%s", text_or_nothing(bus, "name"));
    table_print(&head);
    struct table table = { .columns = 3, .indent = 4 };
    const json_t *devices = json_object_get(bus, "devices");
    size_t i;
    json_t *device;
    json_array_foreach(devices, i, device) print_device(&table, device);
    table_print(&table);
    if (json_array_size(devices) == 0)
        printf("    nothing answers\n");
}

static void print_lines(const json_t *lines)
{
    struct table table = { .columns = 3, .indent = 4 };
    size_t i;
    json_t *line;
    json_array_foreach(lines, i, line)
    {
        const json_t *used = json_object_get(line, "used");
        const char *name = text_or_nothing(line, "name");
        table_cell(&table, STYLE_HEAD, "%s", *name == '\0' ? "(no name)" : name);
        table_cell(&table, STYLE_PLAIN, "%s:%s", text_of(line, "chip"), number_of(line, "offset").text);
        table_cell(&table, STYLE_PLAIN, "%s",
                   json_is_boolean(used) ? (json_is_true(used) ? "used" : "free") : "unknown");
    }
    printf("\nlines\n");
    if (json_array_size(lines) == 0)
        printf("    none\n");
    table_print(&table);
}

static void print_text(const char *text)
{
    char *copy = ctl_must(strdup(text)), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;) {
        text_put(stdout, STYLE_PLAIN, line, 0);
        putchar('\n');
    }
    free(copy);
}

static enum ctl_status print_configuration(struct ctl *ctl)
{
    json_t *yaml = NULL;
    enum ctl_status status =
        ask_guard_for(ctl, json_pack("{s:s,s:b}", "op", "scan", "yaml", 1), "yaml", JSON_STRING, &yaml);
    if (status == CTL_DONE)
        print_text(json_string_value(yaml));
    json_decref(yaml);
    return status;
}

enum ctl_status ctl_scan_command(struct ctl *ctl)
{
    if (ctl->option[OPTION_YAML] != NULL)
        return print_configuration(ctl);
    json_t *scan = NULL;
    enum ctl_status status = ask_guard_for(ctl, json_pack("{s:s}", "op", "scan"), "scan", JSON_OBJECT, &scan);
    if (status != CTL_DONE)
        return status;
    if (ctl->option[OPTION_JSON] != NULL) {
        ctl_print_json(scan);
    } else {
        const json_t *buses = json_object_get(scan, "buses");
        size_t i;
        json_t *bus;
        json_array_foreach(buses, i, bus) print_bus(bus);
        if (json_array_size(buses) == 0)
            printf("no bus is configured\n");
        print_lines(json_object_get(scan, "lines"));
    }
    json_decref(scan);
    return status;
}
