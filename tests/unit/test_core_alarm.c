// The table of states, against the same said another way.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/alarm.h"

// ---- What an alarm is, rather than what its state is called

struct alarm_facts {
    bool stands, holds, answered, kept; // kept: latched, or gone and still unanswered
    enum alarm_cause aside;             // the cause that set it aside; ALARM_CAUSE_COUNT: none
};

static struct alarm_facts facts_of(enum alarm_state s)
{
    const char *name = alarm_state_names[s];
    struct alarm_facts f = { .aside = ALARM_CAUSE_COUNT };
    f.aside = strcmp(name, "shelved") == 0          ? ALARM_SHELVE
              : strcmp(name, "suppressed") == 0     ? ALARM_SUPPRESS
              : strcmp(name, "out-of-service") == 0 ? ALARM_ISOLATE
                                                    : ALARM_CAUSE_COUNT;
    f.stands = f.aside == ALARM_CAUSE_COUNT && strcmp(name, "normal") != 0;
    f.kept = f.stands && strchr(name, '-');
    f.holds = f.stands && !f.kept;
    f.answered = f.stands && !strstr(name, "unacknowledged");
    return f;
}

static bool latched(enum alarm_state s)
{
    return strncmp(alarm_state_names[s], "latched", 7) == 0;
}

static const char *came_back(enum alarm_state s, enum alarm_ending e)
{
    struct alarm_facts f = facts_of(s);
    switch (e) {
    case ALARM_CLEARS_ITSELF:
        return "normal";
    case ALARM_WANTS_ANSWER:
        return f.kept ? alarm_state_names[s] : f.answered ? "normal" : "returned-unacknowledged";
    case ALARM_LATCHES:
        return f.kept ? alarm_state_names[s] : f.answered ? "latched-acknowledged" : "latched-unacknowledged";
    case ALARM_ENDING_COUNT:
        break;
    }
    return "";
}

static const char *acknowledged(enum alarm_state s, enum alarm_ending e)
{
    struct alarm_facts f = facts_of(s);
    if (f.holds) {
        return "acknowledged";
    }
    return latched(s) || e == ALARM_LATCHES ? "latched-acknowledged" : "normal";
}

// Of what stands, only what does not latch and is not latched can be set aside; and what was set aside
// before gives way to isolation alone.
static bool can_be_set_aside(enum alarm_state s, enum alarm_cause c, enum alarm_ending e)
{
    struct alarm_facts f = facts_of(s);
    if (f.aside != ALARM_CAUSE_COUNT) {
        return c == ALARM_ISOLATE;
    }
    bool latches = e == ALARM_LATCHES || latched(s);
    return !latches || (c == ALARM_ISOLATE && !f.stands);
}

static const char *expected_next(enum alarm_state s, enum alarm_cause c, enum alarm_ending e)
{
    struct alarm_facts f = facts_of(s);
    bool aside = f.aside != ALARM_CAUSE_COUNT;
    switch (c) {
    case ALARM_CONDITION_TRUE:
        return aside || f.holds ? alarm_state_names[s] : "unacknowledged";
    case ALARM_CONDITION_FALSE:
        return f.stands ? came_back(s, e) : alarm_state_names[s];
    case ALARM_ACKNOWLEDGE:
        return f.stands && !f.answered ? acknowledged(s, e) : alarm_state_names[s];
    case ALARM_RESET:
        return e == ALARM_LATCHES && latched(s) && f.answered ? "normal" : alarm_state_names[s];
    case ALARM_SHELVE:
        return can_be_set_aside(s, c, e) ? "shelved" : alarm_state_names[s];
    case ALARM_SUPPRESS:
        return can_be_set_aside(s, c, e) ? "suppressed" : alarm_state_names[s];
    case ALARM_ISOLATE:
        return can_be_set_aside(s, c, e) ? "out-of-service" : alarm_state_names[s];
    case ALARM_UNSHELVE:
        return f.aside == ALARM_SHELVE ? "normal" : alarm_state_names[s];
    case ALARM_RELEASE:
        return f.aside == ALARM_SUPPRESS ? "normal" : alarm_state_names[s];
    case ALARM_REINSTATE:
        return f.aside == ALARM_ISOLATE ? "normal" : alarm_state_names[s];
    case ALARM_CAUSE_COUNT:
        break;
    }
    return "";
}

static void test_every_cell_of_the_table(void **unused)
{
    (void)unused;
    for (unsigned s = 0; s < ALARM_STATE_COUNT; s++) {
        for (unsigned c = 0; c < ALARM_CAUSE_COUNT; c++) {
            for (unsigned e = 0; e < ALARM_ENDING_COUNT; e++) {
                const char *is = alarm_state_names[alarm_next(s, c, e)];
                const char *should = expected_next(s, c, e);
                if (strcmp(is, should) != 0) {
                    fail_msg("%s, cause %u, ending %u: %s, not %s", alarm_state_names[s], c, e, is, should);
                }
            }
        }
    }
}

static void test_what_states_are(void **unused)
{
    (void)unused;
    for (unsigned s = 0; s < ALARM_STATE_COUNT; s++) {
        struct alarm_facts f = facts_of(s);
        assert_int_equal(alarm_standing(s), f.stands);
        assert_int_equal(alarm_condition(s), f.holds);
        assert_int_equal(alarm_unacknowledged(s), f.stands && !f.answered);
        assert_int_equal(alarm_set_aside(s), f.aside != ALARM_CAUSE_COUNT);
    }
}

static void test_a_standing_latch_leaves_only_by_reset(void **unused)
{
    (void)unused;
    for (unsigned s = 0; s < ALARM_STATE_COUNT; s++) {
        for (unsigned c = 0; c < ALARM_CAUSE_COUNT; c++) {
            bool leaves = alarm_standing(s) && !alarm_standing(alarm_next(s, c, ALARM_LATCHES));
            assert_int_equal(leaves, s == ALARM_LATCHED_ACKNOWLEDGED && c == ALARM_RESET);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell_of_the_table),
        cmocka_unit_test(test_what_states_are),
        cmocka_unit_test(test_a_standing_latch_leaves_only_by_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
