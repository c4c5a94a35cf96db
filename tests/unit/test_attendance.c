// From a card to what the core is told: whose it is, and which way the reader looks.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/guard/attendance.h"
#include "tests/unit/people_fixture.h"

enum { IN, OUT, BOTH, READERS };

static const struct config_reader readers[READERS] = {
    [IN] = { .id = "in", .direction = DIRECTION_IN },
    [OUT] = { .id = "out", .direction = DIRECTION_OUT },
    [BOTH] = { .id = "both", .direction = DIRECTION_BOTH },
};
static const struct core_point points[READERS] = {
    [IN] = { .room = "butterfly", .id = "in", .room_index = 0 },
    [OUT] = { .room = "butterfly", .id = "out", .room_index = 0 },
    [BOTH] = { .room = "bee", .id = "both", .room_index = 1 },
};
static struct plan_source sources[READERS];
static const struct plan plan = { .core = { .points = points, .n_points = READERS, .n_rooms = 2 },
                                  .sources = sources };

// What the core was told last.
static struct heard {
    unsigned cards, presences;
    struct core_input input;
    char person[PSEUDONYM_SIZE];
} heard;

static void hear(const struct core_input *input, void *user)
{
    assert_ptr_equal(user, &heard);
    heard.cards += input->kind == CORE_INPUT_CARD;
    heard.presences += input->kind == CORE_INPUT_PRESENCE;
    heard.input = *input;
    (void)snprintf(heard.person, sizeof heard.person, "%s", input->person ? input->person : "");
}

static void present(struct attendance *attendance, size_t point, const char *number)
{
    struct card card;
    assert_int_equal(people_card_parse(number, &card), 0);
    memset(&heard, 0, sizeof heard);
    attendance_card(attendance, point, &card);
}

static struct attendance *begin(void)
{
    for (size_t r = 0; r < READERS; r++) {
        sources[r] = (struct plan_source){ .kind = SOURCE_READER, .reader = &readers[r] };
    }
    struct attendance *attendance = attendance_new(&plan, hear, &heard);
    assert_non_null(attendance);
    return attendance;
}

static struct people_table *table_of(struct people *people)
{
    struct people_table *table;
    assert_int_equal(people_table_new(people, &people_config, &table), 0);
    return table;
}

static void fill(struct people *people)
{
    static const char text[] = "kind,id,name,card\n"
                               "child,c1,Ann,57:10001\n"
                               "staff,s1,Mei,57:20001\n"
                               "guardian,g1,Bob,57:30001\n";
    struct told told = { .n = 0 };
    struct people_counts counts;
    assert_int_equal(
        import_text(people, text, &(struct people_import_options){ .dry_run = false }, &told, &counts), 0);
}

static void test_without_a_register_cards_are_presented(void **state)
{
    (void)state;
    struct attendance *attendance = begin();
    present(attendance, BOTH, "57:10001");
    assert_int_equal(heard.cards, 1);
    assert_int_equal(heard.presences, 0);
    assert_int_equal(heard.input.point, BOTH);
    attendance_free(attendance);
}

static void test_whose_card_it_is_and_which_way_the_reader_looks(void **state)
{
    struct people_fixture *fixture = *state;
    struct attendance *attendance = begin();
    fill(fixture->people);
    assert_null(attendance_swap(attendance, table_of(fixture->people)));
    for (size_t reader = 0; reader < READERS; reader++) {
        present(attendance, reader, reader == OUT ? "57:20001" : "57:10001");
        assert_int_equal(heard.cards, 1);
        assert_int_equal(heard.presences, 1);
        assert_int_equal(heard.input.person_kind, reader == OUT ? PERSON_STAFF : PERSON_CHILD);
        assert_int_equal(heard.input.point, reader);
        assert_int_equal(heard.input.room, points[reader].room_index);
        assert_int_equal(heard.input.toggle, reader == BOTH);
        assert_int_equal(heard.input.present, reader == IN);
        assert_int_equal(strncmp(heard.person, "p-", 2), 0);
    }
    attendance_free(attendance);
}

static void test_cards_that_say_nothing_of_presence(void **state)
{
    struct people_fixture *fixture = *state;
    struct attendance *attendance = begin();
    fill(fixture->people);
    struct card lost;
    assert_int_equal(people_card_parse("57:20001", &lost), 0);
    assert_int_equal(people_card_lost(fixture->people, "s1", &lost), 0);
    assert_null(attendance_swap(attendance, table_of(fixture->people)));
    static const char *const cards[] = { "57:4711", "57:30001", "57:20001" }; // unknown, a guardian's, lost
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) {
        present(attendance, BOTH, cards[i]);
        assert_int_equal(heard.cards, 1);
        assert_int_equal(heard.presences, 0);
    }
    attendance_free(attendance);
}

static void test_another_table_is_looked_into_at_once(void **state)
{
    struct people_fixture *fixture = *state;
    struct attendance *attendance = begin();
    struct people_table *empty = table_of(fixture->people);
    assert_null(attendance_swap(attendance, empty));
    present(attendance, IN, "57:10001");
    assert_int_equal(heard.presences, 0);
    fill(fixture->people);
    assert_ptr_equal(attendance_swap(attendance, table_of(fixture->people)), empty);
    people_table_free(empty);
    present(attendance, IN, "57:10001");
    assert_int_equal(heard.presences, 1);
    attendance_free(attendance);
}

static void test_no_register_is_made_by_looking_for_one(void **state)
{
    struct people_fixture *fixture = *state;
    char nowhere[sizeof fixture->dir + 8];
    (void)snprintf(nowhere, sizeof nowhere, "%s/none", fixture->dir);
    const struct config config = { .state_dir = nowhere };
    struct people *people;
    assert_int_equal(attendance_open(&config, false, &people), -ENOENT);
    struct attendance *attendance = begin();
    assert_null(attendance_begin(attendance, &config));
    attendance_free(attendance);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(test_without_a_register_cards_are_presented),
        cmocka_unit_test_setup_teardown(test_whose_card_it_is_and_which_way_the_reader_looks, people_setup,
                                        people_teardown),
        cmocka_unit_test_setup_teardown(test_cards_that_say_nothing_of_presence, people_setup,
                                        people_teardown),
        cmocka_unit_test_setup_teardown(test_another_table_is_looked_into_at_once, people_setup,
                                        people_teardown),
        cmocka_unit_test_setup_teardown(test_no_register_is_made_by_looking_for_one, people_setup,
                                        people_teardown),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
