// ack, reset, silence, shelve, isolate, test, calibrate: what a person does, and what the journal has of it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/answer.h"
#include "gateway/ctl/ask.h"
#include "gateway/ctl/json_text.h"
#include "gateway/ctl/since.h"

// "90 s", "5 min", "2 h", "3 d": the largest unit that leaves no rest. Good until the next call.
static const char *length_of(int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" }, { 1000, "s" }, { 1, "ms" } };
    static char text[32];
    size_t u = 0;
    while (ms % units[u].ms != 0)
        u++;
    snprintf(text, sizeof text, "%lld %s", (long long)(ms / units[u].ms), units[u].unit);
    return text;
}

// Ends the line that says what was done.
static void say_recorded(const json_t *answer)
{
    const char *recorded = json_string_value(json_object_get(answer, "recorded"));
    uint64_t event;
    if (recorded != NULL && ctl_number(recorded, 1, UINT64_MAX, &event) == 0)
        printf(" (event %llu)\n", (unsigned long long)event);
    else
        printf(" (not on the disk)\n");
}

// Done is done, but a storage trouble is said: the record may not outlive a power cut.
static void warn_storage(const json_t *answer)
{
    const char *storage = json_string_value(json_object_get(answer, "storage"));
    if (json_is_string(json_object_get(answer, "recorded")))
        return;
    ctl_fail(CTL_DONE, "done, but the journal has not recorded it yet: %s; see 'careroomctl status'",
             storage == NULL ? "no reason given" : storage);
}

static void say_done(const char *done, const char *name, const json_t *answer)
{
    uint64_t number;
    printf("%s %s", done, name);
    if (count_of(answer, "occurrence", &number) == 0 && number > 0)
        printf(", occurrence %llu", (unsigned long long)number);
    if (count_of(answer, "for_ms", &number) == 0)
        printf(", for %s", length_of((int64_t)number));
    say_recorded(answer);
}

enum ctl_status answer_ask_and_say(struct ctl *ctl, json_t *request, const char *done, const char *name)
{
    json_t *answer = NULL;
    enum ctl_status status = ask_guard(ctl, request, &answer);
    if (status != CTL_DONE)
        return status;
    if (ctl->option[OPTION_JSON] != NULL) {
        json_object_del(answer, "ok");
        ctl_print_json(answer);
    } else {
        say_done(done, name, answer);
    }
    warn_storage(answer);
    json_decref(answer);
    return CTL_DONE;
}

// --for and --reason, where they are given.
static enum ctl_status add_options(const struct ctl *ctl, json_t *request)
{
    const char *length = ctl->option[OPTION_FOR], *reason = ctl->option[OPTION_REASON];
    int64_t ms;
    if (length != NULL) {
        if (since_parse_length(length, &ms) < 0 || ms == 0)
            return ctl_fail(CTL_USAGE, "--for wants a time such as 30s, 10m, 2h or 3d, not '%s'", length);
        json_object_set_new(request, "for_ms", json_integer(ms));
    }
    if (reason != NULL && json_object_set_new(request, "reason", json_string(reason)) < 0)
        return ctl_fail(CTL_USAGE, "--reason is no text in UTF-8");
    return CTL_DONE;
}

static enum ctl_status wants(const struct ctl *ctl, enum ctl_option option)
{
    if (ctl->option[option] != NULL)
        return CTL_DONE;
    return ctl_fail(CTL_USAGE, "'%s' needs %s %s; see 'careroomctl %s --help'", ctl->command->name,
                    ctl_options[option].name, ctl_options[option].argument, ctl->command->name);
}

static enum ctl_status send_about(struct ctl *ctl, const char *op, const char *key, const char *name,
                                  uint64_t occurrence, const char *done)
{
    json_t *request = json_pack("{s:s,s:s}", "op", op, key, name);
    if (request == NULL)
        return ctl_fail(CTL_USAGE, "'%s' is no text in UTF-8", name);
    if (occurrence > 0)
        json_object_set_new(request, "occurrence", json_integer((json_int_t)occurrence));
    enum ctl_status status = add_options(ctl, request);
    if (status == CTL_DONE)
        return answer_ask_and_say(ctl, request, done, name);
    json_decref(request);
    return status;
}

// ALARM or ALARM#OCCURRENCE, taken apart and sent.
static enum ctl_status about_alarm(struct ctl *ctl, const char *op, const char *done)
{
    char *alarm = ctl_must(strdup(ctl->arguments[0]));
    char *number = strchr(alarm, '#');
    uint64_t occurrence = 0;
    enum ctl_status status = CTL_DONE;
    if (number != NULL) {
        *number++ = '\0';
        if (ctl_number(number, 1, INT64_MAX, &occurrence) < 0)
            status = ctl_fail(CTL_USAGE,
                              "after '#' stands the number of an occurrence, as in 'butterfly/smoke-1#3'");
    }
    if (status == CTL_DONE)
        status = ctl_check_name(alarm, "an alarm");
    if (status == CTL_DONE)
        status = send_about(ctl, op, "alarm", alarm, occurrence, done);
    free(alarm);
    return status;
}

static enum ctl_status about_point(struct ctl *ctl, const char *op, const char *done)
{
    enum ctl_status status = ctl_check_name(ctl->arguments[0], "a point");
    return status == CTL_DONE ? send_about(ctl, op, "point", ctl->arguments[0], 0, done) : status;
}

enum ctl_status ctl_ack_command(struct ctl *ctl)
{
    return about_alarm(ctl, "ack", "acknowledged");
}

enum ctl_status ctl_reset_command(struct ctl *ctl)
{
    return about_alarm(ctl, "reset", "reset");
}

enum ctl_status ctl_silence_command(struct ctl *ctl)
{
    return send_about(ctl, "silence", "room", ctl->arguments[0], 0, "silenced");
}

enum ctl_status ctl_unsilence_command(struct ctl *ctl)
{
    return send_about(ctl, "unsilence", "room", ctl->arguments[0], 0, "no longer silenced:");
}

enum ctl_status ctl_shelve_command(struct ctl *ctl)
{
    enum ctl_status status = wants(ctl, OPTION_FOR);
    return status == CTL_DONE ? about_alarm(ctl, "shelve", "shelved") : status;
}

enum ctl_status ctl_unshelve_command(struct ctl *ctl)
{
    return about_alarm(ctl, "unshelve", "no longer shelved:");
}

enum ctl_status ctl_isolate_command(struct ctl *ctl)
{
    enum ctl_status status = wants(ctl, OPTION_FOR);
    if (status == CTL_DONE)
        status = wants(ctl, OPTION_REASON);
    return status == CTL_DONE ? about_point(ctl, "isolate", "out of service:") : status;
}

enum ctl_status ctl_reinstate_command(struct ctl *ctl)
{
    return about_point(ctl, "reinstate", "back in service:");
}

enum ctl_status ctl_drill_start_command(struct ctl *ctl)
{
    return send_about(ctl, "drill-start", "room", ctl->arguments[0], 0, "drill:");
}

enum ctl_status ctl_drill_stop_command(struct ctl *ctl)
{
    return send_about(ctl, "drill-stop", "room", ctl->arguments[0], 0, "drill ended:");
}

enum ctl_status ctl_test_command(struct ctl *ctl)
{
    const char *output = ctl->arguments[0], *length = ctl->option[OPTION_FOR];
    int64_t ms = 2000;
    enum ctl_status status = ctl_check_name(output, "an output");
    if (status == CTL_DONE && length != NULL &&
        (since_parse_length(length, &ms) < 0 || ms < 1000 || ms > 10000))
        status = ctl_fail(CTL_USAGE, "--for wants 1s to 10s, not '%s'", length);
    json_t *answer = NULL;
    if (status == CTL_DONE)
        status = ask_guard(
            ctl, json_pack("{s:s,s:s,s:I}", "op", "test", "output", output, "for_ms", (json_int_t)ms),
            &answer);
    if (status != CTL_DONE)
        return status;
    if (ctl->option[OPTION_JSON] != NULL) {
        json_object_del(answer, "ok");
        ctl_print_json(answer);
    } else {
        printf("%s is driven for %lld s", output, (long long)(ms / 1000));
        say_recorded(answer);
    }
    warn_storage(answer);
    json_decref(answer);
    return CTL_DONE;
}

static void say_calibrated(const char *sensor, const json_t *answer)
{
    long long ppm = (long long)json_integer_value(json_object_get(answer, "co2_ppm"));
    long long change = (long long)json_integer_value(json_object_get(answer, "correction_ppm"));
    printf("%s is calibrated to %lld ppm: its readings change by %+lld ppm", sensor, ppm, change);
    say_recorded(answer);
}

enum ctl_status ctl_calibrate_command(struct ctl *ctl)
{
    const char *sensor = ctl->arguments[0];
    uint64_t ppm = 0;
    enum ctl_status status = ctl_check_name(sensor, "a sensor");
    if (status == CTL_DONE && ctl_number(ctl->arguments[1], 1, 40000, &ppm) < 0)
        status = ctl_fail(CTL_USAGE, "PPM is a whole number, 420 in fresh air, not '%s'", ctl->arguments[1]);
    json_t *answer = NULL;
    if (status == CTL_DONE)
        status = ask_guard(
            ctl, json_pack("{s:s,s:s,s:I}", "op", "calibrate", "sensor", sensor, "co2_ppm", (json_int_t)ppm),
            &answer);
    if (status != CTL_DONE)
        return status;
    if (ctl->option[OPTION_JSON] != NULL) {
        json_object_del(answer, "ok");
        ctl_print_json(answer);
    } else {
        say_calibrated(sensor, answer);
    }
    warn_storage(answer);
    json_decref(answer);
    return CTL_DONE;
}
