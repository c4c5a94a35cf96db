// How conditions are judged, one rule of core.h a case: on- and off-delays, means, rises, sensors that are
// stuck or differ, combinations, confirmed fire, chatter, and what of them outlives a restart. The scripts of
// tests/rules tell the plain stories; here are the edges.
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/core.h"
#include "gateway/core/floor.h"

#define S      NS_PER_S
#define MINUTE (60 * S)
#define HOUR   (60 * MINUTE)
#define PARTS  48

static struct core_point points[PARTS];
static struct core_alarm alarms[PARTS];
static struct core_member members[PARTS];
static struct core_plan plan;
static char ids[PARTS][8];

static _Alignas(16) unsigned char memory[1 << 18];
static struct core *core;
static struct core_actions actions;
static struct event events[256];
static size_t n_events;
static struct state_record records[2 * PARTS];
static size_t n_records;

// ---- The building

static int new_building(void **unused)
{
    (void)unused;
    plan = (struct core_plan){ .points = points, .alarms = alarms, .members = members, .n_rooms = 1 };
    for (size_t i = 0; i < PARTS; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "a%zu", i);
    }
    core = NULL;
    n_events = n_records = 0;
    return 0;
}

static size_t add_alarm(struct core_alarm alarm)
{
    alarm.room = "butterfly";
    alarm.id = ids[plan.n_alarms];
    alarm.severity = alarm.severity ? alarm.severity : SEVERITY_WARNING;
    alarm.class = alarm.class ? alarm.class : CLASS_SAFETY;
    assert_true(plan.n_alarms < PARTS);
    alarms[plan.n_alarms] = alarm;
    return plan.n_alarms++;
}

static size_t add_trouble(size_t point)
{
    return add_alarm((struct core_alarm){ .kind = CORE_ALARM_TROUBLE, .point = point, .class = CLASS_FAULT });
}

static size_t add_sensor(uint64_t stale_ns)
{
    points[plan.n_points] = (struct core_point){ .room = "butterfly", .id = "air", .stale_ns = stale_ns };
    return plan.n_points++;
}

static size_t add_contact(enum contact_role role)
{
    points[plan.n_points] =
        (struct core_point){ .room = "butterfly", .id = "contact", .contact = true, .role = role };
    return plan.n_points++;
}

static size_t add_smoke(void)
{
    size_t p = add_contact(ROLE_SMOKE);
    return add_alarm((struct core_alarm){ .kind = CORE_ALARM_CONTACT,
                                          .point = p,
                                          .severity = SEVERITY_CRITICAL,
                                          .ending = ALARM_LATCHES,
                                          .confirmed = true });
}

static void add_member(bool contact, size_t index)
{
    members[plan.n_members++] = (struct core_member){ .contact = contact, .index = index };
}

// A rule over CO2, above 1500, deadband 100, unless it is said otherwise.
static size_t add_rule(struct core_alarm rule)
{
    rule.quantity = QUANTITY_CO2;
    rule.above = true;
    rule.threshold = rule.threshold ? rule.threshold : 1500;
    rule.deadband = rule.deadband ? rule.deadband : 100;
    return add_alarm(rule);
}

// ---- What happens

static struct core_now at(uint64_t ns)
{
    return (struct core_now){ .boottime_ns = ns, .wall_ms = 1, .clock = CLOCK_SYNCHRONISED };
}

static void step(uint64_t ns, struct core_input input)
{
    struct core_now now = at(ns);
    do {
        core_step(core, &input, &now, &actions);
        for (size_t i = 0; i < actions.n_events; i++) {
            assert_true(n_events < 256);
            assert_true(actions.events[i].n_values < EVENT_VALUES); // none was dropped
            events[n_events++] = actions.events[i];
        }
        input = (struct core_input){ .kind = CORE_INPUT_TICK };
    } while (actions.more);
}

static void tick(uint64_t ns)
{
    step(ns, (struct core_input){ .kind = CORE_INPUT_TICK });
}

static void start(uint64_t ns)
{
    assert_true(core_size(&plan) <= sizeof memory);
    memset(memory, 0xA5, sizeof memory);
    struct core_now now = at(ns);
    core = core_init(memory, &plan, &now);
}

static void begin(uint64_t ns)
{
    start(ns);
    tick(ns);
    assert_int_equal(n_events, 0);
}

static void value(uint64_t ns, size_t point, int32_t value_)
{
    step(ns, (struct core_input){
                 .kind = CORE_INPUT_READING, .point = point, .quantity = QUANTITY_CO2, .value = value_ });
}

static void contact(uint64_t ns, size_t point, int32_t active)
{
    step(ns, (struct core_input){
                 .kind = CORE_INPUT_READING, .point = point, .quantity = QUANTITY_CONTACT, .value = active });
}

static void trouble(uint64_t ns, size_t point, enum trouble trouble_)
{
    step(ns, (struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = point, .trouble = trouble_ });
}

static void answer(uint64_t ns, enum core_input_kind kind, size_t alarm)
{
    step(ns, (struct core_input){ .kind = kind, .alarm = alarm, .actor = "mei" });
    assert_int_equal(actions.answer, CORE_ANSWER_DONE);
}

static bool holds(size_t alarm)
{
    struct core_alarm_view view;
    core_view_alarm(core, alarm, &view);
    return view.condition;
}

static uint64_t occurrence(size_t alarm)
{
    struct core_alarm_view view;
    core_view_alarm(core, alarm, &view);
    return view.occurrence;
}

static int64_t number(const struct event *event, enum event_field field)
{
    for (unsigned i = 0; i < event->n_values; i++) {
        if (event->values[i].field == field) {
            return event->values[i].number;
        }
    }
    fail_msg("no %s", event_field_names[field]);
    return 0;
}

static size_t count(enum event_type type)
{
    size_t n = 0;
    for (size_t i = 0; i < n_events; i++) {
        n += events[i].type == type;
    }
    return n;
}

static const struct event *last(enum event_type type)
{
    for (size_t i = n_events; i-- > 0;) {
        if (events[i].type == type) {
            return &events[i];
        }
    }
    fail_msg("no %s", event_type_names[type]);
    return NULL;
}

static void keep_record(const struct state_record *record, void *user)
{
    (void)user;
    assert_true(n_records < 2 * PARTS);
    records[n_records++] = *record;
}

static size_t save(uint64_t ns)
{
    struct core_now now = at(ns);
    n_records = 0;
    core_save(core, &now, keep_record, NULL);
    return n_records;
}

// The power fails, or the guard alone, right after what was saved; alarms come back, too.
static void restart(uint64_t saved_ns, uint64_t ns)
{
    static struct state_record kept[PARTS];
    memset(kept, 0, sizeof kept);
    for (size_t i = 0; i < n_events; i++) {
        for (size_t a = 0; events[i].record.room && a < plan.n_alarms; a++) {
            if (strcmp(ids[a], events[i].record.item) == 0) {
                kept[a] = events[i].record;
                kept[a].since_boottime_ns = 0;
            }
        }
    }
    (void)save(saved_ns);
    start(ns);
    struct core_now now = at(ns);
    for (size_t i = 0; i < n_records; i++) {
        assert_true(core_restore(core, &records[i], &now));
    }
    for (size_t a = 0; a < plan.n_alarms; a++) {
        assert_true(!kept[a].room || core_restore(core, &kept[a], &now));
    }
    tick(ns);
}

// ---- Delays

static void an_off_delay(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t rule = add_rule((struct core_alarm){ .kind = CORE_ALARM_THRESHOLD, .off_delay_ns = 60 * S });
    begin(0);
    value(1 * S, air, 1501);
    assert_true(holds(rule));
    value(10 * S, air, 1400); // back, for a minute
    assert_int_equal(core_deadline_ns(core), 70 * S);
    value(69 * S, air, 1401); // within the deadband: a break
    tick(70 * S);
    assert_true(holds(rule));
    value(100 * S, air, 1400);
    tick(160 * S - 1);
    assert_true(holds(rule));
    tick(160 * S);
    assert_false(holds(rule));
    assert_int_equal(count(EVENT_ALARM_CLEARED), 1);
}

static void an_off_delay_is_held_while_nothing_is_known(void **unused)
{
    (void)unused;
    size_t air = add_sensor(30 * S);
    size_t rule = add_rule((struct core_alarm){ .kind = CORE_ALARM_THRESHOLD, .off_delay_ns = 60 * S });
    begin(0);
    value(1 * S, air, 2000);
    value(10 * S, air, 1000);
    tick(5000 * S); // stale at 40 s: 30 s have passed, however late the tick
    trouble(5001 * S, air, TROUBLE_BAD_CRC);
    trouble(5002 * S, air, TROUBLE_NONE);
    tick(6000 * S);
    assert_true(holds(rule));
    value(6000 * S, air, 1000);
    value(6020 * S, air, 1000);
    tick(6030 * S - 1);
    assert_true(holds(rule));
    tick(6030 * S);
    assert_false(holds(rule));
}

static void a_delay_runs_out_before_what_comes_at_its_end(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t rule = add_rule((struct core_alarm){ .kind = CORE_ALARM_THRESHOLD, .on_delay_ns = 60 * S });
    begin(0);
    value(0, air, 1501);
    value(60 * S, air, 400);
    assert_false(holds(rule));
    assert_int_equal(occurrence(rule), 1); // raised, and cleared
    assert_int_equal(n_events, 2);
}

static void a_door_that_is_open_for_too_long(void **unused)
{
    (void)unused;
    size_t door = add_contact(ROLE_DOOR);
    size_t open = add_alarm((struct core_alarm){
        .kind = CORE_ALARM_CONTACT, .point = door, .on_delay_ns = 30 * S, .off_delay_ns = 5 * S });
    begin(0);
    contact(0, door, 1);
    contact(29 * S, door, 0);
    contact(29 * S, door, 1);
    tick(58 * S);
    assert_false(holds(open));
    trouble(58 * S, door, TROUBLE_GONE); // active is believed whatever its trouble
    assert_int_equal(core_deadline_ns(core), 59 * S);
    tick(59 * S);
    assert_true(holds(open));
    contact(60 * S, door, 0); // but not inactive
    assert_int_equal(core_deadline_ns(core), UINT64_MAX);
    trouble(100 * S, door, TROUBLE_NONE);
    tick(105 * S - 1);
    assert_true(holds(open));
    tick(105 * S);
    assert_false(holds(open));
}

static void the_ends_of_32_bits(void **unused)
{
    (void)unused;
    points[0] = (struct core_point){ .room = "butterfly", .id = "air", .stale_ns = HOUR };
    plan.n_points = 1;
    struct core_alarm rule = { .kind = CORE_ALARM_THRESHOLD,
                               .quantity = QUANTITY_CO2,
                               .threshold = INT32_MIN,
                               .deadband = INT32_MAX,
                               .above = true };
    size_t low = add_alarm(rule);
    rule.above = false;
    rule.threshold = INT32_MAX;
    size_t high = add_alarm(rule);
    rule.kind = CORE_ALARM_RISE;
    rule.window_ns = 2 * MINUTE;
    rule.threshold = INT32_MIN;
    size_t rise = add_alarm(rule);
    begin(0);
    for (uint64_t m = 0; m < 4; m++) {
        value(m * MINUTE, 0, m % 2 ? 40000 : 200);
        assert_true(holds(low) && holds(high));
    }
    assert_true(holds(rise));
}

// ---- Means

static void a_mean_over_its_window(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t mean =
        add_rule((struct core_alarm){ .kind = CORE_ALARM_MEAN, .window_ns = 4 * MINUTE, .threshold = 1000 });
    begin(0);
    value(0, air, 1001);
    value(1 * MINUTE, air, 1001);
    value(2 * MINUTE, air, 1001);
    assert_false(holds(mean)); // two minutes of four
    value(3 * MINUTE, air, 1001);
    assert_true(holds(mean));
    const struct event *event = last(EVENT_ALARM_RAISED);
    assert_int_equal(number(event, FIELD_MEAN), 1001);
    assert_int_equal(number(event, FIELD_CO2_PPM), 1001);
    assert_int_equal(number(event, FIELD_THRESHOLD), 1000);
    value(3 * MINUTE + 1, air, 200);
    value(3 * MINUTE + 2, air, 200);
    value(4 * MINUTE, air, 598); // (1001 + 1001 + 1001 + 467) / 4
    assert_false(holds(mean));
    assert_int_equal(number(last(EVENT_ALARM_CLEARED), FIELD_MEAN), 868);
}

static void a_mean_at_its_edges(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t mean =
        add_rule((struct core_alarm){ .kind = CORE_ALARM_MEAN, .window_ns = MINUTE, .threshold = 1000 });
    static const struct {
        int32_t value;
        bool holds;
    } of[] = { { 1000, false }, { 1001, true },  { 1000, true }, { 901, true },
               { 900, false },  { 1000, false }, { 1001, true } };
    begin(0);
    for (size_t i = 0; i <= sizeof of / sizeof of[0]; i++) {
        value(i * MINUTE, air, i < sizeof of / sizeof of[0] ? of[i].value : 400);
        if (i > 0) {
            assert_int_equal(holds(mean), of[i - 1].holds);
        }
    }
}

static void a_mean_with_gaps_keeps_its_state(void **unused)
{
    (void)unused;
    size_t air = add_sensor(10 * HOUR);
    size_t mean = add_rule(
        (struct core_alarm){ .kind = CORE_ALARM_MEAN, .window_ns = 4 * MINUTE, .on_delay_ns = 90 * S });
    begin(0);
    for (uint64_t m = 0; m < 4; m++) {
        value(m * MINUTE, air, 2000);
    }
    assert_int_equal(core_deadline_ns(core), 3 * MINUTE + 90 * S); // known with its third minute
    value(3 * MINUTE + 60 * S, air, 2000);                         // 30 s remain
    trouble(3 * MINUTE + 70 * S, air, TROUBLE_NO_ANSWER);          // 20 s
    value(3 * HOUR, air, 2000);                                    // nothing in the window
    value(3 * HOUR + 1 * MINUTE, air, 2000);
    value(3 * HOUR + 2 * MINUTE, air, 2000);
    tick(3 * HOUR + 2 * MINUTE + 50 * S);
    assert_false(holds(mean));
    value(3 * HOUR + 3 * MINUTE, air, 2000);
    tick(3 * HOUR + 3 * MINUTE + 20 * S - 1);
    assert_false(holds(mean));
    tick(3 * HOUR + 3 * MINUTE + 20 * S);
    assert_true(holds(mean));
    value(6 * HOUR, air, 400); // a clock that leaps: still all that is known is that nothing is
    value(6 * HOUR + 1 * MINUTE, air, 400);
    value(6 * HOUR + 2 * MINUTE, air, 400);
    assert_true(holds(mean));
    value(6 * HOUR + 3 * MINUTE, air, 400);
    assert_false(holds(mean));
}

// ---- Rises

static void a_rise_within_its_window(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    struct core_alarm fall = { .kind = CORE_ALARM_RISE, .window_ns = 5 * MINUTE, .threshold = 300 };
    size_t rise = add_rule(fall);
    fall.quantity = QUANTITY_CO2;
    fall.deadband = 100;
    size_t falls = add_alarm(fall);
    begin(0);
    value(0, air, 500);
    value(1 * MINUTE, air, 2000);
    assert_false(holds(rise)); // one minute is not enough
    value(1 * MINUTE + 1, air, 500);
    value(2 * MINUTE, air, 799);
    assert_false(holds(rise));
    value(2 * MINUTE + S, air, 800);
    assert_true(holds(rise));
    assert_int_equal(number(last(EVENT_ALARM_RAISED), FIELD_RISE), 300);
    value(2 * MINUTE + 2 * S, air, 701);
    assert_true(holds(rise));
    value(2 * MINUTE + 3 * S, air, 700);
    assert_false(holds(rise));
    value(2 * MINUTE + 4 * S, air, 800);
    assert_true(holds(rise));
    // Minute 0, the lowest, leaves the window: the others' mean is above 750.
    for (uint64_t m = 3; m <= 5; m++) {
        value(m * MINUTE, air, 900);
        assert_true(holds(rise));
    }
    value(6 * MINUTE, air, 900);
    assert_false(holds(rise));
    assert_true(holds(falls)); // from the 1250 of minute 1
    value(7 * MINUTE, air, 900);
    assert_false(holds(falls));
}

static void a_rise_without_deadband(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t rise = add_alarm((struct core_alarm){ .kind = CORE_ALARM_RISE,
                                                 .quantity = QUANTITY_CO2,
                                                 .above = true,
                                                 .window_ns = 60 * MINUTE,
                                                 .threshold = 300 });
    begin(0);
    value(0, air, 500);
    value(1 * MINUTE, air, 500);
    value(2 * MINUTE, air, 800);
    assert_true(holds(rise));
    value(2 * MINUTE + 1, air, 800); // at the threshold it is not back
    assert_true(holds(rise));
    value(2 * MINUTE + 2, air, 799);
    assert_false(holds(rise));
}

// ---- Stuck and differing sensors

static void a_value_that_never_changes(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t stuck = add_rule((struct core_alarm){ .kind = CORE_ALARM_UNCHANGED, .window_ns = 9 * MINUTE });
    begin(0);
    for (uint64_t m = 0; m < 9; m++) {
        value(m * MINUTE, air, 600);
        assert_false(holds(stuck));
    }
    value(9 * MINUTE - 1, air, 600); // ten, but not for long enough
    assert_false(holds(stuck));
    value(9 * MINUTE, air, 600);
    assert_true(holds(stuck));
    assert_int_equal(number(last(EVENT_ALARM_RAISED), FIELD_CO2_PPM), 600);
    value(10 * MINUTE, air, 601);
    assert_false(holds(stuck));
    value(11 * MINUTE, air, 600);
    for (uint64_t m = 12; m < 20; m++) { // the eighth comes 8 minutes after the first
        value(m * MINUTE, air, 600);
    }
    value(20 * MINUTE, air, 600);
    assert_true(holds(stuck));
}

static void a_silence_is_no_stuck_value(void **unused)
{
    (void)unused;
    size_t air = add_sensor(30 * S);
    size_t stuck = add_rule((struct core_alarm){ .kind = CORE_ALARM_UNCHANGED, .window_ns = MINUTE });
    begin(0);
    value(0, air, 600);
    for (uint64_t i = 0; i < 9; i++) {
        value(HOUR + i * S, air, 600); // the tenth in an hour
    }
    assert_false(holds(stuck));
    for (uint64_t i = 9; i <= 60; i++) {
        value(HOUR + i * S, air, 600);
        assert_int_equal(holds(stuck), i == 60);
    }
    trouble(HOUR + 61 * S, air, TROUBLE_BAD_CRC);
    value(HOUR + 62 * S, air, 600); // nothing new is known
    assert_true(holds(stuck));
    trouble(HOUR + 63 * S, air, TROUBLE_BAD_CRC);
    value(HOUR + 64 * S, air, 599);
    assert_false(holds(stuck));
}

// What else the sensor measures says nothing about how long this value has stayed the same.
static void a_stuck_value_is_measured_by_its_own_values(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t stuck = add_rule((struct core_alarm){ .kind = CORE_ALARM_UNCHANGED, .window_ns = MINUTE });
    begin(0);
    for (uint64_t i = 0; i <= 20; i++) {
        value(i * S, air, 600);
    }
    step(60 * S,
         (struct core_input){
             .kind = CORE_INPUT_READING, .point = air, .quantity = QUANTITY_HUMIDITY, .value = 50000 });
    assert_false(holds(stuck));
    value(60 * S, air, 600);
    assert_true(holds(stuck));
}

static void a_stuck_value_outlives_a_restart(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t stuck = add_rule((struct core_alarm){ .kind = CORE_ALARM_UNCHANGED, .window_ns = MINUTE });
    begin(0);
    for (uint64_t i = 0; i <= 60; i++) {
        value(i * S, air, 600);
    }
    assert_true(holds(stuck));
    restart(61 * S, 62 * S);
    value(63 * S, air, 600);
    value(64 * S, air, 600);
    assert_true(holds(stuck));
    value(65 * S, air, 610);
    assert_false(holds(stuck));
}

static void two_that_should_measure_the_same(void **unused)
{
    (void)unused;
    size_t air = add_sensor(30 * S), other = add_sensor(HOUR);
    size_t apart = add_rule((struct core_alarm){ .kind = CORE_ALARM_APART,
                                                 .point = air,
                                                 .other_point = other,
                                                 .threshold = 300,
                                                 .on_delay_ns = 20 * S });
    begin(0);
    value(0, air, 500);
    tick(1 * S); // of the other nothing is known yet
    assert_int_equal(core_deadline_ns(core), 30 * S);
    value(1 * S, other, 800);
    value(2 * S, other, 801);
    assert_int_equal(core_deadline_ns(core), 22 * S);
    value(3 * S, other, 800); // a break
    value(4 * S, other, 801);
    value(5 * S, other, 899);
    value(20 * S, air, 500);
    tick(24 * S);
    assert_true(holds(apart));
    assert_int_equal(number(last(EVENT_ALARM_RAISED), FIELD_OTHER), 899);
    value(25 * S, air, 698);
    assert_true(holds(apart)); // 201
    tick(100 * S);             // the first is stale
    value(101 * S, other, 800);
    assert_true(holds(apart));
    value(102 * S, air, 600);
    assert_false(holds(apart));
    value(103 * S, air, 400);
    trouble(110 * S, other, TROUBLE_BAD_CRC); // 13 s remain
    value(115 * S, air, 400);
    assert_int_equal(core_deadline_ns(core), 145 * S); // its staleness
    value(120 * S, other, 800);
    assert_int_equal(core_deadline_ns(core), 133 * S);
}

// What runs out goes in order of time, however late the tick: the other falls silent before the delay ends.
static void late_ticks_change_nothing(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR), other = add_sensor(30 * S);
    size_t apart = add_rule((struct core_alarm){ .kind = CORE_ALARM_APART,
                                                 .point = air,
                                                 .other_point = other,
                                                 .threshold = 300,
                                                 .on_delay_ns = 60 * S });
    size_t rule = add_rule((struct core_alarm){
        .kind = CORE_ALARM_THRESHOLD, .point = air, .threshold = 800, .on_delay_ns = 20 * S });
    size_t both = add_alarm((struct core_alarm){
        .kind = CORE_ALARM_COMBINATION, .on_delay_ns = 70 * S, .at_least = 1, .n_members = 1 });
    add_member(false, rule);
    begin(0);
    value(0, other, 500);
    value(0, air, 900);
    value(100 * S, air, 900); // no tick in between
    assert_false(holds(apart));
    assert_true(holds(rule)); // since 20 s
    assert_true(holds(both)); // since 90 s
    value(100 * S, other, 500);
    tick(130 * S - 1);
    assert_false(holds(apart));
    tick(130 * S); // 30 s of before, and 30; and the other falls silent at the same moment
    assert_true(holds(apart));
}

// ---- Combinations

static void at_least_so_many_of_its_members(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR), door = add_contact(ROLE_DOOR), pane = add_contact(ROLE_WINDOW);
    size_t rule = add_rule((struct core_alarm){ .kind = CORE_ALARM_THRESHOLD, .point = air });
    size_t two =
        add_alarm((struct core_alarm){ .kind = CORE_ALARM_COMBINATION, .at_least = 2, .n_members = 3 });
    add_member(false, rule);
    add_member(true, door);
    add_member(true, pane);
    begin(0);
    contact(1 * S, door, 1);
    assert_false(holds(two));
    value(2 * S, air, 1501);
    assert_true(holds(two));
    contact(3 * S, door, 0); // the window could be open: nothing was heard of it
    assert_true(holds(two));
    contact(4 * S, pane, 0);
    assert_false(holds(two));
    contact(5 * S, pane, 1);
    assert_true(holds(two));
    trouble(6 * S, pane, TROUBLE_GONE);
    contact(7 * S, pane, 0); // not trusted
    assert_true(holds(two));
    trouble(8 * S, pane, TROUBLE_NONE);
    assert_false(holds(two));
}

static void a_combination_of_combinations_in_one_step(void **unused)
{
    (void)unused;
    size_t door = add_contact(ROLE_NONE);
    size_t open = add_alarm((struct core_alarm){ .kind = CORE_ALARM_CONTACT, .point = door });
    size_t first =
        add_alarm((struct core_alarm){ .kind = CORE_ALARM_COMBINATION, .at_least = 1, .n_members = 1 });
    add_member(false, open);
    size_t second = add_alarm((struct core_alarm){
        .kind = CORE_ALARM_COMBINATION, .at_least = 1, .first_member = 1, .n_members = 1 });
    add_member(false, first);
    begin(0);
    contact(1 * S, door, 1);
    assert_true(holds(open) && holds(first) && holds(second));
    assert_int_equal(n_events, 3);
    contact(2 * S, door, 0);
    assert_false(holds(open) || holds(first) || holds(second));
}

// ---- Confirmed fire

static size_t detectors[3];

static size_t add_fire(size_t n, size_t at_least)
{
    for (size_t i = 0; i < n; i++) {
        detectors[i] = add_smoke();
        (void)add_trouble(alarms[detectors[i]].point);
        add_member(false, detectors[i]);
    }
    return add_alarm((struct core_alarm){ .kind = CORE_ALARM_CONFIRM,
                                          .severity = SEVERITY_FIRE,
                                          .class = CLASS_FIRE,
                                          .ending = ALARM_LATCHES,
                                          .at_least = at_least,
                                          .n_members = n,
                                          .prealarm_ns = 60 * S });
}

static void two_detectors_are_a_fire(void **unused)
{
    (void)unused;
    size_t fire = add_fire(3, 2);
    begin(0);
    contact(1 * S, 0, 1);
    contact(2 * S, 0, 0); // it resets itself, and stands
    assert_false(holds(fire));
    contact(3 * S, 2, 1);
    assert_true(holds(fire));
    contact(4 * S, 2, 0);
    assert_true(holds(fire));
    for (size_t i = 0; i < 3; i += 2) {
        answer(5 * S, CORE_INPUT_ACK, detectors[i]);
        answer(6 * S, CORE_INPUT_RESET, detectors[i]);
        assert_int_equal(holds(fire), i == 0); // until none stands, in the step of the last reset
    }
    answer(7 * S, CORE_INPUT_ACK, fire);
    answer(8 * S, CORE_INPUT_RESET, fire);
    contact(9 * S, 1, 1);
    assert_false(holds(fire)); // and its time begins anew
    assert_int_equal(core_deadline_ns(core), 69 * S);
}

static void one_that_nobody_answers_is_a_fire(void **unused)
{
    (void)unused;
    size_t fire = add_fire(2, 2);
    begin(0);
    contact(10 * S, 0, 1);
    contact(20 * S, 0, 0);
    contact(30 * S, 0, 1); // again: a new occurrence, and still nobody has come
    assert_int_equal(core_deadline_ns(core), 70 * S);
    tick(70 * S - 1);
    assert_false(holds(fire));
    tick(70 * S);
    assert_true(holds(fire));
}

static void one_that_is_answered_is_none(void **unused)
{
    (void)unused;
    size_t fire = add_fire(3, 3);
    begin(0);
    contact(10 * S, 0, 1);
    contact(40 * S, 1, 1);
    answer(69 * S, CORE_INPUT_ACK, detectors[0]);
    assert_int_equal(core_deadline_ns(core), 100 * S); // the second's own
    answer(70 * S, CORE_INPUT_ACK, detectors[1]);
    assert_int_equal(core_deadline_ns(core), UINT64_MAX);
    tick(HOUR);
    assert_false(holds(fire));
    contact(HOUR, 2, 1);
    assert_true(holds(fire));
}

static void a_detector_in_trouble_never_blocks(void **unused)
{
    (void)unused;
    size_t fire = add_fire(2, 2);
    begin(0);
    contact(1 * S, 0, 1);
    assert_false(holds(fire));
    trouble(2 * S, 1, TROUBLE_OPEN); // in the same step
    assert_true(holds(fire));
    new_building(NULL);
    fire = add_fire(2, 2);
    begin(0);
    trouble(1 * S, 0, TROUBLE_OPEN);
    trouble(1 * S, 1, TROUBLE_OPEN);
    assert_false(holds(fire)); // trouble alone is no fire
    contact(2 * S, 0, 1);
    assert_true(holds(fire));
}

static void a_prealarm_outlives_a_restart(void **unused)
{
    (void)unused;
    size_t fire = add_fire(2, 2);
    begin(1000 * S);
    contact(1010 * S, 0, 1);
    contact(1011 * S, 0, 0);
    restart(1050 * S, 5 * S); // 20 s remain, in another boot
    assert_int_equal(core_deadline_ns(core), 25 * S);
    contact(10 * S, 0, 0);
    tick(25 * S - 1);
    assert_false(holds(fire));
    tick(25 * S);
    assert_true(holds(fire));
    assert_int_equal(save(26 * S), 1); // it has ended
    assert_int_equal(records[0].state, 0);
}

// ---- Chatter

static void a_detector_that_chatters_stays_raised(void **unused)
{
    (void)unused;
    size_t smoke = add_smoke();
    begin(0);
    for (uint64_t i = 0; i < 40; i++) {
        contact(i * S, 0, i % 2 == 0);
        assert_true(i > 0 || holds(smoke)); // the first at once
    }
    assert_true(holds(smoke));
    assert_int_equal(count(EVENT_ALARM_RAISED), 3);
    assert_int_equal(count(EVENT_ALARM_CLEARED), 2);
    assert_int_equal(count(EVENT_POINT_CHATTERING), 1);
    assert_string_equal(last(EVENT_POINT_CHATTERING)->item, "contact");
    struct core_point_view view;
    core_view_point(core, 0, &view);
    assert_true(view.chattering);
    assert_int_equal(core_deadline_ns(core), 39 * S + MINUTE);
    tick(39 * S + MINUTE - 1);
    assert_true(holds(smoke));
    tick(39 * S + MINUTE);
    assert_false(holds(smoke));
    assert_int_equal(number(last(EVENT_POINT_SETTLED), FIELD_CHANGES), 40);
    core_view_point(core, 0, &view);
    assert_false(view.chattering);
    assert_int_equal(count(EVENT_ALARM_RAISED), 3);
}

static void it_settles_on_what_it_is(void **unused)
{
    (void)unused;
    size_t smoke = add_smoke();
    begin(0);
    for (uint64_t i = 0; i < 7; i++) {
        contact(i * S, 0, i % 2 == 0);
    }
    tick(HOUR);
    assert_true(holds(smoke));
    assert_int_equal(count(EVENT_ALARM_RAISED), 3);
    assert_int_equal(count(EVENT_POINT_SETTLED), 1);
}

static void a_door_that_chatters_is_counted(void **unused)
{
    (void)unused;
    size_t door = add_contact(ROLE_DOOR);
    begin(0);
    for (uint64_t i = 0; i < 12; i++) {
        contact(i * S, door, i % 2 == 0);
    }
    assert_int_equal(count(EVENT_DOOR_OPENED), 3);
    assert_int_equal(count(EVENT_DOOR_CLOSED), 2);
    assert_int_equal(count(EVENT_POINT_CHATTERING), 1);
    tick(11 * S + MINUTE);
    assert_int_equal(number(last(EVENT_POINT_SETTLED), FIELD_CHANGES), 12);
    assert_int_equal(count(EVENT_DOOR_CLOSED), 3); // what it is now, since opened was told last
    assert_int_equal(events[n_events - 2].type, EVENT_POINT_SETTLED);
    tick(HOUR);
    assert_int_equal(n_events, 8);
}

static void a_value_at_the_edge_chatters(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t rule = add_alarm((struct core_alarm){
        .kind = CORE_ALARM_THRESHOLD, .quantity = QUANTITY_CO2, .above = true, .threshold = 1500 });
    begin(0);
    for (uint64_t i = 0; i < 6; i++) {
        value(i * 12 * S, air, i % 2 ? 1500 : 1501);
    }
    assert_true(holds(rule));
    assert_int_equal(count(EVENT_POINT_CHATTERING), 1);
    value(119 * S, air, 1500);
    tick(120 * S); // a minute after the sixth
    assert_false(holds(rule));
}

// ---- What outlives a restart

static void what_remains_of_a_delay(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t rule = add_rule(
        (struct core_alarm){ .kind = CORE_ALARM_THRESHOLD, .on_delay_ns = 60 * S, .off_delay_ns = 100 * S });
    begin(1000 * S);
    assert_int_equal(save(1000 * S), 0);
    value(1000 * S, air, 2000);
    assert_int_equal(save(1010 * S), 1);
    assert_int_equal(records[0].kind, RECORD_DELAY);
    assert_string_equal(records[0].item, ids[rule]);
    assert_int_equal(records[0].state, 1);
    assert_int_equal(records[0].condition, 0);
    assert_int_equal(records[0].rest_ns, 50 * S);
    assert_int_equal(save(1010 * S), 0);
    trouble(1020 * S, air, TROUBLE_GONE);
    assert_int_equal(save(1070 * S), 1); // held
    assert_int_equal(save(1130 * S), 0);
    restart(1130 * S, 7 * S); // nothing new to save: the row of before is still there
    assert_int_equal(n_records, 0);
    value(1130 * S, air, 2000);
    restart(1140 * S, 7 * S);
    tick(HOUR - S); // nothing is known yet
    assert_false(holds(rule));
    assert_int_equal(save(HOUR - S), 0);
    value(HOUR, air, 2000);
    tick(HOUR + 50 * S - 1); // of the first restart's: it began anew there
    assert_false(holds(rule));
    tick(HOUR + 50 * S);
    assert_true(holds(rule));
    assert_int_equal(save(HOUR + 50 * S), 1);
    assert_int_equal(records[0].state, 0);
    assert_int_equal(save(HOUR + 50 * S), 0);
    value(HOUR + 60 * S, air, 400);
    restart(HOUR + 70 * S, 0);
    value(5 * S, air, 400);
    assert_int_equal(core_deadline_ns(core), 95 * S); // the off-delay
    tick(95 * S);
    assert_false(holds(rule));
}

static void a_delay_of_another_configuration(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t rule = add_rule((struct core_alarm){ .kind = CORE_ALARM_THRESHOLD, .on_delay_ns = 60 * S });
    start(0);
    struct state_record record = { .kind = RECORD_DELAY,
                                   .room = "butterfly",
                                   .item = ids[rule],
                                   .state = 1,
                                   .condition = 1, // of a condition that does not hold here
                                   .rest_ns = 5 * (int64_t)S };
    struct core_now now = at(0);
    assert_true(core_restore(core, &record, &now));
    value(0, air, 2000);
    assert_int_equal(core_deadline_ns(core), 60 * S);
    start(0);
    record.condition = 0;
    record.rest_ns = INT64_MAX;
    assert_true(core_restore(core, &record, &now));
    value(0, air, 2000);
    assert_int_equal(core_deadline_ns(core), 60 * S);
    start(0);
    record.rest_ns = INT64_MIN;
    assert_true(core_restore(core, &record, &now));
    value(0, air, 2000);
    assert_true(holds(rule));
    record.item = "nothing";
    assert_false(core_restore(core, &record, &now));
    record.item = NULL;
    assert_false(core_restore(core, &record, &now));
}

static void the_nights_of_a_floor(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR);
    size_t drifted = add_alarm((struct core_alarm){ .kind = CORE_ALARM_FLOOR, .point = air });
    start(0);
    struct state_record record = { .kind = RECORD_FLOOR,
                                   .room = "butterfly",
                                   .item = "air",
                                   .state = 1,
                                   .number = { 700, FLOOR_NIGHTS - 1 } };
    struct core_now now = at(0);
    assert_true(core_restore(core, &record, &now));
    assert_int_equal(save(0), 0);
    for (uint64_t i = 0; i <= 120; i++) {
        struct core_now then = at(i * MINUTE);
        then.night = i < 120 ? NIGHT_YES : NIGHT_NO;
        struct core_input input = {
            .kind = CORE_INPUT_READING, .point = air, .quantity = QUANTITY_CO2, .value = 710
        };
        core_step(core, &input, &then, &actions);
    }
    assert_true(holds(drifted));
    assert_int_equal(save(HOUR), 1);
    assert_int_equal(records[0].kind, RECORD_FLOOR);
    assert_string_equal(records[0].item, "air");
    assert_int_equal(records[0].number[0], 710);
    assert_int_equal(records[0].number[1], FLOOR_NIGHTS);
    assert_int_equal(save(HOUR), 0);
    record.item = "nothing";
    assert_false(core_restore(core, &record, &now));
    record = (struct state_record){ .kind = RECORD_FLOOR,
                                    .room = "butterfly",
                                    .item = "air",
                                    .state = 1,
                                    .number = { INT64_MIN, INT64_MAX } };
    assert_true(core_restore(core, &record, &now)); // nonsense is left alone
}

static void a_mean_goes_on_after_a_restart(void **unused)
{
    (void)unused;
    size_t air = add_sensor(HOUR), other = add_sensor(HOUR);
    size_t mean = add_rule((struct core_alarm){ .kind = CORE_ALARM_MEAN, .point = air, .window_ns = HOUR });
    size_t rise = add_rule(
        (struct core_alarm){ .kind = CORE_ALARM_RISE, .point = air, .window_ns = HOUR, .threshold = 2000 });
    size_t others =
        add_rule((struct core_alarm){ .kind = CORE_ALARM_MEAN, .point = other, .window_ns = HOUR });
    start(10 * S);
    struct core_now now = at(10 * S);
    for (uint64_t m = 1; m <= 45; m++) {
        core_restore_minute(core, air, QUANTITY_CO2, m * MINUTE, 1501, 12, &now);
        core_restore_minute(core, air, QUANTITY_TEMPERATURE, m * MINUTE, 20000, 12, &now);
        core_restore_minute(core, other, QUANTITY_CO2, m * MINUTE, 1501, m == 1 ? 0 : 12, &now);
    }
    core_restore_minute(core, 99, QUANTITY_CO2, MINUTE, 9999, 12, &now);
    value(10 * S, other, 1501);
    assert_false(holds(others)); // 44 of 60
    value(10 * S, air, 1501);
    assert_true(holds(mean));
    assert_false(holds(rise));
    value(20 * S, air, 3501);
    assert_true(holds(rise));
}

// More changes than a step has events for: all are told, in the end.
static void more_than_one_step_can_tell(void **unused)
{
    (void)unused;
    size_t door = add_contact(ROLE_DOOR);
    for (size_t i = 0; i < 20; i++) {
        (void)add_alarm((struct core_alarm){ .kind = CORE_ALARM_CONTACT, .point = door });
    }
    size_t all =
        add_alarm((struct core_alarm){ .kind = CORE_ALARM_COMBINATION, .at_least = 20, .n_members = 20 });
    for (size_t i = 0; i < 20; i++) {
        add_member(false, i);
    }
    begin(0);
    for (uint64_t i = 0; i < 6; i++) {
        contact(i, door, i % 2 == 0);
    }
    assert_int_equal(count(EVENT_ALARM_RAISED), 3 * 21);
    assert_int_equal(count(EVENT_ALARM_CLEARED), 2 * 21);
    assert_int_equal(count(EVENT_POINT_CHATTERING),
                     21); // each member, and the door: what they are held for is held with them
    assert_true(holds(all));
    tick(HOUR);
    assert_int_equal(count(EVENT_POINT_SETTLED), 21);
    assert_int_equal(count(EVENT_ALARM_CLEARED), 3 * 21);
    assert_int_equal(core_deadline_ns(core), UINT64_MAX);
}

#define CASE(test) cmocka_unit_test_setup(test, new_building)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_off_delay),
        CASE(an_off_delay_is_held_while_nothing_is_known),
        CASE(a_delay_runs_out_before_what_comes_at_its_end),
        CASE(a_door_that_is_open_for_too_long),
        CASE(the_ends_of_32_bits),
        CASE(a_mean_over_its_window),
        CASE(a_mean_at_its_edges),
        CASE(a_mean_with_gaps_keeps_its_state),
        CASE(a_rise_within_its_window),
        CASE(a_rise_without_deadband),
        CASE(a_value_that_never_changes),
        CASE(a_silence_is_no_stuck_value),
        CASE(a_stuck_value_outlives_a_restart),
        CASE(a_stuck_value_is_measured_by_its_own_values),
        CASE(two_that_should_measure_the_same),
        CASE(late_ticks_change_nothing),
        CASE(at_least_so_many_of_its_members),
        CASE(a_combination_of_combinations_in_one_step),
        CASE(two_detectors_are_a_fire),
        CASE(one_that_nobody_answers_is_a_fire),
        CASE(one_that_is_answered_is_none),
        CASE(a_detector_in_trouble_never_blocks),
        CASE(a_prealarm_outlives_a_restart),
        CASE(a_detector_that_chatters_stays_raised),
        CASE(it_settles_on_what_it_is),
        CASE(a_door_that_chatters_is_counted),
        CASE(a_value_at_the_edge_chatters),
        CASE(what_remains_of_a_delay),
        CASE(a_delay_of_another_configuration),
        CASE(the_nights_of_a_floor),
        CASE(a_mean_goes_on_after_a_restart),
        CASE(more_than_one_step_can_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
