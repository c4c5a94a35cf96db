// Cursors of delivery: they move forward alone, each target and class by itself, and outlive their process.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/journal/cursor.h"
#include "tests/unit/journal_fixture.h"

static const char *cursor_file(const struct fixture *fixture)
{
    static char file[96];
    snprintf(file, sizeof file, "%s/uplink.db", fixture->dir);
    return file;
}

static struct cursors *open_cursors(const struct fixture *fixture)
{
    struct cursors *cursors = NULL;
    assert_int_equal(cursors_open(cursor_file(fixture), &cursors), 0);
    return cursors;
}

static void expect_at(struct cursors *cursors, const char *target, enum event_class class, uint64_t expected)
{
    uint64_t classseq = 4711;
    assert_int_equal(cursors_get(cursors, target, class, &classseq), 0);
    assert_int_equal(classseq, expected);
}

static void a_target_that_has_taken_nothing_is_at_zero(void **state)
{
    struct cursors *cursors = open_cursors(*state);
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        expect_at(cursors, "mqtt", (enum event_class)c, 0);
    }
    cursors_close(cursors);
    cursors_close(NULL);
}

static void each_target_and_class_moves_by_itself_and_is_there_after_reopening(void **state)
{
    struct cursors *cursors = open_cursors(*state);
    assert_int_equal(cursors_set(cursors, "mqtt", CLASS_FIRE, 5), 0);
    assert_int_equal(cursors_set(cursors, "mqtt", CLASS_FAULT, 9), 0);
    assert_int_equal(cursors_set(cursors, "https", CLASS_FIRE, 2), 0);
    assert_int_equal(cursors_set(cursors, "mqtt", CLASS_FIRE, 6), 0);
    cursors_close(cursors);
    cursors = open_cursors(*state);
    expect_at(cursors, "mqtt", CLASS_FIRE, 6);
    expect_at(cursors, "mqtt", CLASS_FAULT, 9);
    expect_at(cursors, "mqtt", CLASS_SAFETY, 0);
    expect_at(cursors, "https", CLASS_FIRE, 2);
    cursors_close(cursors);
}

static void a_cursor_never_moves_back(void **state)
{
    struct cursors *cursors = open_cursors(*state);
    assert_int_equal(cursors_set(cursors, "mqtt", CLASS_FIRE, 6), 0);
    assert_int_equal(cursors_set(cursors, "mqtt", CLASS_FIRE, 5), -EINVAL);
    assert_int_equal(cursors_set(cursors, "mqtt", CLASS_FIRE, 0), -EINVAL);
    assert_int_equal(cursors_set(cursors, "mqtt", CLASS_FIRE, UINT64_MAX), -EINVAL); // no number of ours
    assert_int_equal(cursors_set(cursors, "mqtt", CLASS_FIRE, 6), 0); // the same again is no move
    expect_at(cursors, "mqtt", CLASS_FIRE, 6);
    cursors_close(cursors);
}

static void parked_events_are_counted_once_for_each_target(void **state)
{
    struct cursors *cursors = open_cursors(*state);
    uint64_t count = 4711;
    assert_int_equal(cursors_parked(cursors, "mqtt", &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(cursors_park(cursors, "mqtt", CLASS_FIRE, 6, 0x95), 0);
    assert_int_equal(cursors_park(cursors, "mqtt", CLASS_FIRE, 6, 0x95), 0); // again, after a crash
    assert_int_equal(cursors_park(cursors, "mqtt", CLASS_SYSTEM, 6, 0x99), 0);
    assert_int_equal(cursors_park(cursors, "https", CLASS_FIRE, 6, 413), 0);
    cursors_close(cursors);
    cursors = open_cursors(*state);
    assert_int_equal(cursors_parked(cursors, "mqtt", &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(cursors_parked(cursors, "https", &count), 0);
    assert_int_equal(count, 1);
    cursors_close(cursors);
}

static void a_file_that_is_no_cursor_file_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = NULL;
    struct cursors *cursors = NULL;
    assert_int_equal(journal_open(fixture->dir, &fixture_identity, &journal), 0);
    journal_close(journal);
    assert_int_equal(cursors_open(fixture->file, &cursors), -EUCLEAN);
    fixture_expect(fixture->file, 0); // and is still a journal

    FILE *file = fopen(cursor_file(fixture), "w");
    for (int i = 0; i < 100; i++) {
        fprintf(file, "this is a text and not a database\n");
    }
    fclose(file);
    assert_int_equal(cursors_open(cursor_file(fixture), &cursors), -EUCLEAN);
    assert_null(cursors);
}

// Moves a cursor on and on and tells each move before it is begun ("delivered") and after it ("moved").
static void move_until_killed(const char *file, int pipe_fd)
{
    struct cursors *cursors = NULL;
    uint64_t classseq = 0;
    if (cursors_open(file, &cursors) < 0 || cursors_get(cursors, "mqtt", CLASS_FIRE, &classseq) < 0) {
        _exit(1);
    }
    for (;;) {
        uint64_t told[2] = { ++classseq, 0 };
        if (write(pipe_fd, told, sizeof told) < 0 || cursors_set(cursors, "mqtt", CLASS_FIRE, classseq) < 0) {
            _exit(2);
        }
        told[1] = classseq;
        if (write(pipe_fd, told, sizeof told) < 0) {
            _exit(3);
        }
    }
}

static void after_kill_9_a_cursor_is_where_it_was_moved_to_and_never_ahead(void **state)
{
    struct fixture *fixture = *state;
    for (int round = 0; round < 20; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(fds[0]);
            move_until_killed(cursor_file(fixture), fds[1]);
        }
        close(fds[1]);
        uint64_t told[2], delivered = 0, moved = 0;
        for (uint64_t wanted = 2 + fixture_random(60), n = 0;
             read(fds[0], told, sizeof told) == (ssize_t)sizeof told; n++) {
            delivered = told[0];
            moved = told[1] ? told[1] : moved;
            if (n == wanted) {
                assert_int_equal(kill(child, SIGKILL), 0);
            }
        }
        close(fds[0]);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        struct cursors *cursors = open_cursors(fixture);
        uint64_t there = 0;
        assert_int_equal(cursors_get(cursors, "mqtt", CLASS_FIRE, &there), 0);
        assert_true(there >= moved); // the page cache outlives the process
        assert_true(there <= delivered);
        cursors_close(cursors);
    }
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(a_target_that_has_taken_nothing_is_at_zero),
        WITH_DIR(each_target_and_class_moves_by_itself_and_is_there_after_reopening),
        WITH_DIR(a_cursor_never_moves_back),
        WITH_DIR(parked_events_are_counted_once_for_each_target),
        WITH_DIR(a_file_that_is_no_cursor_file_is_refused),
        WITH_DIR(after_kill_9_a_cursor_is_where_it_was_moved_to_and_never_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
