// The alarms as people and programs see them: those that stand, and those that somebody or something has set
// aside.
#include <stdlib.h>
#include <string.h>

#include "gateway/guard/instructions.h"
#include "gateway/guard/view.h"

static void put_end(json_t *json, uint64_t until_ns, uint64_t now_ns)
{
    if (until_ns > now_ns) {
        json_object_set_new(json, "rest_ms", json_integer((json_int_t)((until_ns - now_ns) / NS_PER_MS)));
    }
}

static json_t *alarm_json(const struct config *config, const struct plan *plan,
                          const struct core_snapshot *snapshot, size_t i)
{
    const struct core_alarm *alarm = &plan->core.alarms[i];
    const struct core_alarm_view *view = &snapshot->alarms[i];
    const struct core_point_view *point = &snapshot->points[alarm->point];
    enum instruction instruction = instruction_of(&plan->core, alarm);
    const char *own = instruction_texts[language_of(config)][instruction];
    const char *site = plan_site_instruction(plan, config, i);
    char name[NAME_SIZE], since[32];
    plan_alarm_name(plan, i, name, sizeof name);
    clock_format_utc(view->since_wall_ms, since, sizeof since);
    json_t *json =
        json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "id", name, "occurrence",
                  (json_int_t)view->occurrence, "state", alarm_state_names[view->state], "severity",
                  severity_names[alarm->severity], "since", since, "instruction", own, "phrase",
                  instruction_names[instruction], "condition", view->condition, "firstout", view->first_out);
    if (site) {
        json_object_set_new(json, "site_instruction", json_string(site));
    }
    if (alarm->kind == CORE_ALARM_TROUBLE && point->trouble != TROUBLE_NONE) {
        json_object_set_new(json, "reason", json_string(trouble_names[point->trouble]));
    }
    if (alarm->kind == CORE_ALARM_ISOLATED) {
        put_end(json, point->isolated_until_ns, snapshot->now_ns);
    }
    return json;
}

// Gravest first, then the oldest.
struct standing {
    size_t alarm;
    enum severity severity;
    int64_t since_wall_ms;
};

static int compare_standing(const void *a, const void *b)
{
    const struct standing *x = a, *y = b;
    if (x->severity != y->severity) {
        return x->severity > y->severity ? -1 : 1;
    }
    return (x->since_wall_ms > y->since_wall_ms) - (x->since_wall_ms < y->since_wall_ms);
}

json_t *view_alarms(const struct config *config, const struct plan *plan,
                    const struct core_snapshot *snapshot)
{
    struct standing *standing = calloc(plan->core.n_alarms, sizeof *standing);
    json_t *array = json_array();
    size_t n = 0;
    for (size_t i = 0; standing && i < plan->core.n_alarms; i++) {
        if (alarm_standing(snapshot->alarms[i].state)) {
            standing[n++] =
                (struct standing){ i, plan->core.alarms[i].severity, snapshot->alarms[i].since_wall_ms };
        }
    }
    if (standing) {
        qsort(standing, n, sizeof *standing, compare_standing);
    }
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(array, alarm_json(config, plan, snapshot, standing[i].alarm));
    }
    free(standing);
    return array;
}

json_t *view_set_aside(const struct plan *plan, const struct core_snapshot *snapshot)
{
    json_t *array = json_array();
    for (size_t i = 0; i < plan->core.n_alarms; i++) {
        const struct core_alarm_view *view = &snapshot->alarms[i];
        if (!alarm_set_aside(view->state)) {
            continue;
        }
        char name[NAME_SIZE];
        plan_alarm_name(plan, i, name, sizeof name);
        json_t *json = json_pack("{s:s, s:s}", "id", name, "state", alarm_state_names[view->state]);
        put_end(json, view->state == ALARM_SHELVED ? view->until_ns : 0, snapshot->now_ns);
        json_array_append_new(array, json);
    }
    return array;
}
