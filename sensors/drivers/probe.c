// How each part says who it is. Only what reads: serial numbers, versions, status words and registers of
// identification. A driver that is added has its row here, if only to say that the part has no such thing.
//
// The chips of others that share these addresses were looked at as well: the expanders at 0x20 to 0x27
// (MCP23017, PCF8574) take any byte as a command to their outputs, so that a PN532 is never written to.
// Digital to analog converters (MCP4725 at 0x61 and 0x62), drivers of lamps (PCA9685) and motion sensors
// (MPU-6050 at 0x69) ignore the bytes that are sent there.
#include "sensors/probe.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "gateway/common/clock.h"
#include "sensors/driver.h"

#define ANSWER_MAX 6
#define QUESTIONS  2

struct question {
    uint8_t ask[2];
    uint8_t n_ask;
    bool joined;     // a register that is read by its number: a repeated start, no wait
    uint8_t wait_ms; // else, until the answer is there
    uint8_t n_answer;
    bool (*good)(const uint8_t *answer); // whether it can be this part's
};

struct identity {
    const char *part;
    unsigned n; // 0: it has none
    struct question questions[QUESTIONS];
};

static bool one_word(const uint8_t *answer)
{
    uint16_t word;
    return sensirion_words(answer, 1, &word) == 0;
}

static bool two_words(const uint8_t *answer)
{
    uint16_t words[2];
    return sensirion_words(answer, 2, words) == 0;
}

static bool is_bme280(const uint8_t *answer)
{
    return answer[0] == 0x60; // BMP280 has 0x58, BME680 0x61
}

static bool is_microchip(const uint8_t *answer)
{
    return answer[0] == 0x00 && answer[1] == 0x54;
}

static bool is_mcp9808(const uint8_t *answer)
{
    return answer[0] == 0x04; // then the revision
}

// The SCD4x must not be asked for its serial number while it measures, which it may do from an earlier run:
// it is asked whether a value is ready, which it answers at any time.
#define SCD4X   .n = 1, .questions = { { { 0xe4, 0xb8 }, 2, false, 2, 3, one_word } }
#define VERSION .n = 1, .questions = { { { 0xd1, 0x00 }, 2, false, 5, 3, one_word } }

static const struct identity identities[] = {
    { .part = "scd40", SCD4X },
    { .part = "scd41", SCD4X },
    { .part = "scd30", VERSION },
    { .part = "sps30", VERSION },
    { .part = "sht4x", .n = 1, .questions = { { { 0x89 }, 1, false, 2, 6, two_words } } },
    { .part = "sht3x", .n = 1, .questions = { { { 0xf3, 0x2d }, 2, false, 2, 3, one_word } } },
    { .part = "bme280", .n = 1, .questions = { { { 0xd0 }, 1, true, 0, 1, is_bme280 } } },
    { .part = "mcp9808",
      .n = 2,
      .questions = { { { 0x06 }, 1, true, 0, 2, is_microchip }, { { 0x07 }, 1, true, 0, 2, is_mcp9808 } } },
    { .part = "lm75" },
    { .part = "tmp102" },
    { .part = "ads1115-loop" },
    { .part = "ads1115-analog" },
    { .part = "pn532" },
};

static const struct identity *find(const char *part)
{
    for (size_t i = 0; i < sizeof(identities) / sizeof(identities[0]); i++)
        if (strcmp(identities[i].part, part) == 0)
            return &identities[i];
    return NULL;
}

bool probe_known(const char *part)
{
    return find(part) != NULL;
}

static int ask(const struct question *question, struct i2c_bus *bus, uint8_t address, uint8_t *ret_answer)
{
    if (question->joined) {
        const struct i2c_message messages[] = {
            { .address = address, .bytes = (uint8_t *)(uintptr_t)question->ask, .length = question->n_ask },
            { .address = address, .read = true, .bytes = ret_answer, .length = question->n_answer },
        };
        return i2c_transfer(bus, messages, 2);
    }
    int r = i2c_write(bus, address, question->ask, question->n_ask);
    if (r < 0)
        return r;
    const struct timespec wait = { .tv_nsec = (long)(question->wait_ms * NS_PER_MS) };
    (void)nanosleep(&wait, NULL);
    r = i2c_read(bus, address, ret_answer, question->n_answer);
    return r == -EREMOTEIO ? -EPROTOTYPE : r; // it took the question, and has no answer to it
}

int probe_part(const char *part, struct i2c_bus *bus, uint8_t address)
{
    const struct identity *identity = find(part);
    if (!identity || identity->n == 0)
        return -ENOTSUP;
    for (unsigned i = 0; i < identity->n; i++) {
        uint8_t answer[ANSWER_MAX];
        int r = ask(&identity->questions[i], bus, address, answer);
        if (r < 0)
            return r;
        if (!identity->questions[i].good(answer))
            return -EPROTOTYPE;
    }
    return 0;
}

int probe_anybody(struct i2c_bus *bus, uint8_t address)
{
    uint8_t byte;
    return i2c_read(bus, address, &byte, 1);
}
