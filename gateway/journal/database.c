#include "gateway/journal/database.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0640 // the group may read: uplink, panel, staff

// Nobody but the one writer takes the lock, except a person with a shell.
#define BUSY_WAIT_MS 1000

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

int database_errno(sqlite3 *db, int code)
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

int database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement)
{
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL);
}

void database_bind_integer(sqlite3_stmt *statement, int at, int64_t number, int *code)
{
    if (*code == SQLITE_OK) {
        *code = sqlite3_bind_int64(statement, at, number);
    }
}

void database_bind_text(sqlite3_stmt *statement, int at, const char *text, int *code)
{
    if (*code == SQLITE_OK) {
        *code = sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
    }
}

int database_run(sqlite3_stmt *statement, int code)
{
    if (code == SQLITE_OK) {
        int step = sqlite3_step(statement);
        code = step == SQLITE_DONE ? SQLITE_OK : step;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return code;
}

int database_integer(sqlite3 *db, const char *sql, int64_t *ret_number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            *ret_number = sqlite3_column_int64(statement, 0);
            code = SQLITE_OK;
        } else if (code == SQLITE_DONE) {
            code = SQLITE_CORRUPT; // each of our questions has an answer
        }
    }
    sqlite3_finalize(statement);
    return code;
}

// A name that was made is on the disk only after a sync of its directory.
static int sync_directory_of(const char *file)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s", file) >= (int)sizeof path) {
        return -ENAMETOOLONG;
    }
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    return r;
}

// Make the file or correct its mode. Its -wal and -shm get their modes from it. An existing file is not
// opened: closing it again would drop the locks that another connection of this process may hold.
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
    if (stat(file, &st) < 0) {
        return -errno;
    }
    bool good = (st.st_mode & 07777) == FILE_MODE;
    return good || chmod(file, FILE_MODE) == 0 || errno == EROFS ? 0 : -errno;
}

enum found { FOUND_EMPTY, FOUND_OLD, FOUND_READY };

// What the file is: nothing has been written yet, of the version before, or as it should be. -EUCLEAN where
// it is something else than `kind`.
static int identify(sqlite3 *db, const struct database_kind *kind, enum found *ret_found)
{
    int64_t id = 0, version = 0, objects = 0;
    int code = database_integer(db, "PRAGMA application_id", &id);
    if (code == SQLITE_OK) {
        code = database_integer(db, "PRAGMA user_version", &version);
    }
    if (code == SQLITE_OK) {
        code = database_integer(db, "SELECT count(*) FROM sqlite_schema", &objects);
    }
    if (code != SQLITE_OK) {
        return database_errno(db, code);
    }
    if (id == 0 && version == 0 && objects == 0) {
        *ret_found = FOUND_EMPTY;
    } else if (id != kind->application_id) {
        return -EUCLEAN;
    } else if (version == kind->version) {
        *ret_found = FOUND_READY;
    } else if (kind->upgrade && version == kind->version - 1) {
        *ret_found = FOUND_OLD;
    } else {
        return -EUCLEAN;
    }
    return 0;
}

static int connect_to(const char *name, int flags, sqlite3 **ret_db)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(name, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK) {
        int r = db ? database_errno(db, code) : -ENOMEM;
        sqlite3_close(db);
        return r;
    }
    sqlite3_busy_timeout(db, BUSY_WAIT_MS);
    // A file may come from anywhere (an auditor's stick): its schema gets no say.
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    *ret_db = db;
    return 0;
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
    int r = database_errno(db, code);
    sqlite3_finalize(statement);
    if (r < 0) {
        return r;
    }
    int persist = 1; // a reader who may not write can't make a -wal and -shm of its own
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    return wal ? 0 : -EIO; // the file system has no shared memory
}

static int make_schema(sqlite3 *db, const struct database_kind *kind, const char *schema)
{
    char numbers[96];
    snprintf(numbers, sizeof numbers, "PRAGMA application_id=%lld; PRAGMA user_version=%lld; COMMIT",
             (long long)kind->application_id, (long long)kind->version);
    const char *const steps[] = { "BEGIN IMMEDIATE", schema, numbers };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int code = sqlite3_exec(db, steps[i], NULL, NULL, NULL);
        if (code != SQLITE_OK) {
            return database_errno(db, code); // closing the connection rolls back
        }
    }
    return 0;
}

static int make_ready(sqlite3 *db, const struct database_kind *kind, bool create)
{
    enum found found = FOUND_EMPTY;
    int r = identify(db, kind, &found); // before anything is written to a file that may be somebody else's
    if (r < 0) {
        return r;
    }
    if (sqlite3_db_readonly(db, "main")) {
        return -EROFS;
    }
    if (found == FOUND_EMPTY && !create) {
        return -ENOENT;
    }
    int code = sqlite3_exec(db, kind->settings, NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        return database_errno(db, code);
    }
    r = use_wal(db);
    if (r < 0 || found == FOUND_READY) {
        return r;
    }
    return make_schema(db, kind, found == FOUND_EMPTY ? kind->schema : kind->upgrade);
}

int database_open(const char *file, const struct database_kind *kind, bool create, sqlite3 **ret_db)
{
    int r = create ? make_file(file) : access(file, F_OK) < 0 ? -errno : 0;
    sqlite3 *db = NULL;
    if (r == 0) {
        r = connect_to(file, SQLITE_OPEN_READWRITE, &db);
    }
    if (r < 0) {
        return r;
    }
    r = make_ready(db, kind, create);
    if (r < 0) {
        sqlite3_close(db);
        return r;
    }
    *ret_db = db;
    return 0;
}

// "file:…?immutable=1": for a copy without its -wal on a medium that can't be written to (an auditor's disc).
static int connect_immutable(const char *file, sqlite3 **ret_db)
{
    char uri[3 * PATH_MAX + 32];
    size_t n = (size_t)snprintf(uri, sizeof uri, "file:");
    for (const char *p = file; *p && n < 3 * PATH_MAX; p++) {
        bool plain = isalnum((unsigned char)*p) || strchr("/-._~", *p);
        n += (size_t)snprintf(uri + n, sizeof uri - n, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
    snprintf(uri + n, sizeof uri - n, "?immutable=1");
    return connect_to(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, ret_db);
}

static bool has_wal(const char *file)
{
    char wal[PATH_MAX];
    struct stat st;
    return snprintf(wal, sizeof wal, "%s-wal", file) < (int)sizeof wal && stat(wal, &st) == 0 &&
           st.st_size > 0;
}

int database_open_reader(const char *file, const struct database_kind *kind, sqlite3 **ret_db)
{
    if (access(file, R_OK) < 0) {
        return -errno;
    }
    sqlite3 *db = NULL;
    int r = connect_to(file, SQLITE_OPEN_READONLY, &db);
    if (r < 0) {
        return r;
    }
    enum found found = FOUND_EMPTY;
    r = identify(db, kind, &found);
    if (r < 0 && r != -EUCLEAN && !has_wal(file)) {
        sqlite3_close(db);
        db = NULL;
        r = connect_immutable(file, &db);
        r = r < 0 ? r : identify(db, kind, &found);
    }
    if (r < 0 || found == FOUND_EMPTY) {
        sqlite3_close(db);
        return r < 0 ? r : -ENOENT;
    }
    *ret_db = db;
    return 0;
}
