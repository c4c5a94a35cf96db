// Card readers other than Wiegand: each against its transcript, the simulated one, and whatever else may
// come.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/common/clock.h"
#include "sensors/bus/input.h"
#include "sensors/bus/serial.h"
#include "sensors/reader.h"
#include "sensors/sim/bus.h"
#include "sensors/sim/chip.h"
#include "sensors/sim/ports.h"
#include "sensors/sim/sim_clock.h"
#include "tests/unit/transcript.h"

#define START_NS (1000 * NS_PER_S)
#define ADAPTER  "/dev/i2c-readers"
#define OUTCOMES 16
#define LATE_MS  1

static uint64_t now_ns;

static uint64_t test_now(void)
{
    return now_ns;
}

static const char *const outcome_words[] = {
    [READER_NOTHING] = "nothing", [READER_CARD] = "card",
    [READER_LENGTH] = "length",   [READER_PARITY] = "parity",
    [READER_FORM] = "form",       [READER_LOST] = "lost",
    [READER_EMPTY] = "empty",     [READER_LINE_FAULT] = "line-fault",
};

struct bench {
    struct transcript transcript;
    const struct reader *reader;
    struct reader_result results[OUTCOMES];
    unsigned n, told;
    uint64_t next_ns;
    int error; // of the last step; pn532 only
    struct i2c_bus *bus;
    struct {
        bool read, fails;
        size_t length;
        uint8_t bytes[TRANSCRIPT_WORDS];
    } transfer; // the one that the next step is to make
    bool wanted, made;
    char wrong[100];
    _Alignas(16) uint8_t state[READER_STATE_MAX];
};

static void keep(struct bench *bench, const struct reader_result *result)
{
    bench->next_ns = result->next_ns;
    if (result->outcome == READER_NOTHING)
        return;
    assert_true(bench->n < OUTCOMES);
    bench->results[bench->n++] = *result;
}

static void start(struct bench *bench)
{
    const struct config_reader config = { .direction = DIRECTION_BOTH,
                                          .address = bench->reader->info.address };
    memset(bench->state, 0, sizeof(bench->state));
    bench->n = bench->told = 0;
    now_ns = START_NS;
    bench->reader->init(bench->state, &config, now_ns);
}

// "card BITS BYTES" or another outcome, of what has not been told yet.
static unsigned expect(struct bench *bench, unsigned word)
{
    struct transcript *transcript = &bench->transcript;
    const char *outcome = transcript->words[word];
    if (strcmp(outcome, "nothing") == 0)
        return word + 1;
    if (bench->told == bench->n)
        transcript_fail(transcript, "nothing came of it, instead of %s", outcome);
    const struct reader_result *result = &bench->results[bench->told++];
    if (strcmp(outcome_words[result->outcome], outcome) != 0)
        transcript_fail(transcript, "%s instead of %s", outcome_words[result->outcome], outcome);
    if (result->outcome != READER_CARD)
        return word + 1;
    char bytes[2 * CARD_BYTES_MAX + 1] = "";
    for (size_t i = 0; i < result->card.length; i++)
        snprintf(bytes + 2 * i, 3, "%02x", result->card.bytes[i]);
    if (result->card.bits != transcript_number(transcript, word + 1) ||
        strcmp(bytes, transcript->words[word + 2]) != 0)
        transcript_fail(transcript, "card %u %s", result->card.bits, bytes);
    return word + 3;
}

static void expect_all(struct bench *bench)
{
    for (unsigned word = 1; word < bench->transcript.n;)
        word = expect(bench, word);
    if (bench->told != bench->n)
        transcript_fail(&bench->transcript, "then %s", outcome_words[bench->results[bench->told].outcome]);
    bench->n = bench->told = 0;
}

static void feed(struct bench *bench)
{
    struct transcript *transcript = &bench->transcript;
    bool bytes = bench->reader->byte != NULL;
    for (unsigned i = 1; i < transcript->n; i++) {
        struct reader_result result = { .outcome = READER_LINE_FAULT };
        unsigned value = (unsigned)strtoul(transcript->words[i], NULL, bytes ? 16 : 10);
        if (bytes)
            bench->reader->byte(bench->state, (uint8_t)value, now_ns, &result);
        else
            bench->reader->key(bench->state, value, false, now_ns, &result);
        keep(bench, &result);
        now_ns += bytes || i + 1 == transcript->n ? 0 : 2 * NS_PER_MS;
    }
}

static void lose(struct bench *bench)
{
    struct reader_result result = { .outcome = READER_LINE_FAULT };
    bench->reader->key(bench->state, 0, true, now_ns, &result);
    keep(bench, &result);
}

// Just before the time that it wanted, nothing happens.
static void quiet(struct bench *bench)
{
    struct reader_result result = { .outcome = READER_LINE_FAULT };
    assert_true(bench->next_ns != UINT64_MAX);
    uint64_t wanted_ns = bench->next_ns;
    bench->reader->settle(bench->state, wanted_ns - 1, &result);
    assert_int_equal(result.outcome, READER_NOTHING);
    assert_true(result.next_ns == wanted_ns);
    now_ns = wanted_ns;
    bench->reader->settle(bench->state, now_ns, &result);
    assert_true(result.next_ns == UINT64_MAX);
    keep(bench, &result);
}

static void go_to(struct bench *bench)
{
    uint64_t at_ns = START_NS + (uint64_t)transcript_number(&bench->transcript, 1) * NS_PER_MS;
    if (at_ns < now_ns)
        transcript_fail(&bench->transcript, "time goes back");
    now_ns = at_ns;
}

static void play_fed(const char *path, void *user)
{
    struct bench bench = { .reader = user };
    transcript_open(&bench.transcript, path);
    while (transcript_next(&bench.transcript)) {
        const char *word = bench.transcript.words[0];
        if (strcmp(word, "case") == 0)
            start(&bench);
        else if (strcmp(word, "at") == 0)
            go_to(&bench);
        else if (strcmp(word, "<") == 0 || strcmp(word, "keys") == 0)
            feed(&bench);
        else if (strcmp(word, "lost") == 0)
            lose(&bench);
        else if (strcmp(word, "quiet") == 0)
            quiet(&bench);
        else if (strcmp(word, "=") == 0)
            expect_all(&bench);
        else
            transcript_fail(&bench.transcript, "what is \"%s\"?", word);
    }
    assert_int_equal(bench.told, bench.n);
    transcript_close(&bench.transcript);
}

static void test_rdm6300_transcript(void **state)
{
    (void)state;
    struct reader *reader = (struct reader *)(uintptr_t)reader_find("rdm6300");
    assert_true(transcript_files("rdm6300", play_fed, reader) > 0);
}

static void test_wedge_transcript(void **state)
{
    (void)state;
    struct reader *reader = (struct reader *)(uintptr_t)reader_find("wedge");
    assert_true(transcript_files("wedge", play_fed, reader) > 0);
}

// ---- PN532 on its bus

// Runs inside the bus, with its lock held: a mistake is told after the step.
static int scripted(void *user, const struct i2c_message *message)
{
    struct bench *bench = user;
    if (!bench->wanted || bench->made || message->read != bench->transfer.read) {
        snprintf(bench->wrong, sizeof(bench->wrong), "it %s %u bytes", message->read ? "reads" : "writes",
                 message->length);
        return -EREMOTEIO;
    }
    bench->made = true;
    if (bench->transfer.fails)
        return -EREMOTEIO;
    size_t length = bench->transfer.length;
    if (message->read) {
        memset(message->bytes, 0, message->length);
        memcpy(message->bytes, bench->transfer.bytes, length < message->length ? length : message->length);
    } else if (length != message->length || memcmp(message->bytes, bench->transfer.bytes, length) != 0) {
        snprintf(bench->wrong, sizeof(bench->wrong), "other bytes: … %02x %02x", message->bytes[5],
                 message->length > 6 ? message->bytes[6] : 0);
    }
    return 0;
}

static void step_once(struct bench *bench)
{
    struct transcript *transcript = &bench->transcript;
    struct reader_result result = { .outcome = READER_LINE_FAULT };
    bench->wanted = true;
    bench->made = false;
    bench->transfer.read = transcript->words[0][0] == '<';
    bench->transfer.fails = strcmp(transcript->words[1], "nack") == 0;
    bench->transfer.length = bench->transfer.fails ? 0 : transcript->n - 1;
    for (unsigned i = 1; i < transcript->n && !bench->transfer.fails; i++)
        bench->transfer.bytes[i - 1] = (uint8_t)strtoul(transcript->words[i], NULL, 16);
    bench->error = bench->reader->step(bench->state, bench->bus, now_ns, &result);
    if (bench->wrong[0] != '\0' || !bench->made)
        transcript_fail(transcript, "%s", bench->made ? bench->wrong : "no transfer, or another");
    keep(bench, &result);
}

static void expect_step_error(struct bench *bench)
{
    static const struct {
        const char *word;
        int error;
    } errors[] = {
        { "EREMOTEIO", -EREMOTEIO }, { "EILSEQ", -EILSEQ }, { "ENODATA", -ENODATA }, { "EIO", -EIO }
    };
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(errors[i].word, bench->transcript.words[1]) == 0 && bench->error == errors[i].error) {
            bench->error = 0;
            return;
        }
    transcript_fail(&bench->transcript, "the step returned %s", strerror(-bench->error));
}

static void expect_wait(struct bench *bench)
{
    struct transcript *transcript = &bench->transcript;
    uint64_t wait_ns = (uint64_t)transcript_number(transcript, 1) * NS_PER_MS;
    if (bench->error != 0 || bench->told != bench->n)
        transcript_fail(transcript, "the step ended otherwise: %s", strerror(-bench->error));
    if (bench->next_ns < now_ns + wait_ns || bench->next_ns > now_ns + wait_ns + LATE_MS * NS_PER_MS)
        transcript_fail(transcript, "wants to go on in %lld ms",
                        (long long)(bench->next_ns - now_ns) / (long long)NS_PER_MS);
    now_ns = bench->next_ns;
    bench->wanted = false;
}

static void play_stepped(const char *path, void *user)
{
    struct bench bench = { .reader = user };
    assert_int_equal(sim_bus_attach(ADAPTER, bench.reader->info.address, scripted, &bench), 0);
    assert_int_equal(i2c_open(ADAPTER, &bench.bus), 0);
    transcript_open(&bench.transcript, path);
    while (transcript_next(&bench.transcript)) {
        const char *word = bench.transcript.words[0];
        if (strcmp(word, "case") == 0)
            start(&bench);
        else if (strcmp(word, ">") == 0 || strcmp(word, "<") == 0)
            step_once(&bench);
        else if (strcmp(word, "=") == 0)
            expect_all(&bench);
        else if (strcmp(word, "!") == 0)
            expect_step_error(&bench);
        else if (strcmp(word, "wait") == 0)
            expect_wait(&bench);
        else if (strcmp(word, "later") == 0)
            now_ns += (uint64_t)transcript_number(&bench.transcript, 1) * NS_PER_MS;
        else
            transcript_fail(&bench.transcript, "what is \"%s\"?", word);
    }
    transcript_close(&bench.transcript);
    i2c_close(bench.bus);
    sim_bus_detach_all();
}

static void test_pn532_transcript(void **state)
{
    (void)state;
    struct reader *reader = (struct reader *)(uintptr_t)reader_find("pn532");
    assert_true(transcript_files("pn532", play_stepped, reader) > 0);
}

// ---- The simulated ones

struct seen {
    unsigned cards, bad, empty, failures;
    struct card card;
};

static void count(struct seen *seen, const struct reader_result *result)
{
    switch (result->outcome) {
    case READER_NOTHING:
        break;
    case READER_EMPTY:
        seen->empty++;
        break;
    case READER_CARD:
        seen->cards++;
        seen->card = result->card;
        break;
    case READER_LENGTH:
    case READER_PARITY:
    case READER_FORM:
    case READER_LOST:
    case READER_LINE_FAULT:
        seen->bad++;
        break;
    }
}

static struct seen poll_pn532(const struct reader *reader, void *reader_state, struct i2c_bus *bus,
                              uint64_t ms)
{
    struct seen seen = { .cards = 0 };
    for (uint64_t end_ns = now_ns + ms * NS_PER_MS; now_ns < end_ns;) {
        struct reader_result result = { .next_ns = 0 };
        if (reader->step(reader_state, bus, now_ns, &result) < 0)
            seen.failures++;
        else
            count(&seen, &result);
        assert_true(result.next_ns > now_ns);
        now_ns = result.next_ns;
    }
    return seen;
}

static void test_pn532_simulated(void **state)
{
    (void)state;
    static struct sim_chip chip;
    _Alignas(16) uint8_t reader_state[READER_STATE_MAX] = { 0 };
    const struct reader *reader = reader_find("pn532");
    const struct config_reader config = { .address = 0x24 };
    const uint8_t uid[7] = { 0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66 };
    struct i2c_bus *bus;
    now_ns = START_NS;
    assert_int_equal(sim_chip_attach(&chip, sim_model_find("pn532"), ADAPTER, 0x24, 1), 0);
    assert_int_equal(i2c_open(ADAPTER, &bus), 0);
    reader->init(reader_state, &config, now_ns);
    struct seen seen = poll_pn532(reader, reader_state, bus, 1000);
    assert_true(seen.empty > 3 && seen.cards == 0 && seen.failures == 0);
    assert_int_equal(sim_chip_show(&chip, "04112233445566"), 0);
    seen = poll_pn532(reader, reader_state, bus, 1000);
    assert_int_equal(seen.cards, 1); // once, however often it was found
    assert_int_equal(seen.card.length, 7);
    assert_memory_equal(seen.card.bytes, uid, 7);
    static const enum sim_fault faults[] = { SIM_FAULT_NACK, SIM_FAULT_CRC, SIM_FAULT_STUCK };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        assert_int_equal(sim_chip_fault(&chip, faults[i]), 0);
        seen = poll_pn532(reader, reader_state, bus, 5000);
        assert_true(seen.failures >= 3 && seen.empty == 0 && seen.cards == 0);
        assert_int_equal(sim_chip_fault(&chip, SIM_FAULT_NONE), 0);
        poll_pn532(reader, reader_state, bus, 3000);
        assert_int_equal(sim_chip_show(&chip, "deadbeef"), 0); // it has been set up anew
        seen = poll_pn532(reader, reader_state, bus, 1000);
        assert_true(seen.failures == 0 && seen.cards == 1);
    }
    assert_int_equal(sim_chip_show(&chip, "deadbee"), -EINVAL);
    assert_int_equal(sim_chip_show(&chip, "deadbeeg"), -EINVAL);
    i2c_close(bus);
    sim_bus_detach_all();
}

static struct seen listen_rdm6300(const struct reader *reader, void *reader_state, struct serial_port *port,
                                  unsigned ms)
{
    struct seen seen = { .cards = 0 };
    for (unsigned i = 0; i < ms; i++, now_ns += NS_PER_MS) {
        uint8_t bytes[32];
        struct reader_result result;
        int n = serial_read(port, bytes, sizeof(bytes));
        for (int j = 0; j < n; j++) {
            reader->byte(reader_state, bytes[j], now_ns, &result);
            count(&seen, &result);
        }
        reader->settle(reader_state, now_ns, &result);
        count(&seen, &result);
    }
    return seen;
}

static void test_rdm6300_simulated(void **state)
{
    (void)state;
    _Alignas(16) uint8_t reader_state[READER_STATE_MAX] = { 0 };
    const struct reader *reader = reader_find("rdm6300");
    const struct config_reader config = { .address = 0 };
    struct serial_port *port;
    now_ns = START_NS;
    assert_int_equal(sim_port_add("/dev/ttyR", sim_module_find("rdm6300")), 0);
    assert_int_equal(serial_open("/dev/ttyR", 9600, &port), 0);
    reader->init(reader_state, &config, now_ns);
    assert_int_equal(sim_port_show("/dev/ttyR", "010063e9ae"), 0);
    struct seen seen = listen_rdm6300(reader, reader_state, port, 2000);
    assert_true(seen.cards == 1 && seen.bad == 0 && seen.card.bits == 40);
    assert_memory_equal(seen.card.bytes, ((const uint8_t[]){ 0x01, 0x00, 0x63, 0xe9, 0xae }), 5);
    static const enum sim_fault faults[] = { SIM_FAULT_CRC, SIM_FAULT_STUCK };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sim_port_fault("/dev/ttyR", faults[i]), 0);
        assert_int_equal(sim_port_show("/dev/ttyR", "010063E9AE"), 0);
        seen = listen_rdm6300(reader, reader_state, port, 2000);
        assert_true(seen.cards == 0 && seen.bad >= 3);
    }
    assert_int_equal(sim_port_fault("/dev/ttyR", SIM_FAULT_NACK), 0);
    assert_int_equal(sim_port_show("/dev/ttyR", "010063E9AE"), 0);
    seen = listen_rdm6300(reader, reader_state, port, 2000);
    assert_true(seen.cards == 0 && seen.bad == 0);
    assert_int_equal(sim_port_show("/dev/ttyR", "010063E9A"), -EINVAL);
    assert_int_equal(sim_port_show("/dev/ttyS", "010063E9AE"), -ENOENT);
    serial_close(port);
    sim_ports_remove_all();
}

static void test_wedge_simulated(void **state)
{
    (void)state;
    _Alignas(16) uint8_t reader_state[READER_STATE_MAX] = { 0 };
    const struct reader *reader = reader_find("wedge");
    const struct config_reader config = { .address = 0 };
    struct input_device *device, *second;
    struct input_key key;
    struct seen seen = { .cards = 0 };
    now_ns = START_NS;
    assert_int_equal(input_open("/dev/input/w", &device), -ENOENT);
    assert_int_equal(sim_keyboard_add("/dev/input/w"), 0);
    assert_int_equal(sim_keyboard_type("/dev/input/w", "1"), -EBUSY); // to whom?
    assert_int_equal(input_open("/dev/input/w", &device), 0);
    assert_int_equal(input_open("/dev/input/w", &second), -EBUSY);
    reader->init(reader_state, &config, now_ns);
    assert_int_equal(sim_keyboard_type("/dev/input/w", "0006547886"), 0);
    assert_int_equal(sim_keyboard_type("/dev/input/w", "00aF"), 0);
    assert_int_equal(sim_keyboard_lose("/dev/input/w"), 0);
    assert_int_equal(sim_keyboard_type("/dev/input/w", "77"), 0);
    while (input_read(device, &key) > 0) {
        struct reader_result result;
        reader->key(reader_state, key.code, key.lost, key.boottime_ns, &result);
        count(&seen, &result);
    }
    assert_true(seen.cards == 2 && seen.bad == 1);
    assert_int_equal(seen.card.length, 4);
    assert_memory_equal(seen.card.bytes, "00AF", 4);
    assert_int_equal(sim_keyboard_type("/dev/input/w", "12x"), -EINVAL);
    assert_int_equal(sim_keyboard_type("/dev/input/v", "12"), -ENOENT);
    assert_int_equal(sim_keyboard_fault("/dev/input/w", SIM_FAULT_HANG), 0); // pulled
    assert_int_equal(input_read(device, &key), -ENODEV);
    assert_int_equal(input_open("/dev/input/w", &second), -ENOENT);
    assert_int_equal(sim_keyboard_fault("/dev/input/w", SIM_FAULT_NONE), 0);
    assert_int_equal(input_read(device, &key), -ENODEV); // what was open does not come back
    assert_int_equal(input_open("/dev/input/w", &second), 0);
    input_close(device);
    input_close(second);
    sim_keyboards_remove_all();
}

// ---- Whatever else may come

static void check(const struct reader *reader, const struct reader_result *result)
{
    if (result->outcome != READER_CARD)
        return;
    assert_true(result->card.length > 0 && result->card.length <= CARD_BYTES_MAX && result->card.bits > 0);
    if (reader->byte)
        assert_int_equal(result->card.length, 5);
}

static void test_random_bytes_and_keys(void **state)
{
    (void)state;
    static const char *const names[] = { "rdm6300", "wedge" };
    static const uint8_t likely[] = { 0x02, 0x03, '0', '1', 'F', KEY_1, KEY_A, KEY_ENTER };
    for (size_t i = 0; i < 2; i++) {
        _Alignas(16) uint8_t reader_state[READER_STATE_MAX] = { 0 };
        const struct reader *reader = reader_find(names[i]);
        const struct config_reader config = { .address = 0 };
        uint64_t at_ns = START_NS;
        reader->init(reader_state, &config, at_ns);
        for (int j = 0; j < 200000; j++) {
            struct reader_result result = { .outcome = READER_LINE_FAULT };
            uint8_t value = rand() % 8 != 0 ? likely[rand() % 8] : (uint8_t)rand();
            at_ns += (rand() % 100 == 0 ? (uint64_t)rand() % 300 : 1) * NS_PER_MS;
            if (reader->byte)
                reader->byte(reader_state, value, at_ns, &result);
            else
                reader->key(reader_state, rand() % 50 == 0 ? (unsigned)rand() : value, rand() % 50 == 0,
                            at_ns, &result);
            check(reader, &result);
            assert_true(result.next_ns > at_ns);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rdm6300_transcript),    cmocka_unit_test(test_wedge_transcript),
        cmocka_unit_test(test_pn532_transcript),      cmocka_unit_test(test_pn532_simulated),
        cmocka_unit_test(test_rdm6300_simulated),     cmocka_unit_test(test_wedge_simulated),
        cmocka_unit_test(test_random_bytes_and_keys),
    };
    const char *given = getenv("CAREROOM_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    printf("seed: CAREROOM_SEED=%u\n", seed);
    srand(seed);
    sim_clock_fake(test_now);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
