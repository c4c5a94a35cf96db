// Reading the journal, in this process and in others, as its owner and as somebody else; and a writer that
// dies.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/unit/journal_fixture.h"

static void a_reader_walks_each_class_and_knows_the_extent(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 70);
    struct journal_reader *reader = open_reader(fixture->file);
    struct journal_extent extent;
    assert_int_equal(journal_extent(reader, &extent), 0);
    assert_int_equal(extent.sequence, 70);
    assert_int_equal(extent.feed, 30); // three of the seven kinds
    uint64_t total = 0;
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        struct journal_row row;
        uint64_t classseq = 0, sequence = 0;
        int r;
        while ((r = journal_next_of_class(reader, (enum event_class)c, classseq, &row)) == 1) {
            assert_int_equal(row.class, c);
            assert_int_equal(row.classseq, ++classseq);
            assert_true(row.sequence > sequence);
            sequence = row.sequence;
            struct event event = fixture_event(sequence);
            assert_string_equal(row.room, event.room ? event.room : "gateway");
            assert_string_equal(row.type, event_type_names[event.type]);
            assert_int_equal(row.wall_ms, event.wall_ms);
            assert_int_equal(row.length, strlen(row.line));
            assert_int_equal(row.feed != 0, event_in_feed(event.type, event.class));
            char hash[HASH_HEX_SIZE];
            assert_int_equal(line_hash(row.line, row.length, hash), 0);
            assert_string_equal(row.hash, hash);
        }
        assert_int_equal(r, 0);
        assert_int_equal(classseq, extent.classseq[c]);
        total += classseq;
    }
    assert_int_equal(total, 70);
    struct journal_row row;
    assert_int_equal(journal_next(reader, UINT64_MAX, &row), 0);
    journal_reader_close(reader);
    journal_close(journal);
}

static void a_reader_of_nothing_is_told_to_come_back(void **state)
{
    struct fixture *fixture = *state;
    struct journal_reader *reader = NULL;
    assert_int_equal(journal_reader_open(fixture->file, &reader), -ENOENT);
    assert_null(reader);
    journal_reader_close(reader);
    journal_close(NULL);
}

static void an_idle_reader_does_not_hold_the_writer_s_wal(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 10);
    struct journal_reader *reader = open_reader(fixture->file);
    struct journal_row row;
    struct journal_extent extent;
    assert_int_equal(journal_next(reader, 0, &row), 1);
    assert_int_equal(journal_next_of_class(reader, CLASS_FIRE, 0, &row), 1);
    assert_int_equal(journal_extent(reader, &extent), 0);
    fixture_append(journal, 11, 10);
    sqlite3 *shell = open_shell(fixture->file);
    int in_wal = 0, moved = 0; // a checkpoint that must reset the WAL is refused while anybody reads
    assert_int_equal(sqlite3_wal_checkpoint_v2(shell, "main", SQLITE_CHECKPOINT_TRUNCATE, &in_wal, &moved),
                     SQLITE_OK);
    sqlite3_close(shell);
    journal_reader_close(reader);
    journal_close(journal);
}

static int child_status(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

// Reads 1 to n in order, waiting for those that are not there yet. In a child: exit status instead of
// asserts.
static int follow(const char *file, uint64_t n)
{
    struct journal_reader *reader = NULL;
    if (journal_reader_open(file, &reader) < 0) {
        return 10;
    }
    for (uint64_t i = 1; i <= n;) {
        struct journal_row row;
        int r = journal_next(reader, i - 1, &row);
        if (r < 0 || (r == 1 && row.sequence != i)) {
            return 11;
        }
        char hash[HASH_HEX_SIZE];
        if (r == 1 && (line_hash(row.line, row.length, hash) < 0 || strcmp(hash, row.hash) != 0)) {
            return 12;
        }
        i += (uint64_t)r;
    }
    journal_reader_close(reader);
    return 0;
}

static void another_process_reads_while_the_writer_writes(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(follow(fixture->file, 400));
    }
    fixture_append(journal, 1, 400);
    assert_int_equal(child_status(child), 0);
    journal_close(journal);
}

#define STRANGER    65534
#define STAFF_GROUP 4711

// As somebody else: may read, may not write. Exit status says which step went wrong.
static int as_group_member(const char *dir, const char *file, gid_t group, uint64_t n)
{
    if (setgroups(1, &group) < 0 || setresgid(STRANGER, STRANGER, STRANGER) < 0 ||
        setresuid(STRANGER, STRANGER, STRANGER) < 0) {
        return 20;
    }
    struct journal_reader *reader = NULL;
    if (group != STAFF_GROUP) {
        return journal_reader_open(file, &reader) == -EACCES ? 0 : 21;
    }
    int r = follow(file, n);
    if (r != 0) {
        return r;
    }
    struct journal *journal = NULL;
    if (journal_open(dir, &fixture_identity, &journal) != -EROFS || open(file, O_WRONLY) >= 0) {
        return 22;
    }
    sqlite3 *shell = NULL;
    if (sqlite3_open(file, &shell) == SQLITE_OK &&
        sqlite3_exec(shell, "DELETE FROM state", NULL, NULL, NULL) != SQLITE_READONLY) {
        return 23;
    }
    sqlite3_close(shell);
    return 0;
}

static void run_as(struct fixture *fixture, gid_t group, uint64_t n)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(as_group_member(fixture->dir, fixture->file, group, n));
    }
    assert_int_equal(child_status(child), 0);
}

static void the_group_reads_and_nobody_else_and_only_the_owner_writes(void **state)
{
    struct fixture *fixture = *state;
    if (geteuid() != 0) {
        print_message("skipped: only root can become somebody else\n");
        skip();
    }
    assert_int_equal(chown(fixture->dir, 0, STAFF_GROUP), 0);
    assert_int_equal(chmod(fixture->dir, 02750), 0); // files take the directory's group
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 20);
    run_as(fixture, STAFF_GROUP, 20); // while the writer is there
    run_as(fixture, STRANGER, 20);
    journal_close(journal);
    run_as(fixture, STAFF_GROUP, 20); // and when it is not
    journal = open_journal(fixture);
    fixture_append(journal, 21, 5);
    run_as(fixture, STAFF_GROUP, 25);
    journal_close(journal);
}

static void a_copy_without_its_wal_is_readable_where_nothing_can_be_written(void **state)
{
    struct fixture *fixture = *state;
    if (geteuid() != 0) {
        print_message("skipped: only root can become somebody else\n");
        skip();
    }
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 20);
    journal_close(journal);
    char copy[128];
    snprintf(copy, sizeof copy, "%s/copy 100%%?#.db", fixture->dir);
    fixture_copy_file(fixture->file, copy);
    assert_int_equal(chmod(copy, 0444), 0);
    assert_int_equal(chmod(fixture->dir, 0555), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(setresuid(STRANGER, STRANGER, STRANGER) < 0 ? 20 : follow(copy, 20));
    }
    assert_int_equal(child_status(child), 0);
}

// ---- Writers that die

// Appends for ever and tells each acknowledged sequence through the pipe.
static void append_until_killed(const struct fixture *fixture, int pipe_fd)
{
    struct journal *journal = NULL;
    if (journal_open(fixture->dir, &fixture_identity, &journal) < 0) {
        _exit(1);
    }
    for (uint64_t next = journal_last_sequence(journal) + 1;;) {
        struct event events[5];
        size_t n = 1 + next % 5;
        for (size_t i = 0; i < n; i++) {
            events[i] = fixture_event(next + i);
        }
        struct journal_receipt receipt;
        if (journal_append(journal, events, n, &receipt) < 0) {
            _exit(2);
        }
        next = receipt.last_sequence + 1;
        if (write(pipe_fd, &receipt.last_sequence, sizeof receipt.last_sequence) < 0) {
            _exit(3);
        }
    }
}

// Kill an appender after some acknowledgements; returns the last one that it gave.
static uint64_t kill_an_appender(const struct fixture *fixture)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fds[0]);
        append_until_killed(fixture, fds[1]);
    }
    close(fds[1]);
    uint64_t acknowledged = 0;
    for (uint64_t wanted = 1 + fixture_random(30); wanted > 0; wanted--) {
        assert_int_equal(read(fds[0], &acknowledged, sizeof acknowledged), sizeof acknowledged);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(fds[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
    }
    close(fds[0]);
    assert_true(WIFSIGNALED(child_status(child)));
    return acknowledged;
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    struct fixture *fixture = *state;
    for (int round = 0; round < 20; round++) {
        uint64_t acknowledged = kill_an_appender(fixture);
        struct journal *journal = open_journal(fixture);
        uint64_t last = journal_last_sequence(journal);
        assert_true(last >= acknowledged);
        assert_true(last <= acknowledged + 5); // at most the batch that was under way
        fixture_expect(fixture->file, last);
        journal_close(journal);
    }
}

// Date the WAL into the past, so that a write to it shows.
static void age_wal(const struct fixture *fixture, char *ret_wal, size_t size)
{
    snprintf(ret_wal, size, "%s-wal", fixture->file);
    static const struct timespec past[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    assert_int_equal(utimensat(AT_FDCWD, ret_wal, past, 0), 0);
}

static bool was_written(const char *file)
{
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_true(st.st_size > 0);
    return st.st_mtim.tv_sec != 1000;
}

static void die_after_appending(const struct fixture *fixture, uint64_t first)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct journal *journal = NULL;
        struct event event = fixture_event(first);
        struct journal_receipt receipt;
        if (journal_open(fixture->dir, &fixture_identity, &journal) < 0 ||
            journal_append(journal, &event, 1, &receipt) < 0) {
            _exit(1);
        }
        _exit(0); // without closing
    }
    assert_int_equal(child_status(child), 0);
}

// What an earlier run of this boot left may be in memory alone; what another boot left has been read from the
// disk.
static void the_wal_of_a_run_that_died_is_written_again_in_the_same_boot_alone(void **state)
{
    struct fixture *fixture = *state;
    char wal[128];
    die_after_appending(fixture, 1);
    age_wal(fixture, wal, sizeof wal);
    struct line_identity next_boot = fixture_identity;
    next_boot.boot_id = "00000000-0000-4000-8000-000000000002";
    struct journal *journal = NULL;
    assert_int_equal(journal_open(fixture->dir, &next_boot, &journal), 0);
    assert_false(was_written(wal));
    journal_close(journal);
    die_after_appending(fixture, 2);
    age_wal(fixture, wal, sizeof wal);
    journal = open_journal(fixture);
    assert_true(was_written(wal));
    journal_close(journal);
    fixture_expect(fixture->file, 2);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(a_reader_walks_each_class_and_knows_the_extent),
        WITH_DIR(a_reader_of_nothing_is_told_to_come_back),
        WITH_DIR(an_idle_reader_does_not_hold_the_writer_s_wal),
        WITH_DIR(another_process_reads_while_the_writer_writes),
        WITH_DIR(the_group_reads_and_nobody_else_and_only_the_owner_writes),
        WITH_DIR(a_copy_without_its_wal_is_readable_where_nothing_can_be_written),
        WITH_DIR(what_was_acknowledged_survives_kill_9),
        WITH_DIR(the_wal_of_a_run_that_died_is_written_again_in_the_same_boot_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
