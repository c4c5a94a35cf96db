// ack and reset: a person answers an alarm.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/ask.h"
#include "gateway/ctl/json_text.h"

static void say_done(const char *done, const char *alarm, const json_t *answer)
{
    uint64_t occurrence;
    printf("%s %s", done, alarm);
    if (count_of(answer, "occurrence", &occurrence) == 0)
        printf(", occurrence %llu", (unsigned long long)occurrence);
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
