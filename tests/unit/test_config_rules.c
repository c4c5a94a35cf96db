// The configuration's rules: every kind comes out as the structures say, and what they name stands before
// them.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/config_heard.h"

static const struct config_rule *rule_named(const struct config_room *room, const char *id)
{
    for (size_t i = 0; i < room->n_rules; i++) {
        if (strcmp(room->rules[i].id, id) == 0) {
            return &room->rules[i];
        }
    }
    fail_msg("there is no rule %s", id);
    return NULL;
}

// The members by their ids, one after the other.
static const char *members_of(const struct config_room *room, const struct config_member *members, size_t n)
{
    static char text[256];
    *text = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(text);
        const char *id =
            members[i].contact ? room->sensors[members[i].index].id : room->rules[members[i].index].id;
        (void)snprintf(text + at, sizeof text - at, "%s%s%s", i > 0 ? " " : "", members[i].contact ? "@" : "",
                       id);
    }
    return text;
}

static void test_every_kind(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = load_good("tests/config/good/rules.yaml", &heard);
    assert_int_equal(heard.notices, 0);
    const struct config_room *room = &config->rooms[1];
    assert_int_equal(room->n_rules, 12);
    const struct config_rule *high = rule_named(room, "high"), *hour = rule_named(room, "hour"),
                             *hot = rule_named(room, "hot"), *chill = rule_named(room, "chill"),
                             *apart = rule_named(room, "apart"), *open = rule_named(room, "open"),
                             *fire = rule_named(room, "fire");
    assert_int_equal(high->kind, RULE_THRESHOLD);
    assert_int_equal(high->for_s, 60);
    assert_int_equal(high->off_s, 90);
    assert_int_equal(high->window_s, 0);
    assert_int_equal(hour->kind, RULE_MEAN);
    assert_int_equal(hour->window_s, 3600);
    assert_int_equal(hour->threshold, 1000);
    assert_int_equal(hour->severity, SEVERITY_ADVISORY);
    assert_string_equal(members_of(room, hour->unless, hour->n_unless), "@door high");
    assert_int_equal(hot->kind, RULE_RISE);
    assert_true(hot->above);
    assert_int_equal(hot->threshold, 8000);
    assert_int_equal(hot->window_s, 300);
    assert_string_equal(hot->instruction, "Look for fire.");
    assert_int_equal(chill->kind, RULE_RISE);
    assert_false(chill->above);
    assert_int_equal(chill->sensor, 1);
    assert_int_equal(chill->threshold, 4500);
    assert_int_equal(chill->deadband, 500);
    assert_int_equal(apart->kind, RULE_APART);
    assert_int_equal(apart->other_sensor, 1);
    assert_int_equal(apart->threshold, 3000);
    assert_int_equal(apart->severity, SEVERITY_TROUBLE);
    assert_int_equal(open->kind, RULE_HELD);
    assert_int_equal(open->sensor, 2);
    assert_int_equal(open->for_s, 120);
    assert_int_equal(open->severity, SEVERITY_WARNING);
    assert_string_equal(members_of(room, open->unless, open->n_unless), "@call");
    assert_int_equal(fire->kind, RULE_CONFIRM);
    assert_int_equal(fire->severity, SEVERITY_FIRE);
    assert_int_equal(fire->at_least, 2);
    assert_int_equal(fire->prealarm_s, 60);
    assert_string_equal(members_of(room, fire->members, fire->n_members), "@smoke-1 @smoke-2");
    config_free(config);
}

static void test_faults_and_combinations(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = load_good("tests/config/good/rules.yaml", &heard);
    const struct config_room *room = &config->rooms[1];
    const struct config_rule *stuck = rule_named(room, "stuck"), *every = rule_named(room, "every"),
                             *some = rule_named(room, "some"), *several = rule_named(room, "several");
    assert_int_equal(stuck->kind, RULE_UNCHANGED);
    assert_int_equal(stuck->window_s, 21600);
    assert_int_equal(stuck->severity, SEVERITY_TROUBLE);
    assert_int_equal(rule_named(room, "stuck-loud")->severity, SEVERITY_WARNING);
    assert_int_equal(every->kind, RULE_COMBINATION);
    assert_int_equal(every->at_least, 3);
    assert_string_equal(members_of(room, every->members, every->n_members), "high hot @smoke-1");
    assert_int_equal(some->at_least, 1);
    assert_int_equal(some->for_s, 5);
    assert_string_equal(members_of(room, some->members, some->n_members), "every @door");
    assert_int_equal(several->at_least, 3);
    assert_int_equal(several->severity, SEVERITY_CRITICAL);
    assert_string_equal(members_of(room, several->members, several->n_members), "high hour hot every");
    config_free(config);
}

static void test_rooms_and_outputs(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = load_good("tests/config/good/rules.yaml", &heard);
    const struct config_room *room = &config->rooms[1];
    assert_int_equal(config->rooms[0].type, ROOM_FEEDING);
    assert_null(config->rooms[0].instruction);
    assert_int_equal(room->type, ROOM_SLEEP);
    assert_string_equal(room->instruction, "Call 8001.");
    assert_string_equal(room->sensors[0].instruction, "Open the windows.");
    assert_null(room->sensors[1].instruction);
    assert_int_equal(room->sensors[7].role, ROLE_BATTERY);
    const struct config_output *siren = &room->outputs[0], *fan = &room->outputs[1],
                               *second = &room->outputs[2];
    assert_string_equal(siren->feedback, "GPIO23");
    assert_int_equal(siren->feedback_ms, 500);
    assert_false(siren->feedback_active_low);
    assert_int_equal(siren->min_run_s, 0);
    assert_null(fan->feedback);
    assert_int_equal(fan->min_run_s, 300);
    assert_int_equal(second->min_run_s, 0);
    assert_true(second->feedback_active_low);
    assert_int_equal(second->feedback_ms, 10000);
    config_free(config);
}

// Programs without drivers read the same rules, and know nothing of a preset's.
static void test_without_a_catalogue(void **state)
{
    (void)state;
    static const char text[] = HEAD "rooms:\n  - id: a\n    preset: cn\n    group: whatever\n    sensors:\n"
                                    "      - { id: air, driver: thing, bus: main }\n"
                                    "      - { id: door, driver: other, line: L }\n"
                                    "    rules:\n"
                                    "      - { id: co2-mean, disabled: true }\n"
                                    "      - { id: c, on: air.co2, above: 1000, unless: [co2-high, door] }\n"
                                    "      - { id: d, on: door, for_s: 60 }\n"
                                    "      - { id: e, any: [co2-air-now, c] }\n"
                                    "buses: [ { id: main, i2c: /dev/i2c-1 } ]\n";
    struct heard heard;
    struct config *config = NULL;
    if (parse(text, NULL, &heard, &config) != 0) {
        fail_msg("line %u: %s: %s", heard.line[0], heard.key[0], heard.text[0]);
    }
    assert_int_equal(heard.notices, 0);
    const struct config_room *room = &config->rooms[0];
    assert_int_equal(room->n_rules, 3);
    assert_string_equal(members_of(room, room->rules[0].unless, room->rules[0].n_unless), "@door");
    assert_string_equal(members_of(room, room->rules[2].members, room->rules[2].n_members), "c");
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_faults_and_combinations),
        cmocka_unit_test(test_rooms_and_outputs),
        cmocka_unit_test(test_without_a_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
