// status and alarms: how things stand, at a glance.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/common/clock.h"
#include "gateway/ctl/ask.h"
#include "gateway/ctl/json_text.h"
#include "gateway/ctl/since.h"
#include "gateway/ctl/text.h"
#include "gateway/ctl/words.h"

static enum text_style style_of_severity(const char *severity)
{
    if (strcmp(severity, "fire") == 0 || strcmp(severity, "critical") == 0)
        return STYLE_BAD;
    return strcmp(severity, "advisory") == 0 ? STYLE_PLAIN : STYLE_WARN;
}

// "10:11:07 (2 min)" of today, else with the date. What is no time is shown as the guard wrote it.
static void format_since(const char *utc, char *buf, size_t size)
{
    int64_t now_ms = clock_wall_ms();
    struct since since;
    if (since_parse(utc, now_ms, &since) < 0 || since.sequence > 0) {
        snprintf(buf, size, "%s", utc);
        return;
    }
    time_t at = (time_t)(since.wall_ms / 1000), now = (time_t)(now_ms / 1000);
    struct tm then = { 0 }, today = { 0 };
    localtime_r(&at, &then);
    localtime_r(&now, &today);
    bool same_day = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
    char clock[32], age[32];
    strftime(clock, sizeof clock, same_day ? "%T" : "%F %T", &then);
    if (since.wall_ms > now_ms) {
        snprintf(buf, size, "%s", clock);
        return;
    }
    text_age((uint64_t)(now_ms - since.wall_ms), age, sizeof age);
    snprintf(buf, size, "%s (%s)", clock, age);
}

static void print_alarm(struct table *table, const json_t *alarm)
{
    const char *severity = text_of(alarm, "severity");
    const char *reason = text_or_nothing(alarm, "reason");
    const json_t *condition = json_object_get(alarm, "condition");
    char since[96];
    format_since(text_of(alarm, "since"), since, sizeof since);
    table_cell(table, style_of_severity(severity), "%s", severity);
    table_cell(table, STYLE_HEAD, "%s#%s", text_of(alarm, "id"), number_of(alarm, "occurrence").text);
    table_cell(table, STYLE_PLAIN, "%s", text_of(alarm, "state"));
    table_cell(table, STYLE_PLAIN, "%s",
               !json_is_boolean(condition) ? ""
               : json_is_true(condition)   ? "condition holds"
                                           : "condition gone");
    table_cell(table, STYLE_PLAIN, "since %s", since);
    const char *site = text_or_nothing(alarm, "site_instruction");
    table_cell(table, STYLE_PLAIN, "%s%s%s%s%s", text_or_nothing(alarm, "instruction"),
               *site == '\0' ? "" : " ", site, *reason == '\0' ? "" : " — ", words_of_reason(reason));
}

static void print_rest(const json_t *object, const char *key, const char *before)
{
    uint64_t rest;
    char text[32];
    if (count_of(object, key, &rest) == 0) {
        text_age(rest, text, sizeof text);
        printf("%s%s", before, text);
    }
}

// Shelved, suppressed, out of service: nobody is told of them, so that here they are never left out.
static void print_set_aside(const json_t *set_aside)
{
    size_t i;
    json_t *alarm;
    json_array_foreach(set_aside, i, alarm)
    {
        printf(i == 0 ? "set aside: " : ", ");
        text_put(stdout, STYLE_WARN, text_of(alarm, "id"), 0);
        putchar(' ');
        text_put(stdout, STYLE_PLAIN, text_of(alarm, "state"), 0);
        print_rest(alarm, "rest_ms", " for another ");
    }
    if (json_array_size(set_aside) > 0)
        putchar('\n');
}

static void print_alarms(const json_t *alarms)
{
    if (!json_is_array(alarms)) {
        text_put(stdout, STYLE_BAD, "alarms unknown: careroomd did not say", 0);
        putchar('\n');
        return;
    }
    size_t n = json_array_size(alarms);
    if (n == 0) {
        text_put(stdout, STYLE_GOOD, "no alarm stands", 0);
        putchar('\n');
        return;
    }
    char head[48];
    snprintf(head, sizeof head, n == 1 ? "1 alarm stands" : "%zu alarms stand", n);
    text_put(stdout, STYLE_BAD, head, 0);
    putchar('\n');
    struct table table = { .columns = 6, .indent = 2 };
    size_t i;
    json_t *alarm;
    json_array_foreach(alarms, i, alarm) print_alarm(&table, alarm);
    table_print(&table);
}

// What a point says: its values; or that it is unknown, or in trouble and why. An old value is never shown as
// if it were good.
static void point_cells(struct table *table, json_t *point)
{
    const char *state = text_of(point, "state"), *role = text_or_nothing(point, "role");
    const char *reason = text_or_nothing(point, "reason");
    bool ok = strcmp(state, "ok") == 0, trouble = strcmp(state, "trouble") == 0;
    json_t *values = json_object_get(point, "values");
    char *text = NULL;
    size_t size = 0;
    FILE *out = ctl_must(open_memstream(&text, &size));
    if (trouble)
        fprintf(out, "TROUBLE%s%s", *reason == '\0' ? "" : ": ", words_of_reason(reason));
    else if (!ok)
        fputs("unknown", out);
    else if (json_object_size(values) == 0)
        fputs("ready", out);
    else
        words_of_values(out, values, role);
    fclose(out);
    ctl_must(text);
    uint64_t age;
    char age_text[32], ago[sizeof "last heard  ago" + sizeof age_text] = "";
    if (count_of(point, "age_ms", &age) == 0) {
        text_age(age, age_text, sizeof age_text);
        snprintf(ago, sizeof ago, trouble ? "last heard %s ago" : "%s ago", age_text);
    }
    table_cell(table, ok ? STYLE_PLAIN : trouble ? STYLE_BAD : STYLE_WARN, "%s", text);
    table_cell(table, STYLE_FAINT, "%s", ago);
    free(text);
}

// A roll-call is what matters while it runs; else who is there, where anybody is.
static void print_people(const json_t *room)
{
    const json_t *present = json_object_get(room, "present"), *rollcall = json_object_get(room, "rollcall");
    uint64_t children = 0, staff = 0;
    (void)count_of(present, "children", &children);
    (void)count_of(present, "staff", &staff);
    if (children + staff > 0)
        printf("  present: children %llu, staff %llu\n", (unsigned long long)children,
               (unsigned long long)staff);
    if (rollcall == NULL)
        return;
    printf("  ");
    text_put(stdout, STYLE_BAD, strcmp(text_of(rollcall, "of"), "fire") == 0 ? "EVACUATION" : "DRILL", 0);
    printf(": children %s, staff %s on the roll; safe %s, missing %s, unmarked %s",
           number_of(rollcall, "children").text, number_of(rollcall, "staff").text,
           number_of(rollcall, "safe").text, number_of(rollcall, "missing").text,
           number_of(rollcall, "unmarked").text);
    print_rest(rollcall, "rest_ms", "; ends after another ");
    putchar('\n');
}

static void print_room(const json_t *room)
{
    const char *id = text_of(room, "id"), *name = text_or_nothing(room, "name");
    putchar('\n');
    text_put(stdout, STYLE_HEAD, id, 0);
    if (*name != '\0' && strcmp(name, id) != 0) {
        printf("  ");
        text_put(stdout, STYLE_PLAIN, name, 0);
    }
    print_rest(room, "silent_ms", "  silenced for another ");
    putchar('\n');
    print_people(room);
    struct table table = { .columns = 4, .indent = 2 };
    size_t i;
    json_t *item;
    const json_t *points = json_object_get(room, "points"), *outputs = json_object_get(room, "outputs");
    json_array_foreach(points, i, item)
    {
        const char *role = text_or_nothing(item, "role");
        bool has_role = *role != '\0' && strcmp(role, "none") != 0;
        table_cell(&table, STYLE_PLAIN, "%s", text_of(item, "id"));
        table_cell(&table, STYLE_FAINT, "%s", has_role ? role : text_of(item, "driver"));
        point_cells(&table, item);
    }
    json_array_foreach(outputs, i, item)
    {
        const char *pattern = text_of(item, "pattern");
        bool trouble = strcmp(text_or_nothing(item, "state"), "trouble") == 0;
        table_cell(&table, STYLE_PLAIN, "%s", text_of(item, "id"));
        table_cell(&table, STYLE_FAINT, "%s", text_of(item, "role"));
        table_cell(&table,
                   trouble                       ? STYLE_BAD
                   : strcmp(pattern, "off") == 0 ? STYLE_PLAIN
                                                 : STYLE_WARN,
                   "%s%s", pattern, trouble ? ", TROUBLE" : "");
        table_cell(&table, STYLE_PLAIN, "%s", "");
    }
    table_print(&table);
}

static void print_uplink(const json_t *uplink)
{
    static const struct {
        const char *state, *words;
        enum text_style style;
    } states[] = {
        { "online", "online", STYLE_GOOD },
        { "offline", "offline; events wait in the journal", STYLE_WARN },
        { "absent", "careroom-uplink does not run; events wait in the journal", STYLE_BAD },
        { "none", "none configured", STYLE_PLAIN },
    };
    const char *state = text_of(uplink, "state");
    const char *words = state;
    enum text_style style = STYLE_BAD;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcmp(states[i].state, state) == 0) {
            words = states[i].words;
            style = states[i].style;
        }
    }
    printf("\nuplink   ");
    text_put(stdout, style, words, 0);
    if (json_object_get(uplink, "delivered") != NULL) {
        printf(", delivered up to event ");
        text_put(stdout, STYLE_PLAIN, number_of(uplink, "delivered").text, 0);
    }
    const json_t *held = json_object_get(uplink, "held");
    size_t i;
    json_t *class;
    json_array_foreach(held, i, class)
    {
        printf(i == 0 ? ", HELD: " : ", ");
        text_put(stdout, STYLE_BAD, json_is_string(class) ? json_string_value(class) : "unknown", 0);
    }
    uint64_t parked, age;
    if (count_of(uplink, "parked", &parked) == 0 && parked > 0)
        printf(", %llu parked", (unsigned long long)parked);
    if (count_of(uplink, "age_ms", &age) == 0) {
        char text[32];
        text_age(age, text, sizeof text);
        printf(", heard %s ago", text);
    }
    const char *why = text_or_nothing(uplink, "why");
    if (why && *why) {
        printf("\n         ");
        text_put(stdout, STYLE_WARN, why, 0);
    }
    putchar('\n');
}

static void print_journal(const json_t *journal)
{
    const char *state = text_of(journal, "state"), *reason = text_or_nothing(journal, "reason");
    bool ok = strcmp(state, "ok") == 0;
    uint64_t waiting, lost;
    printf("journal  ");
    text_put(stdout, ok ? STYLE_GOOD : STYLE_BAD, strcmp(state, "trouble") == 0 ? "TROUBLE" : state, 0);
    if (*reason != '\0') {
        printf(": ");
        text_put(stdout, STYLE_PLAIN, words_of_reason(reason), 0);
    }
    printf(", at event ");
    text_put(stdout, STYLE_PLAIN, number_of(journal, "sequence").text, 0);
    if (count_of(journal, "waiting", &waiting) == 0 && waiting > 0)
        printf(", %llu waiting for the disk", (unsigned long long)waiting);
    if (count_of(journal, "lost", &lost) == 0 && lost > 0)
        printf(", %llu LOST", (unsigned long long)lost);
    putchar('\n');
}

static void print_gateway(const json_t *gateway)
{
    uint64_t uptime_s;
    char up[32] = "unknown";
    if (count_of(gateway, "uptime_s", &uptime_s) == 0 && uptime_s < UINT64_MAX / 1000)
        text_age(uptime_s * 1000, up, sizeof up);
    text_put(stdout, STYLE_HEAD, text_of(gateway, "id"), 0);
    printf(" at ");
    text_put(stdout, STYLE_PLAIN, text_of(gateway, "site"), 0);
    printf(", careroom ");
    text_put(stdout, STYLE_PLAIN, text_of(gateway, "version"), 0);
    printf(", up %s, clock ", up);
    const char *clock = text_of(gateway, "clock");
    bool set = strcmp(clock, clock_quality_names[CLOCK_SYNCHRONISED]) == 0 ||
               strcmp(clock, clock_quality_names[CLOCK_MANUAL]) == 0;
    text_put(stdout, set ? STYLE_PLAIN : STYLE_WARN, clock, 0);
    printf("\n\n");
}

enum ctl_status ctl_status_command(struct ctl *ctl)
{
    json_t *status_object = NULL;
    enum ctl_status status =
        ask_guard_for(ctl, json_pack("{s:s}", "op", "status"), "status", JSON_OBJECT, &status_object);
    if (status != CTL_DONE)
        return status;
    if (ctl->option[OPTION_JSON] != NULL) {
        ctl_print_json(status_object);
    } else {
        print_gateway(json_object_get(status_object, "gateway"));
        print_alarms(json_object_get(status_object, "alarms"));
        print_set_aside(json_object_get(status_object, "set_aside"));
        size_t i;
        json_t *room;
        json_array_foreach(json_object_get(status_object, "rooms"), i, room) print_room(room);
        print_uplink(json_object_get(status_object, "uplink"));
        print_journal(json_object_get(status_object, "journal"));
    }
    json_decref(status_object);
    return CTL_DONE;
}

enum ctl_status ctl_alarms_command(struct ctl *ctl)
{
    json_t *answer = NULL;
    enum ctl_status status = ask_guard(ctl, json_pack("{s:s}", "op", "alarms"), &answer);
    if (status != CTL_DONE)
        return status;
    if (!json_is_array(json_object_get(answer, "alarms"))) {
        status = ctl_fail(CTL_REFUSED, "careroomd's answer has no 'alarms'; are careroomd and careroomctl of "
                                       "one version?");
    } else if (ctl->option[OPTION_JSON] != NULL) {
        json_object_del(answer, "ok");
        ctl_print_json(answer);
    } else {
        print_alarms(json_object_get(answer, "alarms"));
        print_set_aside(json_object_get(answer, "set_aside"));
    }
    json_decref(answer);
    return status;
}
