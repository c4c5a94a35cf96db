#include "gateway/journal/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/ids.h"
#include "gateway/journal/database.h"
#include "gateway/journal/reader_rows.h"
#include "gateway/journal/schema.h"

#define TYPE_SIZE 64

enum statement { NEXT, NEXT_OF_CLASS, LAST, LAST_OF_CLASS, LAST_OF_FEED, BEGIN, END, STATEMENT_COUNT };

#define COLUMNS "SELECT sequence, class, classseq, feed, wall_ms, room, type, line, hash FROM event"

static const char *const sql[STATEMENT_COUNT] = {
    [NEXT] = COLUMNS " WHERE sequence > ? ORDER BY sequence LIMIT 1",
    [NEXT_OF_CLASS] = COLUMNS " WHERE class = ? AND classseq > ? ORDER BY classseq LIMIT 1",
    [LAST] = "SELECT max(sequence) FROM event",
    [LAST_OF_CLASS] = "SELECT max(classseq) FROM event WHERE class = ?",
    [LAST_OF_FEED] = "SELECT max(feed) FROM event WHERE feed IS NOT NULL",
    [BEGIN] = "BEGIN",
    [END] = "COMMIT",
};
_Static_assert(STATEMENT_COUNT == 7, "sql");

struct journal_reader {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    // The row that was handed out last.
    char room[ID_SIZE], type[TYPE_SIZE], line[LINE_MAX_BYTES], hash[HASH_HEX_SIZE];
};

sqlite3 *journal_reader_db(struct journal_reader *reader)
{
    return reader->db;
}

int journal_class_find(const char *name, enum event_class *ret_class)
{
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        if (strcmp(event_class_names[c], name) == 0) {
            *ret_class = (enum event_class)c;
            return 0;
        }
    }
    return -ENOENT;
}

int journal_reader_open(const char *file, struct journal_reader **ret_reader)
{
    struct journal_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        return -ENOMEM;
    }
    int r = database_open_reader(file, &journal_kind, &reader->db);
    for (size_t s = 0; r == 0 && s < STATEMENT_COUNT; s++) {
        r = database_errno(reader->db, database_prepare(reader->db, sql[s], &reader->statements[s]));
    }
    if (r < 0) {
        journal_reader_close(reader);
        return r;
    }
    *ret_reader = reader;
    return 0;
}

void journal_reader_close(struct journal_reader *reader)
{
    if (!reader) {
        return;
    }
    for (size_t s = 0; s < STATEMENT_COUNT; s++) {
        sqlite3_finalize(reader->statements[s]);
    }
    sqlite3_close(reader->db);
    free(reader);
}

// The text of a column into buf. False where it is longer than anything that the journal writes.
static bool copy_text(sqlite3_stmt *statement, int column, char *buf, size_t size)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    size_t n = (size_t)sqlite3_column_bytes(statement, column);
    if (!text || n >= size) {
        return false;
    }
    memcpy(buf, text, n);
    buf[n] = '\0';
    return true;
}

// 1, or -EUCLEAN for a row that the journal can't have written.
static int copy_row(struct journal_reader *reader, sqlite3_stmt *statement, struct journal_row *ret_row)
{
    const char *class = (const char *)sqlite3_column_text(statement, 1);
    struct journal_row row = {
        .sequence = (uint64_t)sqlite3_column_int64(statement, 0),
        .classseq = (uint64_t)sqlite3_column_int64(statement, 2),
        .feed = (uint64_t)sqlite3_column_int64(statement, 3), // NULL is 0
        .wall_ms = sqlite3_column_int64(statement, 4),
        .room = reader->room,
        .type = reader->type,
        .line = reader->line,
        .hash = reader->hash,
    };
    if (!class || journal_class_find(class, &row.class) < 0 ||
        !copy_text(statement, 5, reader->room, sizeof reader->room) ||
        !copy_text(statement, 6, reader->type, sizeof reader->type) ||
        !copy_text(statement, 7, reader->line, sizeof reader->line) ||
        !copy_text(statement, 8, reader->hash, sizeof reader->hash)) {
        return -EUCLEAN;
    }
    row.length = (size_t)sqlite3_column_bytes(statement, 7);
    *ret_row = row;
    return 1;
}

// Step once and end the read transaction at once: a reader that stays in one keeps the writer's WAL growing.
static int step_row(struct journal_reader *reader, sqlite3_stmt *statement, int code,
                    struct journal_row *ret_row)
{
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    int r = code == SQLITE_ROW ? copy_row(reader, statement, ret_row) : database_errno(reader->db, code);
    sqlite3_reset(statement);
    return r;
}

// Numbers above what SQLite holds have nothing after them.
static int64_t as_number(uint64_t number)
{
    return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

int journal_next_of_class(struct journal_reader *reader, enum event_class class, uint64_t after_classseq,
                          struct journal_row *ret_row)
{
    sqlite3_stmt *statement = reader->statements[NEXT_OF_CLASS];
    int code = SQLITE_OK;
    database_bind_text(statement, 1, event_class_names[class], &code);
    database_bind_integer(statement, 2, as_number(after_classseq), &code);
    return step_row(reader, statement, code, ret_row);
}

int journal_next(struct journal_reader *reader, uint64_t after_sequence, struct journal_row *ret_row)
{
    sqlite3_stmt *statement = reader->statements[NEXT];
    int code = SQLITE_OK;
    database_bind_integer(statement, 1, as_number(after_sequence), &code);
    return step_row(reader, statement, code, ret_row);
}

// The highest number that `which` gives for a class (NULL: it has no parameter). *code collects.
static uint64_t highest(struct journal_reader *reader, enum statement which, const char *class, int *code)
{
    sqlite3_stmt *statement = reader->statements[which];
    uint64_t number = 0;
    if (class) {
        database_bind_text(statement, 1, class, code);
    }
    if (*code == SQLITE_OK) {
        int step = sqlite3_step(statement);
        *code = step == SQLITE_ROW ? SQLITE_OK : step;
        number = (uint64_t)sqlite3_column_int64(statement, 0);
    }
    sqlite3_reset(statement);
    return number;
}

int journal_extent(struct journal_reader *reader, struct journal_extent *ret_extent)
{
    int code = database_run(reader->statements[BEGIN], SQLITE_OK);
    struct journal_extent extent = { .sequence = highest(reader, LAST, NULL, &code) };
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        extent.classseq[c] = highest(reader, LAST_OF_CLASS, event_class_names[c], &code);
    }
    extent.feed = highest(reader, LAST_OF_FEED, NULL, &code);
    int r = database_errno(reader->db, code);
    database_run(reader->statements[END], SQLITE_OK); // nothing was written: it can only end
    if (r == 0) {
        *ret_extent = extent;
    }
    return r;
}
