// What careroom uses of libgpiod 1.6, for the test over a library of its own: so it runs where 2.x is
// installed.
#ifndef CAREROOM_TESTS_UNIT_GPIOD1_H
#define CAREROOM_TESTS_UNIT_GPIOD1_H

#include <stdbool.h>
#include <time.h>

struct gpiod_chip;
struct gpiod_line;

struct gpiod_line_request_config {
    const char *consumer;
    int request_type;
    int flags;
};

struct gpiod_line_event {
    struct timespec ts;
    int event_type;
};

enum {
    GPIOD_LINE_REQUEST_DIRECTION_OUTPUT,
    GPIOD_LINE_REQUEST_EVENT_FALLING_EDGE,
    GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES,
};
enum {
    GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN = 1,
    GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN = 2,
    GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP = 4,
};
enum { GPIOD_LINE_EVENT_RISING_EDGE = 1, GPIOD_LINE_EVENT_FALLING_EDGE };

struct gpiod_chip *gpiod_chip_open(const char *path);
void gpiod_chip_close(struct gpiod_chip *chip);
const char *gpiod_chip_label(struct gpiod_chip *chip);
unsigned int gpiod_chip_num_lines(struct gpiod_chip *chip);
struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset);
const char *gpiod_line_name(struct gpiod_line *line);
bool gpiod_line_is_used(struct gpiod_line *line);
int gpiod_line_request(struct gpiod_line *line, const struct gpiod_line_request_config *config,
                       int default_val);
int gpiod_line_get_value(struct gpiod_line *line);
int gpiod_line_set_value(struct gpiod_line *line, int value);
int gpiod_line_event_get_fd(struct gpiod_line *line);
int gpiod_line_event_read_fd_multiple(int fd, struct gpiod_line_event *events, unsigned int num_events);

#endif
