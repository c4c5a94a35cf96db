// The configuration: good files come out as the structures say, and what deserves a word gets one.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/config_heard.h"

// ---- Good files

static void test_the_example_of_the_interfaces(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = NULL;
    char *text = text_with("tests/config/good/interfaces.yaml", presets_dir_line());
    if (parse(text, &fake_catalogue, &heard, &config) != 0) {
        fail_msg("line %u: %s: %s", heard.line[0], heard.key[0], heard.text[0]);
    }
    free(text);
    assert_string_equal(config->gateway_id, "kunming-001");
    assert_string_equal(config->site, "sunshine");
    assert_string_equal(config->timezone, "Asia/Shanghai");
    assert_string_equal(config->language, "zh");
    assert_string_equal(config->state_dir, "/var/lib/careroom");
    assert_string_equal(config->run_dir, "/run/careroom");
    assert_string_equal(config->uplink_user, "careroom-uplink");
    assert_int_equal(config->n_buses, 1);
    assert_string_equal(config->buses[0].id, "main");
    assert_string_equal(config->buses[0].i2c, "/dev/i2c-1");
    assert_int_equal(config->n_rooms, 1);
    const struct config_room *room = &config->rooms[0];
    assert_string_equal(room->id, "butterfly");
    assert_string_equal(room->name, "蝴蝶班");
    assert_string_equal(room->group, "toddler");
    assert_string_equal(room->preset, "cn");
    assert_int_equal(room->n_sensors, 3);
    assert_int_equal(room->n_readers, 1);
    assert_int_equal(room->n_outputs, 2);

    const struct config_sensor *air = &room->sensors[0], *smoke = &room->sensors[1],
                               *door = &room->sensors[2];
    assert_string_equal(air->id, "air");
    assert_string_equal(air->driver, "scd41");
    assert_ptr_equal(air->part, fake_sensor("scd41"));
    assert_int_equal(air->bus, 0);
    assert_int_equal(air->address, 0x62);
    assert_int_equal(air->every_ms, 5000);
    assert_int_equal(air->altitude_m, 0);
    assert_false(air->self_calibration);
    assert_string_equal(smoke->line, "GPIO17");
    assert_int_equal(smoke->role, ROLE_SMOKE);
    assert_int_equal(smoke->wiring, WIRING_NORMALLY_CLOSED);
    assert_int_equal(smoke->bias, BIAS_PULL_UP);
    assert_int_equal(door->role, ROLE_DOOR);
    assert_int_equal(door->wiring, WIRING_NORMALLY_OPEN);
    assert_int_equal(door->debounce_ms, 30);

    assert_string_equal(room->readers[0].id, "entry");
    assert_ptr_equal(room->readers[0].part, fake_reader("wiegand"));
    assert_string_equal(room->readers[0].d0, "GPIO5");
    assert_string_equal(room->readers[0].d1, "GPIO6");
    assert_int_equal(room->readers[0].direction, DIRECTION_BOTH);
    assert_string_equal(room->outputs[0].line, "GPIO22");
    assert_int_equal(room->outputs[0].role, OUTPUT_SOUNDER);
    assert_int_equal(room->outputs[1].role, OUTPUT_VENTILATION);
    assert_false(room->outputs[1].active_low);

    const struct config_rule *rule = &room->rules[room->n_rules - 1]; // behind those of the preset
    assert_null(rule->preset);
    assert_string_equal(rule->id, "co2-high");
    assert_int_equal(rule->sensor, 0);
    assert_int_equal(rule->quantity, QUANTITY_CO2);
    assert_true(rule->above);
    assert_int_equal(rule->threshold, 1500);
    assert_int_equal(rule->deadband, 100);
    assert_int_equal(rule->for_s, 60);
    assert_int_equal(rule->severity, SEVERITY_WARNING);
    assert_int_equal(rule->line_number, 20);

    assert_string_equal(config->mqtt.host, "broker.example");
    assert_int_equal(config->mqtt.port, 8883);
    assert_true(config->mqtt.tls);
    assert_string_equal(config->mqtt.ca, "/etc/ca.crt");
    assert_string_equal(config->mqtt.cert, "/etc/gw.crt");
    assert_string_equal(config->mqtt.key, "/etc/gw.key");
    assert_string_equal(config->mqtt.username, "gw");
    assert_string_equal(config->mqtt.password_file, "/etc/pw");
    assert_int_equal(config->mqtt.keepalive_s, 30);
    assert_int_equal(config->mqtt.window, 16);

    // What nothing acts on is said, so that nobody trusts in it.
    assert_int_equal(heard.notices, 3);
    assert_notice(&heard, "rooms[butterfly].preset", "limits of preset cn that hold are suggested");
    assert_notice(&heard, "regulator", "has no effect in this version");
    assert_notice(&heard, "panel", "has no effect in this version");
    config_free(config);
}

static void test_defaults(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = load_good("tests/config/good/minimal.yaml", &heard);
    assert_int_equal(heard.notices, 0);
    assert_string_equal(config->timezone, "UTC");
    assert_string_equal(config->language, "en");
    assert_string_equal(config->state_dir, "/var/lib/careroom");
    assert_string_equal(config->run_dir, "/run/careroom");
    assert_string_equal(config->uplink_user, "careroom-uplink");
    assert_int_equal(config->n_buses, 0);
    assert_null(config->mqtt.host);
    assert_string_equal(config->rooms[0].name, "a");
    assert_null(config->rooms[0].group);
    assert_null(config->rooms[0].preset);
    assert_int_equal(config->rooms[0].n_sensors, 0);
    config_free(config);
}

static void test_other_forms(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = load_good("tests/config/good/forms.yaml", &heard);
    assert_int_equal(heard.notices, 0);
    assert_string_equal(config->site, "2");
    assert_string_equal(config->state_dir, "/tmp/with space");
    assert_string_equal(config->uplink_user, "someone");
    const struct config_room *room = &config->rooms[0];
    assert_string_equal(room->name, "Room \"A\": 一");
    assert_int_equal(room->sensors[0].address, 98);
    assert_int_equal(room->sensors[0].every_ms, 5000);
    assert_true(room->sensors[0].self_calibration);
    assert_int_equal(room->sensors[1].bus, 1);
    assert_int_equal(room->sensors[1].address, 0x45);
    assert_int_equal(room->sensors[1].every_ms, 100);
    assert_int_equal(room->sensors[2].address, 0x44);
    assert_int_equal(room->sensors[2].every_ms, 100);
    assert_int_equal(room->sensors[3].every_ms, 30000); // the part's fastest is slower than the default
    assert_string_equal(room->sensors[4].line, "pinctrl-rp1:17");
    assert_int_equal(room->sensors[4].bias, BIAS_AS_IS);
    assert_int_equal(room->sensors[4].debounce_ms, 0);
    assert_string_equal(room->readers[0].d0, "my line");
    assert_int_equal(room->readers[0].direction, DIRECTION_IN);
    assert_true(room->outputs[0].active_low);
    assert_int_equal(room->rules[0].sensor, 1);
    assert_false(room->rules[0].above);
    assert_int_equal(room->rules[0].threshold, -4250);
    assert_int_equal(room->rules[0].deadband, 125);
    assert_int_equal(room->rules[0].severity, SEVERITY_CRITICAL);
    assert_int_equal(room->rules[1].quantity, QUANTITY_HUMIDITY);
    assert_int_equal(room->rules[1].threshold, 70000);
    assert_int_equal(room->rules[1].for_s, 86400);
    assert_int_equal(room->rules[1].severity, SEVERITY_ADVISORY);
    assert_int_equal(room->rules[2].sensor, 3);
    assert_int_equal(room->rules[2].severity, SEVERITY_WARNING);
    assert_string_equal(config->rooms[1].id, "b");
    assert_string_equal(config->mqtt.host, "::1");
    assert_true(config->mqtt.tls);
    assert_null(config->mqtt.ca);
    assert_int_equal(config->mqtt.port, 8883);
    assert_int_equal(config->mqtt.keepalive_s, 5);
    assert_int_equal(config->mqtt.window, 20);
    config_free(config);
}

static void assert_loop(const struct config_loop *loop, const struct config_loop *expected)
{
    assert_int_equal(loop->short_below, expected->short_below);
    assert_int_equal(loop->alarm_below, expected->alarm_below);
    assert_int_equal(loop->normal_low, expected->normal_low);
    assert_int_equal(loop->normal_high, expected->normal_high);
    assert_int_equal(loop->open_above, expected->open_above);
    assert_int_equal(loop->short_is_alarm, expected->short_is_alarm);
}

static void test_loops_and_the_kernels_chips(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = load_good("tests/config/good/loops.yaml", &heard);
    assert_int_equal(heard.notices, 1);
    assert_notice(&heard, "rooms[a].sensors[bare].role", "guards nothing");
    const struct config_sensor *sensors = config->rooms[0].sensors;
    assert_int_equal(sensors[0].role, ROLE_SMOKE);
    assert_int_equal(sensors[0].address, 0x48);
    assert_int_equal(sensors[0].every_ms, 250);
    assert_int_equal(sensors[0].channel, 0);
    assert_int_equal(sensors[0].reference_channel, 3);
    assert_loop(&sensors[0].loop, &(struct config_loop){ 50, 300, 420, 600, 850, true });
    assert_int_equal(sensors[1].channel, 1);
    assert_int_equal(sensors[1].reference_channel, 0);
    assert_int_equal(sensors[1].every_ms, 1000);
    assert_loop(&sensors[1].loop, &(struct config_loop){ 0, 1, 125, 500, 1000, false });
    assert_int_equal(sensors[2].channel, 2);
    assert_int_equal(sensors[2].every_ms, 5000);
    assert_string_equal(sensors[3].sysfs, "scd4x@2");
    assert_int_equal(sensors[3].every_ms, 5000);
    assert_true(sensors[4].self_test);
    config_free(config);
}

static void test_port_without_tls(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = NULL;
    assert_int_equal(parse(HEAD "rooms: [ { id: a } ]\nmqtt: { host: b }\n", NULL, &heard, &config), 0);
    assert_false(config->mqtt.tls);
    assert_int_equal(config->mqtt.port, 1883);
    config_free(config);
}

// Programs without drivers read the same file, and judge of a driver's name nothing.
static void test_without_a_catalogue(void **state)
{
    (void)state;
    static const char text[] = HEAD "buses: [ { id: main, i2c: /dev/i2c-1 }, { id: two, i2c: /dev/i2c-2 } ]\n"
                                    "rooms:\n  - id: a\n    sensors:\n"
                                    "      - { id: x, driver: whatever, bus: two }\n"
                                    "      - { id: y, driver: other, line: L }\n"
                                    "    readers: [ { id: r, driver: thing, d0: A, d1: B } ]\n"
                                    "    rules: [ { id: c, on: x.co2, above: 1000 } ]\n";
    struct heard heard;
    struct config *config = NULL;
    assert_int_equal(parse(text, NULL, &heard, &config), 0);
    assert_int_equal(heard.notices, 0);
    assert_null(config->rooms[0].sensors[0].part);
    assert_int_equal(config->rooms[0].sensors[0].bus, 1);
    assert_int_equal(config->rooms[0].sensors[0].every_ms, 5000);
    assert_string_equal(config->rooms[0].readers[0].driver, "thing");
    assert_int_equal(config->rooms[0].rules[0].threshold, 1000);
    config_free(config);
}

// ---- Notices

static void test_notices(void **state)
{
    (void)state;
#define SENSOR(text)                                                                                         \
    HEAD "rooms: [ { id: a, outputs: [ { id: o, line: O, role: sounder } ], sensors: [ " text " ] } ]\n"
    static const struct {
        const char *text, *key, *words; // key NULL: no notice
    } cases[] = {
        { SENSOR("{ id: x, driver: contact, line: L, role: smoke }"), "rooms[a].sensors[x].wiring",
          "cut wire" },
        { SENSOR("{ id: x, driver: contact, line: L, role: heat, wiring: normally-open }"),
          "rooms[a].sensors[x].wiring", "cut wire" },
        { SENSOR("{ id: x, driver: contact, line: L, role: call-point }"), "rooms[a].sensors[x].wiring",
          "cut wire" },
        { SENSOR("{ id: x, driver: contact, line: L, role: gas }"), "rooms[a].sensors[x].wiring",
          "cut wire" },
        { SENSOR("{ id: x, driver: contact, line: L, role: carbon-monoxide }"), "rooms[a].sensors[x].wiring",
          "cut wire" },
        { SENSOR("{ id: x, driver: contact, line: L, role: smoke, wiring: normally-closed }"), NULL, NULL },
        { SENSOR("{ id: x, driver: contact, line: L, role: help }"), NULL, NULL },
        { SENSOR("{ id: x, driver: contact, line: L }"), "rooms[a].sensors[x].role", "guards nothing" },
        { SENSOR("{ id: x, driver: contact, line: L, role: none }"), NULL, NULL },
        { HEAD "rooms: [ { id: a, sensors: [ { id: x, driver: contact, line: L, role: heat, wiring: "
               "normally-closed } ] } ]",
          "rooms[a]", "no sounder" },
        { HEAD "rooms: [ { id: a } ]\nmqtt: { host: b, username: u, password_file: /p }", "mqtt.username",
          "readable by all" },
        { HEAD "rooms: [ { id: a } ]\nmqtt: { host: b, username: u, password_file: /p, tls: {} }", NULL,
          NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard heard;
        struct config *config = NULL;
        if (parse(cases[i].text, &fake_catalogue, &heard, &config) != 0) {
            fail_msg("%s: %s", cases[i].text, heard.text[0]);
        }
        config_free(config);
        assert_int_equal(heard.notices, cases[i].key != NULL);
        if (cases[i].key != NULL) {
            assert_notice(&heard, cases[i].key, cases[i].words);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_of_the_interfaces),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_loops_and_the_kernels_chips),
        cmocka_unit_test(test_port_without_tls),
        cmocka_unit_test(test_without_a_catalogue),
        cmocka_unit_test(test_notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
