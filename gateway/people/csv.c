#include "gateway/people/csv.h"

#include <string.h>

static const unsigned char mark[] = { 0xef, 0xbb, 0xbf };
#define MARK_OVER (sizeof mark + 1)

void csv_init(struct csv *csv, const struct csv_sink *sink)
{
    *csv = (struct csv){ .sink = *sink, .problem = CSV_PROBLEM_COUNT, .line = 1, .row_line = 1 };
    csv->field = 1;
    csv->field_line = 1;
}

static void put(struct csv *csv, char c)
{
    if (csv->length == CSV_FIELD_MAX) {
        csv->problem = CSV_TOO_LONG;
        return;
    }
    csv->text[csv->length++] = c;
}

static void end_field(struct csv *csv)
{
    if (csv->problem != CSV_PROBLEM_COUNT) {
        csv->sink.problem(csv->sink.user, csv->field_line, csv->field, csv->problem);
    } else {
        csv->sink.field(csv->sink.user, csv->field_line, csv->field, csv->text, csv->length);
    }
    csv->state = CSV_START;
    csv->problem = CSV_PROBLEM_COUNT;
    csv->length = 0;
    csv->field_line = csv->line;
}

static void end_row(struct csv *csv)
{
    if (csv->field > 1 || csv->state != CSV_START) {
        end_field(csv);
        csv->sink.row(csv->sink.user, csv->row_line, csv->field);
    }
    csv->field = 1;
}

// What follows is dropped up to the next separator or end of line.
static void skip(struct csv *csv, enum csv_problem problem)
{
    csv->problem = problem;
    csv->state = CSV_SKIP;
}

static bool separates(struct csv *csv, char c)
{
    if (csv->separator == '\0' && (c == ',' || c == ';')) {
        csv->separator = c;
    }
    return csv->separator != '\0' && c == csv->separator;
}

// Outside of quotes.
static void take_plain(struct csv *csv, char c)
{
    if (separates(csv, c)) {
        end_field(csv);
        csv->field++;
    } else if (c == '\r' || c == '\n') {
        end_row(csv);
    } else if (csv->state == CSV_QUOTE_SEEN) {
        skip(csv, CSV_AFTER_QUOTE);
    } else if (csv->state == CSV_PLAIN && c == '"') {
        skip(csv, CSV_QUOTE_INSIDE);
    } else if (csv->state != CSV_SKIP) {
        csv->state = CSV_PLAIN;
        put(csv, c);
    }
}

static void take(struct csv *csv, char c)
{
    switch (csv->state) {
    case CSV_START:
        if (c == '"') {
            csv->state = CSV_QUOTED;
            break;
        }
        take_plain(csv, c);
        break;
    case CSV_QUOTED:
        if (c == '"') {
            csv->state = CSV_QUOTE_SEEN;
        } else {
            put(csv, c);
        }
        break;
    case CSV_QUOTE_SEEN:
        if (c == '"') {
            csv->state = CSV_QUOTED;
            put(csv, c);
            break;
        }
        take_plain(csv, c);
        break;
    case CSV_PLAIN:
    case CSV_SKIP:
        take_plain(csv, c);
        break;
    }
}

// Lines are counted here, since quotes may hold some too. The LF of a CRLF ends nothing more.
static void take_counted(struct csv *csv, char c)
{
    bool second = c == '\n' && csv->after_cr;
    csv->after_cr = c == '\r';
    csv->line += (c == '\n' || c == '\r') && !second;
    if (second && csv->state == CSV_QUOTED) {
        put(csv, c);
    } else if (!second) {
        take(csv, c);
    }
    if (csv->state == CSV_START) {
        csv->field_line = csv->line;
        csv->row_line = csv->field == 1 ? csv->line : csv->row_line;
    }
}

// Bytes that only look like the beginning of the mark are text after all.
static void take_first(struct csv *csv, char c)
{
    if ((unsigned char)c == mark[csv->mark]) {
        csv->mark++;
        csv->mark = csv->mark == sizeof mark ? MARK_OVER : csv->mark;
        return;
    }
    unsigned held = csv->mark;
    csv->mark = MARK_OVER;
    for (unsigned i = 0; i < held; i++) {
        take_counted(csv, (char)mark[i]);
    }
    take_counted(csv, c);
}

void csv_feed(struct csv *csv, const void *bytes, size_t length)
{
    const char *s = bytes;
    for (size_t i = 0; i < length; i++) {
        if (csv->mark == MARK_OVER) {
            take_counted(csv, s[i]);
        } else {
            take_first(csv, s[i]);
        }
    }
}

void csv_end(struct csv *csv)
{
    for (unsigned i = 0; csv->mark < sizeof mark && i < csv->mark; i++) {
        take_counted(csv, (char)mark[i]);
    }
    if (csv->state == CSV_QUOTED) {
        csv->problem = CSV_UNENDED;
    }
    end_row(csv);
}
