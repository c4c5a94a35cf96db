// The journal on a disk that fails: every single write and sync of a commit, a disk that is full for real,
// one that is gone for a while. Nothing acknowledged is lost, nothing is stored twice, and it goes on by
// itself.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/failing_disk.h"
#include "tests/unit/journal_fixture.h"

#define BATCH 3

static int append_batch(struct journal *journal, uint64_t first, struct journal_receipt *ret_receipt)
{
    struct event events[BATCH];
    for (uint64_t i = 0; i < BATCH; i++) {
        events[i] = fixture_event(first + i);
    }
    return journal_append(journal, events, BATCH, ret_receipt);
}

static void expect_batch(struct journal *journal, uint64_t first)
{
    struct journal_receipt receipt;
    assert_int_equal(append_batch(journal, first, &receipt), 0);
    assert_int_equal(receipt.first_sequence, first);
    assert_int_equal(receipt.last_sequence, first + BATCH - 1);
    assert_int_equal(journal_last_sequence(journal), first + BATCH - 1);
}

static void start_afresh(struct fixture *fixture)
{
    static const char *const ends[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < 3; i++) {
        char file[128];
        snprintf(file, sizeof file, "%s%s", fixture->file, ends[i]);
        unlink(file);
    }
}

// One batch whose commit meets the failure, tried until the disk works again. Returns whether it was met at
// all.
static bool one_failure(struct fixture *fixture, enum failure failure, unsigned nth, unsigned tries,
                        bool reader_there)
{
    start_afresh(fixture);
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 5);
    struct journal_reader *reader = NULL;
    if (reader_there) {
        assert_int_equal(journal_reader_open(fixture->file, &reader), 0);
    }
    struct journal_receipt receipt = { .first_sequence = 77 };
    failing_disk_arm(failure, nth, tries > 1);
    int r = append_batch(journal, 6, &receipt);
    for (unsigned i = 1; r < 0 && i < tries; i++) {
        assert_int_equal(r, failure == FAIL_FULL ? -ENOSPC : -EIO);
        assert_int_equal(receipt.first_sequence, 77); // left alone
        assert_int_equal(journal_last_sequence(journal), 5);
        r = append_batch(journal, 6, &receipt);
    }
    bool met = failing_disk_disarm() > 0;
    if (r < 0) {
        assert_int_equal(r, failure == FAIL_FULL ? -ENOSPC : -EIO);
        expect_batch(journal, 6);
    }
    fixture_append(journal, 9, 2);
    fixture_expect(fixture->file, 10);
    journal_reader_close(reader);
    journal_close(journal);
    journal = open_journal(fixture);
    fixture_append(journal, 11, 1);
    journal_close(journal);
    fixture_expect(fixture->file, 11);
    return met;
}

static void every_write_and_sync_of_a_commit_may_fail(void **state)
{
    struct fixture *fixture = *state;
    for (size_t f = 0; f < FAILURE_COUNT; f++) {
        for (unsigned variant = 0; variant < 4; variant++) {
            unsigned nth = 1;
            while (one_failure(fixture, (enum failure)f, nth, variant % 2 ? 4 : 1, variant / 2)) {
                nth++;
                assert_true(nth < 100);
            }
            print_message("%s: %u places%s%s\n", failure_names[f], nth - 1,
                          variant % 2 ? ", several tries" : "", variant / 2 ? ", with a reader" : "");
            assert_true(nth > 1);
        }
    }
}

// Long enough for checkpoints to fail too.
static void random_failures_for_a_long_time_lose_and_repeat_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    uint64_t last = 0;
    unsigned failures = 0;
    while (last < 900) {
        struct journal_receipt receipt;
        enum failure failure = (enum failure)fixture_random(FAILURE_COUNT);
        failing_disk_arm(failure, 1 + (unsigned)fixture_random(40), fixture_random(2));
        int r = append_batch(journal, last + 1, &receipt);
        failures += failing_disk_disarm() > 0;
        if (r == 0) {
            assert_int_equal(receipt.first_sequence, last + 1);
            last += BATCH;
            assert_int_equal(receipt.last_sequence, last);
        }
        if (fixture_random(50) == 0) { // as after a crash of the guard: what is there counts
            journal_close(journal);
            journal = open_journal(fixture);
            last = journal_last_sequence(journal);
        }
    }
    print_message("%u failures\n", failures);
    assert_true(failures > 10);
    journal_close(journal);
    fixture_expect(fixture->file, last);
}

// The commit is whole in the WAL when its sync fails. Opened again it is there, and must be taken for what it
// is.
static void a_commit_whose_sync_failed_is_not_stored_twice(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 5);
    struct journal_receipt receipt;
    failing_disk_arm(FAIL_SYNC, 1, false);
    assert_int_equal(append_batch(journal, 6, &receipt), -EIO);
    assert_int_equal(failing_disk_disarm(), 1);
    expect_batch(journal, 6);
    fixture_append(journal, 9, 1);
    journal_close(journal);
    fixture_expect(fixture->file, 9);
}

// The guard may come back with more or other events than those of the failed commit.
static void other_events_after_a_commit_whose_sync_failed_come_behind_it(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 5);
    struct journal_receipt receipt;
    failing_disk_arm(FAIL_SYNC, 1, false);
    assert_int_equal(append_batch(journal, 6, &receipt), -EIO);
    failing_disk_disarm();
    struct event events[BATCH + 2];
    for (uint64_t i = 0; i < BATCH + 2; i++) {
        events[i] = fixture_event(6 + i);
    }
    assert_int_equal(journal_append(journal, events, BATCH + 2, &receipt), 0); // the batch and two more
    assert_int_equal(receipt.first_sequence, 6);
    assert_int_equal(receipt.last_sequence, 10);

    failing_disk_arm(FAIL_SYNC, 1, false);
    assert_int_equal(append_batch(journal, 11, &receipt), -EIO);
    failing_disk_disarm();
    struct event other = fixture_event(14); // the batch was dropped meanwhile: it is on the disk and stays
    assert_int_equal(journal_append(journal, &other, 1, &receipt), 0);
    assert_int_equal(receipt.first_sequence, 14);
    assert_int_equal(receipt.last_sequence, 14);
    journal_close(journal);
    fixture_expect(fixture->file, 14);
}

static void state_and_minutes_fail_and_recover_alike(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 5);
    const struct minute_row row = {
        .room = "butterfly", .point = "air", .quantity = QUANTITY_CO2, .samples = 1
    };
    failing_disk_arm(FAIL_SYNC, 1, true);
    assert_int_equal(journal_store_minutes(journal, &row, 1), -EIO);
    assert_int_equal(journal_store_minutes(journal, &row, 1), -EIO);
    failing_disk_disarm();
    assert_int_equal(journal_store_minutes(journal, &row, 1), 0);
    fixture_append(journal, 6, 1);
    journal_close(journal);
    fixture_expect(fixture->file, 6);
}

// A file system that was unmounted shows the empty directory below it: no new journal is begun there.
static void a_journal_that_is_gone_is_waited_for_and_not_begun_anew(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 5);
    struct journal_receipt receipt;
    failing_disk_arm(FAIL_WRITE, 1, false);
    assert_int_equal(append_batch(journal, 6, &receipt), -EIO);
    failing_disk_disarm();
    char away[128], file[128];
    static const char *const ends[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s%s", fixture->file, ends[i]);
        snprintf(away, sizeof away, "%s/away%s", fixture->dir, ends[i]);
        assert_int_equal(rename(file, away), 0);
    }
    assert_int_equal(append_batch(journal, 6, &receipt), -EIO);
    assert_int_equal(append_batch(journal, 6, &receipt), -EIO);
    assert_int_equal(access(fixture->file, F_OK), -1);
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s%s", fixture->file, ends[i]);
        snprintf(away, sizeof away, "%s/away%s", fixture->dir, ends[i]);
        assert_int_equal(rename(away, file), 0);
    }
    expect_batch(journal, 6);
    journal_close(journal);
    fixture_expect(fixture->file, 8);
}

// Another card, or an old copy put back: it lacks what was acknowledged.
static void a_journal_that_lacks_what_was_acknowledged_is_not_gone_on_with(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 5);
    journal_close(journal);
    char old[128];
    snprintf(old, sizeof old, "%s/old", fixture->dir);
    fixture_copy_file(fixture->file, old);
    journal = open_journal(fixture);
    fixture_append(journal, 6, 5);
    struct journal_receipt receipt;
    failing_disk_arm(FAIL_WRITE, 1, false);
    assert_int_equal(append_batch(journal, 11, &receipt), -EIO);
    failing_disk_disarm();
    start_afresh(fixture);
    assert_int_equal(rename(old, fixture->file), 0);
    assert_int_equal(append_batch(journal, 11, &receipt), -EUCLEAN);
    assert_int_equal(append_batch(journal, 11, &receipt), -EUCLEAN);
    assert_int_equal(journal_last_sequence(journal), 10);
    journal_close(journal);
    fixture_expect(fixture->file, 5);
}

// ---- A disk that is really full

#define DISK "size=512k"

static bool mount_small(const struct fixture *fixture)
{
    if (mount("careroom", fixture->dir, "tmpfs", 0, DISK) == 0) {
        return true;
    }
    print_message("skipped: a small file system can't be mounted here: %s\n", strerror(errno));
    return false;
}

// Leave at most `left` bytes; returns the ballast's name in buf.
static void fill_disk(const struct fixture *fixture, char *buf, size_t size)
{
    static const char page[4096];
    snprintf(buf, size, "%s/ballast", fixture->dir);
    int fd = open(buf, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, page, sizeof page) > 0) {
    }
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void a_full_disk_loses_nothing_and_goes_on_when_there_is_room(void **state)
{
    struct fixture *fixture = *state;
    if (!mount_small(fixture)) {
        skip();
    }
    struct journal *journal = open_journal(fixture);
    uint64_t last = 0;
    for (int round = 0; round < 3; round++) {
        char ballast[128];
        fill_disk(fixture, ballast, sizeof ballast);
        struct journal_receipt receipt = { .last_sequence = last };
        int r = 0;
        for (int i = 0; i < 10000 && (r = append_batch(journal, last + 1, &receipt)) == 0; i++) {
            last = receipt.last_sequence;
        }
        assert_int_equal(r, -ENOSPC);
        print_message("full after %llu events\n", (unsigned long long)last);
        fixture_expect(fixture->file, last); // exactly what was acknowledged, and readable
        assert_int_equal(append_batch(journal, last + 1, &receipt), -ENOSPC);
        assert_int_equal(journal_last_sequence(journal), last);
        assert_int_equal(unlink(ballast), 0);
        expect_batch(journal, last + 1);
        last += BATCH;
        fixture_append(journal, last + 1, 10);
        last += 10;
    }
    journal_close(journal);
    fixture_expect(fixture->file, last);
    assert_int_equal(umount(fixture->dir), 0); // nothing is left open
}

static void a_disk_that_is_full_at_the_start_can_be_opened_later(void **state)
{
    struct fixture *fixture = *state;
    if (!mount_small(fixture)) {
        skip();
    }
    char ballast[128];
    fill_disk(fixture, ballast, sizeof ballast);
    struct journal *journal = NULL;
    assert_int_equal(journal_open(fixture->dir, &fixture_identity, &journal), -ENOSPC);
    assert_int_equal(journal_open(fixture->dir, &fixture_identity, &journal), -ENOSPC);
    assert_int_equal(unlink(ballast), 0);
    journal = open_journal(fixture);
    fixture_append(journal, 1, 3);
    journal_close(journal);
    fixture_expect(fixture->file, 3);
    assert_int_equal(umount(fixture->dir), 0);
}

static void a_read_only_disk_is_told_apart(void **state)
{
    struct fixture *fixture = *state;
    if (!mount_small(fixture)) {
        skip();
    }
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 3);
    journal_close(journal);
    assert_int_equal(mount(NULL, fixture->dir, NULL, MS_REMOUNT | MS_RDONLY, DISK), 0);
    journal = NULL;
    assert_int_equal(journal_open(fixture->dir, &fixture_identity, &journal), -EROFS);
    fixture_expect(fixture->file, 3);
    assert_int_equal(mount(NULL, fixture->dir, NULL, MS_REMOUNT, DISK), 0);
    journal = open_journal(fixture);
    fixture_append(journal, 4, 1);
    journal_close(journal);
    fixture_expect(fixture->file, 4);
    assert_int_equal(umount(fixture->dir), 0);
}

static int remove_dir(void **state)
{
    struct fixture *fixture = *state;
    failing_disk_disarm();
    umount2(fixture->dir, MNT_DETACH); // where a test that failed has left it
    return fixture_remove(state);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_make, remove_dir)

int main(void)
{
    failing_disk_install();
    const struct CMUnitTest tests[] = {
        WITH_DIR(every_write_and_sync_of_a_commit_may_fail),
        WITH_DIR(random_failures_for_a_long_time_lose_and_repeat_nothing),
        WITH_DIR(a_commit_whose_sync_failed_is_not_stored_twice),
        WITH_DIR(other_events_after_a_commit_whose_sync_failed_come_behind_it),
        WITH_DIR(state_and_minutes_fail_and_recover_alike),
        WITH_DIR(a_journal_that_is_gone_is_waited_for_and_not_begun_anew),
        WITH_DIR(a_journal_that_lacks_what_was_acknowledged_is_not_gone_on_with),
        WITH_DIR(a_full_disk_loses_nothing_and_goes_on_when_there_is_room),
        WITH_DIR(a_disk_that_is_full_at_the_start_can_be_opened_later),
        WITH_DIR(a_read_only_disk_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
