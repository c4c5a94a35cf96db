// The presets by country: they load, every limit says where it comes from, each room gets those of its type
// and age, and a site's own rule goes before.
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/guard/guard.h"
#include "tests/unit/config_heard.h"

// A room with CO2, temperature, humidity and particles, and what stands below it.
#define ROOM(id, keys)                                                                                       \
    "  - id: " id "\n" keys "    sensors:\n"                                                                 \
    "      - { id: air, driver: scd41, bus: bus-" id " }\n"                                                  \
    "      - { id: dust, driver: sps30, bus: bus-" id " }\n"

#define BEGIN HEAD "buses: [ { id: bus-a, i2c: /dev/i2c-1 }, { id: bus-b, i2c: /dev/i2c-2 } ]\nrooms:\n"

static struct config *load_with(const char *dir_line, const char *rooms, struct heard *heard, int *ret_error)
{
    static char text[16384];
    (void)snprintf(text, sizeof text, "%s%s", rooms, dir_line);
    *heard = (struct heard){ 0 };
    struct config *config = NULL;
    *ret_error = config_parse("x.yaml", text, strlen(text), &guard_catalogue, hear, heard, &config);
    return config;
}

static struct config *load(const char *rooms, struct heard *heard)
{
    int error;
    struct config *config = load_with(presets_dir_line(), rooms, heard, &error);
    if (error != 0) {
        fail_msg("%s line %u: %s: %s", heard->file, heard->line[0], heard->key[0], heard->text[0]);
    }
    return config;
}

static const struct config_rule *rule_named(const struct config_room *room, const char *id)
{
    for (size_t i = 0; i < room->n_rules; i++) {
        if (strcmp(room->rules[i].id, id) == 0) {
            return &room->rules[i];
        }
    }
    return NULL;
}

// The ids of a room's rules, one after the other.
static const char *ids_of(const struct config_room *room)
{
    static char text[1024];
    *text = '\0';
    for (size_t i = 0; i < room->n_rules; i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof text - at, "%s%s", i > 0 ? " " : "", room->rules[i].id);
    }
    return text;
}

// ---- All of them

static void check_source(const struct config_rule *rule, const char *preset)
{
    if (rule->source == NULL || strlen(rule->source) < 5 || rule->preset == NULL ||
        strcmp(rule->preset, preset) != 0 || rule->line_number < 5) {
        fail_msg("preset %s: rule %s does not say where it comes from", preset, rule->id);
    }
    // Nobody has read the texts of the Chinese standards yet; what is careroom's own is no standard's.
    bool must = strcmp(preset, "cn") == 0 || strstr(rule->source, "careroom's own") != NULL ||
                strstr(rule->source, "WHO") != NULL;
    assert_true(rule->suggested || !must);
    assert_int_not_equal(rule->severity, SEVERITY_FIRE); // fire comes from detectors and call points alone
}

static void check_every_room(const char *preset, const char *group, size_t *n_rules)
{
    char rooms[1024];
    for (unsigned type = 0; type < ROOM_TYPE_COUNT; type++) {
        (void)snprintf(rooms, sizeof rooms, BEGIN ROOM("a", "    preset: %s\n    group: %s\n    type: %s\n"),
                       preset, group, room_type_names[type]);
        struct heard heard;
        struct config *config = load(rooms, &heard);
        const struct config_room *room = &config->rooms[0];
        unsigned quantities_limited = 0;
        for (size_t i = 0; i < room->n_rules; i++) {
            check_source(&room->rules[i], preset);
            quantities_limited |= QUANTITY_BIT(room->rules[i].quantity);
        }
        assert_int_equal(quantities_limited, QUANTITY_BIT(QUANTITY_CO2) | QUANTITY_BIT(QUANTITY_TEMPERATURE) |
                                                 QUANTITY_BIT(QUANTITY_HUMIDITY) |
                                                 QUANTITY_BIT(QUANTITY_PM25));
        // Early signs of fire, and a temperature that is too low for anybody, are looked for everywhere.
        assert_non_null(rule_named(room, "heat-rising"));
        assert_non_null(rule_named(room, "heat-of-fire"));
        assert_non_null(rule_named(room, "co2-air-now"));
        assert_true(rule_named(room, "too-cold") != NULL || rule_named(room, "sleep-cold") != NULL);
        assert_int_equal(heard.notices, 1); // what is suggested
        *n_rules += room->n_rules;
        config_free(config);
    }
}

static void test_every_preset_in_every_room(void **state)
{
    (void)state;
    static const struct {
        const char *preset, *groups[6];
    } all[] = {
        { "cn", { "infant", "toddler-1", "toddler-2", "toddler", "mixed" } },
        { "de", { "krippe", "kindergarten", "mixed" } },
        { "uk", { "under-2", "two", "three-plus", "mixed" } },
        { "us", { "infant", "toddler", "preschool", "pre-k", "mixed" } },
    };
    size_t n_files = 0, n_rules = 0;
    DIR *dir = opendir("config/presets");
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        n_files += strstr(entry->d_name, ".yaml") != NULL;
    }
    assert_int_equal(closedir(dir), 0);
    assert_int_equal(n_files, sizeof all / sizeof all[0]);
    for (size_t i = 0; i < n_files; i++) {
        for (size_t g = 0; all[i].groups[g] != NULL; g++) {
            check_every_room(all[i].preset, all[i].groups[g], &n_rules);
        }
    }
    assert_true(n_rules > 500);
}

// ---- Limits that people will ask about

static void test_limits_by_country_type_and_age(void **state)
{
    (void)state;
    static const struct {
        const char *preset, *group, *type, *rule; // NULL rule: the id must not be there, in `absent`
        enum quantity quantity;
        enum rule_kind kind;
        bool above;
        int32_t threshold;
        uint32_t window_s, for_s;
        enum severity severity;
        const char *absent;
    } cases[] = {
        { "cn", "infant", "sleep", "co2-mean", QUANTITY_CO2, RULE_MEAN, true, 1000, 3600, 0, SEVERITY_WARNING,
          "co2-day" },
        { "cn", "infant", "sleep", "co2-air-now", QUANTITY_CO2, RULE_THRESHOLD, true, 1000, 0, 600,
          SEVERITY_ADVISORY, "cool" },
        { "cn", "infant", "play", "cool-infants", QUANTITY_TEMPERATURE, RULE_THRESHOLD, false, 24000, 0, 1800,
          SEVERITY_ADVISORY, "cool" },
        { "cn", "toddler", "play", "cool", QUANTITY_TEMPERATURE, RULE_THRESHOLD, false, 20000, 0, 1800,
          SEVERITY_ADVISORY, "cool-infants" },
        { "cn", "toddler-2", "wash", "cool-washroom", QUANTITY_TEMPERATURE, RULE_THRESHOLD, false, 22000, 0,
          1800, SEVERITY_ADVISORY, "cool" },
        { "cn", "mixed", "feeding", "pm25-day", QUANTITY_PM25, RULE_MEAN, true, 50000, 86400, 0,
          SEVERITY_WARNING, "cool-washroom" },
        { "uk", "under-2", "sleep", "sleep-cold", QUANTITY_TEMPERATURE, RULE_THRESHOLD, false, 16000, 0, 300,
          SEVERITY_WARNING, "too-cold" },
        { "uk", "under-2", "sleep", "sleep-warm", QUANTITY_TEMPERATURE, RULE_THRESHOLD, true, 20000, 0, 300,
          SEVERITY_ADVISORY, "warm" },
        { "uk", "two", "play", "too-cold", QUANTITY_TEMPERATURE, RULE_THRESHOLD, false, 18000, 0, 300,
          SEVERITY_WARNING, "sleep-cold" },
        { "uk", "two", "play", "co2-day-mechanical", QUANTITY_CO2, RULE_MEAN, true, 1000, 28800, 0,
          SEVERITY_ADVISORY, "co2-mean" },
        { "uk", "two", "play", "co2-day", QUANTITY_CO2, RULE_MEAN, true, 1500, 28800, 0, SEVERITY_WARNING,
          "co2-mean" },
        { "uk", "two", "play", "co2-high", QUANTITY_CO2, RULE_THRESHOLD, true, 2000, 0, 1200,
          SEVERITY_WARNING, "sleep-warm" },
        { "de", "krippe", "play", "co2-air-now", QUANTITY_CO2, RULE_THRESHOLD, true, 1000, 0, 600,
          SEVERITY_ADVISORY, "co2-mean" },
        { "de", "krippe", "play", "co2-high", QUANTITY_CO2, RULE_THRESHOLD, true, 2000, 0, 300,
          SEVERITY_WARNING, "co2-mean" },
        { "us", "infant", "sleep", "too-cold", QUANTITY_TEMPERATURE, RULE_THRESHOLD, false, 20000, 0, 300,
          SEVERITY_WARNING, "sleep-cold" },
        { "us", "infant", "sleep", "too-damp", QUANTITY_HUMIDITY, RULE_THRESHOLD, true, 50000, 0, 1800,
          SEVERITY_ADVISORY, "sleep-warm" },
        { "us", "pre-k", "play", "heat-rising", QUANTITY_TEMPERATURE, RULE_RISE, true, 8000, 300, 0,
          SEVERITY_CRITICAL, "sleep-warm" },
        { "us", "pre-k", "play", "heat-of-fire", QUANTITY_TEMPERATURE, RULE_THRESHOLD, true, 57000, 0, 0,
          SEVERITY_CRITICAL, "sleep-warm" },
        { "us", "pre-k", "play", "co2-stuck", QUANTITY_CO2, RULE_UNCHANGED, false, 0, 21600, 0,
          SEVERITY_TROUBLE, "sleep-warm" },
        { "us", "pre-k", "play", "smoke-like-dust", QUANTITY_PM25, RULE_RISE, true, 150000, 300, 0,
          SEVERITY_WARNING, "sleep-warm" },
        { "us", "pre-k", "wash", "too-dry", QUANTITY_HUMIDITY, RULE_THRESHOLD, false, 30000, 0, 1800,
          SEVERITY_ADVISORY, "smoke-like-dust" }, // steam
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char rooms[1024];
        (void)snprintf(rooms, sizeof rooms, BEGIN ROOM("a", "    preset: %s\n    group: %s\n    type: %s\n"),
                       cases[i].preset, cases[i].group, cases[i].type);
        struct heard heard;
        struct config *config = load(rooms, &heard);
        const struct config_rule *rule = rule_named(&config->rooms[0], cases[i].rule);
        if (rule == NULL) {
            fail_msg("case %zu: %s has no rule %s: %s", i, cases[i].preset, cases[i].rule,
                     ids_of(&config->rooms[0]));
            return;
        }
        bool same = rule->quantity == cases[i].quantity && rule->kind == cases[i].kind &&
                    rule->above == cases[i].above && rule->threshold == cases[i].threshold &&
                    rule->window_s == cases[i].window_s && rule->for_s == cases[i].for_s &&
                    rule->severity == cases[i].severity;
        if (!same) {
            fail_msg("case %zu: %s of %s is another", i, cases[i].rule, cases[i].preset);
        }
        assert_null(rule_named(&config->rooms[0], cases[i].absent));
        config_free(config);
    }
}

// ---- In a room

#define TWO_AIRS                                                                                             \
    "  - id: a\n    preset: de\n    group: krippe\n    sensors:\n"                                           \
    "      - { id: air, driver: scd41, bus: bus-a }\n"                                                       \
    "      - { id: back, driver: scd41, bus: bus-b }\n"

static void test_each_sensor_that_measures_it(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = load(BEGIN TWO_AIRS, &heard);
    const struct config_room *room = &config->rooms[0];
    const struct config_rule *first = rule_named(room, "co2-high"), *second = rule_named(room, "co2-high-2");
    assert_int_equal(first->sensor, 0);
    assert_int_equal(second->sensor, 1);
    assert_int_equal(second->threshold, 2000);
    assert_null(rule_named(room, "co2-high-3"));
    assert_null(rule_named(room, "pm25-day")); // nothing measures it
    config_free(config);
}

static void test_a_rule_of_the_site_goes_before(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config =
        load(BEGIN TWO_AIRS "    rules:\n"
                            "      - { id: co2-high, on: air.co2, above: 1800 }\n"
                            "      - { id: warm-2, on: back.temperature, above: 24 }\n"
                            "      - { id: too-dry, disabled: true }\n"
                            "      - { id: too-damp-2, disabled: true }\n"
                            "      - { id: both, all: [co2-high, co2-high-2], unless: [warm] }\n",
             &heard);
    const struct config_room *room = &config->rooms[0];
    const struct config_rule *own = rule_named(room, "co2-high"), *warm = rule_named(room, "warm-2");
    assert_null(own->preset);
    assert_null(own->source);
    assert_int_equal(own->threshold, 1800);
    assert_string_equal(rule_named(room, "co2-high-2")->preset, "de"); // the other sensor keeps its own
    assert_null(warm->preset);
    assert_int_equal(warm->threshold, 24000);
    assert_non_null(rule_named(room, "warm"));
    assert_null(rule_named(room, "too-dry")); // of every sensor
    assert_null(rule_named(room, "too-dry-2"));
    assert_non_null(rule_named(room, "too-damp"));
    assert_null(rule_named(room, "too-damp-2")); // of this one
    const struct config_rule *both = rule_named(room, "both");
    assert_int_equal(both->n_members, 2);
    assert_string_equal(room->rules[both->members[0].index].id, "co2-high");
    assert_string_equal(room->rules[both->members[1].index].id, "co2-high-2");
    assert_int_equal(both->n_unless, 1);
    config_free(config);
}

static void test_what_the_check_says_of_presets(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = load(BEGIN ROOM("a", "    preset: uk\n    group: two\n    type: sleep\n")
                                     ROOM("b", "    preset: uk\n    group: two\n"),
                                 &heard);
    assert_int_equal(heard.notices, 1); // one for the preset, whatever number of rooms has it
    assert_notice(&heard, "rooms[a].preset", "of the 15 limits of preset uk that hold are suggested");
    config_free(config);

    config = load(BEGIN ROOM("a", "    preset: cn\n"), &heard);
    assert_notice(&heard, "rooms[a].preset", "write group: infant, toddler-1, toddler-2, toddler or mixed");
    assert_null(rule_named(&config->rooms[0], "cool-infants")); // of whom nobody said that they are there
    assert_non_null(rule_named(&config->rooms[0], "too-cold"));
    config_free(config);

    config = load(BEGIN ROOM("a", "    group: two\n"), &heard);
    assert_notice(&heard, "rooms[a].group", "no effect without preset");
    assert_int_equal(config->rooms[0].n_rules, 0);
    config_free(config);
}

static void test_programs_without_drivers_read_no_preset(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = NULL;
    assert_int_equal(parse(BEGIN ROOM("a", "    preset: nowhere\n"), NULL, &heard, &config), 0);
    assert_int_equal(heard.notices, 0);
    assert_int_equal(config->rooms[0].n_rules, 0);
    config_free(config);
}

// ---- Presets with a mistake

#define BROKEN "tests/config/broken-presets"

static bool check_broken(const char *name)
{
    char path[300], first[512], key[128], words[256], here[200], dir_line[300], rooms[1024];
    unsigned line;
    (void)snprintf(path, sizeof path, BROKEN "/%s.yaml", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(first, sizeof first, file));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(sscanf(first, "# expect: %u %127s %255[^\n]", &line, key, words), 3);
    assert_non_null(getcwd(here, sizeof here));
    (void)snprintf(dir_line, sizeof dir_line, "presets_dir: %s/" BROKEN "\n", here);
    (void)snprintf(rooms, sizeof rooms, BEGIN ROOM("a", "    preset: %s\n") ROOM("b", "    preset: %s\n"),
                   name, name);
    struct heard heard;
    int error;
    struct config *config = load_with(dir_line, rooms, &heard, &error);
    bool good = error == -EINVAL && config == NULL && heard.mistakes == 1 && heard.line[0] == line &&
                strcmp(heard.key[0], key) == 0 && strstr(heard.text[0], words) != NULL &&
                strcmp(heard.file, "x.yaml") != 0;
    if (!good) {
        print_error("%s: wants line %u, %s, \"%s\"; heard %zu mistakes: %s line %u, %s, \"%s\"\n", path, line,
                    key, words, heard.mistakes, heard.file, heard.line[0], heard.key[0], heard.text[0]);
    }
    config_free(error == 0 ? config : NULL);
    return good;
}

static void test_every_broken_preset(void **state)
{
    (void)state;
    DIR *dir = opendir(BROKEN);
    assert_non_null(dir);
    size_t n = 0, wrong = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char name[256];
        (void)snprintf(name, sizeof name, "%s", entry->d_name);
        char *suffix = strstr(name, ".yaml");
        if (suffix != NULL) {
            *suffix = '\0';
            wrong += !check_broken(name);
            n++;
        }
    }
    assert_int_equal(closedir(dir), 0);
    assert_int_equal(wrong, 0);
    assert_true(n >= 17);
}

// The configuration's own mistakes come first, in the order of its lines, and those of a preset behind them.
static void test_mistakes_of_two_files(void **state)
{
    (void)state;
    char here[200], dir_line[300];
    assert_non_null(getcwd(here, sizeof here));
    (void)snprintf(dir_line, sizeof dir_line, "presets_dir: %s/" BROKEN "\nmqtt: { host: h, port: 0 }\n",
                   here);
    struct heard heard;
    int error;
    (void)load_with(dir_line, BEGIN ROOM("a", "    preset: limit-range\n    name: ''\n"), &heard, &error);
    assert_int_equal(error, -EINVAL);
    assert_int_equal(heard.mistakes, 3);
    assert_string_equal(heard.key[0], "rooms[a].name");
    assert_string_equal(heard.key[1], "mqtt.port");
    assert_string_equal(heard.key[2], "rules[r].above");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_preset_in_every_room),
        cmocka_unit_test(test_limits_by_country_type_and_age),
        cmocka_unit_test(test_each_sensor_that_measures_it),
        cmocka_unit_test(test_a_rule_of_the_site_goes_before),
        cmocka_unit_test(test_what_the_check_says_of_presets),
        cmocka_unit_test(test_programs_without_drivers_read_no_preset),
        cmocka_unit_test(test_every_broken_preset),
        cmocka_unit_test(test_mistakes_of_two_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
