// Testing an output: who may, what is recorded, and what the line does, over simulated lines.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/guard/guard.h"
#include "gateway/guard/outputs.h"
#include "gateway/guard/trial.h"
#include "sensors/sim/sim.h"

static const char house[] =
    "gateway: { id: gw-1, site: site-1 }\n"
    "rooms:\n"
    "  - id: bee\n"
    "    sensors: [ { id: smoke-1, driver: contact, line: GPIO17, role: smoke, wiring: normally-closed } ]\n"
    "    outputs:\n"
    "      - { id: siren, line: GPIO22, role: sounder }\n"
    "      - { id: fan, line: GPIO23, role: ventilation, active_low: true }\n"
    "  - id: bee-2\n"
    "    outputs: [ { id: siren, line: GPIO24, role: sounder } ]\n";

struct place {
    struct config *config;
    struct plan *plan;
    struct core *core;
    struct core_actions actions;
    struct core_now now;
    sd_event *loop;
    struct outputs *outputs;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_int_equal(config_parse("house.yaml", house, strlen(house), &guard_catalogue, config_report_text,
                                  stderr, &place->config),
                     0);
    assert_int_equal(sim_build(place->config), 0);
    place->plan = plan_new(place->config);
    void *memory = aligned_alloc(16, (core_size(&place->plan->core) + 15) / 16 * 16);
    place->now = (struct core_now){ .boottime_ns = NS_PER_S, .wall_ms = 1000 };
    place->core = core_init(memory, &place->plan->core, &place->now);
    assert_true(sd_event_new(&place->loop) >= 0);
    assert_int_equal(outputs_new(place->plan, place->loop, &place->outputs), 0);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    outputs_free(place->outputs);
    sd_event_unref(place->loop);
    free(place->core);
    plan_free(place->plan);
    sim_destroy();
    config_free(place->config);
    free(place);
    return 0;
}

static bool level_of(const char *room, const char *output)
{
    bool level;
    uint64_t changed_ns;
    assert_int_equal(sim_output(room, output, &level, &changed_ns), 0);
    return level;
}

static void run_until(struct place *place, const char *room, const char *output, bool level)
{
    while (level_of(room, output) != level) {
        assert_true(sd_event_run(place->loop, 20 * 1000000ull) > 0); // 0: nothing would ever change it
    }
}

static void outputs_are_found_by_their_whole_name(void **state)
{
    struct place *place = *state;
    static const char *const names[] = { "bee/siren", "bee/fan", "bee-2/siren" };
    for (size_t i = 0; i < 3; i++) {
        size_t found = trial_find_output(place->plan, names[i]);
        assert_int_equal(found, i);
    }
    static const char *const strangers[] = { "",         "/",          "bee",      "bee/",
                                             "bee/sire", "bee/sirens", "be/siren", "bee-2/fan" };
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        assert_true(trial_find_output(place->plan, strangers[i]) == SIZE_MAX);
    }
}

static void step(struct place *place, const struct core_input *input)
{
    place->now.boottime_ns += NS_PER_S;
    core_step(place->core, input, &place->now, &place->actions);
}

static void no_test_while_fire_stands_in_any_room(void **state)
{
    struct place *place = *state;
    const struct core_plan *plan = &place->plan->core;
    size_t smoke = plan_find_alarm(place->plan, "bee/smoke-1");
    struct core_input contact = { .kind = CORE_INPUT_READING,
                                  .point = plan->alarms[smoke].point,
                                  .quantity = QUANTITY_CONTACT };
    assert_int_equal(trial_may(place->core, plan, false), TEST_DONE);
    assert_int_equal(trial_may(place->core, plan, true), TEST_REMOTE);
    step(place,
         &(struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = contact.point, .trouble = TROUBLE_GONE });
    assert_int_equal(trial_may(place->core, plan, false), TEST_DONE); // a trouble is no fire
    step(place, &(struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = contact.point });
    contact.value = 1;
    step(place, &contact);
    assert_int_equal(trial_may(place->core, plan, false), TEST_FIRE);
    step(place, &(struct core_input){ .kind = CORE_INPUT_ACK, .alarm = smoke, .actor = "uid 1" });
    assert_int_equal(trial_may(place->core, plan, false), TEST_FIRE);
    contact.value = 0;
    step(place, &contact);
    assert_int_equal(trial_may(place->core, plan, false), TEST_FIRE); // latched
    step(place, &(struct core_input){ .kind = CORE_INPUT_RESET, .alarm = smoke, .actor = "uid 1" });
    assert_int_equal(trial_may(place->core, plan, false), TEST_DONE);
}

static void what_is_recorded(void **state)
{
    struct place *place = *state;
    struct event event;
    for (enum test_answer answer = TEST_DONE; answer < TEST_ANSWER_COUNT; answer++) {
        trial_event(&place->plan->core.outputs[0], answer, answer == TEST_REMOTE, "uid 7 (mei)", &place->now,
                    &event);
        assert_int_equal(event.type, answer == TEST_DONE ? EVENT_COMMAND_ACCEPTED : EVENT_COMMAND_REFUSED);
        assert_int_equal(event.class, CLASS_SYSTEM);
        assert_string_equal(event.room, "bee");
        assert_string_equal(event.item, "siren");
        assert_string_equal(event.actor, "uid 7 (mei)");
        assert_string_equal(event.values[0].word, "test");
        assert_string_equal(event.values[event.n_values - 1].word, answer == TEST_REMOTE ? "mqtt" : "local");
        assert_int_equal(event.n_values, answer == TEST_DONE ? 2 : 3);
        assert_true(test_answer_words[answer] && test_answer_sentences[answer]);
    }
}

static void a_test_drives_and_goes_back(void **state)
{
    struct place *place = *state;
    assert_false(level_of("bee", "siren"));
    assert_true(level_of("bee", "fan")); // active low: at rest it is high
    assert_int_equal(outputs_test(place->outputs, 0, 20 * NS_PER_MS), 0);
    assert_int_equal(outputs_test(place->outputs, 1, 60 * NS_PER_MS), 0);
    assert_true(level_of("bee", "siren"));
    assert_false(level_of("bee", "fan"));
    run_until(place, "bee", "siren", false);
    run_until(place, "bee", "fan", true);
    assert_false(level_of("bee-2", "siren"));
}

static void a_pattern_ends_it_and_a_blinking_one_goes_on_after_it(void **state)
{
    struct place *place = *state;
    assert_int_equal(outputs_test(place->outputs, 0, 3600 * NS_PER_S), 0);
    outputs_set(place->outputs, 0, PATTERN_OFF);
    assert_false(level_of("bee", "siren"));
    assert_int_equal(outputs_test(place->outputs, 0, 3600 * NS_PER_S), 0);
    outputs_set(place->outputs, 0, PATTERN_WARNING);
    run_until(place, "bee", "siren", false); // the chirp's end, not the test's
    assert_int_equal(outputs_test(place->outputs, 0, 10 * NS_PER_MS), 0);
    assert_true(level_of("bee", "siren"));
    run_until(place, "bee", "siren", false);
    run_until(place, "bee", "siren", true); // the next chirp
}

static void all_tests_end_together(void **state)
{
    struct place *place = *state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(outputs_test(place->outputs, i, 3600 * NS_PER_S), 0);
    }
    outputs_set(place->outputs, 2, PATTERN_EVACUATE);
    outputs_end_tests(place->outputs);
    assert_false(level_of("bee", "siren"));
    assert_true(level_of("bee", "fan"));
    assert_true(level_of("bee-2", "siren"));
}

// The second siren joins in the long pause of the first: it waits, and both begin the next group together.
static void evacuation_has_one_phase(void **state)
{
    struct place *place = *state;
    outputs_set(place->outputs, 0, PATTERN_EVACUATE);
    for (unsigned pulse = 0; pulse < 3; pulse++) {
        run_until(place, "bee", "siren", true);
        run_until(place, "bee", "siren", false);
    }
    outputs_set(place->outputs, 2, PATTERN_EVACUATE);
    while (!level_of("bee", "siren")) {
        assert_false(level_of("bee-2", "siren"));
        assert_true(sd_event_run(place->loop, 20 * 1000000ull) > 0);
    }
    assert_true(level_of("bee-2", "siren"));
    run_until(place, "bee", "siren", false);
    assert_false(level_of("bee-2", "siren"));
    outputs_set(place->outputs, 0, PATTERN_OFF);
    outputs_set(place->outputs, 2, PATTERN_OFF);
    outputs_set(place->outputs, 2, PATTERN_EVACUATE); // alone again: at once
    assert_true(level_of("bee-2", "siren"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(outputs_are_found_by_their_whole_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_test_while_fire_stands_in_any_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_recorded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_test_drives_and_goes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pattern_ends_it_and_a_blinking_one_goes_on_after_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(all_tests_end_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(evacuation_has_one_phase, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
