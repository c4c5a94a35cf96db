#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/journal/database.h"
#include "gateway/journal/reader.h"
#include "gateway/journal/reader_rows.h"
#include "gateway/journal/tail.h"

// Rows in one read transaction: few, so that the writer's WAL does not grow behind a long walk.
#define ROWS_AT_ONCE 256

#define MEMBERS 14 // of a line; two more in one of the feed

struct walk {
    struct journal_reader *reader;
    struct tail tail; // the chains as far as they have been checked
    char gateway[64], site[64];
    struct journal_verdict verdict;
};

struct row {
    int64_t sequence, classseq, feed, boottime_ns, wall_ms;
    const char *class_name, *room, *type, *line, *hash;
    size_t length;
    enum event_class class;
};

// First bad line found: what is wrong with it, after where it stands.
__attribute__((format(printf, 3, 4))) static int bad(struct walk *walk, const struct row *row,
                                                     const char *format, ...)
{
    struct journal_verdict *verdict = &walk->verdict;
    verdict->bad_sequence = walk->tail.all.number + 1;
    int n = snprintf(verdict->what, sizeof verdict->what,
                     "line %" PRIu64 " (classseq %" PRId64 " of %.16s): ", verdict->bad_sequence,
                     row->classseq, row->class_name);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict->what + n, sizeof verdict->what - (size_t)n, format, arguments);
    va_end(arguments);
    return -EBADMSG;
}

static const char *text(sqlite3_stmt *statement, int column)
{
    const unsigned char *there = sqlite3_column_text(statement, column);
    return there ? (const char *)there : "";
}

static void read_row(sqlite3_stmt *statement, struct row *ret_row)
{
    *ret_row = (struct row){
        .sequence = sqlite3_column_int64(statement, 0),
        .class_name = text(statement, 1),
        .classseq = sqlite3_column_int64(statement, 2),
        .feed = sqlite3_column_int64(statement, 3),
        .room = text(statement, 4),
        .type = text(statement, 5),
        .boottime_ns = sqlite3_column_int64(statement, 6),
        .wall_ms = sqlite3_column_int64(statement, 7),
        .line = text(statement, 8),
        .length = (size_t)sqlite3_column_bytes(statement, 8),
        .hash = text(statement, 9),
    };
}

// The row's own numbers must be the next ones.
static int check_numbers(struct walk *walk, struct row *row)
{
    const struct tail *tail = &walk->tail;
    int64_t expected = (int64_t)tail->all.number + 1;
    if (row->sequence != expected) {
        return row->sequence > expected
                   ? bad(walk, row, "missing; the next one there is %" PRId64, row->sequence)
                   : bad(walk, row, "a line numbered %" PRId64 " lies before it", row->sequence);
    }
    if (journal_class_find(row->class_name, &row->class) < 0) {
        return bad(walk, row, "there is no such class");
    }
    expected = (int64_t)tail->classes[row->class].number + 1;
    if (row->classseq != expected) {
        return bad(walk, row, "the class's next number is %" PRId64, expected);
    }
    expected = (int64_t)tail->feed.number + 1;
    if (row->feed != 0 && row->feed != expected) {
        return bad(walk, row, "feed number %" PRId64 " where %" PRId64 " is the next", row->feed, expected);
    }
    return 0;
}

static const char *member(const json_t *line, const char *key)
{
    const char *there = json_string_value(json_object_get(line, key));
    return there ? there : "";
}

// The line says `key`: `expected`. `of` names the other side for the message.
static int expect(struct walk *walk, const struct row *row, const json_t *line, const char *key,
                  const char *expected, const char *of)
{
    const char *there = member(line, key);
    return strcmp(there, expected) == 0 ? 0
                                        : bad(walk, row, "%s \"%.24s\" does not match %s", key, there, of);
}

static int expect_number(struct walk *walk, const struct row *row, const json_t *line, const char *key,
                         int64_t number)
{
    char expected[24];
    snprintf(expected, sizeof expected, "%" PRId64, number);
    return expect(walk, row, line, key, expected, "its row");
}

static int check_subject(struct walk *walk, const struct row *row, const json_t *line)
{
    const char *subject = member(line, "subject");
    size_t n = strlen(row->room);
    bool same = strncmp(subject, row->room, n) == 0 && (subject[n] == '\0' || subject[n] == '/');
    return same ? 0 : bad(walk, row, "subject \"%.40s\" is not of room \"%.32s\"", subject, row->room);
}

// What is written twice, in the line and in its row, must be the same: readers choose lines by their rows.
static int check_copies(struct walk *walk, const struct row *row, const json_t *line)
{
    char id[96], source[132], time[32];
    snprintf(id, sizeof id, "%s/%" PRId64, walk->gateway, row->sequence);
    snprintf(source, sizeof source, "/%s/%s", walk->site, walk->gateway);
    clock_format_utc(row->wall_ms, time, sizeof time);
    int r = expect_number(walk, row, line, "sequence", row->sequence);
    r = r == 0 ? expect_number(walk, row, line, "classseq", row->classseq) : r;
    r = r == 0 ? expect_number(walk, row, line, "boottimens", row->boottime_ns) : r;
    r = r == 0 ? expect(walk, row, line, "class", row->class_name, "its row") : r;
    r = r == 0 ? expect(walk, row, line, "type", row->type, "its row") : r;
    r = r == 0 ? expect(walk, row, line, "time", time, "its row") : r;
    r = r == 0 ? expect(walk, row, line, "id", id, "this journal") : r;
    r = r == 0 ? expect(walk, row, line, "source", source, "this journal") : r;
    return r == 0 ? check_subject(walk, row, line) : r;
}

static int check_chains(struct walk *walk, const struct row *row, const json_t *line)
{
    const struct tail *tail = &walk->tail;
    int r =
        expect(walk, row, line, "prev", tail->classes[row->class].hash, "the line before it in its class");
    if (r < 0) {
        return r;
    }
    if (row->feed == 0) {
        bool absent = !json_object_get(line, "feed") && !json_object_get(line, "feedprev");
        return absent ? 0 : bad(walk, row, "of the feed, but not in its row");
    }
    r = expect_number(walk, row, line, "feed", row->feed);
    return r == 0 ? expect(walk, row, line, "feedprev", tail->feed.hash, "the feed's line before it") : r;
}

static int check_line(struct walk *walk, const struct row *row, const json_t *line)
{
    if (json_object_size(line) != (row->feed == 0 ? MEMBERS : MEMBERS + 2)) {
        return bad(walk, row, "not a line of this form");
    }
    int r = check_copies(walk, row, line);
    return r == 0 ? check_chains(walk, row, line) : r;
}

static int check_row(struct walk *walk, struct row *row)
{
    int r = check_numbers(walk, row);
    if (r < 0) {
        return r;
    }
    char hash[HASH_HEX_SIZE];
    r = line_hash(row->line, row->length, hash);
    if (r < 0) {
        return r;
    }
    if (strcmp(hash, row->hash) != 0) {
        return bad(walk, row, "its bytes are not those that were written (SHA-256 differs)");
    }
    json_t *line = json_loadb(row->line, row->length, JSON_REJECT_DUPLICATES, NULL);
    r = line ? check_line(walk, row, line) : bad(walk, row, "not a JSON object");
    json_decref(line);
    if (r < 0) {
        return r;
    }
    struct line_numbers numbers = {
        .sequence = (uint64_t)row->sequence,
        .classseq = (uint64_t)row->classseq,
        .feed = (uint64_t)row->feed,
    };
    tail_advance(&walk->tail, row->class, &numbers, hash);
    walk->verdict.checked++;
    walk->verdict.per_class[row->class]++;
    walk->verdict.feed += row->feed != 0;
    return 0;
}

// The next rows in one short transaction: how many there were, or negative errno.
static int check_some(struct walk *walk, sqlite3_stmt *statement)
{
    sqlite3 *db = journal_reader_db(walk->reader);
    // From the very start, so that a row with a number below 1 is seen too.
    int64_t after = walk->tail.all.number == 0 ? INT64_MIN : (int64_t)walk->tail.all.number;
    int code = SQLITE_OK, r = 0, n = 0;
    database_bind_integer(statement, 1, after, &code);
    while (r == 0 && (code == SQLITE_OK || code == SQLITE_ROW)) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            struct row row;
            read_row(statement, &row);
            r = check_row(walk, &row);
            n++;
        }
    }
    if (r == 0) {
        r = database_errno(db, code);
    }
    sqlite3_reset(statement);
    return r < 0 ? r : n;
}

static int read_name(sqlite3 *db, const char *sql, char *buf, size_t size)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    int r = code == SQLITE_DONE ? -EUCLEAN : database_errno(db, code);
    if (code == SQLITE_ROW) {
        snprintf(buf, size, "%s", text(statement, 0));
    }
    sqlite3_finalize(statement);
    return r;
}

static int begin_walk(struct walk *walk)
{
    sqlite3 *db = journal_reader_db(walk->reader);
    int r =
        read_name(db, "SELECT value FROM meta WHERE key = 'gateway'", walk->gateway, sizeof walk->gateway);
    if (r == 0) {
        r = read_name(db, "SELECT value FROM meta WHERE key = 'site'", walk->site, sizeof walk->site);
    }
    tail_clear(&walk->tail);
    return r;
}

int journal_verify(struct journal_reader *reader, void (*progress)(uint64_t checked, void *user), void *user,
                   struct journal_verdict *ret_verdict)
{
    static const char sql[] =
        "SELECT sequence, class, classseq, feed, room, type, boottime_ns, wall_ms, line, hash"
        " FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?";
    struct walk walk = { .reader = reader };
    int r = begin_walk(&walk);
    sqlite3 *db = journal_reader_db(reader);
    sqlite3_stmt *statement = NULL;
    int code = r == 0 ? database_prepare(db, sql, &statement) : SQLITE_OK;
    database_bind_integer(statement, 2, ROWS_AT_ONCE, &code);
    if (r == 0) {
        r = code == SQLITE_OK ? 1 : database_errno(db, code);
    }
    while (r > 0) {
        r = check_some(&walk, statement);
        if (r > 0 && progress) {
            progress(walk.verdict.checked, user);
        }
    }
    sqlite3_finalize(statement);
    if (r == 0 || r == -EBADMSG) {
        *ret_verdict = walk.verdict;
    }
    return r;
}
