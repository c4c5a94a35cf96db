#include "gateway/guard/trial.h"

#include <stdio.h>
#include <string.h>

const char *const test_answer_words[TEST_ANSWER_COUNT] = {
    [TEST_DONE] = "done",
    [TEST_REMOTE] = "remote",
    [TEST_FIRE] = "fire-stands",
    [TEST_NO_LINE] = "no-line",
};

const char *const test_answer_sentences[TEST_ANSWER_COUNT] = {
    [TEST_DONE] = "done",
    [TEST_REMOTE] = "an output is tested in the room, not from beyond it.",
    [TEST_FIRE] = "a fire alarm stands; sounders and relays are tested after it has been reset.",
    [TEST_NO_LINE] = "its line can't be had; see careroomctl status and careroomctl scan.",
};

size_t trial_find_output(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->core.n_outputs; i++) {
        const struct core_output *output = &plan->core.outputs[i];
        size_t room = strlen(output->room);
        if (strncmp(name, output->room, room) == 0 && name[room] == '/' &&
            strcmp(name + room + 1, output->id) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

enum test_answer trial_may(const struct core *core, const struct core_plan *plan, bool remote)
{
    if (remote) {
        return TEST_REMOTE;
    }
    for (size_t i = 0; i < plan->n_alarms; i++) {
        struct core_alarm_view view;
        core_view_alarm(core, i, &view);
        if (plan->alarms[i].class == CLASS_FIRE && alarm_standing(view.state)) {
            return TEST_FIRE;
        }
    }
    return TEST_DONE;
}

void trial_event(const struct core_output *output, enum test_answer answer, bool remote, const char *actor,
                 const struct core_now *now, struct event *ret_event)
{
    *ret_event = (struct event){
        .type = answer == TEST_DONE ? EVENT_COMMAND_ACCEPTED : EVENT_COMMAND_REFUSED,
        .class = CLASS_SYSTEM,
        .clock = now->clock,
        .boottime_ns = now->boottime_ns,
        .wall_ms = now->wall_ms,
        .room = output->room,
        .item = output->id,
    };
    (void)snprintf(ret_event->actor, sizeof ret_event->actor, "%s", actor);
    event_add_word(ret_event, FIELD_COMMAND, "test");
    if (answer != TEST_DONE) {
        event_add_word(ret_event, FIELD_REASON, test_answer_words[answer]);
    }
    event_add_word(ret_event, FIELD_VIA, remote ? "mqtt" : "local");
}
