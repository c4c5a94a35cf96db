// Whose card it is: numbers of every reader, ends of numbers, lost cards, and the table of a whole house.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/people_fixture.h"

static struct card binary(unsigned bits, uint64_t number, size_t length)
{
    struct card card = { .bits = bits, .length = length };
    for (size_t i = length; i > 0; i--, number >>= 8) {
        card.bytes[i - 1] = (uint8_t)number;
    }
    return card;
}

static struct card wiegand(unsigned bits, uint64_t number)
{
    return binary(bits, number, (bits - 2 + 7) / 8);
}

static struct card typed(const char *text)
{
    struct card card = { .bits = 4 * (unsigned)strlen(text), .length = strlen(text) };
    memcpy(card.bytes, text, card.length);
    return card;
}

static void add_child(struct people *people, const char *id, const char *card)
{
    char given[ID_SIZE];
    struct told told = { .n = 0 };
    const char *cells[PEOPLE_COLUMN_COUNT] = {
        [PEOPLE_KIND] = "child", [PEOPLE_ID] = id, [PEOPLE_NAME] = "Kind", [PEOPLE_CARD] = card
    };
    assert_int_equal(people_put(people, &people_config, cells, tell, &told, given), 0);
}

static struct people_table *build(struct people *people)
{
    struct people_table *table = NULL;
    assert_int_equal(people_table_new(people, &people_config, &table), 0);
    return table;
}

// The id of whoever has the card, "?" for nobody, with "!" where it is lost.
static const char *whose(const struct people_table *table, struct card card)
{
    static char text[ID_SIZE + 1];
    struct people_seen seen;
    if (!people_table_find_card(table, &card, &seen)) {
        return "?";
    }
    snprintf(text, sizeof text, "%s%s", people_table_person(table, seen.person)->id, seen.lost ? "!" : "");
    return text;
}

#define EM 0x040063e9aeULL // EM4100, "0006547886 099,59822" printed on it

static void number_written_in_a_file_is_found_by_every_reader(void **state)
{
    struct people_fixture *fixture = *state;
    static const char *const written[] = { "6547886", "0006547886", "99:59822", "0x63e9ae", "0X0063E9AE" };
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        char pseudonym[PSEUDONYM_SIZE];
        add_child(fixture->people, "c1", written[i]);
        struct people_table *table = build(fixture->people);
        assert_string_equal(whose(table, wiegand(26, 0x63e9ae)), "c1");
        assert_string_equal(whose(table, wiegand(34, 0x63e9ae)), "c1");
        assert_string_equal(whose(table, wiegand(37, 0x63e9ae)), "c1");
        assert_string_equal(whose(table, binary(40, EM, 5)), "c1");
        assert_string_equal(whose(table, typed("0006547886")), "c1");
        assert_string_equal(whose(table, typed("6547886")), "c1");
        assert_string_equal(whose(table, typed("0063E9AE")), "c1");
        assert_string_equal(whose(table, typed("040063E9AE")), "c1");
        assert_string_equal(whose(table, wiegand(26, 0x63e9af)), "?");
        assert_string_equal(whose(table, wiegand(34, 0x0163e9af)), "?");
        assert_string_equal(whose(table, binary(56, 0x0400000063e9aeULL, 7)), "?");
        people_table_free(table);
        assert_int_equal(people_erase(fixture->people, "c1", pseudonym), 0);
    }
}

static void card_of_a_wide_reader_is_found_by_a_narrow_one(void **state)
{
    struct people_fixture *fixture = *state;
    struct card em = binary(40, 0x0412345678ULL, 5), long_uid = binary(56, 0x04a1b2c3d4e5f6ULL, 7);
    struct card frame = wiegand(37, 0x512345678ULL);
    add_child(fixture->people, "c1", NULL);
    add_child(fixture->people, "c2", NULL);
    add_child(fixture->people, "c3", NULL);
    assert_int_equal(people_card_give(fixture->people, "c1", &em), 0);
    assert_int_equal(people_card_give(fixture->people, "c2", &long_uid), 0);
    assert_int_equal(people_card_give(fixture->people, "c3", &frame), 0);
    struct people_table *table = build(fixture->people);
    assert_string_equal(whose(table, em), "c1");
    assert_string_equal(whose(table, wiegand(34, 0x12345678)), "c1");
    assert_string_equal(whose(table, wiegand(26, 0x345678)), "c1");
    assert_string_equal(whose(table, typed("0305419896")), "c1");  // 0x12345678
    assert_string_equal(whose(table, typed("0412345678")), "c1");  // hex, though it is all digits
    assert_string_equal(whose(table, wiegand(34, 0x345678)), "?"); // of 32 bits, and not these
    assert_string_equal(whose(table, long_uid), "c2");
    assert_string_equal(whose(table, typed("04A1B2C3D4E5F6")), "c2");
    assert_string_equal(whose(table, typed("04a1b2c3d4e5f6")), "c2");
    assert_string_equal(whose(table, wiegand(34, 0xc3d4e5f6)), "?"); // nobody agrees on which four bytes
    assert_string_equal(whose(table, frame), "c3");
    people_table_free(table);
}

static void end_that_two_people_share_finds_neither(void **state)
{
    struct people_fixture *fixture = *state;
    add_child(fixture->people, "c1", "0x0112345678");
    add_child(fixture->people, "c2", "0x0212345678");
    struct people_table *table = build(fixture->people);
    assert_string_equal(whose(table, wiegand(34, 0x12345678)), "?");
    assert_string_equal(whose(table, wiegand(26, 0x345678)), "?");
    assert_string_equal(whose(table, binary(40, 0x0112345678ULL, 5)), "c1");
    assert_string_equal(whose(table, binary(40, 0x0212345678ULL, 5)), "c2");
    people_table_free(table);
    // Two cards of one person are still that person.
    struct card other = binary(40, 0x0312345678ULL, 5);
    char pseudonym[PSEUDONYM_SIZE];
    assert_int_equal(people_erase(fixture->people, "c2", pseudonym), 0);
    assert_int_equal(people_card_give(fixture->people, "c1", &other), 0);
    table = build(fixture->people);
    assert_string_equal(whose(table, wiegand(34, 0x12345678)), "c1");
    people_table_free(table);
    // The whole number goes before an end.
    add_child(fixture->people, "c3", "0x12345678");
    table = build(fixture->people);
    assert_string_equal(whose(table, wiegand(34, 0x12345678)), "c3");
    assert_string_equal(whose(table, binary(40, 0x0112345678ULL, 5)), "c1");
    assert_string_equal(whose(table, binary(40, 0x0912345678ULL, 5)), "c3");
    people_table_free(table);
}

static void lost_card_is_told(void **state)
{
    struct people_fixture *fixture = *state;
    add_child(fixture->people, "c1", "6547886");
    assert_int_equal(people_card_lost(fixture->people, "c1", NULL), 0);
    struct people_table *table = build(fixture->people);
    assert_string_equal(whose(table, wiegand(26, 6547886)), "c1!");
    people_table_free(table);
}

static void cards_that_are_none(void **state)
{
    struct people_fixture *fixture = *state;
    static const char *const bad[] = { "",
                                       "0",
                                       "0x",
                                       "0x0",
                                       "-1",
                                       "+1",
                                       "1.5",
                                       "1,5",
                                       "0xg1",
                                       ":",
                                       "1:",
                                       ":1",
                                       "65536:1",
                                       "1:65536",
                                       "1:2:3",
                                       " 1",
                                       "1 ",
                                       "12a",
                                       "000001:1",
                                       "1234567890123456789012345",
                                       "0x1234567890123456789012345" };
    struct card card;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(people_card_parse(bad[i], &card), -EINVAL);
    }
    assert_int_equal(people_card_parse("65535:65535", &card), 0);
    assert_int_equal(card.length, 4);
    assert_int_equal(people_card_parse("999999999999999999999999", &card), 0);
    assert_int_equal(card.length, 10);
    assert_memory_equal(card.bytes, "\xd3\xc2\x1b\xce\xcc\xed\xa0\xff\xff\xff", 10);
    add_child(fixture->people, "c1", "1");
    struct people_table *table = build(fixture->people);
    assert_string_equal(whose(table, (struct card){ .bits = 0, .length = 0 }), "?");
    assert_string_equal(whose(table, (struct card){ .bits = 26, .length = CARD_BYTES_MAX + 1 }), "?");
    assert_string_equal(whose(table, (struct card){ .bits = 160, .length = 20, .bytes = { 0 } }), "?");
    assert_string_equal(whose(table, typed("GH")), "?");
    assert_string_equal(whose(table, wiegand(26, 0)), "?");
    people_table_free(table);
}

static void empty_register(void **state)
{
    struct people_fixture *fixture = *state;
    struct people_table *table = build(fixture->people);
    size_t index;
    assert_int_equal(people_table_count(table), 0);
    assert_string_equal(whose(table, wiegand(26, 1)), "?");
    assert_false(people_table_find_id(table, "c1", &index));
    assert_false(people_table_find_pseudonym(table, "p-0011223344556677", &index));
    assert_null(people_table_person(table, 0));
    assert_false(people_table_may_pick_up(table, 0, 0, 0));
    people_table_free(table);
    people_table_free(NULL);
}

static int32_t day_of(const char *text)
{
    int32_t day = 0;
    assert_true(people_day_parse(text, &day));
    return day;
}

static size_t index_of(const struct people_table *table, const char *id)
{
    size_t index = SIZE_MAX;
    assert_true(people_table_find_id(table, id, &index));
    return index;
}

static void persons_and_pick_ups(void **state)
{
    struct people_fixture *fixture = *state;
    struct told told;
    struct people_counts counts;
    static const char file[] = "kind,id,name,room,group,picks_up,valid_from,valid_until\n"
                               "child,c1,Mei,butterfly,toddler,,,\n"
                               "child,c2,Li,bee,,,2026-09-01,2027-08-31\n"
                               "child,c3,Wu,,,,,\n"
                               "guardian,g1,Wei,,,c3 c1,2026-01-01,2026-12-31\n"
                               "staff,s1,Fang,bee,,c2,,\n";
    assert_int_equal(import_text(fixture->people, file, &(struct people_import_options){ .dry_run = false },
                                 &told, &counts),
                     0);
    assert_int_equal(
        people_pick_up_allow(fixture->people, "g1", "c2", day_of("2026-06-01"), day_of("2027-06-30")), 0);
    struct people_table *table = build(fixture->people);
    size_t c1 = index_of(table, "c1"), c2 = index_of(table, "c2"), c3 = index_of(table, "c3"),
           g1 = index_of(table, "g1"), s1 = index_of(table, "s1");
    const struct people_person *child = people_table_person(table, c2);
    assert_int_equal(people_table_count(table), 5);
    assert_int_equal(child->kind, PERSON_CHILD);
    assert_int_equal(child->room, 1);
    assert_int_equal(people_table_person(table, c1)->room, 0);
    assert_string_equal(people_table_person(table, c1)->group, "toddler");
    assert_int_equal(people_table_person(table, c3)->room, PEOPLE_NO_ROOM);
    assert_int_equal(people_table_person(table, s1)->kind, PERSON_STAFF);
    assert_false(people_valid_on(child, day_of("2026-08-31")));
    assert_true(people_valid_on(child, day_of("2026-09-01")));
    assert_true(people_valid_on(child, day_of("2027-08-31")));
    assert_false(people_valid_on(child, day_of("2027-09-01")));
    assert_int_equal(people_table_person(table, g1)->n_pick_ups, 3);
    assert_int_equal(people_table_person(table, c1)->n_pick_ups, 0);
    assert_true(people_table_may_pick_up(table, g1, c1, day_of("2026-01-01")));
    assert_true(people_table_may_pick_up(table, g1, c3, day_of("2026-12-31")));
    assert_false(people_table_may_pick_up(table, g1, c1, day_of("2027-01-01"))); // g1 is no longer valid
    assert_false(people_table_may_pick_up(table, g1, c2, day_of("2026-05-31")));
    assert_true(people_table_may_pick_up(table, g1, c2, day_of("2026-06-01")));
    assert_false(people_table_may_pick_up(table, g1, c2, day_of("2027-06-30")));
    assert_true(people_table_may_pick_up(table, s1, c2, day_of("2099-01-01")));
    assert_false(people_table_may_pick_up(table, s1, c1, day_of("2026-06-01")));
    assert_false(people_table_may_pick_up(table, c1, c2, day_of("2026-06-01")));
    assert_false(people_table_may_pick_up(table, 99, c2, day_of("2026-06-01")));
    size_t found = SIZE_MAX;
    assert_true(people_table_find_pseudonym(table, people_table_person(table, g1)->pseudonym, &found));
    assert_int_equal(found, g1);
    people_table_free(table);
}

#define HOUSE 4000

static void house_of_4000_cards(void **state)
{
    struct people_fixture *fixture = *state;
    struct told told;
    struct people_counts counts;
    char *file = malloc(HOUSE * 64 + 64);
    assert_non_null(file);
    size_t used = (size_t)sprintf(file, "kind,id,name,card,room\n");
    for (unsigned i = 0; i < HOUSE; i++) {
        // All below 2^24, apart by an odd number: each once.
        used += (size_t)sprintf(file + used, "child,c%u,Kind %u,%u,bee\n", i, i, (i * 7919u + 1) & 0xffffffu);
    }
    assert_int_equal(import_text(fixture->people, file, &(struct people_import_options){ .dry_run = false },
                                 &told, &counts),
                     0);
    assert_int_equal(counts.added, HOUSE);
    free(file);
    struct people_table *table = build(fixture->people);
    assert_int_equal(people_table_count(table), HOUSE);
    for (unsigned i = 0; i < HOUSE; i++) {
        char id[ID_SIZE];
        size_t index, again;
        struct people_seen seen;
        struct card card = wiegand(26, (i * 7919u + 1) & 0xffffffu);
        snprintf(id, sizeof id, "c%u", i);
        assert_true(people_table_find_card(table, &card, &seen));
        assert_string_equal(people_table_person(table, seen.person)->id, id);
        assert_false(seen.lost);
        assert_true(people_table_find_id(table, id, &index));
        assert_int_equal(index, seen.person);
        assert_true(people_table_find_pseudonym(table, people_table_person(table, index)->pseudonym, &again));
        assert_int_equal(again, index);
        card = wiegand(26, (i * 7919u + 2) & 0xffffffu);
        assert_false(people_table_find_card(table, &card, &seen));
    }
    people_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(number_written_in_a_file_is_found_by_every_reader, people_setup,
                                        people_teardown),
        cmocka_unit_test_setup_teardown(card_of_a_wide_reader_is_found_by_a_narrow_one, people_setup,
                                        people_teardown),
        cmocka_unit_test_setup_teardown(end_that_two_people_share_finds_neither, people_setup,
                                        people_teardown),
        cmocka_unit_test_setup_teardown(lost_card_is_told, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(cards_that_are_none, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(empty_register, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(persons_and_pick_ups, people_setup, people_teardown),
        cmocka_unit_test_setup_teardown(house_of_4000_cards, people_setup, people_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
