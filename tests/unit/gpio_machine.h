// The machine that both tests of libgpiod's versions look at, and the cases that must hold with both. To be
// included once, before sensors/bus/gpio_libgpiod*.c: the names of careroom's own functions are changed,
// because the other tests are linked with the simulated lines.
#ifndef CAREROOM_TESTS_UNIT_GPIO_MACHINE_H
#define CAREROOM_TESTS_UNIT_GPIO_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/common/clock.h"

#define SUSPENDED_NS 777000000ULL // what the machine has slept since boot: between the two clocks

static int fake_scandir(const char *path, struct dirent ***ret_entries, int (*filter)(const struct dirent *),
                        int (*compare)(const struct dirent **, const struct dirent **));
static int fake_stat(const char *path, struct stat *ret_status);

#define gpio_request_inputs              real_request_inputs
#define gpio_request_pulses              real_request_pulses
#define gpio_request_output              real_request_output
#define gpio_request_open_drain          real_request_open_drain
#define gpio_release                     real_release
#define gpio_fd                          real_fd
#define gpio_read_edges                  real_read_edges
#define gpio_get                         real_get
#define gpio_set                         real_set
#define gpio_list                        real_list
#define scandir                          fake_scandir
#define stat(path, status)               fake_stat(path, status)
#define clock_monotonic_to_boottime_ns() SUSPENDED_NS

#include "sensors/bus/gpio.h"

// ---- The machine: four chips, one of them under two names, and one that we may not open

#define CHIPS 5
#define LINES 3

enum use { USE_NONE, USE_BOTH_EDGES, USE_FALLING_EDGES, USE_OUTPUT, USE_OPEN_DRAIN };

struct fake_line {
    const char *name; // NULL where it has none
    bool level;
    enum use use;
    enum bias bias;
    int fd, writer; // the pipe through which its edges come; -1: none
};

struct fake_chip {
    const char *file, *label;
    int number; // of the device
    int error;  // of opening it
    struct fake_line lines[LINES];
};

static struct fake_chip machine[CHIPS];
static int alive; // objects of the library

static void build_machine(void)
{
    static const struct fake_chip chips[CHIPS] = {
        { "gpiochip0", "soc", 10, 0, { { .name = "SMOKE" }, { .name = "D0" }, { .name = "TWICE" } } },
        { "gpiochip1", "secret", 11, EACCES, { { .name = "HIDDEN" } } },
        { "gpiochip2", "expander", 12, 0, { { .name = "D1" }, { .name = NULL }, { .name = "TWICE" } } },
        { "gpiochip3", "expander", 13, 0, { { .name = "SIREN" }, { .name = "soc:1" }, { .name = NULL } } },
        { "gpiochip4", "soc", 10, 0, { { .name = "SMOKE" }, { .name = "D0" }, { .name = "TWICE" } } },
    };
    memcpy(machine, chips, sizeof(machine));
    for (size_t i = 0; i < CHIPS * LINES; i++)
        machine[i / LINES].lines[i % LINES].fd = machine[i / LINES].lines[i % LINES].writer = -1;
    alive = 0;
}

static int fake_scandir(const char *path, struct dirent ***ret_entries, int (*filter)(const struct dirent *),
                        int (*compare)(const struct dirent **, const struct dirent **))
{
    (void)compare;
    assert_string_equal(path, "/dev");
    struct dirent **entries = calloc(CHIPS + 1, sizeof(struct dirent *));
    int n = 0;
    assert_non_null(entries);
    for (int i = 0; i < CHIPS; i++) {
        struct dirent *entry = calloc(1, sizeof(*entry));
        assert_non_null(entry);
        snprintf(entry->d_name, sizeof(entry->d_name), "%s", machine[i].file);
        if (filter(entry))
            entries[n++] = entry;
        else
            free(entry);
    }
    *ret_entries = entries;
    return n;
}

static struct fake_chip *chip_at(const char *path)
{
    for (int i = 0; i < CHIPS; i++)
        if (strcmp(path + strlen("/dev/"), machine[i].file) == 0)
            return &machine[i];
    errno = ENOENT;
    return NULL;
}

static int fake_stat(const char *path, struct stat *ret_status)
{
    const struct fake_chip *chip = chip_at(path);
    if (!chip)
        return -1;
    *ret_status = (struct stat){ .st_rdev = (dev_t)chip->number };
    return 0;
}

// What opening a chip gives, or NULL and errno.
static struct fake_chip *openable(const char *path)
{
    struct fake_chip *chip = chip_at(path);
    if (!chip || chip->error == 0)
        return chip;
    errno = chip->error;
    return NULL;
}

static struct fake_line *line_named(const char *name)
{
    for (size_t i = 0; i < CHIPS * LINES; i++) {
        struct fake_line *line = &machine[i / LINES].lines[i % LINES];
        if (line->name && strcmp(line->name, name) == 0)
            return line;
    }
    fail_msg("no line %s", name);
    return NULL;
}

// The kernel's side of one edge, of the version under test.
static void put_edge(struct fake_line *line, uint64_t at_ns, bool rising);

// ---- What the cases are written in

static void release(struct gpio_lines *lines)
{
    gpio_release(lines);
    assert_int_equal(alive, 0);
}

static struct gpio_lines *requested(const char *first, const char *second)
{
    const char *const names[2] = { first, second };
    struct gpio_lines *lines = NULL;
    assert_int_equal(gpio_request_pulses(names, second ? 2 : 1, BIAS_PULL_UP, &lines), 0);
    return lines;
}

static int request_error(const char *name)
{
    struct gpio_lines *lines = NULL;
    int r = gpio_request_inputs(&name, 1, BIAS_AS_IS, &lines);
    assert_true(r == 0 || !lines);
    if (r == 0)
        gpio_release(lines);
    assert_int_equal(alive, 0);
    return r;
}

// n edges of a line, the first one rising.
static void happen(const char *name, unsigned from_us, unsigned n, unsigned apart_us)
{
    for (unsigned i = 0; i < n; i++)
        put_edge(line_named(name), (from_us + (uint64_t)i * apart_us) * 1000, i % 2 == 0);
}

static bool readable(const struct gpio_lines *lines)
{
    struct epoll_event event;
    return epoll_wait(gpio_fd(lines), &event, 1, 0) == 1;
}

static int start(void **state)
{
    (void)state;
    build_machine();
    return 0;
}

// ---- The cases of both versions

static void lines_are_found_by_name_or_label_and_offset(void **state)
{
    (void)state;
    assert_int_equal(request_error("SMOKE"), 0); // the second name of its chip is no second line
    assert_int_equal(request_error("SIREN"), 0);
    assert_int_equal(request_error("soc:2"), 0);
    assert_int_equal(request_error("soc:1"), 0); // a line's name comes before a chip's label
    assert_int_equal(request_error("TWICE"), -ENOTUNIQ);
    assert_int_equal(request_error("expander:0"), -ENOTUNIQ);
    assert_int_equal(request_error("HIDDEN"), -EACCES); // it may be there: not "no such line"
    machine[1].error = 0;
    assert_int_equal(request_error("HIDDEN"), 0);
    static const char *const none[] = { "ABSENT", "",       "soc:3",  "soc:",
                                        ":1",     "soc:1x", "soc:-1", "soc:99999999999999999999" };
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(request_error(none[i]), -ENOENT);
}

static void a_machine_without_chips_has_no_lines(void **state)
{
    (void)state;
    for (int i = 0; i < CHIPS; i++)
        machine[i].file = "null";
    assert_int_equal(request_error("SMOKE"), -ENOENT);
    assert_int_equal(gpio_list(NULL, NULL), 0);
}

static void what_is_named_like_a_chip_need_not_be_one(void **state)
{
    (void)state;
    machine[1].error = ENOTTY;
    assert_int_equal(request_error("SIREN"), 0);
    assert_int_equal(request_error("HIDDEN"), -ENOENT);
}

static void requests_say_what_is_wanted(void **state)
{
    (void)state;
    const char *const name = "SMOKE", *const same[2] = { "D0", "D0" };
    struct gpio_lines *lines = NULL, *second = NULL;
    assert_int_equal(gpio_request_inputs(&name, 1, BIAS_PULL_DOWN, &lines), 0);
    assert_int_equal(line_named("SMOKE")->use, USE_BOTH_EDGES);
    assert_int_equal(line_named("SMOKE")->bias, BIAS_PULL_DOWN);
    assert_int_equal(gpio_request_output("SMOKE", true, &second), -EBUSY);
    assert_null(second);
    release(lines);
    assert_int_equal(line_named("SMOKE")->use, USE_NONE);
    lines = requested("D0", "D1"); // on two chips
    assert_int_equal(line_named("D0")->use, USE_FALLING_EDGES);
    assert_int_equal(line_named("D1")->use, USE_FALLING_EDGES);
    assert_int_equal(line_named("D1")->bias, BIAS_PULL_UP);
    release(lines);
    assert_int_equal(gpio_request_inputs(same, 2, BIAS_AS_IS, &second), -EBUSY);
    assert_int_equal(gpio_request_inputs(same, GPIO_MAX_LINES + 1, BIAS_AS_IS, &second), -EINVAL);
    assert_int_equal(gpio_request_inputs(same, 0, BIAS_AS_IS, &second), -EINVAL);
    assert_int_equal(alive, 0);
    gpio_release(NULL);
}

static void outputs_start_at_their_level(void **state)
{
    (void)state;
    struct gpio_lines *lines = NULL;
    bool level = false;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(gpio_request_output("SIREN", i == 1, &lines), 0);
        assert_int_equal(line_named("SIREN")->use, USE_OUTPUT);
        assert_int_equal(line_named("SIREN")->bias, BIAS_AS_IS);
        assert_int_equal(line_named("SIREN")->level, i == 1); // in the request, not after it
        assert_int_equal(gpio_fd(lines), -1);
        release(lines);
    }
    assert_int_equal(gpio_request_open_drain("D0", &lines), 0);
    assert_int_equal(line_named("D0")->use, USE_OPEN_DRAIN);
    assert_int_equal(gpio_get(lines, 0, &level), 0);
    assert_true(level); // let go
    release(lines);
}

static void edges_are_merged(const char *first, const char *second)
{
    for (size_t cap = 1; cap <= 40; cap++) {
        struct gpio_lines *lines = requested(first, second);
        struct gpio_edge edges[40];
        uint64_t last_ns = 0;
        unsigned counted[2] = { 0, 0 };
        happen(first, 1000, 9, 2000); // 1, 3, 5 … ms
        happen(second, 2000, 7, 2000);
        while (readable(lines)) {
            bool lost = true;
            int n = gpio_read_edges(lines, edges, cap, &lost);
            assert_in_range(n, 1, cap);
            assert_false(lost);
            for (int i = 0; i < n; i++) {
                assert_true(edges[i].boottime_ns > last_ns);
                assert_int_equal(edges[i].level, counted[edges[i].line]++ % 2 == 0);
                last_ns = edges[i].boottime_ns;
            }
        }
        assert_int_equal(counted[0], 9);
        assert_int_equal(counted[1], 7);
        assert_int_equal(last_ns, 17000000 + SUSPENDED_NS);
        bool lost = true;
        assert_int_equal(gpio_read_edges(lines, edges, cap, &lost), 0);
        assert_false(lost);
        release(lines);
    }
}

static void edges_are_merged_by_time_whatever_the_room_for_them(void **state)
{
    (void)state;
    edges_are_merged("D0", "D1");
    edges_are_merged("D0", "SMOKE"); // of one chip
}

// It happened while the other line was being read: its place in the order is taken.
static void an_edge_that_comes_too_late_for_its_place_is_told_as_a_loss(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "D1");
    struct gpio_edge edges[64];
    bool lost = true;
    happen("D1", 5000, 1, 0);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), 1);
    assert_false(lost);
    happen("D0", 4000, 1, 0);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), 1);
    assert_true(lost);
    release(lines);
}

static void a_chip_that_goes_is_told(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "D1");
    struct gpio_edge edges[64];
    bool lost = false, level;
    happen("D0", 1000, 3, 1000);
    close(line_named("D1")->writer);
    line_named("D1")->writer = -1;
    assert_int_equal(gpio_read_edges(lines, edges, 2, &lost), -ENODEV);
    assert_true(readable(lines)); // what was read before the failure is not dropped
    assert_int_equal(gpio_get(lines, 0, &level), 0);
    assert_int_equal(gpio_get(lines, 1, &level), -ENODEV);
    release(lines);
    assert_int_equal(gpio_request_output("SIREN", false, &lines), 0);
    close(line_named("SIREN")->writer);
    line_named("SIREN")->writer = -1;
    assert_int_equal(gpio_set(lines, true), -ENODEV);
    release(lines);
}

static void levels_are_read_and_set(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "D1");
    bool level = true;
    assert_int_equal(gpio_get(lines, 1, &level), 0);
    assert_false(level);
    line_named("D1")->level = true;
    assert_int_equal(gpio_get(lines, 1, &level), 0);
    assert_true(level);
    assert_int_equal(gpio_get(lines, 0, &level), 0);
    assert_false(level);
    assert_int_equal(gpio_get(lines, 2, &level), -EINVAL);
    release(lines);
    assert_int_equal(gpio_request_output("SIREN", false, &lines), 0);
    assert_int_equal(gpio_set(lines, true), 0);
    assert_int_equal(gpio_get(lines, 0, &level), 0);
    assert_true(level);
    release(lines);
}

static int count_line(const char *chip_label, unsigned offset, const char *name, bool used, void *user)
{
    unsigned *n = user;
    assert_true(chip_label && name && offset < LINES);
    assert_int_equal(used, strcmp(name, "SIREN") == 0);
    return ++*n == 5 ? 77 : 0;
}

static void a_listing_can_be_stopped(void **state)
{
    (void)state;
    unsigned n = 0;
    struct gpio_lines *siren = NULL;
    assert_int_equal(gpio_request_output("SIREN", false, &siren), 0);
    assert_int_equal(gpio_list(count_line, &n), 77);
    assert_int_equal(n, 5);
    n = 100; // never stopped: the chip that we may not open is told at the end
    assert_int_equal(gpio_list(count_line, &n), -EACCES);
    assert_int_equal(n, 109);
    release(siren);
}

#define CASES_OF_BOTH_VERSIONS                                                                               \
    cmocka_unit_test_setup(lines_are_found_by_name_or_label_and_offset, start),                              \
        cmocka_unit_test_setup(a_machine_without_chips_has_no_lines, start),                                 \
        cmocka_unit_test_setup(what_is_named_like_a_chip_need_not_be_one, start),                            \
        cmocka_unit_test_setup(requests_say_what_is_wanted, start),                                          \
        cmocka_unit_test_setup(outputs_start_at_their_level, start),                                         \
        cmocka_unit_test_setup(edges_are_merged_by_time_whatever_the_room_for_them, start),                  \
        cmocka_unit_test_setup(an_edge_that_comes_too_late_for_its_place_is_told_as_a_loss, start),          \
        cmocka_unit_test_setup(a_chip_that_goes_is_told, start),                                             \
        cmocka_unit_test_setup(levels_are_read_and_set, start),                                              \
        cmocka_unit_test_setup(a_listing_can_be_stopped, start)

#endif
