// The core against the slow model of model.h. Random buildings, random days, late ticks, power failures;
// after every step all of the core's state, its outputs, its events and its next deadline must be what the
// model says, what the caller kept of its records must be its state, and what careroom is for must hold, said
// once more without the model.
//
// Not modelled: CORE_ALARM_FLOOR (the readings have no night), people and their marks, and minutes that come
// back from telemetry after a restart. Suppressors and members are of their room, as the configuration has
// them.
//
// CAREROOM_STEPS (default 300000) and CAREROOM_SEED choose the run; the seed is printed. The last lines say
// what the run has reached, and one that is long enough fails where it has not reached all.
#include <time.h>

#include "tests/unit/model.h"

#define DAY_STEPS    3000 // then another building
#define ENOUGH_STEPS 200000

static uint64_t compared, drills, fires, silenced_fires, sets_aside, sound_later, late_steps, restarts[2];
static uint64_t now_ns;
static int64_t wall_base_ms; // the wall clock at the start of this boot
static enum clock_quality quality;

// ---- The core

static _Alignas(16) unsigned char memory[1 << 18];
static struct core *core;
static struct core_actions actions;

static struct core_now at(void)
{
    return (struct core_now){ .boottime_ns = now_ns,
                              .wall_ms = wall_base_ms + (int64_t)(now_ns / MS),
                              .clock = quality,
                              .night = NIGHT_UNKNOWN };
}

static enum core_answer step_model(const struct core_input *input)
{
    clock_now = at();
    return model_step(input, now_ns);
}

static void step_core(const struct core_input *input)
{
    clock_now = at();
    core_step(core, input, &clock_now, &actions);
    enum core_answer answer = actions.answer;
    keep_actions(&actions, input);
    struct core_input tick = { .kind = CORE_INPUT_TICK };
    for (unsigned calls = 0; actions.more; calls++) {
        CHECK(calls < 100);
        core_step(core, &tick, &clock_now, &actions);
        keep_actions(&actions, &tick);
    }
    actions.answer = answer;
}

static void tick_core(void)
{
    step_core(&(struct core_input){ .kind = CORE_INPUT_TICK });
}

static void restore(const struct state_record *records, size_t n)
{
    size_t first = below((unsigned)n); // in any order
    for (size_t i = 0; i < n; i++) {
        const struct state_record *record = &records[(first + i) % n];
        CHECK(!record->room || core_restore(core, record, &clock_now));
    }
}

static void start_core(void)
{
    CHECK(core_size(&house) <= sizeof memory);
    clock_now = at();
    core = core_init(memory, &house, &clock_now);
    memset(lines, 0, sizeof lines);
    restore(kept_delays, ALARMS);
    restore(kept_rooms, ROOMS);
    restore(kept_drills, ROOMS);
    restore(kept_rolls, ROOMS);
    restore(kept_alarms, ALARMS);
    restore(kept_points, POINTS);
    tick_core();
}

// ---- Comparing

static void compare_alarm(size_t a)
{
    const struct model_alarm *m = &model_alarms[a];
    struct core_alarm_view view;
    core_view_alarm(core, a, &view);
    CHECK(view.state == model_state(a));
    CHECK(view.condition == model_met(a));
    CHECK(view.occurrence == m->occurrence);
    CHECK(view.since_ns == m->since_ns && view.since_wall_ms == m->since_wall_ms);
    CHECK(view.until_ns == m->shelf_ns);
    CHECK(may_be_late || view.first_out == (m->first_out && m->stands));
    const struct state_record *kept =
        house_alarms[a].kind == CORE_ALARM_ISOLATED ? &kept_points[house_alarms[a].point] : &kept_alarms[a];
    CHECK(kept->state == view.state && kept->occurrence == view.occurrence);
    CHECK(kept->since_boottime_ns == view.since_ns && kept->since_wall_ms == view.since_wall_ms);
    if (kept->kind == RECORD_ALARM && kept->until_boottime_ns != 0) {
        CHECK(kept->until_boottime_ns == view.until_ns);
    }
    sets_aside += alarm_set_aside(view.state);
}

static bool point_chatters(size_t p)
{
    bool chatters = model_points[p].chatter.held;
    for (size_t a = 0; a < house.n_alarms; a++) {
        bool combined =
            house_alarms[a].kind == CORE_ALARM_COMBINATION || house_alarms[a].kind == CORE_ALARM_CONFIRM;
        chatters |= house_alarms[a].point == p && !combined && model_alarms[a].chatter.held;
    }
    return chatters;
}

static void compare_point(size_t p)
{
    const struct model_point *m = &model_points[p];
    struct core_point_view view;
    core_view_point(core, p, &view);
    CHECK(view.known == m->known && view.trouble == model_trouble(p));
    CHECK(view.at_ns == (m->known ? m->last_ns : 0));
    CHECK(view.chattering == point_chatters(p));
    CHECK(view.isolated_until_ns == m->isolated_ns);
    CHECK(kept_points[p].condition == (m->isolated_ns != 0));
    CHECK(!kept_points[p].condition || kept_points[p].until_boottime_ns == 0 ||
          kept_points[p].until_boottime_ns == m->isolated_ns);
    for (unsigned q = 0; q < QUANTITY_COUNT; q++) {
        CHECK(view.has[q] == m->has[q] && view.value[q] == m->value[q]);
    }
}

static bool stands(size_t a)
{
    enum alarm_state state = kept_alarms[a].state;
    return state != ALARM_NORMAL && state != ALARM_SHELVED && state != ALARM_SUPPRESSED &&
           state != ALARM_OUT_OF_SERVICE;
}

static bool kept_fire(enum severity at_least)
{
    bool fire = false;
    for (size_t a = 0; a < house.n_alarms; a++) {
        fire |= house_alarms[a].class == CLASS_FIRE && house_alarms[a].severity >= at_least && stands(a);
    }
    return fire;
}

static void compare_room(size_t r)
{
    struct core_room_view view;
    core_view_room(core, r, &view);
    CHECK(view.silent_until_ns == model_rooms[r].silent_ns);
    CHECK(view.drill_since_ns == model_rooms[r].drill_ns);
    CHECK((kept_drills[r].state == 1) == (view.drill_since_ns != 0));
    CHECK((kept_rolls[r].state == 1) == kept_fire(SEVERITY_FIRE));
    CHECK((kept_rooms[r].state == 1) == (view.silent_until_ns != 0));
    CHECK(kept_rooms[r].state == 0 || kept_rooms[r].until_boottime_ns == 0 ||
          kept_rooms[r].until_boottime_ns == view.silent_until_ns);
}

// ---- What careroom is for, from the records and the lines alone

static void check_line_in_fire(size_t o, bool silent)
{
    CHECK(lines[o] != PATTERN_DRILL);
    switch (house_outputs[o].role) {
    case OUTPUT_SOUNDER:
        CHECK(lines[o] == (silent ? PATTERN_OFF : PATTERN_EVACUATE));
        break;
    case OUTPUT_BEACON:
        CHECK(lines[o] == PATTERN_EVACUATE);
        break;
    case OUTPUT_VENTILATION:
        CHECK(lines[o] == PATTERN_OFF);
        break;
    case OUTPUT_DOOR_RELEASE:
        CHECK(lines[o] == PATTERN_ON);
        break;
    case OUTPUT_ROLE_COUNT:
        break;
    }
}

static void check_what_it_is_for(void)
{
    bool fire = kept_fire(SEVERITY_FIRE);
    for (size_t o = 0; o < OUTPUTS; o++) {
        struct core_room_view room;
        core_view_room(core, house_outputs[o].room_index, &room);
        bool silent = room.silent_until_ns > now_ns;
        CHECK(!fire_class_was_raised || !silent); // what is new is heard, in this very step
        CHECK(fire || lines[o] != PATTERN_EVACUATE);
        drills += lines[o] == PATTERN_DRILL;
        if (fire) {
            check_line_in_fire(o, silent);
            silenced_fires += silent;
        }
        if (fire_was_raised && house_outputs[o].role == OUTPUT_SOUNDER) {
            CHECK(lines[o] == PATTERN_EVACUATE);
        }
    }
    fires += fire;
    fire_was_raised = fire_class_was_raised = false;
}

struct before {
    enum alarm_state states[ALARMS];
    uint64_t silent_ns[ROOMS];
    bool fire_class;
};

static struct before look_before(void)
{
    struct before before = { .fire_class = kept_fire(SEVERITY_TROUBLE) };
    for (size_t a = 0; a < house.n_alarms; a++) {
        before.states[a] = kept_alarms[a].state;
    }
    for (size_t r = 0; r < ROOMS; r++) {
        struct core_room_view view;
        core_view_room(core, r, &view);
        before.silent_ns[r] = view.silent_until_ns;
    }
    return before;
}

// From beyond the room nothing of fire is answered, silenced or taken out of service.
static void check_remote(const struct before *before)
{
    for (size_t a = 0; a < house.n_alarms; a++) {
        enum alarm_state was = before->states[a], is = kept_alarms[a].state;
        if (house_alarms[a].class == CLASS_FIRE && was != ALARM_NORMAL && was != ALARM_OUT_OF_SERVICE) {
            CHECK(is == was || is == ALARM_UNACKNOWLEDGED); // back in service, it may be raised anew
        }
        if (house_alarms[a].class == CLASS_FIRE && was == ALARM_NORMAL) {
            CHECK(is == ALARM_NORMAL || is == ALARM_UNACKNOWLEDGED);
        }
    }
    for (size_t r = 0; before->fire_class && r < ROOMS; r++) {
        struct core_room_view view;
        core_view_room(core, r, &view);
        CHECK(view.silent_until_ns <= before->silent_ns[r]);
    }
}

static void compare_all(void)
{
    check_all_told();
    for (size_t a = 0; a < house.n_alarms; a++) {
        compare_alarm(a);
    }
    for (size_t p = 0; p < POINTS; p++) {
        compare_point(p);
    }
    for (size_t r = 0; r < ROOMS; r++) {
        compare_room(r);
    }
    for (size_t o = 0; o < OUTPUTS; o++) {
        CHECK(lines[o] == model_lines[o] && core_view_output(core, o) == model_lines[o]);
    }
    uint64_t next = model_next();
    CHECK(core_deadline_ns(core) == (next == UINT64_MAX ? UINT64_MAX : now_ns + next));
    check_what_it_is_for();
    sound_later += model_outputs_next() != UINT64_MAX;
    compared++;
}

// ---- Days

static int32_t some_value(size_t p, enum quantity q)
{
    if (chance(2)) {
        return chance(50) ? INT32_MIN : quantities[q].max + 1;
    }
    if (q == QUANTITY_CONTACT) {
        return chance(of_fire(p) ? smoke_percent : 50);
    }
    if (chance(calm_percent) && model_points[p].has[q]) {
        return model_points[p].value[q];
    }
    for (unsigned tries = 0; tries < 20; tries++) { // about the edges of a rule
        const struct core_alarm *alarm = &house_alarms[below((unsigned)house.n_alarms)];
        bool looks = alarm->kind >= CORE_ALARM_THRESHOLD && alarm->kind <= CORE_ALARM_APART;
        if (looks && alarm->point == p && alarm->quantity == q) {
            int32_t about = alarm->threshold > 100 ? alarm->threshold : q == QUANTITY_CO2 ? 1500 : 26000;
            return about + (int32_t)below(3) * 10 - 20 + (int32_t)below(3) - (chance(10) ? 100 : 0);
        }
    }
    return quantities[q].min + (int32_t)below((unsigned)(quantities[q].max - quantities[q].min) + 1);
}

static size_t some_standing_alarm(void)
{
    size_t a = below((unsigned)house.n_alarms);
    for (unsigned tries = 0; tries < 12 && !model_alarms[a].stands; tries++) {
        a = below((unsigned)house.n_alarms);
    }
    return a;
}

static struct core_input some_reading(struct core_input input)
{
    if (chance(50)) {
        input.point = below(ROOMS) * PER_ROOM + (chance(60) ? IN_AIR : IN_AIR2);
    }
    bool contact = house_points[input.point].contact;
    enum quantity air = chance(95) ? (chance(55) ? QUANTITY_CO2 : QUANTITY_TEMPERATURE) : below(8);
    input.kind = CORE_INPUT_READING;
    input.quantity = contact ? QUANTITY_CONTACT : air;
    input.value = some_value(input.point, input.quantity);
    return input;
}

static struct core_input some_command(struct core_input input)
{
    unsigned dice = below(100);
    input.remote = chance(20);
    input.actor = chance(80) ? "uid 1000" : NULL;
    if (dice < 60) {
        input.kind = dice < 35 ? CORE_INPUT_ACK : CORE_INPUT_RESET;
        input.alarm = some_standing_alarm();
        input.occurrence = chance(70) ? 0 : model_alarms[input.alarm].occurrence + below(2);
    } else if (dice < 72) {
        input.kind = CORE_INPUT_SILENCE;
        input.room = below(ROOMS + 1);
        input.for_ns = chance(25) ? 0 : chance(5) ? 1801 * S : (1 + below(320)) * S;
    } else if (dice < 77) {
        input.kind = CORE_INPUT_DRILL;
        input.room = below(ROOMS + 1);
        input.for_ns = chance(25) ? 0 : chance(3) ? 2 * 3600 * S + 1 : (1 + below(600)) * S;
    } else if (dice < 89) {
        input.kind = CORE_INPUT_SHELVE;
        input.alarm = chance(50) ? some_standing_alarm() : input.alarm;
        for (unsigned tries = 0; chance(90) && tries < 8 && house_alarms[input.alarm].class == CLASS_FIRE;
             tries++) {
            input.alarm = below((unsigned)house.n_alarms);
        }
        input.for_ns = chance(30) ? 0 : chance(3) ? 24 * 3600 * S + 1 : (1 + below(300)) * S;
    } else {
        input.kind = CORE_INPUT_ISOLATE;
        input.for_ns = chance(40) ? 0 : chance(3) ? 7 * 24 * 3600 * S + 1 : (1 + below(300)) * S;
    }
    return input;
}

static struct core_input some_input(void)
{
    struct core_input input = { .kind = CORE_INPUT_TICK,
                                .point = below(POINTS),
                                .alarm = below((unsigned)house.n_alarms) };
    unsigned dice = below(100);
    if (dice < 68) {
        return some_reading(input);
    }
    if (dice < 74) {
        input.kind = CORE_INPUT_TROUBLE;
        input.trouble = chance(60) ? TROUBLE_NONE : below(TROUBLE_COUNT);
    } else if (dice < 93) {
        return some_command(input);
    } else if (dice < 95) {
        input.kind = CORE_INPUT_CARD;
        input.point = below(ROOMS) * PER_ROOM + IN_READER;
        input.value = 26;
    }
    return input;
}

static struct core_input toggle(size_t p)
{
    return (struct core_input){ .kind = CORE_INPUT_READING,
                                .point = p,
                                .quantity = QUANTITY_CONTACT,
                                .value = !model_points[p].value[QUANTITY_CONTACT] };
}

static uint64_t some_time(void)
{
    unsigned dice = below(100);
    if (dice < 20) {
        return 0;
    }
    uint64_t ms = dice < 90 ? below(300) * 10 : dice < 98 ? below(20) * 1000 : below(200000);
    return (ms / pace) * MS;
}

// A caller that keeps its promise: a tick at each deadline on the way.
static void pass_time(uint64_t until_ns)
{
    while (core_deadline_ns(core) <= until_ns) {
        CHECK(core_deadline_ns(core) >= now_ns);
        now_ns = core_deadline_ns(core);
        (void)step_model(&(struct core_input){ .kind = CORE_INPUT_TICK });
        tick_core();
        compare_all();
    }
    now_ns = until_ns;
}

// Answers are given to what stands now, and what is ignored judges nothing: before these, a caller ticks.
static bool judges_its_point(const struct core_input *input)
{
    return input->kind == CORE_INPUT_READING || input->kind == CORE_INPUT_CARD ||
           (input->kind == CORE_INPUT_TROUBLE && input->trouble != TROUBLE_STALE);
}

// After a late input the core knows of its room; of the other it need not know yet.
static void compare_late(size_t p)
{
    for (size_t a = 0; a < house.n_alarms; a++) {
        if (house_alarms[a].room_index == house_points[p].room_index) {
            compare_alarm(a);
        }
    }
    compare_point(p);
    late_steps++;
}

// Delays and values that run out count from when they did, however late the core is called; what people set
// an end to, and what waits for them, is told at the tick: a caller is not late for those.
static bool late_would_do(uint64_t until_ns)
{
    return may_be_late && until_ns - now_ns < model_life_next() && chance(50);
}

static bool from_people(const struct core_input *input)
{
    return input->kind >= CORE_INPUT_ACK && input->kind <= CORE_INPUT_DRILL;
}

static void one_step(void)
{
    bool in_rhythm = rhythm != NONE && chance(70);
    struct core_input input = in_rhythm ? toggle(rhythm) : some_input();
    bool judges = judges_its_point(&input);
    uint64_t until_ns = now_ns + (in_rhythm ? 12 * S : some_time());
    if (!(judges || input.kind == CORE_INPUT_TICK) || !late_would_do(until_ns)) {
        pass_time(until_ns);
    }
    now_ns = until_ns;
    struct before before = look_before();
    enum core_answer expected = step_model(&input);
    step_core(&input);
    CHECK(actions.answer == expected);
    if (judges && core_deadline_ns(core) <= now_ns) {
        compare_late(input.point);
        tick_core();
    }
    compare_all();
    if (from_people(&input)) {
        answered[expected]++;
        if (input.remote) {
            check_remote(&before);
        }
    }
}

static void keep_saved(const struct state_record *record, void *unused)
{
    (void)unused;
    model_keep_record(record);
}

static void save(void)
{
    clock_now = at();
    model_step_ns = now_ns;
    model_saved();
    core_save(core, &clock_now, keep_saved, NULL);
}

// The guard alone, or the whole board, with a clock that has been set or has not.
static void restart(void)
{
    bool another_boot = chance(50);
    uint64_t away_ms = below(100) * 1000;
    if (chance(50)) {
        save();
    }
    if (another_boot) {
        int64_t wall_ms = wall_base_ms + (int64_t)(now_ns / MS + away_ms);
        now_ns = (1 + below(100)) * S;
        quality = chance(30) ? CLOCK_UNSYNCHRONISED : CLOCK_MANUAL;
        wall_base_ms = wall_ms - (int64_t)(now_ns / MS);
        keep_of_another_boot();
    } else {
        now_ns += away_ms * MS;
    }
    clock_now = at();
    model_restart(now_ns, another_boot);
    start_core();
    compare_all();
    restarts[another_boot]++;
}

static void new_building(void)
{
    make_building();
    keep_nothing();
    model_begin();
    now_ns = (1 + below(1000)) * S;
    wall_base_ms = 1700000000000;
    quality = CLOCK_MANUAL;
    clock_now = at();
    model_restart(now_ns, false);
    start_core();
    compare_all();
}

// ---- What was reached

static void reached(uint64_t steps, const char *what, uint64_t times)
{
    print_message(" %s %" PRIu64, what, times);
    if (times == 0 && steps >= ENOUGH_STEPS) {
        fail_msg("seed %" PRIu64 ": never reached: %s", first_seed, what);
    }
}

static void say_what_was_reached(uint64_t steps)
{
    static const char *const kinds[CORE_ALARM_KIND_COUNT] = {
        "contact",     "threshold", "mean",    "rise",  "unchanged", "apart",
        "combination", "confirm",   "trouble", "floor", "isolated",
    };
    print_message("told:");
    for (unsigned type = EVENT_ALARM_RAISED; type <= EVENT_ACCESS_PRESENTED; type++) {
        reached(steps, event_type_names[type] + sizeof "careroom." - 1, told[type]);
    }
    for (unsigned type = EVENT_EVACUATION_STARTED; type <= EVENT_DRILL_ENDED; type++) {
        if (type != EVENT_EVACUATION_MARKED) {
            reached(steps, event_type_names[type] + sizeof "careroom." - 1, told[type]);
        }
    }
    print_message("\nraised:");
    for (unsigned kind = 0; kind < CORE_ALARM_KIND_COUNT; kind++) {
        if (kind != CORE_ALARM_FLOOR) {
            reached(steps, kinds[kind], raised[kind]);
        }
    }
    print_message("\nanswers:");
    for (unsigned answer = 0; answer <= CORE_ANSWER_NO_DRILL; answer++) {
        reached(steps, core_answer_words[answer], answered[answer]);
    }
    reached(steps, core_answer_words[CORE_ANSWER_DRILL_RUNS], answered[CORE_ANSWER_DRILL_RUNS]);
    print_message("\nand:");
    reached(steps, "drills", drills);
    reached(steps, "fires-over-drills", fires_over_drills);
    reached(steps, "fires", fires);
    reached(steps, "silenced-fires", silenced_fires);
    reached(steps, "set-aside", sets_aside);
    reached(steps, "sound-later", sound_later);
    reached(steps, "late", late_steps);
    reached(steps, "restarts", restarts[false]);
    reached(steps, "power-failures", restarts[true]);
    print_message("\n");
}

static uint64_t from_environment(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

static void test_core_is_what_the_model_says(void **unused)
{
    (void)unused;
    uint64_t steps = from_environment("CAREROOM_STEPS", 300000);
    first_seed = from_environment("CAREROOM_SEED", (uint64_t)time(NULL));
    random_state = first_seed;
    print_message("CAREROOM_STEPS=%" PRIu64 " CAREROOM_SEED=%" PRIu64 "\n", steps, first_seed);
    clock_t started = clock();
    for (step_number = 0; step_number < steps; step_number++) {
        if (step_number % DAY_STEPS == 0) {
            new_building();
        }
        if (below(1000) == 0) {
            restart();
        } else if (below(200) == 0) {
            save();
        }
        one_step();
    }
    double seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
    say_what_was_reached(steps);
    print_message("%" PRIu64 " steps, %" PRIu64 " comparisons, %.0f s\n", steps, compared, seconds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_core_is_what_the_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
