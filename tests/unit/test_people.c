// The register of people: what is kept and how, single edits, erasing, keys, a process that dies at any
// write.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/failing_disk.h"
#include "tests/unit/people_fixture.h"

static const struct people_import_options for_good = { .dry_run = false };

static const char three[] =
    "kind,id,name,room,group,birth,card,card2,picks_up,valid_from,valid_until\r\n"
    "child,c1,张美美,butterfly,toddler,2024-03-05,6547886,,,,\r\n"
    "staff,s1,Wang Fang,butterfly,,,57:12345,0x04a1b2c3d4e5f6,,2026-09-01,2027-08-31\r\n"
    "guardian,g1,\"Zhang, Wei\",,,,,,c1,,\r\n";

static void fill(struct people *people)
{
    struct told told;
    struct people_counts counts;
    assert_int_equal(import_text(people, three, &for_good, &told, &counts), 0);
    assert_string_equal(told.text, "");
    assert_int_equal(counts.added, 3);
}

// The same people again, whoever of them is there.
static void fill_again(struct people *people)
{
    struct told told;
    struct people_counts counts;
    assert_int_equal(import_text(people, three, &for_good, &told, &counts), 0);
}

static void expect_line(struct people *people, const char *id, const char *expected)
{
    char line[512];
    describe(people, id, line, sizeof line);
    assert_string_equal(line, expected);
}

static int put(struct people *people, const char *const cells[PEOPLE_COLUMN_COUNT], struct told *told,
               char ret_id[static ID_SIZE])
{
    *told = (struct told){ .n = 0 };
    return people_put(people, &people_config, cells, tell, told, ret_id);
}

// ---- Import and edits

static void import_keeps_people(void **state)
{
    struct people_fixture *fixture = *state;
    fill(fixture->people);
    people_reopen(fixture);
    expect_line(fixture->people, "c1",
                "c1 child 张美美 room=butterfly group=toddler birth=2024-03-05 from= until= cards=1 lost=0");
    expect_line(
        fixture->people, "s1",
        "s1 staff Wang Fang room=butterfly group= birth= from=2026-09-01 until=2027-08-31 cards=2 lost=0");
    expect_line(fixture->people, "g1",
                "g1 guardian Zhang, Wei room= group= birth= from= until= cards=0 lost=0");
}

static int size_of(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0 ? (int)st.st_size : -1;
}

static void same_file_changes_nothing(void **state)
{
    struct people_fixture *fixture = *state;
    struct told told;
    struct people_counts counts;
    fill(fixture->people);
    int before = size_of(fixture->wal);
    assert_true(before > 0);
    assert_int_equal(import_text(fixture->people, three, &for_good, &told, &counts), 0);
    assert_int_equal(counts.unchanged, 3);
    assert_int_equal(counts.added + counts.updated + counts.removed, 0);
    assert_int_equal(size_of(fixture->wal), before); // not a page was written
}

static void import_updates_only_its_columns(void **state)
{
    struct people_fixture *fixture = *state;
    struct told told;
    struct people_counts counts;
    fill(fixture->people);
    assert_int_equal(import_text(fixture->people, "kind;id;name;room\nchild;c1;Mei;bee\nchild;c2;Li;\n",
                                 &for_good, &told, &counts),
                     0);
    assert_int_equal(counts.updated, 1);
    assert_int_equal(counts.added, 1);
    expect_line(fixture->people, "c1",
                "c1 child Mei room=bee group=toddler birth=2024-03-05 from= until= cards=1 lost=0");
    expect_line(fixture->people, "g1",
                "g1 guardian Zhang, Wei room= group= birth= from= until= cards=0 lost=0");
}

static void dry_run_changes_nothing(void **state)
{
    struct people_fixture *fixture = *state;
    struct told told;
    struct people_counts counts;
    const struct people_import_options dry = { .dry_run = true, .remove_others = true };
    fill(fixture->people);
    assert_int_equal(
        import_text(fixture->people, "kind,id,name\nchild,c1,Mei\nchild,c9,Neu\n", &dry, &told, &counts), 0);
    assert_int_equal(counts.updated, 1);
    assert_int_equal(counts.added, 1);
    assert_int_equal(counts.removed, 2);
    expect_line(fixture->people, "c1",
                "c1 child 张美美 room=butterfly group=toddler birth=2024-03-05 from= until= cards=1 lost=0");
    expect_line(fixture->people, "c9", "");
    expect_line(
        fixture->people, "s1",
        "s1 staff Wang Fang room=butterfly group= birth= from=2026-09-01 until=2027-08-31 cards=2 lost=0");
}

struct gone {
    struct told told; // first: the reports and this have one user
    char ids[64];
    unsigned n;
};

static void note_gone(const char *id, const char *pseudonym, void *user)
{
    struct gone *gone = user;
    assert_int_equal(strlen(pseudonym), 18);
    strcat(strcat(gone->ids, id), " ");
    gone->n++;
}

static void others_are_removed_when_asked(void **state)
{
    struct people_fixture *fixture = *state;
    struct people_import *import = NULL;
    struct people_counts counts;
    struct gone gone = { .n = 0 };
    const char text[] = "kind,id,name,picks_up,card\nguardian,g1,Wei,,\nchild,c2,Li,,6547886\n";
    fill(fixture->people);
    assert_int_equal(people_import_new(fixture->people, &people_config, &import), 0);
    assert_int_equal(people_import_feed(import, text, strlen(text)), 0);
    assert_int_equal(
        people_import_end(import,
                          &(struct people_import_options){ .remove_others = true, .erased = note_gone }, tell,
                          &gone, &counts),
        0);
    people_import_free(import);
    assert_string_equal(gone.ids, "c1 s1 ");
    assert_int_equal(counts.removed, 2);
    expect_line(fixture->people, "c1", "");
    expect_line(fixture->people, "c2", "c2 child Li room= group= birth= from= until= cards=1 lost=0");
    assert_false(file_holds(fixture->file, "张美美", strlen("张美美")));
}

static void put_gives_ids(void **state)
{
    struct people_fixture *fixture = *state;
    struct told told;
    char id[ID_SIZE], pseudonym[PSEUDONYM_SIZE];
    fill(fixture->people);
    const char *child[PEOPLE_COLUMN_COUNT] = { [PEOPLE_KIND] = "child", [PEOPLE_NAME] = "Lan" };
    assert_int_equal(put(fixture->people, child, &told, id), 0);
    assert_string_equal(id, "c2");
    assert_int_equal(people_erase(fixture->people, "c2", pseudonym), 0);
    people_reopen(fixture);
    assert_int_equal(put(fixture->people, child, &told, id), 0);
    assert_string_equal(id, "c3"); // not the number of somebody who was there
    const char *change[PEOPLE_COLUMN_COUNT] = {
        [PEOPLE_ID] = "c3", [PEOPLE_ROOM] = "bee", [PEOPLE_CARD] = "77"
    };
    assert_int_equal(put(fixture->people, change, &told, id), 0);
    expect_line(fixture->people, "c3", "c3 child Lan room=bee group= birth= from= until= cards=1 lost=0");
}

static void put_tells_mistakes(void **state)
{
    struct people_fixture *fixture = *state;
    struct told told;
    char id[ID_SIZE] = "untouched";
    const char *nobody[PEOPLE_COLUMN_COUNT] = { [PEOPLE_ID] = "c7" };
    assert_int_equal(put(fixture->people, nobody, &told, id), -EINVAL);
    assert_string_equal(told.text, "column kind: is missing; a new person needs kind and name\n"
                                   "column name: is missing; a new person needs kind and name\n");
    const char *wrong[PEOPLE_COLUMN_COUNT] = {
        [PEOPLE_KIND] = "dog", [PEOPLE_NAME] = "Rex", [PEOPLE_ROOM] = "hut"
    };
    assert_int_equal(put(fixture->people, wrong, &told, id), -EINVAL);
    assert_string_equal(told.text, "column kind: is no kind; write child, staff or guardian\n"
                                   "column room: is no room; write one of: butterfly, bee\n");
    assert_string_equal(id, "untouched");
}

static void cards_are_given_lost_and_removed(void **state)
{
    struct people_fixture *fixture = *state;
    struct people *people = fixture->people;
    struct card card, other;
    fill(people);
    assert_int_equal(people_card_parse("6547886", &card), 0);
    assert_int_equal(people_card_parse("99:1", &other), 0);
    assert_int_equal(people_card_give(people, "g1", &card), -EEXIST);
    assert_int_equal(people_card_give(people, "c9", &other), -ENOENT);
    assert_int_equal(people_card_lost(people, "g1", &card), -ENOENT);
    assert_int_equal(people_card_lost(people, "c1", &card), 0);
    expect_line(people, "c1",
                "c1 child 张美美 room=butterfly group=toddler birth=2024-03-05 from= until= cards=1 lost=1");
    assert_int_equal(people_card_give(people, "g1", &card), 0); // found, and given to somebody else
    expect_line(people, "c1",
                "c1 child 张美美 room=butterfly group=toddler birth=2024-03-05 from= until= cards=0 lost=0");
    assert_int_equal(people_card_remove(people, "g1", &card), 0);
    assert_int_equal(people_card_remove(people, "g1", &card), -ENOENT);
    assert_int_equal(people_card_lost(people, "s1", NULL), 0);
    expect_line(
        people, "s1",
        "s1 staff Wang Fang room=butterfly group= birth= from=2026-09-01 until=2027-08-31 cards=2 lost=2");
    for (unsigned i = 0; i < PEOPLE_CARDS_MAX; i++) {
        other = (struct card){ .bits = 26, .length = 3, .bytes = { 1, 2, (uint8_t)i } };
        assert_int_equal(people_card_give(people, "g1", &other), 0);
    }
    other.bytes[0] = 9;
    assert_int_equal(people_card_give(people, "g1", &other), -EMLINK);
}

static void lost_card_stays_lost_over_an_import(void **state)
{
    struct people_fixture *fixture = *state;
    struct told told;
    struct people_counts counts;
    fill(fixture->people);
    assert_int_equal(people_card_lost(fixture->people, "c1", NULL), 0);
    assert_int_equal(import_text(fixture->people, three, &for_good, &told, &counts), 0);
    assert_string_equal(told.text,
                        "notice: line 2, column card: was reported lost and stays so; give the card "
                        "again where it was found\n");
    assert_int_equal(counts.unchanged, 3);
    expect_line(fixture->people, "c1",
                "c1 child 张美美 room=butterfly group=toddler birth=2024-03-05 from= until= cards=1 lost=1");
}

static char *export_text(struct people *people, const char *id)
{
    json_t *json = NULL;
    assert_int_equal(people_export(people, id, &json), 0);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(json);
    return text;
}

static void pick_ups_are_allowed_and_ended(void **state)
{
    struct people_fixture *fixture = *state;
    struct people *people = fixture->people;
    struct told told;
    struct people_counts counts;
    int32_t first = 0, last = 0;
    fill(people);
    assert_true(people_day_parse("2026-09-01", &first) && people_day_parse("2026-09-30", &last));
    assert_int_equal(people_pick_up_allow(people, "s1", "c1", first, last), 0);
    assert_int_equal(people_pick_up_allow(people, "c1", "c1", first, last), -EINVAL);
    assert_int_equal(people_pick_up_allow(people, "g1", "s1", first, last), -EINVAL);
    assert_int_equal(people_pick_up_allow(people, "g1", "c1", last, first), -EINVAL);
    assert_int_equal(people_pick_up_allow(people, "g1", "c2", first, last), -ENOENT);
    assert_int_equal(people_pick_up_allow(people, "g1", "c1", first, PEOPLE_DAY_LAST), 0);
    // The file lists it for g1 and not for s1: the one keeps its days, the other ends.
    assert_int_equal(import_text(people, three, &for_good, &told, &counts), 0);
    assert_int_equal(counts.updated, 1);
    char *text = export_text(people, "c1"), *pseudonym = strstr(text, "\"p-");
    assert_non_null(pseudonym);
    memset(pseudonym + 3, 'x', 16);
    assert_string_equal(
        text, "{\"birth\":\"2024-03-05\",\"cards\":[{\"state\":\"good\"}],\"group\":\"toddler\","
              "\"id\":\"c1\",\"kind\":\"child\",\"name\":\"张美美\",\"picked_up_by\":[{\"id\":\"g1\","
              "\"valid_from\":\"2026-09-01\",\"valid_until\":null}],\"picks_up\":[],"
              "\"pseudonym\":\"p-xxxxxxxxxxxxxxxx\",\"room\":\"butterfly\",\"valid_from\":null,"
              "\"valid_until\":null}");
    free(text);
    assert_int_equal(people_pick_up_end(people, "g1", "c1"), 0);
    assert_int_equal(people_pick_up_end(people, "g1", "c1"), -ENOENT);
}

// ---- What is in the files

static void files_hold_nothing_in_clear(void **state)
{
    struct people_fixture *fixture = *state;
    static const char *const secrets[] = { "张美美",     "Wang Fang",      "Zhang, Wei",
                                           "2024-03-05", "6547886",        "12345",
                                           "57:12345",   "04a1b2c3d4e5f6", "04A1B2C3D4E5F6" };
    static const uint8_t numbers[][4] = { { 0x00, 0x63, 0xe9, 0xae },
                                          { 0x00, 0x39, 0x30, 0x39 },
                                          { 0xae, 0xe9, 0x63, 0x00 },
                                          { 0xa1, 0xb2, 0xc3, 0xd4 } };
    const char *const files[] = { fixture->file, fixture->wal };
    fill(fixture->people);
    for (unsigned closed = 0; closed < 2; closed++) {
        for (size_t i = 0; i < 2; i++) {
            for (size_t j = 0; j < sizeof secrets / sizeof *secrets; j++) {
                assert_false(file_holds(files[i], secrets[j], strlen(secrets[j])));
            }
            for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++) {
                assert_false(file_holds(files[i], numbers[j], 4));
                assert_false(file_holds(files[i], numbers[j] + 1, 3) && j < 2); // of three bytes
            }
        }
        // The look is not blind: ids and rooms are there.
        assert_true(file_holds(files[closed ? 0 : 1], "butterfly", 9));
        people_reopen(fixture);
    }
}

static void modes_are_the_owners(void **state)
{
    struct people_fixture *fixture = *state;
    struct stat st;
    fill(fixture->people);
    const char *const files[] = { fixture->file, fixture->wal, fixture->key };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(stat(files[i], &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
    assert_int_equal(st.st_size, 65);
    assert_int_equal(chmod(fixture->file, 0644), 0);
    people_reopen(fixture);
    assert_int_equal(stat(fixture->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

// The bytes of a column of a row, from the file itself.
static size_t column_bytes(const char *file, const char *sql, void *buf, size_t size)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    size_t length = (size_t)sqlite3_column_bytes(statement, 0);
    assert_true(length > 0 && length <= size);
    memcpy(buf, sqlite3_column_blob(statement, 0), length);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return length;
}

// The same of the register as it is now, with what is only in the WAL: from a copy, since nobody else may
// open it.
static size_t kept_bytes(const struct people_fixture *fixture, const char *sql, void *buf, size_t size)
{
    char command[640], copy[112];
    snprintf(copy, sizeof copy, "%s/copy", fixture->dir);
    snprintf(command, sizeof command, "rm -f %s*; cp %s %s; cp %s %s-wal", copy, fixture->file, copy,
             fixture->wal, copy);
    assert_int_equal(system(command), 0);
    size_t length = column_bytes(copy, sql, buf, size);
    snprintf(command, sizeof command, "rm -f %s*", copy);
    assert_int_equal(system(command), 0);
    return length;
}

#define SEALED_OF_C1 "SELECT sealed FROM person WHERE id = 'c1'"

static bool register_holds(const struct people_fixture *fixture, const void *bytes, size_t length)
{
    return file_holds(fixture->file, bytes, length) || file_holds(fixture->wal, bytes, length);
}

static void erasing_leaves_nothing(void **state)
{
    struct people_fixture *fixture = *state;
    uint8_t sealed[2][512], hash[32], low[32];
    size_t length[2];
    char pseudonym[PSEUDONYM_SIZE] = "";
    struct told told;
    struct people_counts counts;
    fill(fixture->people);
    // Many neighbours, so that pages have been split and moved.
    for (unsigned i = 0; i < 300; i++) {
        char id[ID_SIZE], name[32], card[16];
        snprintf(name, sizeof name, "Kind %u", i);
        snprintf(card, sizeof card, "%u", 1000 + i);
        const char *cells[PEOPLE_COLUMN_COUNT] = {
            [PEOPLE_KIND] = "child", [PEOPLE_NAME] = name, [PEOPLE_CARD] = card
        };
        assert_int_equal(put(fixture->people, cells, &told, id), 0);
    }
    length[0] = kept_bytes(fixture, SEALED_OF_C1, sealed[0], sizeof sealed[0]);
    assert_int_equal(import_text(fixture->people, "kind,id,name,card2\nchild,c1,Mei Mei,0x12345678\n",
                                 &for_good, &told, &counts),
                     0);
    length[1] = kept_bytes(fixture, SEALED_OF_C1, sealed[1], sizeof sealed[1]);
    kept_bytes(fixture, "SELECT whole FROM card WHERE person = 'c1' AND low24 IS NULL", hash, sizeof hash);
    kept_bytes(fixture, "SELECT low24 FROM card WHERE person = 'c1' AND low24 IS NOT NULL", low, sizeof low);
    for (size_t i = 0; i < 2; i++) {
        assert_true(register_holds(fixture, sealed[i], length[i])); // also the older one
    }
    assert_true(register_holds(fixture, hash, 32) && register_holds(fixture, low, 32));
    assert_int_equal(people_erase(fixture->people, "c1", pseudonym), 0);
    assert_int_equal(strlen(pseudonym), 18);
    assert_int_equal(strncmp(pseudonym, "p-", 2), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_false(register_holds(fixture, sealed[i], 24)); // not even the nonce, nor the last of it
        assert_false(register_holds(fixture, sealed[i] + length[i] - 16, 16));
    }
    assert_false(register_holds(fixture, hash, 16));
    assert_false(register_holds(fixture, low, 16));
    expect_line(fixture->people, "c1", "");
    assert_int_equal(people_erase(fixture->people, "c1", pseudonym), -ENOENT);
    expect_line(fixture->people, "c301",
                "c301 child Kind 299 room= group= birth= from= until= cards=1 lost=0");
    char *text = export_text(fixture->people, "g1"); // nobody to pick up any more
    assert_non_null(strstr(text, "\"picks_up\":[]"));
    free(text);
}

static void pseudonym_is_new_after_erasing(void **state)
{
    struct people_fixture *fixture = *state;
    char first[PSEUDONYM_SIZE], second[PSEUDONYM_SIZE], *text;
    fill(fixture->people);
    text = export_text(fixture->people, "c1");
    assert_int_equal(people_erase(fixture->people, "c1", first), 0);
    assert_non_null(strstr(text, first)); // it was the one that events had
    free(text);
    fill_again(fixture->people);
    assert_int_equal(people_erase(fixture->people, "c1", second), 0);
    assert_string_not_equal(first, second);
}

static void damaged_row_is_refused_and_can_be_erased(void **state)
{
    struct people_fixture *fixture = *state;
    char line[512], pseudonym[PSEUDONYM_SIZE] = "x";
    fill(fixture->people);
    people_close(fixture->people);
    fixture->people = NULL;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(fixture->file, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    // Somebody puts one person's row under another's id.
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE person SET sealed = (SELECT sealed FROM person WHERE id = 'g1')"
                                  " WHERE id = 's1'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(people_open(fixture->dir, &fixture->people), 0);
    struct people_table *table = NULL;
    assert_int_equal(people_table_new(fixture->people, &people_config, &table), -EUCLEAN);
    describe(fixture->people, "s1", line, sizeof line);
    assert_string_equal(line, "");
    assert_int_equal(people_erase(fixture->people, "s1", pseudonym), 0);
    assert_string_equal(pseudonym, "");
    assert_int_equal(people_table_new(fixture->people, &people_config, &table), 0);
    people_table_free(table);
}

// ---- Keys

static void write_file(const char *file, const char *text, mode_t mode)
{
    unlink(file);
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

#define OTHER_KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char *read_file(const char *file, size_t *ret_length)
{
    FILE *stream = fopen(file, "rb");
    assert_non_null(stream);
    char *content = calloc(1, 1 << 20);
    *ret_length = fread(content, 1, (1 << 20) - 1, stream);
    fclose(stream);
    return content;
}

static void wrong_key_is_told_and_destroys_nothing(void **state)
{
    struct people_fixture *fixture = *state;
    static const struct {
        const char *text; // NULL: no file
        mode_t mode;
        int error;
    } cases[] = {
        { NULL, 0, -ENOKEY },
        { OTHER_KEY "\n", 0600, -EKEYREJECTED },
        { OTHER_KEY, 0600, -EKEYREJECTED },
        { OTHER_KEY "\n", 0640, -EPERM },
        { "", 0600, -EBADMSG },
        { OTHER_KEY "0\n", 0600, -EBADMSG },
        { OTHER_KEY "\n\n", 0600, -EBADMSG },
        { "0011\n", 0600, -EBADMSG },
        { "zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0600, -EBADMSG },
    };
    size_t length, key_length;
    fill(fixture->people);
    people_close(fixture->people);
    fixture->people = NULL;
    char *before = read_file(fixture->file, &length), *key = read_file(fixture->key, &key_length);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].text) {
            write_file(fixture->key, cases[i].text, cases[i].mode);
        } else {
            unlink(fixture->key);
        }
        assert_int_equal(people_open(fixture->dir, &fixture->people), cases[i].error);
        assert_null(fixture->people);
        assert_non_null(strstr(people_explain(cases[i].error), "people.key"));
        size_t after_length;
        char *after = read_file(fixture->file, &after_length);
        assert_int_equal(after_length, length);
        assert_memory_equal(after, before, length);
        free(after);
        assert_int_equal(access(fixture->key, F_OK) == 0,
                         cases[i].text != NULL); // none is made for a register
    }
    write_file(fixture->key, key, 0600);
    assert_int_equal(people_open(fixture->dir, &fixture->people), 0);
    expect_line(fixture->people, "g1",
                "g1 guardian Zhang, Wei room= group= birth= from= until= cards=0 lost=0");
    free(before);
    free(key);
}

static void credential_is_the_key(void **state)
{
    struct people_fixture *fixture = *state;
    char dir[80], file[112];
    fill(fixture->people);
    people_close(fixture->people);
    fixture->people = NULL;
    snprintf(dir, sizeof dir, "%s/credentials", fixture->dir);
    snprintf(file, sizeof file, "%s/people.key", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
    assert_int_equal(people_open(fixture->dir, &fixture->people),
                     0); // it has none: the one beside the register
    people_close(fixture->people);
    fixture->people = NULL;
    assert_int_equal(rename(fixture->key, file), 0);
    assert_int_equal(chmod(file, 0440), 0);
    assert_int_equal(people_open(fixture->dir, &fixture->people), 0);
    people_close(fixture->people);
    fixture->people = NULL;
    write_file(file, OTHER_KEY "\n", 0400);
    assert_int_equal(people_open(fixture->dir, &fixture->people), -EKEYREJECTED);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_int_equal(people_open(fixture->dir, &fixture->people), -ENOKEY);
}

static void first_start_that_was_cut_short(void **state)
{
    struct people_fixture *fixture = *state;
    char fresh[112];
    people_close(fixture->people);
    fixture->people = NULL;
    // Before the key had its name; and between making the file and its first byte.
    snprintf(fresh, sizeof fresh, "%s.new", fixture->key);
    unlink(fixture->file);
    unlink(fixture->key);
    write_file(fresh, "0011", 0600);
    assert_int_equal(people_open(fixture->dir, &fixture->people), 0);
    assert_int_equal(access(fresh, F_OK), -1);
    people_close(fixture->people);
    fixture->people = NULL;
    unlink(fixture->key);
    write_file(fixture->file, "", 0600);
    assert_int_equal(people_open(fixture->dir, &fixture->people), 0);
    fill(fixture->people);
}

static void other_files_are_refused(void **state)
{
    struct people_fixture *fixture = *state;
    people_close(fixture->people);
    fixture->people = NULL;
    write_file(fixture->file, "This is not a database, and long enough to be looked at as one. ", 0600);
    assert_int_equal(people_open(fixture->dir, &fixture->people), -EUCLEAN);
    unlink(fixture->file);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fixture->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(people_open(fixture->dir, &fixture->people), -EUCLEAN);
    assert_true(file_holds(fixture->file, "CREATE TABLE t(x)", 17));
    assert_int_equal(people_open("/tmp/careroom-no-such-folder", &fixture->people), -ENOENT);
}

// A child process opens what this one holds; threads of one process share SQLite's locks.
static void held_by_one_process(void **state)
{
    struct people_fixture *fixture = *state;
    fill(fixture->people);
    pid_t child = fork();
    if (child == 0) {
        struct people *people = NULL;
        _exit(people_open(fixture->dir, &people) == -EBUSY ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// ---- Deaths and disks

#define MANY 400

static char *many_rows(void)
{
    char *text = malloc(MANY * 64 + 64);
    assert_non_null(text);
    size_t used = (size_t)sprintf(text, "kind,id,name,card,picks_up\n");
    for (unsigned i = 0; i < MANY; i++) {
        used += (size_t)sprintf(text + used, "child,c%u,Kind %u,%u,\n", i + 10, i, 5000 + i);
    }
    sprintf(text + used, "guardian,g1,Neu,,c10 c11\n");
    return text;
}

struct counted {
    unsigned n;
};
static void count_entry(const struct people_entry *entry, void *user)
{
    (void)entry;
    ((struct counted *)user)->n++;
}

static unsigned count_people(struct people *people)
{
    struct counted counted = { 0 };
    assert_int_equal(people_each(people, count_entry, &counted), 0);
    return counted.n;
}

// A process that is killed at its nth write to the disk while it imports: afterwards all of it is there or
// nothing.
static void killed_at_any_write(void **state)
{
    struct people_fixture *fixture = *state;
    char *text = many_rows();
    unsigned all = 0, nothing = 0;
    fill(fixture->people);
    for (unsigned nth = 1; all == 0; nth += nth < 4 ? 1 : 9) {
        people_close(fixture->people);
        fixture->people = NULL;
        pid_t child = fork();
        if (child == 0) {
            struct people *people = NULL;
            struct people_import *import = NULL;
            struct people_counts counts;
            struct told told = { .n = 0 };
            if (people_open(fixture->dir, &people) < 0 ||
                people_import_new(people, &people_config, &import) < 0 ||
                people_import_feed(import, text, strlen(text)) < 0) {
                _exit(2);
            }
            failing_disk_die(nth);
            _exit(people_import_end(import, &for_good, tell, &told, &counts) == 0 ? 0 : 3);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        assert_true(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
        assert_int_equal(people_open(fixture->dir, &fixture->people), 0);
        unsigned count = count_people(fixture->people);
        assert_true(count == 3 || count == 3 + MANY);
        assert_true(killed || count == 3 + MANY);
        nothing += count == 3;
        all += count == 3 + MANY;
        char line[256];
        describe(fixture->people, "g1", line, sizeof line);
        assert_non_null(strstr(line, count == 3 ? "Zhang, Wei" : "Neu"));
    }
    assert_true(nothing >= 3); // it has been killed in the middle
    free(text);
}

static void failing_disk_changes_nothing(void **state)
{
    struct people_fixture *fixture = *state;
    char *text = many_rows();
    struct told told;
    struct people_counts counts;
    fill(fixture->people);
    for (enum failure failure = FAIL_WRITE; failure < FAILURE_COUNT; failure++) {
        failing_disk_arm(failure, 1, true);
        int r = import_text(fixture->people, text, &for_good, &told, &counts);
        assert_true(failing_disk_disarm() > 0);
        assert_int_equal(r, failure == FAIL_FULL ? -ENOSPC : -EIO);
        assert_int_equal(count_people(fixture->people), 3);
    }
    assert_int_equal(import_text(fixture->people, text, &for_good, &told, &counts), 0);
    assert_int_equal(count_people(fixture->people), 3 + MANY);
    free(text);
}

// The person is erased, the traces not yet: the next opening sees to them.
static void traces_are_removed_at_the_next_start(void **state)
{
    struct people_fixture *fixture = *state;
    uint8_t sealed[512];
    char pseudonym[PSEUDONYM_SIZE];
    fill(fixture->people);
    people_reopen(fixture);
    people_close(fixture->people);
    fixture->people = NULL;
    size_t length =
        column_bytes(fixture->file, "SELECT sealed FROM person WHERE id = 'c1'", sealed, sizeof sealed);
    assert_int_equal(people_open(fixture->dir, &fixture->people), 0);
    int r = -EIO;
    for (unsigned nth = 1; r < 0 && r != -EINPROGRESS && nth < 100; nth++) {
        failing_disk_arm(FAIL_WRITE, nth, true);
        r = people_erase(fixture->people, "c1", pseudonym);
        failing_disk_disarm();
    }
    assert_int_equal(r, -EINPROGRESS);
    assert_int_equal(strlen(pseudonym), 18);
    expect_line(fixture->people, "c1", "");
    assert_true(file_holds(fixture->file, sealed, length)); // still there: the look is not blind
    people_reopen(fixture);
    assert_false(file_holds(fixture->file, sealed, 24));
    assert_false(file_holds(fixture->wal, sealed, 24));
    expect_line(fixture->people, "c1", "");
}

// The same where the process dies at any write of an erasing: the person is there as before, or gone without
// traces when the register has been opened again.
static void killed_while_erasing(void **state)
{
    struct people_fixture *fixture = *state;
    unsigned there = 0, traces = 0;
    bool killed = true;
    for (unsigned nth = 1; killed; nth++) {
        uint8_t sealed[512];
        char line[512];
        fill_again(fixture->people);
        size_t length = kept_bytes(fixture, SEALED_OF_C1, sealed, sizeof sealed);
        people_close(fixture->people);
        fixture->people = NULL;
        pid_t child = fork();
        if (child == 0) {
            struct people *people = NULL;
            char pseudonym[PSEUDONYM_SIZE];
            if (people_open(fixture->dir, &people) < 0) {
                _exit(2);
            }
            failing_disk_die(nth);
            _exit(people_erase(people, "c1", pseudonym) == 0 ? 0 : 3);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        assert_true(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
        bool left = register_holds(fixture, sealed, length);
        assert_int_equal(people_open(fixture->dir, &fixture->people), 0);
        describe(fixture->people, "c1", line, sizeof line);
        there += *line != '\0';
        if (*line == '\0') {
            traces += left;
            assert_false(register_holds(fixture, sealed, 24));
        }
    }
    assert_true(there > 0 && traces > 0); // it has been killed before and after the commit
}

int main(void)
{
    failing_disk_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(import_keeps_people, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(same_file_changes_nothing, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(import_updates_only_its_columns, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(dry_run_changes_nothing, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(others_are_removed_when_asked, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(put_gives_ids, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(put_tells_mistakes, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(cards_are_given_lost_and_removed, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(lost_card_stays_lost_over_an_import, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(pick_ups_are_allowed_and_ended, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(files_hold_nothing_in_clear, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(modes_are_the_owners, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(erasing_leaves_nothing, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(pseudonym_is_new_after_erasing, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(damaged_row_is_refused_and_can_be_erased, people_setup,
                                        people_teardown),
        cmocka_unit_test_setup_teardown(wrong_key_is_told_and_destroys_nothing, people_setup,
                                        people_teardown),
        cmocka_unit_test_setup_teardown(credential_is_the_key, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(first_start_that_was_cut_short, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(other_files_are_refused, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(held_by_one_process, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(killed_at_any_write, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(failing_disk_changes_nothing, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(traces_are_removed_at_the_next_start, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(killed_while_erasing, people_setup, people_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
