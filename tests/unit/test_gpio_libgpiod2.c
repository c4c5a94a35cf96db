// The real lines over a libgpiod 2 of ours: names, requests, the merging of edges, and gaps in their numbers.
#include "tests/unit/gpio_machine.h"

#include "sensors/bus/gpio_libgpiod.c"
#include "sensors/bus/gpio_libgpiod2.c"

// ---- The library. Every object is counted, so that none is left over.

static void *object(size_t size)
{
    void *made = calloc(1, size);
    assert_non_null(made);
    alive++;
    return made;
}

static void discard(void *made)
{
    assert_non_null(made);
    alive--;
    free(made);
}

struct gpiod_chip {
    struct fake_chip *chip;
};

struct gpiod_chip *gpiod_chip_open(const char *path)
{
    struct fake_chip *opened = openable(path);
    if (!opened)
        return NULL;
    struct gpiod_chip *chip = object(sizeof(*chip));
    chip->chip = opened;
    return chip;
}

void gpiod_chip_close(struct gpiod_chip *chip)
{
    discard(chip);
}

struct gpiod_chip_info {
    const char *label;
};

struct gpiod_chip_info *gpiod_chip_get_info(struct gpiod_chip *chip)
{
    struct gpiod_chip_info *info = object(sizeof(*info));
    info->label = chip->chip->label;
    return info;
}

const char *gpiod_chip_info_get_label(struct gpiod_chip_info *info)
{
    return info->label;
}

size_t gpiod_chip_info_get_num_lines(struct gpiod_chip_info *info)
{
    (void)info;
    return LINES;
}

void gpiod_chip_info_free(struct gpiod_chip_info *info)
{
    discard(info);
}

struct gpiod_line_info {
    const struct fake_line *line;
};

struct gpiod_line_info *gpiod_chip_get_line_info(struct gpiod_chip *chip, unsigned int offset)
{
    struct gpiod_line_info *info = object(sizeof(*info));
    info->line = &chip->chip->lines[offset];
    return info;
}

const char *gpiod_line_info_get_name(struct gpiod_line_info *info)
{
    return info->line->name;
}

bool gpiod_line_info_is_used(struct gpiod_line_info *info)
{
    return info->line->use != USE_NONE;
}

void gpiod_line_info_free(struct gpiod_line_info *info)
{
    discard(info);
}

// ---- The library: what is asked for

struct gpiod_line_settings {
    enum gpiod_line_direction direction;
    enum gpiod_line_edge edges;
    enum gpiod_line_bias bias;
    enum gpiod_line_drive drive;
    enum gpiod_line_clock clock;
    enum gpiod_line_value value;
};

struct gpiod_line_settings *gpiod_line_settings_new(void)
{
    return object(sizeof(struct gpiod_line_settings));
}

void gpiod_line_settings_free(struct gpiod_line_settings *settings)
{
    discard(settings);
}

int gpiod_line_settings_set_direction(struct gpiod_line_settings *settings,
                                      enum gpiod_line_direction direction)
{
    settings->direction = direction;
    return 0;
}

int gpiod_line_settings_set_edge_detection(struct gpiod_line_settings *settings, enum gpiod_line_edge edge)
{
    settings->edges = edge;
    return 0;
}

int gpiod_line_settings_set_bias(struct gpiod_line_settings *settings, enum gpiod_line_bias bias)
{
    settings->bias = bias;
    return 0;
}

int gpiod_line_settings_set_drive(struct gpiod_line_settings *settings, enum gpiod_line_drive drive)
{
    settings->drive = drive;
    return 0;
}

int gpiod_line_settings_set_event_clock(struct gpiod_line_settings *settings,
                                        enum gpiod_line_clock event_clock)
{
    settings->clock = event_clock;
    return 0;
}

int gpiod_line_settings_set_output_value(struct gpiod_line_settings *settings, enum gpiod_line_value value)
{
    settings->value = value;
    return 0;
}

struct gpiod_line_config {
    unsigned offsets[LINES];
    size_t n;
    struct gpiod_line_settings settings; // a copy
};

struct gpiod_line_config *gpiod_line_config_new(void)
{
    return object(sizeof(struct gpiod_line_config));
}

void gpiod_line_config_free(struct gpiod_line_config *config)
{
    discard(config);
}

int gpiod_line_config_add_line_settings(struct gpiod_line_config *config, const unsigned int *offsets,
                                        size_t num_offsets, struct gpiod_line_settings *settings)
{
    assert_in_range(num_offsets, 1, LINES);
    assert_int_equal(config->n, 0);
    memcpy(config->offsets, offsets, num_offsets * sizeof(*offsets));
    config->n = num_offsets;
    config->settings = *settings;
    return 0;
}

struct gpiod_request_config {
    const char *consumer;
    size_t event_buffer_size;
};

struct gpiod_request_config *gpiod_request_config_new(void)
{
    return object(sizeof(struct gpiod_request_config));
}

void gpiod_request_config_free(struct gpiod_request_config *config)
{
    discard(config);
}

void gpiod_request_config_set_consumer(struct gpiod_request_config *config, const char *consumer)
{
    config->consumer = consumer;
}

void gpiod_request_config_set_event_buffer_size(struct gpiod_request_config *config, size_t event_buffer_size)
{
    config->event_buffer_size = event_buffer_size;
}

// ---- The library: requests

struct gpiod_line_request {
    struct fake_line *lines[LINES];
    unsigned offsets[LINES];
    size_t n;
    uint32_t number; // of the newest edge
    struct gpiod_line_request *next;
};
static struct gpiod_line_request *requests; // that stand

static enum use use_of(const struct gpiod_line_settings *settings)
{
    if (settings->direction == GPIOD_LINE_DIRECTION_OUTPUT) {
        assert_int_equal(settings->edges, GPIOD_LINE_EDGE_NONE);
        return settings->drive == GPIOD_LINE_DRIVE_OPEN_DRAIN ? USE_OPEN_DRAIN : USE_OUTPUT;
    }
    assert_int_equal(settings->direction, GPIOD_LINE_DIRECTION_INPUT);
    assert_int_equal(settings->drive, GPIOD_LINE_DRIVE_PUSH_PULL);
    assert_int_equal(settings->clock, GPIOD_LINE_CLOCK_MONOTONIC);
    assert_true(settings->edges == GPIOD_LINE_EDGE_BOTH || settings->edges == GPIOD_LINE_EDGE_FALLING);
    return settings->edges == GPIOD_LINE_EDGE_BOTH ? USE_BOTH_EDGES : USE_FALLING_EDGES;
}

static enum bias bias_of(enum gpiod_line_bias bias)
{
    if (bias == GPIOD_LINE_BIAS_PULL_UP)
        return BIAS_PULL_UP;
    if (bias == GPIOD_LINE_BIAS_PULL_DOWN)
        return BIAS_PULL_DOWN;
    assert_int_equal(bias, GPIOD_LINE_BIAS_AS_IS);
    return BIAS_AS_IS;
}

static bool all_free(const struct fake_chip *chip, const struct gpiod_line_config *config)
{
    for (size_t i = 0; i < config->n; i++)
        if (chip->lines[config->offsets[i]].use != USE_NONE)
            return false;
    return true;
}

struct gpiod_line_request *gpiod_chip_request_lines(struct gpiod_chip *chip,
                                                    struct gpiod_request_config *req_cfg,
                                                    struct gpiod_line_config *line_cfg)
{
    int fds[2];
    assert_string_equal(req_cfg->consumer, "careroom");
    assert_true(req_cfg->event_buffer_size >= 128);
    if (!all_free(chip->chip, line_cfg)) {
        errno = EBUSY;
        return NULL;
    }
    struct gpiod_line_request *request = object(sizeof(*request));
    assert_int_equal(pipe(fds), 0);
    request->n = line_cfg->n;
    for (size_t i = 0; i < request->n; i++) {
        struct fake_line *line = &chip->chip->lines[line_cfg->offsets[i]];
        request->offsets[i] = line_cfg->offsets[i];
        request->lines[i] = line;
        line->use = use_of(&line_cfg->settings);
        line->bias = bias_of(line_cfg->settings.bias);
        line->level = line_cfg->settings.value == GPIOD_LINE_VALUE_ACTIVE;
        line->fd = fds[0];
        line->writer = fds[1];
    }
    request->next = requests;
    requests = request;
    return request;
}

void gpiod_line_request_release(struct gpiod_line_request *request)
{
    close(request->lines[0]->fd);
    if (request->lines[0]->writer >= 0)
        close(request->lines[0]->writer);
    for (size_t i = 0; i < request->n; i++) {
        request->lines[i]->use = USE_NONE;
        request->lines[i]->fd = request->lines[i]->writer = -1;
    }
    struct gpiod_line_request **link = &requests;
    while (*link != request)
        link = &(*link)->next;
    *link = request->next;
    discard(request);
}

static struct fake_line *line_of(const struct gpiod_line_request *request, unsigned offset)
{
    for (size_t i = 0; i < request->n; i++)
        if (request->offsets[i] == offset)
            return request->lines[i];
    fail_msg("line %u was not requested", offset);
    return NULL;
}

static bool gone(const struct gpiod_line_request *request)
{
    errno = ENODEV;
    return request->lines[0]->writer < 0;
}

enum gpiod_line_value gpiod_line_request_get_value(struct gpiod_line_request *request, unsigned int offset)
{
    if (gone(request))
        return GPIOD_LINE_VALUE_ERROR;
    return line_of(request, offset)->level ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
}

int gpiod_line_request_set_value(struct gpiod_line_request *request, unsigned int offset,
                                 enum gpiod_line_value value)
{
    if (gone(request))
        return -1;
    line_of(request, offset)->level = value == GPIOD_LINE_VALUE_ACTIVE;
    return 0;
}

int gpiod_line_request_get_fd(struct gpiod_line_request *request)
{
    return request->lines[0]->fd;
}

// ---- The library: edges

struct gpiod_edge_event {
    uint64_t at_ns;
    unsigned offset;
    uint32_t number;
    bool rising;
};

struct gpiod_edge_event_buffer {
    size_t capacity, n;
    struct gpiod_edge_event events[];
};

struct gpiod_edge_event_buffer *gpiod_edge_event_buffer_new(size_t capacity)
{
    struct gpiod_edge_event_buffer *buffer =
        object(sizeof(*buffer) + capacity * sizeof(struct gpiod_edge_event));
    buffer->capacity = capacity;
    return buffer;
}

void gpiod_edge_event_buffer_free(struct gpiod_edge_event_buffer *buffer)
{
    discard(buffer);
}

int gpiod_line_request_read_edge_events(struct gpiod_line_request *request,
                                        struct gpiod_edge_event_buffer *buffer, size_t max_events)
{
    assert_true(max_events <= buffer->capacity);
    ssize_t n = read(request->lines[0]->fd, buffer->events, max_events * sizeof(buffer->events[0]));
    if (n == 0)
        errno = ENODEV; // the writer has gone, and with it the chip
    buffer->n = n <= 0 ? 0 : (size_t)n / sizeof(buffer->events[0]);
    return n <= 0 ? -1 : (int)buffer->n;
}

struct gpiod_edge_event *gpiod_edge_event_buffer_get_event(struct gpiod_edge_event_buffer *buffer,
                                                           unsigned long index)
{
    assert_true(index < buffer->n);
    return &buffer->events[index];
}

enum gpiod_edge_event_type gpiod_edge_event_get_event_type(struct gpiod_edge_event *event)
{
    return event->rising ? GPIOD_EDGE_EVENT_RISING_EDGE : GPIOD_EDGE_EVENT_FALLING_EDGE;
}

uint64_t gpiod_edge_event_get_timestamp_ns(struct gpiod_edge_event *event)
{
    return event->at_ns;
}

unsigned int gpiod_edge_event_get_line_offset(struct gpiod_edge_event *event)
{
    return event->offset;
}

unsigned long gpiod_edge_event_get_global_seqno(struct gpiod_edge_event *event)
{
    return event->number;
}

static struct gpiod_line_request *request_with(const struct fake_line *line, unsigned *ret_offset)
{
    for (struct gpiod_line_request *request = requests; request; request = request->next)
        for (size_t i = 0; i < request->n; i++)
            if (request->lines[i] == line) {
                *ret_offset = request->offsets[i];
                return request;
            }
    fail_msg("nobody has requested %s", line->name);
    return NULL;
}

static void write_edge(struct fake_line *line, uint64_t at_ns, bool rising, uint32_t number)
{
    unsigned offset = 0;
    request_with(line, &offset);
    const struct gpiod_edge_event event = {
        .at_ns = at_ns, .offset = offset, .number = number, .rising = rising
    };
    assert_int_equal(write(line->writer, &event, sizeof(event)), sizeof(event));
}

static void put_edge(struct fake_line *line, uint64_t at_ns, bool rising)
{
    unsigned offset;
    write_edge(line, at_ns, rising, ++request_with(line, &offset)->number);
}

// The kernel's queue was full: n edges had a number and are gone.
static void drop_edges(const char *name, uint32_t n)
{
    unsigned offset;
    request_with(line_named(name), &offset)->number += n;
}

// ---- Tests

#define MANY (3 * EVENT_BUFFER)

static int read_all(struct gpio_lines *lines, bool *ret_lost)
{
    static struct gpio_edge edges[2 * MANY];
    int n = gpio_read_edges(lines, edges, sizeof(edges) / sizeof(edges[0]), ret_lost);
    for (int i = 1; i < n; i++)
        assert_true(edges[i].boottime_ns >= edges[i - 1].boottime_ns);
    return n;
}

static size_t standing(void)
{
    size_t n = 0;
    for (const struct gpiod_line_request *request = requests; request; request = request->next)
        n++;
    return n;
}

static void lines_of_one_chip_are_one_request(void **state)
{
    (void)state;
    const char *const names[4] = { "D0", "D1", "SMOKE", "SIREN" };
    struct gpio_lines *lines = NULL;
    assert_int_equal(gpio_request_inputs(names, 4, BIAS_AS_IS, &lines), 0);
    assert_int_equal(standing(), 3); // four lines on three chips
    struct gpio_edge edges[8];
    bool lost = true;
    for (unsigned i = 0; i < 4; i++)
        happen(names[3 - i], 1000 * (i + 1), 1, 0);
    assert_int_equal(gpio_read_edges(lines, edges, 8, &lost), 4);
    assert_false(lost);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(edges[i].line, 3 - i);
    release(lines);
    assert_int_equal(standing(), 0);
}

static void a_request_that_fails_lets_go_of_the_others(void **state)
{
    (void)state;
    const char *const names[2] = { "D0", "D1" };
    struct gpio_lines *lines = NULL, *d1 = NULL;
    assert_int_equal(gpio_request_output("D1", false, &d1), 0);
    assert_int_equal(gpio_request_inputs(names, 2, BIAS_AS_IS, &lines), -EBUSY);
    assert_null(lines);
    assert_int_equal(line_named("D0")->use, USE_NONE);
    assert_int_equal(line_named("D1")->use, USE_OUTPUT);
    release(d1);
}

static void a_gap_in_the_numbers_is_a_loss(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "SMOKE");
    bool lost = true;
    happen("D0", 1000, 3, 1000);
    assert_int_equal(read_all(lines, &lost), 3);
    assert_false(lost);
    drop_edges("SMOKE", 1);
    happen("SMOKE", 10000, 1, 0);
    assert_int_equal(read_all(lines, &lost), 1);
    assert_true(lost);
    happen("D0", 20000, 2, 1000); // told once
    assert_int_equal(read_all(lines, &lost), 2);
    assert_false(lost);
    drop_edges("D0", 50);
    happen("D0", 30000, 1, 0);
    happen("D0", 31000, 2, 1000);
    assert_int_equal(read_all(lines, &lost), 3);
    assert_true(lost);
    release(lines);
    lines = requested("D0", NULL); // the first ones of a request
    drop_edges("D0", 1);
    happen("D0", 10000, 1, 0);
    assert_int_equal(read_all(lines, &lost), 1);
    assert_true(lost);
    release(lines);
}

static void many_edges_without_a_gap_are_no_loss(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "D1");
    bool lost = true;
    happen("D0", 1000, MANY, 100);
    happen("D1", 1050, MANY, 100);
    assert_int_equal(read_all(lines, &lost), 2 * MANY);
    assert_false(lost);
    release(lines);
}

// The kernel numbers an edge when it happens and queues it a little later.
static void edges_that_are_queued_out_of_order_are_put_in_order(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", "SMOKE");
    struct gpio_edge edges[8];
    bool lost = true;
    write_edge(line_named("D0"), 3000, false, 1);
    write_edge(line_named("SMOKE"), 5000, false, 3);
    write_edge(line_named("D0"), 4000, true, 2);
    assert_int_equal(gpio_read_edges(lines, edges, 8, &lost), 3);
    assert_false(lost);
    assert_int_equal(edges[1].boottime_ns, 4000 + SUSPENDED_NS);
    assert_int_equal(edges[1].line, 0);
    assert_int_equal(edges[2].line, 1);
    // One that is late even for the read: told when it is missing, and when its place has gone; then all is
    // well.
    write_edge(line_named("SMOKE"), 8000, false, 5);
    assert_int_equal(gpio_read_edges(lines, edges, 8, &lost), 1);
    assert_true(lost);
    write_edge(line_named("D0"), 7000, false, 4);
    assert_int_equal(gpio_read_edges(lines, edges, 8, &lost), 1);
    assert_true(lost);
    write_edge(line_named("D0"), 9000, false, 6);
    assert_int_equal(gpio_read_edges(lines, edges, 8, &lost), 1);
    assert_false(lost);
    release(lines);
}

// A chattering contact gets there: the kernel counts in 32 bits.
static void numbers_may_start_again(void **state)
{
    (void)state;
    struct gpio_lines *lines = requested("D0", NULL);
    bool lost = true;
    unsigned offset;
    request_with(line_named("D0"), &offset)->number = UINT32_MAX - 2;
    lines->requests[0].newest = lines->requests[0].received = UINT32_MAX - 2;
    happen("D0", 1000, 5, 1000);
    assert_int_equal(read_all(lines, &lost), 5);
    assert_false(lost);
    drop_edges("D0", 1);
    happen("D0", 10000, 1, 0);
    assert_int_equal(read_all(lines, &lost), 1);
    assert_true(lost);
    release(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASES_OF_BOTH_VERSIONS,
        cmocka_unit_test_setup(lines_of_one_chip_are_one_request, start),
        cmocka_unit_test_setup(a_request_that_fails_lets_go_of_the_others, start),
        cmocka_unit_test_setup(a_gap_in_the_numbers_is_a_loss, start),
        cmocka_unit_test_setup(many_edges_without_a_gap_are_no_loss, start),
        cmocka_unit_test_setup(edges_that_are_queued_out_of_order_are_put_in_order, start),
        cmocka_unit_test_setup(numbers_may_start_again, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
