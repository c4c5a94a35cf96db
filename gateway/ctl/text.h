// Text for a terminal: widths in columns, colours, and nothing from outside that could steer the terminal.
#ifndef CAREROOM_CTL_TEXT_H
#define CAREROOM_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum text_style { STYLE_PLAIN, STYLE_HEAD, STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_FAINT, STYLE_COUNT };

// Choose the character set for widths, and whether stdout gets colours: a terminal, not a dumb one, and no
// NO_COLOR.
void text_init(void);

// The next character of UTF-8 text; broken bytes count as U+FFFD, one each. Returns the bytes taken; 0 at the
// end.
size_t text_next(const char *text, uint32_t *ret_character);

// Print text with every control and direction character shown as U+FFFD and line breaks as spaces, then
// spaces up to `columns` (0: none). Returns the columns taken by the text itself.
int text_put(FILE *out, enum text_style style, const char *text, int columns);

// Columns that text_put() would take.
int text_width(const char *text);

// Print a line of JSON and its line break. As it is into files and pipes, so that its bytes can be checked;
// on a terminal the characters that could steer it are written as \u escapes, which mean the same in JSON.
void text_put_json(FILE *out, const char *json);

// Whether stdout is a pipe or socket that nobody reads any more.
bool text_reader_gone(void);

// "850 ms", "12 s", "3 min", "2 h 5 min", "4 d 7 h".
void text_age(uint64_t ms, char *buf, size_t size);

// A table whose columns are as wide as their widest cell; the last is not padded. Rows are made cell by cell.
struct table {
    unsigned columns;
    unsigned indent;
    size_t n, room;
    struct table_cell *cells;
};
__attribute__((format(printf, 3, 4))) void table_cell(struct table *table, enum text_style style,
                                                      const char *format, ...);
void table_print(struct table *table); // to stdout; frees the cells

#endif
