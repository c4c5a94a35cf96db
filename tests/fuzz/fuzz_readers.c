// Anything from the wire of a card reader: no crash, and cards of a form that the reader can have. FUZZ_PART
// names the reader. clang -fsanitize=fuzzer,address,undefined
//
// rdm6300 gets bytes, wedge keys, wiegand pulses; FE lets time pass. A pn532 reads what is left of the input.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "sensors/reader.h"
#include "sensors/sim/bus.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

#define ADAPTER "/dev/i2c-fuzz"

static const unsigned char *left;
static size_t n_left;

static int answer(void *user, const struct i2c_message *message)
{
    (void)user;
    if (!message->read) {
        return 0;
    }
    size_t n = message->length < n_left ? message->length : n_left;
    memset(message->bytes, 0, message->length);
    memcpy(message->bytes, left, n);
    left += n;
    n_left -= n;
    return n > 0 ? 0 : -EREMOTEIO;
}

static void check(const struct reader_result *result)
{
    const struct card *card = &result->card;
    if (result->outcome == READER_CARD && (card->length == 0 || card->length > CARD_BYTES_MAX ||
                                           card->bits == 0 || card->bits > 8 * CARD_BYTES_MAX)) {
        abort();
    }
}

static void step_through(const struct reader *reader, void *state, uint64_t now_ns)
{
    static struct i2c_bus *bus;
    if (!bus && (sim_bus_attach(ADAPTER, 0x24, answer, NULL) < 0 || i2c_open(ADAPTER, &bus) < 0)) {
        abort();
    }
    while (n_left > 0) {
        struct reader_result result = { .next_ns = 0 };
        if (reader->step(state, bus, now_ns, &result) > 0 || result.next_ns <= now_ns) {
            abort();
        }
        check(&result);
        now_ns = result.next_ns;
    }
}

static void feed(const struct reader *reader, void *state, unsigned char byte, uint64_t now_ns)
{
    struct reader_result result = { .next_ns = 0 };
    if (byte == 0xfe) {
        reader->settle(state, now_ns, &result);
    } else if (reader->byte) {
        reader->byte(state, byte, now_ns, &result);
    } else if (reader->key) {
        reader->key(state, byte, byte == 0xff, now_ns, &result);
    } else {
        reader->edge(state, byte & 1, (byte & 2) != 0, (byte & 0xfc) == 0xfc, now_ns, &result);
    }
    check(&result);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    static const struct reader *reader;
    if (!reader) {
        const char *name = getenv("FUZZ_PART");
        reader = reader_find(name ? name : "rdm6300");
    }
    _Alignas(16) unsigned char state[READER_STATE_MAX] = { 0 };
    const struct config_reader config = { .address = 0x24 };
    uint64_t now_ns = NS_PER_S;
    reader->init(state, &config, now_ns);
    if (reader->step) {
        left = bytes;
        n_left = size;
        step_through(reader, state, now_ns);
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        now_ns += bytes[i] == 0xfe ? 60 * NS_PER_MS : 2 * NS_PER_MS;
        feed(reader, state, bytes[i], now_ns);
    }
    return 0;
}
