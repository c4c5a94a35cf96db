// What verification must find: every change of a journal, at every place of it.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/unit/journal_fixture.h"

#define EVENTS 200

// Somebody with a shell and the right to write: the database's own rules are gone first.
#define UNGUARDED                                                                                            \
    "DROP TRIGGER event_stays; DROP TRIGGER event_stays_as_it_is; DROP TRIGGER event_goes_to_the_end;"       \
    "DROP INDEX event_by_class; DROP INDEX event_by_feed;"

// Make room after line %p for one more: through negative numbers, since numbers are unique at every moment.
#define SHIFT                                                                                                \
    "UPDATE event SET sequence = -sequence - 1 WHERE sequence > %p;"                                         \
    "UPDATE event SET sequence = -sequence WHERE sequence < 0;"

#define COPY(number)                                                                                         \
    "INSERT INTO event SELECT " number                                                                       \
    ", class, classseq, feed, room, type, boottime_ns, wall_ms, line, hash"                                  \
    " FROM event WHERE sequence = "

// In `sql` %p is the place and %q the one after it; the first bad line is `bad` further on.
struct tampering {
    const char *what, *sql;
    uint64_t last; // the last place where this can be done (0: everywhere)
    uint64_t bad;
};

static const struct tampering tamperings[] = {
    { "a byte of the line",
      "UPDATE event SET line = replace(line, 'careroom.', 'careroon.') WHERE sequence = %p", 0, 0 },
    { "a byte of the line's data",
      "UPDATE event SET line = replace(line, 'occurrence\":', 'occurrence\":1') WHERE sequence = %p", 0, 0 },
    { "a byte added", "UPDATE event SET line = line || ' ' WHERE sequence = %p", 0, 0 },
    { "a byte of the hash",
      "UPDATE event SET hash = replace(hash, substr(hash, 7, 1), 'g') WHERE sequence = %p", 0, 0 },
    { "the line emptied", "UPDATE event SET line = '' WHERE sequence = %p", 0, 0 },
    { "a line dropped", "DELETE FROM event WHERE sequence = %p", EVENTS - 1, 0 },
    { "a line dropped, the gap closed",
      "DELETE FROM event WHERE sequence = %p; UPDATE event SET sequence = sequence - 1 WHERE sequence > %p",
      EVENTS - 1, 0 },
    { "two lines swapped",
      "UPDATE event SET sequence = -1 WHERE sequence = %p; UPDATE event SET sequence = %p WHERE sequence = "
      "%q;"
      "UPDATE event SET sequence = %q WHERE sequence = -1",
      EVENTS - 1, 0 },
    { "a copy inserted after it", SHIFT COPY("%q") "%p", 0, 1 },
    { "the first line inserted before it",
      "UPDATE event SET sequence = -sequence - 1 WHERE sequence >= %p;"
      "UPDATE event SET sequence = -sequence WHERE sequence < 0;" COPY("%p") "%q",
      0, 1 },
    { "the row's room", "UPDATE event SET room = 'elsewhere' WHERE sequence = %p", 0, 0 },
    { "the row's type", "UPDATE event SET type = 'careroom.door.closed' WHERE sequence = %p", 0, 0 },
    { "the row's time", "UPDATE event SET wall_ms = wall_ms + 1 WHERE sequence = %p", 0, 0 },
    { "the row's boottime", "UPDATE event SET boottime_ns = boottime_ns + 1 WHERE sequence = %p", 0, 0 },
    { "the row's class", "UPDATE event SET class = iif(class = 'fire', 'system', 'fire') WHERE sequence = %p",
      0, 0 },
    { "a class that is none", "UPDATE event SET class = 'flood' WHERE sequence = %p", 0, 0 },
    { "the row's class number", "UPDATE event SET classseq = classseq + 1 WHERE sequence = %p", 0, 0 },
    { "the row's feed",
      "UPDATE event SET feed = iif(feed IS NULL, (SELECT coalesce(max(feed), 0) + 1 FROM event WHERE "
      "sequence < %p), NULL) WHERE sequence = %p",
      0, 0 },
};

static void fill_in(const char *sql, uint64_t place, char *buf, size_t size)
{
    size_t n = 0;
    buf[0] = '\0';
    for (const char *p = sql; *p && n < size; p++) {
        if (p[0] == '%' && (p[1] == 'p' || p[1] == 'q')) {
            n += (size_t)snprintf(buf + n, size - n, "%llu", (unsigned long long)(place + (p[1] == 'q')));
            p++;
        } else {
            n += (size_t)snprintf(buf + n, size - n, "%c", *p);
        }
    }
    assert_true(n < size);
}

static void run(const char *file, const char *sql)
{
    sqlite3 *shell = NULL;
    char *error = NULL;
    assert_int_equal(sqlite3_open(file, &shell), SQLITE_OK);
    // No power cut here, and no WAL to be made for each of thousands of copies.
    assert_int_equal(
        sqlite3_exec(shell, "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY", NULL, NULL, NULL),
        SQLITE_OK);
    if (sqlite3_exec(shell, sql, NULL, NULL, &error) != SQLITE_OK) {
        fail_msg("%s: %s", sql, error);
    }
    sqlite3_close(shell);
}

static int verify(const char *file, struct journal_verdict *ret_verdict)
{
    struct journal_reader *reader = NULL;
    assert_int_equal(journal_reader_open(file, &reader), 0);
    int r = journal_verify(reader, NULL, NULL, ret_verdict);
    journal_reader_close(reader);
    return r;
}

// The journal that is tampered with: written once for all places, closed, its triggers gone.
static void make_journal(const struct fixture *fixture)
{
    struct journal *journal = NULL;
    assert_int_equal(journal_open(fixture->dir, &fixture_identity, &journal), 0);
    struct event events[EVENTS];
    for (uint64_t i = 0; i < EVENTS; i++) {
        events[i] = fixture_event(i + 1);
    }
    struct journal_receipt receipt;
    assert_int_equal(journal_append(journal, events, EVENTS, &receipt), 0);
    journal_close(journal);
    fixture_expect(fixture->file, EVENTS);
    run(fixture->file, UNGUARDED);
    fixture_expect(fixture->file, EVENTS); // without the triggers still the same journal
}

static void expect_found(const char *file, const struct tampering *tampering, uint64_t place)
{
    struct journal_verdict verdict = { .checked = 0 };
    int r = verify(file, &verdict);
    uint64_t bad = place + tampering->bad;
    char where[32];
    snprintf(where, sizeof where, "line %llu (", (unsigned long long)bad);
    if (r != -EBADMSG || verdict.bad_sequence != bad || strncmp(verdict.what, where, strlen(where)) != 0) {
        fail_msg("%s at %llu: %d, bad %llu, %s", tampering->what, (unsigned long long)place, r,
                 (unsigned long long)verdict.bad_sequence, verdict.what);
    }
    assert_int_equal(verdict.checked, bad - 1);
}

static void every_tampering_is_found_at_every_place_and_the_first_bad_line_named(void **state)
{
    struct fixture *fixture = *state;
    make_journal(fixture);
    char copy[128], sql[1024];
    snprintf(copy, sizeof copy, "%s/copy.db", fixture->dir);
    for (size_t t = 0; t < sizeof tamperings / sizeof *tamperings; t++) {
        uint64_t last = tamperings[t].last ? tamperings[t].last : EVENTS;
        for (uint64_t place = 1; place <= last; place++) {
            fixture_copy_file(fixture->file, copy);
            fill_in(tamperings[t].sql, place, sql, sizeof sql);
            run(copy, sql);
            expect_found(copy, &tamperings[t], place);
        }
    }
}

// The first line after `place` in the same class or, of two lines of the feed, in the feed: its prev or
// feedprev shows a line that was rewritten together with its hash. 0: none, it was the last.
static uint64_t witness(uint64_t place)
{
    struct event rewritten = fixture_event(place);
    for (uint64_t i = place + 1; i <= EVENTS; i++) {
        struct event event = fixture_event(i);
        if (event.class == rewritten.class ||
            (event_in_feed(event.type, event.class) && event_in_feed(rewritten.type, rewritten.class))) {
            return i;
        }
    }
    return 0;
}

static void rewrite_with_its_hash(const char *file, uint64_t place)
{
    struct journal_reader *reader = NULL;
    struct journal_row row;
    assert_int_equal(journal_reader_open(file, &reader), 0);
    assert_int_equal(journal_next(reader, place - 1, &row), 1);
    char line[LINE_MAX_BYTES], hash[HASH_HEX_SIZE], sql[256];
    snprintf(line, sizeof line, "%s", row.line);
    char *clock = strstr(line, "\"synchronised\"");
    assert_non_null(clock);
    clock[1] = 'S';
    assert_int_equal(line_hash(line, row.length, hash), 0);
    journal_reader_close(reader);
    snprintf(sql, sizeof sql,
             "UPDATE event SET line = replace(line, '\"synchronised\"', '\"Synchronised\"'), hash = '%s'"
             " WHERE sequence = %llu",
             hash, (unsigned long long)place);
    run(file, sql);
}

static void a_line_rewritten_with_its_hash_is_shown_by_the_next_of_its_chain(void **state)
{
    struct fixture *fixture = *state;
    make_journal(fixture);
    char copy[128];
    snprintf(copy, sizeof copy, "%s/copy.db", fixture->dir);
    for (uint64_t place = 1; place <= EVENTS; place++) {
        fixture_copy_file(fixture->file, copy);
        rewrite_with_its_hash(copy, place);
        struct journal_verdict verdict;
        int r = verify(copy, &verdict);
        uint64_t bad = witness(place);
        assert_int_equal(r, bad ? -EBADMSG : 0); // the end of a chain has no witness in the journal itself
        assert_int_equal(verdict.bad_sequence, bad);
    }
}

static void a_journal_cut_at_its_end_says_how_far_it_goes(void **state)
{
    struct fixture *fixture = *state;
    make_journal(fixture);
    run(fixture->file, "DELETE FROM event WHERE sequence > 150");
    struct journal_verdict verdict;
    assert_int_equal(verify(fixture->file, &verdict), 0);
    assert_int_equal(verdict.checked, 150);
}

static void a_row_with_a_number_below_one_is_found(void **state)
{
    struct fixture *fixture = *state;
    make_journal(fixture);
    run(fixture->file, COPY("-3") "1");
    struct journal_verdict verdict;
    assert_int_equal(verify(fixture->file, &verdict), -EBADMSG);
    assert_int_equal(verdict.bad_sequence, 1);
}

static void lines_of_another_gateway_are_found(void **state)
{
    struct fixture *fixture = *state;
    make_journal(fixture);
    run(fixture->file, "UPDATE meta SET value = 'kunming-002' WHERE key = 'gateway'");
    struct journal_verdict verdict;
    assert_int_equal(verify(fixture->file, &verdict), -EBADMSG);
    assert_int_equal(verdict.bad_sequence, 1);
}

static void count(uint64_t checked, void *user)
{
    uint64_t *last = user;
    assert_true(checked > *last);
    *last = checked;
}

static void the_verdict_counts_what_was_checked(void **state)
{
    struct fixture *fixture = *state;
    make_journal(fixture);
    struct journal_reader *reader = NULL;
    struct journal_verdict verdict;
    struct journal_extent extent;
    uint64_t told = 0;
    assert_int_equal(journal_reader_open(fixture->file, &reader), 0);
    assert_int_equal(journal_verify(reader, count, &told, &verdict), 0);
    assert_int_equal(told, EVENTS);
    assert_int_equal(journal_extent(reader, &extent), 0);
    assert_int_equal(verdict.checked, extent.sequence);
    assert_int_equal(verdict.feed, extent.feed);
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        assert_int_equal(verdict.per_class[c], extent.classseq[c]);
    }
    assert_int_equal(verdict.bad_sequence, 0);
    journal_reader_close(reader);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(every_tampering_is_found_at_every_place_and_the_first_bad_line_named),
        WITH_DIR(a_line_rewritten_with_its_hash_is_shown_by_the_next_of_its_chain),
        WITH_DIR(a_journal_cut_at_its_end_says_how_far_it_goes),
        WITH_DIR(a_row_with_a_number_below_one_is_found),
        WITH_DIR(lines_of_another_gateway_are_found),
        WITH_DIR(the_verdict_counts_what_was_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
