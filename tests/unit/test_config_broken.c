// The configuration: every mistake is told with its line and key, and whatever a file holds, it is read to
// its end or refused.
#include <dirent.h>
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

#define BROKEN "tests/config/broken"

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

static bool check_broken(const char *path)
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
        print_error(
            "%s: wants line %u, %s, \"%s\"; heard %zu mistakes (%d): line %u, %s, \"%s\"; %u, %s, \"%s\"\n",
            path, line, key, words, heard.mistakes, error, heard.line[0], heard.key[0], heard.text[0],
            heard.line[1], heard.key[1], heard.text[1]);
        return false;
    }
    assert_string_equal(heard.file, path);
    assert_ptr_equal(config, untouched);
    return true;
}

static void test_every_broken_file(void **state)
{
    (void)state;
    DIR *dir = opendir(BROKEN);
    assert_non_null(dir);
    size_t n = 0, wrong = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strstr(entry->d_name, ".yaml") != NULL) {
            char path[sizeof BROKEN + 258];
            (void)snprintf(path, sizeof path, BROKEN "/%s", entry->d_name);
            wrong += !check_broken(path);
            n++;
        }
    }
    assert_int_equal(closedir(dir), 0);
    assert_int_equal(wrong, 0); // all of them are looked at, not only up to the first
    assert_true(n >= 200);
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
static void read_every_beginning(const char *path)
{
    char text[4096];
    FILE *file = fopen(path, "r");
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

static void test_every_beginning_of_a_file(void **state)
{
    (void)state;
    read_every_beginning("tests/config/good/forms.yaml");
    read_every_beginning("tests/config/good/rules.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_broken_file),
        cmocka_unit_test(test_all_mistakes_at_once),
        cmocka_unit_test(test_more_mistakes_than_are_shown),
        cmocka_unit_test(test_an_alias_to_itself_ends),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_unreadable_files),
        cmocka_unit_test(test_every_beginning_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
