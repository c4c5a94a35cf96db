// SQLite as the journal's files need it: opened by kind (application id and schema version), errors as errno.
// Inside gateway/journal/ alone. Every connection belongs to one thread at a time.
#ifndef CAREROOM_JOURNAL_DATABASE_H
#define CAREROOM_JOURNAL_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

// What a file must be, and how one is made of an empty file.
struct database_kind {
    int64_t application_id;
    int64_t version;
    const char *schema;   // run once, in one transaction with the two numbers above
    const char *settings; // pragmas of every writing connection
    const char *upgrade;  // from the version before, run in one transaction with the new number; NULL: none
};

// Open for writing, in WAL mode, the WAL staying when the last connection closes. `create`: an absent or
// empty file becomes one of this kind, mode 0640. 0, or -ENOENT (absent, and not to be created), -EUCLEAN (of
// another kind or a newer version, or damaged; untouched), -EROFS, -ENOSPC, -EACCES, -EBUSY, -EIO, -ENOMEM.
// Blocks on the disk.
int database_open(const char *file, const struct database_kind *kind, bool create, sqlite3 **ret_db);

// Open for reading alone, also as a user who may not write. -ENOENT: absent, or not made yet. Else as above.
int database_open_reader(const char *file, const struct database_kind *kind, sqlite3 **ret_db);

// An SQLite result as 0 or negative errno. Asks the connection for the system's own error: to be called
// before anything else is done with it.
int database_errno(sqlite3 *db, int code);

// Prepare a statement that stays. Returns an SQLite result, as do the next ones.
int database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement);

// Bind the parameter `at` (from 1). *code collects: once not SQLITE_OK it stays and nothing more is bound.
// Text is not copied and must live until the statement has run.
void database_bind_integer(sqlite3_stmt *statement, int at, int64_t number, int *code);
void database_bind_text(sqlite3_stmt *statement, int at, const char *text, int *code);

// Run a statement that gives no rows, if `code` (of the binds) is SQLITE_OK, and make it ready for the next
// time.
int database_run(sqlite3_stmt *statement, int code);

// The one integer that `sql` gives.
int database_integer(sqlite3 *db, const char *sql, int64_t *ret_number);

#endif
