#include "tests/board/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/common/quantity.h"
#include "gateway/guard/guard.h"
#include "sensors/sim/sim.h"

int world_build(const char *path, struct config **ret_config)
{
    int r = config_load(path, &guard_catalogue, config_report_text, stderr, ret_config);
    return r < 0 ? r : sim_build(*ret_config);
}

static int set(const char *room, const char *sensor, char *rest)
{
    enum quantity quantity;
    int32_t value;
    const char *name = strsep(&rest, " ");
    if (!rest || quantity_find(name, &quantity) < 0 || quantity_parse(quantity, rest, &value) < 0) {
        return -EINVAL;
    }
    return sim_set(room, sensor, quantity, value);
}

static int break_part(const char *room, const char *part, const char *name)
{
    unsigned fault = 0;
    while (fault < SIM_FAULT_COUNT && strcmp(sim_fault_names[fault], name) != 0) {
        fault++;
    }
    return fault < SIM_FAULT_COUNT ? sim_fault(room, part, (enum sim_fault)fault) : -EINVAL;
}

int world_change(char *line)
{
    char *rest = line;
    const char *what = strsep(&rest, " "), *room = strsep(&rest, "/"), *part = strsep(&rest, " ");
    if (!rest) {
        return -EINVAL;
    }
    if (strcmp(what, "set") == 0) {
        return set(room, part, rest);
    }
    if (strcmp(what, "fault") == 0) {
        return break_part(room, part, rest);
    }
    return strcmp(what, "show") == 0 ? sim_show(room, part, rest) : -EINVAL;
}

void world_obey(const char *program, int (*change)(char *line))
{
    char line[256], told[256];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        memcpy(told, line, sizeof told);
        int r = change(line);
        if (r < 0) {
            fprintf(stderr, "%s: \"%s\": %s\n", program, told, strerror(-r));
        }
    }
}
