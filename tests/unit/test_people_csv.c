// The file of people: how its bytes become fields, and every mistake by line and column.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/people/csv.h"
#include "tests/unit/people_fixture.h"

// ---- Bytes into fields: a row is written "[field|field]line ", a problem "!problem@line".

struct rows {
    char text[4096];
    size_t used;
    bool open;
};

static void add(struct rows *rows, const char *text, size_t length)
{
    assert_true(rows->used + length < sizeof rows->text);
    memcpy(rows->text + rows->used, text, length);
    rows->used += length;
    rows->text[rows->used] = '\0';
}

static void separate(struct rows *rows, unsigned field)
{
    add(rows, rows->open ? "|" : "[", 1);
    assert_int_equal(rows->open, field > 1);
    rows->open = true;
}

static void on_field(void *user, unsigned line, unsigned field, const char *text, size_t length)
{
    (void)line;
    separate(user, field);
    add(user, text, length);
}

static void on_problem(void *user, unsigned line, unsigned field, enum csv_problem problem)
{
    char text[32];
    separate(user, field);
    int length = snprintf(text, sizeof text, "!%d@%u", (int)problem, line);
    add(user, text, (size_t)length);
}

static void on_row(void *user, unsigned line, unsigned fields)
{
    struct rows *rows = user;
    char text[32];
    (void)fields;
    int length = snprintf(text, sizeof text, "]%u ", line);
    add(rows, text, (size_t)length);
    rows->open = false;
}

static void parse(const char *bytes, size_t length, size_t piece, struct rows *ret_rows)
{
    struct csv csv;
    *ret_rows = (struct rows){ .used = 0 };
    csv_init(&csv, &(struct csv_sink){ on_field, on_problem, on_row, ret_rows });
    for (size_t at = 0; at < length; at += piece) {
        csv_feed(&csv, bytes + at, piece < length - at ? piece : length - at);
    }
    csv_end(&csv);
}

#define BYTES(text) text, sizeof(text) - 1

static void fields(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *rows;
        size_t rows_length;
    } cases[] = {
        { BYTES(""), BYTES("") },
        { BYTES("\n\r\n\r"), BYTES("") },
        { BYTES("a,b\nc,d\n"), BYTES("[a|b]1 [c|d]2 ") },
        { BYTES("a,b\r\nc,d"), BYTES("[a|b]1 [c|d]2 ") },
        { BYTES("a,b\rc,d\r"), BYTES("[a|b]1 [c|d]2 ") },
        { BYTES("a,b\n\n\nc,d\n"), BYTES("[a|b]1 [c|d]4 ") },
        { BYTES("\xef\xbb\xbf"
                "a,b\n"),
          BYTES("[a|b]1 ") },
        { BYTES("\xef\xbb\xbf\"a\",b\n"), BYTES("[a|b]1 ") },
        { BYTES("\xef\xbb"
                "a,b\n"),
          BYTES("[\xef\xbb"
                "a|b]1 ") },
        { BYTES("\xef\xbb"), BYTES("[\xef\xbb]1 ") },
        { BYTES("\xef\xbb\xbf"), BYTES("") },
        { BYTES("a;b,c\nd,e;f"), BYTES("[a|b,c]1 [d,e|f]2 ") },
        { BYTES("a,b;c\n"), BYTES("[a|b;c]1 ") },
        { BYTES("\"a;x\",b\n"), BYTES("[a;x|b]1 ") },
        { BYTES("a\n1;2\n3,4\n"), BYTES("[a]1 [1|2]2 [3,4]3 ") },
        { BYTES(",\n,"), BYTES("[|]1 [|]2 ") },
        { BYTES("a,\n"), BYTES("[a|]1 ") },
        { BYTES("\"\",\"a\"\"b\"\n"), BYTES("[|a\"b]1 ") },
        { BYTES("\"\"\"\""), BYTES("[\"]1 ") },
        { BYTES("\"a\nb\",c\nd,e"), BYTES("[a\nb|c]1 [d|e]3 ") },
        { BYTES("\"a\r\nb\",c\r\nd,e"), BYTES("[a\r\nb|c]1 [d|e]3 ") },
        { BYTES("a,\"b\rc\"\rd,e"), BYTES("[a|b\rc]1 [d|e]3 ") },
        { BYTES(" a , b \n"), BYTES("[ a | b ]1 ") },
        { BYTES("a\"b,c\nd,e\n"), BYTES("[!0@1|c]1 [d|e]2 ") },
        { BYTES("\"a\"b,c\nd,e\n"), BYTES("[!1@1|c]1 [d|e]2 ") },
        { BYTES("\"a\" ,c\n"), BYTES("[!1@1|c]1 ") },
        { BYTES("x,y\n\"a,c\nd,e\n"), BYTES("[x|y]1 [!2@2]2 ") },
        { BYTES("x,y\na,\"c\nd,e\n"), BYTES("[x|y]1 [a|!2@2]2 ") },
        { BYTES("a,\""), BYTES("[a|!2@1]1 ") },
        { BYTES("a\0b,c\n"), BYTES("[a\0b|c]1 ") },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t piece = 1; piece <= cases[i].length + 1; piece++) {
            struct rows rows;
            parse(cases[i].bytes, cases[i].length, piece, &rows);
            assert_int_equal(rows.used, cases[i].rows_length);
            assert_memory_equal(rows.text, cases[i].rows, rows.used);
        }
    }
}

static void longest_field(void **state)
{
    (void)state;
    char bytes[CSV_FIELD_MAX + 8];
    struct rows rows;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes + CSV_FIELD_MAX, ",y\n", 3);
    parse(bytes, CSV_FIELD_MAX + 3, 1000, &rows);
    assert_int_equal(rows.used, CSV_FIELD_MAX + 6);
    memcpy(bytes + CSV_FIELD_MAX, "x,y\n", 4);
    parse(bytes, CSV_FIELD_MAX + 4, 1000, &rows);
    assert_string_equal(rows.text, "[!3@1|y]1 ");
}

// ---- Mistakes, all in one go

#define ALL "kind,id,name,room,group,birth,card,card2,picks_up,valid_from,valid_until\n"
#define COLUMNS                                                                                              \
    "the columns are kind, id, name, room, group, birth, card, card2, picks_up, valid_from, valid_until"

static const struct {
    const char *file, *told;
} mistakes[] = {
    { "",
      "there is nobody in the file; write a line of columns (kind,id,name) and a line for each person\n" },
    { "kind,id,name\n",
      "there is nobody in the file; write a line of columns (kind,id,name) and a line for each person\n" },
    { "kind,id,name\n,,\n ;; \n", // the second has other separators
      "line 3: has not as many fields as the header; write 3 fields, not 1; put a field with a separator in "
      "quotes\n" },
    { "kind,id,names\nchild,c1,Mei\n", "line 1, column name: is missing in the header; " COLUMNS "\n"
                                       "line 1, column 3: is no known column; " COLUMNS "\n" },
    { "kind,id,name,name,\nchild,c1,Mei,Mei,\n",
      "line 1, column 4: is a column that was there before; keep one of them\n"
      "line 1, column 5: is a column without a name; " COLUMNS "\n" },
    { "\xff\xfek\n", "line 1, column kind: is missing in the header; " COLUMNS "\n"
                     "line 1, column id: is missing in the header; " COLUMNS "\n"
                     "line 1, column name: is missing in the header; " COLUMNS "\n"
                     "line 1, column 1: is no known column; " COLUMNS "\n" },
    { ALL "dog,c1,,hut,Bees,5.3.2024,1.5E+09,x,c2,1.9.2026,2026-02-30\n",
      "line 2, column kind: is no kind; write child, staff or guardian\n"
      "line 2, column name: is empty; write the name\n"
      "line 2, column room: is no room; write one of: butterfly, bee\n"
      "line 2, column group: is no word for a group; write 1 to 32 of a-z, 0-9 and -\n"
      "line 2, column birth: is no date; write year-month-day, as 2026-09-01\n"
      "line 2, column card: is no card number; write 6547886, 0x63e9ae or 99:59822; in a spreadsheet as "
      "text, "
      "not as a number\n"
      "line 2, column card2: is no card number; write 6547886, 0x63e9ae or 99:59822; in a spreadsheet as "
      "text, "
      "not as a number\n"
      "line 2, column picks_up: names nobody of this file or the register; look at the id number 1 in it; "
      "ids "
      "stand with a space between them\n"
      "line 2, column valid_from: is no date; write year-month-day, as 2026-09-01\n"
      "line 2, column valid_until: is no date; write year-month-day, as 2026-09-01\n" },
    { "kind,id,name\n,,\nchild,,Mei\nstaff,Li Ming,Li\nstaff,p-0011,Li\nchild,"
      "a23456789012345678901234567890123,Mei\n",
      "line 3, column id: is empty; write 1 to 32 of a-z, 0-9 and -, as c12; not the name, and not p- at the "
      "beginning\n"
      "line 4, column id: is no id; write 1 to 32 of a-z, 0-9 and -, as c12; not the name, and not p- at the "
      "beginning\n"
      "line 5, column id: is no id; write 1 to 32 of a-z, 0-9 and -, as c12; not the name, and not p- at the "
      "beginning\n"
      "line 6, column id: is no id; write 1 to 32 of a-z, 0-9 and -, as c12; not the name, and not p- at the "
      "beginning\n" },
    { "kind,id,name\nchild,c1,Mei\nchild,c2,Li\nstaff,c1,Mei\n",
      "line 4, column id: is the id of another line too; see line 2; write one line a person\n" },
    { "kind,id,name,card,card2\nchild,c1,Mei,57:12345,3747897\nchild,c2,Li,,0x393039\n",
      "line 2, column card2: is there twice; see line 2; a card is one person's, and stands once\n"
      "line 3, column card2: is there twice; see line 2; a card is one person's, and stands once\n" },
    { "kind,id,name,picks_up\nchild,c1,Mei,c2\nchild,c2,Li,\nstaff,s1,Wang,\nguardian,g1,Wei,c2  s1 c1 C3\n",
      "line 2, column picks_up: is given for a child; leave it empty\n"
      "line 5, column picks_up: names somebody who is no child; look at the id number 2 in it\n"
      "line 5, column picks_up: names nobody of this file or the register; look at the id number 4 in it; "
      "ids "
      "stand with a space between them\n" },
    { "kind,id,name,valid_from,valid_until\nchild,c1,Mei,2026-09-02,2026-09-01\nchild,c2,Li,2026-09-02,2026-"
      "09-02\n",
      "line 2, column valid_until: is before the first day; write the same day as valid_from or a later "
      "one\n" },
    // A row that was cut short still says who it is.
    { "kind,id,name,picks_up\nguardian,g1,Wei,c1\nchild,c1\nchild,c2,Li,,\n",
      "line 3: has not as many fields as the header; write 4 fields, not 2; put a field with a separator in "
      "quotes\n"
      "line 4: has not as many fields as the header; write 4 fields, not 5; put a field with a separator in "
      "quotes\n" },
    { "kind,id,name\nchild,c1,\"Mei\" Li\nchild,c2,Me\"i\nchild,c3,\"Mei\nchild,c4,Li\n",
      "line 2, column name: goes on after its closing quote; write \"\" for a quote inside of quotes\n"
      "line 3, column name: has a quote inside; put the whole field in quotes, and write \"\" for a quote\n"
      "line 4, column name: begins with a quote and never ends; close the quote\n" },
    { "kind,id,name\nchild,c1,\xc3\x28\nchild,c2,\xd5\xc5\nchild,c3,\xed\xa0\x80\nchild,c4,"
      "\"Mei\nLi\"\nchild,c5,\xc2\x85\n",
      "line 2, column name: is not UTF-8; save the file as CSV in UTF-8\n"
      "line 3, column name: is not UTF-8; save the file as CSV in UTF-8\n"
      "line 4, column name: is not UTF-8; save the file as CSV in UTF-8\n"
      "line 5, column name: holds control characters; write it in one line\n"
      "line 7, column name: holds control characters; write it in one line\n" },
    // Of people and cards that are there: c9 has card 99, s9 is staff.
    { "kind,id,name,card\nstaff,c9,Mei,\nchild,c1,Mei,99\nguardian,s9,Wang,98\n",
      "line 2, column kind: is not what the register says of this id; leave it child, or take another id\n"
      "line 3, column card: is somebody else's card; remove it from c9 first\n"
      "line 4, column kind: is not what the register says of this id; leave it staff, or take another id\n" },
    { "kind,id,name,card\nchild,c1,Mei,97\n",
      "line 2, column card: is somebody else's card; remove it from s9 first, where it was reported lost\n" },
};

static void fill(struct people *people)
{
    struct told told;
    struct people_counts counts;
    struct card card;
    assert_int_equal(import_text(people, "kind,id,name,card\nchild,c9,Neun,99\nstaff,s9,Wang,97\n",
                                 &(struct people_import_options){ .dry_run = false }, &told, &counts),
                     0);
    assert_int_equal(people_card_parse("97", &card), 0);
    assert_int_equal(people_card_lost(people, "s9", &card), 0);
}

static void mistakes_are_told(void **state)
{
    struct people_fixture *fixture = *state;
    fill(fixture->people);
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        for (unsigned dry = 0; dry < 2; dry++) {
            struct told told;
            struct people_counts counts = { .rows = 0 };
            char line[256];
            assert_int_equal(
                import_bytes(fixture->people, mistakes[i].file, strlen(mistakes[i].file), dry ? 1 : 4096,
                             &(struct people_import_options){ .dry_run = dry != 0 }, &told, &counts),
                -EINVAL);
            assert_string_equal(told.text, mistakes[i].told);
            assert_int_equal(counts.mistakes, told.n);
            describe(fixture->people, "c1", line, sizeof line);
            assert_string_equal(line, ""); // nothing of it came in
            describe(fixture->people, "c2", line, sizeof line);
            assert_string_equal(line, "");
        }
    }
}

// What stands in the file is in no message.
static void messages_name_nobody(void **state)
{
    struct people_fixture *fixture = *state;
    struct told told;
    struct people_counts counts;
    static const char file[] = "kind,id,name,room,group,birth,card,picks_up,Zhang Mei\n"
                               "Zhang,Mei,child,Zhang Mei,Zhang Mei,5.3.2024,65478861234x,Zhang Mei,x\n"
                               "child,c1,\"Zhang\" Mei,,,,,,\n"
                               "child,Zhang Mei\n"
                               "guardian,g1,Wei,,,,0x1122334455667788990011223,c1 zhang-mei,\n";
    assert_int_equal(import_text(fixture->people, file, &(struct people_import_options){ .dry_run = true },
                                 &told, &counts),
                     -EINVAL);
    assert_true(told.n >= 10);
    static const char *const secrets[] = { "Zhang", "zhang", "Mei",      "mei",
                                           "5.3",   "2024-", "65478861", "11223344" };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        assert_null(strstr(told.text, secrets[i]));
    }
}

static void good_files(void **state)
{
    struct people_fixture *fixture = *state;
    static const char *const files[] = {
        "\xef\xbb\xbfKind;ID;Name;Valid_From\r\nchild; c1 ;\"M \"\"e\"\" i\";2026-09-01\r\n",
        "name,id,kind,valid_from\n\n\"M \"\"e\"\" i\",c1,child,2026-09-01\n,,,\n",
        "id,kind,valid_from,name\rc1,child,2026-09-01,\"M \"\"e\"\" i\"",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct told told;
        struct people_counts counts;
        char line[256], pseudonym[PSEUDONYM_SIZE];
        assert_int_equal(import_text(fixture->people, files[i],
                                     &(struct people_import_options){ .dry_run = false }, &told, &counts),
                         0);
        assert_int_equal(counts.rows, 1);
        describe(fixture->people, "c1", line, sizeof line);
        assert_string_equal(line,
                            "c1 child M \"e\" i room= group= birth= from=2026-09-01 until= cards=0 lost=0");
        assert_int_equal(people_erase(fixture->people, "c1", pseudonym), 0);
    }
}

struct file {
    char *text;
    size_t used, size;
};

static void append(struct file *file, const char *text)
{
    size_t length = strlen(text);
    if (file->used + length >= file->size) {
        file->size = 2 * file->size + length + 1;
        file->text = realloc(file->text, file->size);
        assert_non_null(file->text);
    }
    memcpy(file->text + file->used, text, length + 1);
    file->used += length;
}

static void too_much(void **state)
{
    struct people_fixture *fixture = *state;
    struct people_import *import = NULL;
    struct told *told = calloc(1, sizeof *told);
    struct people_counts counts;
    struct file file = { .used = 0 };
    const struct people_import_options options = { .dry_run = true };
    append(&file, "kind,id,name\n");
    for (unsigned i = 0; i <= PEOPLE_MAX; i++) {
        char line[64];
        snprintf(line, sizeof line, "child,c%u,Kind\n", i);
        append(&file, line);
    }
    assert_int_equal(import_text(fixture->people, file.text, &options, told, &counts), -EINVAL);
    assert_string_equal(told->text,
                        "there are too many people; a register has 8192 at most; erase those who left\n");
    file.text[file.used - 14] = '\0'; // one less
    *strrchr(file.text, '\n') = '\0';
    assert_int_equal(import_text(fixture->people, file.text, &options, told, &counts), 0);
    // Mistakes without end.
    file.used = 0;
    append(&file, "kind,id,name\n");
    for (unsigned i = 0; i < 3000; i++) {
        append(&file, "x\n");
    }
    assert_int_equal(import_text(fixture->people, file.text, &options, told, &counts), -EINVAL);
    assert_int_equal(told->n, PEOPLE_MESSAGES_MAX + 1);
    assert_int_equal(counts.mistakes, 3000);
    // More bytes than a register can need.
    assert_int_equal(people_import_new(fixture->people, NULL, &import), 0);
    static char piece[1 << 20];
    memset(piece, '\n', sizeof piece);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(people_import_feed(import, piece, sizeof piece), 0);
    }
    assert_int_equal(people_import_feed(import, piece, 1), -EFBIG);
    people_import_free(import);
    free(file.text);
    free(told);
}

static void days(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "2026-9-1",    "2026-02-29", "2100-02-29", "2026-00-01",
        "2026-13-01", "2026-04-31",  "2026-01-00", "1899-12-31", "2200-01-01",
        "2026/01/01", "2026-01-01 ", "26-01-2026", "+026-01-01", "2026-01-32"
    };
    int32_t day, before = 0;
    char text[PEOPLE_DATE_SIZE];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(people_day_parse(bad[i], &day));
    }
    assert_true(people_day_parse("1970-01-01", &day));
    assert_int_equal(day, 0);
    assert_true(people_day_parse("2000-02-29", &day));
    assert_int_equal(day, 11016);
    assert_true(people_day_parse("2026-11-24", &day));
    assert_int_equal(day, 20781);
    // Every day of the range, there and back, one after the other.
    assert_true(people_day_parse("1900-01-01", &before));
    for (day = before; day < 84006; day++) {
        int32_t again;
        people_day_format(day, text);
        assert_true(people_day_parse(text, &again));
        assert_int_equal(again, day);
    }
    people_day_format(84005, text);
    assert_string_equal(text, "2199-12-31");
    people_day_format(84006, text);
    assert_string_equal(text, "");
    people_day_format(PEOPLE_DAY_FIRST, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(longest_field),
        cmocka_unit_test_setup_teardown(mistakes_are_told, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(messages_name_nobody, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(good_files, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(too_much, people_setup, people_teardown),
        cmocka_unit_test(days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
