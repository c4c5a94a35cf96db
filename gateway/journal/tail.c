#include "gateway/journal/tail.h"

#include <errno.h>
#include <string.h>

#include "gateway/journal/database.h"

static void set_link(struct link *link, uint64_t number, const char *hash)
{
    link->number = number;
    memcpy(link->hash, hash, HASH_HEX_SIZE);
}

static void clear_link(struct link *link)
{
    *link = (struct link){ .number = 0 };
    memset(link->hash, '0', HASH_HEX_SIZE - 1);
}

void tail_clear(struct tail *tail)
{
    clear_link(&tail->all);
    clear_link(&tail->feed);
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        clear_link(&tail->classes[c]);
    }
}

// The one row (number, hash) of `sql`, which has the class as its parameter where it has one; no row is the
// beginning.
static int read_link(sqlite3 *db, const char *sql, const char *class, struct link *ret_link)
{
    clear_link(ret_link);
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (class) {
        database_bind_text(statement, 1, class, &code);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    int r = database_errno(db, code);
    if (code == SQLITE_ROW) {
        const unsigned char *hash = sqlite3_column_text(statement, 1);
        if (!hash || sqlite3_column_bytes(statement, 1) != HASH_HEX_SIZE - 1) {
            r = -EUCLEAN;
        } else {
            set_link(ret_link, (uint64_t)sqlite3_column_int64(statement, 0), (const char *)hash);
        }
    }
    sqlite3_finalize(statement);
    return r;
}

int tail_read(sqlite3 *db, struct tail *ret_tail)
{
    struct tail tail;
    int r = read_link(db, "SELECT sequence, hash FROM event ORDER BY sequence DESC LIMIT 1", NULL, &tail.all);
    uint64_t sum = 0;
    for (size_t c = 0; r == 0 && c < CLASS_COUNT; c++) {
        r = read_link(db, "SELECT classseq, hash FROM event WHERE class = ? ORDER BY classseq DESC LIMIT 1",
                      event_class_names[c], &tail.classes[c]);
        sum += tail.classes[c].number;
    }
    if (r == 0) {
        r = read_link(db, "SELECT feed, hash FROM event WHERE feed IS NOT NULL ORDER BY feed DESC LIMIT 1",
                      NULL, &tail.feed);
    }
    if (r == 0 && sum != tail.all.number) { // each event counts once in all and once in its class
        r = -EUCLEAN;
    }
    if (r == 0) {
        *ret_tail = tail;
    }
    return r;
}

void tail_next(const struct tail *tail, enum event_type type, enum event_class class,
               struct line_numbers *ret_numbers)
{
    *ret_numbers = (struct line_numbers){
        .sequence = tail->all.number + 1,
        .classseq = tail->classes[class].number + 1,
    };
    memcpy(ret_numbers->prev, tail->classes[class].hash, HASH_HEX_SIZE);
    if (event_in_feed(type, class)) {
        ret_numbers->feed = tail->feed.number + 1;
        memcpy(ret_numbers->feedprev, tail->feed.hash, HASH_HEX_SIZE);
    }
}

void tail_advance(struct tail *tail, enum event_class class, const struct line_numbers *numbers,
                  const char *hash)
{
    set_link(&tail->all, numbers->sequence, hash);
    set_link(&tail->classes[class], numbers->classseq, hash);
    if (numbers->feed != 0) {
        set_link(&tail->feed, numbers->feed, hash);
    }
}
