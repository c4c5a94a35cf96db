// The real lines over a libgpiod of ours: names, requests, and the merging of edges. Its names are changed,
// because the other tests are linked with the simulated lines. The kernel's side is tested on the emulated
// board.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <dirent.h>
#include <sys/stat.h>

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
#include "sensors/bus/gpio_libgpiod.c"

// ---- The machine: three chips, one of them under two names, and one that we may not open

#define CHIPS 5
#define LINES 3

struct gpiod_line {
    const char *name;
    unsigned offset;
    bool taken, level;
    int type, flags;
    int fd, writer; // a pipe of gpiod_line_event
};

struct gpiod_chip {
    const char *file, *label;
    int number; // of the device
    int error;  // of opening it
    struct gpiod_line lines[LINES];
};

static struct gpiod_chip machine[CHIPS];
static int open_chips;

static void build_machine(void)
{
    static const struct gpiod_chip chips[CHIPS] = {
        { "gpiochip0", "soc", 10, 0, { { .name = "SMOKE" }, { .name = "D0" }, { .name = "TWICE" } } },
        { "gpiochip1", "secret", 11, EACCES, { { .name = "HIDDEN" } } },
        { "gpiochip2", "expander", 12, 0, { { .name = "D1" }, { .name = NULL }, { .name = "TWICE" } } },
        { "gpiochip3", "expander", 13, 0, { { .name = "SIREN" }, { .name = "soc:1" }, { .name = NULL } } },
        { "gpiochip4", "soc", 10, 0, { { .name = "SMOKE" }, { .name = "D0" }, { .name = "TWICE" } } },
    };
    memcpy(machine, chips, sizeof(machine));
    for (size_t i = 0; i < CHIPS * LINES; i++)
        machine[i / LINES].lines[i % LINES].offset = (unsigned)(i % LINES);
    open_chips = 0;
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
        snprintf(entry->d_name, sizeof(entry->d_name), "%s", machine[i].file ? machine[i].file : "null");
        if (filter(entry))
            entries[n++] = entry;
        else
            free(entry);
    }
    *ret_entries = entries;
    return n;
}

static int fake_stat(const char *path, struct stat *ret_status)
{
    for (int i = 0; i < CHIPS; i++)
        if (strcmp(path + strlen("/dev/"), machine[i].file) == 0) {
            *ret_status = (struct stat){ .st_rdev = (dev_t)machine[i].number };
            return 0;
        }
    errno = ENOENT;
    return -1;
}

// ---- The library

struct gpiod_chip *gpiod_chip_open(const char *path)
{
    for (int i = 0; i < CHIPS; i++) {
        if (strcmp(path + strlen("/dev/"), machine[i].file) != 0)
            continue;
        errno = machine[i].error;
        open_chips += errno == 0;
        return errno == 0 ? &machine[i] : NULL;
    }
    errno = ENOENT;
    return NULL;
}

// As the library does, a chip that is closed lets go of its lines; here only those that a test has asked for
// are known.
void gpiod_chip_close(struct gpiod_chip *chip)
{
    (void)chip;
    open_chips--;
}

const char *gpiod_chip_label(struct gpiod_chip *chip)
{
    return chip->label;
}

unsigned int gpiod_chip_num_lines(struct gpiod_chip *chip)
{
    (void)chip;
    return LINES;
}

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset)
{
    return &chip->lines[offset];
}

const char *gpiod_line_name(struct gpiod_line *line)
{
    return line->name; // NULL where it has none
}

bool gpiod_line_is_used(struct gpiod_line *line)
{
    return line->taken;
}

int gpiod_line_request(struct gpiod_line *line, const struct gpiod_line_request_config *config,
                       int default_val)
{
    int fds[2];
    if (line->taken || pipe(fds) < 0) {
        errno = EBUSY;
        return -1;
    }
    assert_string_equal(config->consumer, "careroom");
    line->taken = true;
    line->type = config->request_type;
    line->flags = config->flags;
    line->level = default_val != 0;
    line->fd = fds[0];
    line->writer = fds[1];
    return 0;
}

int gpiod_line_event_get_fd(struct gpiod_line *line)
{
    return line->fd;
}

int gpiod_line_event_read_fd_multiple(int fd, struct gpiod_line_event *events, unsigned int num_events)
{
    assert_int_equal(num_events, KERNEL_QUEUE);
    ssize_t n = read(fd, events, num_events * sizeof(*events));
    if (n == 0)
        errno = ENODEV; // the writer has gone, and with it the chip
    return n <= 0 ? -1 : (int)((size_t)n / sizeof(*events));
}

int gpiod_line_get_value(struct gpiod_line *line)
{
    return line->level ? 1 : 0;
}

int gpiod_line_set_value(struct gpiod_line *line, int value)
{
    line->level = value != 0;
    return 0;
}

// ---- Tests

static void release(struct gpio_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++) {
        lines->lines[i]->taken = false;
        close(lines->lines[i]->fd);
        if (lines->lines[i]->writer >= 0)
            close(lines->lines[i]->writer);
    }
    gpio_release(lines);
    assert_int_equal(open_chips, 0);
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
        release(lines);
    assert_int_equal(open_chips, 0);
    return r;
}

static void happen(struct gpio_lines *lines, size_t line, unsigned from_us, unsigned n, unsigned apart_us)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t at_ns = (from_us + (uint64_t)i * apart_us) * 1000;
        const struct gpiod_line_event event = {
            .ts = { .tv_sec = (time_t)(at_ns / NS_PER_S), .tv_nsec = (long)(at_ns % NS_PER_S) },
            .event_type = i % 2 == 0 ? GPIOD_LINE_EVENT_RISING_EDGE : GPIOD_LINE_EVENT_FALLING_EDGE,
        };
        assert_int_equal(write(lines->lines[line]->writer, &event, sizeof(event)), sizeof(event));
    }
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

static void requests_say_what_is_wanted(void **state)
{
    (void)state;
    const char *const name = "SMOKE", *const same[2] = { "D0", "D0" };
    struct gpio_lines *lines = NULL, *second = NULL;
    assert_int_equal(gpio_request_inputs(&name, 1, BIAS_PULL_DOWN, &lines), 0);
    assert_int_equal(lines->lines[0]->type, GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES);
    assert_int_equal(lines->lines[0]->flags, GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN);
    assert_int_equal(gpio_request_output("SMOKE", true, &second), -EBUSY);
    assert_null(second);
    release(lines);
    lines = requested("D0", "D1"); // on two chips
    assert_int_equal(lines->lines[1]->type, GPIOD_LINE_REQUEST_EVENT_FALLING_EDGE);
    assert_int_equal(lines->lines[1]->flags, GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP);
    release(lines);
    assert_int_equal(gpio_request_output("SIREN", true, &lines), 0);
    assert_int_equal(lines->lines[0]->type, GPIOD_LINE_REQUEST_DIRECTION_OUTPUT);
    assert_true(lines->lines[0]->level); // in the request, not after it
    assert_int_equal(gpio_fd(lines), -1);
    release(lines);
    assert_int_equal(gpio_request_inputs(same, 2, BIAS_AS_IS, &second), -EBUSY);
    assert_int_equal(gpio_request_inputs(same, GPIO_MAX_LINES + 1, BIAS_AS_IS, &second), -EINVAL);
    assert_int_equal(open_chips, 0);
    gpio_release(NULL);
}

static void edges_are_merged_by_time_whatever_the_room_for_them(void **state)
{
    (void)state;
    for (size_t cap = 1; cap <= 40; cap++) {
        struct gpio_lines *lines = requested("D0", "D1");
        struct gpio_edge edges[40];
        uint64_t last_ns = 0;
        unsigned counted[2] = { 0, 0 };
        happen(lines, 0, 1000, 9, 2000); // 1, 3, 5 … ms
        happen(lines, 1, 2000, 7, 2000);
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

static void a_full_queue_is_a_loss(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "D1");
    struct gpio_edge edges[64];
    bool lost = true;
    happen(lines, 0, 1000, KERNEL_QUEUE - 1, 1000);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), KERNEL_QUEUE - 1);
    assert_false(lost);
    happen(lines, 0, 100000, KERNEL_QUEUE, 1000);
    happen(lines, 1, 100500, 2, 1000);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), KERNEL_QUEUE + 2);
    assert_true(lost);
    // What the kernel took in while a full queue was being read belongs before later edges of other lines.
    happen(lines, 0, 150000, KERNEL_QUEUE + 4, 1000);
    happen(lines, 1, 180000, 1, 1000);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), KERNEL_QUEUE + 5);
    assert_true(lost);
    assert_int_equal(edges[KERNEL_QUEUE + 4].line, 1);
    happen(lines, 1, 200000, 1, 1000);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), 1);
    assert_false(lost);
    release(lines);
}

// It happened while the other line was being read: its place in the order is taken.
static void an_edge_that_comes_too_late_for_its_place_is_told_as_a_loss(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "D1");
    struct gpio_edge edges[64];
    bool lost = true;
    happen(lines, 1, 5000, 1, 0);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), 1);
    assert_false(lost);
    happen(lines, 0, 4000, 1, 0);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), 1);
    assert_true(lost);
    release(lines);
}

static void a_chip_that_goes_is_told_after_its_last_edges(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "D1");
    struct gpio_edge edges[64];
    bool lost = false;
    happen(lines, 0, 1000, 3, 1000);
    close(lines->lines[1]->writer);
    lines->lines[1]->writer = -1;
    assert_int_equal(gpio_read_edges(lines, edges, 2, &lost), -ENODEV);
    assert_true(readable(lines)); // what was read before the failure is not dropped
    release(lines);
}

static void levels_are_read_and_set(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "D1");
    bool level = true;
    assert_int_equal(gpio_get(lines, 1, &level), 0);
    assert_false(level);
    assert_int_equal(gpio_get(lines, 2, &level), -EINVAL);
    release(lines);
    assert_int_equal(gpio_request_output("SIREN", false, &lines), 0);
    assert_int_equal(gpio_set(lines, true), 0);
    assert_int_equal(gpio_get(lines, 0, &level), 0);
    assert_true(level);
    release(lines);
}

static int count(const char *chip_label, unsigned offset, const char *name, bool used, void *user)
{
    unsigned *n = user;
    assert_true(chip_label && name && offset < LINES && !used);
    return ++*n == 5 ? 77 : 0;
}

static void a_listing_can_be_stopped(void **state)
{
    (void)state;
    unsigned n = 0;
    assert_int_equal(gpio_list(count, &n), 77);
    assert_int_equal(n, 5);
    n = 100; // never stopped: the chip that we may not open is told at the end
    assert_int_equal(gpio_list(count, &n), -EACCES);
    assert_int_equal(n, 109);
    assert_int_equal(open_chips, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_are_found_by_name_or_label_and_offset, start),
        cmocka_unit_test_setup(a_machine_without_chips_has_no_lines, start),
        cmocka_unit_test_setup(requests_say_what_is_wanted, start),
        cmocka_unit_test_setup(edges_are_merged_by_time_whatever_the_room_for_them, start),
        cmocka_unit_test_setup(a_full_queue_is_a_loss, start),
        cmocka_unit_test_setup(an_edge_that_comes_too_late_for_its_place_is_told_as_a_loss, start),
        cmocka_unit_test_setup(a_chip_that_goes_is_told_after_its_last_edges, start),
        cmocka_unit_test_setup(levels_are_read_and_set, start),
        cmocka_unit_test_setup(a_listing_can_be_stopped, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
