#include "tests/unit/journal_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

const struct line_identity fixture_identity = { .gateway = "kunming-001",
                                                .site = "sunshine",
                                                .boot_id = "8d2b1f3a-0c1e-4c5d-9a7b-6e5f4d3c2b1a" };

int fixture_make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture) {
        return -1;
    }
    snprintf(fixture->dir, sizeof fixture->dir, "/tmp/careroom-journal-XXXXXX");
    if (!mkdtemp(fixture->dir)) {
        free(fixture);
        return -1;
    }
    snprintf(fixture->file, sizeof fixture->file, "%s/%s", fixture->dir, JOURNAL_FILE);
    *state = fixture;
    return 0;
}

int fixture_remove(void **state)
{
    struct fixture *fixture = *state;
    DIR *dir = opendir(fixture->dir);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir) {
        closedir(dir);
    }
    int r = rmdir(fixture->dir);
    free(fixture);
    return r;
}

struct event fixture_event(uint64_t i)
{
    static const struct {
        enum event_type type;
        enum event_class class;
        const char *room, *item;
    } kinds[] = {
        { EVENT_ALARM_RAISED, CLASS_FIRE, "butterfly", "smoke-1" },
        { EVENT_DOOR_OPENED, CLASS_ACCESS, "butterfly", "door" },
        { EVENT_POINT_TROUBLE, CLASS_FAULT, "sunflower", "air" },
        { EVENT_ACCESS_PRESENTED, CLASS_ATTENDANCE, "sunflower", "entry" },
        { EVENT_ALARM_CLEARED, CLASS_SAFETY, "butterfly", "co2-high" },
        { EVENT_COMMAND_ACCEPTED, CLASS_SYSTEM, NULL, NULL },
        { EVENT_GATEWAY_STORAGE, CLASS_SYSTEM, NULL, "journal" },
    };
    size_t k = (size_t)(i * 5 % 7);
    struct event event = {
        .type = kinds[k].type,
        .class = kinds[k].class,
        .clock = CLOCK_SYNCHRONISED,
        .boottime_ns = i,
        .wall_ms = 1795486267123 + (int64_t)i,
        .room = kinds[k].room,
        .item = kinds[k].item,
    };
    event_add_number(&event, FIELD_OCCURRENCE, (int64_t)i);
    if (kinds[k].type == EVENT_ALARM_RAISED || kinds[k].type == EVENT_ALARM_CLEARED) {
        event.record = (struct state_record){
            .room = kinds[k].room,
            .item = kinds[k].item,
            .state = (uint8_t)(1 + i % 5),
            .condition = i % 2,
            .occurrence = i,
            .since_boottime_ns = i,
            .since_wall_ms = event.wall_ms,
        };
    }
    return event;
}

struct journal *open_journal(const struct fixture *fixture)
{
    struct journal *journal = NULL;
    assert_int_equal(journal_open(fixture->dir, &fixture_identity, &journal), 0);
    return journal;
}

struct journal_reader *open_reader(const char *file)
{
    struct journal_reader *reader = NULL;
    assert_int_equal(journal_reader_open(file, &reader), 0);
    return reader;
}

sqlite3 *open_shell(const char *file)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    return db;
}

void fixture_append(struct journal *journal, uint64_t first, uint64_t n)
{
    for (uint64_t i = first; i < first + n; i++) {
        struct event event = fixture_event(i);
        struct journal_receipt receipt;
        assert_int_equal(journal_append(journal, &event, 1, &receipt), 0);
        assert_int_equal(receipt.first_sequence, i);
        assert_int_equal(receipt.last_sequence, i);
    }
}

void fixture_expect(const char *file, uint64_t n)
{
    struct journal_reader *reader = NULL;
    assert_int_equal(journal_reader_open(file, &reader), 0);
    struct journal_verdict verdict;
    int r = journal_verify(reader, NULL, NULL, &verdict);
    if (r != 0) {
        print_error("verify: %s\n", verdict.what);
    }
    assert_int_equal(r, 0);
    assert_int_equal(verdict.checked, n);
    struct journal_row row;
    for (uint64_t i = 1; i <= n; i++) {
        assert_int_equal(journal_next(reader, i - 1, &row), 1);
        assert_int_equal(row.sequence, i);
        char mark[48]; // the event that was appended as number i
        snprintf(mark, sizeof mark, "\"boottimens\":\"%llu\"", (unsigned long long)i);
        assert_non_null(strstr(row.line, mark));
    }
    assert_int_equal(journal_next(reader, n, &row), 0);
    journal_reader_close(reader);
}

void fixture_copy_file(const char *from, const char *to)
{
    char chunk[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    assert_true(in >= 0 && out >= 0);
    ssize_t n;
    while ((n = read(in, chunk, sizeof chunk)) > 0) {
        assert_int_equal(write(out, chunk, (size_t)n), n);
    }
    close(in);
    close(out);
}

uint64_t fixture_random(uint64_t n)
{
    static uint64_t random_state;
    if (random_state == 0) {
        const char *seed = getenv("CAREROOM_SEED");
        random_state = (seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 2654435761u) | 1;
        print_message("CAREROOM_SEED=%llu\n", (unsigned long long)random_state);
    }
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % n;
}
