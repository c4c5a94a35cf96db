// What the journal keeps beside the events: the state that survives a restart, free texts, minutes.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "gateway/common/ids.h"
#include "tests/unit/journal_fixture.h"

struct seen {
    size_t n;
    struct state_record records[8];
    char names[8][NAME_SIZE];
};

static void see(const struct state_record *record, void *user)
{
    struct seen *seen = user;
    assert_true(seen->n < 8);
    snprintf(seen->names[seen->n], NAME_SIZE, "%s/%s", record->room, record->item);
    seen->records[seen->n++] = *record;
}

static const struct state_record *find(const struct seen *seen, const char *name)
{
    for (size_t i = 0; i < seen->n; i++) {
        if (strcmp(seen->names[i], name) == 0) {
            return &seen->records[i];
        }
    }
    return NULL;
}

static void alarms_come_back_as_they_were_after_the_last_event(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 30);
    journal_close(journal);

    journal = open_journal(fixture);
    struct seen seen = { .n = 0 };
    assert_int_equal(journal_load_state(journal, see, &seen), 0);
    assert_int_equal(seen.n, 2);
    const struct state_record *smoke = find(&seen, "butterfly/smoke-1"); // raised last by event 28
    assert_non_null(smoke);
    assert_int_equal(smoke->occurrence, 28);
    assert_int_equal(smoke->state, 1 + 28 % 5);
    assert_int_equal(smoke->condition, 0);
    assert_int_equal(smoke->since_boottime_ns, 28);
    assert_int_equal(smoke->since_wall_ms, 1795486267123 + 28);
    assert_non_null(find(&seen, "butterfly/co2-high"));
    journal_close(journal);
}

static void a_boottime_of_an_earlier_boot_says_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 7);
    journal_close(journal);
    struct line_identity next_boot = fixture_identity;
    next_boot.boot_id = "00000000-0000-4000-8000-000000000002";
    assert_int_equal(journal_open(fixture->dir, &next_boot, &journal), 0);
    struct seen seen = { .n = 0 };
    assert_int_equal(journal_load_state(journal, see, &seen), 0);
    const struct state_record *smoke = find(&seen, "butterfly/smoke-1");
    assert_non_null(smoke);
    assert_int_equal(smoke->since_boottime_ns, 0);
    assert_int_equal(smoke->since_wall_ms, 1795486267123 + 7);
    assert_int_equal(smoke->occurrence, 7);
    journal_close(journal);
}

static void every_kind_of_record_comes_back_whole(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    struct state_record written[RECORD_KIND_COUNT];
    for (unsigned k = 0; k < RECORD_KIND_COUNT; k++) {
        written[k] = (struct state_record){ .kind = (enum record_kind)k,
                                            .room = "butterfly",
                                            .item = k == RECORD_SILENCE ? "" : "same-item",
                                            .state = (uint8_t)(k + 1),
                                            .condition = k % 2,
                                            .occurrence = UINT64_C(1) << 40,
                                            .since_boottime_ns = 11 + k,
                                            .since_wall_ms = -5,
                                            .until_boottime_ns = 7000000000000000000 + k,
                                            .until_wall_ms = 1795486267123,
                                            .rest_ns = INT64_MAX - k,
                                            .number = { INT64_MIN, INT64_MAX } };
    }
    assert_int_equal(journal_store_state(journal, written, RECORD_KIND_COUNT), 0);
    assert_int_equal(journal_store_state(journal, written, RECORD_KIND_COUNT), 0); // the same once more
    struct seen seen = { .n = 0 };
    assert_int_equal(journal_load_state(journal, see, &seen), 0);
    assert_int_equal(seen.n, RECORD_KIND_COUNT);
    for (size_t i = 0; i < seen.n; i++) {
        const struct state_record *got = &seen.records[i];
        const struct state_record *want = &written[got->kind];
        assert_int_equal(got->state, want->state);
        assert_int_equal(got->condition, want->condition);
        assert_int_equal(got->occurrence, want->occurrence);
        assert_int_equal(got->since_boottime_ns, want->since_boottime_ns);
        assert_int_equal(got->since_wall_ms, want->since_wall_ms);
        assert_int_equal(got->until_boottime_ns, want->until_boottime_ns);
        assert_int_equal(got->until_wall_ms, want->until_wall_ms);
        assert_int_equal(got->rest_ns, want->rest_ns);
        assert_true(got->number[0] == INT64_MIN && got->number[1] == INT64_MAX);
    }
    journal_close(journal);
}

static void a_person_is_filed_by_the_pseudonym_of_its_event(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    struct event event = { .type = EVENT_ATTENDANCE_ARRIVED,
                           .class = CLASS_ATTENDANCE,
                           .room = "butterfly",
                           .person = "p-00112233445566aa",
                           .record = { .kind = RECORD_PERSON, .room = "butterfly", .state = 1 } };
    struct journal_receipt receipt;
    assert_int_equal(journal_append(journal, &event, 1, &receipt), 0);
    struct seen seen = { .n = 0 };
    assert_int_equal(journal_load_state(journal, see, &seen), 0);
    assert_int_equal(seen.n, 1);
    assert_non_null(find(&seen, "butterfly/p-00112233445566aa"));
    journal_close(journal);
}

// The line holds the commitment alone; whoever has salt and text can check it, and with the row gone nothing
// tells what was written.
static void a_note_is_kept_beside_the_line_and_committed_to(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    struct event event = { .type = EVENT_POINT_ISOLATED, .class = CLASS_FAULT, .room = "butterfly" };
    memset(event.note.salt, 0x5A, sizeof event.note.salt);
    snprintf(event.note.text, sizeof event.note.text, "painters in the room, \"dust\"");
    struct journal_receipt receipt;
    assert_int_equal(journal_append(journal, &event, 1, &receipt), 0);
    journal_close(journal);

    char commitment[HASH_HEX_SIZE], wanted[HASH_HEX_SIZE + 16];
    assert_int_equal(line_note(&event.note, commitment), 0);
    snprintf(wanted, sizeof wanted, "\"note\":\"%s\"", commitment);
    struct journal_reader *reader = open_reader(fixture->file);
    struct journal_row row;
    assert_int_equal(journal_next(reader, 0, &row), 1);
    assert_non_null(strstr(row.line, wanted));
    assert_null(strstr(row.line, "painters"));
    journal_reader_close(reader);

    sqlite3 *shell = open_shell(fixture->file);
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(shell, "SELECT sequence, salt, text FROM note", -1, &statement, NULL),
                     0);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int64(statement, 0), 1);
    assert_int_equal(sqlite3_column_bytes(statement, 1), NOTE_SALT_SIZE);
    assert_memory_equal(sqlite3_column_blob(statement, 1), event.note.salt, NOTE_SALT_SIZE);
    assert_string_equal((const char *)sqlite3_column_text(statement, 2), event.note.text);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_exec(shell, "DELETE FROM note", NULL, NULL, NULL),
                     SQLITE_OK); // it can be erased
    sqlite3_close(shell);
    reader = open_reader(fixture->file); // and the chain still verifies
    struct journal_verdict verdict;
    assert_int_equal(journal_verify(reader, NULL, NULL, &verdict), 0);
    assert_int_equal(verdict.checked, 1);
    journal_reader_close(reader);
}

// What version 1 made, by its own words.
static void a_journal_of_version_1_is_brought_up_to_date(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    fixture_append(journal, 1, 3);
    journal_close(journal);
    sqlite3 *shell = open_shell(fixture->file);
    assert_int_equal(
        sqlite3_exec(shell,
                     "DROP TABLE state; DROP TABLE note;"
                     "CREATE TABLE state(room TEXT NOT NULL, alarm TEXT NOT NULL, state INTEGER NOT NULL,"
                     "  condition INTEGER NOT NULL, occurrence INTEGER NOT NULL, since_bootid TEXT NOT NULL,"
                     "  since_boottime_ns INTEGER NOT NULL, since_wall_ms INTEGER NOT NULL,"
                     "  PRIMARY KEY(room, alarm)) STRICT, WITHOUT ROWID;"
                     "INSERT INTO state VALUES('butterfly', 'smoke-1', 5, 0, 17, 'earlier', 99, 1234);"
                     "PRAGMA user_version=1",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(shell);

    journal = open_journal(fixture);
    struct seen seen = { .n = 0 };
    assert_int_equal(journal_load_state(journal, see, &seen), 0);
    assert_int_equal(seen.n, 1);
    const struct state_record *smoke = find(&seen, "butterfly/smoke-1");
    assert_non_null(smoke);
    assert_int_equal(smoke->kind, RECORD_ALARM);
    assert_int_equal(smoke->state, 5);
    assert_int_equal(smoke->occurrence, 17);
    assert_int_equal(smoke->since_wall_ms, 1234);
    fixture_append(journal, 4, 3);
    journal_close(journal);
    fixture_expect(fixture->file, 6);
}

static void minutes_are_stored_and_can_be_stored_again(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    struct minute_row rows[] = {
        { "butterfly", "air", QUANTITY_TEMPERATURE, 1795486260, -5, 21500, 22000, 21700, 12 },
        { "butterfly", "air", QUANTITY_CO2, 1795486260, 400, 800, 1200, 900, 12 },
    };
    assert_int_equal(journal_store_minutes(journal, rows, 2), 0);
    rows[1].last = 901;
    assert_int_equal(journal_store_minutes(journal, rows, 2), 0);
    sqlite3 *shell = open_shell(fixture->file);
    sqlite3_stmt *statement = NULL;
    assert_int_equal(
        sqlite3_prepare_v2(shell,
                           "SELECT group_concat(minute_wall_s||' '||room||'/'||point||' '||quantity||' '||"
                           "min||' '||mean||' '||max||' '||last||' '||samples, ';') FROM"
                           " (SELECT * FROM minute ORDER BY quantity)",
                           -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0),
                        "1795486260 butterfly/air co2_ppm 400 800 1200 901 12;"
                        "1795486260 butterfly/air temp_mc -5 21500 22000 21700 12");
    sqlite3_finalize(statement);
    sqlite3_close(shell);
    journal_close(journal);
}

static void see_minute(const struct minute_row *row, void *user)
{
    struct minute_row *last = user;
    assert_true(row->minute_wall_s >= last->minute_wall_s);
    last->minute_wall_s = row->minute_wall_s;
    last->mean += row->mean;
    last->samples += row->samples;
}

static void stored_minutes_can_be_read_from_a_time_on(void **state)
{
    struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture);
    struct minute_row rows[10];
    for (int i = 0; i < 10; i++) {
        rows[i] = (struct minute_row){ .room = "butterfly",
                                       .point = "air",
                                       .quantity = QUANTITY_CO2,
                                       .minute_wall_s = 1795486260 - 60 * i,
                                       .mean = 1 << i,
                                       .samples = 12 };
    }
    assert_int_equal(journal_store_minutes(journal, rows, 10), 0);
    struct minute_row sum = { .minute_wall_s = 0 };
    assert_int_equal(journal_load_minutes(journal, 1795486260 - 60 * 4, see_minute, &sum), 0);
    assert_int_equal(sum.mean, 31);
    assert_int_equal(sum.samples, 5 * 12);
    journal_close(journal);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(alarms_come_back_as_they_were_after_the_last_event),
        WITH_DIR(a_boottime_of_an_earlier_boot_says_nothing),
        WITH_DIR(every_kind_of_record_comes_back_whole),
        WITH_DIR(a_person_is_filed_by_the_pseudonym_of_its_event),
        WITH_DIR(a_note_is_kept_beside_the_line_and_committed_to),
        WITH_DIR(a_journal_of_version_1_is_brought_up_to_date),
        WITH_DIR(minutes_are_stored_and_can_be_stored_again),
        WITH_DIR(stored_minutes_can_be_read_from_a_time_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
