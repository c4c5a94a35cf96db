#include "gateway/journal/journal.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/journal/database.h"
#include "gateway/journal/rewrite.h"
#include "gateway/journal/schema.h"
#include "gateway/journal/tail.h"

#define CLOSE_WAIT_MS 100 // for a reader in the middle of a row; what stays in the WAL is as safe there

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    INSERT_EVENT,
    HASH_AT,
    PUT_STATE,
    PUT_NOTE,
    PUT_MINUTE,
    STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [INSERT_EVENT] =
        "INSERT INTO event(sequence, class, classseq, feed, room, type, boottime_ns, wall_ms, line, hash)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [HASH_AT] = "SELECT hash FROM event WHERE sequence = ?",
    [PUT_STATE] = "INSERT OR REPLACE INTO state(kind, room, item, state, condition, occurrence, bootid,"
                  " since_boottime_ns, since_wall_ms, until_boottime_ns, until_wall_ms, rest_ns, number0,"
                  " number1) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PUT_NOTE] = "INSERT INTO note(sequence, salt, text) VALUES(?, ?, ?)",
    [PUT_MINUTE] =
        "INSERT OR REPLACE INTO minute(minute_wall_s, room, point, quantity, min, mean, max, last, samples)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
};
_Static_assert(STATEMENT_COUNT == 8, "sql");

struct journal {
    char file[PATH_MAX];
    struct line_identity identity;
    sqlite3 *db;  // NULL where it could not be opened again
    bool suspect; // after an error of the disk: the next call opens the file again
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct tail acknowledged; // what callers have been told is there
    struct tail disk; // what is there: more than that after a commit that failed and stayed nevertheless
};

// An event on its way to its row.
struct encoded {
    const struct event *event;
    struct line_numbers numbers;
    int length;
    char line[LINE_MAX_BYTES];
    char hash[HASH_HEX_SIZE];
};

static void disconnect(struct journal *journal)
{
    for (size_t s = 0; s < STATEMENT_COUNT; s++) {
        sqlite3_finalize(journal->statements[s]);
        journal->statements[s] = NULL;
    }
    sqlite3_close(journal->db);
    journal->db = NULL;
}

// Whether the connection is as good as before. After a full or busy database it is; after anything else the
// file behind it may be gone, read-only or damaged, and only opening it again shows.
static bool still_usable(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
        return true;
    default:
        return false;
    }
}

// The one place where an SQLite error of the writer ends: nothing of the transaction stays, errno comes back.
// A suspect connection is closed only when the next call comes: as long as it is there, no reader takes what
// a failed commit left in the WAL for events.
static int give_up(struct journal *journal, int code)
{
    // Numbers that are taken: somebody else wrote. Once they have been read again the batch can be tried
    // again.
    int r = (code & 0xff) == SQLITE_CONSTRAINT ? -EBUSY : database_errno(journal->db, code);
    bool usable = still_usable(code);
    if (!sqlite3_get_autocommit(journal->db)) {
        usable = database_run(journal->statements[ROLLBACK], SQLITE_OK) == SQLITE_OK && usable;
    }
    journal->suspect = !usable;
    return r;
}

// Write the two names into a new journal, compare them in an old one.
static int check_owner(sqlite3 *db, const struct line_identity *identity)
{
    static const char put[] = "INSERT INTO meta(key, value) SELECT 'gateway', ?1 UNION ALL SELECT 'site', ?2";
    static const char same[] = "SELECT count(*) FROM meta WHERE (key = 'gateway' AND value = ?1)"
                               " OR (key = 'site' AND value = ?2)";
    int64_t names = 0;
    int code = database_integer(db, "SELECT count(*) FROM meta WHERE key IN ('gateway', 'site')", &names);
    sqlite3_stmt *statement = NULL;
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v2(db, names == 0 ? put : same, -1, &statement, NULL);
    }
    database_bind_text(statement, 1, identity->gateway, &code);
    database_bind_text(statement, 2, identity->site, &code);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    int r = database_errno(db, code);
    if (code == SQLITE_ROW && sqlite3_column_int64(statement, 0) != 2) {
        r = -EXDEV;
    }
    sqlite3_finalize(statement);
    return r;
}

static int connect_file(struct journal *journal, bool create)
{
    int r = database_open(journal->file, &journal_kind, create, &journal->db);
    if (r < 0) {
        return r;
    }
    r = check_owner(journal->db, &journal->identity);
    for (size_t s = 0; r == 0 && s < STATEMENT_COUNT; s++) {
        r = database_errno(journal->db, database_prepare(journal->db, sql[s], &journal->statements[s]));
    }
    if (r == 0) {
        r = tail_read(journal->db, &journal->disk);
    }
    if (r < 0) {
        disconnect(journal);
    }
    return r;
}

// Whether the row `sequence` is there and has this hash: 1, 0 or negative errno.
static int has_row(struct journal *journal, uint64_t sequence, const char *hash)
{
    sqlite3_stmt *statement = journal->statements[HASH_AT];
    int code = SQLITE_OK;
    database_bind_integer(statement, 1, (int64_t)sequence, &code);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    const unsigned char *there = code == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;
    bool same = there && strcmp((const char *)there, hash) == 0;
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? same : give_up(journal, code);
}

// Make the disk's own what the kernel may have given up on.
static int settle(struct journal *journal)
{
    int code = database_run(journal->statements[BEGIN], SQLITE_OK); // nobody else writes to the WAL meanwhile
    if (code != SQLITE_OK) {
        return database_errno(journal->db, code);
    }
    char wal[PATH_MAX + 8];
    snprintf(wal, sizeof wal, "%s-wal", journal->file);
    int r = rewrite_file(wal);
    code = database_run(journal->statements[ROLLBACK], SQLITE_OK);
    return r == 0 ? database_errno(journal->db, code) : r;
}

// The file is the one that we wrote: what was acknowledged is in it.
static int check_acknowledged(struct journal *journal)
{
    const struct link *last = &journal->acknowledged.all;
    int r = last->number == 0 ? 1 : has_row(journal, last->number, last->hash);
    return r == 0 ? -EUCLEAN : r < 0 ? r : 0;
}

// An earlier run in this boot may have ended over a sync that failed; a reboot has read the disk itself, and
// what it found is better left alone while the power may not be steady yet.
static int settle_after_this_boot(struct journal *journal)
{
    static const char is_ours[] =
        "SELECT count(*) FROM (SELECT line FROM event ORDER BY sequence DESC LIMIT 1)"
        " WHERE instr(line, ?) > 0";
    char member[64];
    snprintf(member, sizeof member, "{\"bootid\":\"%s\"", journal->identity.boot_id);
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(journal->db, is_ours, -1, &statement, NULL);
    database_bind_text(statement, 1, member, &code);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    int r = database_errno(journal->db, code);
    bool ours = code == SQLITE_ROW && sqlite3_column_int(statement, 0) == 1;
    sqlite3_finalize(statement);
    return ours ? settle(journal) : r;
}

// After an error of the disk open the file again. It is never made anew here, since an absent one means a
// disk that is not mounted.
static int reconnect(struct journal *journal)
{
    if (journal->db && !journal->suspect) {
        return 0;
    }
    if (journal->db) { // no checkpoint on a disk that fails
        sqlite3_db_config(journal->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    disconnect(journal);
    journal->suspect = false;
    int r = connect_file(journal, false);
    if (r == 0) {
        r = settle(journal);
        r = r == 0 ? check_acknowledged(journal) : r;
        if (r < 0) {
            disconnect(journal);
        }
    }
    return r == -ENOENT ? -EIO : r;
}

int journal_open(const char *state_dir, const struct line_identity *identity, struct journal **ret_journal)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal) {
        return -ENOMEM;
    }
    journal->identity = *identity;
    size_t room = sizeof journal->file - 8; // for "-wal"
    int n = snprintf(journal->file, room, "%s/%s", state_dir, JOURNAL_FILE);
    int r = n < 0 || (size_t)n >= room ? -ENAMETOOLONG : connect_file(journal, true);
    if (r == 0) {
        r = settle_after_this_boot(journal);
    }
    if (r < 0) {
        disconnect(journal);
        free(journal);
        return r;
    }
    journal->acknowledged = journal->disk;
    *ret_journal = journal;
    return 0;
}

void journal_close(struct journal *journal)
{
    if (!journal) {
        return;
    }
    if (journal->db && !journal->suspect) { // closing alone would not, while a reader is there
        sqlite3_busy_timeout(journal->db, CLOSE_WAIT_MS);
        sqlite3_wal_checkpoint_v2(journal->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
    disconnect(journal);
    free(journal);
}

// An event whose values no line can hold (a defect: all words are short) is recorded without them, since one
// that can never be written would hold up all that come after it.
static int encode(const struct journal *journal, const struct event *event, const struct tail *tail,
                  struct encoded *ret_encoded)
{
    struct encoded *e = ret_encoded;
    e->event = event;
    tail_next(tail, event->type, event->class, &e->numbers);
    e->length = line_encode(event, &journal->identity, &e->numbers, e->line, sizeof e->line);
    if (e->length == -EMSGSIZE) {
        struct event bare = *event;
        bare.n_values = 0;
        event_add_word(&bare, FIELD_REASON, "too-large");
        e->length = line_encode(&bare, &journal->identity, &e->numbers, e->line, sizeof e->line);
    }
    return e->length < 0 ? e->length : line_hash(e->line, (size_t)e->length, e->hash);
}

static int insert_event(struct journal *journal, const struct encoded *e)
{
    sqlite3_stmt *statement = journal->statements[INSERT_EVENT];
    const struct event *event = e->event;
    int code = SQLITE_OK;
    database_bind_integer(statement, 1, (int64_t)e->numbers.sequence, &code);
    database_bind_text(statement, 2, event_class_names[event->class], &code);
    database_bind_integer(statement, 3, (int64_t)e->numbers.classseq, &code);
    if (e->numbers.feed != 0) { // else NULL
        database_bind_integer(statement, 4, (int64_t)e->numbers.feed, &code);
    }
    database_bind_text(statement, 5, event->room ? event->room : LINE_GATEWAY_ROOM, &code);
    database_bind_text(statement, 6, event_type_names[event->type], &code);
    database_bind_integer(statement, 7, (int64_t)event->boottime_ns, &code);
    database_bind_integer(statement, 8, event->wall_ms, &code);
    database_bind_text(statement, 9, e->line, &code);
    database_bind_text(statement, 10, e->hash, &code);
    return database_run(statement, code);
}

// `person`: the item of a record that is about one, since a pseudonym lives in its event.
static int put_state(struct journal *journal, const struct state_record *record, const char *person)
{
    if (!record->room) {
        return SQLITE_OK;
    }
    sqlite3_stmt *statement = journal->statements[PUT_STATE];
    int code = SQLITE_OK;
    database_bind_text(statement, 1, record_kind_names[record->kind], &code);
    database_bind_text(statement, 2, record->room, &code);
    database_bind_text(statement, 3, record->item ? record->item : person, &code);
    database_bind_integer(statement, 4, record->state, &code);
    database_bind_integer(statement, 5, record->condition, &code);
    database_bind_integer(statement, 6, (int64_t)record->occurrence, &code);
    database_bind_text(statement, 7, journal->identity.boot_id, &code);
    database_bind_integer(statement, 8, (int64_t)record->since_boottime_ns, &code);
    database_bind_integer(statement, 9, record->since_wall_ms, &code);
    database_bind_integer(statement, 10, (int64_t)record->until_boottime_ns, &code);
    database_bind_integer(statement, 11, record->until_wall_ms, &code);
    database_bind_integer(statement, 12, record->rest_ns, &code);
    database_bind_integer(statement, 13, record->number[0], &code);
    database_bind_integer(statement, 14, record->number[1], &code);
    return database_run(statement, code);
}

static int put_note(struct journal *journal, uint64_t sequence, const struct event_note *note)
{
    if (!note->text[0]) {
        return SQLITE_OK;
    }
    sqlite3_stmt *statement = journal->statements[PUT_NOTE];
    int code = SQLITE_OK;
    database_bind_integer(statement, 1, (int64_t)sequence, &code);
    if (code == SQLITE_OK) {
        code = sqlite3_bind_blob(statement, 2, note->salt, sizeof note->salt, SQLITE_STATIC);
    }
    database_bind_text(statement, 3, note->text, &code);
    return database_run(statement, code);
}

// One transaction. *tail moves along; on failure the caller forgets it.
static int write_batch(struct journal *journal, const struct event *events, size_t n, struct tail *tail)
{
    int code = database_run(journal->statements[BEGIN], SQLITE_OK);
    for (size_t i = 0; code == SQLITE_OK && i < n; i++) {
        struct encoded e;
        int r = encode(journal, &events[i], tail, &e);
        if (r < 0) {
            database_run(journal->statements[ROLLBACK], SQLITE_OK);
            return r;
        }
        code = insert_event(journal, &e);
        if (code == SQLITE_OK) {
            code = put_state(journal, &events[i].record, events[i].person);
        }
        if (code == SQLITE_OK) {
            code = put_note(journal, e.numbers.sequence, &events[i].note);
        }
        tail_advance(tail, events[i].class, &e.numbers, e.hash);
    }
    if (code == SQLITE_OK) {
        code = database_run(journal->statements[COMMIT], SQLITE_OK);
    }
    return code == SQLITE_OK ? 0 : give_up(journal, code);
}

// A commit whose sync failed may be found whole in the WAL when the file is opened again. It is one
// transaction, so what lies behind the acknowledged tail is that batch; tried again, its events get the same
// numbers and so the same hashes. Counts how many of these events are on the disk already and must not be
// written twice. Negative errno.
static int count_stored(struct journal *journal, const struct event *events, size_t n, size_t *ret_stored)
{
    struct tail tail = journal->acknowledged;
    size_t stored = 0;
    while (stored < n && tail.all.number < journal->disk.all.number) {
        struct encoded e;
        int r = encode(journal, &events[stored], &tail, &e);
        if (r == 0) {
            r = has_row(journal, e.numbers.sequence, e.hash);
        }
        if (r < 0) {
            return r;
        }
        if (r == 0) {
            break;
        }
        tail_advance(&tail, events[stored].class, &e.numbers, e.hash);
        stored++;
    }
    *ret_stored = stored;
    return 0;
}

int journal_append(struct journal *journal, const struct event *events, size_t n,
                   struct journal_receipt *ret_receipt)
{
    if (n == 0) {
        return -EINVAL;
    }
    int r = reconnect(journal);
    size_t stored = 0;
    if (r == 0) {
        r = count_stored(journal, events, n, &stored);
    }
    if (r < 0) {
        return r;
    }
    struct tail tail = journal->disk;
    if (stored < n) {
        r = write_batch(journal, events + stored, n - stored, &tail);
        if (r < 0) {
            return r;
        }
    }
    ret_receipt->first_sequence = (stored > 0 ? journal->acknowledged : journal->disk).all.number + 1;
    ret_receipt->last_sequence = tail.all.number;
    journal->disk = tail;
    journal->acknowledged = tail;
    return 0;
}

uint64_t journal_last_sequence(const struct journal *journal)
{
    return journal->acknowledged.all.number;
}

static uint64_t column_of_this_boot(sqlite3_stmt *statement, int column, bool this_boot)
{
    return this_boot ? (uint64_t)sqlite3_column_int64(statement, column) : 0;
}

// A kind that this version does not know stays where it is.
static void hand_over(sqlite3_stmt *statement, const char *boot_id, journal_record_fn each, void *user)
{
    const char *kind = (const char *)sqlite3_column_text(statement, 0);
    const char *boot = (const char *)sqlite3_column_text(statement, 6);
    bool this_boot = boot && strcmp(boot, boot_id) == 0;
    struct state_record record = {
        .kind = RECORD_KIND_COUNT,
        .room = (const char *)sqlite3_column_text(statement, 1),
        .item = (const char *)sqlite3_column_text(statement, 2),
        .state = (uint8_t)sqlite3_column_int(statement, 3),
        .condition = (uint8_t)sqlite3_column_int(statement, 4),
        .occurrence = (uint64_t)sqlite3_column_int64(statement, 5),
        .since_boottime_ns = column_of_this_boot(statement, 7, this_boot),
        .since_wall_ms = sqlite3_column_int64(statement, 8),
        .until_boottime_ns = column_of_this_boot(statement, 9, this_boot),
        .until_wall_ms = sqlite3_column_int64(statement, 10),
        .rest_ns = sqlite3_column_int64(statement, 11),
        .number = { sqlite3_column_int64(statement, 12), sqlite3_column_int64(statement, 13) },
    };
    for (unsigned k = 0; k < RECORD_KIND_COUNT; k++) {
        if (kind && strcmp(kind, record_kind_names[k]) == 0) {
            record.kind = (enum record_kind)k;
            each(&record, user);
        }
    }
}

int journal_load_state(struct journal *journal, journal_record_fn each, void *user)
{
    static const char text[] =
        "SELECT kind, room, item, state, condition, occurrence, bootid, since_boottime_ns, since_wall_ms,"
        " until_boottime_ns, until_wall_ms, rest_ns, number0, number1 FROM state";
    int r = reconnect(journal);
    if (r < 0) {
        return r;
    }
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(journal->db, text, -1, &statement, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            hand_over(statement, journal->identity.boot_id, each, user);
        }
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? 0 : give_up(journal, code);
}

int journal_store_state(struct journal *journal, const struct state_record *records, size_t n)
{
    int r = reconnect(journal);
    if (r < 0) {
        return r;
    }
    int code = database_run(journal->statements[BEGIN], SQLITE_OK);
    for (size_t i = 0; code == SQLITE_OK && i < n; i++) {
        code = put_state(journal, &records[i], "");
    }
    if (code == SQLITE_OK) {
        code = database_run(journal->statements[COMMIT], SQLITE_OK);
    }
    return code == SQLITE_OK ? 0 : give_up(journal, code);
}

static void hand_over_minute(sqlite3_stmt *statement, journal_minute_fn each, void *user)
{
    const char *key = (const char *)sqlite3_column_text(statement, 3);
    struct minute_row row = {
        .minute_wall_s = sqlite3_column_int64(statement, 0),
        .room = (const char *)sqlite3_column_text(statement, 1),
        .point = (const char *)sqlite3_column_text(statement, 2),
        .min = sqlite3_column_int(statement, 4),
        .mean = sqlite3_column_int(statement, 5),
        .max = sqlite3_column_int(statement, 6),
        .last = sqlite3_column_int(statement, 7),
        .samples = (uint32_t)sqlite3_column_int64(statement, 8),
    };
    for (unsigned q = 0; q < QUANTITY_COUNT; q++) {
        if (key && strcmp(key, quantities[q].key) == 0) {
            row.quantity = (enum quantity)q;
            each(&row, user);
        }
    }
}

int journal_load_minutes(struct journal *journal, int64_t from_wall_s, journal_minute_fn each, void *user)
{
    static const char text[] = "SELECT minute_wall_s, room, point, quantity, min, mean, max, last, samples"
                               " FROM minute WHERE minute_wall_s >= ? ORDER BY minute_wall_s";
    int r = reconnect(journal);
    if (r < 0) {
        return r;
    }
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(journal->db, text, -1, &statement, NULL);
    database_bind_integer(statement, 1, from_wall_s, &code);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            hand_over_minute(statement, each, user);
        }
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? 0 : give_up(journal, code);
}

static int put_minute(struct journal *journal, const struct minute_row *row)
{
    sqlite3_stmt *statement = journal->statements[PUT_MINUTE];
    int code = SQLITE_OK;
    database_bind_integer(statement, 1, row->minute_wall_s, &code);
    database_bind_text(statement, 2, row->room, &code);
    database_bind_text(statement, 3, row->point, &code);
    database_bind_text(statement, 4, quantities[row->quantity].key, &code);
    database_bind_integer(statement, 5, row->min, &code);
    database_bind_integer(statement, 6, row->mean, &code);
    database_bind_integer(statement, 7, row->max, &code);
    database_bind_integer(statement, 8, row->last, &code);
    database_bind_integer(statement, 9, row->samples, &code);
    return database_run(statement, code);
}

int journal_store_minutes(struct journal *journal, const struct minute_row *rows, size_t n)
{
    int r = reconnect(journal);
    if (r < 0) {
        return r;
    }
    int code = database_run(journal->statements[BEGIN], SQLITE_OK);
    for (size_t i = 0; code == SQLITE_OK && i < n; i++) {
        code = put_minute(journal, &rows[i]);
    }
    if (code == SQLITE_OK) {
        code = database_run(journal->statements[COMMIT], SQLITE_OK);
    }
    return code == SQLITE_OK ? 0 : give_up(journal, code);
}
