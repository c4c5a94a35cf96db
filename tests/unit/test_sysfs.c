// Chips that the kernel drives: folders of plain files for /sys, as transcripts tell them; and decimal
// numbers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "sensors/drivers/sysfs.h"
#include "tests/unit/transcript.h"

static char root[] = "/tmp/careroom-sysfs-XXXXXX";

// ---- The folder

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    return ftw->level == 0 && strcmp(path, root) == 0 ? 0 : remove(path);
}

static void remove_below(const char *path)
{
    if (nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        fail_msg("%s can't be removed: %s", path, strerror(errno));
}

// The folders on the way to a path.
static void make_way(char *path)
{
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

// ---- Transcripts

struct player {
    struct transcript transcript;
    const struct driver *driver;
    struct config_sensor config;
    char name[TRANSCRIPT_WORDS]; // config.sysfs
    const char *folder;
    uint64_t now_ns;
    int error;
    struct driver_result expected;
    unsigned quantities;
    _Alignas(16) uint8_t state[DRIVER_STATE_MAX];
};

static void path_of(const struct player *player, const char *path, char *ret)
{
    snprintf(ret, PATH_MAX, "%s/%s/%s", root, player->folder, path);
}

static void write_file(struct player *player, const char *end)
{
    const struct transcript *transcript = &player->transcript;
    char path[PATH_MAX];
    path_of(player, transcript->words[1], path);
    make_way(path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (unsigned i = 2; i < transcript->n; i++)
        fprintf(file, "%s%s", i > 2 ? " " : "", transcript->words[i]);
    fputs(end, file);
    assert_int_equal(fclose(file), 0);
}

static void change_files(struct player *player)
{
    const char *what = player->transcript.words[0];
    char path[PATH_MAX];
    path_of(player, player->transcript.words[1], path);
    if (strcmp(what, "file") == 0) {
        write_file(player, "\n");
    } else if (strcmp(what, "bytes") == 0) {
        write_file(player, "");
    } else if (strcmp(what, "remove") == 0) {
        remove_below(path);
    } else if (strcmp(what, "folder") == 0) {
        make_way(path);
        assert_int_equal(mkdir(path, 0755), 0);
    } else {
        transcript_fail(&player->transcript, "what is \"%s\"?", what);
    }
}

static void start_case(struct player *player)
{
    remove_below(root);
    memset(player->state, 0, sizeof(player->state));
    player->config.sysfs = player->name;
    player->now_ns = NS_PER_S;
    player->driver->init(player->state, &player->config, player->now_ns);
}

static int error_of(struct transcript *transcript)
{
    static const struct {
        const char *word;
        int error;
    } errors[] = { { "ENODEV", -ENODEV },
                   { "ENODATA", -ENODATA },
                   { "EIO", -EIO },
                   { "EILSEQ", -EILSEQ },
                   { "ERANGE", -ERANGE },
                   { "EPROTOTYPE", -EPROTOTYPE },
                   { "ENOTRECOVERABLE", -ENOTRECOVERABLE } };
    transcript_expect_words(transcript, 2);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(errors[i].word, transcript->words[1]) == 0)
            return errors[i].error;
    transcript_fail(transcript, "step() never returns %s", transcript->words[1]);
}

static void add_reading(struct player *player)
{
    struct transcript *transcript = &player->transcript;
    struct driver_reading *reading = &player->expected.readings[player->expected.n++];
    transcript_expect_words(transcript, 3);
    if (quantity_find(transcript->words[1], &reading->quantity) != 0 ||
        quantity_parse(reading->quantity, transcript->words[2], &reading->value) != 0)
        transcript_fail(transcript, "no reading");
    player->quantities |= QUANTITY_BIT(reading->quantity);
}

static void run_step(struct player *player)
{
    struct transcript *transcript = &player->transcript;
    struct driver_result result = { .n = 99 };
    int r = player->driver->step(player->state, NULL, player->now_ns, &result);
    if (r != player->error)
        transcript_fail(transcript, "step() returns %d (%s)", r, strerror(-r));
    if (result.n != player->expected.n)
        transcript_fail(transcript, "%u readings", result.n);
    for (unsigned i = 0; i < result.n; i++)
        if (result.readings[i].quantity != player->expected.readings[i].quantity ||
            result.readings[i].value != player->expected.readings[i].value)
            transcript_fail(transcript, "reading %u: %s %d", i + 1,
                            quantities[result.readings[i].quantity].name, result.readings[i].value);
    uint64_t wait_ns = (uint64_t)transcript_number(transcript, 1) * NS_PER_MS;
    if (result.next_ns != player->now_ns + wait_ns)
        transcript_fail(transcript, "wants to go on at another time");
    player->now_ns = result.next_ns;
    player->error = 0;
    player->expected.n = 0;
}

static void play_line(struct player *player)
{
    struct transcript *transcript = &player->transcript;
    const char *word = transcript->words[0];
    if (strcmp(word, "driver") == 0) {
        player->driver = driver_find(transcript->words[1]);
        assert_non_null(player->driver);
        player->folder = strcmp(transcript->words[1], "iio") == 0 ? "bus/iio/devices" : "class/hwmon";
    } else if (strcmp(word, "sysfs") == 0) {
        snprintf(player->name, sizeof(player->name), "%s", transcript->words[1]);
    } else if (strcmp(word, "case") == 0) {
        start_case(player);
    } else if (strcmp(word, "=") == 0) {
        add_reading(player);
    } else if (strcmp(word, "!") == 0) {
        player->error = error_of(transcript);
    } else if (strcmp(word, "wait") == 0) {
        run_step(player);
    } else {
        change_files(player);
    }
}

static void play(const char *path, void *user)
{
    struct player player = { .config = { .every_ms = 5000 } };
    unsigned *shown = user;
    transcript_open(&player.transcript, path);
    while (transcript_next(&player.transcript))
        play_line(&player);
    transcript_close(&player.transcript);
    *shown |= player.quantities;
}

static void every_device_has_its_transcript(void **state)
{
    (void)state;
    const struct driver *driver;
    unsigned drivers = 0;
    for (size_t i = 0; (driver = driver_at(i)); i++) {
        unsigned shown = 0;
        if (driver->info.bus != PART_SYSFS)
            continue;
        assert_int_equal(transcript_files(driver->info.name, play, &shown), 1);
        assert_int_equal(shown, driver->info.quantities);
        drivers++;
    }
    assert_int_equal(drivers, 2);
}

// ---- Decimals

static int64_t random64(void)
{
    return (int64_t)((uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand());
}

static void a_number_as_the_kernel_writes_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int r;
        struct decimal number;
    } cases[] = {
        { "0", 0, { false, 0, 0 } },
        { "-16852.114286\n", 0, { true, 16852114286, 6 } },
        { "0.000100000\n", 0, { false, 1, 4 } },
        { "007", 0, { false, 7, 0 } },
        { "100", 0, { false, 100, 0 } },
        { "18446744073709551615", 0, { false, UINT64_MAX, 0 } },
        { "18446744073709551616", -ERANGE, { false, 0, 0 } },
        { "0.000000000000000001", 0, { false, 1, 18 } },
        { "0.0000000000000000001", -ERANGE, { false, 0, 0 } },
        { "", -EILSEQ, { false, 0, 0 } },
        { "\n", -EILSEQ, { false, 0, 0 } },
        { "+1", -EILSEQ, { false, 0, 0 } },
        { ".5", -EILSEQ, { false, 0, 0 } },
        { "1\n\n", -EILSEQ, { false, 0, 0 } },
        { " 1", -EILSEQ, { false, 0, 0 } },
        { "--1", -EILSEQ, { false, 0, 0 } },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct decimal number = { false, 0, 0 };
        assert_int_equal(decimal_parse(cases[i].text, &number), cases[i].r);
        assert_int_equal(number.negative, cases[i].number.negative);
        assert_int_equal(number.digits, cases[i].number.digits);
        assert_int_equal(number.decimals, cases[i].number.decimals);
    }
}

// Against the compiler's 128 bits.
static void sums_and_products_are_exact(void **state)
{
    (void)state;
    static const int64_t tens[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000 };
    for (int i = 0; i < 200000; i++) {
        int shift_a = 8 + rand() % 52, shift_b = 8 + rand() % 52; // so that 128 bits hold it all
        int64_t a = random64() >> shift_a, b = random64() >> shift_b;
        struct decimal x = { a < 0, a < 0 ? 0 - (uint64_t)a : (uint64_t)a, (unsigned)(rand() % 4) };
        struct decimal y = { b < 0, b < 0 ? 0 - (uint64_t)b : (uint64_t)b, (unsigned)(rand() % 4) };
        int power = rand() % 5;
        __int128 product = (__int128)a * b * tens[power];
        int64_t divisor = tens[x.decimals + y.decimals];
        __int128 rounded = (product + (product < 0 ? -divisor : divisor) / 2) / divisor;
        int32_t value = 7;
        bool fits = rounded >= -INT32_MAX && rounded <= INT32_MAX;
        assert_int_equal(decimal_multiply(&x, &y, power, &value), fits ? 0 : -ERANGE);
        assert_int_equal(value, fits ? (int32_t)rounded : 7);

        static const struct decimal one = { .digits = 1 };
        struct decimal sum;
        __int128 exact = (__int128)a * tens[3 - x.decimals] + (__int128)b * tens[3 - y.decimals];
        if (exact < -INT32_MAX || exact > INT32_MAX || decimal_add(&x, &y, &sum) < 0)
            continue;
        assert_int_equal(decimal_multiply(&sum, &one, 3, &value), 0);
        assert_int_equal(value, (int32_t)exact);
    }
    const struct decimal largest = { false, UINT64_MAX, 0 }, little = { false, 1, 1 };
    struct decimal sum = { false, 7, 0 };
    assert_int_equal(decimal_add(&largest, &little, &sum), -ERANGE);
    assert_int_equal(decimal_add(&largest, &largest, &sum), -ERANGE);
    assert_int_equal(sum.digits, 7);
}

static int setup(void **state)
{
    (void)state;
    const char *wanted = getenv("CAREROOM_SEED");
    unsigned seed = wanted ? (unsigned)strtoul(wanted, NULL, 0) : (unsigned)time(NULL);
    print_message("seed: CAREROOM_SEED=%u\n", seed);
    srand(seed);
    if (!mkdtemp(root))
        return -1;
    sysfs_set_root(root);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove_below(root);
    return rmdir(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_device_has_its_transcript),
        cmocka_unit_test(a_number_as_the_kernel_writes_it),
        cmocka_unit_test(sums_and_products_are_exact),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
