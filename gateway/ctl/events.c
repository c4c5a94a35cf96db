// events: what happened, from the journal.
#include "gateway/ctl/events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/common/clock.h"
#include "gateway/ctl/json_text.h"
#include "gateway/ctl/text.h"
#include "gateway/ctl/words.h"

static void put_time(const struct events *events, const struct journal_row *row)
{
    bool sure;
    time_t s = (time_t)(selection_time(&events->selection, row, &sure) / 1000);
    struct tm tm = { 0 };
    char text[32] = "";
    localtime_r(&s, &tm);
    strftime(text, sizeof text, "%F %T", &tm);
    printf("%s%c ", text, sure ? ' ' : '~');
}

static enum text_style style_of(enum event_class class)
{
    switch (class) {
    case CLASS_FIRE:
    case CLASS_SAFETY:
        return STYLE_BAD;
    case CLASS_FAULT:
        return STYLE_WARN;
    case CLASS_ATTENDANCE:
    case CLASS_ACCESS:
    case CLASS_SYSTEM:
    case CLASS_COUNT:
        break;
    }
    return STYLE_PLAIN;
}

static void put_event(const struct events *events, const struct journal_row *row)
{
    json_t *event = json_loadb(row->line, row->length, 0, NULL);
    const char *subject = text_or_nothing(event, "subject");
    put_time(events, row);
    text_put(stdout, style_of(row->class), event_class_names[row->class], 11);
    text_put(stdout, STYLE_HEAD, *subject == '\0' ? row->room : subject, 24);
    putchar(' ');
    char *words = NULL;
    size_t size = 0;
    FILE *out = ctl_must(open_memstream(&words, &size));
    // A line that can't be read is for `verify` to judge; here it is shown as it is.
    if (json_is_object(event))
        words_of_event(out, event);
    else
        fputs(row->line, out);
    const char *actor = text_or_nothing(json_object_get(event, "data"), "actor");
    if (*actor != '\0')
        fprintf(out, ", by %s", actor);
    fclose(out);
    text_put(stdout, STYLE_PLAIN, ctl_must(words), 0);
    char number[32];
    snprintf(number, sizeof number, "  #%llu", (unsigned long long)row->sequence);
    text_put(stdout, STYLE_FAINT, number, 0);
    putchar('\n');
    free(words);
    json_decref(event);
}

int events_open(struct events *events)
{
    if (events->reader != NULL)
        return 0;
    int r = journal_reader_open(events->file, &events->reader);
    if (r < 0)
        events->reader = NULL;
    return r;
}

int events_print(struct events *events)
{
    struct journal_row row;
    int r = 0;
    while (!ferror(stdout) &&
           (r = selection_next(&events->selection, events->reader, &events->after, &row)) == 1) {
        if (events->ctl->option[OPTION_JSON] != NULL)
            text_put_json(stdout, row.line);
        else
            put_event(events, &row);
    }
    return r;
}

static enum ctl_status read_selection(struct ctl *ctl, struct selection *selection)
{
    const char *limit = ctl->option[OPTION_LIMIT], *since = ctl->option[OPTION_SINCE];
    selection->class = -1;
    selection->room = ctl->option[OPTION_ROOM];
    if (ctl->option[OPTION_CLASS] != NULL) {
        selection->class = ctl_choose("class", ctl->option[OPTION_CLASS], event_class_names, CLASS_COUNT);
        if (selection->class < 0)
            return CTL_USAGE;
    }
    selection->has_limit = limit != NULL;
    if (limit != NULL && ctl_number(limit, 0, UINT32_MAX, &selection->limit) < 0)
        return ctl_fail(CTL_USAGE, "--limit wants a number of events, not '%s'", limit);
    selection->has_since = since != NULL;
    // The time zone of --since is the gateway's, so the configuration comes first; a wrong word is told
    // before, all the same.
    if (since != NULL && since_parse(since, clock_wall_ms(), &selection->since) < 0)
        return ctl_fail(CTL_USAGE, "--since wants %s, not '%s'", ctl_options[OPTION_SINCE].help, since);
    enum ctl_status status = ctl_configure(ctl);
    if (status == CTL_DONE && since != NULL)
        since_parse(since, clock_wall_ms(), &selection->since);
    return status;
}

// Where to begin. Following alone begins now.
static int find_start(struct events *events)
{
    struct selection *selection = &events->selection;
    int r = selection_load_fixes(selection, events->reader);
    if (r < 0)
        return r;
    if (events->ctl->option[OPTION_FOLLOW] == NULL || selection->has_since || selection->has_limit)
        return selection_start(selection, events->reader, &events->after);
    struct journal_extent extent;
    r = journal_extent(events->reader, &extent);
    if (r == 0)
        events->after = extent.sequence;
    return r;
}

static enum ctl_status run_events(struct events *events)
{
    bool follow = events->ctl->option[OPTION_FOLLOW] != NULL;
    int r = events_open(events);
    if (r == 0)
        r = find_start(events);
    // A guard that has never run has no journal yet: following waits for it.
    if (r < 0 && !(follow && r == -ENOENT))
        return ctl_journal_unreadable(events->file, r);
    if (follow)
        return events_follow(events);
    r = events_print(events);
    return r < 0 ? ctl_journal_unreadable(events->file, r) : CTL_DONE;
}

enum ctl_status ctl_events_command(struct ctl *ctl)
{
    struct events events = { .ctl = ctl };
    enum ctl_status status = read_selection(ctl, &events.selection);
    if (status != CTL_DONE)
        return status;
    events.file = ctl_journal_file(ctl);
    status = run_events(&events);
    journal_reader_close(events.reader);
    selection_free(&events.selection);
    free(events.file);
    return status;
}
