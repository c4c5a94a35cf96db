// The configuration: good files come out as the structures say, every mistake is told with its line and key,
// and the key table, the example file and the list for people agree.
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/common/config.h"
#include "gateway/common/config_work.h"
#include "tests/unit/fake_parts.h"

#define BROKEN "tests/config/broken"
#define HEAD   "gateway: { id: g, site: s }\n"

// ---- What was reported

struct heard {
    size_t mistakes, notices;
    unsigned last_line;
    bool ordered;
    char file[64];
    unsigned line[8]; // of the first mistakes
    char key[8][128];
    char text[8][512];
    char notice_key[8][128];
    char notice_text[8][512];
};

static void hear(const struct config_message *message, void *user)
{
    struct heard *heard = user;
    size_t *n = message->notice ? &heard->notices : &heard->mistakes;
    heard->ordered = (heard->mistakes + heard->notices == 0 || heard->ordered) &&
                     (message->line >= heard->last_line || message->line == 0);
    heard->last_line = message->line;
    (void)snprintf(heard->file, sizeof heard->file, "%s", message->file);
    if (*n < 8) {
        char(*keys)[128] = message->notice ? heard->notice_key : heard->key;
        char(*texts)[512] = message->notice ? heard->notice_text : heard->text;
        (void)snprintf(keys[*n], sizeof keys[*n], "%s", message->key);
        (void)snprintf(texts[*n], sizeof texts[*n], "%s; %s", message->wrong, message->instead);
        if (!message->notice) {
            heard->line[*n] = message->line;
        }
    }
    ++*n;
}

static int parse(const char *text, const struct config_catalogue *catalogue, struct heard *heard,
                 struct config **ret_config)
{
    *heard = (struct heard){ 0 };
    return config_parse("x.yaml", text, strlen(text), catalogue, hear, heard, ret_config);
}

static struct config *load_good(const char *file, struct heard *heard)
{
    struct config *config = NULL;
    *heard = (struct heard){ 0 };
    int error = config_load(file, &fake_catalogue, hear, heard, &config);
    if (error != 0) {
        fail_msg("%s:%u: %s: %s (%d)", file, heard->line[0], heard->key[0], heard->text[0], error);
    }
    assert_int_equal(heard->mistakes, 0);
    assert_non_null(config);
    assert_string_equal(config->file, file);
    return config;
}

static void assert_notice(const struct heard *heard, const char *key, const char *words)
{
    for (size_t i = 0; i < heard->notices && i < 8; i++) {
        if (strcmp(heard->notice_key[i], key) == 0 && strstr(heard->notice_text[i], words) != NULL) {
            return;
        }
    }
    fail_msg("no notice \"%s\" for %s; first of %zu: %s: %s", words, key, heard->notices,
             heard->notice_key[0], heard->notice_text[0]);
}

// ---- Good files

static void test_the_example_of_the_interfaces(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = load_good("tests/config/good/interfaces.yaml", &heard);
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
    assert_int_equal(room->n_rules, 1);

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

    const struct config_rule *rule = &room->rules[0];
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
    assert_int_equal(heard.notices, 4);
    assert_notice(&heard, "rooms[butterfly].group", "has no effect in this version");
    assert_notice(&heard, "rooms[butterfly].preset", "has no effect in this version");
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

// ---- Broken files

// "# expect: LINE KEY words" in the first line of a file.
static void read_expectation(const char *path, unsigned *line, char key[128], char words[256])
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char first[512];
    assert_non_null(fgets(first, sizeof first, file));
    assert_int_equal(fclose(file), 0);
    if (sscanf(first, "# expect: %u %127s %255[^\n]", line, key, words) != 3) {
        fail_msg("%s does not begin with an expectation", path);
    }
}

static void check_broken(const char *path)
{
    unsigned line;
    char key[128], words[256];
    read_expectation(path, &line, key, words);
    struct heard heard = { 0 };
    struct config *untouched = (struct config *)&heard;
    struct config *config = untouched;
    int error = config_load(path, &fake_catalogue, hear, &heard, &config);
    if (error != -EINVAL || heard.mistakes != 1 || heard.line[0] != line || strcmp(heard.key[0], key) != 0 ||
        strstr(heard.text[0], words) == NULL) {
        fail_msg(
            "%s: wants line %u, %s, \"%s\"; heard %zu mistakes (%d): line %u, %s, \"%s\"; %u, %s, \"%s\"",
            path, line, key, words, heard.mistakes, error, heard.line[0], heard.key[0], heard.text[0],
            heard.line[1], heard.key[1], heard.text[1]);
    }
    assert_string_equal(heard.file, path);
    assert_ptr_equal(config, untouched);
}

static void test_every_broken_file(void **state)
{
    (void)state;
    DIR *dir = opendir(BROKEN);
    assert_non_null(dir);
    size_t n = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strstr(entry->d_name, ".yaml") != NULL) {
            char path[sizeof BROKEN + 258];
            (void)snprintf(path, sizeof path, BROKEN "/%s", entry->d_name);
            check_broken(path);
            n++;
        }
    }
    assert_int_equal(closedir(dir), 0);
    assert_true(n >= 150);
}

static void test_all_mistakes_at_once(void **state)
{
    (void)state;
    static const char text[] = "gateway: { id: G }\n"
                               "rooms:\n"
                               "  - id: a\n"
                               "    rules: [ { id: r, on: x.co2, above: 1 } ]\n"
                               "    sensors: [ { id: y, driver: nothing } ]\n"
                               "colour: red\n"
                               "mqtt: { port: 70000 }\n";
    struct heard heard;
    struct config *config = NULL;
    assert_int_equal(parse(text, &fake_catalogue, &heard, &config), -EINVAL);
    assert_int_equal(heard.mistakes, 7);
    assert_true(heard.ordered); // as they stand in the file
    static const unsigned lines[] = { 1, 1, 4, 5, 6, 7, 7 };
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(heard.line[i], lines[i]);
    }
    assert_null(config);
}

static void test_more_mistakes_than_are_shown(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    (void)fprintf(file, HEAD "rooms: [ { id: a } ]\n");
    for (int i = 0; i < 5000; i++) {
        (void)fprintf(file, "key-%d: 1\n", i);
    }
    assert_int_equal(fclose(file), 0);
    struct heard heard;
    struct config *config = NULL;
    assert_int_equal(parse(text, NULL, &heard, &config), -EINVAL);
    assert_int_equal(heard.mistakes, MESSAGES_MAX + 1);
    free(text);
}

static void test_an_alias_to_itself_ends(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = NULL;
    assert_int_equal(parse(HEAD "rooms: &r [ { id: a, sensors: *r } ]\n", &fake_catalogue, &heard, &config),
                     -EINVAL);
    assert_int_equal(parse("&a { gateway: *a, rooms: [ *a ], mqtt: *a }\n", &fake_catalogue, &heard, &config),
                     -EINVAL);
    assert_null(config);
}

static void test_limits(void **state)
{
    (void)state;
    struct heard heard;
    struct config *config = NULL;
    size_t size = 1048576 + 1;
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, ' ', size);
    memcpy(text, HEAD "rooms: [ { id: a } ]\n#", strlen(HEAD) + 22);
    text[size] = '\0';
    assert_int_equal(parse(text, NULL, &heard, &config), -EINVAL);
    assert_non_null(strstr(heard.text[0], "larger than 1 MiB"));
    text[size - 1] = '\0';
    assert_int_equal(parse(text, NULL, &heard, &config), 0);
    config_free(config);

    memset(text, '[', 100000); // depth
    text[100000] = '\0';
    config = NULL;
    assert_int_equal(parse(text, NULL, &heard, &config), -EINVAL);
    assert_null(config);

    FILE *file = fmemopen(text, size, "w");
    assert_non_null(file);
    (void)fprintf(file, HEAD "rooms:\n");
    for (int i = 0; i < 64; i++) {
        (void)fprintf(file, " - id: r%d\n   sensors:\n", i);
        for (int j = 0; j < 32; j++) {
            (void)fprintf(file, "    - { id: s%d, driver: contact, line: L%d, role: door }\n", j, i * 32 + j);
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(parse(text, &fake_catalogue, &heard, &config), 0);
    assert_int_equal(config->n_rooms, 64);
    assert_int_equal(config->rooms[63].n_sensors, 32);
    config_free(config);
    free(text);
}

static void test_unreadable_files(void **state)
{
    (void)state;
    struct heard heard = { 0 };
    struct config *config = NULL;
    assert_int_equal(config_load("/nonexistent/careroom.yaml", NULL, hear, &heard, &config), -ENOENT);
    assert_int_equal(config_load("tests", NULL, hear, &heard, &config), -EISDIR);
    assert_int_equal(heard.mistakes, 2);
    assert_int_equal(config_load("/nonexistent/careroom.yaml", NULL, NULL, NULL, &config), -ENOENT);
    assert_null(config);
    config_free(NULL);
}

// Whatever a cut-off file holds, it is read to its end or refused, and nothing is lost (address sanitiser).
static void test_every_beginning_of_a_file(void **state)
{
    (void)state;
    char text[4096];
    FILE *file = fopen("tests/config/good/forms.yaml", "r");
    assert_non_null(file);
    size_t length = fread(text, 1, sizeof text, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(length, 500, sizeof text - 1);
    for (size_t n = 0; n <= length; n++) {
        struct heard heard = { 0 };
        struct config *config = NULL;
        int error = config_parse("cut", text, n, &fake_catalogue, hear, &heard, &config);
        assert_int_equal(error, heard.mistakes > 0 ? -EINVAL : 0);
        config_free(config);
    }
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

// ---- For people

static void report(char *buf, size_t size, const struct config_message *message)
{
    FILE *file = fmemopen(buf, size, "w");
    assert_non_null(file);
    config_report_text(message, file);
    assert_int_equal(fclose(file), 0);
}

static void test_the_text_of_a_message(void **state)
{
    (void)state;
    char buf[256];
    struct config_message message = {
        .file = "f.yaml", .line = 7, .key = "mqtt.port", .wrong = "is odd", .instead = "even it"
    };
    report(buf, sizeof buf, &message);
    assert_string_equal(buf, "f.yaml:7: mqtt.port: is odd; even it\n");
    message.notice = true;
    report(buf, sizeof buf, &message);
    assert_string_equal(buf, "notice: f.yaml:7: mqtt.port: is odd; even it\n");
    message.line = 0;
    message.notice = false;
    report(buf, sizeof buf, &message);
    assert_string_equal(buf, "f.yaml: mqtt.port: is odd; even it\n");
}

// What a file holds can't paint on the terminal nor begin a line of its own.
static void test_messages_hold_no_control_characters(void **state)
{
    (void)state;
    static const char text[] = HEAD "rooms: [ { id: a, name: \"x\\e[2Jy\\nz\" } ]\n\"k\\e[2J\\ney\": 1\n";
    struct heard heard;
    struct config *config = NULL;
    assert_int_equal(parse(text, NULL, &heard, &config), -EINVAL);
    assert_int_equal(heard.mistakes, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_null(strpbrk(heard.key[i], "\033\n"));
        assert_null(strpbrk(heard.text[i], "\033\n"));
    }
}

static void test_the_default_file(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("CAREROOM_CONFIG"), 0);
    assert_string_equal(config_default_file(), "/etc/careroom/careroom.yaml");
    assert_int_equal(setenv("CAREROOM_CONFIG", "/x.yaml", 1), 0);
    assert_string_equal(config_default_file(), "/x.yaml");
    assert_int_equal(setenv("CAREROOM_CONFIG", "", 1), 0);
    assert_string_equal(config_default_file(), "/etc/careroom/careroom.yaml");
}

// ---- The key table

typedef void (*key_fn)(const struct key *key, void *user);

static void each_key(const struct key_section *section, key_fn fn, void *user)
{
    for (size_t i = 0; i < section->n_keys; i++) {
        fn(&section->keys[i], user);
        if (section->keys[i].inner != NULL) {
            each_key(section->keys[i].inner, fn, user);
        }
    }
}

static void check_key(const struct key *key, void *user)
{
    size_t *n = user;
    ++*n;
    assert_non_null(key->name);
    assert_non_null(key->help);
    assert_true(strlen(key->help) > 5 && key->help[strlen(key->help) - 1] == '.');
    assert_true(key->inner != NULL || (key->type != KEY_MAP && key->type != KEY_LIST));
    assert_true(key->min <= key->max);
    if (key->fallback != NULL) {
        struct draft_value value = { 0 };
        assert_null(value_read(key, key->fallback, strlen(key->fallback), &value));
        assert_true(value.good);
        assert_false(key->required);
    }
    if (key->type == KEY_NUMBER && key->offset != NOWHERE) { // the range fits the field
        assert_true(key->min >= 0 && (key->size >= 4 || key->max < (INT64_C(1) << (8 * key->size))));
    }
}

static void test_the_key_table(void **state)
{
    (void)state;
    size_t n = 0;
    each_key(&config_root_section, check_key, &n);
    assert_true(n > 50);
}

static void check_in_example(const struct key *key, void *user)
{
    const char *example = user;
    char pattern[64];
    (void)snprintf(pattern, sizeof pattern, "%s:", key->name);
    for (const char *at = example; (at = strstr(at, pattern)) != NULL; at++) {
        if (at > example && strchr(" #{\n", at[-1]) != NULL) {
            return;
        }
    }
    fail_msg("config/careroom.yaml does not show %s", key->name);
}

static void test_the_example_shows_every_key(void **state)
{
    (void)state;
    static char example[32768];
    FILE *file = fopen("config/careroom.yaml", "r");
    assert_non_null(file);
    size_t length = fread(example, 1, sizeof example - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(length, 1000, sizeof example - 2);
    each_key(&config_root_section, check_in_example, example);
}

static void test_the_example_files_are_well(void **state)
{
    (void)state;
    static const char *const files[] = { "config/careroom.yaml", "config/demo.yaml" };
    for (size_t i = 0; i < 2; i++) {
        struct heard heard;
        struct config *config = load_good(files[i], &heard);
        assert_int_equal(heard.notices, 0);
        assert_string_equal(config->rooms[0].id, "butterfly");
        config_free(config);
    }
}

// What is commented out in the example, at the depth where it stands, must be right too once it is taken in.
static void test_the_example_with_every_comment_taken_in(void **state)
{
    (void)state;
    static char text[32768];
    FILE *file = fopen("config/careroom.yaml", "r");
    assert_non_null(file);
    size_t length = 0;
    for (char line[512]; fgets(line, sizeof line, file) != NULL;) {
        size_t indent = strspn(line, " ");
        // "#key: value" and, below one, "#  key: value"; prose has a space and no key.
        char *hash = line[indent] == '#' ? line + indent : NULL;
        size_t word = hash != NULL ? strspn(hash + 1, " abcdefghijklmnopqrstuvwxyz_0123456789") : 0;
        bool key = hash != NULL && hash[1 + word] == ':' && (hash[1] != ' ' || hash[2] == ' ');
        if (key && memchr(hash + 1 + strspn(hash + 1, " "), ' ', word - strspn(hash + 1, " ")) == NULL) {
            memmove(hash, hash + 1, strlen(hash));
        }
        length += (size_t)snprintf(text + length, sizeof text - length, "%s", line);
        assert_true(length < sizeof text);
    }
    assert_int_equal(fclose(file), 0);
    struct heard heard;
    struct config *config = NULL;
    if (parse(text, &fake_catalogue, &heard, &config) != 0) {
        fail_msg("line %u: %s: %s", heard.line[0], heard.key[0], heard.text[0]);
    }
    assert_int_equal(heard.notices, 4); // group, preset, regulator, panel: all were taken in
    assert_string_equal(config->mqtt.username, "kunming-001");
    assert_string_equal(config->rooms[0].group, "toddler");
    config_free(config);
}

static void count_key(const struct key *key, void *user)
{
    (void)key;
    size_t *n = user;
    ++*n;
}

static void test_the_list_of_keys(void **state)
{
    (void)state;
    size_t keys = 0, lines = 0;
    each_key(&config_root_section, count_key, &keys);
    static char text[65536];
    FILE *file = fmemopen(text, sizeof text, "w");
    assert_non_null(file);
    config_print_keys(file);
    assert_int_equal(fclose(file), 0);
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        size_t tabs = 0;
        for (const char *c = line; *c != '\0'; c++) {
            tabs += *c == '\t';
        }
        assert_int_equal(tabs, 4);
        lines++;
    }
    assert_int_equal(lines, keys);
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
        cmocka_unit_test(test_every_broken_file),
        cmocka_unit_test(test_all_mistakes_at_once),
        cmocka_unit_test(test_more_mistakes_than_are_shown),
        cmocka_unit_test(test_an_alias_to_itself_ends),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_unreadable_files),
        cmocka_unit_test(test_every_beginning_of_a_file),
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_the_text_of_a_message),
        cmocka_unit_test(test_messages_hold_no_control_characters),
        cmocka_unit_test(test_the_default_file),
        cmocka_unit_test(test_the_key_table),
        cmocka_unit_test(test_the_example_shows_every_key),
        cmocka_unit_test(test_the_example_files_are_well),
        cmocka_unit_test(test_the_example_with_every_comment_taken_in),
        cmocka_unit_test(test_the_list_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
