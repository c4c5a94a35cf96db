// Plays tests/rules/*.txt: what must come of what, written for people who know rooms rather than C.
//
// '#' begins a comment. A case is a line "case TITLE", the parts of the building, one a line, and then what
// happens:
//
//     room ladybird                    the parts that follow are in this room (at first: "room")
//     sensor air stale 15              a polled sensor whose value is good for 15 s
//     contact smoke-1 smoke fire latches
//                                      a contact: role, severity, and how its alarm ends (clears, answer,
//                                      latches)
//     contact front-door door          a contact without an alarm
//     contact back-door door for 30 off 5 warning clears
//                                      a door that must not be open for 30 s
//     reader entry                     a card reader
//     gateway journal                  a point of the gateway itself
//     output siren sounder             sounder, beacon, ventilation, door-release
//
//     rule co2-high air co2 above 1500 deadband 100 for 60 off 300 warning clears
//     mean stuffy air co2 above 1000 deadband 50 over 60 advisory clears
//     rise heating air temperature above 5 deadband 1 over 10 warning clears
//     stuck air-stuck air co2 over 1440 trouble clears
//     apart co2-apart air other co2 above 300 deadband 50 trouble clears
//     combine airless 2 of stuffy pane warning clears
//     confirm fire 2 of smoke-1 smoke-2 prealarm 60 fire latches
//                                      over: minutes; for and off: seconds; members: rules and contacts
//
//     0    air co2 1650 ->             seconds from the start, what comes in, "->", all that must come of it
//     60   tick -> siren warning, co2-high raised #1
//
// What comes in: SENSOR QUANTITY VALUE; CONTACT active|inactive; POINT trouble REASON; POINT works; READER
// card BITS; ack ALARM [#N] [remote]; reset ALARM [#N] [remote]; tick (nothing but time); restart (power
// fails and comes back). What comes of it, outputs before events, in the order of the file: OUTPUT PATTERN;
// ALARM raised #N; ALARM escalated; ALARM cleared|acknowledged|reset STATE; POINT trouble REASON; POINT
// restored; POINT chattering; POINT settled CHANGES; POINT opened|closed; POINT card BITS; ALARM refused
// REASON. The list must be complete, and nothing may happen at a time that the file does not name.
#include <glob.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/core.h"
#include "tests/unit/look_past_rolls.h"

#define PARTS      32
#define WORDS      16
#define TEXT_BYTES 1024

// ---- One case

static const char *file_name;
static unsigned line_number, n_cases;

static struct core_point points[PARTS];
static struct core_alarm alarms[PARTS];
static struct core_output outputs[PARTS];
static struct core_member members[PARTS];
static char texts[PARTS * 4][ID_SIZE + 8];
static struct state_record records[PARTS], saved[PARTS]; // of alarms; of delays
static struct core_plan plan;
static const char gateway_room[] = "gateway";
static const char *rooms[PARTS], *room;
static size_t n_rooms, n_texts;
static bool in_case;

static _Alignas(16) unsigned char memory[1 << 17];
static struct core *core; // NULL until the first line of what happens
static uint64_t now_ns;
static char happened[TEXT_BYTES];

__attribute__((noreturn, format(printf, 1, 2))) static void wrong(const char *format, ...)
{
    char text[2 * TEXT_BYTES + 64];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fail_msg("%s:%u: %s", file_name, line_number, text);
    abort(); // fail_msg() does not return, but does not say so
}

static const char *keep(const char *prefix, const char *suffix)
{
    if (n_texts == PARTS * 4) {
        wrong("too many names in one case");
    }
    (void)snprintf(texts[n_texts], sizeof texts[0], "%.32s%.8s", prefix, suffix);
    return texts[n_texts++];
}

static size_t word_in(const char *word, const char *const *table, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(word, table[i]) == 0) {
            return i;
        }
    }
    wrong("%s is no %s", word, what);
}

static uint64_t seconds(const char *word)
{
    char *rest;
    uint64_t whole = strtoull(word, &rest, 10), part = 0;
    if (rest != word && *rest == '.') {
        uint64_t unit = NS_PER_S;
        for (rest++; *rest >= '0' && *rest <= '9' && unit > 1; rest++) {
            unit /= 10;
            part += (uint64_t)(*rest - '0') * unit;
        }
    }
    if (rest == word || *rest) {
        wrong("%s is no time in seconds", word);
    }
    return whole * NS_PER_S + part;
}

static size_t find_point(const char *id)
{
    for (size_t p = 0; p < plan.n_points; p++) {
        if (strcmp(points[p].id, id) == 0) {
            return p;
        }
    }
    wrong("there is no point %s", id);
}

static size_t find_alarm(const char *id)
{
    for (size_t a = 0; a < plan.n_alarms; a++) {
        if (strcmp(alarms[a].id, id) == 0) {
            return a;
        }
    }
    wrong("there is no alarm %s", id);
}

// ---- The building

static struct core_alarm *add_alarm(const char *id, enum core_alarm_kind kind, size_t point)
{
    if (plan.n_alarms == PARTS) {
        wrong("too many alarms in one case");
    }
    alarms[plan.n_alarms] =
        (struct core_alarm){ .room = points[point].room, .id = id, .kind = kind, .point = point };
    return &alarms[plan.n_alarms++];
}

static void set_manner(struct core_alarm *alarm, const char *severity, const char *ending)
{
    static const char *const endings[ALARM_ENDING_COUNT] = { "clears", "answer", "latches" };
    alarm->severity = (enum severity)word_in(severity, severity_names, SEVERITY_COUNT, "severity");
    alarm->ending = (enum alarm_ending)word_in(ending, endings, ALARM_ENDING_COUNT, "ending");
    alarm->class = alarm->severity == SEVERITY_FIRE      ? CLASS_FIRE
                   : alarm->severity == SEVERITY_TROUBLE ? CLASS_FAULT
                                                         : CLASS_SAFETY;
}

static size_t add_point(const char *id, bool contact)
{
    if (plan.n_points == PARTS) {
        wrong("too many points in one case");
    }
    size_t p = plan.n_points++;
    points[p] = (struct core_point){
        .room = room, .id = keep(id, ""), .trouble_id = keep(id, ".trouble"), .contact = contact
    };
    set_manner(add_alarm(points[p].trouble_id, CORE_ALARM_TROUBLE, p), "trouble", "clears");
    return p;
}

static void want_words(unsigned n, unsigned wanted, const char *form)
{
    if (n != wanted) {
        wrong("this line is written: %s", form);
    }
}

static void add_sensor(unsigned n, char **words)
{
    want_words(n, 4, "sensor ID stale SECONDS");
    points[add_point(words[1], false)].stale_ns = seconds(words[3]);
}

static int32_t value_of(enum quantity quantity, const char *word)
{
    int32_t value;
    if (quantity_parse(quantity, word, &value) != 0) {
        wrong("%s is no value of %s", word, quantities[quantity].name);
    }
    return value;
}

static enum quantity quantity_of(const char *word)
{
    enum quantity quantity;
    if (quantity_find(word, &quantity) != 0) {
        wrong("%s is no quantity", word);
    }
    return quantity;
}

// What stands after an alarm's name and what it looks at, in any order, and its manner at the end.
static void set_rule(struct core_alarm *alarm, unsigned n, char **words)
{
    if (n < 2 || n % 2) {
        wrong("a rule ends with pairs of words, and the last are SEVERITY ENDING");
    }
    for (unsigned i = 0; i < n - 2; i += 2) {
        const char *key = words[i], *value = words[i + 1];
        if (strcmp(key, "above") == 0 || strcmp(key, "below") == 0) {
            alarm->above = strcmp(key, "above") == 0;
            alarm->threshold = value_of(alarm->quantity, value);
        } else if (strcmp(key, "deadband") == 0) {
            alarm->deadband = value_of(alarm->quantity, value);
        } else if (strcmp(key, "over") == 0) {
            alarm->window_ns = 60 * seconds(value);
        } else if (strcmp(key, "for") == 0) {
            alarm->on_delay_ns = seconds(value);
        } else if (strcmp(key, "off") == 0) {
            alarm->off_delay_ns = seconds(value);
        } else if (strcmp(key, "prealarm") == 0) {
            alarm->prealarm_ns = seconds(value);
        } else {
            wrong("%s is no part of a rule", key);
        }
    }
    set_manner(alarm, words[n - 2], words[n - 1]);
}

static void add_contact(unsigned n, char **words)
{
    if (n < 3) {
        wrong("this line is written: contact ID ROLE [[for SECONDS] [off SECONDS] SEVERITY ENDING]");
    }
    size_t p = add_point(words[1], true);
    points[p].role = (enum contact_role)word_in(words[2], contact_role_names, ROLE_COUNT, "role");
    if (n > 3) {
        set_rule(add_alarm(points[p].id, CORE_ALARM_CONTACT, p), n - 3, words + 3);
    }
}

static void add_rule(enum core_alarm_kind kind, unsigned n, char **words)
{
    unsigned first = kind == CORE_ALARM_APART ? 5 : 4;
    if (n < first) {
        wrong("this line is written: %s ID SENSOR QUANTITY …", words[0]);
    }
    struct core_alarm *alarm = add_alarm(keep(words[1], ""), kind, find_point(words[2]));
    if (kind == CORE_ALARM_APART) {
        alarm->other_point = find_point(words[3]);
    }
    alarm->quantity = quantity_of(words[first - 1]);
    set_rule(alarm, n - first, words + first);
}

// An alarm where there is one, else a contact.
static struct core_member find_member(const char *id)
{
    for (size_t a = 0; a < plan.n_alarms; a++) {
        if (strcmp(alarms[a].id, id) == 0) {
            return (struct core_member){ .index = a };
        }
    }
    return (struct core_member){ .contact = true, .index = find_point(id) };
}

static void add_members(enum core_alarm_kind kind, unsigned n, char **words)
{
    static const char *const keys[] = { "for", "off", "prealarm" };
    unsigned i = 4;
    if (n < 7 || strcmp(words[3], "of") != 0) {
        wrong("this line is written: %s ID N of MEMBER … SEVERITY ENDING", words[0]);
    }
    struct core_alarm *alarm = add_alarm(keep(words[1], ""), kind, 0);
    alarm->room = room;
    alarm->at_least = strtoull(words[2], NULL, 10);
    alarm->first_member = plan.n_members;
    for (; i < n - 2; i++) {
        bool key = false;
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            key |= strcmp(words[i], keys[k]) == 0;
        }
        if (key) {
            break;
        }
        if (plan.n_members == PARTS) {
            wrong("too many members in one case");
        }
        members[plan.n_members++] = find_member(words[i]);
        alarm->n_members++;
    }
    set_rule(alarm, n - i, words + i);
}

static bool add_any_rule(unsigned n, char **words)
{
    static const char *const names[] = { "rule", "mean", "rise", "stuck", "apart", "combine", "confirm" };
    static const enum core_alarm_kind kinds[] = { CORE_ALARM_THRESHOLD, CORE_ALARM_MEAN,
                                                  CORE_ALARM_RISE,      CORE_ALARM_UNCHANGED,
                                                  CORE_ALARM_APART,     CORE_ALARM_COMBINATION,
                                                  CORE_ALARM_CONFIRM };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(words[0], names[i]) == 0) {
            if (kinds[i] == CORE_ALARM_COMBINATION || kinds[i] == CORE_ALARM_CONFIRM) {
                add_members(kinds[i], n, words);
            } else {
                add_rule(kinds[i], n, words);
            }
            return true;
        }
    }
    return false;
}

static void add_output(unsigned n, char **words)
{
    want_words(n, 3, "output ID ROLE");
    if (plan.n_outputs == PARTS) {
        wrong("too many outputs in one case");
    }
    outputs[plan.n_outputs++] =
        (struct core_output){ .room = room,
                              .id = keep(words[1], ""),
                              .role = (enum output_role)word_in(words[2], output_role_names,
                                                                OUTPUT_ROLE_COUNT, "output role") };
}

static void add_room(const char *id)
{
    if (n_rooms == PARTS) {
        wrong("too many rooms in one case");
    }
    room = rooms[n_rooms++] = keep(id, "");
}

// True where the line was a part of the building.
static bool add_part(unsigned n, char **words)
{
    if (strcmp(words[0], "room") == 0) {
        want_words(n, 2, "room ID");
        add_room(words[1]);
    } else if (strcmp(words[0], "sensor") == 0) {
        add_sensor(n, words);
    } else if (strcmp(words[0], "contact") == 0) {
        add_contact(n, words);
    } else if (strcmp(words[0], "reader") == 0) {
        want_words(n, 2, "reader ID");
        (void)add_point(words[1], true);
    } else if (strcmp(words[0], "gateway") == 0) {
        want_words(n, 2, "gateway ID");
        const char *here = room;
        room = gateway_room;
        (void)add_point(words[1], true);
        room = here;
    } else if (strcmp(words[0], "output") == 0) {
        add_output(n, words);
    } else {
        return add_any_rule(n, words);
    }
    return true;
}

static size_t room_index(const char *id)
{
    size_t r = 0;
    while (r < n_rooms && rooms[r] != id) {
        r++;
    }
    return r; // the gateway comes after the last room
}

// ---- What happens

static struct core_actions actions;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    size_t length = strlen(happened);
    if (length) {
        length += (size_t)snprintf(happened + length, sizeof happened - length, ", ");
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(happened + length, sizeof happened - length, format, args);
    va_end(args);
}

static const char *word_of(const struct event *event, enum event_field field)
{
    for (unsigned i = 0; i < event->n_values; i++) {
        if (event->values[i].field == field) {
            return event->values[i].word;
        }
    }
    wrong("the event of %s has no %s", event->item, event_field_names[field]);
}

static int64_t number_of(const struct event *event, enum event_field field)
{
    for (unsigned i = 0; i < event->n_values; i++) {
        if (event->values[i].field == field) {
            return event->values[i].number;
        }
    }
    wrong("the event of %s has no %s", event->item, event_field_names[field]);
}

static void note_event(const struct event *event)
{
    if (event->record.room) {
        records[find_alarm(event->record.item)] = event->record;
    }
    switch (event->type) {
    case EVENT_ALARM_RAISED:
        note("%s raised #%" PRId64, event->item, number_of(event, FIELD_OCCURRENCE));
        return;
    case EVENT_ALARM_ACKNOWLEDGED:
        note("%s acknowledged %s", event->item, word_of(event, FIELD_STATE));
        return;
    case EVENT_ALARM_CLEARED:
        note("%s cleared %s", event->item, word_of(event, FIELD_STATE));
        return;
    case EVENT_ALARM_RESET:
        note("%s reset %s", event->item, word_of(event, FIELD_STATE));
        return;
    case EVENT_ALARM_ESCALATED:
        note("%s escalated", event->item);
        return;
    case EVENT_POINT_TROUBLE:
        note("%s trouble %s", event->item, word_of(event, FIELD_REASON));
        return;
    case EVENT_POINT_RESTORED:
        note("%s restored", event->item);
        return;
    case EVENT_POINT_CHATTERING:
        note("%s chattering", event->item);
        return;
    case EVENT_POINT_SETTLED:
        note("%s settled %" PRId64, event->item, number_of(event, FIELD_CHANGES));
        return;
    case EVENT_DOOR_OPENED:
        note("%s opened", event->item);
        return;
    case EVENT_DOOR_CLOSED:
        note("%s closed", event->item);
        return;
    case EVENT_ACCESS_PRESENTED:
        note("%s card %" PRId64, event->item, number_of(event, FIELD_BITS));
        return;
    case EVENT_COMMAND_REFUSED:
        note("%s refused %s", event->item, word_of(event, FIELD_REASON));
        return;
    case EVENT_ALARM_SILENCED:
    case EVENT_ALARM_RESOUNDED:
    case EVENT_ALARM_SHELVED:
    case EVENT_ALARM_UNSHELVED:
    case EVENT_ALARM_SUPPRESSED:
    case EVENT_ALARM_RELEASED:
    case EVENT_POINT_ISOLATED:
    case EVENT_POINT_REINSTATED:
    case EVENT_ATTENDANCE_ARRIVED:
    case EVENT_ATTENDANCE_LEFT:
    case EVENT_ATTENDANCE_CORRECTED:
    case EVENT_EVACUATION_STARTED:
    case EVENT_EVACUATION_MARKED:
    case EVENT_EVACUATION_ENDED:
    case EVENT_DRILL_STARTED:
    case EVENT_DRILL_ENDED:
    case EVENT_COMMAND_ACCEPTED:
    case EVENT_GATEWAY_STARTED:
    case EVENT_GATEWAY_STOPPED:
    case EVENT_GATEWAY_CLOCK:
    case EVENT_GATEWAY_STORAGE:
    case EVENT_TYPE_COUNT:
        break;
    }
    wrong("%s is not the core's to tell", event_type_names[event->type]);
}

static void play(const struct core_input *input)
{
    struct core_now now = { .boottime_ns = now_ns, .clock = CLOCK_SYNCHRONISED };
    const struct core_input tick = { .kind = CORE_INPUT_TICK };
    happened[0] = '\0';
    do {
        core_step(core, input, &now, &actions);
        for (size_t i = 0; i < actions.n_outputs; i++) {
            note("%s %s", outputs[actions.outputs[i].output].id,
                 core_pattern_names[actions.outputs[i].pattern]);
        }
        look_past_rolls(&actions);
        for (size_t i = 0; i < actions.n_events; i++) {
            note_event(&actions.events[i]);
        }
        input = &tick;
    } while (actions.more);
}

static void play_tick(void)
{
    play(&(struct core_input){ .kind = CORE_INPUT_TICK });
}

static void keep_saved(const struct state_record *record, void *user)
{
    (void)user;
    if (record->kind == RECORD_DELAY) {
        saved[find_alarm(record->item)] = *record;
    }
}

static void start(void)
{
    for (size_t p = 0; p < plan.n_points; p++) {
        points[p].room_index = room_index(points[p].room);
    }
    for (size_t a = 0; a < plan.n_alarms; a++) {
        alarms[a].room_index = room_index(alarms[a].room);
    }
    for (size_t o = 0; o < plan.n_outputs; o++) {
        outputs[o].room_index = room_index(outputs[o].room);
    }
    plan.n_rooms = n_rooms;
    if (core_size(&plan) > sizeof memory) {
        wrong("the building is too large");
    }
    struct core_now now = { .boottime_ns = now_ns };
    core = core_init(memory, &plan, &now);
    for (size_t a = 0; a < plan.n_alarms; a++) {
        if (records[a].room && !core_restore(core, &records[a], &now)) {
            wrong("%s does not come back", alarms[a].id);
        }
        if (saved[a].room && !core_restore(core, &saved[a], &now)) {
            wrong("the delay of %s does not come back", alarms[a].id);
        }
    }
    play_tick();
}

// Time passes as a caller lets it: with a tick whenever the core has asked for one. What happens then must
// have a line.
static void pass_time(uint64_t until_ns)
{
    if (until_ns < now_ns) {
        wrong("time goes back");
    }
    while (core_deadline_ns(core) < until_ns) {
        if (core_deadline_ns(core) < now_ns) {
            wrong("the core asks for a time that has passed");
        }
        now_ns = core_deadline_ns(core);
        play_tick();
        if (core_deadline_ns(core) <= now_ns) {
            wrong("the core asks for the same time again");
        }
        if (happened[0]) {
            wrong("before this, at %llu.%03llu s: %s", now_ns / NS_PER_S, now_ns % NS_PER_S / NS_PER_MS,
                  happened);
        }
    }
    now_ns = until_ns;
}

static struct core_input answer_of(unsigned n, char **words)
{
    struct core_input input = { .kind = strcmp(words[0], "ack") == 0 ? CORE_INPUT_ACK : CORE_INPUT_RESET,
                                .actor = "mei" };
    if (n < 2) {
        wrong("which alarm?");
    }
    input.alarm = find_alarm(words[1]);
    for (unsigned i = 2; i < n; i++) {
        if (strcmp(words[i], "remote") == 0) {
            input.remote = true;
        } else if (words[i][0] == '#') {
            input.occurrence = strtoull(words[i] + 1, NULL, 10);
        } else {
            wrong("%s is not understood here", words[i]);
        }
    }
    return input;
}

static struct core_input point_input(unsigned n, char **words)
{
    struct core_input input = { .kind = CORE_INPUT_READING,
                                .point = find_point(words[0]),
                                .quantity = QUANTITY_CONTACT };
    const char *what = n > 1 ? words[1] : "";
    if (n == 2 && (strcmp(what, "active") == 0 || strcmp(what, "inactive") == 0)) {
        input.value = strcmp(what, "active") == 0;
    } else if (n == 2 && strcmp(what, "works") == 0) {
        input.kind = CORE_INPUT_TROUBLE;
    } else if (n == 3 && strcmp(what, "trouble") == 0) {
        input.kind = CORE_INPUT_TROUBLE;
        input.trouble = (enum trouble)word_in(words[2], trouble_names, TROUBLE_COUNT, "trouble");
    } else if (n == 3 && strcmp(what, "card") == 0) {
        input.kind = CORE_INPUT_CARD;
        input.value = (int32_t)strtol(words[2], NULL, 10);
    } else if (n == 3) {
        input.quantity = quantity_of(what);
        input.value = value_of(input.quantity, words[2]);
    } else {
        wrong("what of %s?", words[0]);
    }
    return input;
}

static void happen(unsigned n, char **words, const char *expected)
{
    if (!core) {
        start();
        if (happened[0]) {
            wrong("at the start: %s", happened);
        }
    }
    pass_time(seconds(words[0]));
    if (n < 2) {
        wrong("nothing comes in");
    }
    if (strcmp(words[1], "restart") == 0) {
        struct core_now now = { .boottime_ns = now_ns };
        core_save(core, &now, keep_saved, NULL);
        start();
    } else if (strcmp(words[1], "tick") == 0) {
        play_tick();
    } else {
        struct core_input input = strcmp(words[1], "ack") == 0 || strcmp(words[1], "reset") == 0
                                      ? answer_of(n - 1, words + 1)
                                      : point_input(n - 1, words + 1);
        play(&input);
    }
    if (strcmp(happened, expected) != 0) {
        wrong("expected: %s\n       came of it: %s", expected, happened);
    }
}

// ---- The files

static void begin_case(void)
{
    plan = (struct core_plan){ .points = points, .alarms = alarms, .outputs = outputs, .members = members };
    memset(records, 0, sizeof records);
    memset(saved, 0, sizeof saved);
    n_texts = n_rooms = 0;
    core = NULL;
    now_ns = 0;
    add_room("room");
    n_cases++;
    in_case = true;
}

static unsigned split(char *text, char **words)
{
    unsigned n = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
        if (n == WORDS) {
            wrong("too many words");
        }
        words[n++] = word;
    }
    return n;
}

// Single spaces, none at the ends.
static void squeeze(char *text)
{
    char *words[TEXT_BYTES / 2], copy[TEXT_BYTES], *rest = NULL;
    size_t n = 0;
    (void)snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
        words[n++] = word;
    }
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        (void)strcat(strcat(text, i ? " " : ""), words[i]);
    }
}

static void take_line(char *line)
{
    char *comment = strstr(line, "# "), *arrow = strstr(line, "->"), *words[WORDS];
    if (comment) {
        *comment = '\0';
    }
    char none[] = "";
    char *expected = none;
    if (arrow && (!comment || arrow < comment)) {
        *arrow = '\0';
        expected = arrow + 2;
        squeeze(expected);
    }
    unsigned n = split(line, words);
    if (n == 0 && expected == none) {
        return;
    }
    if (n > 1 && strcmp(words[0], "case") == 0) {
        begin_case();
    } else if (!in_case) {
        wrong("a file begins with a case");
    } else if (n > 0 && expected != none) {
        happen(n, words, expected);
    } else if (n == 0 || core || !add_part(n, words)) {
        wrong("this line is not understood%s",
              core ? " (parts come before what happens; \"->\" ends what comes in)" : "");
    }
}

static void test_every_rule_file(void **unused)
{
    (void)unused;
    glob_t files;
    assert_int_equal(glob("tests/rules/*.txt", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char line[TEXT_BYTES];
        unsigned before = n_cases;
        file_name = files.gl_pathv[i];
        line_number = 0;
        in_case = false;
        FILE *file = fopen(file_name, "re");
        assert_non_null(file);
        while (fgets(line, sizeof line, file)) {
            line_number++;
            take_line(line);
        }
        (void)fclose(file);
        if (n_cases == before) {
            wrong("no case in this file");
        }
    }
    print_message("%u cases in %zu files\n", n_cases, files.gl_pathc);
    globfree(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
