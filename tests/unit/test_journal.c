// The journal as its writer and its readers see it, on a disk that works. test_journal_faults.c has the
// others, test_verify.c what nobody may do to it.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "gateway/common/ids.h"
#include "tests/unit/journal_fixture.h"

// ---- Writing

static void an_empty_journal_has_no_events(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    assert_int_equal(journal_last_sequence(journal), 0);
    fixture_expect(fixture->file, 0);
    journal_close(journal);
    fixture_expect(fixture->file, 0);
}

static void numbers_and_chains_go_on_after_reopening(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t first = 1; first <= 41; first += 10) {
        struct journal *journal = open_journal(fixture);
        assert_int_equal(journal_last_sequence(journal), first - 1);
        fixture_append(journal, first, 10);
        assert_int_equal(journal_last_sequence(journal), first + 9);
        journal_close(journal);
    }
    fixture_expect(fixture->file, 50);
}

static void a_batch_gets_consecutive_numbers(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    struct event events[64];
    for (uint64_t i = 0; i < 64; i++) {
        events[i] = fixture_event(i + 1);
    }
    struct journal_receipt receipt;
    assert_int_equal(journal_append(journal, events, 64, &receipt), 0);
    assert_int_equal(receipt.first_sequence, 1);
    assert_int_equal(receipt.last_sequence, 64);
    assert_int_equal(journal_append(journal, events, 0, &receipt), -EINVAL);
    journal_close(journal);
    fixture_expect(fixture->file, 64);
}

static void an_event_whose_values_fit_no_line_is_recorded_without_them(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    static char huge[LINE_MAX_BYTES + 1];
    memset(huge, 'x', sizeof huge - 1);
    struct event event = fixture_event(1);
    event_add_word(&event, FIELD_VERSION, huge);
    struct journal_receipt receipt;
    assert_int_equal(journal_append(journal, &event, 1, &receipt), 0);
    fixture_append(journal, 2, 3);
    struct journal_reader *reader = open_reader(fixture->file);
    struct journal_row row;
    assert_int_equal(journal_next(reader, 0, &row), 1);
    assert_non_null(strstr(row.line, "\"data\":{\"reason\":\"too-large\"}"));
    journal_reader_close(reader);
    journal_close(journal);
    fixture_expect(fixture->file, 4);
}

static void another_writer_is_noticed_and_nothing_is_numbered_twice(void **state)
{
    struct fixture *fixture = *state;
    struct journal *ours = open_journal(fixture);
    fixture_append(ours, 1, 3);
    struct journal *other = open_journal(fixture);
    fixture_append(other, 4, 2);
    journal_close(other);
    struct event event = fixture_event(6);
    struct journal_receipt receipt;
    assert_int_equal(journal_append(ours, &event, 1, &receipt), -EBUSY);
    sqlite3 *shell = open_shell(fixture->file); // nothing is left locked
    assert_int_equal(sqlite3_exec(shell, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(shell);
    assert_int_equal(journal_append(ours, &event, 1, &receipt), 0);
    assert_int_equal(receipt.first_sequence, 6);
    journal_close(ours);
    fixture_expect(fixture->file, 6);
}

static void a_locked_database_is_busy_and_the_batch_can_be_tried_again(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 3);
    sqlite3 *shell = open_shell(fixture->file);
    assert_int_equal(sqlite3_exec(shell, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct event event = fixture_event(4);
    struct journal_receipt receipt;
    assert_int_equal(journal_append(journal, &event, 1, &receipt), -EBUSY);
    assert_int_equal(sqlite3_exec(shell, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(shell);
    fixture_append(journal, 4, 2);
    journal_close(journal);
    fixture_expect(fixture->file, 5);
}

// ---- What the file is

static void the_file_is_for_owner_and_group_whatever_the_umask(void **state)
{
    struct fixture *fixture = *state;
    static const mode_t masks[] = { 0, 077 };
    for (size_t i = 0; i < 2; i++) {
        mode_t before = umask(masks[i]);
        struct journal *journal = open_journal(fixture);
        umask(before);
        fixture_append(journal, 1, 1);
        static const char *const ends[] = { "", "-wal", "-shm" };
        for (size_t e = 0; e < 3; e++) {
            char file[128];
            struct stat st;
            snprintf(file, sizeof file, "%s%s", fixture->file, ends[e]);
            assert_int_equal(stat(file, &st), 0);
            assert_int_equal(st.st_mode & 07777, 0640);
        }
        journal_close(journal);
        for (size_t e = 0; e < 3; e++) {
            char file[128];
            snprintf(file, sizeof file, "%s%s", fixture->file, ends[e]);
            assert_int_equal(unlink(file), 0); // all three have stayed
        }
    }
}

static void expect_refused_untouched(struct fixture *fixture, int error)
{
    char before[128];
    snprintf(before, sizeof before, "%s.before", fixture->file);
    fixture_copy_file(fixture->file, before);
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    assert_int_equal(journal_open(fixture->dir, &fixture_identity, &journal), error);
    assert_null(journal);
    assert_int_equal(journal_reader_open(fixture->file, &reader), error);
    char command[256];
    snprintf(command, sizeof command, "cmp -s %s %s", fixture->file, before);
    assert_int_equal(system(command), 0);
}

static void a_file_of_another_kind_is_refused_and_left_alone(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *shell = open_shell(fixture->file);
    assert_int_equal(sqlite3_exec(shell, "CREATE TABLE song(title)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(shell);
    expect_refused_untouched(fixture, -EUCLEAN);
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
    struct fixture *fixture = *state;
    FILE *file = fopen(fixture->file, "w");
    for (int i = 0; i < 100; i++) {
        fprintf(file, "this is a text and not a database\n");
    }
    fclose(file);
    expect_refused_untouched(fixture, -EUCLEAN);
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *fixture = *state;
    journal_close(open_journal(fixture));
    sqlite3 *shell = open_shell(fixture->file);
    assert_int_equal(sqlite3_exec(shell, "PRAGMA user_version=3", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(shell);
    struct journal *journal = NULL;
    assert_int_equal(journal_open(fixture->dir, &fixture_identity, &journal), -EUCLEAN);
}

static void a_journal_of_another_gateway_or_site_is_refused(void **state)
{
    struct fixture *fixture = *state;
    journal_close(open_journal(fixture));
    struct line_identity other = fixture_identity;
    struct journal *journal = NULL;
    other.gateway = "kunming-002";
    assert_int_equal(journal_open(fixture->dir, &other, &journal), -EXDEV);
    other = fixture_identity;
    other.site = "moonlight";
    assert_int_equal(journal_open(fixture->dir, &other, &journal), -EXDEV);
}

static void an_empty_file_becomes_a_journal(void **state)
{
    struct fixture *fixture = *state;
    fclose(fopen(fixture->file, "w")); // what a power cut leaves between making the file and its first commit
    struct journal_reader *reader = NULL;
    assert_int_equal(journal_reader_open(fixture->file, &reader), -ENOENT);
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 1);
    journal_close(journal);
    fixture_expect(fixture->file, 1);
}

static void numbers_that_contradict_each_other_are_not_gone_on_with(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 20);
    journal_close(journal);
    sqlite3 *shell = open_shell(fixture->file);
    assert_int_equal(sqlite3_exec(shell, "DROP TRIGGER event_stays; DELETE FROM event WHERE sequence=20",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(shell,
                     "DROP TRIGGER event_stays_as_it_is; UPDATE event SET sequence=25 WHERE sequence=19",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(shell);
    assert_int_equal(journal_open(fixture->dir, &fixture_identity, &journal), -EUCLEAN);
}

static void events_cannot_be_changed_deleted_or_replaced(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 10);
    sqlite3 *shell = open_shell(fixture->file);
    static const char *const attempts[] = {
        "UPDATE event SET line='{}' WHERE sequence=5",
        "UPDATE event SET sequence=11 WHERE sequence=5",
        "DELETE FROM event WHERE sequence=10",
        "DELETE FROM event",
        "INSERT OR REPLACE INTO event SELECT * FROM event WHERE sequence=5",
        "REPLACE INTO event SELECT 11, class, classseq, NULL, room, type, 0, 0, line, hash FROM event WHERE "
        "sequence=5",
        "REPLACE INTO event SELECT 11, 'x', 1, feed, room, type, 0, 0, line, hash FROM event WHERE feed IS "
        "NOT NULL",
        "INSERT OR REPLACE INTO event SELECT * FROM event WHERE sequence=10",
        "REPLACE INTO event SELECT 11, class, classseq, NULL, room, type, 0, 0, line, hash FROM event"
        " WHERE sequence=10",
        "REPLACE INTO event SELECT 11, 'x', 1, max(feed), room, type, 0, 0, line, hash FROM event",
        "REPLACE INTO event SELECT 10, 'x', 1, NULL, room, type, 0, 0, line, hash FROM event WHERE "
        "sequence=5",
        "INSERT INTO event SELECT -1, 'x', 1, NULL, room, type, 0, 0, line, hash FROM event WHERE sequence=5",
        "REPLACE INTO event SELECT NULL, 'x', 1, NULL, room, type, 0, 0, line, hash FROM event WHERE "
        "sequence=5",
    };
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        assert_int_equal(sqlite3_exec(shell, attempts[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
        assert_string_equal(sqlite3_errmsg(shell), "the journal is append-only");
    }
    sqlite3_close(shell);
    journal_close(journal);
    fixture_expect(fixture->file, 10);
}

// ---- The state and minute tables

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(an_empty_journal_has_no_events),
        WITH_DIR(numbers_and_chains_go_on_after_reopening),
        WITH_DIR(a_batch_gets_consecutive_numbers),
        WITH_DIR(an_event_whose_values_fit_no_line_is_recorded_without_them),
        WITH_DIR(another_writer_is_noticed_and_nothing_is_numbered_twice),
        WITH_DIR(a_locked_database_is_busy_and_the_batch_can_be_tried_again),
        WITH_DIR(the_file_is_for_owner_and_group_whatever_the_umask),
        WITH_DIR(a_file_of_another_kind_is_refused_and_left_alone),
        WITH_DIR(a_file_that_is_no_database_is_refused_and_left_alone),
        WITH_DIR(a_newer_schema_is_refused),
        WITH_DIR(a_journal_of_another_gateway_or_site_is_refused),
        WITH_DIR(an_empty_file_becomes_a_journal),
        WITH_DIR(numbers_that_contradict_each_other_are_not_gone_on_with),
        WITH_DIR(events_cannot_be_changed_deleted_or_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
