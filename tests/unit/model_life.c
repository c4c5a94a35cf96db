// The model's alarms: from conditions, shelves, isolations and what suppresses to states, and time in
// between.
#include "tests/unit/model.h"

#define ESCALATES (180 * S)

struct model_room model_rooms[ROOMS + 1];
uint64_t model_step_ns;
struct core_now clock_now;
static bool stirred; // a state has changed

enum alarm_state model_state(size_t a)
{
    const struct model_alarm *m = &model_alarms[a];
    if (m->out || m->shelved || m->suppressed) {
        return m->out ? ALARM_OUT_OF_SERVICE : m->shelved ? ALARM_SHELVED : ALARM_SUPPRESSED;
    }
    if (!m->stands) {
        return ALARM_NORMAL;
    }
    if (m->holds) {
        return m->answered ? ALARM_ACKNOWLEDGED : ALARM_UNACKNOWLEDGED;
    }
    if (house_alarms[a].ending == ALARM_LATCHES) {
        return m->answered ? ALARM_LATCHED_ACKNOWLEDGED : ALARM_LATCHED_UNACKNOWLEDGED;
    }
    return ALARM_RETURNED_UNACKNOWLEDGED;
}

bool model_unanswered(size_t a)
{
    return model_alarms[a].stands && !model_alarms[a].answered;
}

bool model_standing(enum severity at_least)
{
    for (size_t a = 0; a < house.n_alarms; a++) {
        if (model_alarms[a].stands && house_alarms[a].severity >= at_least) {
            return true;
        }
    }
    return false;
}

bool model_isolated(size_t a)
{
    const struct core_alarm *alarm = &house_alarms[a];
    if (alarm->kind == CORE_ALARM_ISOLATED || alarm->kind == CORE_ALARM_COMBINATION ||
        alarm->kind == CORE_ALARM_CONFIRM) {
        return false;
    }
    return model_points[alarm->point].isolated_ns != 0 ||
           (alarm->kind == CORE_ALARM_APART && model_points[alarm->other_point].isolated_ns != 0);
}

// ---- Telling

static void keep_point(size_t p)
{
    struct model_point *m = &model_points[p];
    m->kept.isolated = m->isolated_ns != 0;
    m->kept.until_ns = m->isolated_ns;
    m->kept.wall_ms = m->isolated_wall_ms;
    m->kept.rest_ns = m->isolated_ns > model_step_ns ? m->isolated_ns - model_step_ns : 0;
    m->kept.shelf_after_ns = 0;
    for (size_t a = 0; a < house.n_alarms; a++) {
        if (house_alarms[a].kind == CORE_ALARM_ISOLATED && house_alarms[a].point == p &&
            model_alarms[a].shelved) {
            m->kept.shelf_after_ns = (int64_t)model_alarms[a].shelf_ns - (int64_t)m->isolated_ns;
        }
    }
}

void model_tell(size_t a, enum event_type type, const char *reason)
{
    const struct core_alarm *alarm = &house_alarms[a];
    struct model_alarm *m = &model_alarms[a];
    bool of_point = type == EVENT_POINT_TROUBLE || type == EVENT_POINT_RESTORED ||
                    type == EVENT_POINT_ISOLATED || type == EVENT_POINT_REINSTATED;
    model_expect((struct expected){ .type = type,
                                    .class = alarm->class,
                                    .room = alarm->room,
                                    .item = of_point ? house_points[alarm->point].id : alarm->id,
                                    .alarm = a,
                                    .state = model_state(a),
                                    .occurrence = m->occurrence,
                                    .reason = reason });
    m->kept_met = model_met(a);
    m->kept_shelf_ns = m->shelf_ns != 0;
    if (alarm->kind == CORE_ALARM_ISOLATED) {
        keep_point(alarm->point);
    }
    stirred = true;
}

static void tell_chatter(struct model_chatter *m, enum event_class class, const char *room, const char *item,
                         size_t a)
{
    if (m->held != m->told) {
        m->told = m->held;
        model_expect((struct expected){ .type = m->held ? EVENT_POINT_CHATTERING : EVENT_POINT_SETTLED,
                                        .class = class,
                                        .room = room,
                                        .item = item,
                                        .alarm = a,
                                        .state = ALARM_STATE_COUNT });
    }
}

static void tell_door(size_t p)
{
    struct model_point *m = &model_points[p];
    if (house_points[p].role != ROLE_DOOR && house_points[p].role != ROLE_WINDOW) {
        return;
    }
    tell_chatter(&m->chatter, CLASS_ACCESS, house_points[p].room, house_points[p].id, NONE);
    if (!m->chatter.held && m->door != m->value[QUANTITY_CONTACT]) {
        m->door = m->value[QUANTITY_CONTACT];
        model_expect((struct expected){ .type = m->door ? EVENT_DOOR_OPENED : EVENT_DOOR_CLOSED,
                                        .class = CLASS_ACCESS,
                                        .room = house_points[p].room,
                                        .item = house_points[p].id,
                                        .alarm = NONE });
    }
}

// ---- One alarm

static void leave(struct model_alarm *m)
{
    m->stands = m->holds = m->answered = false;
    m->escalates_ns = 0;
}

static void raise_alarm(size_t a)
{
    const struct core_alarm *alarm = &house_alarms[a];
    struct model_alarm *m = &model_alarms[a];
    m->stands = false; // it is not an other that stands
    m->first_out = alarm->severity >= SEVERITY_WARNING && !model_standing(SEVERITY_WARNING);
    m->stands = m->holds = true;
    m->answered = m->escalated = false;
    m->occurrence++;
    m->since_ns = model_step_ns;
    m->since_wall_ms = clock_now.wall_ms;
    m->escalates_ns = alarm->severity >= SEVERITY_CRITICAL ? model_step_ns + ESCALATES : 0;
    for (size_t r = 0; r < ROOMS; r++) {
        if (alarm->class == CLASS_FIRE || (alarm->severity >= SEVERITY_WARNING && alarm->room_index == r)) {
            model_silence_end(r, "new-alarm");
        }
    }
}

// What the condition alone asks for. True: something has changed.
static bool follow_condition(size_t a)
{
    const struct core_alarm *alarm = &house_alarms[a];
    struct model_alarm *m = &model_alarms[a];
    bool holds = model_met(a) && !model_isolated(a);
    if (holds == m->holds || m->out || m->shelved || m->suppressed) {
        return false;
    }
    if (holds) {
        raise_alarm(a);
        return true;
    }
    m->holds = false;
    if (alarm->ending == ALARM_CLEARS_ITSELF || (alarm->ending == ALARM_WANTS_ANSWER && m->answered)) {
        leave(m);
    }
    return true;
}

static const char *suppressor(size_t a)
{
    const struct core_alarm *alarm = &house_alarms[a];
    if (alarm->class == CLASS_FIRE || alarm->ending == ALARM_LATCHES || model_isolated(a)) {
        return NULL;
    }
    if (alarm->not_in_fire && model_standing(SEVERITY_FIRE)) {
        return "fire";
    }
    for (size_t i = alarm->first_suppressor; i < alarm->first_suppressor + alarm->n_suppressors; i++) {
        size_t index = house_members[i].index;
        if (!house_members[i].contact) {
            if (model_met(index) && !model_isolated(index)) {
                return house_alarms[index].id;
            }
            continue;
        }
        const struct model_point *p = &model_points[index];
        bool active = p->has[QUANTITY_CONTACT] ? p->value[QUANTITY_CONTACT] : model_alarms[a].suppressed;
        if (active && p->isolated_ns == 0 && model_good(index, QUANTITY_CONTACT)) {
            return house_points[index].id;
        }
    }
    return NULL;
}

static void escalate(size_t a)
{
    struct model_alarm *m = &model_alarms[a];
    if (m->escalates_ns != 0 && m->escalates_ns <= model_step_ns) {
        m->escalates_ns = 0;
        m->escalated = true;
        model_tell(a, EVENT_ALARM_ESCALATED, NULL);
    }
}

static void end_shelf(size_t a)
{
    struct model_alarm *m = &model_alarms[a];
    m->shelved = false;
    m->shelf_ns = 0;
    m->shelf_wall_ms = 0;
}

// In this order: out of service, shelved, suppressed, the condition.
static void follow(size_t a)
{
    const struct core_alarm *alarm = &house_alarms[a];
    struct model_alarm *m = &model_alarms[a];
    bool trouble = alarm->kind == CORE_ALARM_TROUBLE;
    bool out = model_isolated(a) && !(alarm->ending == ALARM_LATCHES && m->stands);
    if (out != m->out) {
        end_shelf(a);
        leave(m);
        m->suppressed = false;
        m->out = out;
        model_tell(a, out ? EVENT_ALARM_SUPPRESSED : EVENT_ALARM_RELEASED, out ? "isolated" : "reinstated");
    }
    if (m->shelved && m->shelf_ns <= model_step_ns) {
        end_shelf(a);
        model_tell(a, EVENT_ALARM_UNSHELVED, "expired");
    }
    if (m->out || m->shelved) {
        return;
    }
    const char *by = suppressor(a);
    if ((by != NULL) != m->suppressed) {
        leave(m);
        m->suppressed = by != NULL;
        model_tell(a, by ? EVENT_ALARM_SUPPRESSED : EVENT_ALARM_RELEASED, by);
    }
    if (follow_condition(a)) {
        model_tell(a,
                   m->holds ? (trouble ? EVENT_POINT_TROUBLE : EVENT_ALARM_RAISED)
                            : (trouble ? EVENT_POINT_RESTORED : EVENT_ALARM_CLEARED),
                   NULL);
        raised[alarm->kind] += m->holds;
    }
    escalate(a);
}

// ---- Points out of service

void model_isolate(size_t p, uint64_t until_ns, int64_t wall_ms, const char *reason)
{
    struct model_point *m = &model_points[p];
    enum event_type type = until_ns ? EVENT_POINT_ISOLATED : EVENT_POINT_REINSTATED;
    m->isolated_ns = until_ns;
    m->isolated_wall_ms = wall_ms;
    m->moved = false;
    stirred = true;
    for (size_t a = 0; a < house.n_alarms; a++) {
        if (house_alarms[a].kind == CORE_ALARM_ISOLATED && house_alarms[a].point == p) {
            model_alarms[a].rule = until_ns != 0;
            (void)follow_condition(a);
            model_tell(a, type, reason);
            return;
        }
    }
    model_expect((struct expected){ .type = type,
                                    .class = CLASS_FAULT,
                                    .room = house_points[p].room,
                                    .item = house_points[p].id,
                                    .alarm = NONE,
                                    .reason = reason });
    keep_point(p);
}

// ---- Rooms and time

struct reading {
    size_t point;
    enum quantity quantity;
};

static bool sweep(size_t r, const struct reading *reading)
{
    bool again = false;
    for (size_t p = 0; p < POINTS; p++) {
        if (house_points[p].room_index == r) {
            tell_door(p);
        }
    }
    for (size_t a = 0; a < house.n_alarms; a++) {
        const struct core_alarm *alarm = &house_alarms[a];
        if (alarm->room_index != r) {
            continue;
        }
        bool fresh = reading && alarm->quantity == reading->quantity &&
                     (alarm->point == reading->point ||
                      (alarm->kind == CORE_ALARM_APART && alarm->other_point == reading->point));
        again |= model_judge(a, fresh);
        bool combined = alarm->kind == CORE_ALARM_COMBINATION || alarm->kind == CORE_ALARM_CONFIRM;
        tell_chatter(&model_alarms[a].chatter, alarm->class, alarm->room,
                     combined ? alarm->id : house_points[alarm->point].id, a);
        follow(a);
    }
    return again;
}

static void pass(size_t r)
{
    bool again = false;
    while (again || model_room_next(r) == 0) {
        for (size_t p = 0; p < POINTS; p++) {
            if (house_points[p].room_index == r) {
                model_pass_point(p);
            }
        }
        again = sweep(r, NULL);
    }
}

// What hangs on another alarm follows in the same step, until nothing changes.
static void settle(void)
{
    do {
        stirred = false;
        for (size_t r = 0; r <= ROOMS; r++) {
            pass(r);
            (void)sweep(r, NULL);
        }
    } while (stirred);
}

static void sooner(uint64_t *next, uint64_t at_ns)
{
    if (at_ns != 0) {
        uint64_t in_ns = at_ns > model_now ? at_ns - model_now : 0;
        *next = in_ns < *next ? in_ns : *next;
    }
}

uint64_t model_life_next(void)
{
    uint64_t next = UINT64_MAX;
    for (size_t a = 0; a < house.n_alarms; a++) {
        sooner(&next, model_alarms[a].shelf_ns);
        sooner(&next, model_alarms[a].escalates_ns);
    }
    for (size_t p = 0; p < POINTS; p++) {
        sooner(&next, model_points[p].isolated_ns);
    }
    for (size_t r = 0; r < ROOMS; r++) {
        sooner(&next, model_rooms[r].silent_ns);
        sooner(&next, model_rooms[r].drill_until_ns);
    }
    return next;
}

uint64_t model_next(void)
{
    uint64_t next = model_life_next(), outputs_next = model_outputs_next();
    next = outputs_next < next ? outputs_next : next;
    for (size_t r = 0; r <= ROOMS; r++) {
        uint64_t room_next = model_room_next(r);
        next = room_next < next ? room_next : next;
    }
    return next;
}

static void tick(void)
{
    model_drills_tick();
    for (size_t r = 0; r < ROOMS; r++) {
        if (model_rooms[r].silent_ns <= model_step_ns) {
            model_silence_end(r, "expired");
        }
    }
    for (size_t p = 0; p < POINTS; p++) {
        if (model_points[p].isolated_ns != 0 && model_points[p].isolated_ns <= model_step_ns) {
            model_isolate(p, 0, 0, "expired");
        }
    }
    for (size_t r = 0; r <= ROOMS; r++) {
        pass(r);
    }
    settle();
}

static void until(uint64_t now_ns)
{
    for (uint64_t next = model_next(); next <= now_ns - model_now; next = model_next()) {
        model_count(next);
        tick();
    }
    model_count(now_ns - model_now);
}

// ---- A step

static void trouble_told(size_t p, enum trouble trouble)
{
    if (trouble != TROUBLE_STALE) {
        model_points[p].told = trouble == TROUBLE_NONE && model_stale(p) ? TROUBLE_STALE : trouble;
    }
}

static void card(const struct core_input *input)
{
    struct model_point *m = &model_points[input->point];
    model_expect((struct expected){ .type = EVENT_ACCESS_PRESENTED,
                                    .class = CLASS_ACCESS,
                                    .room = house_points[input->point].room,
                                    .item = house_points[input->point].id,
                                    .alarm = NONE });
    m->known = true;
    m->last_ns = model_now;
    m->told = m->told == TROUBLE_STALE ? TROUBLE_NONE : m->told;
}

static void tell_silences(void)
{
    for (size_t r = 0; r < ROOMS; r++) {
        struct model_room *room = &model_rooms[r];
        if (!room->news) {
            continue;
        }
        bool begun = room->news[0] == '\0';
        model_expect((struct expected){ .type = begun ? EVENT_ALARM_SILENCED : EVENT_ALARM_RESOUNDED,
                                        .class = model_fire_class() ? CLASS_FIRE : CLASS_SAFETY,
                                        .room = room_names[r],
                                        .alarm = NONE,
                                        .reason = begun ? NULL : room->news });
        room->news = NULL;
        room->kept_ns = room->silent_ns;
        uint64_t rest_ms = begun ? (room->silent_ns - model_step_ns) / MS : 0;
        bool known = begun && clock_now.clock != CLOCK_UNSYNCHRONISED;
        room->kept_wall_ms = known ? clock_now.wall_ms + (int64_t)rest_ms : 0;
    }
}

enum core_answer model_step(const struct core_input *input, uint64_t now_ns)
{
    enum core_answer answer = CORE_ANSWER_DONE;
    const struct reading reading = { .point = input->point, .quantity = input->quantity };
    model_step_ns = now_ns;
    until(now_ns);
    switch (input->kind) {
    case CORE_INPUT_READING:
        model_reading(input->point, input->quantity, input->value);
        (void)sweep(house_points[input->point].room_index, &reading);
        break;
    case CORE_INPUT_TROUBLE:
        trouble_told(input->point, input->trouble);
        break;
    case CORE_INPUT_CARD:
        card(input);
        break;
    case CORE_INPUT_ACK:
    case CORE_INPUT_RESET:
    case CORE_INPUT_SILENCE:
    case CORE_INPUT_SHELVE:
    case CORE_INPUT_ISOLATE:
    case CORE_INPUT_DRILL:
        answer = model_answer(input);
        break;
    case CORE_INPUT_PRESENCE:
    case CORE_INPUT_MARK:
    case CORE_INPUT_TICK:
    case CORE_INPUT_KIND_COUNT:
        break;
    }
    settle();
    model_follow_rolls();
    model_outputs();
    tell_silences();
    model_tell_rolls();
    return answer;
}

// ---- Restarts

static bool wall_known(int64_t wall_ms)
{
    return wall_ms != 0 && clock_now.clock != CLOCK_UNSYNCHRONISED;
}

static uint64_t wall_left(int64_t wall_ms)
{
    return wall_ms > clock_now.wall_ms ? (uint64_t)(wall_ms - clock_now.wall_ms) * MS : 0;
}

static void restart_point(size_t p, bool another_boot)
{
    struct model_point *m = &model_points[p];
    m->kept.until_ns = another_boot ? 0 : m->kept.until_ns;
    m->isolated_wall_ms = m->kept.isolated ? m->kept.wall_ms : 0;
    m->isolated_ns = 0;
    m->moved = false;
    if (m->kept.isolated) {
        uint64_t left = wall_known(m->kept.wall_ms) ? wall_left(m->kept.wall_ms) : m->kept.rest_ns;
        m->isolated_ns = m->kept.until_ns ? m->kept.until_ns : model_now + left;
        m->moved = m->kept.until_ns == 0;
    }
}

static void restart_alarm(size_t a, bool another_boot)
{
    struct model_alarm *m = &model_alarms[a];
    const struct model_point *p = &model_points[house_alarms[a].point];
    m->since_ns = another_boot ? 0 : m->since_ns;
    m->kept_shelf_ns &= !another_boot;
    m->escalates_ns = 0;
    if (model_unanswered(a) && !m->escalated && house_alarms[a].severity >= SEVERITY_CRITICAL) {
        m->escalates_ns = (m->since_ns ? m->since_ns : model_now) + ESCALATES;
    }
    if (!m->shelved) {
        return;
    }
    if (house_alarms[a].kind == CORE_ALARM_ISOLATED && p->kept.isolated) { // the record has one end
        m->shelf_wall_ms = p->kept.wall_ms ? p->kept.wall_ms + p->kept.shelf_after_ns / (int64_t)MS : 0;
        m->kept_shelf_ns = p->kept.until_ns != 0;
    }
    if (!m->kept_shelf_ns) {
        m->shelf_ns = model_now + (wall_known(m->shelf_wall_ms) ? wall_left(m->shelf_wall_ms) : 0);
    }
}

static void restart_room(size_t r, bool another_boot)
{
    struct model_room *room = &model_rooms[r];
    uint64_t left = wall_known(room->kept_wall_ms) ? wall_left(room->kept_wall_ms) : 0;
    room->awaits = false;
    room->awaited_ns = 0;
    room->kept_ns = another_boot ? 0 : room->kept_ns;
    model_drill_restart(r, another_boot);
    if (room->silent_ns != 0) {
        room->silent_ns = room->kept_ns ? room->kept_ns : model_now + left;
    }
    if (room->silent_ns != 0 && room->silent_ns <= model_now) {
        model_silence_end(r, "expired");
    }
}

void model_restart(uint64_t now_ns, bool another_boot)
{
    model_now = model_step_ns = now_ns;
    for (size_t p = 0; p < POINTS; p++) {
        restart_point(p, another_boot);
    }
    for (size_t a = 0; a < house.n_alarms; a++) {
        restart_alarm(a, another_boot);
    }
    model_rules_restart();
    for (size_t r = 0; r <= ROOMS; r++) {
        restart_room(r, another_boot);
    }
    memset(model_lines, 0, sizeof model_lines);
    tick();
    model_follow_rolls();
    model_outputs();
    tell_silences();
    model_tell_rolls();
}

void model_saved(void)
{
    model_keep_delays();
    for (size_t p = 0; p < POINTS; p++) {
        if (model_points[p].moved) {
            model_points[p].moved = false;
            keep_point(p);
        }
    }
}

void model_begin(void)
{
    memset(model_alarms, 0, sizeof model_alarms);
    memset(model_points, 0, sizeof model_points);
    memset(model_rooms, 0, sizeof model_rooms);
}
