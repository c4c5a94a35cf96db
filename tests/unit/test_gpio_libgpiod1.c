// The real lines over a libgpiod 1.6 of ours: names, requests, and the merging of edges. The kernel's side is
// tested on the emulated board.
#include "tests/unit/gpio_machine.h"

#include "sensors/bus/gpio_libgpiod.c"
#include "sensors/bus/gpio_libgpiod1.c"

// ---- The library

struct gpiod_line {
    struct fake_line *line;
    bool ours; // requested through this handle
};

struct gpiod_chip {
    struct fake_chip *chip;
    struct gpiod_line lines[LINES];
};

struct gpiod_chip *gpiod_chip_open(const char *path)
{
    struct fake_chip *opened = openable(path);
    if (!opened)
        return NULL;
    struct gpiod_chip *chip = calloc(1, sizeof(*chip));
    assert_non_null(chip);
    chip->chip = opened;
    for (int i = 0; i < LINES; i++)
        chip->lines[i].line = &opened->lines[i];
    alive++;
    return chip;
}

static void let_go(struct fake_line *line)
{
    close(line->fd);
    if (line->writer >= 0)
        close(line->writer);
    line->fd = line->writer = -1;
    line->use = USE_NONE;
}

void gpiod_chip_close(struct gpiod_chip *chip)
{
    for (int i = 0; i < LINES; i++)
        if (chip->lines[i].ours)
            let_go(chip->lines[i].line);
    free(chip);
    alive--;
}

const char *gpiod_chip_label(struct gpiod_chip *chip)
{
    return chip->chip->label;
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
    return line->line->name;
}

bool gpiod_line_is_used(struct gpiod_line *line)
{
    return line->line->use != USE_NONE;
}

static enum use use_of(const struct gpiod_line_request_config *config)
{
    switch (config->request_type) {
    case GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES:
        return USE_BOTH_EDGES;
    case GPIOD_LINE_REQUEST_EVENT_FALLING_EDGE:
        return USE_FALLING_EDGES;
    case GPIOD_LINE_REQUEST_DIRECTION_OUTPUT:
        return config->flags & GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN ? USE_OPEN_DRAIN : USE_OUTPUT;
    default:
        fail_msg("request type %d", config->request_type);
        return USE_NONE;
    }
}

static enum bias bias_of(int flags)
{
    if (flags & GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP)
        return BIAS_PULL_UP;
    return flags & GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN ? BIAS_PULL_DOWN : BIAS_AS_IS;
}

int gpiod_line_request(struct gpiod_line *handle, const struct gpiod_line_request_config *config,
                       int default_val)
{
    struct fake_line *line = handle->line;
    int fds[2];
    assert_string_equal(config->consumer, "careroom");
    if (line->use != USE_NONE) {
        errno = EBUSY;
        return -1;
    }
    assert_int_equal(pipe(fds), 0);
    handle->ours = true;
    line->use = use_of(config);
    line->bias = bias_of(config->flags);
    line->level = default_val != 0;
    line->fd = fds[0];
    line->writer = fds[1];
    return 0;
}

int gpiod_line_event_get_fd(struct gpiod_line *line)
{
    return line->line->fd;
}

int gpiod_line_event_read_fd_multiple(int fd, struct gpiod_line_event *events, unsigned int num_events)
{
    assert_int_equal(num_events, KERNEL_QUEUE);
    ssize_t n = read(fd, events, num_events * sizeof(*events));
    if (n == 0)
        errno = ENODEV; // the writer has gone, and with it the chip
    return n <= 0 ? -1 : (int)((size_t)n / sizeof(*events));
}

static bool gone(const struct gpiod_line *line)
{
    errno = ENODEV;
    return line->line->writer < 0;
}

int gpiod_line_get_value(struct gpiod_line *line)
{
    return gone(line) ? -1 : line->line->level;
}

int gpiod_line_set_value(struct gpiod_line *line, int value)
{
    if (gone(line))
        return -1;
    line->line->level = value != 0;
    return 0;
}

static void put_edge(struct fake_line *line, uint64_t at_ns, bool rising)
{
    const struct gpiod_line_event event = {
        .ts = { .tv_sec = (time_t)(at_ns / NS_PER_S), .tv_nsec = (long)(at_ns % NS_PER_S) },
        .event_type = rising ? GPIOD_LINE_EVENT_RISING_EDGE : GPIOD_LINE_EVENT_FALLING_EDGE,
    };
    assert_int_equal(write(line->writer, &event, sizeof(event)), sizeof(event));
}

// ---- Tests

static void a_full_queue_is_a_loss(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "D1");
    struct gpio_edge edges[64];
    bool lost = true;
    happen("D0", 1000, KERNEL_QUEUE - 1, 1000);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), KERNEL_QUEUE - 1);
    assert_false(lost);
    happen("D0", 100000, KERNEL_QUEUE, 1000);
    happen("D1", 100500, 2, 1000);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), KERNEL_QUEUE + 2);
    assert_true(lost);
    // What the kernel took in while a full queue was being read belongs before later edges of other lines.
    happen("D0", 150000, KERNEL_QUEUE + 4, 1000);
    happen("D1", 180000, 1, 1000);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), KERNEL_QUEUE + 5);
    assert_true(lost);
    assert_int_equal(edges[KERNEL_QUEUE + 4].line, 1);
    happen("D1", 200000, 1, 1000);
    assert_int_equal(gpio_read_edges(lines, edges, 64, &lost), 1);
    assert_false(lost);
    release(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASES_OF_BOTH_VERSIONS,
        cmocka_unit_test_setup(a_full_queue_is_a_loss, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
