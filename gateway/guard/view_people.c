// Who is in the rooms, as counts.
#include "gateway/guard/view.h"

static const char *const keys[] = {
    [PERSON_CHILD] = "children",
    [PERSON_STAFF] = "staff",
    [PERSON_GUARDIAN] = "guardians",
};
_Static_assert(sizeof keys / sizeof keys[0] == PERSON_KIND_COUNT, "a kind without a key");

static void add_kinds(json_t *json, const unsigned counts[static PERSON_KIND_COUNT])
{
    for (size_t k = 0; k < PERSON_KIND_COUNT; k++) {
        json_object_set_new(json, keys[k], json_integer((json_int_t)counts[k]));
    }
}

json_t *view_rollcall(const struct core_snapshot *snapshot, size_t r)
{
    const struct core_roll_view *roll = &snapshot->rolls[r];
    json_t *json = json_pack("{s:s}", "of", core_roll_names[roll->of]);
    add_kinds(json, roll->count.kinds);
    for (size_t m = 0; m < ROLL_MARK_COUNT; m++) {
        json_object_set_new(json, roll_mark_names[m], json_integer((json_int_t)roll->count.marks[m]));
    }
    if (roll->until_ns != 0) {
        uint64_t rest_ns = roll->until_ns > snapshot->now_ns ? roll->until_ns - snapshot->now_ns : 0;
        json_object_set_new(json, "rest_ms", json_integer((json_int_t)(rest_ns / NS_PER_MS)));
    }
    return json;
}

void view_add_people(json_t *room, const struct core_snapshot *snapshot, size_t r)
{
    unsigned present[PERSON_KIND_COUNT] = { 0 };
    for (size_t i = 0; i < snapshot->n_people; i++) {
        if (snapshot->people[i].room == r) {
            present[snapshot->people[i].kind]++;
        }
    }
    json_t *json = json_object();
    add_kinds(json, present);
    json_object_set_new(room, "present", json);
    if (snapshot->rolls[r].of != CORE_ROLL_NONE) {
        json_object_set_new(room, "rollcall", view_rollcall(snapshot, r));
    }
}
