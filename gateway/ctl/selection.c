#include "gateway/ctl/selection.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/ctl.h"
#include "gateway/ctl/json_text.h"

static void add_fix(struct selection *selection, const struct journal_row *row)
{
    json_t *event = json_loadb(row->line, row->length, 0, NULL);
    json_int_t offset = json_integer_value(json_object_get(json_object_get(event, "data"), "offset_ms"));
    const char *unset = clock_quality_names[CLOCK_UNSYNCHRONISED];
    struct clock_fix fix = { .sequence = row->sequence,
                             .offset_ms = offset,
                             .trusted = strcmp(text_of(event, "clock"), unset) != 0 };
    snprintf(fix.boot_id, sizeof fix.boot_id, "%s", text_or_nothing(event, "bootid"));
    json_decref(event);
    selection->fixes = ctl_must(reallocarray(selection->fixes, selection->n_fixes + 1, sizeof fix));
    selection->fixes[selection->n_fixes++] = fix;
}

int selection_load_fixes(struct selection *selection, struct journal_reader *reader)
{
    struct journal_row row;
    uint64_t after = 0;
    int r;
    while ((r = journal_next_of_class(reader, CLASS_SYSTEM, after, &row)) == 1) {
        after = row.classseq;
        if (strcmp(row.type, event_type_names[EVENT_GATEWAY_CLOCK]) == 0)
            add_fix(selection, &row);
    }
    return r;
}

void selection_free(struct selection *selection)
{
    free(selection->fixes);
    selection->fixes = NULL;
    selection->n_fixes = 0;
}

int64_t selection_time(const struct selection *selection, const struct journal_row *row, bool *ret_sure)
{
    // Most lines need not be parsed: their clock was right. Keys and values of a line are ours, and escaped.
    *ret_sure = strstr(row->line, "\"clock\":\"unsynchronised\"") == NULL;
    if (*ret_sure || selection->n_fixes == 0)
        return row->wall_ms;
    int64_t wall_ms = row->wall_ms;
    json_t *event = json_loadb(row->line, row->length, 0, NULL);
    const char *boot_id = text_or_nothing(event, "bootid");
    for (size_t i = 0; i < selection->n_fixes && !*ret_sure; i++) {
        const struct clock_fix *fix = &selection->fixes[i];
        if (fix->sequence <= row->sequence || strcmp(fix->boot_id, boot_id) != 0)
            continue;
        wall_ms += fix->offset_ms;
        *ret_sure = fix->trusted;
    }
    json_decref(event);
    return wall_ms;
}

static bool matches(const struct selection *selection, const struct journal_row *row)
{
    if (selection->class >= 0 && row->class != (enum event_class)selection->class)
        return false;
    if (selection->room != NULL && strcmp(row->room, selection->room) != 0)
        return false;
    if (!selection->has_since || selection->since.sequence > 0)
        return !selection->has_since || row->sequence >= selection->since.sequence;
    bool sure;
    return selection_time(selection, row, &sure) >= selection->since.wall_ms;
}

int selection_next(const struct selection *selection, struct journal_reader *reader, uint64_t *after,
                   struct journal_row *ret_row)
{
    struct journal_row row;
    int r;
    while ((r = journal_next(reader, *after, &row)) == 1) {
        *after = row.sequence;
        if (matches(selection, &row)) {
            *ret_row = row;
            return 1;
        }
    }
    return r;
}

// How many of the selection there are after `after`, up to `last`.
static int count_after(const struct selection *selection, struct journal_reader *reader, uint64_t after,
                       uint64_t last, uint64_t *ret_count)
{
    struct journal_row row;
    uint64_t count = 0;
    int r;
    while ((r = selection_next(selection, reader, &after, &row)) == 1 && row.sequence <= last)
        count++;
    *ret_count = count;
    return r < 0 ? r : 0;
}

// Pass over the first `n` of the selection after *after.
static int skip(const struct selection *selection, struct journal_reader *reader, uint64_t n, uint64_t *after)
{
    struct journal_row row;
    int r = 1;
    for (uint64_t i = 0; i < n && r == 1; i++)
        r = selection_next(selection, reader, after, &row);
    return r < 0 ? r : 0;
}

int selection_start(const struct selection *selection, struct journal_reader *reader, uint64_t *ret_after)
{
    uint64_t floor =
        selection->has_since && selection->since.sequence > 0 ? selection->since.sequence - 1 : 0;
    uint64_t after = floor;
    struct journal_extent extent;
    int r = selection->has_limit ? journal_extent(reader, &extent) : 0;
    // Look back in growing steps: the newest few of a long journal are found without reading all of it.
    for (uint64_t window = 256, count = 0; r == 0 && selection->has_limit; window *= 4) {
        after =
            extent.sequence > window && extent.sequence - window > floor ? extent.sequence - window : floor;
        r = count_after(selection, reader, after, extent.sequence, &count);
        if (r == 0 && (count >= selection->limit || after == floor)) {
            r = skip(selection, reader, count > selection->limit ? count - selection->limit : 0, &after);
            break;
        }
    }
    if (r == 0)
        *ret_after = after;
    return r;
}
