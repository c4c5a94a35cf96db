// The Wiegand reader against its transcript and against random pulses.
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
#include "sensors/reader.h"
#include "tests/unit/transcript.h"

#define SPACING_NS (2 * NS_PER_MS)
#define SILENCE_NS (30 * NS_PER_MS)
#define OUTCOMES   8

static const char *const outcome_words[] = {
    [READER_NOTHING] = "nothing", [READER_CARD] = "card",   [READER_LENGTH] = "length",
    [READER_PARITY] = "parity",   [READER_LOST] = "lost",   [READER_LINE_FAULT] = "line-fault",
    [READER_FORM] = "form",       [READER_EMPTY] = "empty",
};

struct bench {
    struct transcript transcript;
    const struct reader *reader;
    uint64_t now_ns; // of the last edge
    bool lost;       // to be told with the next one
    struct reader_result results[OUTCOMES];
    unsigned n, told;
    unsigned cases;
    _Alignas(16) uint8_t state[READER_STATE_MAX];
};

static uint64_t number_of(const struct card *card)
{
    uint64_t number = 0;
    for (size_t i = 0; i < card->length; i++)
        number = number << 8 | card->bytes[i];
    return number;
}

static void start(struct bench *bench)
{
    const struct config_reader config = { .direction = DIRECTION_BOTH };
    bench->reader = reader_find("wiegand");
    bench->now_ns = NS_PER_S;
    bench->lost = false;
    bench->n = bench->told = 0;
    memset(bench->state, 0, sizeof(bench->state));
    bench->reader->init(bench->state, &config, bench->now_ns);
}

static void keep(struct bench *bench, const struct reader_result *result)
{
    if (result->outcome == READER_NOTHING)
        return;
    assert_true(bench->n < OUTCOMES);
    bench->results[bench->n++] = *result;
}

static void edge(struct bench *bench, unsigned line, bool level, uint64_t after_ns)
{
    struct reader_result result = { .outcome = READER_LINE_FAULT };
    bench->now_ns += after_ns;
    bench->reader->edge(bench->state, line, level, bench->lost, bench->now_ns, &result);
    bench->lost = false;
    if (!level)
        assert_true(result.next_ns == bench->now_ns + SILENCE_NS);
    keep(bench, &result);
}

static void pulses(struct bench *bench, const char *bits, uint64_t first_after_ns)
{
    for (size_t i = 0; bits[i]; i++)
        edge(bench, bits[i] == '1', false, i == 0 ? first_after_ns : SPACING_NS);
}

static void silence(struct bench *bench)
{
    struct reader_result result = { .outcome = READER_LINE_FAULT };
    bench->reader->settle(bench->state, bench->now_ns + SILENCE_NS - 1, &result);
    assert_int_equal(result.outcome, READER_NOTHING);
    assert_true(result.next_ns == bench->now_ns + SILENCE_NS);
    bench->now_ns += SILENCE_NS;
    bench->reader->settle(bench->state, bench->now_ns, &result);
    assert_true(result.next_ns == UINT64_MAX);
    keep(bench, &result);
}

static void all_told(struct bench *bench)
{
    if (bench->told != bench->n)
        transcript_fail(&bench->transcript, "%u outcomes before this line, %u named", bench->n, bench->told);
}

static void expect(struct bench *bench)
{
    struct transcript *transcript = &bench->transcript;
    if (strcmp(transcript->words[1], "nothing") == 0) {
        all_told(bench);
        return;
    }
    if (bench->told == bench->n)
        transcript_fail(transcript, "there is no outcome");
    const struct reader_result *result = &bench->results[bench->told++];
    if (strcmp(transcript->words[1], outcome_words[result->outcome]) != 0)
        transcript_fail(transcript, "it is %s", outcome_words[result->outcome]);
    if (result->outcome != READER_CARD)
        return;
    if (result->card.bits != transcript_number(transcript, 2) ||
        number_of(&result->card) != (uint64_t)transcript_number(transcript, 3))
        transcript_fail(transcript, "it is %u bits, 0x%llx", result->card.bits,
                        (unsigned long long)number_of(&result->card));
}

static void play_line(struct bench *bench)
{
    struct transcript *transcript = &bench->transcript;
    const char *word = transcript->words[0];
    if (strcmp(word, "case") == 0) {
        all_told(bench);
        start(bench);
        bench->cases++;
    } else if (strcmp(word, "bits") == 0)
        pulses(bench, transcript->words[1], 100 * NS_PER_MS);
    else if (strcmp(word, "more") == 0)
        pulses(bench, transcript->words[1], (uint64_t)transcript_number(transcript, 2) * 1000);
    else if (strcmp(word, "rising") == 0)
        edge(bench, (unsigned)transcript_number(transcript, 1), true,
             (uint64_t)transcript_number(transcript, 2) * 1000);
    else if (strcmp(word, "lost") == 0)
        bench->lost = true;
    else if (strcmp(word, "silence") == 0)
        silence(bench);
    else if (strcmp(word, "=") == 0)
        expect(bench);
    else
        transcript_fail(transcript, "what is %s?", word);
}

static void play(const char *path, void *user)
{
    struct bench *bench = user;
    transcript_open(&bench->transcript, path);
    while (transcript_next(&bench->transcript))
        play_line(bench);
    all_told(bench);
    transcript_close(&bench->transcript);
}

static void transcripts(void **state)
{
    (void)state;
    struct bench bench = { .cases = 0 };
    assert_int_equal(transcript_files("wiegand", play, &bench), 1);
    assert_true(bench.cases >= 20);
}

static void look(const char *path, void *user)
{
    (void)path;
    (void)user;
}

static void the_table_is_complete(void **state)
{
    (void)state;
    const struct reader *reader;
    for (size_t i = 0; (reader = reader_at(i)); i++) {
        assert_ptr_equal(reader_find(reader->info.name), reader);
        assert_true(reader->state_size > 0 && reader->state_size <= READER_STATE_MAX);
        enum part_bus bus = reader->info.bus;
        assert_non_null(reader->init);
        assert_int_equal(bus == PART_WIEGAND, reader->edge != NULL);
        assert_int_equal(bus == PART_I2C, reader->step != NULL);
        assert_int_equal(bus == PART_SERIAL, reader->byte != NULL);
        assert_int_equal(bus == PART_INPUT, reader->key != NULL);
        assert_int_equal(bus != PART_I2C, reader->settle != NULL);
        assert_true(transcript_files(reader->info.name, look, NULL) > 0);
    }
    assert_non_null(reader_at(0));
    assert_null(reader_find("nfc"));
}

// Parity by counting, bit for bit, as the manuals say it: the other way round than the reader does it.
static bool well_formed(const char *bits)
{
    size_t n = strlen(bits), ones[2] = { 0, 0 };
    for (size_t i = 0; i < n; i++) {
        ones[0] += bits[i] == '1' && i < (n + 1) / 2; // of 37 bits, the one in the middle counts twice
        ones[1] += bits[i] == '1' && i >= n / 2;
    }
    return (n == 26 || n == 34 || n == 37) && ones[0] % 2 == 0 && ones[1] % 2 == 1;
}

// Frames of random bits, of lengths around the good ones: a card comes of exactly the well-formed ones.
static void random_frames(void **state)
{
    (void)state;
    struct bench bench;
    unsigned cards = 0;
    start(&bench);
    for (int i = 0; i < 20000; i++) {
        char bits[48] = "";
        size_t n = (size_t)(rand() % 4 == 0 ? 1 + rand() % 40 : (const int[]){ 26, 34, 37 }[rand() % 3]);
        uint64_t number = 0;
        for (size_t j = 0; j < n; j++) {
            bits[j] = rand() % 2 != 0 ? '1' : '0';
            if (j > 0 && j < n - 1)
                number = number << 1 | (uint64_t)(bits[j] == '1');
        }
        bench.n = 0;
        pulses(&bench, bits, 100 * NS_PER_MS);
        silence(&bench);
        assert_int_equal(bench.n, 1);
        assert_int_equal(bench.results[0].outcome == READER_CARD, well_formed(bits));
        if (bench.results[0].outcome != READER_CARD)
            continue;
        assert_int_equal(bench.results[0].card.bits, n);
        assert_true(number_of(&bench.results[0].card) == number);
        cards++;
    }
    assert_true(cards > 1000); // or the check above has seen nothing
}

// Noise: pulses at random times on random lines, with silences and losses. Whatever comes out as a card was,
// since the last silence, a well-formed frame with no pulse nearer than 100 us to another and nothing lost.
static void random_noise(void **state)
{
    (void)state;
    static const uint64_t scales_ns[] = { 50000, 400000, 4000000, 12000000 };
    struct bench bench;
    char bits[64] = "";
    size_t n = 0;
    bool spoiled = false;
    start(&bench);
    for (int i = 0; i < 300000; i++) {
        uint64_t after_ns = (uint64_t)rand() % scales_ns[rand() % 4];
        bool quiet = rand() % 30 == 0 && n != 0, lost = rand() % 200 == 0; // a silence ends something
        if (quiet) {
            bench.n = 0;
            silence(&bench);
            bits[n < sizeof(bits) ? n : sizeof(bits) - 1] = '\0';
            bool card = bench.n == 1 && bench.results[0].outcome == READER_CARD;
            assert_int_equal(card, n < sizeof(bits) && !spoiled && well_formed(bits));
            n = 0;
            spoiled = false;
        }
        char bit = rand() % 2 != 0 ? '1' : '0';
        spoiled |= lost || (n != 0 && after_ns < 100000);
        if (n < sizeof(bits))
            bits[n] = bit;
        n++;
        bench.n = 0;
        bench.lost = lost;
        edge(&bench, bit == '1', false, after_ns);
        assert_true(bench.n == 0 || (bench.results[0].outcome == READER_LINE_FAULT && n == 41));
    }
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_complete),
        cmocka_unit_test(transcripts),
        cmocka_unit_test(random_frames),
        cmocka_unit_test(random_noise),
    };
    return cmocka_run_group_tests(tests, choose_seed, NULL);
}
