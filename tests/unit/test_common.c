// Ids, words, quantities, clocks, log lines and the control socket's client.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/common/clock.h"
#include "gateway/common/config.h"
#include "gateway/common/control.h"
#include "gateway/common/ids.h"
#include "gateway/common/log.h"
#include "gateway/common/quantity.h"

// ---- Random numbers that can be had again: SEED=… in the environment

static uint64_t random_state;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void random_begin(void)
{
    const char *seed = getenv("SEED");
    random_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 2654435761U + 1;
    print_message("SEED=%llu\n", (unsigned long long)random_state);
}

// ---- Ids and words

static void test_ids(void **state)
{
    (void)state;
    assert_true(id_valid("a"));
    assert_true(id_valid("butterfly-1"));
    assert_true(id_valid("0123456789abcdefghijklmnopqrstuv"));
    assert_false(id_valid("0123456789abcdefghijklmnopqrstuvw"));
    static const char *const bad[] = { "", "A", "a b", "a/b", "a.b", "a_b", "ä", "a\n", "+", "#" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(id_valid(bad[i]));
    }
    static const char *const reserved[] = {
        "status", "child", "command", "reply", "gateway", "homeassistant"
    };
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        assert_true(id_reserved(reserved[i]));
    }
    assert_false(id_reserved("butterfly"));
    assert_false(id_reserved("statu"));
    assert_false(id_reserved("status-1"));
}

static void check_words(const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_non_null(words[i]);
        assert_true(id_valid(words[i])); // they go into topics and events
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(words[i], words[j]);
        }
    }
}

static void test_words(void **state)
{
    (void)state;
    check_words(clock_quality_names, CLOCK_QUALITY_COUNT);
    check_words(contact_role_names, ROLE_COUNT);
    check_words(output_role_names, OUTPUT_ROLE_COUNT);
    check_words(severity_names, SEVERITY_COUNT);
    check_words(wiring_names, WIRING_COUNT);
    check_words(bias_names, BIAS_COUNT);
    check_words(direction_names, DIRECTION_COUNT);
    assert_string_equal(contact_role_names[ROLE_CARBON_MONOXIDE], "carbon-monoxide");
    assert_string_equal(severity_names[SEVERITY_FIRE], "fire");
}

// ---- Quantities

static void test_quantity_names(void **state)
{
    (void)state;
    for (unsigned q = 0; q < QUANTITY_COUNT; q++) {
        enum quantity found = QUANTITY_COUNT;
        assert_int_equal(quantity_find(quantities[q].name, &found), 0);
        assert_int_equal(found, q);
        assert_true(quantities[q].min < quantities[q].max);
    }
    enum quantity untouched = QUANTITY_CO2;
    assert_int_equal(quantity_find("radiation", &untouched), -ENOENT);
    assert_int_equal(quantity_find("", &untouched), -ENOENT);
    assert_int_equal(untouched, QUANTITY_CO2);
}

static void test_quantity_numbers(void **state)
{
    (void)state;
    static const struct {
        enum quantity quantity;
        const char *text;
        int32_t value;
    } good[] = {
        { QUANTITY_TEMPERATURE, "26.5", 26500 },
        { QUANTITY_TEMPERATURE, "-4", -4000 },
        { QUANTITY_TEMPERATURE, "-0.5", -500 },
        { QUANTITY_TEMPERATURE, "0", 0 },
        { QUANTITY_TEMPERATURE, "-0", 0 },
        { QUANTITY_TEMPERATURE, "26.500", 26500 },
        { QUANTITY_TEMPERATURE, "0.001", 1 },
        { QUANTITY_TEMPERATURE, "2147483.647", INT32_MAX },
        { QUANTITY_TEMPERATURE, "-2147483.648", INT32_MIN },
        { QUANTITY_HUMIDITY, "48.807", 48807 },
        { QUANTITY_CO2, "1500", 1500 },
        { QUANTITY_CO2, "2147483647", INT32_MAX },
        { QUANTITY_PM25, "35.5", 35500 },
        { QUANTITY_PRESSURE, "101325", 101325 },
        { QUANTITY_VOLTAGE, "-6.144", -6144000 },
        { QUANTITY_VOLTAGE, "0.000125", 125 },
        { QUANTITY_CO2, "-2147483648", INT32_MIN },
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int32_t value = 7;
        assert_int_equal(quantity_parse(good[i].quantity, good[i].text, &value), 0);
        assert_int_equal(value, good[i].value);
    }
    static const char *const bad[] = { "",    "-",      "+5",   "5.",   ".5",     "-.5",   " 5",
                                       "5 ",  "010",    "-01",  "0x5",  "5e3",    "1,5",   "1.5x",
                                       "--5", "1.2.3",  "nan",  "inf",  "5\n",    "１",    "00",
                                       "1.",  "1.0000", "1.-5", "1. 5", "1.0001", "26.5°C" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int32_t value = 7;
        assert_int_equal(quantity_parse(QUANTITY_TEMPERATURE, bad[i], &value), -EINVAL);
        assert_int_equal(value, 7);
    }
    static const char *const large[] = { "2147483.648", "-2147483.649", "99999999999999999999999999999999",
                                         "2147484" };
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        int32_t value = 7;
        assert_int_equal(quantity_parse(QUANTITY_TEMPERATURE, large[i], &value), -ERANGE);
        assert_int_equal(value, 7);
    }
    int32_t value = 7;
    assert_int_equal(quantity_parse(QUANTITY_CO2, "1500.5", &value), -EINVAL);
    assert_int_equal(quantity_parse(QUANTITY_CO2, "2147483648", &value), -ERANGE);
}

static void test_quantity_text(void **state)
{
    (void)state;
    static const struct {
        enum quantity quantity;
        int32_t value;
        const char *text;
    } cases[] = {
        { QUANTITY_TEMPERATURE, 26500, "26.5" },
        { QUANTITY_TEMPERATURE, -4000, "-4" },
        { QUANTITY_TEMPERATURE, -500, "-0.5" },
        { QUANTITY_TEMPERATURE, 1, "0.001" },
        { QUANTITY_TEMPERATURE, 100, "0.1" },
        { QUANTITY_TEMPERATURE, 0, "0" },
        { QUANTITY_TEMPERATURE, 10010, "10.01" },
        { QUANTITY_CO2, 1500, "1500" },
        { QUANTITY_CO2, INT32_MIN, "-2147483648" },
        { QUANTITY_TEMPERATURE, INT32_MIN, "-2147483.648" },
        { QUANTITY_VOLTAGE, -6144000, "-6.144" },
        { QUANTITY_VOLTAGE, 125, "0.000125" },
        { QUANTITY_CONTACT, 1, "1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buf[16];
        quantity_format(cases[i].quantity, cases[i].value, buf, sizeof buf);
        assert_string_equal(buf, cases[i].text);
    }
}

static void test_quantity_round_trip(void **state)
{
    (void)state;
    random_begin();
    for (int i = 0; i < 200000; i++) {
        enum quantity quantity = (enum quantity)(random_next() % QUANTITY_COUNT);
        // Small numbers as often as large ones.
        int32_t value = (int32_t)((uint32_t)random_next()) >> (random_next() % 32);
        char buf[16];
        quantity_format(quantity, value, buf, sizeof buf);
        int32_t back = ~value;
        assert_int_equal(quantity_parse(quantity, buf, &back), 0);
        assert_int_equal(back, value);
    }
}

// ---- Clocks

static void test_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 951782399999, "2000-02-28T23:59:59.999Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 1795486267123, "2026-11-24T02:11:07.123Z" },
        { 4107542400000, "2100-03-01T00:00:00.000Z" }, // 2100 has no leap day
        { 253402300799999, "9999-12-31T23:59:59.999Z" },
        { INT64_MAX, "9999-12-31T23:59:59.999Z" },
        { INT64_MIN, "1970-01-01T00:00:00.000Z" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buf[25];
        clock_format_utc(cases[i].ms, buf, sizeof buf);
        assert_string_equal(buf, cases[i].text);
    }
    random_begin();
    for (int i = 0; i < 100000; i++) {
        int64_t ms = (int64_t)(random_next() % 253402300800000ULL);
        time_t seconds = ms / 1000;
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        char expected[40], buf[25];
        size_t n = strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
        (void)snprintf(expected + n, sizeof expected - n, ".%03dZ", (int)(ms % 1000));
        clock_format_utc(ms, buf, sizeof buf);
        assert_string_equal(buf, expected);
    }
}

static void test_clocks(void **state)
{
    (void)state;
    uint64_t before = clock_boottime_ns();
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    uint64_t monotonic = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
    uint64_t after = clock_boottime_ns();
    assert_true(before <= after);
    // The middle of a reading may be off by what a reading takes; a millisecond would already be strange.
    uint64_t converted = monotonic + clock_monotonic_to_boottime_ns();
    assert_true(converted + NS_PER_S > before && converted < after + NS_PER_S);

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
    assert_true(clock_wall_ms() / 1000 - t.tv_sec < 3600);

    struct timex x = { .modes = 0 };
    bool synchronised = adjtimex(&x) >= 0 && (x.status & STA_UNSYNC) == 0;
    assert_int_equal(clock_quality_now(), synchronised ? CLOCK_SYNCHRONISED : CLOCK_UNSYNCHRONISED);
}

static void test_boot_id(void **state)
{
    (void)state;
    char first[37], second[64], small[36] = "untouched";
    assert_int_equal(clock_boot_id(first, sizeof first), 0);
    assert_int_equal(clock_boot_id(second, sizeof second), 0);
    assert_string_equal(first, second);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(strspn(first, "0123456789abcdef-"), 36);
    assert_true(clock_boot_id(small, sizeof small) < 0);
    assert_string_equal(small, "untouched");
}

// ---- Log lines

// What one call wrote to stderr. A datagram socket keeps each write apart.
static void logged(char *buf, size_t size, enum log_priority priority, const char *text)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    assert_true(dup2(pair[1], STDERR_FILENO) >= 0);
    errno = 77;
    log_line(priority, "%s", text);
    int error = errno;
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    assert_int_equal(error, 77); // a log line between a failure and the look at errno does no harm
    ssize_t n = recv(pair[0], buf, size - 1, MSG_DONTWAIT);
    assert_true(n > 0);
    buf[n] = '\0';
    char more;
    assert_int_equal(recv(pair[0], &more, 1, MSG_DONTWAIT), -1); // one write, no more
    (void)close(saved);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void test_log_lines(void **state)
{
    (void)state;
    char buf[1024];
    logged(buf, sizeof buf, LOG_LEVEL_ERROR, "it broke");
    assert_string_equal(buf, "<3>it broke\n");
    logged(buf, sizeof buf, LOG_LEVEL_INFO, "");
    assert_string_equal(buf, "<6>\n");
    // Nobody makes two lines of one, nor paints on the terminal.
    logged(buf, sizeof buf, LOG_LEVEL_WARNING,
           "card\n<3>forged\r\033[2J\x7f\xc2\x9b"
           "1m蝴蝶");
    assert_string_equal(buf, "<4>card <3>forged  [2J   1m蝴蝶\n");
}

static void test_log_lines_are_cut(void **state)
{
    (void)state;
    char text[2000], buf[1024];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    logged(buf, sizeof buf, LOG_LEVEL_NOTICE, text);
    assert_in_range(strlen(buf), 500, 512);
    assert_int_equal(buf[strlen(buf) - 1], '\n');
    // Not in the middle of a character, wherever the end falls.
    for (size_t offset = 0; offset < 4; offset++) {
        size_t at = offset;
        for (; at + 4 < sizeof text; at += 3) {
            memcpy(text + at, "蝴", 3);
        }
        text[at] = '\0';
        logged(buf, sizeof buf, LOG_LEVEL_NOTICE, text);
        size_t length = strlen(buf);
        assert_in_range(length, 508, 512);
        assert_memory_equal(buf + length - 4, "蝴\n", 4);
    }
}

// ---- The control socket's client

struct guard {
    char dir[64];
    int listening, accepted;
    struct control_client *client;
};

static void path_of(const struct guard *guard, char *buf, size_t size)
{
    (void)snprintf(buf, size, "%s/" CONTROL_SOCKET_NAME, guard->dir);
}

static int guard_up(void **state)
{
    struct guard *guard = calloc(1, sizeof *guard);
    assert_non_null(guard);
    (void)snprintf(guard->dir, sizeof guard->dir, "/tmp/careroom-test-XXXXXX");
    assert_non_null(mkdtemp(guard->dir));
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    path_of(guard, address.sun_path, sizeof address.sun_path);
    guard->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(guard->listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(guard->listening, 4), 0);
    assert_int_equal(control_connect(guard->dir, &guard->client), 0);
    guard->accepted = accept4(guard->listening, NULL, NULL, SOCK_CLOEXEC);
    assert_true(guard->accepted >= 0);
    *state = guard;
    return 0;
}

static int guard_down(void **state)
{
    struct guard *guard = *state;
    control_close(guard->client);
    (void)close(guard->accepted);
    (void)close(guard->listening);
    char path[128];
    path_of(guard, path, sizeof path);
    (void)unlink(path);
    (void)rmdir(guard->dir);
    free(guard);
    return 0;
}

static void say(const struct guard *guard, const char *bytes)
{
    assert_int_equal(send(guard->accepted, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
}

static void test_control_nobody_there(void **state)
{
    struct guard *guard = *state;
    struct control_client *client = NULL;
    assert_int_equal(control_connect("/nonexistent", &client), -ENOENT);
    char long_dir[200];
    memset(long_dir, 'x', sizeof long_dir - 1);
    long_dir[sizeof long_dir - 1] = '\0';
    assert_int_equal(control_connect(long_dir, &client), -ENAMETOOLONG);
    (void)close(guard->listening); // the guard has died and left its socket
    guard->listening = -1;
    assert_int_equal(control_connect(guard->dir, &client), -ECONNREFUSED);
    assert_null(client);
    control_close(NULL);
}

static void test_control_there_and_back(void **state)
{
    struct guard *guard = *state;
    assert_int_equal(control_send(guard->client, "{\"op\":\"status\"}"), 0);
    char buf[64] = "";
    assert_int_equal(recv(guard->accepted, buf, sizeof buf - 1, 0), 16);
    assert_string_equal(buf, "{\"op\":\"status\"}\n");
    assert_int_equal(control_send(guard->client, "two\nlines"), -EINVAL);
    assert_true(control_fd(guard->client) >= 0);

    const char *line = "untouched";
    assert_int_equal(control_receive(guard->client, 0, &line), -ETIMEDOUT);
    assert_string_equal(line, "untouched");
    // Lines come in pieces, and several at once.
    say(guard, "{\"ok\":");
    assert_int_equal(control_receive(guard->client, 1, &line), -ETIMEDOUT);
    say(guard, "true}\nsecond\n\nfour");
    assert_int_equal(control_receive(guard->client, -1, &line), 0);
    assert_string_equal(line, "{\"ok\":true}");
    assert_int_equal(control_receive(guard->client, -1, &line), 0);
    assert_string_equal(line, "second");
    assert_int_equal(control_receive(guard->client, -1, &line), 0);
    assert_string_equal(line, "");
    assert_int_equal(control_receive(guard->client, 0, &line), -ETIMEDOUT);
    say(guard, "th\n");
    assert_int_equal(control_receive(guard->client, -1, &line), 0);
    assert_string_equal(line, "fourth");
}

static void test_control_guard_goes_away(void **state)
{
    struct guard *guard = *state;
    say(guard, "last\nhalf");
    (void)close(guard->accepted);
    guard->accepted = -1;
    const char *line = NULL;
    assert_int_equal(control_receive(guard->client, -1, &line), 0);
    assert_string_equal(line, "last");
    assert_int_equal(control_receive(guard->client, -1, &line), -ECONNRESET); // half a line is no line
    assert_int_equal(control_send(guard->client, "x"), -EPIPE);               // and no SIGPIPE
}

static void test_control_longest_line(void **state)
{
    struct guard *guard = *state;
    char *text = malloc(CONTROL_LINE_MAX + 2);
    assert_non_null(text);
    memset(text, 'x', CONTROL_LINE_MAX + 1);
    text[CONTROL_LINE_MAX + 1] = '\0';
    assert_int_equal(control_send(guard->client, text), -EMSGSIZE);
    text[CONTROL_LINE_MAX] = '\0';
    int buffer = 4 * CONTROL_LINE_MAX; // so that nobody need read while this thread writes
    assert_int_equal(setsockopt(control_fd(guard->client), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer), 0);
    assert_int_equal(setsockopt(guard->accepted, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer), 0);
    assert_int_equal(control_send(guard->client, text), 0);

    const char *line = NULL;
    say(guard, text);
    say(guard, "\n");
    assert_int_equal(control_receive(guard->client, -1, &line), 0);
    assert_string_equal(line, text);
    say(guard, text);
    say(guard, "x\n");
    assert_int_equal(control_receive(guard->client, -1, &line), -EMSGSIZE);
    free(text);
}

static volatile sig_atomic_t interrupted;

static void on_alarm(int signal)
{
    (void)signal;
    interrupted++;
}

static void test_control_signals_interrupt_nothing(void **state)
{
    struct guard *guard = *state;
    struct sigaction action = { .sa_handler = on_alarm }, old; // without SA_RESTART
    assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
    struct itimerval timer = { .it_interval = { .tv_usec = 1000 }, .it_value = { .tv_usec = 1000 } },
                     off = { 0 };
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
    const char *line = NULL;
    int error = control_receive(guard->client, 50, &line);
    assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
    assert_int_equal(error, -ETIMEDOUT); // not -EINTR, and it does end
    assert_true(interrupted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_quantity_names),
        cmocka_unit_test(test_quantity_numbers),
        cmocka_unit_test(test_quantity_text),
        cmocka_unit_test(test_quantity_round_trip),
        cmocka_unit_test(test_utc),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_boot_id),
        cmocka_unit_test(test_log_lines),
        cmocka_unit_test(test_log_lines_are_cut),
        cmocka_unit_test_setup_teardown(test_control_nobody_there, guard_up, guard_down),
        cmocka_unit_test_setup_teardown(test_control_there_and_back, guard_up, guard_down),
        cmocka_unit_test_setup_teardown(test_control_guard_goes_away, guard_up, guard_down),
        cmocka_unit_test_setup_teardown(test_control_longest_line, guard_up, guard_down),
        cmocka_unit_test_setup_teardown(test_control_signals_interrupt_nothing, guard_up, guard_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
