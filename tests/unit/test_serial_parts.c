// Sensors on serial ports: each against its transcript and its simulated module; and the real port over a
// pseudo-terminal.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The real port under other names, because the simulated one is linked.
#define serial_port  tty_port
#define serial_open  tty_open
#define serial_close tty_close
#define serial_fd    tty_fd
#define serial_read  tty_read
#define serial_write tty_write
#define serial_flush tty_flush
#include "sensors/bus/serial_tty.c"
#undef serial_port
#undef serial_open
#undef serial_close
#undef serial_fd
#undef serial_read
#undef serial_write
#undef serial_flush
#undef CAREROOM_SENSORS_BUS_SERIAL_H
#include "sensors/bus/serial.h"

#include "gateway/common/clock.h"
#include "sensors/drivers/drivers.h"
#include "sensors/sim/ports.h"
#include "sensors/sim/sim_clock.h"
#include "tests/unit/transcript.h"

#define START_NS (1000 * NS_PER_S)
#define PORT     "/dev/ttySim"

static uint64_t now_ns;

static uint64_t test_now(void)
{
    return now_ns;
}

// ---- Transcripts

struct bench {
    struct transcript transcript;
    const struct driver *driver;
    struct config_sensor config;
    uint64_t next_ns;
    struct driver_request request; // of the last ask(), until it has been told
    int error;                     // of the last ask() or byte(), until it has been told
    unsigned n, told;
    struct driver_reading readings[QUANTITY_COUNT];
    unsigned quantities;
    _Alignas(16) uint8_t state[DRIVER_STATE_MAX];
};

static void start(struct bench *bench)
{
    memset(bench->state, 0, sizeof(bench->state));
    now_ns = bench->next_ns = START_NS;
    bench->driver->init(bench->state, &bench->config, now_ns);
}

// Nothing of what came before may be left untold.
static void expect_told(struct bench *bench)
{
    if (bench->error != 0)
        transcript_fail(&bench->transcript, "before this: %s", strerror(-bench->error));
    if (bench->told != bench->n)
        transcript_fail(&bench->transcript, "before this: a reading of %s",
                        quantities[bench->readings[bench->told].quantity].name);
    if (bench->request.length != 0)
        transcript_fail(&bench->transcript, "before this: a request of %zu bytes", bench->request.length);
    bench->n = bench->told = 0;
}

static void keep(struct bench *bench, int error, const struct driver_result *result)
{
    if (error != 0) {
        assert_int_equal(bench->error, 0);
        assert_int_equal(result->n, 0);
        bench->error = error;
    }
    for (unsigned i = 0; i < result->n; i++)
        bench->readings[bench->n++] = result->readings[i];
    bench->next_ns = result->next_ns;
}

static void ask_now(struct bench *bench)
{
    struct driver_result result = { .n = 0 };
    now_ns = bench->next_ns > now_ns ? bench->next_ns : now_ns;
    int r = bench->driver->ask(bench->state, now_ns, &bench->request, &result);
    keep(bench, r, &result);
}

static void receive(struct bench *bench)
{
    struct transcript *transcript = &bench->transcript;
    for (unsigned i = 1; i < transcript->n; i++) {
        struct driver_result result = { .n = 0 };
        uint8_t byte = (uint8_t)strtoul(transcript->words[i], NULL, 16);
        int r = bench->driver->byte(bench->state, byte, now_ns, &result);
        keep(bench, r, &result);
    }
}

static void expect_request(struct bench *bench)
{
    struct transcript *transcript = &bench->transcript;
    if (bench->request.length != transcript->n - 1)
        transcript_fail(transcript, "a request of %zu bytes", bench->request.length);
    for (unsigned i = 1; i < transcript->n; i++)
        if (strtoul(transcript->words[i], NULL, 16) != bench->request.bytes[i - 1])
            transcript_fail(transcript, "byte %u is %02x", i, bench->request.bytes[i - 1]);
    bench->request.length = 0;
}

static void expect_reading(struct bench *bench)
{
    struct transcript *transcript = &bench->transcript;
    enum quantity quantity;
    int32_t value;
    if (bench->told == bench->n)
        transcript_fail(transcript, "there is no reading");
    const struct driver_reading *reading = &bench->readings[bench->told++];
    if (quantity_find(transcript->words[1], &quantity) != 0 ||
        quantity_parse(quantity, transcript->words[2], &value) != 0 || reading->quantity != quantity ||
        reading->value != value)
        transcript_fail(transcript, "%s %d", quantities[reading->quantity].name, reading->value);
    bench->quantities |= QUANTITY_BIT(quantity);
}

static void expect_error(struct bench *bench)
{
    static const struct {
        const char *word;
        int error;
    } errors[] = { { "EREMOTEIO", -EREMOTEIO },
                   { "EILSEQ", -EILSEQ },
                   { "ENODATA", -ENODATA },
                   { "ERANGE", -ERANGE },
                   { "ENOTRECOVERABLE", -ENOTRECOVERABLE } };
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(errors[i].word, bench->transcript.words[1]) == 0 && bench->error == errors[i].error) {
            bench->error = 0;
            return;
        }
    transcript_fail(&bench->transcript, "it was %s", strerror(-bench->error));
}

static void expect_wait(struct bench *bench)
{
    uint64_t wait_ns = (uint64_t)transcript_number(&bench->transcript, 1) * NS_PER_MS;
    expect_told(bench);
    if (bench->next_ns != now_ns + wait_ns)
        transcript_fail(&bench->transcript, "in %lld ms", (long long)(bench->next_ns - now_ns) / 1000000);
}

static void go_to(struct bench *bench)
{
    uint64_t at_ns = START_NS + (uint64_t)transcript_number(&bench->transcript, 1) * NS_PER_MS;
    expect_told(bench);
    assert_true(at_ns >= now_ns);
    now_ns = at_ns;
}

static void play_line(struct bench *bench)
{
    struct transcript *transcript = &bench->transcript;
    const char *word = transcript->words[0];
    if (strcmp(word, "=") == 0) {
        expect_reading(bench);
    } else if (strcmp(word, "!") == 0) {
        expect_error(bench);
    } else if (strcmp(word, ">") == 0) {
        expect_request(bench);
    } else if (strcmp(word, "wait") == 0) {
        expect_wait(bench);
    } else if (strcmp(word, "at") == 0) {
        go_to(bench);
    } else {
        expect_told(bench);
        if (strcmp(word, "case") == 0)
            start(bench);
        else if (strcmp(word, "ask") == 0)
            ask_now(bench);
        else if (strcmp(word, "<") == 0)
            receive(bench);
        else if (strcmp(word, "driver") == 0)
            bench->driver = driver_find(transcript->words[1]);
        else if (strcmp(word, "every_ms") == 0)
            bench->config.every_ms = (uint32_t)transcript_number(transcript, 1);
        else if (strcmp(word, "self_calibration") == 0) {
            bench->config.self_calibration = transcript_number(transcript, 1) != 0;
            start(bench);
        } else
            transcript_fail(transcript, "what is \"%s\"?", word);
    }
}

static void play(const char *path, void *user)
{
    struct bench bench = { .config = { .every_ms = 5000 } };
    unsigned *ret_quantities = user;
    transcript_open(&bench.transcript, path);
    while (transcript_next(&bench.transcript))
        play_line(&bench);
    expect_told(&bench);
    transcript_close(&bench.transcript);
    *ret_quantities |= bench.quantities;
}

static void test_every_serial_driver_has_its_transcript(void **state)
{
    (void)state;
    unsigned played = 0;
    const struct driver *driver;
    for (size_t i = 0; (driver = driver_at(i)); i++) {
        if (driver->info.bus != PART_SERIAL)
            continue;
        unsigned shown = 0;
        assert_true(driver->ask && driver->byte && !driver->step && !driver->edge && !driver->settle);
        assert_true(transcript_files(driver->info.name, play, &shown) > 0);
        assert_int_equal(shown, driver->info.quantities);
        played++;
    }
    assert_true(played >= 3);
}

// ---- The simulated modules

struct seen {
    unsigned readings, failures;
    int error; // of the last failure
    int32_t values[QUANTITY_COUNT];
    uint64_t first_ns; // of the first reading
};

static void count(struct seen *seen, int error, const struct driver_result *result)
{
    if (error < 0) {
        seen->failures++;
        seen->error = error;
    }
    if (result->n > 0 && seen->readings++ == 0)
        seen->first_ns = now_ns;
    for (unsigned i = 0; i < result->n; i++)
        seen->values[result->readings[i].quantity] = result->readings[i].value;
}

static struct seen run(const struct driver *driver, void *driver_state, uint64_t *next_ns, uint64_t ms)
{
    struct serial_port *port;
    struct seen seen = { .readings = 0 };
    assert_int_equal(serial_open(PORT, 9600, &port), 0);
    for (uint64_t end_ns = now_ns + ms * NS_PER_MS; now_ns < end_ns; now_ns += 10 * NS_PER_MS) {
        struct driver_result result = { .n = 0 };
        uint8_t bytes[64];
        int n = serial_read(port, bytes, sizeof(bytes));
        for (int i = 0; i < n; i++) {
            int r = driver->byte(driver_state, bytes[i], now_ns, &result);
            count(&seen, r, &result);
            *next_ns = result.next_ns;
        }
        if (now_ns < *next_ns)
            continue;
        struct driver_request request = { .length = 0 };
        result.n = 0;
        int r = driver->ask(driver_state, now_ns, &request, &result);
        count(&seen, r, &result);
        *next_ns = result.next_ns;
        if (request.length > 0) {
            serial_flush(port);
            assert_int_equal(serial_write(port, request.bytes, request.length), 0);
        }
    }
    serial_close(port);
    return seen;
}

static void try_module(const char *name, enum quantity quantity, int32_t value, uint64_t warm_up_ms)
{
    _Alignas(16) uint8_t driver_state[DRIVER_STATE_MAX] = { 0 };
    const struct driver *driver = driver_find(name);
    const struct config_sensor config = { .every_ms = 5000 };
    now_ns = START_NS;
    uint64_t next_ns = now_ns;
    assert_int_equal(sim_port_add(PORT, sim_module_find(name)), 0);
    assert_int_equal(sim_module_find(name)->quantities, driver->info.quantities);
    assert_int_equal(driver->info.warm_up_ms, warm_up_ms);
    driver->init(driver_state, &config, now_ns);
    assert_int_equal(sim_port_set(PORT, quantity, value), 0);
    struct seen seen = run(driver, driver_state, &next_ns, warm_up_ms + 20000);
    assert_true(seen.failures == 0 && seen.readings >= 3 && seen.values[quantity] == value);
    assert_true(seen.first_ns >= START_NS + warm_up_ms * NS_PER_MS);
    static const struct {
        enum sim_fault fault;
        int error;
    } faults[] = { { SIM_FAULT_CRC, -EILSEQ },
                   { SIM_FAULT_STUCK, -ENODATA },
                   { SIM_FAULT_NACK, -EREMOTEIO } };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        assert_int_equal(sim_port_fault(PORT, faults[i].fault), 0);
        run(driver, driver_state, &next_ns, 1000); // what was under way
        seen = run(driver, driver_state, &next_ns, 30000);
        assert_true(seen.failures >= 3 && seen.readings == 0);
        // The next frame begins in the middle of one that never ends: either is what a driver may call it.
        assert_true(seen.error == faults[i].error ||
                    (faults[i].fault == SIM_FAULT_STUCK && seen.error == -EILSEQ));
        assert_int_equal(sim_port_fault(PORT, SIM_FAULT_NONE), 0);
        uint64_t from_ns = now_ns;
        seen = run(driver, driver_state, &next_ns, warm_up_ms + 30000);
        assert_true(seen.readings >= 3 && seen.values[quantity] == value);
        bool warmed = seen.first_ns >= from_ns + (warm_up_ms - 10000) * NS_PER_MS;
        assert_int_equal(warmed, faults[i].fault == SIM_FAULT_NACK); // it may have had no supply
    }
    assert_int_equal(sim_port_set(PORT, QUANTITY_HUMIDITY, 1), -EINVAL);
    sim_ports_remove_all();
}

static void test_simulated_modules(void **state)
{
    (void)state;
    try_module("mhz19b", QUANTITY_CO2, 1234, 180000);
    try_module("mhz19c", QUANTITY_CO2, 4321, 60000);
    try_module("pms5003", QUANTITY_PM25, 77000, 30000);
}

static void test_a_simulated_port(void **state)
{
    (void)state;
    struct serial_port *port, *second;
    uint8_t byte;
    now_ns = START_NS;
    assert_int_equal(serial_open(PORT, 9600, &port), -ENOENT);
    assert_int_equal(sim_port_add(PORT, sim_module_find("mhz19b")), 0);
    assert_int_equal(sim_port_add(PORT, sim_module_find("pms5003")), -EADDRINUSE);
    assert_int_equal(serial_open(PORT, 9600, &port), 0);
    assert_int_equal(serial_open(PORT, 9600, &second), -EBUSY);
    assert_int_equal(serial_read(port, &byte, 1), -EAGAIN);
    struct pollfd readable = { .fd = serial_fd(port), .events = POLLIN };
    assert_int_equal(poll(&readable, 1, 0), 0);
    const uint8_t question[9] = { 0xff, 0x01, 0x86, 0, 0, 0, 0, 0, 0x79 };
    assert_int_equal(serial_write(port, question, sizeof(question)), 0);
    assert_int_equal(poll(&readable, 1, 5000), 1);
    assert_int_equal(serial_read(port, &byte, 1), 1);
    assert_int_equal(byte, 0xff);
    serial_flush(port);
    assert_int_equal(serial_read(port, &byte, 1), -EAGAIN);
    assert_int_equal(sim_port_fault(PORT, SIM_FAULT_HANG), 0); // pulled
    assert_int_equal(poll(&readable, 1, 5000), 1);
    assert_int_equal(serial_read(port, &byte, 1), -ENODEV);
    assert_int_equal(serial_write(port, question, sizeof(question)), -ENODEV);
    assert_int_equal(serial_open(PORT, 9600, &second), -ENOENT);
    assert_int_equal(sim_port_fault(PORT, SIM_FAULT_NONE), 0);
    assert_int_equal(serial_read(port, &byte, 1), -ENODEV); // what was open does not come back
    assert_int_equal(serial_open(PORT, 9600, &second), 0);
    serial_close(port);
    serial_close(second);
    sim_ports_remove_all();
}

// ---- The real port

static int open_terminal(char *path, size_t size)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(ptsname_r(master, path, size), 0);
    return master;
}

static void test_a_real_port(void **state)
{
    (void)state;
    char path[64];
    struct tty_port *port = NULL;
    int master = open_terminal(path, sizeof(path));
    assert_int_equal(tty_open(path, 9601, &port), -EINVAL);
    assert_int_equal(tty_open("/dev/no-such-port", 9600, &port), -ENOENT);
    assert_int_equal(tty_open("/dev/null", 9600, &port), -ENOTTY);
    assert_null(port);
    assert_int_equal(tty_open(path, 9600, &port), 0);
    struct termios termios;
    assert_int_equal(tcgetattr(tty_fd(port), &termios), 0);
    assert_int_equal(cfgetospeed(&termios), B9600);
    // Every byte passes both ways: none is a signal, a line's end, an echo or flow control.
    uint8_t all[256], got[256], one;
    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    assert_int_equal(tty_read(port, &one, 1), -EAGAIN);
    assert_int_equal(write(master, all, sizeof(all)), sizeof(all));
    for (int n = 0; n < 256;) {
        struct pollfd readable = { .fd = tty_fd(port), .events = POLLIN };
        assert_int_equal(poll(&readable, 1, 5000), 1);
        int r = tty_read(port, got + n, sizeof(got) - (size_t)n);
        assert_true(r > 0);
        n += r;
    }
    assert_memory_equal(got, all, sizeof(all));
    assert_int_equal(tty_write(port, all, sizeof(all)), 0);
    for (ssize_t n = 0; n < 256;) {
        ssize_t r = read(master, got + n, sizeof(got) - (size_t)n);
        assert_true(r > 0);
        n += r;
    }
    assert_memory_equal(got, all, sizeof(all));
    // What waits can be forgotten.
    assert_int_equal(write(master, all, 10), 10);
    struct pollfd readable = { .fd = tty_fd(port), .events = POLLIN };
    assert_int_equal(poll(&readable, 1, 5000), 1);
    tty_flush(port);
    assert_int_equal(tty_read(port, &one, 1), -EAGAIN);
    // The other end goes, as a port on USB does.
    close(master);
    assert_int_equal(poll(&readable, 1, 5000), 1);
    assert_int_equal(tty_read(port, &one, 1), -ENODEV);
    assert_int_equal(tty_write(port, all, 1), -ENODEV);
    tty_close(port);
    tty_close(NULL);
}

static void test_a_port_that_nobody_drains(void **state)
{
    (void)state;
    char path[64];
    static const uint8_t many[65536] = { 0 };
    struct tty_port *port = NULL;
    int master = open_terminal(path, sizeof(path));
    assert_int_equal(tty_open(path, 115200, &port), 0);
    assert_int_equal(tty_write(port, many, sizeof(many)), -EAGAIN); // and does not block
    tty_close(port);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_serial_driver_has_its_transcript),
        cmocka_unit_test(test_simulated_modules),
        cmocka_unit_test(test_a_simulated_port),
        cmocka_unit_test(test_a_real_port),
        cmocka_unit_test(test_a_port_that_nobody_drains),
    };
    sim_clock_fake(test_now);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
