// What is spoken, and how often.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/voice/choice.h"

static struct config_room rooms[] = { { .id = "butterfly" }, { .id = "nap", .type = ROOM_SLEEP } };
static const struct config config = { .rooms = rooms, .n_rooms = 2 };

// An alarm of the status, as the guard writes it.
static json_t *alarm(const char *id, int occurrence, const char *severity, const char *state,
                     const char *phrase)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s}", "id", id, "occurrence", occurrence, "severity", severity,
                     "state", state, "phrase", phrase);
}

static json_t *with(json_t *alarms, const char *silenced)
{
    json_t *room = json_pack("{s:s}", "id", "butterfly");
    if (silenced) {
        json_object_set_new(room, "silent_ms", json_integer(1000));
    }
    return json_pack("{s:o, s:[o]}", "alarms", alarms, "rooms", room);
}

// What is said of it at this moment; takes the status.
static void expect(struct choice *choice, json_t *status, int64_t now_ms, const char *wanted)
{
    const char *said = choice_take(choice, status, &config, now_ms);
    if (wanted) {
        assert_non_null(said);
        assert_string_equal(said, wanted);
    } else {
        assert_null(said);
    }
    json_decref(status);
}

#define FIRE    alarm("butterfly/smoke-1", 1, "fire", "unacknowledged", "fire")
#define WARNING alarm("butterfly/co2-high", 4, "warning", "unacknowledged", "air")

static void the_gravest_is_said_first_and_none_too_often(void **state)
{
    (void)state;
    struct choice *choice = choice_new();
    expect(choice, with(json_pack("[o, o]", WARNING, FIRE), NULL), 1000, "fire");
    expect(choice, with(json_pack("[o, o]", WARNING, FIRE), NULL), 2000, "air"); // in the pause of the fire
    expect(choice, with(json_pack("[o, o]", WARNING, FIRE), NULL), 3000, NULL);
    expect(choice, with(json_pack("[o, o]", WARNING, FIRE), NULL), 1000 + CHOICE_FIRE_MS - 1, NULL);
    expect(choice, with(json_pack("[o, o]", WARNING, FIRE), NULL), 1000 + CHOICE_FIRE_MS, "fire");
    expect(choice, with(json_pack("[o]", WARNING), NULL), 2000 + CHOICE_WARNING_MS - 1, NULL);
    expect(choice, with(json_pack("[o]", WARNING), NULL), 2000 + CHOICE_WARNING_MS, "air");
    choice_free(choice);
}

static void a_new_occurrence_is_said_at_once(void **state)
{
    (void)state;
    struct choice *choice = choice_new();
    expect(choice, with(json_pack("[o]", WARNING), NULL), 1000, "air");
    expect(choice,
           with(json_pack("[o]", alarm("butterfly/co2-high", 5, "warning", "unacknowledged", "air")), NULL),
           1001, "air");
    choice_free(choice);
}

static void what_is_answered_silenced_or_slight_is_not_said(void **state)
{
    (void)state;
    struct choice *choice = choice_new();
    expect(choice,
           with(json_pack("[o]", alarm("butterfly/smoke-1", 1, "fire", "acknowledged", "fire")), NULL), 1,
           NULL);
    expect(choice,
           with(json_pack("[o]", alarm("butterfly/dry", 1, "advisory", "unacknowledged", "dry")), NULL), 2,
           NULL);
    expect(
        choice,
        with(json_pack("[o]", alarm("butterfly/x.trouble", 1, "trouble", "unacknowledged", "trouble")), NULL),
        3, NULL);
    expect(choice, with(json_pack("[o]", FIRE), "butterfly"), 4, NULL);
    expect(choice, with(json_pack("[o]", FIRE), NULL), 5, "fire"); // the silence is over
    expect(choice, json_pack("{}"), 6, NULL);
    expect(choice, NULL, 7, NULL); // the guard did not answer
    choice_free(choice);
}

static void where_children_sleep_all_but_fire_begins_with_light(void **state)
{
    (void)state;
    struct choice *choice = choice_new();
#define NAP alarm("nap/co2-high", 1, "warning", "unacknowledged", "air")
    expect(choice, with(json_pack("[o]", NAP), NULL), 1000, NULL);
    expect(choice, with(json_pack("[o]", NAP), NULL), 1000 + CHOICE_SLEEP_MS - 1, NULL);
    expect(choice, with(json_pack("[o]", NAP), NULL), 1000 + CHOICE_SLEEP_MS, "air");
    expect(choice, with(json_pack("[o]", alarm("nap/smoke-1", 1, "fire", "unacknowledged", "fire")), NULL),
           70000, "fire");
    choice_free(choice);
}

static void more_alarms_than_are_remembered_are_all_said(void **state)
{
    (void)state;
    struct choice *choice = choice_new();
    for (int i = 1; i <= 200; i++) {
        expect(
            choice,
            with(json_pack("[o]", alarm("butterfly/co2-high", i, "warning", "unacknowledged", "air")), NULL),
            i, "air");
    }
    choice_free(choice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gravest_is_said_first_and_none_too_often),
        cmocka_unit_test(a_new_occurrence_is_said_at_once),
        cmocka_unit_test(what_is_answered_silenced_or_slight_is_not_said),
        cmocka_unit_test(where_children_sleep_all_but_fire_begins_with_light),
        cmocka_unit_test(more_alarms_than_are_remembered_are_all_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
