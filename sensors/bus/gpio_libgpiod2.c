// GPIO over libgpiod 2.x (Debian 13). What it and its kernel interface demand of us:
// - a request is about lines of one chip: ours may be several of them;
// - a full queue of the kernel drops the oldest edges, and only the gap in their numbers tells;
// - edges of two lines may be queued in another order than they happened and were numbered in: a queue is
//   sorted, and gaps are looked for once it has been read;
// - reading blocks unless the descriptor is told not to;
// - the kernel's debounce stays off: careroom does that itself, with the edges' own times.
#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>
#include <string.h>

#include "sensors/bus/gpio_libgpiod.h"

// Three cards of 37 bits, should nobody read for so long. The kernel's queue, and how many are read at once.
#define EVENT_BUFFER 128

struct request {
    struct gpiod_line_request *request;
    uint32_t newest;   // number of the newest edge read; the kernel counts from 1
    uint32_t received; // how many were read
    uint32_t missing;  // of the numbers up to the newest
};

struct gpio_lines {
    size_t n;
    struct {
        struct gpio_place place;
        size_t request;
    } lines[GPIO_MAX_LINES];
    size_t n_requests;
    struct request requests[GPIO_MAX_LINES]; // of one chip each
    struct gpiod_edge_event_buffer *events;  // for what is just being read; NULL for outputs
    struct gpio_merge merge;                 // a source is a request; none for outputs
};

// ---- Chips

static int show_line(struct gpiod_chip *chip, unsigned offset, struct gpio_line_seen *seen,
                     gpio_line_seen_fn each, void *user)
{
    struct gpiod_line_info *line = gpiod_chip_get_line_info(chip, offset);
    if (!line)
        return -errno;
    const char *name = gpiod_line_info_get_name(line);
    seen->name = name ? name : "";
    seen->offset = offset;
    seen->used = gpiod_line_info_is_used(line);
    int r = each(seen, user);
    gpiod_line_info_free(line);
    return r;
}

static int each_line_of(struct gpiod_chip *chip, const char *path, gpio_line_seen_fn each, void *user)
{
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    if (!info)
        return -errno;
    struct gpio_line_seen seen = { .path = path, .label = gpiod_chip_info_get_label(info) };
    int r = 0;
    for (unsigned offset = 0; offset < gpiod_chip_info_get_num_lines(info) && r == 0; offset++)
        r = show_line(chip, offset, &seen, each, user);
    gpiod_chip_info_free(info);
    return r;
}

int gpio_each_line(const char *path, gpio_line_seen_fn each, void *user)
{
    struct gpiod_chip *chip = gpiod_chip_open(path);
    if (!chip)
        return errno == ENOTTY ? 0 : -errno; // named like a chip, but none
    int r = each_line_of(chip, path, each, user);
    gpiod_chip_close(chip);
    return r;
}

// ---- Requests

// How the lines of a request are to be set up.
struct wish {
    enum gpiod_line_direction direction;
    enum gpiod_line_edge edges; // of inputs
    enum gpiod_line_bias bias;
    enum gpiod_line_drive drive; // of outputs
    bool level;
};

static enum gpiod_line_bias line_bias(enum bias bias)
{
    switch (bias) {
    case BIAS_PULL_UP:
        return GPIOD_LINE_BIAS_PULL_UP;
    case BIAS_PULL_DOWN:
        return GPIOD_LINE_BIAS_PULL_DOWN;
    case BIAS_AS_IS:
    case BIAS_COUNT:
        break;
    }
    return GPIOD_LINE_BIAS_AS_IS;
}

static int write_wish(struct gpiod_line_settings *settings, const struct wish *wish)
{
    enum gpiod_line_value value = wish->level ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
    bool failed = gpiod_line_settings_set_direction(settings, wish->direction) < 0 ||
                  gpiod_line_settings_set_edge_detection(settings, wish->edges) < 0 ||
                  gpiod_line_settings_set_bias(settings, wish->bias) < 0 ||
                  gpiod_line_settings_set_drive(settings, wish->drive) < 0 ||
                  gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC) < 0 ||
                  gpiod_line_settings_set_output_value(settings, value) < 0;
    return failed ? -errno : 0;
}

// The lines of one request, all set up alike.
static int write_lines(const struct gpio_lines *lines, size_t request, struct gpiod_line_config *config,
                       const struct wish *wish)
{
    unsigned offsets[GPIO_MAX_LINES];
    size_t n = 0;
    for (size_t i = 0; i < lines->n; i++)
        if (lines->lines[i].request == request)
            offsets[n++] = lines->lines[i].place.offset;
    struct gpiod_line_settings *settings = gpiod_line_settings_new();
    if (!settings)
        return -ENOMEM;
    int r = write_wish(settings, wish);
    if (r == 0 && gpiod_line_config_add_line_settings(config, offsets, n, settings) < 0)
        r = -errno;
    gpiod_line_settings_free(settings);
    return r;
}

static int ask_chip(const char *path, struct gpiod_line_config *config, struct gpiod_line_request **ret)
{
    struct gpiod_request_config *asking = gpiod_request_config_new();
    if (!asking)
        return -ENOMEM;
    gpiod_request_config_set_consumer(asking, GPIO_CONSUMER);
    gpiod_request_config_set_event_buffer_size(asking, EVENT_BUFFER);
    struct gpiod_chip *chip = gpiod_chip_open(path);
    struct gpiod_line_request *request = chip ? gpiod_chip_request_lines(chip, asking, config) : NULL;
    int r = request ? 0 : -errno;
    if (chip)
        gpiod_chip_close(chip); // the request lives on
    gpiod_request_config_free(asking);
    if (r == 0)
        *ret = request;
    return r;
}

// The lines were sorted by chip: the path is that of any line of this request.
static const char *path_of(const struct gpio_lines *lines, size_t request)
{
    size_t i = 0;
    while (lines->lines[i].request != request)
        i++;
    return lines->lines[i].place.path;
}

static int make_request(struct gpio_lines *lines, size_t request, const struct wish *wish)
{
    struct gpiod_line_config *config = gpiod_line_config_new();
    if (!config)
        return -ENOMEM;
    int r = write_lines(lines, request, config, wish);
    if (r == 0)
        r = ask_chip(path_of(lines, request), config, &lines->requests[request].request);
    gpiod_line_config_free(config);
    return r;
}

// Find a line, and which request it belongs to. The library would take the same line twice for one.
static int place_line(struct gpio_lines *lines, const char *name)
{
    struct gpio_place place;
    int r = gpio_find(name, &place);
    if (r < 0)
        return r;
    size_t request = lines->n_requests;
    for (size_t i = 0; i < lines->n; i++) {
        if (strcmp(lines->lines[i].place.path, place.path) != 0)
            continue;
        if (lines->lines[i].place.offset == place.offset)
            return -EBUSY;
        request = lines->lines[i].request;
    }
    if (request == lines->n_requests)
        lines->n_requests++;
    lines->lines[lines->n].place = place;
    lines->lines[lines->n++].request = request;
    return 0;
}

static int open_lines(struct gpio_lines *lines, const char *const *names, size_t n, const struct wish *wish)
{
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = place_line(lines, names[i]);
    for (size_t i = 0; i < lines->n_requests && r == 0; i++)
        r = make_request(lines, i, wish);
    return r;
}

static int watch_lines(struct gpio_lines *lines)
{
    lines->events = gpiod_edge_event_buffer_new(EVENT_BUFFER);
    if (!lines->events)
        return -ENOMEM;
    int r = gpio_merge_open(&lines->merge, EVENT_BUFFER);
    for (size_t i = 0; i < lines->n_requests && r == 0; i++)
        r = gpio_merge_add(&lines->merge, gpiod_line_request_get_fd(lines->requests[i].request));
    return r;
}

static int request_lines(const char *const *names, size_t n, const struct wish *wish,
                         struct gpio_lines **ret_lines)
{
    if (n == 0 || n > GPIO_MAX_LINES)
        return -EINVAL;
    struct gpio_lines *lines = calloc(1, sizeof(*lines));
    if (!lines)
        return -ENOMEM;
    lines->merge = (struct gpio_merge)GPIO_MERGE_NONE;
    int r = open_lines(lines, names, n, wish);
    if (r == 0 && wish->direction == GPIOD_LINE_DIRECTION_INPUT)
        r = watch_lines(lines);
    if (r < 0) {
        gpio_release(lines);
        return r;
    }
    *ret_lines = lines;
    return 0;
}

static int request_edges(const char *const *names, size_t n, enum bias bias, enum gpiod_line_edge edges,
                         struct gpio_lines **ret_lines)
{
    const struct wish wish = { .direction = GPIOD_LINE_DIRECTION_INPUT,
                               .edges = edges,
                               .bias = line_bias(bias),
                               .drive = GPIOD_LINE_DRIVE_PUSH_PULL };
    return request_lines(names, n, &wish, ret_lines);
}

int gpio_request_inputs(const char *const *names, size_t n, enum bias bias, struct gpio_lines **ret_lines)
{
    return request_edges(names, n, bias, GPIOD_LINE_EDGE_BOTH, ret_lines);
}

int gpio_request_pulses(const char *const *names, size_t n, enum bias bias, struct gpio_lines **ret_lines)
{
    return request_edges(names, n, bias, GPIOD_LINE_EDGE_FALLING, ret_lines);
}

static int request_output(const char *name, enum gpiod_line_drive drive, bool level,
                          struct gpio_lines **ret_lines)
{
    const struct wish wish = { .direction = GPIOD_LINE_DIRECTION_OUTPUT,
                               .edges = GPIOD_LINE_EDGE_NONE,
                               .bias = GPIOD_LINE_BIAS_AS_IS,
                               .drive = drive,
                               .level = level };
    return request_lines(&name, 1, &wish, ret_lines);
}

int gpio_request_output(const char *name, bool initial_level, struct gpio_lines **ret_lines)
{
    return request_output(name, GPIOD_LINE_DRIVE_PUSH_PULL, initial_level, ret_lines);
}

int gpio_request_open_drain(const char *name, struct gpio_lines **ret_lines)
{
    return request_output(name, GPIOD_LINE_DRIVE_OPEN_DRAIN, true, ret_lines);
}

void gpio_release(struct gpio_lines *lines)
{
    if (!lines)
        return;
    gpio_merge_close(&lines->merge);
    for (size_t i = 0; i < lines->n_requests; i++)
        if (lines->requests[i].request)
            gpiod_line_request_release(lines->requests[i].request);
    if (lines->events)
        gpiod_edge_event_buffer_free(lines->events);
    free(lines);
}

// ---- Edges

int gpio_fd(const struct gpio_lines *lines)
{
    return lines->merge.epoll_fd;
}

static unsigned line_at(const struct gpio_lines *lines, size_t request, unsigned offset)
{
    unsigned line = 0;
    while (lines->lines[line].request != request || lines->lines[line].place.offset != offset)
        line++;
    return line;
}

// Put an edge among the n before it: nearly always behind them.
static void sort_in(struct gpio_edge *edges, size_t n, struct gpio_edge edge)
{
    while (n > 0 && edges[n - 1].boottime_ns > edge.boottime_ns) {
        edges[n] = edges[n - 1];
        n--;
    }
    edges[n] = edge;
}

// Whether more numbers are missing than before. One that comes late is no longer missing.
static bool more_missing(struct request *request)
{
    uint32_t missing = request->newest - request->received;
    bool more = missing > request->missing;
    request->missing = missing;
    return more;
}

static void count_edge(struct request *request, struct gpiod_edge_event *event)
{
    uint32_t number = (uint32_t)gpiod_edge_event_get_global_seqno(event);
    request->received++;
    if (number - request->newest < UINT32_MAX / 2)
        request->newest = number;
}

int gpio_fill(struct gpio_lines *lines, size_t source, struct gpio_edge *edges, uint64_t to_boottime_ns,
              bool *lost)
{
    struct request *request = &lines->requests[source];
    int n = gpiod_line_request_read_edge_events(request->request, lines->events, EVENT_BUFFER);
    if (n < 0)
        return -errno;
    for (size_t i = 0; i < (size_t)n; i++) {
        struct gpiod_edge_event *event = gpiod_edge_event_buffer_get_event(lines->events, i);
        const struct gpio_edge edge = {
            .boottime_ns = gpiod_edge_event_get_timestamp_ns(event) + to_boottime_ns,
            .line = line_at(lines, source, gpiod_edge_event_get_line_offset(event)),
            .level = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE,
        };
        count_edge(request, event);
        sort_in(edges, i, edge);
    }
    *lost |= more_missing(request);
    return n;
}

int gpio_read_edges(struct gpio_lines *lines, struct gpio_edge *edges, size_t cap, bool *ret_lost)
{
    return gpio_merge_read(&lines->merge, lines, edges, cap, ret_lost);
}

// ---- Levels

int gpio_get(struct gpio_lines *lines, unsigned line, bool *ret_level)
{
    if (line >= lines->n)
        return -EINVAL;
    enum gpiod_line_value value = gpiod_line_request_get_value(
        lines->requests[lines->lines[line].request].request, lines->lines[line].place.offset);
    if (value == GPIOD_LINE_VALUE_ERROR)
        return -errno;
    *ret_level = value == GPIOD_LINE_VALUE_ACTIVE;
    return 0;
}

int gpio_set(struct gpio_lines *lines, bool level)
{
    enum gpiod_line_value value = level ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
    return gpiod_line_request_set_value(lines->requests[0].request, lines->lines[0].place.offset, value) < 0
               ? -errno
               : 0;
}
