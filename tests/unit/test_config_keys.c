// The configuration for people: messages, and the key table, which the example file and the list of keys
// agree with.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/common/config_work.h"
#include "tests/unit/config_heard.h"

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
    char *folder = strstr(text, "presets_dir: /usr/share/careroom/presets"); // not installed here
    assert_non_null(folder);
    memcpy(folder, "#resets_dir:", strlen("#resets_dir:"));
    length += (size_t)snprintf(text + length, sizeof text - length, "%s", presets_dir_line());
    assert_true(length < sizeof text);
    struct heard heard;
    struct config *config = NULL;
    if (parse(text, &fake_catalogue, &heard, &config) != 0) {
        fail_msg("line %u: %s: %s", heard.line[0], heard.key[0], heard.text[0]);
    }
    assert_int_equal(heard.notices, 3); // preset, regulator, panel: all were taken in
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
