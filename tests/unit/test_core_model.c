// The core against a slow model written another way: booleans instead of a table, time counted up instead of
// deadlines, outputs from all alarms at once. Random buildings, random days, late ticks, power failures;
// after every step all of the core's state must be what the model says.
//
// CAREROOM_STEPS (default 200000) and CAREROOM_SEED choose the run; the seed is printed.
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/core/core.h"
#include "tests/unit/look_past_rolls.h"

#define S          NS_PER_S
#define ROOMS      3
#define PER_ROOM   6 // a fire contact, another contact, two sensors, a door, a card reader
#define POINTS     (ROOMS * PER_ROOM + 2)
#define RULES      2 // of each sensor
#define ALARMS     (POINTS + ROOMS * (2 + 2 * RULES))
#define OUTPUTS    (ROOMS * OUTPUT_ROLE_COUNT)
#define DAY_STEPS  20000 // then another building
#define NAME_BYTES 24

// ---- The building

static struct core_point points[POINTS];
static struct core_alarm alarms[ALARMS];
static struct core_output outputs[OUTPUTS];
static char names[POINTS + ALARMS][NAME_BYTES];
static const char *const room_names[ROOMS + 1] = { "butterfly", "ladybird", "bee", "gateway" };
static const struct core_plan plan = { .points = points,
                                       .n_points = POINTS,
                                       .alarms = alarms,
                                       .n_alarms = ALARMS,
                                       .outputs = outputs,
                                       .n_outputs = OUTPUTS,
                                       .n_rooms = ROOMS };

static uint64_t random_state, first_seed, step_number;
static uint64_t compared, calm; // comparisons; those without fire

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fail_msg("seed %" PRIu64 ", step %" PRIu64 ": %s", first_seed, step_number, #condition);         \
        }                                                                                                    \
    } while (0)

static uint64_t random64(void) // splitmix64
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static unsigned below(unsigned n)
{
    return (unsigned)((random64() >> 32) * n >> 32);
}

static bool chance(unsigned percent)
{
    return below(100) < percent;
}

static const char *name(size_t slot, const char *word, size_t number)
{
    (void)snprintf(names[slot], NAME_BYTES, "%s-%zu", word, number);
    return names[slot];
}

static size_t n_alarms_made;
static unsigned smoke_percent; // standing fire hides all else from the outputs: some days have none

static struct core_alarm *make_alarm(size_t point, enum core_alarm_kind kind, const char *word)
{
    size_t a = n_alarms_made++;
    alarms[a] = (struct core_alarm){ .room = points[point].room,
                                     .id = name(POINTS + a, word, a),
                                     .room_index = points[point].room_index,
                                     .kind = kind,
                                     .point = point };
    return &alarms[a];
}

static void make_trouble(size_t point)
{
    struct core_alarm *alarm = make_alarm(point, CORE_ALARM_TROUBLE, "trouble");
    alarm->severity = chance(80) ? SEVERITY_TROUBLE : SEVERITY_WARNING;
    alarm->class = CLASS_FAULT;
    alarm->ending = chance(80) ? ALARM_CLEARS_ITSELF : below(ALARM_ENDING_COUNT);
}

static void make_contact(size_t point, bool fire)
{
    static const enum contact_role others[] = { ROLE_GAS, ROLE_HELP, ROLE_WATER, ROLE_TAMPER, ROLE_MAINS };
    points[point].contact = true;
    points[point].role = fire ? ROLE_SMOKE : others[below(5)];
    struct core_alarm *alarm = make_alarm(point, CORE_ALARM_CONTACT, "contact");
    alarm->severity = fire ? SEVERITY_FIRE : SEVERITY_ADVISORY + below(3);
    alarm->class = fire ? CLASS_FIRE : CLASS_SAFETY;
    alarm->ending = fire ? ALARM_LATCHES : below(ALARM_ENDING_COUNT);
}

static void make_rule(size_t point)
{
    static const int32_t thresholds[QUANTITY_COUNT] = {
        [QUANTITY_TEMPERATURE] = 26000, [QUANTITY_HUMIDITY] = 60000,   [QUANTITY_CO2] = 1500,
        [QUANTITY_PRESSURE] = 101325,   [QUANTITY_PM1] = 25000,        [QUANTITY_PM25] = 35000,
        [QUANTITY_PM10] = 50000,        [QUANTITY_VOLTAGE] = -1000000, [QUANTITY_CONTACT] = 0
    };
    struct core_alarm *alarm = make_alarm(point, CORE_ALARM_THRESHOLD, "rule");
    alarm->quantity = chance(50) ? QUANTITY_CO2 : below(QUANTITY_CONTACT);
    alarm->above = chance(70);
    alarm->threshold = thresholds[alarm->quantity];
    alarm->deadband = chance(70) ? 100 : 0;
    alarm->on_delay_ns = chance(30) ? 0 : (1 + below(60)) * S;
    alarm->severity = below(SEVERITY_FIRE);
    alarm->class = CLASS_SAFETY;
    alarm->ending = below(ALARM_ENDING_COUNT);
}

static void make_building(void)
{
    n_alarms_made = 0;
    smoke_percent = (unsigned[]){ 0, 0, 1, 30 }[below(4)];
    for (size_t p = 0; p < POINTS; p++) {
        size_t room = p / PER_ROOM; // the last two points fall to the gateway
        points[p] =
            (struct core_point){ .room = room_names[room], .id = name(p, "point", p), .room_index = room };
        if (room == ROOMS) {
            make_trouble(p);
            continue;
        }
        switch (p % PER_ROOM) {
        case 0:
        case 1:
            make_contact(p, p % PER_ROOM == 0);
            break;
        case 2:
        case 3:
            points[p].stale_ns = (5 + below(30)) * S;
            make_rule(p);
            make_trouble(p);
            make_rule(p);
            continue;
        default:
            points[p].contact = true;
            points[p].role = p % PER_ROOM == 4 ? ROLE_DOOR : ROLE_NONE;
        }
        make_trouble(p);
    }
    for (size_t o = 0; o < OUTPUTS; o++) {
        outputs[o] = (struct core_output){ .room = room_names[o / OUTPUT_ROLE_COUNT],
                                           .id = "output",
                                           .room_index = o / OUTPUT_ROLE_COUNT,
                                           .role = o % OUTPUT_ROLE_COUNT };
    }
    CHECK(n_alarms_made == ALARMS);
}

// ---- The model

struct model_chatter {
    bool held;
    uint64_t changed_ns[6]; // the last six times, the newest first
    unsigned changes;
};

struct model_alarm {
    bool stands, condition, answered;
    bool rule; // the condition but for chattering, which holds it
    struct model_chatter chatter;
    uint64_t occurrence, since_ns;
    uint64_t escalates_ns; // 0: never
    bool escalated, fresh; // fresh: raised in this step
    bool counting, paused; // the on-delay
    uint64_t counted_ns;
};

struct model_point {
    enum trouble told;
    bool bad[QUANTITY_COUNT], has[QUANTITY_COUNT];
    int32_t value[QUANTITY_COUNT];
    uint64_t last_ns;
    struct model_chatter chatter; // doors
};

static struct model_alarm model_alarms[ALARMS];
static struct model_point model_points[POINTS];
static uint64_t model_now;

static enum alarm_state model_state(size_t a)
{
    const struct model_alarm *m = &model_alarms[a];
    if (!m->stands) {
        return ALARM_NORMAL;
    }
    if (m->condition) {
        return m->answered ? ALARM_ACKNOWLEDGED : ALARM_UNACKNOWLEDGED;
    }
    if (alarms[a].ending == ALARM_LATCHES) {
        return m->answered ? ALARM_LATCHED_ACKNOWLEDGED : ALARM_LATCHED_UNACKNOWLEDGED;
    }
    return ALARM_RETURNED_UNACKNOWLEDGED;
}

static void model_show(size_t a)
{
    struct model_alarm *m = &model_alarms[a];
    bool condition = m->rule || m->chatter.held;
    if (m->condition == condition) {
        return;
    }
    m->condition = condition;
    if (condition) {
        m->stands = true;
        m->answered = false;
        m->occurrence++;
        m->fresh = true;
        m->escalated = false;
        m->escalates_ns = 0;
    } else if (alarms[a].ending == ALARM_CLEARS_ITSELF ||
               (alarms[a].ending == ALARM_WANTS_ANSWER && m->answered)) {
        m->stands = false;
        m->escalates_ns = 0;
    }
}

static void model_change(struct model_chatter *m)
{
    memmove(m->changed_ns + 1, m->changed_ns, sizeof m->changed_ns - sizeof m->changed_ns[0]);
    m->changed_ns[0] = model_now;
    m->changes++;
    m->held |= m->changes >= 6 && model_now - m->changed_ns[5] <= 60 * S;
}

static uint64_t model_quiet(const struct model_chatter *m)
{
    return m->held ? m->changed_ns[0] + 60 * S - model_now : UINT64_MAX;
}

static void model_condition(size_t a, bool condition)
{
    struct model_alarm *m = &model_alarms[a];
    if (m->rule == condition) {
        return;
    }
    m->rule = condition;
    m->counting = m->paused = false;
    m->counted_ns = 0;
    model_change(&m->chatter);
    model_show(a);
}

// Quiet for a minute.
static void model_settle(struct model_chatter *m)
{
    if (model_quiet(m) == 0) {
        m->held = false;
        m->changes = 0;
    }
}

static void model_settle_all(void)
{
    for (size_t p = 0; p < POINTS; p++) {
        model_settle(&model_points[p].chatter);
    }
    for (size_t a = 0; a < ALARMS; a++) {
        model_settle(&model_alarms[a].chatter);
        model_show(a);
    }
}

static bool polled(size_t p)
{
    return !points[p].contact && points[p].room_index < ROOMS;
}

static bool model_trouble(size_t p)
{
    bool any = model_points[p].told != TROUBLE_NONE;
    for (unsigned q = 0; q < QUANTITY_COUNT; q++) {
        any |= model_points[p].bad[q];
    }
    return any;
}

static bool model_good(size_t p, enum quantity q)
{
    return model_points[p].told == TROUBLE_NONE && !model_points[p].bad[q];
}

static bool model_beyond(const struct core_alarm *alarm, int32_t value)
{
    return alarm->above ? value > alarm->threshold : value < alarm->threshold;
}

// Conditions from what is known now.
static void model_judge(void)
{
    for (size_t a = 0; a < ALARMS; a++) {
        const struct core_alarm *alarm = &alarms[a];
        const struct model_point *p = &model_points[alarm->point];
        struct model_alarm *m = &model_alarms[a];
        if (alarm->kind == CORE_ALARM_TROUBLE) {
            model_condition(a, model_trouble(alarm->point));
        } else if (alarm->kind == CORE_ALARM_CONTACT && p->has[QUANTITY_CONTACT]) {
            if (p->value[QUANTITY_CONTACT] || model_good(alarm->point, QUANTITY_CONTACT)) {
                model_condition(a, p->value[QUANTITY_CONTACT] != 0);
            }
        } else if (alarm->kind == CORE_ALARM_THRESHOLD) {
            enum quantity q = alarm->quantity;
            if (m->counting && m->counted_ns >= alarm->on_delay_ns) {
                model_condition(a, true);
            }
            int32_t gap = alarm->above ? alarm->threshold - p->value[q] : p->value[q] - alarm->threshold;
            if (m->rule && p->has[q] && model_good(alarm->point, q) && gap >= alarm->deadband) {
                model_condition(a, false);
            }
        }
    }
}

// How long until time alone changes something; UINT64_MAX: never.
static uint64_t model_next(void)
{
    uint64_t next = UINT64_MAX;
    for (size_t p = 0; p < POINTS; p++) {
        uint64_t quiet = model_quiet(&model_points[p].chatter);
        next = quiet < next ? quiet : next;
        if (polled(p) && model_points[p].told == TROUBLE_NONE) {
            uint64_t left = model_points[p].last_ns + points[p].stale_ns - model_now;
            next = left < next ? left : next;
        }
    }
    for (size_t a = 0; a < ALARMS; a++) {
        uint64_t quiet = model_quiet(&model_alarms[a].chatter);
        next = quiet < next ? quiet : next;
        if (model_alarms[a].counting && !model_alarms[a].paused) {
            uint64_t left = alarms[a].on_delay_ns - model_alarms[a].counted_ns;
            next = left < next ? left : next;
        }
        if (model_alarms[a].escalates_ns) {
            uint64_t left = model_alarms[a].escalates_ns - model_now;
            next = left < next ? left : next;
        }
    }
    return next;
}

static void model_escalate(void)
{
    for (size_t a = 0; a < ALARMS; a++) {
        struct model_alarm *m = &model_alarms[a];
        if (m->escalates_ns && m->escalates_ns <= model_now) {
            m->escalates_ns = 0;
            m->escalated = true;
        }
    }
}

// What was raised in a step, however late, counts from the step.
static void model_count_from_now(void)
{
    for (size_t a = 0; a < ALARMS; a++) {
        struct model_alarm *m = &model_alarms[a];
        if (m->fresh && m->stands && !m->answered && alarms[a].severity >= SEVERITY_CRITICAL) {
            m->escalates_ns = model_now + 180 * S;
        }
        m->since_ns = m->fresh ? model_now : m->since_ns;
        m->fresh = false;
    }
}

static void model_wait(uint64_t ns)
{
    model_now += ns;
    for (size_t a = 0; a < ALARMS; a++) {
        if (model_alarms[a].counting && !model_alarms[a].paused) {
            model_alarms[a].counted_ns += ns;
        }
    }
}

static void model_pause(size_t p)
{
    for (size_t a = 0; a < ALARMS; a++) {
        if (alarms[a].point == p && model_alarms[a].counting && !model_good(p, alarms[a].quantity)) {
            model_alarms[a].paused = true;
        }
    }
}

static void model_until(uint64_t now_ns)
{
    while (model_next() <= now_ns - model_now) {
        model_wait(model_next());
        model_settle_all();
        model_escalate();
        model_judge(); // a delay that runs out as the value goes stale has run out
        for (size_t p = 0; p < POINTS; p++) {
            if (polled(p) && model_points[p].told == TROUBLE_NONE &&
                model_now - model_points[p].last_ns >= points[p].stale_ns) {
                model_points[p].told = TROUBLE_STALE;
                model_pause(p);
            }
        }
        model_judge();
    }
    model_wait(now_ns - model_now);
}

static void model_delay(size_t a, int32_t value)
{
    struct model_alarm *m = &model_alarms[a];
    if (m->rule) {
        return;
    }
    if (!model_beyond(&alarms[a], value)) {
        m->counting = m->paused = false;
        m->counted_ns = 0;
        return;
    }
    m->counting = true;
    m->paused = false;
}

static void model_reading(size_t p, enum quantity q, int32_t value)
{
    struct model_point *m = &model_points[p];
    if (value < quantities[q].min || value > quantities[q].max) {
        m->bad[q] = true;
        model_pause(p);
        return;
    }
    if (points[p].role == ROLE_DOOR && value != m->value[q]) {
        model_change(&m->chatter);
    }
    m->bad[q] = false;
    m->has[q] = true;
    m->value[q] = value;
    m->last_ns = model_now;
    if (polled(p) || points[p].room_index == ROOMS || m->told == TROUBLE_STALE) {
        m->told = TROUBLE_NONE;
    }
    for (size_t a = 0; a < ALARMS; a++) {
        if (alarms[a].point == p && alarms[a].kind == CORE_ALARM_THRESHOLD && alarms[a].quantity == q) {
            model_delay(a, value);
        }
    }
}

static void model_told(size_t p, enum trouble trouble)
{
    struct model_point *m = &model_points[p];
    if (trouble == TROUBLE_STALE) {
        return;
    }
    bool stale = polled(p) && model_now - m->last_ns >= points[p].stale_ns;
    m->told = trouble == TROUBLE_NONE && stale ? TROUBLE_STALE : trouble;
    model_pause(p);
}

static enum core_answer model_answer(const struct core_input *input)
{
    struct model_alarm *m = &model_alarms[input->alarm];
    const struct core_alarm *alarm = &alarms[input->alarm];
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
        if (m->answered) {
            return CORE_ANSWER_ALREADY;
        }
        m->answered = true;
        m->escalates_ns = 0;
        m->stands = m->condition || alarm->ending == ALARM_LATCHES;
        return CORE_ANSWER_DONE;
    }
    if (alarm->ending != ALARM_LATCHES) {
        return CORE_ANSWER_NOT_LATCHED;
    }
    if (m->condition) {
        return CORE_ANSWER_STILL_TRUE;
    }
    if (!m->answered) {
        return CORE_ANSWER_UNACKNOWLEDGED;
    }
    m->stands = false;
    return CORE_ANSWER_DONE;
}

static enum core_answer model_step(const struct core_input *input, uint64_t now_ns)
{
    model_until(now_ns);
    enum core_answer answer = CORE_ANSWER_DONE;
    switch (input->kind) {
    case CORE_INPUT_READING:
        model_reading(input->point, input->quantity, input->value);
        break;
    case CORE_INPUT_TROUBLE:
        model_told(input->point, input->trouble);
        break;
    case CORE_INPUT_CARD:
        if (model_points[input->point].told == TROUBLE_STALE) {
            model_points[input->point].told = TROUBLE_NONE;
        }
        break;
    case CORE_INPUT_ACK:
    case CORE_INPUT_RESET:
        answer = model_answer(input);
        break;
    case CORE_INPUT_SILENCE:
    case CORE_INPUT_SHELVE:
    case CORE_INPUT_ISOLATE:
    case CORE_INPUT_DRILL:
    case CORE_INPUT_PRESENCE:
    case CORE_INPUT_MARK:
    case CORE_INPUT_TICK:
    case CORE_INPUT_KIND_COUNT:
        break;
    }
    model_judge();
    model_count_from_now();
    return answer;
}

// What stands where, gathered from all alarms at once.
static void model_patterns(enum core_pattern ret_patterns[OUTPUTS])
{
    bool fire = false;
    for (size_t a = 0; a < ALARMS; a++) {
        fire |= model_alarms[a].stands && alarms[a].class == CLASS_FIRE;
    }
    for (size_t o = 0; o < OUTPUTS; o++) {
        bool sound = false, critical = false, grave = false, warn = false, trouble = false, air = false;
        for (size_t a = 0; a < ALARMS; a++) {
            const struct model_alarm *m = &model_alarms[a];
            bool here = alarms[a].room_index == outputs[o].room_index;
            if (!m->stands) {
                continue;
            }
            trouble |= here || alarms[a].room_index == ROOMS;
            warn |= here && alarms[a].severity != SEVERITY_TROUBLE;
            grave |= here && alarms[a].severity >= SEVERITY_CRITICAL;
            critical |= here && !m->answered && alarms[a].severity >= SEVERITY_CRITICAL;
            sound |= here && !m->answered && alarms[a].severity == SEVERITY_WARNING && m->condition;
            air |= here && alarms[a].kind == CORE_ALARM_THRESHOLD && alarms[a].quantity == QUANTITY_CO2 &&
                   alarms[a].above && m->condition;
        }
        enum core_pattern patterns[OUTPUT_ROLE_COUNT] = {
            [OUTPUT_SOUNDER] = fire       ? PATTERN_EVACUATE
                               : critical ? PATTERN_CRITICAL
                               : sound    ? PATTERN_WARNING
                                          : PATTERN_OFF,
            [OUTPUT_BEACON] = fire      ? PATTERN_EVACUATE
                              : grave   ? PATTERN_CRITICAL
                              : warn    ? PATTERN_WARNING
                              : trouble ? PATTERN_TROUBLE
                                        : PATTERN_OFF,
            [OUTPUT_VENTILATION] = air && !fire ? PATTERN_ON : PATTERN_OFF,
            [OUTPUT_DOOR_RELEASE] = fire ? PATTERN_ON : PATTERN_OFF,
        };
        ret_patterns[o] = patterns[outputs[o].role];
    }
}

static void model_restart(uint64_t now_ns)
{
    memset(model_points, 0, sizeof model_points);
    model_now = now_ns;
    for (size_t p = 0; p < POINTS; p++) {
        model_points[p].last_ns = now_ns;
    }
    for (size_t a = 0; a < ALARMS; a++) {
        model_alarms[a].counting = model_alarms[a].paused = false;
        model_alarms[a].counted_ns = 0;
        model_alarms[a].chatter = (struct model_chatter){ .held = false };
        model_alarms[a].rule = model_alarms[a].condition;
        struct model_alarm *m = &model_alarms[a];
        if (m->stands && !m->answered && !m->escalated && alarms[a].severity >= SEVERITY_CRITICAL) {
            m->escalates_ns = (m->since_ns ? m->since_ns : now_ns) + 180 * S;
        }
        if (alarms[a].kind == CORE_ALARM_TROUBLE && model_alarms[a].condition) {
            model_points[alarms[a].point].told = TROUBLE_STALE;
        }
    }
    model_escalate();
}

// ---- The core, and what a caller keeps of it: the journal's records and the lines' levels

static _Alignas(16) unsigned char memory[1 << 18];
static struct core *core;
static struct core_actions actions;
static struct state_record journal[ALARMS];
static enum core_pattern lines[OUTPUTS];
static uint64_t now_ns;

static struct core_now now(void)
{
    return (struct core_now){ .boottime_ns = now_ns, .wall_ms = 1, .clock = CLOCK_MANUAL };
}

static size_t find_alarm(const struct state_record *record)
{
    size_t a = 0;
    while (a < ALARMS && (alarms[a].id != record->item || alarms[a].room != record->room)) {
        a++;
    }
    CHECK(a < ALARMS);
    return a;
}

static void keep_event(const struct event *event, const struct core_input *input)
{
    CHECK(event->n_values < EVENT_VALUES); // none was dropped
    CHECK(event->boottime_ns == now_ns);
    if (!event->record.room) {
        return;
    }
    size_t a = find_alarm(&event->record);
    struct state_record *kept = &journal[a];
    if (event->type == EVENT_ALARM_ESCALATED) {
        CHECK(event->record.state == kept->state && event->record.occurrence == kept->occurrence);
        CHECK(alarm_unacknowledged(kept->state) && alarms[a].severity >= SEVERITY_CRITICAL);
        *kept = event->record;
        return;
    }
    CHECK(event->record.occurrence == kept->occurrence + (event->record.state == ALARM_UNACKNOWLEDGED));
    CHECK(event->record.condition == alarm_condition(event->record.state));
    CHECK(event->record.state != kept->state);
    CHECK(event->class == alarms[a].class);
    if (alarms[a].class == CLASS_FIRE &&
        event->record.state == ALARM_NORMAL) { // never but by a reset, on the spot
        CHECK(input->kind == CORE_INPUT_RESET && input->alarm == a && !input->remote);
        CHECK(kept->state == ALARM_LATCHED_ACKNOWLEDGED);
    }
    *kept = event->record;
}

static void keep_actions(const struct core_input *input)
{
    CHECK(actions.n_events <= CORE_MAX_EVENTS && actions.n_outputs <= CORE_MAX_OUTPUTS);
    for (size_t i = 0; i < actions.n_outputs; i++) {
        struct core_output_action action = actions.outputs[i];
        CHECK(action.output < OUTPUTS && lines[action.output] != action.pattern); // changes alone are told
        lines[action.output] = action.pattern;
    }
    look_past_rolls(&actions);
    for (size_t i = 0; i < actions.n_events; i++) {
        keep_event(&actions.events[i], input);
    }
}

static void step_core(const struct core_input *input)
{
    struct core_now at = now();
    core_step(core, input, &at, &actions);
    enum core_answer answer = actions.answer;
    keep_actions(input);
    struct core_input tick = { .kind = CORE_INPUT_TICK };
    for (unsigned calls = 0; actions.more; calls++) {
        CHECK(calls < 100);
        core_step(core, &tick, &at, &actions);
        keep_actions(&tick);
    }
    actions.answer = answer;
}

static void tick_core(void)
{
    step_core(&(struct core_input){ .kind = CORE_INPUT_TICK });
}

static void start_core(void)
{
    CHECK(core_size(&plan) <= sizeof memory);
    struct core_now at = now();
    core = core_init(memory, &plan, &at);
    memset(lines, 0, sizeof lines);
    for (size_t a = 0; a < ALARMS; a++) {
        CHECK(!journal[a].room || core_restore(core, &journal[a], &at));
    }
    tick_core();
}

// ---- Comparing

static void compare_alarm(size_t a)
{
    struct core_alarm_view view;
    core_view_alarm(core, a, &view);
    CHECK(view.state == model_state(a));
    CHECK(view.condition == model_alarms[a].condition);
    CHECK(view.occurrence == model_alarms[a].occurrence);
    CHECK(journal[a].state == view.state && journal[a].occurrence == view.occurrence);
}

static void compare_point(size_t p)
{
    struct core_point_view view;
    core_view_point(core, p, &view);
    CHECK((view.trouble != TROUBLE_NONE) == model_trouble(p));
    for (unsigned q = 0; q < QUANTITY_COUNT; q++) {
        CHECK(view.has[q] == model_points[p].has[q] && view.value[q] == model_points[p].value[q]);
    }
}

static void compare_all(void)
{
    enum core_pattern patterns[OUTPUTS];
    model_patterns(patterns);
    for (size_t a = 0; a < ALARMS; a++) {
        compare_alarm(a);
        // Said once more without the model, since it is what careroom is for.
        for (size_t o = 0; alarms[a].class == CLASS_FIRE && journal[a].state != ALARM_NORMAL && o < OUTPUTS;
             o++) {
            CHECK(outputs[o].role != OUTPUT_SOUNDER || lines[o] == PATTERN_EVACUATE);
            CHECK(outputs[o].role != OUTPUT_VENTILATION || lines[o] == PATTERN_OFF);
        }
    }
    for (size_t p = 0; p < POINTS; p++) {
        compare_point(p);
    }
    for (size_t o = 0; o < OUTPUTS; o++) {
        CHECK(lines[o] == patterns[o] && core_view_output(core, o) == patterns[o]);
    }
    calm += lines[0] != PATTERN_EVACUATE;
    compared++;
    uint64_t next = model_next();
    CHECK(core_deadline_ns(core) == (next == UINT64_MAX ? UINT64_MAX : now_ns + next));
}

// ---- Days

static int32_t some_value(size_t p, enum quantity q)
{
    if (chance(2)) {
        return chance(50) ? INT32_MIN : quantities[q].max + 1;
    }
    if (q == QUANTITY_CONTACT) {
        return chance(points[p].role == ROLE_SMOKE ? smoke_percent : 50);
    }
    for (size_t a = 0; a < ALARMS; a++) { // about the edges of a rule
        if (alarms[a].point == p && alarms[a].kind == CORE_ALARM_THRESHOLD && alarms[a].quantity == q &&
            chance(60)) {
            int32_t sign = alarms[a].above ? 1 : -1;
            return alarms[a].threshold +
                   sign * (chance(70) ? (int32_t)below(2) : -alarms[a].deadband + (int32_t)below(2));
        }
    }
    return quantities[q].min + (int32_t)below((unsigned)(quantities[q].max - quantities[q].min) + 1);
}

static struct core_input some_input(void)
{
    struct core_input input = { .kind = CORE_INPUT_TICK, .point = below(POINTS), .alarm = below(ALARMS) };
    unsigned dice = below(100);
    if (dice < 65) {
        input.kind = CORE_INPUT_READING;
        input.quantity = points[input.point].contact ? QUANTITY_CONTACT : below(QUANTITY_CONTACT);
        input.value = some_value(input.point, input.quantity);
    } else if (dice < 75) {
        input.kind = CORE_INPUT_TROUBLE;
        input.trouble = chance(50) ? TROUBLE_NONE : below(TROUBLE_COUNT);
    } else if (dice < 93) {
        input.kind = dice < 84 ? CORE_INPUT_ACK : CORE_INPUT_RESET;
        for (unsigned tries = 0; tries < 8 && !model_alarms[input.alarm].stands; tries++) {
            input.alarm = below(ALARMS);
        }
        input.remote = chance(20);
        input.actor = chance(80) ? "uid 1000" : NULL;
        input.occurrence = chance(70) ? 0 : model_alarms[input.alarm].occurrence + below(2);
    } else if (dice < 95) {
        input.kind = CORE_INPUT_CARD;
        input.point = below(ROOMS) * PER_ROOM + 5;
        input.value = 26;
    }
    return input;
}

static uint64_t some_time(void)
{
    unsigned dice = below(100);
    if (dice < 20) {
        return 0;
    }
    if (dice < 90) {
        return below(300) * (S / 100);
    }
    return dice < 98 ? below(20) * S : random64() % (200 * S);
}

// A caller that keeps its promise: a tick at each deadline on the way.
static void pass_time(uint64_t until_ns)
{
    while (core_deadline_ns(core) <= until_ns) {
        CHECK(core_deadline_ns(core) >= now_ns);
        now_ns = core_deadline_ns(core);
        (void)model_step(&(struct core_input){ .kind = CORE_INPUT_TICK }, now_ns);
        tick_core();
        compare_all();
    }
    now_ns = until_ns;
}

// Answers are given to what stands now, and what is ignored judges nothing: before these, a caller ticks.
static bool judges_its_point(const struct core_input *input)
{
    switch (input->kind) {
    case CORE_INPUT_READING:
    case CORE_INPUT_CARD:
        return true;
    case CORE_INPUT_TROUBLE:
        return input->trouble != TROUBLE_STALE;
    case CORE_INPUT_ACK:
    case CORE_INPUT_RESET:
    case CORE_INPUT_SILENCE:
    case CORE_INPUT_SHELVE:
    case CORE_INPUT_ISOLATE:
    case CORE_INPUT_DRILL:
    case CORE_INPUT_PRESENCE:
    case CORE_INPUT_MARK:
    case CORE_INPUT_TICK:
    case CORE_INPUT_KIND_COUNT:
        break;
    }
    return false;
}

// After a late input the core knows of its point; of the others it need not know yet.
static void compare_late(size_t p)
{
    compare_point(p);
    for (size_t a = 0; a < ALARMS; a++) {
        if (alarms[a].point == p) {
            compare_alarm(a);
        }
    }
}

static void one_step(void)
{
    struct core_input input = some_input();
    bool judges = judges_its_point(&input);
    uint64_t until_ns = now_ns + some_time();
    if (input.kind != CORE_INPUT_TICK && (!judges || chance(70))) {
        pass_time(until_ns);
    }
    now_ns = until_ns;
    enum core_answer expected = model_step(&input, now_ns);
    step_core(&input);
    CHECK(actions.answer == expected);
    if (judges && core_deadline_ns(core) <= now_ns) {
        compare_late(input.point);
        tick_core();
    }
    compare_all();
}

static void restart(void)
{
    now_ns = chance(50) ? now_ns + below(100) * S : below(100) * S; // the guard alone, or the whole board
    model_restart(now_ns);
    model_judge();
    start_core();
    compare_all();
}

static void new_building(void)
{
    make_building();
    memset(journal, 0, sizeof journal);
    memset(model_alarms, 0, sizeof model_alarms);
    now_ns = random64() % (1000 * S);
    model_restart(now_ns);
    start_core();
    compare_all();
}

static uint64_t from_environment(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

static void test_core_is_what_the_model_says(void **unused)
{
    (void)unused;
    uint64_t steps = from_environment("CAREROOM_STEPS", 200000);
    first_seed = from_environment("CAREROOM_SEED", (uint64_t)time(NULL));
    random_state = first_seed;
    print_message("CAREROOM_STEPS=%" PRIu64 " CAREROOM_SEED=%" PRIu64 "\n", steps, first_seed);
    clock_t started = clock();
    for (step_number = 0; step_number < steps; step_number++) {
        if (step_number % DAY_STEPS == 0) {
            new_building();
        }
        if (below(2000) == 0) {
            restart();
        }
        one_step();
    }
    double seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
    print_message("%" PRIu64 " comparisons, fire standing in %.0f %% of them\n", compared,
                  100.0 * (double)(compared - calm) / (double)compared);
    print_message("%.0f steps a second, model and comparison included\n", (double)steps / seconds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_core_is_what_the_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
