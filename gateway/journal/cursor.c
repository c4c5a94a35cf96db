#include "gateway/journal/cursor.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/journal/database.h"

static const char schema[] = "CREATE TABLE cursor("
                             "  target TEXT NOT NULL, class TEXT NOT NULL, classseq INTEGER NOT NULL,"
                             "  PRIMARY KEY(target, class)"
                             ") STRICT, WITHOUT ROWID;"
                             "CREATE TABLE parked("
                             "  target TEXT NOT NULL, class TEXT NOT NULL, classseq INTEGER NOT NULL,"
                             "  reason INTEGER NOT NULL, PRIMARY KEY(target, class, classseq)"
                             ") STRICT, WITHOUT ROWID;";

// synchronous=NORMAL: a power cut may take the last moves, never the file. The cursor is then behind what was
// delivered, those events are delivered again and their ids tell the receiver. It is never ahead, since it
// moves only after the acknowledgement. A sync for each move would wear the card for nothing.
static const char settings[] = "PRAGMA synchronous=NORMAL;"
                               "PRAGMA journal_size_limit=-1;"
                               "PRAGMA wal_autocheckpoint=256;"
                               "PRAGMA cache_size=-128;";

static const struct database_kind cursor_kind = {
    .application_id = 0x63723175, // "cr1u"
    .version = 1,
    .schema = schema,
    .settings = settings,
};

enum statement { GET, SET, PARK, COUNT_PARKED, STATEMENT_COUNT };

static const char *const sql[STATEMENT_COUNT] = {
    [GET] = "SELECT classseq FROM cursor WHERE target = ? AND class = ?",
    [SET] = "INSERT OR REPLACE INTO cursor(target, class, classseq) VALUES(?, ?, ?)",
    [PARK] = "INSERT OR REPLACE INTO parked(target, class, classseq, reason) VALUES(?, ?, ?, ?)",
    [COUNT_PARKED] = "SELECT count(*) FROM parked WHERE target = ?",
};
_Static_assert(STATEMENT_COUNT == 4, "sql");

struct cursors {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

int cursors_open(const char *file, struct cursors **ret_cursors)
{
    struct cursors *cursors = calloc(1, sizeof *cursors);
    if (!cursors) {
        return -ENOMEM;
    }
    int r = database_open(file, &cursor_kind, true, &cursors->db);
    for (size_t s = 0; r == 0 && s < STATEMENT_COUNT; s++) {
        r = database_errno(cursors->db, database_prepare(cursors->db, sql[s], &cursors->statements[s]));
    }
    if (r < 0) {
        cursors_close(cursors);
        return r;
    }
    *ret_cursors = cursors;
    return 0;
}

void cursors_close(struct cursors *cursors)
{
    if (!cursors) {
        return;
    }
    for (size_t s = 0; s < STATEMENT_COUNT; s++) {
        sqlite3_finalize(cursors->statements[s]);
    }
    sqlite3_close(cursors->db);
    free(cursors);
}

// The one number of a bound statement; 0 where it gives no row.
static int read_number(struct cursors *cursors, sqlite3_stmt *statement, int code, uint64_t *ret_number)
{
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    int r = database_errno(cursors->db, code);
    if (r == 0) {
        *ret_number = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return r;
}

int cursors_get(struct cursors *cursors, const char *target, enum event_class class, uint64_t *ret_classseq)
{
    sqlite3_stmt *statement = cursors->statements[GET];
    int code = SQLITE_OK;
    database_bind_text(statement, 1, target, &code);
    database_bind_text(statement, 2, event_class_names[class], &code);
    return read_number(cursors, statement, code, ret_classseq);
}

int cursors_set(struct cursors *cursors, const char *target, enum event_class class, uint64_t classseq)
{
    uint64_t stored = 0;
    int r = cursors_get(cursors, target, class, &stored);
    if (r < 0 || classseq == stored) {
        return r;
    }
    if (classseq < stored || classseq > INT64_MAX) {
        return -EINVAL;
    }
    sqlite3_stmt *statement = cursors->statements[SET];
    int code = SQLITE_OK;
    database_bind_text(statement, 1, target, &code);
    database_bind_text(statement, 2, event_class_names[class], &code);
    database_bind_integer(statement, 3, (int64_t)classseq, &code);
    return database_errno(cursors->db, database_run(statement, code));
}

int cursors_park(struct cursors *cursors, const char *target, enum event_class class, uint64_t classseq,
                 int reason)
{
    sqlite3_stmt *statement = cursors->statements[PARK];
    int code = SQLITE_OK;
    database_bind_text(statement, 1, target, &code);
    database_bind_text(statement, 2, event_class_names[class], &code);
    database_bind_integer(statement, 3, (int64_t)classseq, &code);
    database_bind_integer(statement, 4, reason, &code);
    return database_errno(cursors->db, database_run(statement, code));
}

int cursors_parked(struct cursors *cursors, const char *target, uint64_t *ret_count)
{
    sqlite3_stmt *statement = cursors->statements[COUNT_PARKED];
    int code = SQLITE_OK;
    database_bind_text(statement, 1, target, &code);
    return read_number(cursors, statement, code, ret_count);
}
