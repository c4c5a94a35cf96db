// The life of the alarms: what a rule's condition, a person and a design ask for, taken through the table.
#include "gateway/core/inside.h"

bool life_follow(struct step *step, size_t a)
{
    const struct alarm_cell *cell = &step->core->alarms[a];
    if (cell->met == alarm_condition(cell->state)) {
        return true;
    }
    if (changes_full(step)) {
        step->actions->more = true;
        return false;
    }
    change_alarm(step, a, cell->met ? ALARM_CONDITION_TRUE : ALARM_CONDITION_FALSE, NULL);
    return true;
}
