// ack, reset and test: what a person does, and what the journal has of it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/ask.h"
#include "gateway/ctl/json_text.h"
#include "gateway/ctl/since.h"

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

static void say_done(const char *done, const char *alarm, const json_t *answer)
{
    uint64_t occurrence;
    printf("%s %s", done, alarm);
    if (count_of(answer, "occurrence", &occurrence) == 0)
        printf(", occurrence %llu", (unsigned long long)occurrence);
    say_recorded(answer);
}

static enum ctl_status answer_alarm(struct ctl *ctl, const char *op, const char *done, const char *alarm,
                                    uint64_t occurrence)
{
    json_t *request = json_pack("{s:s,s:s}", "op", op, "alarm", alarm);
    if (occurrence > 0)
        json_object_set_new(request, "occurrence", json_integer((json_int_t)occurrence));
    json_t *answer = NULL;
    enum ctl_status status = ask_guard(ctl, request, &answer);
    if (status != CTL_DONE)
        return status;
    if (ctl->option[OPTION_JSON] != NULL) {
        json_object_del(answer, "ok");
        ctl_print_json(answer);
    } else {
        say_done(done, alarm, answer);
    }
    warn_storage(answer);
    json_decref(answer);
    return CTL_DONE;
}

// ALARM or ALARM#OCCURRENCE, taken apart and sent.
static enum ctl_status answer_argument(struct ctl *ctl, const char *op, const char *done)
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
        status = answer_alarm(ctl, op, done, alarm, occurrence);
    free(alarm);
    return status;
}

enum ctl_status ctl_ack_command(struct ctl *ctl)
{
    return answer_argument(ctl, "ack", "acknowledged");
}

enum ctl_status ctl_reset_command(struct ctl *ctl)
{
    return answer_argument(ctl, "reset", "reset");
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
