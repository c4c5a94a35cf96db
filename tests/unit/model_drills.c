// The model's drills and evacuations: what begins, what ends it, and what is told of it. Nobody is in the
// house.
#include "tests/unit/model.h"

#define MOST_DRILL (2 * 3600 * S)

static void end_drill(struct model_room *room, const char *why)
{
    if (room->drill_ns != 0) {
        room->drill_ended = room->drill_begun ? NULL : why; // fire at the same moment: there was none
        room->drill_begun = false;
        room->drill_ns = room->drill_until_ns = 0;
    }
}

void model_drills_tick(void)
{
    for (size_t r = 0; r < ROOMS; r++) {
        if (model_rooms[r].drill_until_ns != 0 && model_rooms[r].drill_until_ns <= model_step_ns) {
            end_drill(&model_rooms[r], "expired");
        }
    }
}

// Fire is no time for a drill, and everybody leaves.
void model_follow_rolls(void)
{
    for (size_t r = 0; r < ROOMS; r++) {
        model_rooms[r].evacuating = model_standing(SEVERITY_FIRE);
        if (model_rooms[r].evacuating) {
            end_drill(&model_rooms[r], "fire");
        }
    }
}

static void tell(size_t r, enum event_type type, const char *reason)
{
    model_expect((struct expected){
        .type = type, .class = CLASS_FIRE, .room = room_names[r], .alarm = NONE, .reason = reason });
}

void model_tell_rolls(void)
{
    for (size_t r = 0; r < ROOMS; r++) {
        struct model_room *room = &model_rooms[r];
        if (room->drill_ended) {
            fires_over_drills += strcmp(room->drill_ended, "fire") == 0;
            tell(r, EVENT_DRILL_ENDED, room->drill_ended);
        }
        if (room->evacuating != room->told_evacuating) {
            tell(r, room->evacuating ? EVENT_EVACUATION_STARTED : EVENT_EVACUATION_ENDED, NULL);
        }
        if (room->drill_begun) {
            tell(r, EVENT_DRILL_STARTED, NULL);
        }
        room->told_evacuating = room->evacuating;
        room->drill_ended = NULL;
        room->drill_begun = false;
    }
}

enum core_answer model_drill(const struct core_input *input)
{
    bool meant_runs = false, runs = false;
    for (size_t r = 0; r < ROOMS; r++) {
        runs |= model_rooms[r].drill_ns != 0;
        meant_runs |= model_rooms[r].drill_ns != 0 && (input->room == ROOMS || input->room == r);
    }
    if (input->for_ns == 0 && !meant_runs) {
        return CORE_ANSWER_NO_DRILL;
    }
    if (input->for_ns != 0 && (model_standing(SEVERITY_FIRE) || input->for_ns > MOST_DRILL || runs)) {
        return model_standing(SEVERITY_FIRE) ? CORE_ANSWER_FIRE
               : input->for_ns > MOST_DRILL  ? CORE_ANSWER_TOO_LONG
                                             : CORE_ANSWER_DRILL_RUNS;
    }
    for (size_t r = 0; r < ROOMS; r++) {
        struct model_room *room = &model_rooms[r];
        if (input->room != ROOMS && input->room != r) {
            continue;
        }
        if (input->for_ns == 0) {
            end_drill(room, "ended");
            continue;
        }
        room->drill_ns = model_step_ns;
        room->drill_until_ns = model_step_ns + input->for_ns;
        bool known = clock_now.clock != CLOCK_UNSYNCHRONISED;
        room->drill_wall_ms = known ? clock_now.wall_ms + (int64_t)(input->for_ns / MS) : 0;
        room->drill_of_boot = room->drill_begun = true;
    }
    return CORE_ANSWER_DONE;
}

// Where nobody knows how much of its time has passed, it ends.
void model_drill_restart(size_t r, bool another_boot)
{
    struct model_room *room = &model_rooms[r];
    room->drill_of_boot &= !another_boot;
    if (room->drill_ns != 0 && !room->drill_of_boot) {
        bool known = room->drill_wall_ms != 0 && clock_now.clock != CLOCK_UNSYNCHRONISED;
        bool over = !known || room->drill_wall_ms <= clock_now.wall_ms;
        room->drill_ns = model_now;
        room->drill_until_ns =
            model_now + (over ? 0 : (uint64_t)(room->drill_wall_ms - clock_now.wall_ms) * MS);
    }
}
