// people.db: SQLite in WAL mode, held by one process alone, and written so that what is deleted is gone.
#include "gateway/people/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE      0600
#define BUSY_WAIT_MS   1000
#define APPLICATION_ID 0x63723170 // "cr1p"
#define VERSION        1
#define STRING(x)      STRING_OF(x)
#define STRING_OF(x)   #x

// Days are null where a validity has no beginning or end. A card's low parts are null where they are the
// whole, or nobody shortens it.
static const char schema[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE person("
    "  id TEXT PRIMARY KEY, kind TEXT NOT NULL, room TEXT NOT NULL, grp TEXT NOT NULL,"
    "  from_day INTEGER, until_day INTEGER, sealed BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE card("
    "  whole BLOB PRIMARY KEY, low32 BLOB, low24 BLOB, person TEXT NOT NULL REFERENCES person(id),"
    "  lost INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX card_by_person ON card(person);"
    "CREATE TABLE pickup("
    "  adult TEXT NOT NULL REFERENCES person(id), child TEXT NOT NULL REFERENCES person(id),"
    "  from_day INTEGER, until_day INTEGER, PRIMARY KEY(adult, child)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX pickup_by_child ON pickup(child);"
    "PRAGMA application_id=" STRING(APPLICATION_ID) ";PRAGMA user_version=" STRING(VERSION) ";";

// locking_mode before anything is read: no other process reads along, and there is no -shm. secure_delete and
// temp_store keep what is deleted or moved out of free pages and temporary files.
static const char settings[] = "PRAGMA locking_mode=EXCLUSIVE;"
                               "PRAGMA temp_store=MEMORY;"
                               "PRAGMA secure_delete=ON;"
                               "PRAGMA foreign_keys=ON;"
                               "PRAGMA synchronous=FULL;";

static int from_system(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return -ENOSPC;
    case EROFS:
    case EACCES:
    case ENOMEM:
        return -error;
    case EPERM:
        return -EACCES;
    default:
        return -EIO;
    }
}

static int store_errno(sqlite3 *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EUCLEAN;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return code == SQLITE_IOERR_NOMEM ? -ENOMEM : from_system(sqlite3_system_errno(db));
    default:
        return -EIO;
    }
}

// ---- Statements

static int bind(sqlite3_stmt *statement, const char *types, va_list arguments)
{
    int code = SQLITE_OK;
    for (int at = 1; *types && code == SQLITE_OK; types++, at++) {
        if (*types == 't') {
            code = sqlite3_bind_text(statement, at, va_arg(arguments, const char *), -1, SQLITE_STATIC);
        } else if (*types == 'i') {
            code = sqlite3_bind_int64(statement, at, va_arg(arguments, int64_t));
        } else if (*types == 'b') {
            const void *blob = va_arg(arguments, const void *);
            code = sqlite3_bind_blob64(statement, at, blob, va_arg(arguments, size_t), SQLITE_STATIC);
        } else {
            (void)va_arg(arguments, int64_t); // stays NULL
        }
    }
    return code;
}

static int query(sqlite3 *db, sqlite3_stmt **ret_statement, const char *sql, const char *types,
                 va_list arguments)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = bind(statement, types, arguments);
    }
    int r = store_errno(db, code);
    if (r < 0) {
        sqlite3_finalize(statement);
        return r;
    }
    *ret_statement = statement;
    return 0;
}

int store_query(const struct people *people, sqlite3_stmt **ret_statement, const char *sql, const char *types,
                ...)
{
    va_list arguments;
    va_start(arguments, types);
    int r = query(people->db, ret_statement, sql, types, arguments);
    va_end(arguments);
    return r;
}

int store_next(const struct people *people, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    return code == SQLITE_ROW ? 1 : store_errno(people->db, code);
}

int store_run(const struct people *people, int *ret_changes, const char *sql, const char *types, ...)
{
    sqlite3_stmt *statement = NULL;
    va_list arguments;
    va_start(arguments, types);
    int r = query(people->db, &statement, sql, types, arguments);
    va_end(arguments);
    if (r < 0) {
        return r;
    }
    r = store_next(people, statement);
    sqlite3_finalize(statement);
    if (r == 0 && ret_changes) {
        *ret_changes = sqlite3_changes(people->db);
    }
    return r < 0 ? r : 0;
}

static int execute(sqlite3 *db, const char *sql)
{
    return store_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int store_begin(const struct people *people)
{
    return execute(people->db, "BEGIN IMMEDIATE");
}

int store_end(const struct people *people, int r)
{
    r = r < 0 ? r : execute(people->db, "COMMIT");
    if (r < 0 && !sqlite3_get_autocommit(people->db)) {
        (void)execute(people->db, "ROLLBACK"); // what failed before is what is told
    }
    return r;
}

// ---- Traces

int store_remember_traces(const struct people *people)
{
    return store_run(people, NULL, "INSERT OR REPLACE INTO meta VALUES('traces', 1)", "");
}

// VACUUM copies what is left into a new file, by way of the WAL; the checkpoint puts it over the old one and
// cuts both to their length.
int store_remove_traces(const struct people *people)
{
    int busy = 1;
    int r = execute(people->db, "VACUUM");
    sqlite3_stmt *statement = NULL;
    r = r < 0 ? r : store_query(people, &statement, "PRAGMA wal_checkpoint(TRUNCATE)", "");
    if (r == 0) {
        r = store_next(people, statement);
        busy = r == 1 ? sqlite3_column_int(statement, 0) : 1;
        sqlite3_finalize(statement);
    }
    if (r >= 0 && busy != 0) {
        r = -EBUSY;
    }
    return r < 0 ? r : store_run(people, NULL, "DELETE FROM meta WHERE key = 'traces'", "");
}

static int finish_traces(const struct people *people)
{
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement, "SELECT 1 FROM meta WHERE key = 'traces'", "");
    if (r < 0) {
        return r;
    }
    r = store_next(people, statement);
    sqlite3_finalize(statement);
    return r == 1 ? store_remove_traces(people) : r;
}

// ---- Opening

static int sync_directory_of(const char *file)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", file);
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    return r;
}

// The -wal gets its mode from the file.
static int make_file(const char *file)
{
    int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd >= 0) {
        int r = fchmod(fd, FILE_MODE) < 0 ? -errno : 0; // whatever the umask is
        close(fd);
        return r < 0 ? r : sync_directory_of(file);
    }
    if (errno != EEXIST) {
        return -errno;
    }
    struct stat st;
    if (lstat(file, &st) < 0) {
        return -errno;
    }
    if (!S_ISREG(st.st_mode)) {
        return -EUCLEAN;
    }
    return (st.st_mode & 07777) == FILE_MODE || chmod(file, FILE_MODE) == 0 ? 0 : -errno;
}

static bool has_bytes(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0 && st.st_size > 0;
}

// A file without a byte is one whose making was cut short.
bool store_exists(const char *file)
{
    char wal[PATH_MAX];
    snprintf(wal, sizeof wal, "%s-wal", file);
    return has_bytes(file) || has_bytes(wal);
}

static int integer(sqlite3 *db, const char *sql, int64_t *ret_number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        *ret_number = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    }
    int r = store_errno(db, code);
    sqlite3_finalize(statement);
    return r;
}

// Before anything is written to a file that may be somebody else's.
static int identify(sqlite3 *db, bool *ret_empty)
{
    int64_t id = 0, version = 0, objects = 0;
    int r = integer(db, "PRAGMA application_id", &id);
    r = r < 0 ? r : integer(db, "PRAGMA user_version", &version);
    r = r < 0 ? r : integer(db, "SELECT count(*) FROM sqlite_schema", &objects);
    if (r < 0) {
        return r;
    }
    *ret_empty = id == 0 && version == 0 && objects == 0;
    return *ret_empty || (id == APPLICATION_ID && version == VERSION) ? 0 : -EUCLEAN;
}

static int use_wal(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA journal_mode=WAL", -1, &statement, NULL);
    bool wal = false;
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        wal = code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    }
    int r = store_errno(db, code);
    sqlite3_finalize(statement);
    return r < 0 ? r : wal ? 0 : -EIO;
}

static int make_schema(const struct people *people)
{
    int r = store_begin(people);
    if (r < 0) {
        return r;
    }
    r = execute(people->db, schema);
    if (r == 0) {
        r = store_run(people, NULL, "INSERT INTO meta VALUES('check', ?)", "b", people->keys.check,
                      (size_t)CHECK_SIZE);
    }
    return store_end(people, r);
}

static int compare_check(const struct people *people)
{
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement, "SELECT value FROM meta WHERE key = 'check'", "");
    if (r < 0) {
        return r;
    }
    r = store_next(people, statement);
    if (r == 0 || (r == 1 && sqlite3_column_bytes(statement, 0) != CHECK_SIZE)) {
        r = -EUCLEAN;
    } else if (r == 1) {
        const void *check = sqlite3_column_blob(statement, 0);
        r = sodium_memcmp(check, people->keys.check, CHECK_SIZE) == 0 ? 0 : -EKEYREJECTED;
    }
    sqlite3_finalize(statement);
    return r;
}

static int make_ready(const struct people *people)
{
    bool empty = false;
    int r = execute(people->db, settings);
    r = r < 0 ? r : identify(people->db, &empty);
    if (r == 0 && sqlite3_db_readonly(people->db, "main")) {
        r = -EROFS;
    }
    if (r == 0 && !empty) {
        r = compare_check(people);
    }
    r = r < 0 ? r : use_wal(people->db);
    if (r < 0) {
        return r;
    }
    return empty ? make_schema(people) : finish_traces(people);
}

int store_open(const char *file, const struct keys *keys, sqlite3 **ret_db)
{
    int r = make_file(file);
    if (r < 0) {
        return r;
    }
    struct people people = { .keys = *keys };
    int code = sqlite3_open_v2(file, &people.db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    r = people.db ? store_errno(people.db, code) : -ENOMEM;
    if (r == 0) {
        sqlite3_busy_timeout(people.db, BUSY_WAIT_MS);
        sqlite3_db_config(people.db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(people.db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        r = make_ready(&people);
    }
    sodium_memzero(&people.keys, sizeof people.keys);
    if (r < 0) {
        sqlite3_close(people.db);
        return r;
    }
    *ret_db = people.db;
    return 0;
}
