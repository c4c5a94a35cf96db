// The contact driver against its transcript, and against an independent idea of what a debounced contact is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/common/clock.h"
#include "sensors/driver.h"
#include "tests/unit/transcript.h"

struct bench {
    struct transcript transcript;
    const struct driver *driver;
    struct config_sensor config;
    bool started;
    struct driver_result result;
    unsigned told; // readings of the result that the transcript has named
    unsigned cases;
    _Alignas(16) uint8_t state[DRIVER_STATE_MAX];
};

static void all_told(struct bench *bench)
{
    if (bench->told != bench->result.n)
        transcript_fail(&bench->transcript, "%u readings before this line, %u named", bench->result.n,
                        bench->told);
}

static void start_case(struct bench *bench)
{
    all_told(bench);
    bench->config = (struct config_sensor){ .bias = BIAS_PULL_UP, .debounce_ms = 30 };
    bench->started = false;
    bench->result.n = bench->told = 0;
    bench->cases++;
}

static unsigned find_word(struct bench *bench, const char *const *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (words[i] && strcmp(words[i], bench->transcript.words[1]) == 0)
            return i;
    transcript_fail(&bench->transcript, "what is %s?", bench->transcript.words[1]);
}

static bool setting(struct bench *bench)
{
    const char *key = bench->transcript.words[0];
    if (strcmp(key, "role") == 0)
        bench->config.role = find_word(bench, contact_role_names, ROLE_COUNT);
    else if (strcmp(key, "wiring") == 0)
        bench->config.wiring = find_word(bench, wiring_names, WIRING_COUNT);
    else if (strcmp(key, "bias") == 0)
        bench->config.bias = find_word(bench, bias_names, BIAS_COUNT);
    else if (strcmp(key, "debounce_ms") == 0)
        bench->config.debounce_ms = (uint32_t)transcript_number(&bench->transcript, 1);
    else
        return false;
    return true;
}

static uint64_t time_of(struct bench *bench)
{
    return (uint64_t)transcript_number(&bench->transcript, 1) * NS_PER_MS;
}

static void act(struct bench *bench)
{
    struct transcript *transcript = &bench->transcript;
    all_told(bench);
    if (!bench->started) {
        memset(bench->state, 0, sizeof(bench->state));
        bench->driver->init(bench->state, &bench->config, 0);
        bench->started = true;
    }
    bench->told = 0;
    bench->result.n = 99;
    if (strcmp(transcript->words[0], "settle") == 0)
        bench->driver->settle(bench->state, time_of(bench), &bench->result);
    else
        bench->driver->edge(bench->state, strcmp(transcript->words[2], "high") == 0, time_of(bench),
                            &bench->result);
}

static void expect_reading(struct bench *bench)
{
    if (bench->told >= bench->result.n)
        transcript_fail(&bench->transcript, "there is no reading");
    const struct driver_reading *reading = &bench->result.readings[bench->told++];
    if (reading->quantity != QUANTITY_CONTACT || reading->value != transcript_number(&bench->transcript, 1))
        transcript_fail(&bench->transcript, "it is %d", reading->value);
}

static void expect_next(struct bench *bench)
{
    bool never = strcmp(bench->transcript.words[1], "never") == 0;
    all_told(bench);
    if (bench->result.next_ns != (never ? UINT64_MAX : time_of(bench)))
        transcript_fail(&bench->transcript, "it is %llu ms",
                        (unsigned long long)(bench->result.next_ns / NS_PER_MS));
}

static void play(const char *path, void *user)
{
    struct bench *bench = user;
    struct transcript *transcript = &bench->transcript;
    transcript_open(transcript, path);
    while (transcript_next(transcript)) {
        const char *word = transcript->words[0];
        if (strcmp(word, "case") == 0)
            start_case(bench);
        else if (strcmp(word, "at") == 0 || strcmp(word, "settle") == 0)
            act(bench);
        else if (strcmp(word, "=") == 0)
            expect_reading(bench);
        else if (strcmp(word, "next") == 0)
            expect_next(bench);
        else if (!setting(bench))
            transcript_fail(transcript, "what is %s?", word);
    }
    all_told(bench);
    transcript_close(transcript);
}

static void transcripts(void **state)
{
    (void)state;
    struct bench bench = { .driver = driver_find("contact") };
    assert_non_null(bench.driver);
    assert_int_equal(transcript_files("contact", play, &bench), 1);
    assert_true(bench.cases >= 15);
}

// A random cable with a random reader: whatever bounces, the last reading is the level once it has been
// quiet, readings alternate, and a dangerous role never tells "active" later than the edge that was first to
// say so.
static void random_trains(enum contact_role role, bool at_once)
{
    const struct driver *driver = driver_find("contact");
    const struct config_sensor config = { .role = role, .bias = BIAS_PULL_UP, .debounce_ms = 30 };
    _Alignas(16) uint8_t state[DRIVER_STATE_MAX] = { 0 };
    struct driver_result result;
    uint64_t at_ns = NS_PER_S;
    driver->init(state, &config, at_ns);
    driver->edge(state, true, at_ns, &result);
    int told = result.readings[0].value;
    for (int i = 0; i < 3000; i++) {
        unsigned after_ms = (unsigned)(rand() % (rand() % 4 == 0 ? 100 : 10));
        at_ns += after_ms * NS_PER_MS;
        bool active = rand() % 2 != 0;
        if (rand() % 2 != 0 &&
            result.next_ns <= at_ns) { // a prompt reader; otherwise the deadline passes unseen
            driver->settle(state, result.next_ns, &result);
            assert_true(result.n == 1 && result.readings[0].value != told);
            told = result.readings[0].value;
        }
        driver->edge(state, !active, at_ns, &result);
        for (unsigned j = 0; j < result.n; j++) {
            assert_int_not_equal(result.readings[j].value, told);
            told = result.readings[j].value;
        }
        assert_true(result.next_ns == UINT64_MAX ? told == active : told != active);
        assert_true(!at_once || !active || told == 1);
    }
}

static void random_bounce(void **state)
{
    (void)state;
    static const bool at_once[ROLE_COUNT] = {
        [ROLE_SMOKE] = true,           [ROLE_HEAT] = true, [ROLE_CALL_POINT] = true, [ROLE_GAS] = true,
        [ROLE_CARBON_MONOXIDE] = true, [ROLE_HELP] = true
    };
    for (unsigned role = 0; role < ROLE_COUNT; role++)
        random_trains((enum contact_role)role, at_once[role]);
}

static int choose_seed(void **state)
{
    (void)state;
    const char *wanted = getenv("CAREROOM_SEED");
    unsigned seed = wanted ? (unsigned)strtoul(wanted, NULL, 0) : (unsigned)time(NULL);
    print_message("seed: CAREROOM_SEED=%u\n", seed);
    srand(seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(transcripts), cmocka_unit_test(random_bounce) };
    return cmocka_run_group_tests(tests, choose_seed, NULL);
}
