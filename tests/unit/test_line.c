// The event line: its bytes are a promise to everybody who reads, stores or checks them.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "gateway/journal/line.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES  "1111111111111111111111111111111111111111111111111111111111111111"
#define BOOT  "8d2b1f3a-0c1e-4c5d-9a7b-6e5f4d3c2b1a"

static const struct line_identity identity = { .gateway = "kunming-001",
                                               .site = "sunshine",
                                               .boot_id = BOOT };

static void expect_line(const struct event *event, const struct line_numbers *numbers, const char *expected)
{
    char line[LINE_MAX_BYTES];
    int n = line_encode(event, &identity, numbers, line, sizeof line);
    assert_string_equal(line, expected);
    assert_int_equal(n, strlen(expected));
}

static struct event smoke_event(void)
{
    struct event event = {
        .type = EVENT_ALARM_RAISED,
        .class = CLASS_FIRE,
        .clock = CLOCK_SYNCHRONISED,
        .boottime_ns = 61000000001,
        .wall_ms = 1795486267123, // 2026-11-24T02:11:07.123Z
        .room = "butterfly",
        .item = "smoke-1",
    };
    event_add_word(&event, FIELD_STATE, "unacknowledged");
    event_add_word(&event, FIELD_SEVERITY, "fire");
    event_add_number(&event, FIELD_OCCURRENCE, 3);
    event_add_number(&event, FIELD_ACTIVE, 1);
    event_add_word(&event, FIELD_ALARM, "smoke-1");
    return event;
}

static const struct line_numbers smoke_numbers = {
    .sequence = 18231, .classseq = 17, .prev = ONES, .feed = 40, .feedprev = ZEROS
};

static void a_fire_alarm_of_the_feed(void **state)
{
    (void)state;
    struct event event = smoke_event();
    expect_line(
        &event, &smoke_numbers,
        "{\"bootid\":\"" BOOT "\",\"boottimens\":\"61000000001\",\"class\":\"fire\",\"classseq\":\"17\","
        "\"clock\":\"synchronised\",\"data\":{\"active\":1,\"alarm\":\"smoke-1\",\"occurrence\":3,"
        "\"severity\":\"fire\",\"state\":\"unacknowledged\"},\"feed\":\"40\",\"feedprev\":\"" ZEROS "\","
        "\"id\":\"kunming-001/18231\",\"prev\":\"" ONES "\",\"sequence\":\"18231\","
        "\"source\":\"/sunshine/kunming-001\",\"specversion\":\"1.0\",\"subject\":\"butterfly/smoke-1\","
        "\"time\":\"2026-11-24T02:11:07.123Z\",\"type\":\"careroom.alarm.raised\"}");
}

static void an_event_of_the_gateway_without_data_or_feed(void **state)
{
    (void)state;
    struct event event = { .type = EVENT_COMMAND_ACCEPTED,
                           .class = CLASS_SYSTEM,
                           .clock = CLOCK_UNSYNCHRONISED };
    struct line_numbers numbers = { .sequence = 1, .classseq = 1, .prev = ZEROS };
    expect_line(&event, &numbers,
                "{\"bootid\":\"" BOOT "\",\"boottimens\":\"0\",\"class\":\"system\",\"classseq\":\"1\","
                "\"clock\":\"unsynchronised\",\"data\":{},\"id\":\"kunming-001/1\",\"prev\":\"" ZEROS "\","
                "\"sequence\":\"1\",\"source\":\"/sunshine/kunming-001\",\"specversion\":\"1.0\","
                "\"subject\":\"gateway\",\"time\":\"1970-01-01T00:00:00.000Z\",\"type\":\"careroom.command."
                "accepted\"}");
}

static void the_largest_numbers_an_actor_and_a_room_alone(void **state)
{
    (void)state;
    struct event event = {
        .type = EVENT_ALARM_ACKNOWLEDGED,
        .class = CLASS_SAFETY,
        .clock = CLOCK_MANUAL,
        .boottime_ns = UINT64_MAX,
        .wall_ms = 999,
        .room = "butterfly",
        .actor = "uid 1000 (\"mei\\\n)",
    };
    event_add_word(&event, FIELD_VIA, "local");
    event_add_number(&event, FIELD_TEMP_MC, INT64_MIN);
    event_add_number(&event, FIELD_ACTIVE, INT64_MAX);
    struct line_numbers numbers = { .sequence = UINT64_MAX, .classseq = UINT64_MAX, .prev = ONES };
    expect_line(
        &event, &numbers,
        "{\"bootid\":\"" BOOT "\",\"boottimens\":\"18446744073709551615\",\"class\":\"safety\","
        "\"classseq\":\"18446744073709551615\",\"clock\":\"manual\",\"data\":{"
        "\"active\":9223372036854775807,\"actor\":\"uid 1000 (\\\"mei\\\\\\n)\","
        "\"temp_mc\":-9223372036854775808,\"via\":\"local\"},"
        "\"id\":\"kunming-001/18446744073709551615\",\"prev\":\"" ONES "\","
        "\"sequence\":\"18446744073709551615\",\"source\":\"/sunshine/kunming-001\",\"specversion\":\"1.0\","
        "\"subject\":\"butterfly\",\"time\":\"1970-01-01T00:00:00.999Z\","
        "\"type\":\"careroom.alarm.acknowledged\"}");
}

// The text of data.reason in the line of an event with this word, quotes included.
static void expect_word(const char *word, const char *expected)
{
    struct event event = { .type = EVENT_COMMAND_REFUSED, .class = CLASS_SYSTEM };
    event_add_word(&event, FIELD_REASON, word);
    struct line_numbers numbers = { .sequence = 1, .classseq = 1, .prev = ZEROS };
    char line[LINE_MAX_BYTES];
    int n = line_encode(&event, &identity, &numbers, line, sizeof line);
    assert_true(n > 0);
    char *value = strstr(line, "\"reason\":");
    assert_non_null(value);
    value += strlen("\"reason\":");
    *strstr(value, "},\"id\"") = '\0';
    assert_string_equal(value, expected);
}

static void text_is_escaped_as_rfc_8259_asks(void **state)
{
    (void)state;
    expect_word("", "\"\"");
    expect_word("/<>&'", "\"/<>&'\"");
    expect_word("\"\\", "\"\\\"\\\\\"");
    expect_word("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
    expect_word("\x01\x0B\x1F\x7F", "\"\\u0001\\u000b\\u001f\x7F\"");
    expect_word("蝴蝶班", "\"蝴蝶班\"");
    expect_word("\xF0\x9F\xA6\x8B", "\"\xF0\x9F\xA6\x8B\""); // U+1F98B
}

#define R "\xEF\xBF\xBD"

static void damaged_utf8_becomes_replacement_characters(void **state)
{
    (void)state;
    expect_word("\xFF", "\"" R "\"");
    expect_word("a\x80z", "\"a" R "z\"");
    expect_word("\xC0\xAF", "\"" R R "\"");                  // overlong '/'
    expect_word("\xE0\x9F\xBF", "\"" R R R "\"");            // overlong
    expect_word("\xED\xA0\x80", "\"" R R R "\"");            // surrogate
    expect_word("\xED\x9F\xBF", "\"\xED\x9F\xBF\"");         // the last before them
    expect_word("\xF0\x8F\xBF\xBF", "\"" R R R R "\"");      // overlong
    expect_word("\xF4\x8F\xBF\xBF", "\"\xF4\x8F\xBF\xBF\""); // U+10FFFF
    expect_word("\xF4\x90\x80\x80", "\"" R R R R "\"");      // above it
    expect_word("\xF5\x80", "\"" R R "\"");
    expect_word("\xE8\x9D", "\"" R "\"");       // cut at the end
    expect_word("\xE8\x9D\"", "\"" R "\\\"\""); // cut by a quote, which must not be swallowed
    expect_word("\xF0\x9F\xA6x", "\"" R "x\"");
    expect_word("\xC3\n", "\"" R "\\n\"");
}

static void an_actor_that_fills_its_space_ends_there(void **state)
{
    (void)state;
    struct event event = { .type = EVENT_ALARM_ACKNOWLEDGED, .class = CLASS_SAFETY };
    memset(event.actor, 'm', sizeof event.actor);
    struct line_numbers numbers = { .sequence = 1, .classseq = 1, .prev = ZEROS };
    char line[LINE_MAX_BYTES];
    assert_true(line_encode(&event, &identity, &numbers, line, sizeof line) > 0);
    assert_non_null(
        strstr(line, "\"data\":{\"actor\":\"mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm\"},"));
}

static void a_buffer_too_small_by_one_byte_is_refused_and_not_overrun(void **state)
{
    (void)state;
    struct event event = smoke_event();
    char line[LINE_MAX_BYTES];
    int n = line_encode(&event, &identity, &smoke_numbers, line, sizeof line);
    for (size_t size = 0; size <= (size_t)n; size++) {
        char *small = malloc(size + 1); // exact, so that a sanitizer sees the first byte beyond
        assert_non_null(small);
        small[size] = 0x5A;
        assert_int_equal(line_encode(&event, &identity, &smoke_numbers, small, size), -EMSGSIZE);
        assert_int_equal(small[size], 0x5A);
        free(small);
    }
    char fits[LINE_MAX_BYTES];
    assert_int_equal(line_encode(&event, &identity, &smoke_numbers, fits, (size_t)n + 1), n);
    assert_string_equal(fits, line);
}

static void the_hash_is_what_sha256sum_says(void **state)
{
    (void)state;
    char name[] = "/tmp/careroom-line-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    char command[64];
    snprintf(command, sizeof command, "sha256sum %s", name);
    struct event event = smoke_event();
    for (uint64_t i = 1; i <= 5; i++) {
        struct line_numbers numbers = smoke_numbers;
        numbers.sequence = i * 1000;
        char line[LINE_MAX_BYTES], hash[HASH_HEX_SIZE], said[HASH_HEX_SIZE];
        int n = line_encode(&event, &identity, &numbers, line, sizeof line);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, line, (size_t)n, 0), n);
        FILE *sum = popen(command, "r");
        assert_non_null(sum);
        assert_non_null(fgets(said, sizeof said, sum));
        pclose(sum);
        assert_int_equal(line_hash(line, (size_t)n, hash), 0);
        assert_string_equal(hash, said);
    }
    close(fd);
    unlink(name);
    char empty[HASH_HEX_SIZE];
    assert_int_equal(line_hash("", 0, empty), 0);
    assert_string_equal(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// ---- Random events

static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % n;
}

static void random_text(char *buf, size_t size, bool damaged)
{
    static const char *const pieces[] = { "a",
                                          "Z",
                                          "0",
                                          " ",
                                          "\"",
                                          "\\",
                                          "\n",
                                          "\x01",
                                          "\x1f",
                                          "\x7f",
                                          "/",
                                          "é",
                                          "班",
                                          "\xF0\x9F\xA6\x8B",
                                          "\xEF\xBF\xBF",
                                          "\xED\x9F\xBF" };
    size_t length = 0;
    buf[0] = '\0';
    while (random_below(8) != 0) {
        char byte[2] = { (char)(0x80 + random_below(0x80)), '\0' };
        const char *piece = damaged ? byte : pieces[random_below(sizeof pieces / sizeof *pieces)];
        if (length + strlen(piece) >= size) {
            return;
        }
        strcpy(buf + length, piece);
        length += strlen(piece);
    }
}

static void no_space_stands_outside_of_strings(const char *line)
{
    bool inside = false;
    for (const char *p = line; *p; p++) {
        if (inside && *p == '\\') {
            p++;
        } else if (*p == '"') {
            inside = !inside;
        } else if (!inside) {
            assert_null(strchr(" \t\r\n", *p));
        }
    }
    assert_false(inside);
}

static void keys_are_ascii_and_sorted(json_t *object)
{
    const char *key, *before = "";
    json_t *value;
    json_object_foreach(object, key, value) // in the order of the text
    {
        assert_true(strcmp(before, key) < 0);
        for (const char *p = key; *p; p++) {
            assert_true(*p > ' ' && *p < 0x7F);
        }
        assert_true(json_is_string(value) || json_is_integer(value) || strcmp(key, "data") == 0);
        if (json_is_object(value)) {
            keys_are_ascii_and_sorted(value);
        }
        before = key;
    }
}

static void data_holds_what_was_added(const struct event *event, json_t *data, bool damaged)
{
    size_t actor = event->actor[0] != '\0';
    assert_int_equal(json_object_size(data), event->n_values + actor);
    for (unsigned i = 0; i < event->n_values; i++) {
        json_t *there = json_object_get(data, event_field_names[event->values[i].field]);
        if (!event->values[i].word) {
            assert_true(json_integer_value(there) == event->values[i].number);
        } else if (!damaged) {
            assert_string_equal(json_string_value(there), event->values[i].word);
        }
    }
    if (actor && !damaged) {
        assert_string_equal(json_string_value(json_object_get(data, "actor")), event->actor);
    }
}

static void one_random_event(bool damaged)
{
    char words[EVENT_VALUES][24], room[24];
    random_text(room, sizeof room, damaged);
    struct event event = {
        .type = (enum event_type)random_below(EVENT_TYPE_COUNT),
        .class = (enum event_class)random_below(CLASS_COUNT),
        .clock = (enum clock_quality)random_below(CLOCK_QUALITY_COUNT),
        .boottime_ns = random_below(UINT64_MAX),
        .wall_ms = (int64_t)random_below(4102444800000),
        .room = room,
        .item = random_below(2) ? "item" : NULL,
    };
    for (uint64_t n = random_below(EVENT_VALUES + 1), i = 0; i < n; i++) {
        enum event_field field = (enum event_field)random_below(FIELD_COUNT);
        random_text(words[i], sizeof words[i], damaged);
        if (field == FIELD_ACTOR) {
            random_text(event.actor, sizeof event.actor, damaged);
        } else if (random_below(2)) {
            event_add_word(&event, field, words[i]);
        } else {
            event_add_number(&event, field, (int64_t)random_below(UINT64_MAX));
        }
    }
    struct line_numbers numbers = { .sequence = random_below(UINT64_MAX), .classseq = 7, .prev = ONES };
    numbers.feed = random_below(2);
    memcpy(numbers.feedprev, ZEROS, sizeof numbers.feedprev);

    char line[LINE_MAX_BYTES];
    int n = line_encode(&event, &identity, &numbers, line, sizeof line);
    assert_true(n > 0);
    assert_int_equal(strlen(line), n);
    json_error_t error;
    json_t *parsed = json_loadb(line, (size_t)n, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(parsed);
    assert_int_equal(json_object_size(parsed), numbers.feed ? 16 : 14);
    keys_are_ascii_and_sorted(parsed);
    no_space_stands_outside_of_strings(line);
    data_holds_what_was_added(&event, json_object_get(parsed, "data"), damaged);
    char sequence[24];
    snprintf(sequence, sizeof sequence, "%llu", (unsigned long long)numbers.sequence);
    assert_string_equal(json_string_value(json_object_get(parsed, "sequence")), sequence);
    const char *subject = json_string_value(json_object_get(parsed, "subject"));
    assert_true(damaged || strncmp(subject, room, strlen(room)) == 0);
    json_decref(parsed);
}

static void random_events_parse_and_come_back_as_they_were(void **state)
{
    (void)state;
    const char *seed = getenv("CAREROOM_SEED");
    random_state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 2654435761u;
    random_state |= 1;
    print_message("CAREROOM_SEED=%llu\n", (unsigned long long)random_state);
    for (unsigned i = 0; i < 20000; i++) {
        one_random_event(i % 4 == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fire_alarm_of_the_feed),
        cmocka_unit_test(an_event_of_the_gateway_without_data_or_feed),
        cmocka_unit_test(the_largest_numbers_an_actor_and_a_room_alone),
        cmocka_unit_test(text_is_escaped_as_rfc_8259_asks),
        cmocka_unit_test(damaged_utf8_becomes_replacement_characters),
        cmocka_unit_test(an_actor_that_fills_its_space_ends_there),
        cmocka_unit_test(a_buffer_too_small_by_one_byte_is_refused_and_not_overrun),
        cmocka_unit_test(the_hash_is_what_sha256sum_says),
        cmocka_unit_test(random_events_parse_and_come_back_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
