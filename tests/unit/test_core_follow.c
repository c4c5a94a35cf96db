// What sounders, beacons, fans and doors do: precedence, silence, light first where children sleep, drills,
// ventilation. Time is an argument: no case waits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/inside.h"
#include "tests/unit/look_past_rolls.h"

#define S           NS_PER_S
#define M           (60 * NS_PER_S)
#define LENGTH(arr) (sizeof(arr) / sizeof(arr)[0])

// ---- The building: a room for playing, one for sleeping, one without outputs, and the gateway itself

enum { PLAY, SLEEP, STORE, GATEWAY, N_ROOMS = GATEWAY };
enum { P_SMOKE, P_AIR, P_HELP, P_SMOKE2, P_AIR2, P_HELP2, P_SMOKE3, P_JOURNAL, N_POINTS };
enum {
    A_SMOKE,
    A_AIR,  // a warning
    A_MEAN, // an advisory, of the mean of CO2
    A_HELP,
    A_SMOKE2, // a pre-alarm: its severity is critical
    A_AIR2,
    A_HELP2,
    A_SMOKE3,
    A_AIR_T,
    A_JOURNAL_T,
    N_ALARMS
};
enum { O_SIREN, O_LIGHT, O_FAN, O_DOOR, O_SIREN2, O_LIGHT2, O_FAN2, O_DOOR2, N_OUTPUTS };

#define CONTACT_POINT(room_, id_, index_)                                                                    \
    {                                                                                                        \
        .room = room_, .id = id_, .trouble_id = id_ ".trouble", .room_index = index_, .contact = true,       \
    }
#define AIR_POINT(room_, id_, index_)                                                                        \
    {                                                                                                        \
        .room = room_, .id = id_, .trouble_id = id_ ".trouble", .room_index = index_, .stale_ns = 3600 * S   \
    }
static const struct core_point points[N_POINTS] = {
    [P_SMOKE] = CONTACT_POINT("play", "smoke", PLAY),
    [P_AIR] = AIR_POINT("play", "air", PLAY),
    [P_HELP] = CONTACT_POINT("play", "help", PLAY),
    [P_SMOKE2] = CONTACT_POINT("sleep", "smoke", SLEEP),
    [P_AIR2] = AIR_POINT("sleep", "air", SLEEP),
    [P_HELP2] = CONTACT_POINT("sleep", "help", SLEEP),
    [P_SMOKE3] = CONTACT_POINT("store", "smoke", STORE),
    [P_JOURNAL] = CONTACT_POINT("gateway", "journal", GATEWAY),
};

#define CONTACT_ALARM(room_, id_, index_, point_, severity_, class_)                                         \
    {                                                                                                        \
        .room = room_, .id = id_, .room_index = index_, .kind = CORE_ALARM_CONTACT, .point = point_,         \
        .severity = severity_, .class = class_, .ending = ALARM_LATCHES                                      \
    }
#define AIR_ALARM(room_, id_, index_, point_, severity_)                                                     \
    {                                                                                                        \
        .room = room_, .id = id_, .room_index = index_, .kind = CORE_ALARM_THRESHOLD, .point = point_,       \
        .severity = severity_, .class = CLASS_SAFETY, .ending = ALARM_CLEARS_ITSELF,                         \
        .quantity = QUANTITY_CO2, .above = true, .threshold = 1500, .deadband = 100                          \
    }
#define TROUBLE_ALARM(room_, id_, index_, point_)                                                            \
    {                                                                                                        \
        .room = room_, .id = id_, .room_index = index_, .kind = CORE_ALARM_TROUBLE, .point = point_,         \
        .severity = SEVERITY_TROUBLE, .class = CLASS_FAULT, .ending = ALARM_CLEARS_ITSELF                    \
    }
static const struct core_alarm alarms[N_ALARMS] = {
    [A_SMOKE] = CONTACT_ALARM("play", "smoke", PLAY, P_SMOKE, SEVERITY_FIRE, CLASS_FIRE),
    [A_AIR] = AIR_ALARM("play", "co2", PLAY, P_AIR, SEVERITY_WARNING),
    [A_MEAN] = { .room = "play",
                 .id = "mean",
                 .room_index = PLAY,
                 .kind = CORE_ALARM_MEAN,
                 .point = P_AIR,
                 .severity = SEVERITY_ADVISORY,
                 .class = CLASS_SAFETY,
                 .quantity = QUANTITY_CO2,
                 .above = true,
                 .threshold = 1000,
                 .window_ns = 10 * M },
    [A_HELP] = CONTACT_ALARM("play", "help", PLAY, P_HELP, SEVERITY_CRITICAL, CLASS_SAFETY),
    [A_SMOKE2] = CONTACT_ALARM("sleep", "smoke", SLEEP, P_SMOKE2, SEVERITY_CRITICAL, CLASS_FIRE),
    [A_AIR2] = AIR_ALARM("sleep", "co2", SLEEP, P_AIR2, SEVERITY_WARNING),
    [A_HELP2] = CONTACT_ALARM("sleep", "help", SLEEP, P_HELP2, SEVERITY_CRITICAL, CLASS_SAFETY),
    [A_SMOKE3] = CONTACT_ALARM("store", "smoke", STORE, P_SMOKE3, SEVERITY_FIRE, CLASS_FIRE),
    [A_AIR_T] = TROUBLE_ALARM("play", "air.trouble", PLAY, P_AIR),
    [A_JOURNAL_T] = TROUBLE_ALARM("gateway", "journal.trouble", GATEWAY, P_JOURNAL),
};

static const struct core_output outputs[N_OUTPUTS] = {
    [O_SIREN] = { "play", "siren", PLAY, OUTPUT_SOUNDER, 0 },
    [O_LIGHT] = { "play", "light", PLAY, OUTPUT_BEACON, 0 },
    [O_FAN] = { "play", "fan", PLAY, OUTPUT_VENTILATION, 5 * M },
    [O_DOOR] = { "play", "door", PLAY, OUTPUT_DOOR_RELEASE, 0 },
    [O_SIREN2] = { "sleep", "siren", SLEEP, OUTPUT_SOUNDER, 0 },
    [O_LIGHT2] = { "sleep", "light", SLEEP, OUTPUT_BEACON, 0 },
    [O_FAN2] = { "sleep", "fan", SLEEP, OUTPUT_VENTILATION, 0 },
    [O_DOOR2] = { "sleep", "door", SLEEP, OUTPUT_DOOR_RELEASE, 0 },
};
static const struct core_room rooms[N_ROOMS] = {
    [PLAY] = { ROOM_PLAY },
    [SLEEP] = { ROOM_SLEEP },
    [STORE] = { ROOM_WASH },
};
static const struct core_plan plan = { .points = points,
                                       .n_points = N_POINTS,
                                       .alarms = alarms,
                                       .n_alarms = N_ALARMS,
                                       .outputs = outputs,
                                       .n_outputs = N_OUTPUTS,
                                       .rooms = rooms,
                                       .n_rooms = N_ROOMS };

// ---- A core, its last actions, and the records that a journal would have

static struct core *core;
static struct core_actions actions;
static struct state_record alarm_records[N_ALARMS], silences[N_ROOMS];
static enum clock_quality clock_quality;

static struct core_now at(uint64_t ns)
{
    return (struct core_now){ .boottime_ns = ns,
                              .wall_ms = 1795000000000 + (int64_t)(ns / NS_PER_MS),
                              .clock = clock_quality };
}

static size_t room_of(const char *name)
{
    return strcmp(name, "play") == 0 ? PLAY : strcmp(name, "sleep") == 0 ? SLEEP : STORE;
}

static void keep(const struct state_record *record)
{
    if (!record->room) {
        return;
    }
    if (record->kind == RECORD_SILENCE) {
        silences[room_of(record->room)] = *record;
        return;
    }
    for (size_t a = 0; a < N_ALARMS; a++) {
        if (strcmp(alarms[a].room, record->room) == 0 && strcmp(alarms[a].id, record->item) == 0) {
            alarm_records[a] = *record;
        }
    }
}

static void step(uint64_t ns, struct core_input input)
{
    struct core_now now = at(ns);
    core_step(core, &input, &now, &actions);
    assert_false(actions.more);
    look_past_rolls(&actions);
    for (size_t i = 0; i < actions.n_events; i++) {
        keep(&actions.events[i].record);
    }
}

static void tick(uint64_t ns)
{
    step(ns, (struct core_input){ .kind = CORE_INPUT_TICK });
}

// A tick at the core's own deadline, which must be this. An alarm that nobody answers escalates on the way,
// and no output takes notice.
static void due(uint64_t ns)
{
    while (core_deadline_ns(core) < ns) {
        tick(core_deadline_ns(core));
        assert_int_equal(actions.n_outputs, 0);
        assert_true(actions.n_events > 0);
        for (size_t i = 0; i < actions.n_events; i++) {
            assert_int_equal(actions.events[i].type, EVENT_ALARM_ESCALATED);
        }
    }
    assert_int_equal(core_deadline_ns(core), ns);
    tick(ns);
}

static void contact(uint64_t ns, size_t point, int32_t value)
{
    step(ns, (struct core_input){
                 .kind = CORE_INPUT_READING, .point = point, .quantity = QUANTITY_CONTACT, .value = value });
}

static void co2(uint64_t ns, size_t point, int32_t ppm)
{
    step(ns, (struct core_input){
                 .kind = CORE_INPUT_READING, .point = point, .quantity = QUANTITY_CO2, .value = ppm });
}

static void answer_alarm(uint64_t ns, enum core_input_kind kind, size_t alarm)
{
    step(ns, (struct core_input){ .kind = kind, .alarm = alarm, .actor = "mei" });
    assert_int_equal(actions.answer, CORE_ANSWER_DONE);
}

static enum core_answer silence_from(uint64_t ns, size_t room, uint64_t for_ns, bool remote)
{
    step(ns,
         (struct core_input){
             .kind = CORE_INPUT_SILENCE, .room = room, .for_ns = for_ns, .remote = remote, .actor = "mei" });
    return actions.answer;
}

static enum core_answer silence(uint64_t ns, size_t room, uint64_t for_ns)
{
    return silence_from(ns, room, for_ns, false);
}

static void drill(uint64_t ns, size_t room, bool on)
{
    core->rooms[room].drill_since_ns = on ? ns : 0;
    follow_note(core, room);
    tick(ns);
}

#define assert_output(output, pattern)                                                                       \
    assert_string_equal(core_pattern_names[core_view_output(core, output)], core_pattern_names[pattern])

static const struct event *event_of(enum event_type type, const char *room)
{
    for (size_t i = 0; i < actions.n_events; i++) {
        const struct event *event = &actions.events[i];
        if (event->type == type && (room ? event->room && strcmp(event->room, room) == 0 : !event->room)) {
            return event;
        }
    }
    fail_msg("no %s of %s", event_type_names[type], room ? room : "the gateway");
    return NULL;
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
    assert_string_equal(value_of(event, field)->word, word);
}

static void start_at(uint64_t ns)
{
    free(core);
    size_t size = (core_size(&plan) + 15) / 16 * 16;
    void *memory = aligned_alloc(16, size);
    assert_non_null(memory);
    memset(memory, 0xA5, size);
    struct core_now now = at(ns);
    core = core_init(memory, &plan, &now);
}

// As the journal gives them back: in another boot no boottime of them is worth anything.
static void restart(uint64_t ns, bool same_boot)
{
    start_at(ns);
    struct core_now now = at(ns);
    for (size_t i = 0; i < N_ALARMS + N_ROOMS; i++) {
        struct state_record record = i < N_ALARMS ? alarm_records[i] : silences[i - N_ALARMS];
        if (!same_boot) {
            record.since_boottime_ns = record.until_boottime_ns = 0;
        }
        assert_int_equal(core_restore(core, &record, &now), record.room != NULL);
    }
    tick(ns);
}

static int begin(void **unused)
{
    (void)unused;
    clock_quality = CLOCK_SYNCHRONISED;
    memset(alarm_records, 0, sizeof alarm_records);
    memset(silences, 0, sizeof silences);
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

// ---- Precedence

static void test_the_graver_pattern_wins(void **unused)
{
    (void)unused;
    step(1 * S,
         (struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = P_AIR, .trouble = TROUBLE_NO_ANSWER });
    assert_output(O_SIREN, PATTERN_OFF);
    assert_output(O_LIGHT, PATTERN_TROUBLE);
    co2(2 * S, P_AIR, 1600);
    assert_output(O_SIREN, PATTERN_WARNING);
    assert_output(O_LIGHT, PATTERN_WARNING);
    contact(3 * S, P_HELP, 1);
    assert_output(O_SIREN, PATTERN_CRITICAL);
    assert_output(O_LIGHT, PATTERN_CRITICAL);
    assert_output(O_DOOR, PATTERN_OFF);
    contact(4 * S, P_SMOKE, 1);
    assert_output(O_SIREN, PATTERN_EVACUATE);
    assert_output(O_LIGHT, PATTERN_EVACUATE);
    assert_output(O_SIREN2, PATTERN_EVACUATE);
    assert_output(O_FAN, PATTERN_OFF);
    assert_output(O_DOOR, PATTERN_ON);
    contact(5 * S, P_SMOKE, 0);
    answer_alarm(6 * S, CORE_INPUT_ACK, A_SMOKE);
    assert_output(O_SIREN, PATTERN_EVACUATE);
    assert_output(O_DOOR, PATTERN_ON); // for as long as fire stands
    answer_alarm(7 * S, CORE_INPUT_RESET, A_SMOKE);
    assert_output(O_SIREN, PATTERN_CRITICAL);
    assert_output(O_DOOR, PATTERN_OFF);
    assert_output(O_SIREN2, PATTERN_OFF);
    answer_alarm(8 * S, CORE_INPUT_ACK, A_HELP); // the sound of the warning is heard, the light stays
    assert_output(O_SIREN, PATTERN_WARNING);
    assert_output(O_LIGHT, PATTERN_CRITICAL);
}

static void test_a_pre_alarm_is_no_evacuation(void **unused)
{
    (void)unused;
    contact(1 * S, P_SMOKE2, 1);
    assert_output(O_LIGHT2, PATTERN_CRITICAL);
    assert_output(O_LIGHT, PATTERN_OFF);
    assert_output(O_DOOR2, PATTERN_OFF);
}

// ---- Light first where children sleep

static void test_sleepers_get_light_for_a_minute(void **unused)
{
    (void)unused;
    co2(1 * S, P_AIR2, 1600);
    assert_output(O_SIREN2, PATTERN_OFF);
    assert_output(O_LIGHT2, PATTERN_WARNING);
    tick(60 * S);
    assert_output(O_SIREN2, PATTERN_OFF);
    due(61 * S);
    assert_output(O_SIREN2, PATTERN_WARNING);
    assert_int_equal(actions.n_outputs, 1);
    contact(62 * S, P_HELP2, 1); // the room has been called for a minute already
    assert_output(O_SIREN2, PATTERN_CRITICAL);
    answer_alarm(63 * S, CORE_INPUT_ACK, A_HELP2);
    answer_alarm(64 * S, CORE_INPUT_ACK, A_AIR2);
    assert_output(O_SIREN2, PATTERN_OFF);
}

static void test_an_answer_in_time_keeps_it_quiet(void **unused)
{
    (void)unused;
    contact(1 * S, P_HELP2, 1);
    assert_output(O_LIGHT2, PATTERN_CRITICAL);
    answer_alarm(30 * S, CORE_INPUT_ACK, A_HELP2);
    tick(120 * S);
    assert_output(O_SIREN2, PATTERN_OFF);
    assert_output(O_LIGHT2, PATTERN_CRITICAL);
    contact(200 * S, P_SMOKE2, 1); // and the next one has its own time
    assert_output(O_SIREN2, PATTERN_OFF);
    due(230 * S);
    assert_output(O_SIREN2, PATTERN_CRITICAL);
}

static void test_a_pre_alarm_gets_half_of_it(void **unused)
{
    (void)unused;
    contact(1 * S, P_HELP2, 1);
    contact(10 * S, P_SMOKE2, 1);
    assert_output(O_SIREN2, PATTERN_OFF);
    due(31 * S); // half a minute after the room was called first
    assert_output(O_SIREN2, PATTERN_CRITICAL);
}

static void test_coming_and_going_does_not_begin_anew(void **unused)
{
    (void)unused;
    for (unsigned i = 1; i < 60; i += 2) {
        contact(i * S, P_HELP2, 1);
        contact((i + 1) * S, P_HELP2, 0);
        assert_output(O_SIREN2, PATTERN_OFF);
    }
    due(61 * S);
    assert_output(O_SIREN2, PATTERN_CRITICAL);
}

static void test_fire_wakes_sleepers_at_once(void **unused)
{
    (void)unused;
    contact(1 * S, P_SMOKE3, 1);
    assert_output(O_SIREN2, PATTERN_EVACUATE);
    assert_output(O_SIREN, PATTERN_EVACUATE);
}

static void test_a_restart_is_no_second_minute(void **unused)
{
    (void)unused;
    contact(1 * S, P_HELP2, 1);
    restart(20 * S, true);
    assert_output(O_SIREN2, PATTERN_OFF);
    due(61 * S);
    assert_output(O_SIREN2, PATTERN_CRITICAL);
    restart(5 * S, false);
    assert_output(O_SIREN2, PATTERN_CRITICAL);
}

// ---- Drills

static void test_a_drill_is_heard_unless_it_is_real(void **unused)
{
    (void)unused;
    drill(1 * S, PLAY, true);
    assert_output(O_SIREN, PATTERN_DRILL);
    assert_output(O_LIGHT, PATTERN_DRILL);
    assert_output(O_SIREN2, PATTERN_OFF);
    assert_output(O_DOOR, PATTERN_OFF);
    struct core_room_view view;
    core_view_room(core, PLAY, &view);
    assert_int_equal(view.drill_since_ns, 1 * S);
    assert_int_equal(silence(2 * S, PLAY, 60 * S), CORE_ANSWER_NOTHING_SOUNDS);
    co2(3 * S, P_AIR, 1600);
    assert_output(O_SIREN, PATTERN_WARNING);
    assert_output(O_LIGHT, PATTERN_WARNING);
    answer_alarm(4 * S, CORE_INPUT_ACK, A_AIR);
    assert_output(O_SIREN, PATTERN_DRILL);
    contact(5 * S, P_HELP, 1);
    assert_output(O_SIREN, PATTERN_CRITICAL);
    assert_int_equal(silence(6 * S, PLAY, 60 * S), CORE_ANSWER_DONE);
    assert_output(O_SIREN, PATTERN_DRILL);
    contact(7 * S, P_SMOKE3, 1);
    assert_output(O_SIREN, PATTERN_EVACUATE);
    assert_int_equal(silence(8 * S, PLAY, 60 * S), CORE_ANSWER_DONE);
    assert_output(O_SIREN, PATTERN_OFF); // no drill in a fire
    assert_output(O_LIGHT, PATTERN_EVACUATE);
}

// ---- Silence

static void test_silence_rests_the_sounder_alone(void **unused)
{
    (void)unused;
    contact(1 * S, P_HELP, 1);
    assert_int_equal(silence(2 * S, PLAY, CORE_SILENCE_MAX_NS), CORE_ANSWER_DONE);
    assert_output(O_SIREN, PATTERN_OFF);
    assert_output(O_LIGHT, PATTERN_CRITICAL);
    const struct event *event = event_of(EVENT_ALARM_SILENCED, "play");
    assert_int_equal(event->class, CLASS_SAFETY);
    assert_string_equal(event->actor, "mei");
    assert_null(event->item);
    assert_word(event, FIELD_VIA, "local");
    assert_int_equal(value_of(event, FIELD_UNTIL_MS)->number, at(2 * S + CORE_SILENCE_MAX_NS).wall_ms);
    struct core_alarm_view alarm;
    core_view_alarm(core, A_HELP, &alarm);
    assert_int_equal(alarm.state, ALARM_UNACKNOWLEDGED); // no acknowledgement
    struct core_room_view view;
    core_view_room(core, PLAY, &view);
    assert_int_equal(view.silent_until_ns, 2 * S + CORE_SILENCE_MAX_NS);
    tick(181 * S);
    (void)event_of(EVENT_ALARM_ESCALATED, "play"); // nor is it an answer
    tick(2 * S + CORE_SILENCE_MAX_NS - 1);
    assert_output(O_SIREN, PATTERN_OFF);
    assert_int_equal(actions.n_events, 0);
    due(2 * S + CORE_SILENCE_MAX_NS);
    assert_output(O_SIREN, PATTERN_CRITICAL);
    event = event_of(EVENT_ALARM_RESOUNDED, "play");
    assert_word(event, FIELD_REASON, "expired");
    assert_int_equal(silences[PLAY].state, 0);
    core_view_room(core, PLAY, &view);
    assert_int_equal(view.silent_until_ns, 0);
}

static void test_what_silence_is_refused(void **unused)
{
    (void)unused;
    assert_int_equal(silence(1 * S, PLAY, 60 * S), CORE_ANSWER_NOTHING_SOUNDS);
    const struct event *event = event_of(EVENT_COMMAND_REFUSED, "play");
    assert_word(event, FIELD_COMMAND, "silence");
    assert_word(event, FIELD_REASON, "nothing-sounds");
    assert_string_equal(event->actor, "mei");
    assert_int_equal(silence(1 * S, N_ROOMS, 60 * S), CORE_ANSWER_NOTHING_SOUNDS);
    (void)event_of(EVENT_COMMAND_REFUSED, NULL);
    assert_int_equal(silence(1 * S, N_ROOMS + 1, 60 * S), CORE_ANSWER_NOTHING_SOUNDS);
    assert_int_equal(actions.n_events, 0);
    contact(2 * S, P_HELP, 1);
    assert_int_equal(silence(3 * S, STORE, 60 * S), CORE_ANSWER_NOTHING_SOUNDS);
    assert_int_equal(silence(3 * S, SLEEP, 60 * S), CORE_ANSWER_NOTHING_SOUNDS);
    assert_int_equal(silence(3 * S, PLAY, 0), CORE_ANSWER_NOT_SILENCED);
    assert_int_equal(silence(3 * S, PLAY, CORE_SILENCE_MAX_NS + 1), CORE_ANSWER_TOO_LONG);
    assert_int_equal(silence(3 * S, PLAY, UINT64_MAX), CORE_ANSWER_TOO_LONG);
    assert_output(O_SIREN, PATTERN_CRITICAL);
    contact(4 * S, P_SMOKE3, 1);
    assert_int_equal(silence_from(5 * S, PLAY, 60 * S, true), CORE_ANSWER_REMOTE_FIRE);
    assert_int_equal(silence(5 * S, PLAY, CORE_SILENCE_FIRE_MAX_NS + 1), CORE_ANSWER_TOO_LONG);
    assert_output(O_SIREN, PATTERN_EVACUATE);
    contact(6 * S, P_SMOKE3, 0); // it still stands
    assert_int_equal(silence_from(7 * S, N_ROOMS, 60 * S, true), CORE_ANSWER_REMOTE_FIRE);
}

static void test_a_pre_alarm_is_not_silenced_from_afar(void **unused)
{
    (void)unused;
    contact(1 * S, P_HELP, 1);
    contact(2 * S, P_SMOKE2, 1);
    assert_int_equal(silence_from(3 * S, PLAY, 60 * S, true), CORE_ANSWER_REMOTE_FIRE);
    assert_int_equal(silence(3 * S, PLAY, CORE_SILENCE_FIRE_MAX_NS + 1), CORE_ANSWER_TOO_LONG);
    assert_int_equal(silence(3 * S, SLEEP, CORE_SILENCE_FIRE_MAX_NS), CORE_ANSWER_DONE); // before it sounds
    due(32 * S);
    assert_output(O_SIREN2, PATTERN_OFF);
    due(3 * S + CORE_SILENCE_FIRE_MAX_NS);
    assert_output(O_SIREN2, PATTERN_CRITICAL);
}

static void test_silence_from_afar_where_there_is_no_fire(void **unused)
{
    (void)unused;
    contact(1 * S, P_HELP, 1);
    assert_int_equal(silence_from(2 * S, PLAY, 60 * S, true), CORE_ANSWER_DONE);
    assert_word(event_of(EVENT_ALARM_SILENCED, "play"), FIELD_VIA, "mqtt");
}

static void test_a_fire_is_silenced_room_by_room(void **unused)
{
    (void)unused;
    contact(1 * S, P_SMOKE, 1);
    assert_int_equal(silence(2 * S, SLEEP, CORE_SILENCE_FIRE_MAX_NS), CORE_ANSWER_DONE);
    assert_int_equal(event_of(EVENT_ALARM_SILENCED, "sleep")->class, CLASS_FIRE);
    assert_output(O_SIREN2, PATTERN_OFF);
    assert_output(O_LIGHT2, PATTERN_EVACUATE);
    assert_output(O_DOOR2, PATTERN_ON);
    assert_output(O_SIREN, PATTERN_EVACUATE);
    due(2 * S + CORE_SILENCE_FIRE_MAX_NS);
    assert_output(O_SIREN2, PATTERN_EVACUATE);
    assert_int_equal(event_of(EVENT_ALARM_RESOUNDED, "sleep")->class, CLASS_FIRE);
}

static void test_every_room_at_once(void **unused)
{
    (void)unused;
    contact(1 * S, P_SMOKE, 1);
    assert_int_equal(silence(2 * S, N_ROOMS, 60 * S), CORE_ANSWER_DONE);
    assert_int_equal(actions.n_events, 2); // the store has no sounder
    (void)event_of(EVENT_ALARM_SILENCED, "play");
    (void)event_of(EVENT_ALARM_SILENCED, "sleep");
    assert_output(O_SIREN, PATTERN_OFF);
    assert_output(O_SIREN2, PATTERN_OFF);
    assert_int_equal(silence(3 * S, PLAY, 0), CORE_ANSWER_DONE);
    const struct event *event = event_of(EVENT_ALARM_RESOUNDED, "play");
    assert_word(event, FIELD_REASON, "ended");
    assert_string_equal(event->actor, "mei");
    assert_output(O_SIREN, PATTERN_EVACUATE);
    assert_output(O_SIREN2, PATTERN_OFF);
    assert_int_equal(silence(4 * S, N_ROOMS, 0), CORE_ANSWER_DONE);
    assert_int_equal(actions.n_events, 1);
    assert_output(O_SIREN2, PATTERN_EVACUATE);
}

static void test_something_new_sounds_over_it(void **unused)
{
    (void)unused;
    co2(1 * S, P_AIR, 1600);
    co2(1 * S, P_AIR2, 1600);
    due(61 * S);
    assert_int_equal(silence(62 * S, N_ROOMS, 600 * S), CORE_ANSWER_DONE);
    step(63 * S,
         (struct core_input){ .kind = CORE_INPUT_TROUBLE, .point = P_AIR, .trouble = TROUBLE_NO_ANSWER });
    assert_output(O_SIREN, PATTERN_OFF); // a trouble has no sound
    contact(64 * S, P_HELP, 1);
    assert_output(O_SIREN, PATTERN_CRITICAL);
    assert_output(O_SIREN2, PATTERN_OFF); // another room's silence goes on
    assert_int_equal(actions.n_events, 2);
    assert_word(event_of(EVENT_ALARM_RESOUNDED, "play"), FIELD_REASON, "new-alarm");
    assert_int_equal(silences[PLAY].state, 0);
    assert_int_equal(silence(65 * S, PLAY, 60 * S), CORE_ANSWER_DONE);
    contact(66 * S, P_SMOKE3, 1); // a fire ends them all
    assert_output(O_SIREN, PATTERN_EVACUATE);
    assert_output(O_SIREN2, PATTERN_EVACUATE);
    assert_int_equal(event_of(EVENT_ALARM_RESOUNDED, "play")->class, CLASS_FIRE);
    assert_word(event_of(EVENT_ALARM_RESOUNDED, "sleep"), FIELD_REASON, "new-alarm");
    assert_int_equal(silence(67 * S, N_ROOMS, 60 * S), CORE_ANSWER_DONE);
    contact(68 * S, P_SMOKE, 1); // and so does a second one
    assert_output(O_SIREN2, PATTERN_EVACUATE);
    assert_int_equal(silence(69 * S, N_ROOMS, 60 * S), CORE_ANSWER_DONE);
    contact(70 * S, P_SMOKE, 0);
    assert_output(O_SIREN2, PATTERN_OFF);
    contact(71 * S, P_SMOKE, 1); // or the first one, once more
    assert_output(O_SIREN2, PATTERN_EVACUATE);
}

static void test_asked_again_it_counts_anew(void **unused)
{
    (void)unused;
    contact(1 * S, P_HELP, 1);
    assert_int_equal(silence(2 * S, PLAY, 60 * S), CORE_ANSWER_DONE);
    assert_int_equal(silence(50 * S, PLAY, 30 * S), CORE_ANSWER_DONE);
    assert_int_equal(actions.n_outputs, 0);
    due(80 * S);
    assert_output(O_SIREN, PATTERN_CRITICAL);
}

static void test_a_late_tick_does_not_prolong_it(void **unused)
{
    (void)unused;
    contact(1 * S, P_HELP, 1);
    assert_int_equal(silence(2 * S, PLAY, 60 * S), CORE_ANSWER_DONE);
    co2(70 * S, P_AIR, 600);
    tick(71 * S);
    assert_output(O_SIREN, PATTERN_CRITICAL);
    assert_word(event_of(EVENT_ALARM_RESOUNDED, "play"), FIELD_REASON, "expired");
}

static void test_silence_outlives_a_restart(void **unused)
{
    (void)unused;
    contact(100 * S, P_HELP, 1);
    assert_int_equal(silence(101 * S, PLAY, 600 * S), CORE_ANSWER_DONE);
    restart(201 * S, true);
    assert_output(O_SIREN, PATTERN_OFF);
    assert_output(O_LIGHT, PATTERN_CRITICAL);
    assert_int_equal(actions.n_events, 0);
    due(701 * S);
    assert_output(O_SIREN, PATTERN_CRITICAL);
    (void)event_of(EVENT_ALARM_RESOUNDED, "play");
}

static void test_silence_after_another_boot(void **unused)
{
    (void)unused;
    contact(100 * S, P_HELP, 1);
    assert_int_equal(silence(101 * S, PLAY, 600 * S), CORE_ANSWER_DONE);
    restart(301 * S, false); // the wall clock, which goes on in at(), says that 400 s remain
    assert_output(O_SIREN, PATTERN_OFF);
    due(701 * S);
    assert_output(O_SIREN, PATTERN_CRITICAL);

    assert_int_equal(silence(800 * S, PLAY, 600 * S), CORE_ANSWER_DONE);
    restart(10 * S, false); // a clock that went back: no longer than was asked for
    due(610 * S);
    assert_output(O_SIREN, PATTERN_CRITICAL);

    assert_int_equal(silence(620 * S, PLAY, 600 * S), CORE_ANSWER_DONE);
    clock_quality = CLOCK_UNSYNCHRONISED;
    restart(621 * S, false);
    assert_output(O_SIREN, PATTERN_CRITICAL);
    assert_word(event_of(EVENT_ALARM_RESOUNDED, "play"), FIELD_REASON, "expired");
    assert_int_equal(silences[PLAY].state, 0);
    restart(622 * S, false);
    assert_int_equal(actions.n_events, 0);

    assert_int_equal(silence(623 * S, PLAY, 600 * S), CORE_ANSWER_DONE); // without a clock there is no end
    clock_quality = CLOCK_SYNCHRONISED;
    restart(624 * S, false);
    assert_output(O_SIREN, PATTERN_CRITICAL);
}

// ---- Ventilation

static void test_the_fan_runs_for_its_least_time(void **unused)
{
    (void)unused;
    co2(1 * S, P_AIR, 1600);
    assert_output(O_FAN, PATTERN_ON);
    co2(60 * S, P_AIR, 1450); // hysteresis
    assert_output(O_FAN, PATTERN_ON);
    co2(61 * S, P_AIR, 1400);
    assert_output(O_FAN, PATTERN_ON);
    due(1 * S + 5 * M);
    assert_output(O_FAN, PATTERN_OFF);
    assert_int_equal(actions.n_outputs, 1);
    co2(400 * S, P_AIR, 1600);
    co2(800 * S, P_AIR, 1400);
    assert_output(O_FAN, PATTERN_OFF); // it had its time
}

static void test_fire_stops_the_fan_at_once(void **unused)
{
    (void)unused;
    co2(1 * S, P_AIR, 1600);
    co2(2 * S, P_AIR2, 1600);
    contact(3 * S, P_SMOKE3, 1);
    assert_output(O_FAN, PATTERN_OFF);
    assert_output(O_FAN2, PATTERN_OFF);
    contact(4 * S, P_SMOKE3, 0);
    answer_alarm(5 * S, CORE_INPUT_ACK, A_SMOKE3);
    answer_alarm(6 * S, CORE_INPUT_RESET, A_SMOKE3);
    assert_output(O_FAN, PATTERN_ON);
    co2(7 * S, P_AIR2, 1400);
    assert_output(O_FAN2, PATTERN_OFF); // no least time of its own
}

static void test_the_fan_follows_the_rule_and_not_the_alarm(void **unused)
{
    (void)unused;
    co2(1 * S, P_AIR2, 1600);
    assert_int_equal(silence(2 * S, SLEEP, 60 * S), CORE_ANSWER_DONE);
    answer_alarm(3 * S, CORE_INPUT_ACK, A_AIR2);
    assert_output(O_FAN2, PATTERN_ON);
    co2(4 * S, P_AIR2, 1400);
    assert_output(O_FAN2, PATTERN_OFF);
    step(4 * S, (struct core_input){ .kind = CORE_INPUT_SHELVE, .alarm = A_AIR2, .for_ns = 60 * S });
    assert_int_equal(actions.answer, CORE_ANSWER_DONE); // nobody is told, and the air is as bad as ever
    co2(5 * S, P_AIR2, 1700);
    assert_int_equal(actions.n_events, 0);
    assert_output(O_FAN2, PATTERN_ON);
    co2(6 * S, P_AIR2, 1450);
    assert_output(O_FAN2, PATTERN_ON);
    co2(7 * S, P_AIR2, 1400);
    assert_output(O_FAN2, PATTERN_OFF);
    core->alarms[A_MEAN].met = true;
    follow_note(core, PLAY);
    tick(8 * S);
    assert_output(O_FAN, PATTERN_ON);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_the_graver_pattern_wins),
        CASE(test_a_pre_alarm_is_no_evacuation),
        CASE(test_sleepers_get_light_for_a_minute),
        CASE(test_an_answer_in_time_keeps_it_quiet),
        CASE(test_a_pre_alarm_gets_half_of_it),
        CASE(test_coming_and_going_does_not_begin_anew),
        CASE(test_fire_wakes_sleepers_at_once),
        CASE(test_a_restart_is_no_second_minute),
        CASE(test_a_drill_is_heard_unless_it_is_real),
        CASE(test_silence_rests_the_sounder_alone),
        CASE(test_what_silence_is_refused),
        CASE(test_a_pre_alarm_is_not_silenced_from_afar),
        CASE(test_silence_from_afar_where_there_is_no_fire),
        CASE(test_a_fire_is_silenced_room_by_room),
        CASE(test_every_room_at_once),
        CASE(test_something_new_sounds_over_it),
        CASE(test_asked_again_it_counts_anew),
        CASE(test_a_late_tick_does_not_prolong_it),
        CASE(test_silence_outlives_a_restart),
        CASE(test_silence_after_another_boot),
        CASE(test_the_fan_runs_for_its_least_time),
        CASE(test_fire_stops_the_fan_at_once),
        CASE(test_the_fan_follows_the_rule_and_not_the_alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
