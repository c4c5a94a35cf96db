#include "gateway/uplink/guard_line.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "gateway/common/clock.h"
#include "gateway/common/control.h"
#include "gateway/common/log.h"

#define REPORT_US        (10u * 1000000u)
#define ANSWER_US        (5u * 1000000u)
#define RECONNECT_MIN_US 1000000u
#define RECONNECT_MAX_US 10000000u

#define LOOK_FIRST "ask for the state to see whether the command was carried out."

enum asking { ASKING_NOTHING, ASKING_REPORT, ASKING_COMMAND };

struct guard_line {
    sd_event *event;
    const struct config *config;
    struct exchange *exchange;
    struct control_client *follow, *ask; // NULL: not connected
    sd_event_source *follow_io, *ask_io, *reconnect, *report, *answer;
    uint64_t reconnect_us;
    enum asking asking;
    bool report_due;
    uint64_t seq;
    struct command command; // being asked
    bool said_away;
    bool report_refused;
};

static void look(struct guard_line *line);

static void set_timer(sd_event_source *timer, uint64_t in_us)
{
    (void)sd_event_source_set_time_relative(timer, in_us);
    (void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

// ---- Replies to commands

static void reply(struct guard_line *line, char *payload)
{
    if (payload)
        exchange_put_reply(line->exchange, &line->command, payload);
}

static void reply_refused(struct guard_line *line, const char *code, const char *error)
{
    const struct command_refusal refusal = { .code = code, .error = error };
    reply(line, command_refused(&line->command, &refusal));
}

// ---- The connections

static void drop_ask(struct guard_line *line)
{
    line->ask_io = sd_event_source_disable_unref(line->ask_io);
    control_close(line->ask);
    line->ask = NULL;
    (void)sd_event_source_set_enabled(line->answer, SD_EVENT_OFF);
    line->asking = ASKING_NOTHING;
}

static void drop_follow(struct guard_line *line)
{
    line->follow_io = sd_event_source_disable_unref(line->follow_io);
    control_close(line->follow);
    line->follow = NULL;
}

// Either connection, or both. What was asked on them is answered: the sender must not wait for ever.
static void guard_away(struct guard_line *line, int error)
{
    if (line->asking == ASKING_COMMAND && error == -ETIMEDOUT)
        reply_refused(line, "timeout", "The guard has not answered within five seconds; " LOOK_FIRST);
    else if (line->asking == ASKING_COMMAND)
        reply_refused(line, "unavailable", "The guard went away before it answered; " LOOK_FIRST);
    if (!line->said_away)
        log_warning("the guard is not there (%s); commands are refused, the journal is read every second",
                    strerror(-error));
    line->said_away = true;
    drop_follow(line);
    drop_ask(line);
    set_timer(line->reconnect, line->reconnect_us);
    line->reconnect_us =
        line->reconnect_us * 2 < RECONNECT_MAX_US ? line->reconnect_us * 2 : RECONNECT_MAX_US;
}

// 1 and *ret_text: a line; 0: none yet; negative errno: the guard went away.
static int receive(struct control_client *client, const char **ret_text)
{
    int r = control_receive(client, 0, ret_text);
    return r == 0 ? 1 : r == -ETIMEDOUT ? 0 : r;
}

static int on_follow(sd_event_source *source, int fd, uint32_t events, void *user)
{
    (void)source, (void)fd, (void)events;
    struct guard_line *line = user;
    const char *text;
    int r;
    // What it says is not needed: the journal itself is looked at.
    while ((r = receive(line->follow, &text)) == 1)
        exchange_wake_delivery(line->exchange);
    if (r < 0) {
        guard_away(line, r);
        look(line);
    }
    return 0;
}

static void answered(struct guard_line *line, const char *text)
{
    json_t *answer = json_loads(text, 0, NULL);
    json_int_t seq = json_integer_value(json_object_get(answer, "seq"));
    bool ok = json_is_true(json_object_get(answer, "ok"));
    if (answer && (uint64_t)seq == line->seq && line->asking != ASKING_NOTHING) {
        if (line->asking == ASKING_COMMAND)
            reply(line, command_answered(&line->command, text));
        else if (!ok && !line->report_refused)
            log_warning("the guard does not take the uplink's reports: %s", text);
        if (line->asking == ASKING_REPORT)
            line->report_refused = !ok;
        line->asking = ASKING_NOTHING;
        (void)sd_event_source_set_enabled(line->answer, SD_EVENT_OFF);
    }
    json_decref(answer);
}

static int on_ask(sd_event_source *source, int fd, uint32_t events, void *user)
{
    (void)source, (void)fd, (void)events;
    struct guard_line *line = user;
    const char *text;
    int r;
    while ((r = receive(line->ask, &text)) == 1)
        answered(line, text);
    if (r < 0)
        guard_away(line, r);
    look(line);
    return 0;
}

static int on_answer_timeout(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    struct guard_line *line = user;
    guard_away(line, -ETIMEDOUT);
    look(line);
    return 0;
}

static int connect_one(struct guard_line *line, struct control_client **client, sd_event_source **io,
                       sd_event_io_handler_t handler)
{
    int r = control_connect(line->config->run_dir, client);
    if (r == 0)
        r = sd_event_add_io(line->event, io, control_fd(*client), EPOLLIN, handler, line);
    return r;
}

static int connect_guard(struct guard_line *line)
{
    int r = connect_one(line, &line->follow, &line->follow_io, on_follow);
    if (r == 0)
        r = connect_one(line, &line->ask, &line->ask_io, on_ask);
    if (r == 0)
        r = control_send(line->follow, "{\"op\":\"follow\"}");
    if (r < 0) {
        guard_away(line, r);
        return r;
    }
    if (line->said_away)
        log_notice("the guard is there");
    line->said_away = false;
    line->reconnect_us = RECONNECT_MIN_US;
    (void)sd_event_source_set_enabled(line->reconnect, SD_EVENT_OFF);
    line->report_due = true;
    return 0;
}

static int on_reconnect(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    struct guard_line *line = user;
    if (!line->ask)
        (void)connect_guard(line);
    look(line);
    return 0;
}

// ---- What is asked

static json_t *report_object(const struct health *health)
{
    json_t *held = json_array();
    for (int class = 0; class < CLASS_COUNT; class ++)
        if (health->held[class])
            json_array_append_new(held, json_string(event_class_names[class]));
    char delivered[24];
    snprintf(delivered, sizeof delivered, "%" PRIu64, health->delivered);
    json_t *report = json_pack("{s:s, s:s, s:o, s:I, s:s, s:b}", "op", "uplink", "state",
                               uplink_state_names[health->state], "held", held, "parked",
                               (json_int_t)health->parked, "delivered", delivered, "deaf", (int)health->deaf);
    if (report && health->why[0])
        json_object_set_new(report, "why", json_string(health->why));
    return report;
}

// Takes the object over.
static int ask(struct guard_line *line, json_t *request, enum asking asking)
{
    char *text = NULL;
    if (request && json_object_set_new(request, "seq", json_integer((json_int_t)++line->seq)) == 0)
        text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(request);
    int r = text ? control_send(line->ask, text) : -ENOMEM;
    free(text);
    if (r < 0)
        return r;
    line->asking = asking;
    set_timer(line->answer, ANSWER_US);
    return 0;
}

static void ask_report(struct guard_line *line)
{
    struct health health;
    exchange_get_health(line->exchange, &health);
    line->report_due = false;
    int r = ask(line, report_object(&health), ASKING_REPORT);
    if (r < 0)
        guard_away(line, r);
}

static void ask_command(struct guard_line *line)
{
    int r = line->ask ? 0 : connect_guard(line);
    if (r == 0)
        r = ask(line, json_loads(line->command.ask, 0, NULL), ASKING_COMMAND);
    if (r == 0)
        return;
    reply_refused(line, "unavailable",
                  "The gateway's guard is not there at the moment; try again in a minute.");
    if (line->ask)
        guard_away(line, r);
}

// One thing at a time; commands first.
static void look(struct guard_line *line)
{
    while (line->asking == ASKING_NOTHING && exchange_take_command(line->exchange, &line->command))
        ask_command(line);
    if (line->asking == ASKING_NOTHING && line->report_due && line->ask)
        ask_report(line);
}

void guard_line_look(struct guard_line *line)
{
    line->report_due = true;
    look(line);
}

static int on_report(sd_event_source *source, uint64_t usec, void *user)
{
    (void)usec;
    struct guard_line *line = user;
    set_timer(source, REPORT_US);
    guard_line_look(line);
    return 0;
}

static int add_timer(struct guard_line *line, sd_event_source **timer, uint64_t in_us,
                     sd_event_time_handler_t handler)
{
    return sd_event_add_time_relative(line->event, timer, CLOCK_BOOTTIME, in_us, 0, handler, line);
}

int guard_line_new(sd_event *event, const struct config *config, struct exchange *exchange,
                   struct guard_line **ret_line)
{
    struct guard_line *line = calloc(1, sizeof *line);
    if (!line)
        return -ENOMEM;
    *line = (struct guard_line){
        .event = event, .config = config, .exchange = exchange, .reconnect_us = RECONNECT_MIN_US
    };
    int r = add_timer(line, &line->reconnect, 0, on_reconnect);
    if (r >= 0)
        r = add_timer(line, &line->report, REPORT_US, on_report);
    if (r >= 0)
        r = add_timer(line, &line->answer, ANSWER_US, on_answer_timeout);
    if (r >= 0)
        r = sd_event_source_set_enabled(line->answer, SD_EVENT_OFF);
    if (r < 0) {
        guard_line_free(line);
        return r;
    }
    *ret_line = line;
    return 0;
}

void guard_line_free(struct guard_line *line)
{
    if (!line)
        return;
    drop_follow(line);
    drop_ask(line);
    sd_event_source_disable_unref(line->reconnect);
    sd_event_source_disable_unref(line->report);
    sd_event_source_disable_unref(line->answer);
    free(line);
}
