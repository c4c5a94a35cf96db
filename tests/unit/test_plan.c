// The plan that the core gets: every rule is an alarm of its kind, members come before what names them, and
// what confirms is the detectors' own alarms.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/guard/guard.h"
#include "gateway/guard/plan.h"
#include "tests/unit/config_heard.h"

static struct config *load_rules(void)
{
    struct config *config = NULL;
    assert_int_equal(
        config_load("tests/config/good/rules.yaml", &guard_catalogue, config_report_text, stderr, &config),
        0);
    return config;
}

static const struct core_alarm *alarm_named(const struct plan *plan, const char *name)
{
    size_t i = plan_find_alarm(plan, name);
    if (i == SIZE_MAX) {
        fail_msg("the plan has no alarm %s", name);
    }
    return &plan->core.alarms[i];
}

static const char *point_of(const struct plan *plan, const struct core_alarm *alarm)
{
    return plan->core.points[alarm->point].id;
}

// What an alarm names, by id; points begin with @.
static const char *members_of(const struct plan *plan, size_t first, size_t n)
{
    static char text[256];
    *text = '\0';
    for (size_t i = 0; i < n; i++) {
        const struct core_member *member = &plan->core.members[first + i];
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof text - at, "%s%s%s", i > 0 ? " " : "", member->contact ? "@" : "",
                       member->contact ? plan->core.points[member->index].id
                                       : plan->core.alarms[member->index].id);
    }
    return text;
}

static void every_kind_of_rule_is_its_kind_of_alarm(void **state)
{
    (void)state;
    struct config *config = load_rules();
    struct plan *plan = plan_new(config);
    static const struct {
        const char *name, *point;
        enum core_alarm_kind kind;
        enum severity severity;
        enum event_class class;
        enum alarm_ending ending;
        uint64_t on_s, off_s, window_s;
        int32_t threshold, deadband;
        bool above, not_in_fire;
    } cases[] = {
        { "a/high", "air", CORE_ALARM_THRESHOLD, SEVERITY_WARNING, CLASS_SAFETY, ALARM_CLEARS_ITSELF, 60, 90,
          0, 1500, 100, true, false },
        { "a/hour", "air", CORE_ALARM_MEAN, SEVERITY_ADVISORY, CLASS_SAFETY, ALARM_CLEARS_ITSELF, 0, 0, 3600,
          1000, 0, true, false },
        { "a/hot", "air", CORE_ALARM_RISE, SEVERITY_CRITICAL, CLASS_SAFETY, ALARM_WANTS_ANSWER, 0, 0, 300,
          8000, 0, true, false },
        { "a/chill", "wall", CORE_ALARM_RISE, SEVERITY_WARNING, CLASS_SAFETY, ALARM_CLEARS_ITSELF, 0, 0,
          86400, 4500, 500, false, false },
        { "a/stuck", "air", CORE_ALARM_UNCHANGED, SEVERITY_TROUBLE, CLASS_FAULT, ALARM_CLEARS_ITSELF, 0, 0,
          21600, 0, 0, false, false },
        { "a/stuck-loud", "air", CORE_ALARM_UNCHANGED, SEVERITY_WARNING, CLASS_FAULT, ALARM_CLEARS_ITSELF, 0,
          0, 60, 0, 0, false, false },
        { "a/apart", "air", CORE_ALARM_APART, SEVERITY_TROUBLE, CLASS_FAULT, ALARM_CLEARS_ITSELF, 0, 0, 0,
          3000, 1000, true, false },
        { "a/open", "door", CORE_ALARM_CONTACT, SEVERITY_WARNING, CLASS_SAFETY, ALARM_CLEARS_ITSELF, 120, 0,
          0, 0, 0, false, true },
        { "a/several", NULL, CORE_ALARM_COMBINATION, SEVERITY_CRITICAL, CLASS_SAFETY, ALARM_WANTS_ANSWER, 0,
          0, 0, 0, 0, false, false },
        { "a/some", NULL, CORE_ALARM_COMBINATION, SEVERITY_WARNING, CLASS_SAFETY, ALARM_CLEARS_ITSELF, 5, 6,
          0, 0, 0, false, false },
        { "a/fire", NULL, CORE_ALARM_CONFIRM, SEVERITY_FIRE, CLASS_FIRE, ALARM_LATCHES, 0, 0, 0, 0, 0, false,
          false },
        { "a/supply", "supply", CORE_ALARM_CONTACT, SEVERITY_WARNING, CLASS_FAULT, ALARM_CLEARS_ITSELF, 0, 0,
          0, 0, 0, false, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct core_alarm *alarm = alarm_named(plan, cases[i].name);
        bool same = alarm->kind == cases[i].kind && alarm->severity == cases[i].severity &&
                    alarm->class == cases[i].class && alarm->ending == cases[i].ending &&
                    alarm->on_delay_ns == cases[i].on_s * NS_PER_S &&
                    alarm->off_delay_ns == cases[i].off_s * NS_PER_S &&
                    alarm->window_ns == cases[i].window_s * NS_PER_S &&
                    alarm->threshold == cases[i].threshold && alarm->deadband == cases[i].deadband &&
                    alarm->above == cases[i].above && alarm->not_in_fire == cases[i].not_in_fire &&
                    alarm->room_index == 1;
        if (!same || (cases[i].point != NULL && strcmp(point_of(plan, alarm), cases[i].point) != 0)) {
            fail_msg("%s is another alarm than its rule says", cases[i].name);
        }
    }
    assert_string_equal(plan->core.points[alarm_named(plan, "a/apart")->other_point].id, "wall");
    plan_free(plan);
    config_free(config);
}

static void what_a_rule_names_is_found_in_its_room(void **state)
{
    (void)state;
    struct config *config = load_rules();
    struct plan *plan = plan_new(config);
    const struct core_alarm *hour = alarm_named(plan, "a/hour"), *several = alarm_named(plan, "a/several"),
                            *some = alarm_named(plan, "a/some"), *every = alarm_named(plan, "a/every");
    assert_string_equal(members_of(plan, hour->first_suppressor, hour->n_suppressors), "@door high");
    // The hall has a door of the same id.
    size_t door = plan->core.members[hour->first_suppressor].index;
    assert_int_equal(plan->core.points[door].room_index, 1);
    assert_string_equal(members_of(plan, every->first_member, every->n_members), "high hot @smoke-1");
    assert_int_equal(every->at_least, 3);
    assert_string_equal(members_of(plan, some->first_member, some->n_members), "every @door");
    assert_int_equal(some->at_least, 1);
    assert_string_equal(members_of(plan, several->first_member, several->n_members), "high hour hot every");
    assert_int_equal(several->at_least, 3);
    plan_free(plan);
    config_free(config);
}

static void detectors_that_are_confirmed_begin_with_a_pre_alarm(void **state)
{
    (void)state;
    struct config *config = load_rules();
    struct plan *plan = plan_new(config);
    const struct core_alarm *fire = alarm_named(plan, "a/fire");
    assert_string_equal(members_of(plan, fire->first_member, fire->n_members), "smoke-1 smoke-2"); // alarms
    assert_int_equal(fire->at_least, 2);
    assert_int_equal(fire->prealarm_ns, 60 * NS_PER_S);
    static const char *const confirmed[] = { "a/smoke-1", "a/smoke-2" }, *const alone[] = { "a/heat-1",
                                                                                            "a/call" };
    for (size_t i = 0; i < 2; i++) {
        const struct core_alarm *detector = alarm_named(plan, confirmed[i]);
        assert_true(detector->confirmed);
        assert_int_equal(detector->severity, SEVERITY_CRITICAL);
        assert_int_equal(detector->class, CLASS_FIRE);
        assert_int_equal(detector->ending, ALARM_LATCHES);
        const struct core_alarm *other = alarm_named(plan, alone[i]); // fire at once
        assert_false(other->confirmed);
        assert_int_equal(other->severity, SEVERITY_FIRE);
    }
    plan_free(plan);
    config_free(config);
}

static void a_plan_tells_what_an_alarm_comes_from(void **state)
{
    (void)state;
    struct config *config = load_rules();
    struct plan *plan = plan_new(config);
    const struct config_room *room = &config->rooms[1];
    const struct plan_alarm *hot = &plan->alarms_of[plan_find_alarm(plan, "a/hot")];
    assert_string_equal(hot->rule->instruction, "Look for fire.");
    assert_ptr_equal(hot->sensor, &room->sensors[0]);
    const struct plan_alarm *smoke = &plan->alarms_of[plan_find_alarm(plan, "a/smoke-1")];
    assert_null(smoke->rule);
    assert_ptr_equal(smoke->sensor, &room->sensors[3]);
    assert_ptr_equal(plan->alarms_of[plan_find_alarm(plan, "a/air.floor")].sensor, &room->sensors[0]);
    assert_ptr_equal(plan->alarms_of[plan_find_alarm(plan, "a/wall.trouble")].sensor, &room->sensors[1]);
    const struct plan_alarm *fire = &plan->alarms_of[plan_find_alarm(plan, "a/fire")];
    assert_string_equal(fire->rule->instruction, "Get out.");
    assert_null(fire->sensor);
    const struct plan_alarm *siren = &plan->alarms_of[plan_find_alarm(plan, "a/siren.isolated")];
    assert_null(siren->rule);
    assert_null(siren->sensor);
    plan_free(plan);
    config_free(config);
}

static void the_nearest_words_of_the_site_hold(void **state)
{
    (void)state;
    struct config *config = load_rules();
    struct plan *plan = plan_new(config);
    static const struct {
        const char *alarm, *words;
    } cases[] = {
        { "a/hot", "Look for fire." },       // its rule's
        { "a/fire", "Get out." },            // the same, of no sensor
        { "a/high", "Open the windows." },   // its sensor's
        { "a/air.trouble", "Call 8001." },   // which are not about the sensor itself
        { "a/air.isolated", "Call 8001." },  //
        { "a/chill", "Call 8001." },         // its room's
        { "a/smoke-1", "Call 8001." },       //
        { "hall/door.trouble", NULL },       // nobody's
        { "gateway/journal.trouble", NULL }, //
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *words = plan_site_instruction(plan, config, plan_find_alarm(plan, cases[i].alarm));
        if (cases[i].words == NULL) {
            assert_null(words);
        } else {
            assert_non_null(words);
            assert_string_equal(words, cases[i].words);
        }
    }
    plan_free(plan);
    config_free(config);
}

static void rooms_and_outputs_are_as_configured(void **state)
{
    (void)state;
    struct config *config = load_rules();
    struct plan *plan = plan_new(config);
    assert_int_equal(plan->core.n_rooms, 2);
    assert_int_equal(plan->core.rooms[0].type, ROOM_FEEDING);
    assert_int_equal(plan->core.rooms[1].type, ROOM_SLEEP);
    assert_int_equal(plan->core.outputs[0].min_run_ns, 0);
    assert_int_equal(plan->core.outputs[1].min_run_ns, 300 * NS_PER_S);
    assert_int_equal(plan->core.outputs[2].min_run_ns, 0);
    plan_free(plan);
    config_free(config);
}

// The longest name that ids allow still fits.
static void names_fit(void **state)
{
    (void)state;
#define LONG "abcdefghijabcdefghijabcdefghijab" // 32
    static const char text[] =
        HEAD "rooms: [ { id: " LONG ", sensors: [ { id: " LONG
             ", driver: contact, line: L, role: smoke, wiring: normally-closed } ] } ]\n";
    struct config *config = NULL;
    assert_int_equal(config_parse("x.yaml", text, strlen(text), &guard_catalogue, NULL, NULL, &config), 0);
    struct plan *plan = plan_new(config);
    char name[NAME_SIZE];
    size_t i = plan_find_alarm(plan, LONG "/" LONG ".isolated");
    assert_true(i != SIZE_MAX);
    plan_alarm_name(plan, i, name, sizeof name);
    assert_string_equal(name, LONG "/" LONG ".isolated");
    plan_free(plan);
    config_free(config);
}

// ---- Whatever the configuration

static uint64_t seed;

static unsigned pick(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

#define DETECTORS 4
#define DOORS     2

// Some ids of the room: contacts, and rules above the n-th.
static void write_ids(FILE *file, const char *key, unsigned rule)
{
    unsigned n = 0, total = DOORS + DETECTORS + rule;
    (void)fprintf(file, ", %s: [", key);
    for (unsigned i = 0; i < total && n < 16; i++) {
        if (n + (total - i) <= 2 || pick(3) == 0) { // two at least
            (void)fprintf(file, "%s%s%u", n > 0 ? ", " : "",
                          i < DOORS               ? "door-"
                          : i < DOORS + DETECTORS ? "smoke-"
                                                  : "r-",
                          i < DOORS               ? i
                          : i < DOORS + DETECTORS ? i - DOORS
                                                  : i - DOORS - DETECTORS);
            n++;
        }
    }
    (void)fputs("]", file);
}

static void write_rule(FILE *file, unsigned rule, bool *confirmed)
{
    (void)fprintf(file, "      - { id: r-%u", rule);
    unsigned kind = pick(*confirmed ? 8 : 9);
    switch (kind) {
    case 0:
        (void)fprintf(file, ", on: air.co2, above: %u, deadband: %u", 1000 + pick(1000), pick(100));
        break;
    case 1:
        (void)fprintf(file, ", on: air.humidity, below: 30, mean_s: %u", 60 + pick(86000));
        break;
    case 2:
        (void)fprintf(file, ", on: wall.temperature, %s: 8, within_s: %u", pick(2) ? "rises" : "falls",
                      120 + pick(3000));
        break;
    case 3:
        (void)fprintf(file, ", on: air.co2, unchanged_s: %u", 60 + pick(3000));
        break;
    case 4:
        (void)fprintf(file, ", on: air.temperature, against: wall.temperature, apart: 3");
        break;
    case 5:
        (void)fprintf(file, ", on: door-%u, for_s: %u", pick(DOORS), 1 + pick(600));
        break;
    case 6:
    case 7:
        write_ids(file, pick(2) ? "all" : "any", rule);
        break;
    default:
        (void)fprintf(file, ", confirm: [smoke-0, smoke-%u]", 1 + pick(DETECTORS - 1));
        *confirmed = true;
        break;
    }
    if (kind < 8 && pick(3) == 0) {
        write_ids(file, "unless", rule);
    }
    (void)fputs(" }\n", file);
}

static struct config *random_config(char *text, size_t size)
{
    FILE *file = fmemopen(text, size, "w");
    assert_non_null(file);
    unsigned n_rooms = 1 + pick(4);
    (void)fputs(HEAD "buses:\n", file);
    for (unsigned r = 0; r < n_rooms; r++) {
        (void)fprintf(file, "  - { id: b-%u, i2c: /dev/i2c-%u }\n", r, r);
    }
    (void)fputs(presets_dir_line(), file);
    (void)fputs("rooms:\n", file);
    for (unsigned r = 0; r < n_rooms; r++) {
        (void)fprintf(file, "  - id: room-%u\n    type: %s\n", r, room_type_names[pick(ROOM_TYPE_COUNT)]);
        if (pick(2)) {
            (void)fprintf(file, "    preset: %s\n    group: mixed\n",
                          (const char *[]){ "cn", "de", "uk", "us" }[pick(4)]);
        }
        (void)fprintf(file, "    outputs: [ { id: fan, line: F%u, role: ventilation } ]\n", r);
        (void)fprintf(file, "    sensors:\n      - { id: air, driver: scd41, bus: b-%u }\n", r);
        (void)fprintf(file, "      - { id: wall, driver: sht4x, bus: b-%u }\n", r);
        for (unsigned i = 0; i < DOORS + DETECTORS; i++) {
            bool door = i < DOORS;
            (void)fprintf(
                file,
                "      - { id: %s-%u, driver: contact, line: L%u-%u, role: %s, wiring: normally-closed }\n",
                door ? "door" : "smoke", door ? i : i - DOORS, r, i, door ? "door" : "smoke");
        }
        (void)fputs("    rules:\n", file);
        unsigned n_rules = 1 + pick(30);
        bool confirmed = false;
        for (unsigned i = 0; i < n_rules; i++) {
            write_rule(file, i, &confirmed);
        }
    }
    assert_int_equal(fclose(file), 0);
    struct heard heard;
    struct config *config = NULL;
    heard = (struct heard){ 0 };
    if (config_parse("x.yaml", text, strlen(text), &guard_catalogue, hear, &heard, &config) != 0) {
        fail_msg("line %u: %s: %s in\n%s", heard.line[0], heard.key[0], heard.text[0], text);
    }
    return config;
}

static void check_member(const struct core_plan *plan, size_t a, const struct core_member *member)
{
    const struct core_alarm *alarm = &plan->alarms[a];
    if (member->contact) {
        assert_true(member->index < plan->n_points);
        assert_true(plan->points[member->index].contact);
        assert_int_equal(plan->points[member->index].room_index, alarm->room_index);
        assert_int_not_equal(alarm->kind, CORE_ALARM_CONFIRM); // whose members are alarms
        return;
    }
    assert_true(member->index < a); // before what names it: no rule goes in a circle
    const struct core_alarm *named = &plan->alarms[member->index];
    assert_int_equal(named->room_index, alarm->room_index);
    if (alarm->kind == CORE_ALARM_CONFIRM) {
        assert_int_equal(named->kind, CORE_ALARM_CONTACT);
        assert_true(named->confirmed && named->class == CLASS_FIRE && named->ending == ALARM_LATCHES);
    }
}

static void check_alarm(const struct plan *plan, size_t a)
{
    const struct core_alarm *alarm = &plan->core.alarms[a];
    assert_true(alarm->point < plan->core.n_points && alarm->other_point < plan->core.n_points);
    assert_int_equal(plan->core.points[alarm->point].room_index, alarm->room_index);
    assert_true(alarm->first_member + alarm->n_members <= plan->core.n_members);
    assert_true(alarm->first_suppressor + alarm->n_suppressors <= plan->core.n_members);
    for (size_t i = 0; i < alarm->n_members; i++) {
        check_member(&plan->core, a, &plan->core.members[alarm->first_member + i]);
    }
    for (size_t i = 0; i < alarm->n_suppressors; i++) {
        check_member(&plan->core, a, &plan->core.members[alarm->first_suppressor + i]);
    }
    bool of_members = alarm->kind == CORE_ALARM_COMBINATION || alarm->kind == CORE_ALARM_CONFIRM;
    assert_true(of_members ? alarm->at_least >= 1 && alarm->at_least <= alarm->n_members
                           : alarm->n_members == 0);
    assert_true(alarm->class != CLASS_FIRE ||
                (alarm->n_suppressors == 0 && alarm->on_delay_ns == 0 && !alarm->not_in_fire));
    bool windowed = alarm->kind == CORE_ALARM_MEAN || alarm->kind == CORE_ALARM_RISE ||
                    alarm->kind == CORE_ALARM_UNCHANGED;
    assert_true(windowed ? alarm->window_ns >= 60 * NS_PER_S && alarm->window_ns <= 86400 * NS_PER_S
                         : alarm->window_ns == 0);
    const struct config_rule *rule = plan->alarms_of[a].rule;
    assert_true(rule == NULL || rule->id == alarm->id);
    char name[NAME_SIZE];
    plan_alarm_name(plan, a, name, sizeof name);
    assert_int_equal(plan_find_alarm(plan, name), a); // no two have the same
}

static void check_points(const struct plan *plan)
{
    for (size_t p = 0; p < plan->core.n_points; p++) {
        size_t troubles = 0, isolated = 0;
        for (size_t a = 0; a < plan->core.n_alarms; a++) {
            const struct core_alarm *alarm = &plan->core.alarms[a];
            troubles += alarm->kind == CORE_ALARM_TROUBLE && alarm->point == p;
            isolated += alarm->kind == CORE_ALARM_ISOLATED && alarm->point == p;
        }
        assert_int_equal(troubles, 1);
        assert_int_equal(isolated, plan->core.points[p].room_index < plan->core.n_rooms);
    }
}

// The core takes it, and comes to rest.
static void check_core(const struct plan *plan)
{
    struct core_now now = { .boottime_ns = NS_PER_S };
    void *memory = aligned_alloc(16, (core_size(&plan->core) + 15) / 16 * 16);
    assert_non_null(memory);
    struct core *core = core_init(memory, &plan->core, &now);
    struct core_actions *actions = malloc(sizeof *actions);
    assert_non_null(actions);
    unsigned steps = 0;
    do {
        core_step(core, &(struct core_input){ .kind = CORE_INPUT_TICK }, &now, actions);
    } while (actions->more && ++steps < 1000);
    assert_false(actions->more);
    free(actions);
    free(memory);
}

static void every_plan_is_in_order(void **state)
{
    (void)state;
    seed = (uint64_t)time(NULL);
    const char *given = getenv("SEED");
    seed = given != NULL ? strtoull(given, NULL, 10) : seed;
    print_message("SEED=%llu\n", (unsigned long long)seed);
    static char text[65536];
    size_t n_named = 0;
    for (unsigned i = 0; i < 200; i++) {
        struct config *config = random_config(text, sizeof text);
        struct plan *plan = plan_new(config);
        for (size_t a = 0; a < plan->core.n_alarms; a++) {
            check_alarm(plan, a);
        }
        check_points(plan);
        check_core(plan);
        n_named += plan->core.n_members;
        plan_free(plan);
        config_free(config);
    }
    assert_true(n_named > 1000); // and something was looked at
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_rule_is_its_kind_of_alarm),
        cmocka_unit_test(what_a_rule_names_is_found_in_its_room),
        cmocka_unit_test(detectors_that_are_confirmed_begin_with_a_pre_alarm),
        cmocka_unit_test(a_plan_tells_what_an_alarm_comes_from),
        cmocka_unit_test(the_nearest_words_of_the_site_hold),
        cmocka_unit_test(rooms_and_outputs_are_as_configured),
        cmocka_unit_test(names_fit),
        cmocka_unit_test(every_plan_is_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
