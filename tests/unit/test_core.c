// The core, one behaviour a case. Time is an argument: no case waits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/core.h"
#include "tests/unit/look_past_rolls.h"

#define S           NS_PER_S
#define STALE       (15 * S)
#define LENGTH(arr) (sizeof(arr) / sizeof(arr)[0])

// ---- The building: two rooms and the gateway itself

enum { BUTTERFLY, LADYBIRD, GATEWAY, N_ROOMS = GATEWAY };
enum { P_SMOKE, P_AIR, P_DOOR, P_ENTRY, P_HELP, P_COLD, P_JOURNAL };
enum {
    A_SMOKE,
    A_CO2,
    A_RH,
    A_HELP,
    A_COLD,
    A_SMOKE_T,
    A_AIR_T,
    A_DOOR_T,
    A_ENTRY_T,
    A_HELP_T,
    A_COLD_T,
    A_JOURNAL_T
};
enum { O_SIREN, O_LIGHT, O_FAN, O_EXIT, O_SIREN2, O_LIGHT2, O_FAN2, O_EXIT2 };

static const struct core_point points[] = {
    [P_SMOKE] = { .room = "butterfly",
                  .id = "smoke-1",
                  .trouble_id = "smoke-1.trouble",
                  .room_index = BUTTERFLY,
                  .contact = true,
                  .role = ROLE_SMOKE },
    [P_AIR] = { .room = "butterfly",
                .id = "air",
                .trouble_id = "air.trouble",
                .room_index = BUTTERFLY,
                .contact = false,
                .role = ROLE_NONE,
                .stale_ns = STALE },
    [P_DOOR] = { .room = "butterfly",
                 .id = "door",
                 .trouble_id = "door.trouble",
                 .room_index = BUTTERFLY,
                 .contact = true,
                 .role = ROLE_DOOR },
    [P_ENTRY] = { .room = "butterfly",
                  .id = "entry",
                  .trouble_id = "entry.trouble",
                  .room_index = BUTTERFLY,
                  .contact = true,
                  .role = ROLE_NONE },
    [P_HELP] = { .room = "ladybird",
                 .id = "help",
                 .trouble_id = "help.trouble",
                 .room_index = LADYBIRD,
                 .contact = true,
                 .role = ROLE_HELP },
    [P_COLD] = { .room = "ladybird",
                 .id = "bed",
                 .trouble_id = "bed.trouble",
                 .room_index = LADYBIRD,
                 .contact = false,
                 .role = ROLE_NONE,
                 .stale_ns = STALE },
    [P_JOURNAL] = { .room = "gateway",
                    .id = "journal",
                    .trouble_id = "journal.trouble",
                    .room_index = GATEWAY,
                    .contact = true,
                    .role = ROLE_NONE },
};

#define TROUBLE_OF(room_, id_, index_, point_)                                                               \
    {                                                                                                        \
        .room = room_, .id = id_, .room_index = index_, .kind = CORE_ALARM_TROUBLE, .point = point_,         \
        .severity = SEVERITY_TROUBLE, .class = CLASS_FAULT, .ending = ALARM_CLEARS_ITSELF                    \
    }

static const struct core_alarm alarms[] = {
    [A_SMOKE] = { .room = "butterfly",
                  .id = "smoke-1",
                  .room_index = BUTTERFLY,
                  .kind = CORE_ALARM_CONTACT,
                  .point = P_SMOKE,
                  .severity = SEVERITY_FIRE,
                  .class = CLASS_FIRE,
                  .ending = ALARM_LATCHES },
    [A_CO2] = { .room = "butterfly",
                .id = "co2-high",
                .room_index = BUTTERFLY,
                .kind = CORE_ALARM_THRESHOLD,
                .point = P_AIR,
                .severity = SEVERITY_WARNING,
                .class = CLASS_SAFETY,
                .ending = ALARM_CLEARS_ITSELF,
                .quantity = QUANTITY_CO2,
                .above = true,
                .threshold = 1500,
                .deadband = 100,
                .on_delay_ns = 60 * S },
    [A_RH] = { .room = "butterfly",
               .id = "rh-high",
               .room_index = BUTTERFLY,
               .kind = CORE_ALARM_THRESHOLD,
               .point = P_AIR,
               .severity = SEVERITY_ADVISORY,
               .class = CLASS_SAFETY,
               .ending = ALARM_CLEARS_ITSELF,
               .quantity = QUANTITY_HUMIDITY,
               .above = true,
               .threshold = 80000,
               .deadband = 3000 },
    [A_HELP] = { .room = "ladybird",
                 .id = "help",
                 .room_index = LADYBIRD,
                 .kind = CORE_ALARM_CONTACT,
                 .point = P_HELP,
                 .severity = SEVERITY_CRITICAL,
                 .class = CLASS_SAFETY,
                 .ending = ALARM_LATCHES },
    [A_COLD] = { .room = "ladybird",
                 .id = "too-cold",
                 .room_index = LADYBIRD,
                 .kind = CORE_ALARM_THRESHOLD,
                 .point = P_COLD,
                 .severity = SEVERITY_CRITICAL,
                 .class = CLASS_SAFETY,
                 .ending = ALARM_WANTS_ANSWER,
                 .quantity = QUANTITY_TEMPERATURE,
                 .above = false,
                 .threshold = 16000,
                 .deadband = 500 },
    [A_SMOKE_T] = TROUBLE_OF("butterfly", "smoke-1.trouble", BUTTERFLY, P_SMOKE),
    [A_AIR_T] = TROUBLE_OF("butterfly", "air.trouble", BUTTERFLY, P_AIR),
    [A_DOOR_T] = TROUBLE_OF("butterfly", "door.trouble", BUTTERFLY, P_DOOR),
    [A_ENTRY_T] = TROUBLE_OF("butterfly", "entry.trouble", BUTTERFLY, P_ENTRY),
    [A_HELP_T] = TROUBLE_OF("ladybird", "help.trouble", LADYBIRD, P_HELP),
    [A_COLD_T] = TROUBLE_OF("ladybird", "bed.trouble", LADYBIRD, P_COLD),
    [A_JOURNAL_T] = TROUBLE_OF("gateway", "journal.trouble", GATEWAY, P_JOURNAL),
};

static const struct core_output outputs[] = {
    [O_SIREN] = { .room = "butterfly", .id = "siren", .room_index = BUTTERFLY, .role = OUTPUT_SOUNDER },
    [O_LIGHT] = { .room = "butterfly", .id = "light", .room_index = BUTTERFLY, .role = OUTPUT_BEACON },
    [O_FAN] = { .room = "butterfly", .id = "fan", .room_index = BUTTERFLY, .role = OUTPUT_VENTILATION },
    [O_EXIT] = { .room = "butterfly", .id = "exit", .room_index = BUTTERFLY, .role = OUTPUT_DOOR_RELEASE },
    [O_SIREN2] = { .room = "ladybird", .id = "siren", .room_index = LADYBIRD, .role = OUTPUT_SOUNDER },
    [O_LIGHT2] = { .room = "ladybird", .id = "light", .room_index = LADYBIRD, .role = OUTPUT_BEACON },
    [O_FAN2] = { .room = "ladybird", .id = "fan", .room_index = LADYBIRD, .role = OUTPUT_VENTILATION },
    [O_EXIT2] = { .room = "ladybird", .id = "exit", .room_index = LADYBIRD, .role = OUTPUT_DOOR_RELEASE },
};

static const struct core_plan plan = {
    .points = points,
    .n_points = LENGTH(points),
    .alarms = alarms,
    .n_alarms = LENGTH(alarms),
    .outputs = outputs,
    .n_outputs = LENGTH(outputs),
    .n_rooms = N_ROOMS,
};

// ---- A core with its last actions

static struct core *core;
static struct core_actions actions;

static struct core_now at(uint64_t ns)
{
    return (struct core_now){ .boottime_ns = ns,
                              .wall_ms = 1795000000000 + (int64_t)(ns / NS_PER_MS),
                              .clock = CLOCK_SYNCHRONISED };
}

static void start_at(uint64_t ns)
{
    free(core);
    size_t size = core_size(&plan);
    void *memory = aligned_alloc(16, (size + 15) / 16 * 16);
    assert_non_null(memory);
    memset(memory, 0xA5, size);
    struct core_now now = at(ns);
    core = core_init(memory, &plan, &now);
}

static void step(uint64_t ns, struct core_input input)
{
    struct core_now now = at(ns);
    core_step(core, &input, &now, &actions);
    look_past_rolls(&actions);
}

static void tick(uint64_t ns)
{
    step(ns, (struct core_input){ .kind = CORE_INPUT_TICK });
}

static void reading(uint64_t ns, size_t point, enum quantity quantity, int32_t value)
{
    step(ns, (struct core_input){
                 .kind = CORE_INPUT_READING, .point = point, .quantity = quantity, .value = value });
}

static void contact(uint64_t ns, size_t point, int32_t value)
{
    reading(ns, point, QUANTITY_CONTACT, value);
}

static void trouble(uint64_t ns, size_t point, enum trouble what)
{
    step(ns, (struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = point, .trouble = what });
}

static void ack(uint64_t ns, size_t alarm, uint64_t occurrence, bool remote)
{
    step(ns, (struct core_input){ .kind = CORE_INPUT_ACK,
                                  .alarm = alarm,
                                  .occurrence = occurrence,
                                  .remote = remote,
                                  .actor = "uid 1000 (mei)" });
}

static void reset(uint64_t ns, size_t alarm, bool remote)
{
    step(ns, (struct core_input){
                 .kind = CORE_INPUT_RESET, .alarm = alarm, .remote = remote, .actor = "uid 1000 (mei)" });
}

static enum alarm_state state_of(size_t alarm)
{
    struct core_alarm_view view;
    core_view_alarm(core, alarm, &view);
    return view.state;
}

static uint64_t occurrence_of(size_t alarm)
{
    struct core_alarm_view view;
    core_view_alarm(core, alarm, &view);
    return view.occurrence;
}

static enum trouble trouble_of(size_t point)
{
    struct core_point_view view;
    core_view_point(core, point, &view);
    return view.trouble;
}

static const struct event_value *value_of(const struct event *event, enum event_field field)
{
    for (unsigned i = 0; i < event->n_values; i++) {
        if (event->values[i].field == field) {
            return &event->values[i];
        }
    }
    fail_msg("the event has no %s", event_field_names[field]);
    return NULL;
}

static void assert_word(const struct event *event, enum event_field field, const char *word)
{
    assert_non_null(value_of(event, field)->word);
    assert_string_equal(value_of(event, field)->word, word);
}

static void assert_number(const struct event *event, enum event_field field, int64_t number)
{
    assert_null(value_of(event, field)->word);
    assert_int_equal(value_of(event, field)->number, number);
}

// The only event of the last step.
static const struct event *only(enum event_type type, const char *room, const char *item)
{
    assert_int_equal(actions.n_events, 1);
    const struct event *event = &actions.events[0];
    assert_string_equal(event_type_names[event->type], event_type_names[type]);
    assert_string_equal(event->room, room);
    assert_string_equal(event->item, item);
    return event;
}

static void assert_quiet(void)
{
    assert_int_equal(actions.n_events, 0);
    assert_int_equal(actions.n_outputs, 0);
    assert_false(actions.more);
}

static void assert_patterns(size_t first, enum core_pattern sounder, enum core_pattern beacon,
                            enum core_pattern fan, enum core_pattern release)
{
    assert_int_equal(core_view_output(core, first), sounder);
    assert_int_equal(core_view_output(core, first + 1), beacon);
    assert_int_equal(core_view_output(core, first + 2), fan);
    assert_int_equal(core_view_output(core, first + 3), release);
}

static int begin(void **unused)
{
    (void)unused;
    start_at(0);
    tick(0);
    return actions.n_events == 0 && actions.n_outputs == 0 ? 0 : -1;
}

static int end(void **unused)
{
    (void)unused;
    free(core);
    core = NULL;
    return 0;
}

// ---- Words

static void test_every_word_is_there(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < ALARM_STATE_COUNT; i++) {
        assert_non_null(alarm_state_names[i]);
    }
    for (unsigned i = 0; i < TROUBLE_COUNT; i++) {
        assert_non_null(trouble_names[i]);
    }
    for (unsigned i = 0; i < PATTERN_COUNT; i++) {
        assert_non_null(core_pattern_names[i]);
    }
    for (unsigned i = 0; i < CORE_ANSWER_COUNT; i++) {
        assert_non_null(core_answer_words[i]);
        assert_non_null(core_answer_sentences[i]);
    }
}

// ---- Fire

static void test_fire_evacuates_the_building_at_once(void **unused)
{
    (void)unused;
    contact(5 * S, P_SMOKE, 1);
    assert_int_equal(actions.n_outputs, 6); // the fans are off already
    assert_patterns(O_SIREN, PATTERN_EVACUATE, PATTERN_EVACUATE, PATTERN_OFF, PATTERN_ON);
    assert_patterns(O_SIREN2, PATTERN_EVACUATE, PATTERN_EVACUATE, PATTERN_OFF, PATTERN_ON);

    const struct event *event = only(EVENT_ALARM_RAISED, "butterfly", "smoke-1");
    assert_int_equal(event->class, CLASS_FIRE);
    assert_int_equal(event->boottime_ns, 5 * S);
    assert_int_equal(event->wall_ms, at(5 * S).wall_ms);
    assert_int_equal(event->clock, CLOCK_SYNCHRONISED);
    assert_word(event, FIELD_ALARM, "smoke-1");
    assert_number(event, FIELD_OCCURRENCE, 1);
    assert_word(event, FIELD_SEVERITY, "fire");
    assert_word(event, FIELD_STATE, "unacknowledged");
    assert_word(event, FIELD_ROLE, "smoke");
    assert_string_equal(event->record.room, "butterfly");
    assert_string_equal(event->record.item, "smoke-1");
    assert_int_equal(event->record.state, ALARM_UNACKNOWLEDGED);
    assert_int_equal(event->record.condition, 1);
    assert_int_equal(event->record.occurrence, 1);
    assert_int_equal(event->record.since_boottime_ns, 5 * S);
    assert_int_equal(event->record.since_wall_ms, at(5 * S).wall_ms);
}

static void test_fire_stands_until_acknowledged_and_reset(void **unused)
{
    (void)unused;
    contact(1 * S, P_SMOKE, 1);
    contact(2 * S, P_SMOKE, 0);
    const struct event *event = only(EVENT_ALARM_CLEARED, "butterfly", "smoke-1");
    assert_word(event, FIELD_STATE, "latched-unacknowledged");
    assert_int_equal(event->record.condition, 0);
    assert_int_equal(actions.n_outputs, 0);

    reset(3 * S, A_SMOKE, false);
    assert_int_equal(actions.answer, CORE_ANSWER_UNACKNOWLEDGED);
    only(EVENT_COMMAND_REFUSED, "butterfly", "smoke-1");

    ack(4 * S, A_SMOKE, 1, false);
    assert_int_equal(actions.answer, CORE_ANSWER_DONE);
    assert_word(only(EVENT_ALARM_ACKNOWLEDGED, "butterfly", "smoke-1"), FIELD_STATE, "latched-acknowledged");
    assert_int_equal(actions.n_outputs, 0); // acknowledging fire does not silence it
    assert_int_equal(core_view_output(core, O_SIREN2), PATTERN_EVACUATE);

    reset(5 * S, A_SMOKE, false);
    assert_int_equal(actions.answer, CORE_ANSWER_DONE);
    assert_word(only(EVENT_ALARM_RESET, "butterfly", "smoke-1"), FIELD_STATE, "normal");
    assert_patterns(O_SIREN, PATTERN_OFF, PATTERN_OFF, PATTERN_OFF, PATTERN_OFF);
    assert_patterns(O_SIREN2, PATTERN_OFF, PATTERN_OFF, PATTERN_OFF, PATTERN_OFF);
}

static void test_fire_again_is_a_new_occurrence(void **unused)
{
    (void)unused;
    contact(1 * S, P_SMOKE, 1);
    ack(2 * S, A_SMOKE, 0, false);
    contact(3 * S, P_SMOKE, 0);
    assert_int_equal(state_of(A_SMOKE), ALARM_LATCHED_ACKNOWLEDGED);
    contact(4 * S, P_SMOKE, 1);
    assert_number(only(EVENT_ALARM_RAISED, "butterfly", "smoke-1"), FIELD_OCCURRENCE, 2);
    ack(5 * S, A_SMOKE, 1, false); // somebody answers what they saw before
    assert_int_equal(actions.answer, CORE_ANSWER_OTHER_OCCURRENCE);
    assert_int_equal(state_of(A_SMOKE), ALARM_UNACKNOWLEDGED);
    ack(6 * S, A_SMOKE, 2, false);
    assert_int_equal(actions.answer, CORE_ANSWER_DONE);
}

static void test_fire_is_never_answered_from_afar(void **unused)
{
    (void)unused;
    contact(1 * S, P_SMOKE, 1);
    ack(2 * S, A_SMOKE, 1, true);
    assert_int_equal(actions.answer, CORE_ANSWER_REMOTE_FIRE);
    const struct event *event = only(EVENT_COMMAND_REFUSED, "butterfly", "smoke-1");
    assert_int_equal(event->class, CLASS_SYSTEM);
    assert_word(event, FIELD_COMMAND, "ack");
    assert_word(event, FIELD_REASON, "remote-fire");
    assert_word(event, FIELD_VIA, "mqtt");
    assert_string_equal(event->actor, "uid 1000 (mei)");
    assert_null(event->record.room);

    contact(3 * S, P_SMOKE, 0);
    ack(4 * S, A_SMOKE, 1, false);
    reset(5 * S, A_SMOKE, true);
    assert_int_equal(actions.answer, CORE_ANSWER_REMOTE_FIRE);
    assert_word(only(EVENT_COMMAND_REFUSED, "butterfly", "smoke-1"), FIELD_COMMAND, "reset");
    assert_int_equal(state_of(A_SMOKE), ALARM_LATCHED_ACKNOWLEDGED);
}

static void test_fire_overrides_ventilation_and_gives_it_back(void **unused)
{
    (void)unused;
    reading(0, P_AIR, QUANTITY_CO2, 2000);
    for (uint64_t t = 10; t <= 60; t += 10) {
        reading(t * S, P_AIR, QUANTITY_CO2, 2000);
    }
    assert_patterns(O_SIREN, PATTERN_WARNING, PATTERN_WARNING, PATTERN_ON, PATTERN_OFF);
    contact(61 * S, P_SMOKE, 1);
    assert_patterns(O_SIREN, PATTERN_EVACUATE, PATTERN_EVACUATE, PATTERN_OFF, PATTERN_ON);
    contact(62 * S, P_SMOKE, 0);
    ack(63 * S, A_SMOKE, 0, false);
    reset(64 * S, A_SMOKE, false);
    assert_patterns(O_SIREN, PATTERN_WARNING, PATTERN_WARNING, PATTERN_ON, PATTERN_OFF);
}

static void test_smoke_is_believed_while_its_line_is_in_trouble(void **unused)
{
    (void)unused;
    trouble(1 * S, P_SMOKE, TROUBLE_GONE);
    contact(2 * S, P_SMOKE, 1);
    only(EVENT_ALARM_RAISED, "butterfly", "smoke-1");
    contact(3 * S, P_SMOKE, 0); // not trusted: this ends nothing
    assert_quiet();
    trouble(4 * S, P_SMOKE, TROUBLE_NONE);
    assert_int_equal(actions.n_events, 2);
    assert_int_equal(state_of(A_SMOKE), ALARM_LATCHED_UNACKNOWLEDGED);
}

// ---- Answers

static void test_answers_without_an_alarm_are_refused(void **unused)
{
    (void)unused;
    ack(1 * S, A_CO2, 0, false);
    assert_int_equal(actions.answer, CORE_ANSWER_NOT_STANDING);
    assert_word(only(EVENT_COMMAND_REFUSED, "butterfly", "co2-high"), FIELD_REASON, "not-standing");
    reset(1 * S, A_SMOKE, false);
    assert_int_equal(actions.answer, CORE_ANSWER_NOT_STANDING);
}

static void test_help_from_afar_may_be_answered(void **unused)
{
    (void)unused;
    contact(1 * S, P_HELP, 1);
    assert_patterns(O_SIREN2, PATTERN_CRITICAL, PATTERN_CRITICAL, PATTERN_OFF, PATTERN_OFF);
    assert_patterns(O_SIREN, PATTERN_OFF, PATTERN_OFF, PATTERN_OFF, PATTERN_OFF);
    reset(2 * S, A_HELP, true);
    assert_int_equal(actions.answer, CORE_ANSWER_STILL_TRUE);
    ack(3 * S, A_HELP, 1, true);
    assert_int_equal(actions.answer, CORE_ANSWER_DONE);
    assert_word(only(EVENT_ALARM_ACKNOWLEDGED, "ladybird", "help"), FIELD_VIA, "mqtt");
    assert_patterns(O_SIREN2, PATTERN_OFF, PATTERN_CRITICAL, PATTERN_OFF, PATTERN_OFF);
    ack(4 * S, A_HELP, 1, true);
    assert_int_equal(actions.answer, CORE_ANSWER_ALREADY);
    reset(5 * S, A_HELP, true);
    assert_int_equal(actions.answer, CORE_ANSWER_STILL_TRUE);
    contact(6 * S, P_HELP, 0);
    assert_int_equal(core_view_output(core, O_LIGHT2), PATTERN_CRITICAL);
    reset(7 * S, A_HELP, true);
    assert_int_equal(actions.answer, CORE_ANSWER_DONE);
    assert_int_equal(core_view_output(core, O_LIGHT2), PATTERN_OFF);
}

static void test_critical_sounds_until_somebody_has_come(void **unused)
{
    (void)unused;
    reading(1 * S, P_COLD, QUANTITY_TEMPERATURE, 15999);
    const struct event *event = only(EVENT_ALARM_RAISED, "ladybird", "too-cold");
    assert_number(event, FIELD_TEMP_MC, 15999);
    assert_number(event, FIELD_THRESHOLD, 16000);
    reading(2 * S, P_COLD, QUANTITY_TEMPERATURE, 16499); // within the deadband
    assert_quiet();
    reading(3 * S, P_COLD, QUANTITY_TEMPERATURE, 16500);
    assert_word(only(EVENT_ALARM_CLEARED, "ladybird", "too-cold"), FIELD_STATE, "returned-unacknowledged");
    assert_patterns(O_SIREN2, PATTERN_CRITICAL, PATTERN_CRITICAL, PATTERN_OFF, PATTERN_OFF);
    reset(4 * S, A_COLD, false);
    assert_int_equal(actions.answer, CORE_ANSWER_NOT_LATCHED);
    ack(5 * S, A_COLD, 1, false);
    event = only(EVENT_ALARM_ACKNOWLEDGED, "ladybird", "too-cold");
    assert_word(event, FIELD_STATE, "normal");
    assert_word(event, FIELD_VIA, "local");
    assert_true(event->n_values <= EVENT_VALUES);
    assert_patterns(O_SIREN2, PATTERN_OFF, PATTERN_OFF, PATTERN_OFF, PATTERN_OFF);
}

static void test_returned_alarm_true_again_is_a_new_occurrence(void **unused)
{
    (void)unused;
    reading(1 * S, P_COLD, QUANTITY_TEMPERATURE, 10000);
    reading(2 * S, P_COLD, QUANTITY_TEMPERATURE, 20000);
    reading(3 * S, P_COLD, QUANTITY_TEMPERATURE, 10000);
    assert_int_equal(occurrence_of(A_COLD), 2);
    assert_int_equal(state_of(A_COLD), ALARM_UNACKNOWLEDGED);
    ack(4 * S, A_COLD, 2, false);
    reading(5 * S, P_COLD, QUANTITY_TEMPERATURE, 20000);
    assert_word(only(EVENT_ALARM_CLEARED, "ladybird", "too-cold"), FIELD_STATE, "normal");
}

static void test_actor_is_cut_between_characters(void **unused)
{
    (void)unused;
    contact(1 * S, P_HELP, 1);
    // 46 bytes, then a character of three bytes that would end in byte 49.
    struct core_input input = { .kind = CORE_INPUT_ACK,
                                .alarm = A_HELP,
                                .actor = "0123456789012345678901234567890123456789012345\xE8\x9D\xB4" };
    step(2 * S, input);
    assert_string_equal(actions.events[0].actor, "0123456789012345678901234567890123456789012345");
    input.actor = NULL;
    step(3 * S, input);
    assert_string_equal(actions.events[0].actor, "");
}

// ---- Thresholds

static void test_warning_waits_for_its_delay(void **unused)
{
    (void)unused;
    for (uint64_t t = 0; t < 60; t += 10) {
        reading(t * S, P_AIR, QUANTITY_CO2, 1501);
        assert_quiet();
    }
    assert_int_equal(core_deadline_ns(core), 15 * S); // the other room's sensor has never reported
    tick(60 * S - 1);
    assert_int_equal(state_of(A_CO2), ALARM_NORMAL);
    assert_int_equal(core_deadline_ns(core), 60 * S);
    tick(60 * S); // runs out between two readings
    const struct event *event = only(EVENT_ALARM_RAISED, "butterfly", "co2-high");
    assert_number(event, FIELD_CO2_PPM, 1501);
    assert_int_equal(core_view_output(core, O_FAN), PATTERN_ON);
}

static void test_one_low_reading_cancels_the_delay(void **unused)
{
    (void)unused;
    reading(0, P_AIR, QUANTITY_CO2, 1600);
    reading(10 * S, P_AIR, QUANTITY_CO2, 1500); // not above
    for (uint64_t t = 20; t <= 70; t += 10) {
        reading(t * S, P_AIR, QUANTITY_CO2, 1600);
        assert_int_equal(state_of(A_CO2), ALARM_NORMAL);
    }
    reading(80 * S, P_AIR, QUANTITY_CO2, 1600);
    assert_int_equal(state_of(A_CO2), ALARM_UNACKNOWLEDGED);
}

static void test_hysteresis(void **unused)
{
    (void)unused;
    reading(1 * S, P_AIR, QUANTITY_HUMIDITY, 80000);
    assert_int_equal(state_of(A_RH), ALARM_NORMAL);
    reading(2 * S, P_AIR, QUANTITY_HUMIDITY, 80001);
    assert_int_equal(state_of(A_RH), ALARM_UNACKNOWLEDGED);
    assert_patterns(O_SIREN, PATTERN_OFF, PATTERN_WARNING, PATTERN_OFF,
                    PATTERN_OFF); // an advisory is not sounded
    reading(3 * S, P_AIR, QUANTITY_HUMIDITY, 77001);
    assert_int_equal(state_of(A_RH), ALARM_UNACKNOWLEDGED);
    reading(4 * S, P_AIR, QUANTITY_HUMIDITY, 77000);
    assert_word(only(EVENT_ALARM_CLEARED, "butterfly", "rh-high"), FIELD_STATE, "normal");
}

static void test_delay_is_held_while_the_point_is_in_trouble(void **unused)
{
    (void)unused;
    reading(0, P_AIR, QUANTITY_CO2, 1600);
    reading(10 * S, P_AIR, QUANTITY_CO2, 1600);
    trouble(20 * S, P_AIR, TROUBLE_BAD_CRC); // 40 s remain
    tick(1000 * S);
    assert_int_equal(state_of(A_CO2), ALARM_NORMAL);
    reading(1000 * S, P_AIR, QUANTITY_CO2, 1600);
    for (uint64_t t = 1010; t < 1040; t += 10) {
        reading(t * S, P_AIR, QUANTITY_CO2, 1600);
        assert_int_equal(state_of(A_CO2), ALARM_NORMAL);
    }
    tick(1040 * S);
    assert_int_equal(state_of(A_CO2), ALARM_UNACKNOWLEDGED);
}

static void test_delay_is_held_from_the_moment_of_staleness(void **unused)
{
    (void)unused;
    reading(0, P_AIR, QUANTITY_CO2, 1600);
    tick(500 * S); // a late tick: the value was good for 15 s, so 45 s remain
    assert_int_equal(trouble_of(P_AIR), TROUBLE_STALE);
    for (uint64_t t = 500; t < 545; t += 5) {
        reading(t * S, P_AIR, QUANTITY_CO2, 1600);
        assert_int_equal(state_of(A_CO2), ALARM_NORMAL);
    }
    reading(545 * S, P_AIR, QUANTITY_CO2, 1600);
    assert_int_equal(state_of(A_CO2), ALARM_UNACKNOWLEDGED);
}

static void test_held_delay_waits_for_a_value(void **unused)
{
    (void)unused;
    reading(0, P_AIR, QUANTITY_CO2, 1600);
    reading(10 * S, P_AIR, QUANTITY_CO2, 1600);
    trouble(11 * S, P_AIR, TROUBLE_NO_ANSWER);
    trouble(12 * S, P_AIR, TROUBLE_NONE);             // works again, but no value yet
    reading(20 * S, P_AIR, QUANTITY_HUMIDITY, 50000); // nor with another quantity
    assert_int_equal(core_deadline_ns(core), 15 * S);
    tick(20 * S);
    assert_int_equal(core_deadline_ns(core), 35 * S); // staleness alone
    reading(30 * S, P_AIR, QUANTITY_CO2, 1400);       // and this one cancels it
    reading(31 * S, P_AIR, QUANTITY_CO2, 1600);
    for (uint64_t t = 40; t <= 90; t += 10) {
        reading(t * S, P_AIR, QUANTITY_CO2, 1600);
        assert_int_equal(state_of(A_CO2), ALARM_NORMAL);
    }
    tick(91 * S);
    assert_int_equal(state_of(A_CO2), ALARM_UNACKNOWLEDGED);
}

static void test_a_late_tick_changes_nothing_but_the_hour(void **unused)
{
    (void)unused;
    for (uint64_t t = 0; t <= 50; t += 10) {
        reading(t * S, P_AIR, QUANTITY_CO2, 1600);
    }
    // The delay ran out at 60 s, the tick did not come, the air is good at 61 s: the alarm was there.
    reading(61 * S, P_AIR, QUANTITY_CO2, 800);
    assert_int_equal(actions.n_events, 2);
    assert_int_equal(actions.events[0].type, EVENT_ALARM_RAISED);
    assert_number(&actions.events[0], FIELD_CO2_PPM, 1600);
    assert_int_equal(actions.events[1].type, EVENT_ALARM_CLEARED);
    assert_number(&actions.events[1], FIELD_CO2_PPM, 800);
}

static void test_alarm_keeps_its_state_while_nothing_is_known(void **unused)
{
    (void)unused;
    reading(0, P_COLD, QUANTITY_TEMPERATURE, 10000);
    tick(20 * S);
    assert_int_equal(trouble_of(P_COLD), TROUBLE_STALE);
    assert_int_equal(state_of(A_COLD), ALARM_UNACKNOWLEDGED);
    trouble(21 * S, P_COLD, TROUBLE_NO_ANSWER);
    assert_int_equal(state_of(A_COLD), ALARM_UNACKNOWLEDGED);
}

// ---- Troubles

static void test_trouble_is_told_once_and_restored_by_a_reading(void **unused)
{
    (void)unused;
    reading(0, P_AIR, QUANTITY_CO2, 600);
    trouble(1 * S, P_AIR, TROUBLE_NO_ANSWER);
    const struct event *event = only(EVENT_POINT_TROUBLE, "butterfly", "air");
    assert_int_equal(event->class, CLASS_FAULT);
    assert_word(event, FIELD_ALARM, "air.trouble");
    assert_word(event, FIELD_REASON, "no-answer");
    assert_word(event, FIELD_STATE, "unacknowledged");
    assert_word(event, FIELD_SEVERITY, "trouble");
    assert_number(event, FIELD_OCCURRENCE, 1);
    assert_string_equal(event->record.item, "air.trouble");
    assert_patterns(O_SIREN, PATTERN_OFF, PATTERN_TROUBLE, PATTERN_OFF, PATTERN_OFF);
    assert_int_equal(core_view_output(core, O_LIGHT2), PATTERN_OFF);

    trouble(2 * S, P_AIR, TROUBLE_BAD_CRC);
    assert_quiet();
    assert_int_equal(trouble_of(P_AIR), TROUBLE_BAD_CRC);

    reading(3 * S, P_AIR, QUANTITY_CO2, 600);
    event = only(EVENT_POINT_RESTORED, "butterfly", "air");
    assert_word(event, FIELD_STATE, "normal");
    assert_int_equal(trouble_of(P_AIR), TROUBLE_NONE);
    assert_int_equal(core_view_output(core, O_LIGHT), PATTERN_OFF);
}

static void test_contact_in_trouble_waits_for_the_word(void **unused)
{
    (void)unused;
    trouble(1 * S, P_DOOR, TROUBLE_GONE);
    only(EVENT_POINT_TROUBLE, "butterfly", "door");
    contact(2 * S, P_DOOR, 0);
    assert_quiet();
    trouble(3 * S, P_DOOR, TROUBLE_NONE);
    only(EVENT_POINT_RESTORED, "butterfly", "door");
}

static void test_silence_becomes_a_trouble(void **unused)
{
    (void)unused;
    reading(3 * S, P_AIR, QUANTITY_CO2, 600);
    assert_int_equal(core_deadline_ns(core), 15 * S);
    tick(15 * S - 1);
    assert_quiet();
    tick(15 * S); // the bed sensor never reported at all
    assert_word(only(EVENT_POINT_TROUBLE, "ladybird", "bed"), FIELD_REASON, "stale");
    assert_int_equal(core_deadline_ns(core), 18 * S);
    tick(18 * S);
    only(EVENT_POINT_TROUBLE, "butterfly", "air");
    assert_int_equal(core_deadline_ns(core), UINT64_MAX); // contacts and the gateway never go stale
    tick(UINT64_MAX - 1);
    assert_quiet();
}

static void test_works_again_without_a_value_is_still_stale(void **unused)
{
    (void)unused;
    tick(20 * S);
    trouble(21 * S, P_AIR, TROUBLE_NONE);
    assert_quiet();
    assert_int_equal(trouble_of(P_AIR), TROUBLE_STALE);
    trouble(22 * S, P_AIR, TROUBLE_STALE); // not theirs to tell
    assert_quiet();
    reading(23 * S, P_AIR, QUANTITY_CO2, 700);
    only(EVENT_POINT_RESTORED, "butterfly", "air");
}

static void test_implausible_value_is_no_value(void **unused)
{
    (void)unused;
    const struct quantity_info *co2 = &quantities[QUANTITY_CO2];
    reading(0, P_AIR, QUANTITY_CO2, 700);
    reading(1 * S, P_AIR, QUANTITY_CO2, co2->max + 1);
    assert_word(only(EVENT_POINT_TROUBLE, "butterfly", "air"), FIELD_REASON, "implausible");
    struct core_point_view view;
    core_view_point(core, P_AIR, &view);
    assert_int_equal(view.value[QUANTITY_CO2], 700);
    assert_int_equal(view.at_ns, 0);

    reading(2 * S, P_AIR, QUANTITY_HUMIDITY, 90000); // the same chip, another quantity: good, and judged
    only(EVENT_ALARM_RAISED, "butterfly", "rh-high");
    assert_int_equal(trouble_of(P_AIR), TROUBLE_IMPLAUSIBLE); // and no event to and fro at every poll
    reading(3 * S, P_AIR, QUANTITY_CO2, co2->min - 1);
    assert_quiet();
    reading(4 * S, P_AIR, QUANTITY_CO2, co2->max);
    only(EVENT_POINT_RESTORED, "butterfly", "air");
}

static void test_implausible_contact_is_a_trouble(void **unused)
{
    (void)unused;
    contact(1 * S, P_SMOKE, 2);
    only(EVENT_POINT_TROUBLE, "butterfly", "smoke-1");
    assert_int_equal(state_of(A_SMOKE), ALARM_NORMAL);
}

static void test_gateway_trouble_shows_in_every_room(void **unused)
{
    (void)unused;
    trouble(1 * S, P_JOURNAL, TROUBLE_STORAGE);
    assert_word(only(EVENT_POINT_TROUBLE, "gateway", "journal"), FIELD_REASON, "storage");
    assert_patterns(O_SIREN, PATTERN_OFF, PATTERN_TROUBLE, PATTERN_OFF, PATTERN_OFF);
    assert_patterns(O_SIREN2, PATTERN_OFF, PATTERN_TROUBLE, PATTERN_OFF, PATTERN_OFF);
    trouble(2 * S, P_JOURNAL, TROUBLE_NONE);
    assert_int_equal(actions.n_outputs, 2);
    assert_int_equal(core_view_output(core, O_LIGHT2), PATTERN_OFF);
}

// ---- Doors and cards

static void test_doors(void **unused)
{
    (void)unused;
    contact(1 * S, P_DOOR, 0); // closed at start: expected
    assert_quiet();
    contact(2 * S, P_DOOR, 1);
    const struct event *event = only(EVENT_DOOR_OPENED, "butterfly", "door");
    assert_int_equal(event->class, CLASS_ACCESS);
    assert_null(event->record.room);
    contact(3 * S, P_DOOR, 1);
    assert_quiet();
    contact(4 * S, P_DOOR, 0);
    only(EVENT_DOOR_CLOSED, "butterfly", "door");
    start_at(0);
    contact(1 * S, P_DOOR, 1); // open at start
    only(EVENT_DOOR_OPENED, "butterfly", "door");
}

static void test_card_is_told_by_length_alone(void **unused)
{
    (void)unused;
    step(1 * S, (struct core_input){ .kind = CORE_INPUT_CARD, .point = P_ENTRY, .value = 26 });
    const struct event *event = only(EVENT_ACCESS_PRESENTED, "butterfly", "entry");
    assert_int_equal(event->class, CLASS_ACCESS);
    assert_int_equal(event->n_values, 1);
    assert_number(event, FIELD_BITS, 26);
}

// ---- Restarts

static void restore(const char *room, const char *alarm, enum alarm_state state, uint64_t occurrence)
{
    struct state_record record = { .room = room,
                                   .item = alarm,
                                   .state = (uint8_t)state,
                                   .condition = alarm_condition(state),
                                   .occurrence = occurrence,
                                   .since_wall_ms = 7 };
    assert_true(core_restore(core, &record, &(struct core_now){ 0 }));
}

static void test_latched_fire_comes_back(void **unused)
{
    (void)unused;
    start_at(0);
    restore("butterfly", "smoke-1", ALARM_LATCHED_UNACKNOWLEDGED, 9);
    assert_int_equal(core_deadline_ns(core), 0); // outputs follow at once
    tick(0);
    assert_int_equal(actions.n_events, 0);
    assert_int_equal(core_view_output(core, O_SIREN2), PATTERN_EVACUATE);
    contact(1 * S, P_SMOKE, 0);
    assert_quiet();
    contact(2 * S, P_SMOKE, 1);
    assert_int_equal(occurrence_of(A_SMOKE), 10);
}

static void test_standing_fire_whose_detector_is_silent_stands(void **unused)
{
    (void)unused;
    start_at(0);
    restore("butterfly", "smoke-1", ALARM_ACKNOWLEDGED, 3);
    tick(0);
    tick(100000 * S);
    assert_int_equal(state_of(A_SMOKE), ALARM_ACKNOWLEDGED);
    contact(100001 * S, P_SMOKE, 1); // the same fire
    assert_int_equal(actions.n_events, 0);
    assert_int_equal(occurrence_of(A_SMOKE), 3);
}

static void test_hysteresis_and_answer_come_back(void **unused)
{
    (void)unused;
    start_at(0);
    restore("butterfly", "co2-high", ALARM_ACKNOWLEDGED, 4);
    tick(0);
    assert_int_equal(core_view_output(core, O_FAN), PATTERN_ON);
    reading(1 * S, P_AIR, QUANTITY_CO2, 1450); // below the threshold, within the deadband
    assert_int_equal(state_of(A_CO2), ALARM_ACKNOWLEDGED);
    reading(2 * S, P_AIR, QUANTITY_CO2, 1400);
    assert_int_equal(state_of(A_CO2), ALARM_NORMAL);
    assert_int_equal(actions.events[0].record.occurrence, 4);
}

static void test_trouble_from_before_needs_proof(void **unused)
{
    (void)unused;
    start_at(0);
    restore("butterfly", "air.trouble", ALARM_UNACKNOWLEDGED, 2);
    restore("butterfly", "smoke-1.trouble", ALARM_ACKNOWLEDGED, 1);
    restore("butterfly", "entry.trouble", ALARM_UNACKNOWLEDGED, 1);
    tick(0);
    assert_int_equal(actions.n_events, 0);
    assert_int_equal(core_view_output(core, O_LIGHT), PATTERN_TROUBLE);
    trouble(1 * S, P_AIR, TROUBLE_NO_ANSWER); // still so: no second telling
    assert_quiet();
    reading(2 * S, P_AIR, QUANTITY_CO2, 500);
    only(EVENT_POINT_RESTORED, "butterfly", "air");
    contact(3 * S, P_SMOKE, 0);
    only(EVENT_POINT_RESTORED, "butterfly", "smoke-1");
    step(4 * S, (struct core_input){ .kind = CORE_INPUT_CARD, .point = P_ENTRY, .value = 34 });
    assert_int_equal(actions.n_events, 2);
    assert_int_equal(core_view_output(core, O_LIGHT), PATTERN_OFF);
}

static void test_record_of_another_configuration(void **unused)
{
    (void)unused;
    start_at(0);
    // These rules latched or wanted an answer when the record was written.
    restore("butterfly", "co2-high", ALARM_LATCHED_UNACKNOWLEDGED, 1);
    restore("butterfly", "rh-high", ALARM_RETURNED_UNACKNOWLEDGED, 1);
    restore("ladybird", "too-cold", ALARM_LATCHED_UNACKNOWLEDGED, 1);
    restore("ladybird", "help", ALARM_RETURNED_UNACKNOWLEDGED, 1);
    assert_int_equal(state_of(A_CO2), ALARM_NORMAL);
    assert_int_equal(state_of(A_RH), ALARM_NORMAL);
    assert_int_equal(state_of(A_COLD), ALARM_RETURNED_UNACKNOWLEDGED);
    assert_int_equal(state_of(A_HELP), ALARM_LATCHED_UNACKNOWLEDGED);

    struct state_record record = { .room = "butterfly", .item = "no-such", .state = ALARM_UNACKNOWLEDGED };
    assert_false(core_restore(core, &record, &(struct core_now){ 0 }));
    record.item = "smoke"; // the beginning of a name is not the name
    assert_false(core_restore(core, &record, &(struct core_now){ 0 }));
    record.item = "smoke-1";
    record.room = "ladybird";
    assert_false(core_restore(core, &record, &(struct core_now){ 0 }));
    record.room = "butterfly";
    record.state = ALARM_STATE_COUNT;
    assert_false(core_restore(core, &record, &(struct core_now){ 0 }));
    record.state = ALARM_NORMAL;
    record.room = NULL;
    assert_false(core_restore(core, &record, &(struct core_now){ 0 }));
}

static void test_record_of_each_event_restores_the_same_alarm(void **unused)
{
    (void)unused;
    // Power fails after each event in turn: the record alone must bring the alarm back as it was.
    for (unsigned cut = 1; cut <= 5; cut++) {
        start_at(0);
        contact(1 * S, P_SMOKE, 1);
        if (cut >= 2) {
            ack(2 * S, A_SMOKE, 0, false);
        }
        if (cut >= 3) {
            contact(3 * S, P_SMOKE, 0);
        }
        if (cut >= 4) {
            reset(4 * S, A_SMOKE, false);
        }
        if (cut >= 5) {
            contact(5 * S, P_SMOKE, 1);
        }
        assert_int_equal(actions.n_events, 1);
        struct state_record record = actions.events[0].record;
        struct core_alarm_view before, after;
        core_view_alarm(core, A_SMOKE, &before);
        start_at(100 * S);
        assert_true(core_restore(core, &record, &(struct core_now){ 0 }));
        core_view_alarm(core, A_SMOKE, &after);
        assert_int_equal(after.state, before.state);
        assert_int_equal(after.condition, before.condition);
        assert_int_equal(after.occurrence, before.occurrence);
        assert_int_equal(after.since_ns, before.since_ns);
        assert_int_equal(after.since_wall_ms, before.since_wall_ms);
    }
}

// ---- Nonsense and size

static void test_nonsense_is_ignored(void **unused)
{
    (void)unused;
    static const size_t beyond[] = { LENGTH(alarms), LENGTH(alarms) + 1, SIZE_MAX, SIZE_MAX / 64 };
    for (size_t i = 0; i < LENGTH(beyond); i++) {
        contact(0, beyond[i], 1);
        assert_quiet();
        trouble(0, beyond[i], TROUBLE_GONE);
        assert_quiet();
        step(0, (struct core_input){ .kind = CORE_INPUT_CARD, .point = beyond[i], .value = 26 });
        assert_quiet();
        ack(0, beyond[i], 0, false);
        assert_quiet();
        assert_int_equal(actions.answer, CORE_ANSWER_NOT_STANDING);
        reset(0, beyond[i], true);
        assert_quiet();
        assert_int_equal(actions.answer, CORE_ANSWER_NOT_STANDING);
    }
    reading(0, P_AIR, (enum quantity)QUANTITY_COUNT, 1);
    assert_quiet();
    reading(0, P_AIR, (enum quantity) - 1, 1);
    assert_quiet();
    reading(0, P_SMOKE, QUANTITY_CO2, 5000); // a contact measures nothing
    assert_quiet();
    trouble(0, P_AIR, (enum trouble)TROUBLE_COUNT);
    assert_quiet();
    trouble(0, P_AIR, (enum trouble) - 1);
    assert_quiet();
    step(0, (struct core_input){ .kind = CORE_INPUT_KIND_COUNT });
    assert_quiet();
    step(0, (struct core_input){ .kind = (enum core_input_kind) - 1 });
    assert_quiet();
}

// 64 rooms of 12 sensors each, with a sounder and a beacon: what the largest building does in one tick.
#define BIG_ROOMS  64
#define BIG_POINTS 12

struct big {
    struct core_point points[BIG_ROOMS * BIG_POINTS];
    struct core_alarm alarms[BIG_ROOMS * BIG_POINTS + 1];
    struct core_output outputs[BIG_ROOMS * 2];
    struct core_plan plan;
};

static struct big *big_building(void)
{
    struct big *big = calloc(1, sizeof *big);
    assert_non_null(big);
    for (size_t p = 0; p < LENGTH(big->points); p++) {
        big->points[p] = (struct core_point){ .room = "room",
                                              .id = "air",
                                              .trouble_id = "air.trouble",
                                              .room_index = p / BIG_POINTS,
                                              .stale_ns = STALE };
        big->alarms[p] = (struct core_alarm)TROUBLE_OF("room", "air.trouble", p / BIG_POINTS, p);
    }
    big->points[0].contact = true;
    big->points[0].role = ROLE_CALL_POINT;
    big->alarms[LENGTH(big->points)] = alarms[A_SMOKE]; // room 0, point 0
    for (size_t o = 0; o < LENGTH(big->outputs); o++) {
        big->outputs[o] = (struct core_output){ .room = "room",
                                                .id = "output",
                                                .room_index = o / 2,
                                                .role = o % 2 ? OUTPUT_BEACON : OUTPUT_SOUNDER };
    }
    big->plan = (struct core_plan){ .points = big->points,
                                    .n_points = LENGTH(big->points),
                                    .alarms = big->alarms,
                                    .n_alarms = LENGTH(big->alarms),
                                    .outputs = big->outputs,
                                    .n_outputs = LENGTH(big->outputs),
                                    .n_rooms = BIG_ROOMS };
    return big;
}

static void test_a_tick_that_does_not_fit_goes_on(void **unused)
{
    (void)unused;
    struct big *big = big_building();
    free(core);
    core = aligned_alloc(16, core_size(&big->plan));
    assert_non_null(core);
    struct core_now now = at(0);
    core = core_init(core, &big->plan, &now);

    size_t events = 0, patterns = 0, calls = 0;
    do {
        tick(STALE);
        events += actions.n_events;
        patterns += actions.n_outputs;
        assert_true(actions.more == (core_deadline_ns(core) <= STALE));
        assert_true(++calls < 100);
    } while (actions.more);
    assert_int_equal(events, BIG_ROOMS * BIG_POINTS - 1); // all but the call point
    assert_int_equal(patterns, BIG_ROOMS);                // every beacon
    tick(STALE);
    assert_quiet();

    // Fire in the middle of such a tick: 128 outputs, none left out, none told twice.
    contact(STALE + 1, 0, 1);
    bool told[LENGTH(big->outputs)] = { false };
    assert_int_equal(actions.events[0].type, EVENT_ALARM_RAISED);
    for (calls = 0;; calls++) {
        for (size_t i = 0; i < actions.n_outputs; i++) {
            assert_false(told[actions.outputs[i].output]);
            told[actions.outputs[i].output] = true;
            assert_int_equal(actions.outputs[i].pattern, PATTERN_EVACUATE);
        }
        if (!actions.more) {
            break;
        }
        assert_int_equal(core_deadline_ns(core), 0);
        tick(STALE + 1);
        assert_true(calls < 10);
    }
    for (size_t o = 0; o < LENGTH(told); o++) {
        assert_true(told[o]);
    }
    free(big);
}

// A sensor with more rules than one step has events: everything is told in the end, nothing twice.
static void test_more_rules_than_events_on_one_point(void **unused)
{
    (void)unused;
    struct core_point point = points[P_AIR];
    struct core_alarm rules[41];
    for (size_t a = 0; a < 40; a++) {
        rules[a] = alarms[A_RH];
    }
    rules[40] = alarms[A_AIR_T];
    for (size_t a = 0; a < LENGTH(rules); a++) {
        rules[a].point = 0;
    }
    struct core_plan crowded = {
        .points = &point, .n_points = 1, .alarms = rules, .n_alarms = 41, .n_rooms = 1
    };
    free(core);
    core = aligned_alloc(16, core_size(&crowded));
    assert_non_null(core);
    struct core_now now = at(0);
    core = core_init(core, &crowded, &now);

    reading(1 * S, 0, QUANTITY_HUMIDITY, 90000);
    size_t events = actions.n_events;
    while (actions.more) {
        assert_int_equal(core_deadline_ns(core), 0);
        tick(1 * S);
        events += actions.n_events;
    }
    assert_int_equal(events, 40);
    assert_int_equal(core_deadline_ns(core), 1 * S + STALE);
}

static void test_a_room_without_points_wants_no_tick(void **unused)
{
    (void)unused;
    struct core_plan empty = { .n_rooms = 3 };
    free(core);
    core = aligned_alloc(16, core_size(&empty));
    assert_non_null(core);
    struct core_now now = at(0);
    core = core_init(core, &empty, &now);
    tick(0);
    assert_quiet();
    assert_int_equal(core_deadline_ns(core), UINT64_MAX);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_every_word_is_there),
        CASE(test_fire_evacuates_the_building_at_once),
        CASE(test_fire_stands_until_acknowledged_and_reset),
        CASE(test_fire_again_is_a_new_occurrence),
        CASE(test_fire_is_never_answered_from_afar),
        CASE(test_fire_overrides_ventilation_and_gives_it_back),
        CASE(test_smoke_is_believed_while_its_line_is_in_trouble),
        CASE(test_answers_without_an_alarm_are_refused),
        CASE(test_help_from_afar_may_be_answered),
        CASE(test_critical_sounds_until_somebody_has_come),
        CASE(test_returned_alarm_true_again_is_a_new_occurrence),
        CASE(test_actor_is_cut_between_characters),
        CASE(test_warning_waits_for_its_delay),
        CASE(test_one_low_reading_cancels_the_delay),
        CASE(test_hysteresis),
        CASE(test_delay_is_held_while_the_point_is_in_trouble),
        CASE(test_delay_is_held_from_the_moment_of_staleness),
        CASE(test_held_delay_waits_for_a_value),
        CASE(test_a_late_tick_changes_nothing_but_the_hour),
        CASE(test_alarm_keeps_its_state_while_nothing_is_known),
        CASE(test_trouble_is_told_once_and_restored_by_a_reading),
        CASE(test_contact_in_trouble_waits_for_the_word),
        CASE(test_silence_becomes_a_trouble),
        CASE(test_works_again_without_a_value_is_still_stale),
        CASE(test_implausible_value_is_no_value),
        CASE(test_implausible_contact_is_a_trouble),
        CASE(test_gateway_trouble_shows_in_every_room),
        CASE(test_doors),
        CASE(test_card_is_told_by_length_alone),
        CASE(test_latched_fire_comes_back),
        CASE(test_standing_fire_whose_detector_is_silent_stands),
        CASE(test_hysteresis_and_answer_come_back),
        CASE(test_trouble_from_before_needs_proof),
        CASE(test_record_of_another_configuration),
        CASE(test_record_of_each_event_restores_the_same_alarm),
        CASE(test_nonsense_is_ignored),
        CASE(test_a_tick_that_does_not_fit_goes_on),
        CASE(test_more_rules_than_events_on_one_point),
        CASE(test_a_room_without_points_wants_no_tick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
