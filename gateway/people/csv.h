// Comma separated values (RFC 4180), fed with bytes: no I/O, no allocation. Knows rows and fields, and
// nothing of what stands in them.
//
// A UTF-8 byte order mark is skipped. Fields are separated by the first comma or semicolon outside of quotes
// that comes. Rows end with LF, CR or CRLF; lines without a byte are none.
#ifndef CAREROOM_PEOPLE_CSV_H
#define CAREROOM_PEOPLE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_FIELD_MAX 1024 // bytes

enum csv_problem {
    CSV_QUOTE_INSIDE, // a quote in a field that does not begin with one
    CSV_AFTER_QUOTE,  // something between the closing quote and the separator
    CSV_UNENDED,      // the file ends within quotes
    CSV_TOO_LONG,     // longer than CSV_FIELD_MAX
    CSV_PROBLEM_COUNT
};

// line: where the field begins, from 1; field: from 1.
struct csv_sink {
    void (*field)(void *user, unsigned line, unsigned field, const char *text, size_t length);
    void (*problem)(void *user, unsigned line, unsigned field, enum csv_problem problem); // instead of field
    void (*row)(void *user, unsigned line, unsigned fields); // after its fields; line: where it begins
    void *user;
};

enum csv_state { CSV_START, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE_SEEN, CSV_SKIP };

struct csv {
    struct csv_sink sink;
    enum csv_state state;
    enum csv_problem problem; // CSV_PROBLEM_COUNT: none in this field
    char separator;           // '\0': none has come
    bool after_cr;
    unsigned mark; // bytes of the byte order mark so far; more than that: its time is over
    unsigned line, field_line, row_line, field;
    size_t length;
    char text[CSV_FIELD_MAX];
};

void csv_init(struct csv *csv, const struct csv_sink *sink);
void csv_feed(struct csv *csv, const void *bytes, size_t length);
void csv_end(struct csv *csv); // what has no end of line ends here

#endif
