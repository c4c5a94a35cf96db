// What was written of people, before it is judged: rows of a file or one command.
#ifndef CAREROOM_PEOPLE_DRAFT_H
#define CAREROOM_PEOPLE_DRAFT_H

#include "gateway/people/csv.h"
#include "gateway/people/inside.h"

// One row. A cell is NULL where there is none, or where it was unreadable (told).
struct draft {
    unsigned line;
    bool broken; // something of it could not be read (told): what is missing is no mistake more
    char *cells[PEOPLE_COLUMN_COUNT];
    char *memory; // holds the cells
    size_t size;
};

#define FIELDS_MAX 64

// Rows as they come out of the file.
struct drafts {
    struct messages messages;
    struct draft *list;
    size_t n, capacity;
    unsigned field_of[PEOPLE_COLUMN_COUNT]; // position in a line; 0: the file has not this column
    bool failed;                            // no memory
    // The file's own
    struct csv csv;
    bool has_header;
    unsigned header_fields;
    enum people_column column_of[FIELDS_MAX]; // PEOPLE_COLUMN_COUNT: unknown (told)
    // The row under way: its cells one after the other, each with its terminator
    size_t at[PEOPLE_COLUMN_COUNT]; // SIZE_MAX: none
    size_t used;
    bool row_broken, row_blank;
    char row[PEOPLE_COLUMN_COUNT * (CSV_FIELD_MAX + 1)];
};

struct drafts *drafts_new(void); // NULL: no memory
void drafts_free(struct drafts *drafts);
// A row that was not in a file; cells may be NULL.
int drafts_add(struct drafts *drafts, const char *const cells[PEOPLE_COLUMN_COUNT]);

#endif
