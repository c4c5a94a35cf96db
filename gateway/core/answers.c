// What people ask of an alarm: acknowledge, reset, shelve. Refusals are recorded too: who tried what, and why
// not.
#include "gateway/core/inside.h"

static bool remote_fire(const struct step *step, const struct core_input *input)
{
    return input->remote && step->core->plan->alarms[input->alarm].class == CLASS_FIRE;
}

// Whoever names an occurrence means that one and no later one; 0 names none.
static bool other_occurrence(const struct alarm_cell *cell, const struct core_input *input)
{
    return input->occurrence != 0 && input->occurrence != cell->occurrence;
}

static enum core_answer may_acknowledge(const struct step *step, const struct core_input *input)
{
    const struct alarm_cell *cell = &step->core->alarms[input->alarm];
    if (remote_fire(step, input)) {
        return CORE_ANSWER_REMOTE_FIRE;
    }
    if (!alarm_standing(cell->state)) {
        return CORE_ANSWER_NOT_STANDING;
    }
    if (other_occurrence(cell, input)) {
        return CORE_ANSWER_OTHER_OCCURRENCE;
    }
    return alarm_unacknowledged(cell->state) ? CORE_ANSWER_DONE : CORE_ANSWER_ALREADY;
}

static enum core_answer may_reset(const struct step *step, const struct core_input *input)
{
    const struct alarm_cell *cell = &step->core->alarms[input->alarm];
    if (remote_fire(step, input)) {
        return CORE_ANSWER_REMOTE_FIRE;
    }
    if (!alarm_standing(cell->state)) {
        return CORE_ANSWER_NOT_STANDING;
    }
    if (other_occurrence(cell, input)) {
        return CORE_ANSWER_OTHER_OCCURRENCE;
    }
    if (step->core->plan->alarms[input->alarm].ending != ALARM_LATCHES) {
        return CORE_ANSWER_NOT_LATCHED;
    }
    if (alarm_condition(cell->state)) {
        return CORE_ANSWER_STILL_TRUE;
    }
    return alarm_unacknowledged(cell->state) ? CORE_ANSWER_UNACKNOWLEDGED : CORE_ANSWER_DONE;
}

static enum core_answer answer(struct step *step, const struct core_input *input, enum core_answer may,
                               enum alarm_cause cause)
{
    if (may == CORE_ANSWER_DONE) {
        change_alarm(step, input->alarm, cause, input);
    } else {
        change_refused(step, input, may);
    }
    return may;
}

enum core_answer answer_acknowledge(struct step *step, const struct core_input *input)
{
    if (input->alarm >= step->core->plan->n_alarms) {
        return CORE_ANSWER_NOT_STANDING; // no such alarm: there is nothing that an event could name
    }
    return answer(step, input, may_acknowledge(step, input), ALARM_ACKNOWLEDGE);
}

enum core_answer answer_reset(struct step *step, const struct core_input *input)
{
    if (input->alarm >= step->core->plan->n_alarms) {
        return CORE_ANSWER_NOT_STANDING;
    }
    return answer(step, input, may_reset(step, input), ALARM_RESET);
}

// Fire, gas, carbon monoxide and help are never set aside; nor is what would tell that a detector of fire
// sees nothing.
static bool never_shelved(const struct core *core, size_t a)
{
    const struct core_alarm *alarm = &core->plan->alarms[a];
    bool of_point = alarm->kind == CORE_ALARM_TROUBLE || alarm->kind == CORE_ALARM_FLOOR ||
                    alarm->kind == CORE_ALARM_ISOLATED;
    return alarm->class == CLASS_FIRE || alarm->ending == ALARM_LATCHES ||
           (of_point && life_of_fire(core, alarm->point));
}

static enum core_answer may_shelve(const struct step *step, const struct core_input *input)
{
    enum alarm_state state = step->core->alarms[input->alarm].state;
    if (input->for_ns == 0) { // nothing is hidden by that
        return state == ALARM_SHELVED ? CORE_ANSWER_DONE : CORE_ANSWER_NOT_SHELVED;
    }
    if (remote_fire(step, input)) {
        return CORE_ANSWER_REMOTE_FIRE;
    }
    if (never_shelved(step->core, input->alarm)) {
        return CORE_ANSWER_LATCHES;
    }
    if (input->for_ns > CORE_SHELVE_MAX_NS) {
        return CORE_ANSWER_TOO_LONG;
    }
    return state == ALARM_SUPPRESSED || state == ALARM_OUT_OF_SERVICE ? CORE_ANSWER_SET_ASIDE
                                                                      : CORE_ANSWER_DONE;
}

// Asked again, the shelf has another end, which counts from now.
static void shelve(struct step *step, const struct core_input *input)
{
    struct alarm_cell *cell = &step->core->alarms[input->alarm];
    cell->until_ns = step->now->boottime_ns + input->for_ns;
    cell->until_wall_ms = life_wall_end(step->now, input->for_ns);
    if (cell->state == ALARM_SHELVED) {
        life_stir(step->core, step->core->plan->alarms[input->alarm].room_index);
        change_tell(step, input->alarm, ALARM_SHELVE, input);
    } else {
        change_alarm(step, input->alarm, ALARM_SHELVE, input);
    }
}

enum core_answer answer_shelve(struct step *step, const struct core_input *input)
{
    if (input->alarm >= step->core->plan->n_alarms) {
        return CORE_ANSWER_NOT_SHELVED;
    }
    enum core_answer may = may_shelve(step, input);
    if (may == CORE_ANSWER_DONE && input->for_ns != 0) {
        shelve(step, input);
        return may;
    }
    return answer(step, input, may, ALARM_UNSHELVE);
}
