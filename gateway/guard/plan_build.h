// The plan while it is being filled. Internal to the plan (plan.c, plan_rules.c).
#ifndef CAREROOM_GUARD_PLAN_BUILD_H
#define CAREROOM_GUARD_PLAN_BUILD_H

#include "gateway/guard/plan.h"

struct plan_builder {
    struct plan *plan;
    struct core_point *points;
    struct core_alarm *alarms;
    struct core_output *outputs;
    struct core_room *rooms;
    struct core_member *members;
    char *names; // of alarms that are called after a point, one NAME_SIZE slot each
    size_t n_points, n_alarms, n_outputs, n_members, n_names;
};

// The place of the next alarm, which comes from a rule or a sensor or from neither.
struct core_alarm *plan_next_alarm(struct plan_builder *b, const struct config_rule *rule,
                                   const struct config_sensor *sensor);

// How many members and suppressors a room's rules have together.
size_t plan_count_members(const struct config_room *room);

// A room's rules as alarms, in their order, so that members come before what names them. Its sensors are in
// the plan already, the first as first_point, together with their own alarms.
void plan_add_rules(struct plan_builder *b, const struct config_room *room, size_t r, size_t first_point);

#endif
