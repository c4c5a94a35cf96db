// The words of events, and which events the regulator's feed holds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/common/event.h"

static void each_is_there_once(const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_non_null(names[i]);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(names[i], names[j]);
        }
    }
}

static void every_enumerator_has_its_own_word(void **state)
{
    (void)state;
    each_is_there_once(event_class_names, CLASS_COUNT);
    each_is_there_once(event_type_names, EVENT_TYPE_COUNT);
    each_is_there_once(event_field_names, FIELD_COUNT);
    for (size_t t = 0; t < EVENT_TYPE_COUNT; t++) {
        assert_memory_equal(event_type_names[t], "careroom.", 9);
    }
}

static void fields_are_declared_in_the_order_of_their_names(void **state)
{
    (void)state;
    for (size_t f = 1; f < FIELD_COUNT; f++) {
        assert_true(strcmp(event_field_names[f - 1], event_field_names[f]) < 0);
    }
}

static void the_feed_holds_fire_and_all_that_could_hide_it(void **state)
{
    (void)state;
    for (size_t t = 0; t < EVENT_TYPE_COUNT; t++) {
        assert_true(event_in_feed((enum event_type)t, CLASS_FIRE));
        assert_true(event_in_feed((enum event_type)t, CLASS_FAULT)); // mains lost, tamper
    }
    static const enum event_type hiding[] = { EVENT_POINT_TROUBLE,   EVENT_POINT_RESTORED,
                                              EVENT_GATEWAY_STARTED, EVENT_GATEWAY_STOPPED,
                                              EVENT_GATEWAY_STORAGE, EVENT_GATEWAY_CLOCK };
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        for (size_t i = 0; i < sizeof hiding / sizeof *hiding; i++) {
            assert_true(event_in_feed(hiding[i], (enum event_class)c));
        }
    }
}

static void the_feed_holds_nothing_else(void **state)
{
    (void)state;
    assert_false(event_in_feed(EVENT_ALARM_RAISED, CLASS_SAFETY)); // air
    assert_false(event_in_feed(EVENT_ALARM_CLEARED, CLASS_SAFETY));
    assert_false(event_in_feed(EVENT_DOOR_OPENED, CLASS_ACCESS));
    assert_false(event_in_feed(EVENT_DOOR_CLOSED, CLASS_ACCESS));
    assert_false(event_in_feed(EVENT_ACCESS_PRESENTED, CLASS_ATTENDANCE)); // children's data stay here
    assert_false(event_in_feed(EVENT_COMMAND_ACCEPTED, CLASS_SYSTEM));
}

static void values_are_kept_as_added(void **state)
{
    (void)state;
    struct event event = { .type = EVENT_ALARM_RAISED };
    event_add_number(&event, FIELD_CO2_PPM, -5);
    event_add_word(&event, FIELD_STATE, "normal");
    assert_int_equal(event.n_values, 2);
    assert_int_equal(event.values[0].field, FIELD_CO2_PPM);
    assert_int_equal(event.values[0].number, -5);
    assert_null(event.values[0].word);
    assert_int_equal(event.values[1].field, FIELD_STATE);
    assert_string_equal(event.values[1].word, "normal");
}

static void a_field_added_again_replaces_itself(void **state)
{
    (void)state;
    struct event event = { .type = EVENT_ALARM_RAISED };
    event_add_number(&event, FIELD_THRESHOLD, 1);
    event_add_word(&event, FIELD_STATE, "normal");
    event_add_word(&event, FIELD_THRESHOLD, "none");
    assert_int_equal(event.n_values, 2);
    assert_string_equal(event.values[0].word, "none");
}

static void what_does_not_fit_is_dropped(void **state)
{
    (void)state;
    struct {
        struct event event;
        unsigned char behind[64];
    } memory = { .event = { .type = EVENT_ALARM_RAISED } };
    memset(memory.behind, 0x5A, sizeof memory.behind);
    for (size_t f = 0; f < FIELD_COUNT; f++) {
        event_add_number(&memory.event, (enum event_field)f, (int64_t)f);
    }
    assert_int_equal(memory.event.n_values, EVENT_VALUES);
    assert_int_equal(memory.event.values[EVENT_VALUES - 1].field, EVENT_VALUES - 1);
    assert_null(memory.event.record.room);
    event_add_number(&memory.event, FIELD_ACTIVE, 77); // still replaces
    assert_int_equal(memory.event.values[0].number, 77);
    for (size_t i = 0; i < sizeof memory.behind; i++) {
        assert_int_equal(memory.behind[i], 0x5A);
    }
}

static void no_word_is_no_value(void **state)
{
    (void)state;
    struct event event = { .type = EVENT_ALARM_RAISED };
    event_add_word(&event, FIELD_REASON, NULL);
    assert_int_equal(event.n_values, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_enumerator_has_its_own_word),
        cmocka_unit_test(fields_are_declared_in_the_order_of_their_names),
        cmocka_unit_test(the_feed_holds_fire_and_all_that_could_hide_it),
        cmocka_unit_test(the_feed_holds_nothing_else),
        cmocka_unit_test(values_are_kept_as_added),
        cmocka_unit_test(a_field_added_again_replaces_itself),
        cmocka_unit_test(what_does_not_fit_is_dropped),
        cmocka_unit_test(no_word_is_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
