#include "tests/unit/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "sensors/drivers/drivers.h"
#include "sensors/sim/bus.h"

#define VECTORS   "tests/vectors"
#define TRANSFERS 4 // of one step; more than the contract of step() allows
#define LATE_MS   20
#define START_NS  (1000 * NS_PER_S)
#define BYTES_MAX 64
#define ADAPTER   "/dev/i2c-transcript"

void transcript_fail(struct transcript *transcript, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fail_msg("%s:%u: %s", transcript->path, transcript->number, text);
    abort();
}

size_t transcript_files(const char *prefix, void (*each)(const char *path, void *user), void *user)
{
    struct dirent **entries;
    size_t found = 0;
    int n = scandir(VECTORS, &entries, NULL, alphasort);
    if (n < 0)
        fail_msg("%s can't be read; the tests are run from the top of the source", VECTORS);
    for (int i = 0; i < n; i++) {
        char path[sizeof(VECTORS) + sizeof(entries[i]->d_name) + 1];
        snprintf(path, sizeof(path), VECTORS "/%s", entries[i]->d_name);
        if (strncmp(entries[i]->d_name, prefix, strlen(prefix)) == 0 && strstr(path, ".txt")) {
            each(path, user);
            found++;
        }
        free(entries[i]);
    }
    free(entries);
    return found;
}

void transcript_open(struct transcript *transcript, const char *path)
{
    static const char *const head[] = { "# part: ", "# source: ", "# date: " };
    *transcript = (struct transcript){ .file = fopen(path, "re") };
    snprintf(transcript->path, sizeof(transcript->path), "%s", path);
    if (!transcript->file)
        transcript_fail(transcript, "%s", strerror(errno));
    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
        transcript->number++;
        if (!fgets(transcript->line, sizeof(transcript->line), transcript->file) ||
            strncmp(transcript->line, head[i], strlen(head[i])) != 0)
            transcript_fail(transcript, "this line must begin with \"%s\"", head[i]);
    }
}

void transcript_close(struct transcript *transcript)
{
    fclose(transcript->file);
}

bool transcript_next(struct transcript *transcript)
{
    while (fgets(transcript->line, sizeof(transcript->line), transcript->file)) {
        transcript->number++;
        transcript->line[strcspn(transcript->line, "#\n")] = '\0';
        transcript->n = 0;
        char *rest = transcript->line, *word;
        while ((word = strtok_r(transcript->n == 0 ? rest : NULL, " \t", &rest))) {
            if (transcript->n == TRANSCRIPT_WORDS)
                transcript_fail(transcript, "more than %d words", TRANSCRIPT_WORDS);
            transcript->words[transcript->n++] = word;
        }
        if (transcript->n != 0)
            return true;
    }
    return false;
}

void transcript_expect_words(struct transcript *transcript, unsigned n)
{
    if (transcript->n != n)
        transcript_fail(transcript, "%u words instead of %u", transcript->n, n);
}

long long transcript_number(struct transcript *transcript, unsigned word)
{
    char *end = NULL;
    if (word >= transcript->n)
        transcript_fail(transcript, "a number is missing");
    long long number = strtoll(transcript->words[word], &end, 0);
    if (*end != '\0')
        transcript_fail(transcript, "\"%s\" is no number", transcript->words[word]);
    return number;
}

// ---- Drivers on I2C

struct transfer {
    bool read;
    int error;
    size_t length;
    uint8_t bytes[BYTES_MAX];
};

// What the lines since the last wait say of one step.
struct expected {
    struct transfer transfers[TRANSFERS];
    size_t n_transfers;
    int error;
    struct driver_result result;
};

struct player {
    struct transcript transcript;
    const struct driver *driver;
    struct config_sensor config;
    struct i2c_bus *bus;
    uint64_t now_ns;
    struct expected expected;
    size_t used;      // transfers that the driver has made in this step
    bool calibrating; // steps are calibrate()'s until it has ended
    int32_t reference;
    char wrong[200];
    long repeat_from;
    unsigned repeat_line;
    long long repeats;
    unsigned quantities;
    _Alignas(16) uint8_t state[DRIVER_STATE_MAX];
};

static const struct {
    const char *word;
    int error;
} bus_errors[] = { { "nack", -EREMOTEIO },
                   { "hung", -ETIMEDOUT },
                   { "lost", -EAGAIN },
                   { "disturbed", -EIO },
                   { "gone", -ENODEV } },
  step_errors[] = { { "EREMOTEIO", -EREMOTEIO },
                    { "EILSEQ", -EILSEQ },
                    { "ETIMEDOUT", -ETIMEDOUT },
                    { "ENODATA", -ENODATA },
                    { "ERANGE", -ERANGE },
                    { "ENODEV", -ENODEV },
                    { "EIO", -EIO },
                    { "EAGAIN", -EAGAIN },
                    { "EPROTOTYPE", -EPROTOTYPE },
                    { "ENOTRECOVERABLE", -ENOTRECOVERABLE },
                    { "EPIPE", -EPIPE },
                    { "ELOOP", -ELOOP },
                    { "EMEDIUMTYPE", -EMEDIUMTYPE },
                    { "EINVAL", -EINVAL },
                    { "EBUSY", -EBUSY },
                    { "ECANCELED", -ECANCELED } };

// The scripted chip. Runs inside the bus, with its lock held, so a mistake is noted here and told after the
// step.
static int scripted(void *user, const struct i2c_message *message)
{
    struct player *player = user;
    if (player->used == player->expected.n_transfers) {
        snprintf(player->wrong, sizeof(player->wrong), "one more %s of %u bytes than written here",
                 message->read ? "read" : "write", message->length);
        return -EREMOTEIO;
    }
    const struct transfer *transfer = &player->expected.transfers[player->used++];
    if (message->read != transfer->read)
        snprintf(player->wrong, sizeof(player->wrong), "the driver %s", message->read ? "reads" : "writes");
    else if (transfer->length != message->length && !(transfer->read && transfer->error != 0))
        snprintf(player->wrong, sizeof(player->wrong), "%u bytes instead of %zu", message->length,
                 transfer->length);
    else if (!message->read && memcmp(message->bytes, transfer->bytes, transfer->length) != 0)
        snprintf(player->wrong, sizeof(player->wrong), "other bytes: %02x %02x …", message->bytes[0],
                 message->length > 1 ? message->bytes[1] : 0);
    if (player->wrong[0] != '\0')
        return -EREMOTEIO;
    if (message->read && transfer->error == 0)
        memcpy(message->bytes, transfer->bytes, transfer->length);
    return transfer->error;
}

static void start_case(struct player *player)
{
    memset(player->state, 0, sizeof(player->state));
    player->expected = (struct expected){ .error = 0 };
    player->calibrating = false;
    player->now_ns = START_NS;
    sim_bus_detach_all();
    assert_int_equal(sim_bus_attach(ADAPTER, player->config.address, scripted, player), 0);
    player->driver->init(player->state, &player->config, player->now_ns);
}

static void choose_driver(struct player *player)
{
    struct transcript *transcript = &player->transcript;
    transcript_expect_words(transcript, 2);
    const char *name = transcript->words[1];
    player->driver = strcmp(name, "template") == 0 ? &template_driver : driver_find(name);
    if (!player->driver)
        transcript_fail(transcript, "no driver %s", name);
    player->config.address = player->driver->info.address;
}

// In thousandths, as the configuration keeps it.
static bool loop_setting(struct player *player)
{
    struct config_loop *loop = &player->config.loop;
    const struct {
        const char *key;
        int32_t *value;
    } keys[] = { { "short_below", &loop->short_below },
                 { "alarm_below", &loop->alarm_below },
                 { "normal_low", &loop->normal_low },
                 { "normal_high", &loop->normal_high },
                 { "open_above", &loop->open_above } };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(keys[i].key, player->transcript.words[0]) == 0) {
            *keys[i].value = (int32_t)transcript_number(&player->transcript, 1);
            return true;
        }
    return false;
}

static bool setting(struct player *player)
{
    struct transcript *transcript = &player->transcript;
    const char *key = transcript->words[0];
    if (loop_setting(player))
        return true;
    if (strcmp(key, "short_is_alarm") == 0)
        player->config.loop.short_is_alarm = transcript_number(transcript, 1) != 0;
    else if (strcmp(key, "channel") == 0)
        player->config.channel = (uint8_t)transcript_number(transcript, 1);
    else if (strcmp(key, "reference_channel") == 0)
        player->config.reference_channel = (uint8_t)transcript_number(transcript, 1);
    else if (strcmp(key, "self_test") == 0)
        player->config.self_test = transcript_number(transcript, 1) != 0;
    else if (strcmp(key, "every_ms") == 0)
        player->config.every_ms = (uint32_t)transcript_number(transcript, 1);
    else if (strcmp(key, "address") == 0)
        player->config.address = (uint8_t)transcript_number(transcript, 1);
    else if (strcmp(key, "altitude_m") == 0)
        player->config.altitude_m = (int32_t)transcript_number(transcript, 1);
    else if (strcmp(key, "self_calibration") == 0)
        player->config.self_calibration = transcript_number(transcript, 1) != 0;
    else
        return false;
    return true;
}

static int bus_error(struct transcript *transcript, const char *word)
{
    for (size_t i = 0; i < sizeof(bus_errors) / sizeof(bus_errors[0]); i++)
        if (strcmp(bus_errors[i].word, word) == 0)
            return bus_errors[i].error;
    transcript_fail(transcript, "\"%s\" is neither a byte nor a failure", word);
}

static void add_transfer(struct player *player)
{
    struct transcript *transcript = &player->transcript;
    if (player->expected.n_transfers == TRANSFERS)
        transcript_fail(transcript, "more than %d transfers in a step", TRANSFERS);
    struct transfer *transfer = &player->expected.transfers[player->expected.n_transfers++];
    transfer->read = transcript->words[0][0] == '<';
    for (unsigned i = 1; i < transcript->n; i++) {
        char *end = NULL;
        unsigned long byte = strtoul(transcript->words[i], &end, 16);
        if (*end != '\0' || byte > 0xff)
            transfer->error = bus_error(transcript, transcript->words[i]);
        else if (transfer->error != 0 || transfer->length == BYTES_MAX)
            transcript_fail(transcript, "a byte too many");
        else
            transfer->bytes[transfer->length++] = (uint8_t)byte;
    }
}

static void add_reading(struct player *player)
{
    struct transcript *transcript = &player->transcript;
    struct driver_result *result = &player->expected.result;
    struct driver_reading *reading = &result->readings[result->n++];
    transcript_expect_words(transcript, 3);
    if (quantity_find(transcript->words[1], &reading->quantity) != 0 ||
        quantity_parse(reading->quantity, transcript->words[2], &reading->value) != 0)
        transcript_fail(transcript, "no reading: %s %s", transcript->words[1], transcript->words[2]);
    player->quantities |= QUANTITY_BIT(reading->quantity);
}

static void expect_error(struct player *player)
{
    struct transcript *transcript = &player->transcript;
    transcript_expect_words(transcript, 2);
    for (size_t i = 0; i < sizeof(step_errors) / sizeof(step_errors[0]); i++)
        if (strcmp(step_errors[i].word, transcript->words[1]) == 0)
            player->expected.error = step_errors[i].error;
    if (player->expected.error == 0)
        transcript_fail(transcript, "step() never returns %s", transcript->words[1]);
}

static void compare_readings(struct player *player, const struct driver_result *result)
{
    const struct driver_result *expected = &player->expected.result;
    if (result->n != expected->n)
        transcript_fail(&player->transcript, "%u readings instead of %u", result->n, expected->n);
    for (unsigned i = 0; i < result->n; i++)
        if (result->readings[i].quantity != expected->readings[i].quantity ||
            result->readings[i].value != expected->readings[i].value)
            transcript_fail(&player->transcript, "reading %u: %s %d instead of %s %d", i + 1,
                            quantities[result->readings[i].quantity].name, result->readings[i].value,
                            quantities[expected->readings[i].quantity].name, expected->readings[i].value);
}

static void run_step(struct player *player)
{
    struct transcript *transcript = &player->transcript;
    struct driver_result result = { .n = 99 };
    uint64_t wait_ns = (uint64_t)transcript_number(transcript, 1) * NS_PER_MS;
    player->used = 0;
    int r = player->calibrating ? player->driver->calibrate(player->state, player->bus, player->reference,
                                                            player->now_ns, &result)
                                : player->driver->step(player->state, player->bus, player->now_ns, &result);
    player->calibrating = player->calibrating && r == 0 && result.n == 0;
    if (player->wrong[0] != '\0')
        transcript_fail(transcript, "%s", player->wrong);
    if (player->used != player->expected.n_transfers)
        transcript_fail(transcript, "%zu transfers of %zu were made", player->used,
                        player->expected.n_transfers);
    if (r != player->expected.error)
        transcript_fail(transcript, "step() returns %d (%s) instead of %d", r, strerror(-r),
                        player->expected.error);
    compare_readings(player, &result);
    if (result.next_ns < player->now_ns + wait_ns ||
        result.next_ns > player->now_ns + wait_ns + LATE_MS * NS_PER_MS)
        transcript_fail(transcript, "wants to go on in %lld us",
                        ((long long)(result.next_ns - player->now_ns)) / 1000);
    player->now_ns = result.next_ns;
    player->expected = (struct expected){ .error = 0 };
}

static void begin_calibration(struct player *player)
{
    if (!player->driver->calibrate)
        transcript_fail(&player->transcript, "%s can't be calibrated", player->driver->info.name);
    player->calibrating = true;
    player->reference = (int32_t)transcript_number(&player->transcript, 1);
}

static void begin_repeat(struct player *player)
{
    player->repeats = transcript_number(&player->transcript, 1);
    player->repeat_from = ftell(player->transcript.file);
    player->repeat_line = player->transcript.number;
}

static void end_repeat(struct player *player)
{
    if (--player->repeats <= 0)
        return;
    fseek(player->transcript.file, player->repeat_from, SEEK_SET);
    player->transcript.number = player->repeat_line;
}

static void play_line(struct player *player)
{
    static const struct {
        const char *word;
        void (*act)(struct player *player);
    } acts[] = {
        { "case", start_case },      { ">", add_transfer },
        { "<", add_transfer },       { "=", add_reading },
        { "!", expect_error },       { "wait", run_step },
        { "repeat", begin_repeat },  { "end", end_repeat },
        { "driver", choose_driver }, { "calibrate", begin_calibration },
    };
    if (!player->driver && strcmp(player->transcript.words[0], "driver") != 0)
        transcript_fail(&player->transcript, "which driver?");
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (strcmp(acts[i].word, player->transcript.words[0]) == 0) {
            acts[i].act(player);
            return;
        }
    if (!setting(player))
        transcript_fail(&player->transcript, "what is \"%s\"?", player->transcript.words[0]);
}

const char *transcript_play(const char *path, unsigned *ret_quantities)
{
    struct player player = {
        .config = { .every_ms = 5000, .reference_channel = 3, .loop = { 50, 300, 420, 600, 850, true } }
    };
    assert_int_equal(i2c_open(ADAPTER, &player.bus), 0);
    transcript_open(&player.transcript, path);
    while (transcript_next(&player.transcript))
        play_line(&player);
    if (player.expected.n_transfers != 0)
        transcript_fail(&player.transcript, "the last step has no wait");
    transcript_close(&player.transcript);
    i2c_close(player.bus);
    sim_bus_detach_all();
    *ret_quantities = player.quantities;
    return player.driver ? player.driver->info.name : "";
}
