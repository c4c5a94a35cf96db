// From the file's fields to rows with cells: the header, blank rows, rows of another length, bytes that are
// no text.
#include "gateway/people/draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_COLUMN PEOPLE_COLUMN_COUNT

const char *const people_column_names[] = {
    [PEOPLE_KIND] = "kind",
    [PEOPLE_ID] = "id",
    [PEOPLE_NAME] = "name",
    [PEOPLE_ROOM] = "room",
    [PEOPLE_GROUP] = "group",
    [PEOPLE_BIRTH] = "birth",
    [PEOPLE_CARD] = "card",
    [PEOPLE_CARD_2] = "card2",
    [PEOPLE_PICKS_UP] = "picks_up",
    [PEOPLE_VALID_FROM] = "valid_from",
    [PEOPLE_VALID_UNTIL] = "valid_until",
};
_Static_assert(sizeof people_column_names / sizeof *people_column_names == PEOPLE_COLUMN_COUNT, "a column");

static const char all_columns[] =
    "the columns are kind, id, name, room, group, birth, card, card2, picks_up, valid_from, valid_until";

static void mistake(struct drafts *drafts, unsigned line, unsigned field, const char *wrong,
                    const char *instead)
{
    enum people_column column =
        drafts->has_header && field >= 1 && field <= FIELDS_MAX ? drafts->column_of[field - 1] : NO_COLUMN;
    message_add(&drafts->messages, false, line, field, column, wrong, "%s", instead);
}

// ---- Fields

// Without spaces and tabs around it.
static void trim(const char **text, size_t *length)
{
    while (*length > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*length)--;
    }
    while (*length > 0 && ((*text)[*length - 1] == ' ' || (*text)[*length - 1] == '\t')) {
        (*length)--;
    }
}

// What no cell may hold; NULL: nothing.
static const char *unreadable(const char *text, size_t length, const char **ret_instead)
{
    if (!text_is_utf8(text, length)) {
        *ret_instead = "save the file as CSV in UTF-8";
        return "is not UTF-8";
    }
    if (memchr(text, '\0', length)) {
        *ret_instead = "write text without control characters";
        return "holds a zero byte";
    }
    return NULL;
}

static void take_name_of_column(struct drafts *drafts, unsigned line, unsigned field, const char *text,
                                size_t length)
{
    if (field > FIELDS_MAX) {
        return; // told when the row ends
    }
    drafts->column_of[field - 1] = NO_COLUMN;
    for (int column = 0; column < PEOPLE_COLUMN_COUNT; column++) {
        const char *name = people_column_names[column];
        if (strlen(name) != length || strncasecmp(name, text, length) != 0) {
            continue;
        }
        if (drafts->field_of[column] != 0) {
            mistake(drafts, line, field, "is a column that was there before", "keep one of them");
            return;
        }
        drafts->field_of[column] = field;
        drafts->column_of[field - 1] = (enum people_column)column;
        return;
    }
    mistake(drafts, line, field, length == 0 ? "is a column without a name" : "is no known column",
            all_columns);
}

static void keep_cell(struct drafts *drafts, enum people_column column, const char *text, size_t length)
{
    drafts->at[column] = drafts->used;
    memcpy(drafts->row + drafts->used, text, length);
    drafts->row[drafts->used + length] = '\0';
    drafts->used += length + 1;
}

static void take_cell(struct drafts *drafts, unsigned line, unsigned field, const char *text, size_t length)
{
    drafts->row_blank &= length == 0;
    enum people_column column = field <= FIELDS_MAX ? drafts->column_of[field - 1] : NO_COLUMN;
    if (column == NO_COLUMN) {
        return;
    }
    const char *instead = NULL, *wrong = unreadable(text, length, &instead);
    if (wrong) {
        mistake(drafts, line, field, wrong, instead);
        drafts->row_broken = true;
        return;
    }
    keep_cell(drafts, column, text, length);
}

static void on_field(void *user, unsigned line, unsigned field, const char *text, size_t length)
{
    struct drafts *drafts = user;
    trim(&text, &length);
    if (drafts->has_header) {
        take_cell(drafts, line, field, text, length);
    } else {
        take_name_of_column(drafts, line, field, text, length);
    }
}

static void on_problem(void *user, unsigned line, unsigned field, enum csv_problem problem)
{
    static const struct {
        const char *wrong, *instead;
    } texts[] = {
        [CSV_QUOTE_INSIDE] = { "has a quote inside",
                               "put the whole field in quotes, and write \"\" for a quote" },
        [CSV_AFTER_QUOTE] = { "goes on after its closing quote", "write \"\" for a quote inside of quotes" },
        [CSV_UNENDED] = { "begins with a quote and never ends", "close the quote" },
        [CSV_TOO_LONG] = { "is longer than 1024 bytes", "look for a quote that is missing, or write less" },
    };
    _Static_assert(sizeof texts / sizeof *texts == CSV_PROBLEM_COUNT, "a problem without its text");
    struct drafts *drafts = user;
    if (!drafts->has_header && field <= FIELDS_MAX) {
        drafts->column_of[field - 1] = NO_COLUMN;
    }
    mistake(drafts, line, field, texts[problem].wrong, texts[problem].instead);
    drafts->row_broken = true;
    drafts->row_blank = false;
}

// ---- Rows

static int grow(struct drafts *drafts)
{
    if (drafts->n < drafts->capacity) {
        return 0;
    }
    size_t capacity = drafts->capacity ? 2 * drafts->capacity : 64;
    struct draft *list = reallocarray(drafts->list, capacity, sizeof *list); // the cells lie elsewhere
    if (!list) {
        return -ENOMEM;
    }
    drafts->list = list;
    drafts->capacity = capacity;
    return 0;
}

static void begin_row(struct drafts *drafts)
{
    for (int column = 0; column < PEOPLE_COLUMN_COUNT; column++) {
        drafts->at[column] = SIZE_MAX;
    }
    drafts->used = 0;
    drafts->row_broken = false;
    drafts->row_blank = true;
}

static int keep_row(struct drafts *drafts, unsigned line)
{
    if (grow(drafts) < 0) {
        return -ENOMEM;
    }
    struct draft *draft = &drafts->list[drafts->n];
    *draft = (struct draft){ .line = line, .broken = drafts->row_broken, .size = drafts->used };
    draft->memory = malloc(drafts->used + 1);
    if (!draft->memory) {
        return -ENOMEM;
    }
    memcpy(draft->memory, drafts->row, drafts->used);
    for (int column = 0; column < PEOPLE_COLUMN_COUNT; column++) {
        draft->cells[column] = drafts->at[column] == SIZE_MAX ? NULL : draft->memory + drafts->at[column];
    }
    drafts->n++;
    return 0;
}

static void end_header(struct drafts *drafts, unsigned line, unsigned fields)
{
    static const enum people_column needed[] = { PEOPLE_KIND, PEOPLE_ID, PEOPLE_NAME };
    if (fields > FIELDS_MAX) {
        mistake(drafts, line, 0, "has more than 64 columns", all_columns);
    }
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (drafts->field_of[needed[i]] == 0) {
            message_add(&drafts->messages, false, line, 0, needed[i], "is missing in the header", "%s",
                        all_columns);
        }
    }
    drafts->header_fields = fields;
    drafts->has_header = true;
}

static bool is_kind(const char *text)
{
    for (int kind = 0; kind < PERSON_KIND_COUNT; kind++) {
        if (strcmp(text, person_kind_names[kind]) == 0) {
            return true;
        }
    }
    return false;
}

// Of a row that has not the length of the header cells have moved into the wrong columns. What looks like its
// id and kind stays, for those who refer to it.
static void drop_cells(struct drafts *drafts)
{
    for (int column = 0; column < PEOPLE_COLUMN_COUNT; column++) {
        const char *cell = drafts->at[column] == SIZE_MAX ? "" : drafts->row + drafts->at[column];
        if ((column != PEOPLE_ID || !text_is_id(cell)) && (column != PEOPLE_KIND || !is_kind(cell))) {
            drafts->at[column] = SIZE_MAX;
        }
    }
}

static void on_row(void *user, unsigned line, unsigned fields)
{
    struct drafts *drafts = user;
    if (!drafts->has_header) {
        end_header(drafts, line, fields);
    } else if (!drafts->row_blank && drafts->n <= PEOPLE_MAX) { // one too many is told as that
        if (fields != drafts->header_fields) {
            message_add(&drafts->messages, false, line, 0, NO_COLUMN, "has not as many fields as the header",
                        "write %u fields, not %u; put a field with a separator in quotes",
                        drafts->header_fields, fields);
            drafts->row_broken = true;
            drop_cells(drafts);
        }
        drafts->failed |= keep_row(drafts, line) < 0;
    }
    begin_row(drafts);
}

struct drafts *drafts_new(void)
{
    struct drafts *drafts = calloc(1, sizeof *drafts);
    if (!drafts || messages_init(&drafts->messages) < 0) {
        free(drafts);
        return NULL;
    }
    csv_init(&drafts->csv, &(struct csv_sink){ on_field, on_problem, on_row, drafts });
    begin_row(drafts);
    return drafts;
}

int drafts_add(struct drafts *drafts, const char *const cells[PEOPLE_COLUMN_COUNT])
{
    begin_row(drafts);
    for (int column = 0; column < PEOPLE_COLUMN_COUNT; column++) {
        if (!cells[column]) {
            continue;
        }
        const char *text = cells[column];
        size_t length = strlen(text);
        trim(&text, &length);
        const char *instead = NULL, *wrong = unreadable(text, length, &instead);
        if (!wrong && length > CSV_FIELD_MAX) {
            wrong = "is longer than 1024 bytes";
            instead = "write less";
        }
        if (wrong) {
            message_add(&drafts->messages, false, 0, 0, (enum people_column)column, wrong, "%s", instead);
            drafts->row_broken = true;
            continue;
        }
        keep_cell(drafts, (enum people_column)column, text, length);
    }
    return keep_row(drafts, 0);
}

void drafts_free(struct drafts *drafts)
{
    if (!drafts) {
        return;
    }
    for (size_t i = 0; i < drafts->n; i++) {
        sodium_memzero(drafts->list[i].memory, drafts->list[i].size);
        free(drafts->list[i].memory);
    }
    free(drafts->list);
    messages_free(&drafts->messages);
    sodium_memzero(drafts, sizeof *drafts);
    free(drafts);
}
