// What people ask of the model.
#include "tests/unit/model.h"

#define MOST_SHELF   (24 * 3600 * S)
#define MOST_ISOLATE (7 * 24 * 3600 * S)
#define MOST_SILENCE (30 * 60 * S)
#define MOST_IN_FIRE (5 * 60 * S)

// An alarm of the fire class, be it a pre-alarm.
bool model_fire_class(void)
{
    bool fire = false;
    for (size_t a = 0; a < house.n_alarms; a++) {
        fire |= model_alarms[a].stands && house_alarms[a].class == CLASS_FIRE;
    }
    return fire;
}

static enum core_answer may_answer(const struct core_input *input)
{
    const struct model_alarm *m = &model_alarms[input->alarm];
    const struct core_alarm *alarm = &house_alarms[input->alarm];
    if (input->remote && alarm->class == CLASS_FIRE) {
        return CORE_ANSWER_REMOTE_FIRE;
    }
    if (!m->stands) {
        return CORE_ANSWER_NOT_STANDING;
    }
    if (input->occurrence && input->occurrence != m->occurrence) {
        return CORE_ANSWER_OTHER_OCCURRENCE;
    }
    if (input->kind == CORE_INPUT_ACK) {
        return m->answered ? CORE_ANSWER_ALREADY : CORE_ANSWER_DONE;
    }
    if (alarm->ending != ALARM_LATCHES) {
        return CORE_ANSWER_NOT_LATCHED;
    }
    if (m->holds) {
        return CORE_ANSWER_STILL_TRUE;
    }
    return m->answered ? CORE_ANSWER_DONE : CORE_ANSWER_UNACKNOWLEDGED;
}

static void take_answer(const struct core_input *input)
{
    struct model_alarm *m = &model_alarms[input->alarm];
    bool reset = input->kind == CORE_INPUT_RESET;
    m->answered = true;
    m->escalates_ns = 0;
    if (reset || (!m->holds && house_alarms[input->alarm].ending != ALARM_LATCHES)) {
        m->stands = false;
    }
    model_tell(input->alarm, reset ? EVENT_ALARM_RESET : EVENT_ALARM_ACKNOWLEDGED, NULL);
}

// Of the first that says no.
static enum core_answer may_shelve(const struct core_input *input)
{
    const struct core_alarm *alarm = &house_alarms[input->alarm];
    const struct model_alarm *m = &model_alarms[input->alarm];
    bool fire = alarm->class == CLASS_FIRE;
    bool tells_of_fire =
        (alarm->kind == CORE_ALARM_TROUBLE || alarm->kind == CORE_ALARM_ISOLATED) && of_fire(alarm->point);
    if (input->for_ns == 0) {
        return m->shelved ? CORE_ANSWER_DONE : CORE_ANSWER_NOT_SHELVED;
    }
    return input->remote && fire                                     ? CORE_ANSWER_REMOTE_FIRE
           : fire || tells_of_fire || alarm->ending == ALARM_LATCHES ? CORE_ANSWER_LATCHES
           : input->for_ns > MOST_SHELF                              ? CORE_ANSWER_TOO_LONG
           : m->out || m->suppressed                                 ? CORE_ANSWER_SET_ASIDE
                                                                     : CORE_ANSWER_DONE;
}

static int64_t wall_end(uint64_t for_ns)
{
    return clock_now.clock == CLOCK_UNSYNCHRONISED ? 0 : clock_now.wall_ms + (int64_t)(for_ns / MS);
}

static void take_shelf(const struct core_input *input)
{
    struct model_alarm *m = &model_alarms[input->alarm];
    m->shelved = input->for_ns != 0;
    m->stands = m->holds = m->answered = false;
    m->escalates_ns = 0;
    m->shelf_ns = m->shelved ? model_step_ns + input->for_ns : 0;
    m->shelf_wall_ms = m->shelved ? wall_end(input->for_ns) : 0;
    model_tell(input->alarm, m->shelved ? EVENT_ALARM_SHELVED : EVENT_ALARM_UNSHELVED,
               m->shelved ? NULL : "ended");
}

static enum core_answer may_isolate(const struct core_input *input)
{
    size_t p = input->point;
    if (house_points[p].room_index == ROOMS) {
        return CORE_ANSWER_NO_POINT;
    }
    if (input->for_ns == 0) {
        return model_points[p].isolated_ns ? CORE_ANSWER_DONE : CORE_ANSWER_NOT_ISOLATED;
    }
    bool unanswered = false;
    for (size_t a = 0; a < house.n_alarms; a++) {
        bool own = house_alarms[a].point == p && house_alarms[a].kind != CORE_ALARM_ISOLATED &&
                   house_alarms[a].kind != CORE_ALARM_COMBINATION &&
                   house_alarms[a].kind != CORE_ALARM_CONFIRM;
        unanswered |= own && house_alarms[a].ending == ALARM_LATCHES && model_unanswered(a);
    }
    return input->remote && of_fire(p)    ? CORE_ANSWER_REMOTE_FIRE
           : input->for_ns > MOST_ISOLATE ? CORE_ANSWER_TOO_LONG
           : unanswered                   ? CORE_ANSWER_STANDS
                                          : CORE_ANSWER_DONE;
}

// ---- Silence

void model_silence_end(size_t r, const char *why)
{
    struct model_room *room = &model_rooms[r];
    if (room->silent_ns != 0) {
        room->silent_ns = 0;
        room->news = why;
    }
}

static bool can_be_heard(size_t r)
{
    bool sounder = false, calls = model_standing(SEVERITY_FIRE);
    for (size_t o = 0; o < OUTPUTS; o++) {
        sounder |= house_outputs[o].room_index == r && house_outputs[o].role == OUTPUT_SOUNDER;
    }
    for (size_t a = 0; a < house.n_alarms; a++) {
        calls |= house_alarms[a].room_index == r && model_calls(a);
    }
    return sounder && calls;
}

static enum core_answer silence(const struct core_input *input)
{
    bool fire = model_fire_class(), any = false;
    for (size_t r = 0; r < ROOMS; r++) {
        bool meant = input->room == ROOMS || input->room == r;
        any |= meant && (input->for_ns ? can_be_heard(r) : model_rooms[r].silent_ns > model_step_ns);
    }
    if (input->for_ns && input->remote && fire) {
        return CORE_ANSWER_REMOTE_FIRE;
    }
    if (input->for_ns > (fire ? MOST_IN_FIRE : MOST_SILENCE)) {
        return CORE_ANSWER_TOO_LONG;
    }
    if (!any) {
        return input->for_ns ? CORE_ANSWER_NOTHING_SOUNDS : CORE_ANSWER_NOT_SILENCED;
    }
    for (size_t r = 0; r < ROOMS; r++) {
        if (input->room != ROOMS && input->room != r) {
            continue;
        }
        if (!input->for_ns) {
            model_silence_end(r, "ended");
        } else if (can_be_heard(r)) {
            model_rooms[r].silent_ns = model_step_ns + input->for_ns;
            model_rooms[r].news = "";
        }
    }
    return CORE_ANSWER_DONE;
}

// ---- All of them

static void refuse(const struct core_input *input, enum core_answer answer)
{
    bool of_room = input->kind == CORE_INPUT_SILENCE || input->kind == CORE_INPUT_DRILL;
    bool of_point = input->kind == CORE_INPUT_ISOLATE;
    model_expect((struct expected){
        .type = EVENT_COMMAND_REFUSED,
        .class = CLASS_SYSTEM,
        .room = of_room    ? (input->room < ROOMS ? room_names[input->room] : NULL)
                : of_point ? house_points[input->point].room
                           : house_alarms[input->alarm].room,
        .item = of_room    ? NULL
                : of_point ? house_points[input->point].id
                           : house_alarms[input->alarm].id,
        .alarm = NONE,
        .reason = core_answer_words[answer],
    });
}

enum core_answer model_answer(const struct core_input *input)
{
    bool shelf = input->kind == CORE_INPUT_SHELVE, isolation = input->kind == CORE_INPUT_ISOLATE;
    bool room = input->kind == CORE_INPUT_SILENCE || input->kind == CORE_INPUT_DRILL;
    enum core_answer answer = input->kind == CORE_INPUT_SILENCE ? silence(input)
                              : room                            ? model_drill(input)
                              : shelf                           ? may_shelve(input)
                              : isolation                       ? may_isolate(input)
                                                                : may_answer(input);
    if (answer != CORE_ANSWER_DONE) {
        refuse(input, answer);
    } else if (shelf) {
        take_shelf(input);
    } else if (isolation) {
        uint64_t until_ns = input->for_ns ? model_step_ns + input->for_ns : 0;
        model_isolate(input->point, until_ns, until_ns ? wall_end(input->for_ns) : 0,
                      until_ns ? NULL : "ended");
    } else if (!room) {
        take_answer(input);
    }
    return answer;
}
