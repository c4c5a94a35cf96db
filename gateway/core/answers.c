// What people ask of an alarm: acknowledge, reset. Refusals are recorded too: who tried what, and why not.
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
