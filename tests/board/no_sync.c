// For the control runs alone, loaded before careroomd by LD_PRELOAD: the journal's pragma becomes what
// BOARD_SYNCHRONOUS says, OFF or NORMAL. A power-cut test that is content with either tests nothing.
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*exec_fn)(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);

int sqlite3_exec(sqlite3 *db, const char *sql, int (*callback)(void *, int, char **, char **), void *user,
                 char **ret_error)
{
    union {
        void *symbol;
        exec_fn exec;
    } real = { .symbol = dlsym(RTLD_NEXT, "sqlite3_exec") };
    const char *weaker = getenv("BOARD_SYNCHRONOUS");
    int r = real.exec(db, sql, callback, user, ret_error);
    if (r == SQLITE_OK && weaker && strstr(sql, "PRAGMA synchronous=FULL")) {
        char pragma[64];
        snprintf(pragma, sizeof pragma, "PRAGMA synchronous=%s", weaker);
        fprintf(stderr, "board-no-sync: %s\n", pragma);
        r = real.exec(db, pragma, NULL, NULL, NULL);
    }
    return r;
}
