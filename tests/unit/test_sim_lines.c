// Simulated lines, contacts, cables and outputs, as a configuration builds them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "sensors/bus/gpio.h"
#include "sensors/bus/i2c.h"
#include "sensors/driver.h"
#include "sensors/reader.h"
#include "sensors/sim/pins.h"
#include "sensors/sim/sim.h"
#include "sensors/sim/sim_clock.h"

#define ROOM "butterfly"

static char adapter[] = "/dev/i2c-1", second_adapter[] = "/dev/i2c-2";
static char gpio4[] = "GPIO4", gpio5[] = "GPIO5", gpio6[] = "GPIO6", gpio17[] = "GPIO17", gpio22[] = "GPIO22",
            gpio23[] = "GPIO23", gpio27[] = "GPIO27", named[] = "pinctrl-rp1:24";

static struct config_sensor sensors[] = {
    { .id = "air", .driver = "scd41", .bus = 0, .address = 0x62 },
    { .id = "cot", .driver = "sht4x", .bus = 1, .address = 0x44 },
    { .id = "smoke",
      .driver = "contact",
      .line = gpio17,
      .wiring = WIRING_NORMALLY_CLOSED,
      .bias = BIAS_PULL_UP },
    { .id = "door", .driver = "contact", .line = gpio27, .wiring = WIRING_NORMALLY_OPEN, .bias = BIAS_AS_IS },
    { .id = "water",
      .driver = "contact",
      .line = named,
      .wiring = WIRING_NORMALLY_OPEN,
      .bias = BIAS_PULL_DOWN },
    { .id = "tamper",
      .driver = "contact",
      .line = gpio4,
      .wiring = WIRING_NORMALLY_CLOSED,
      .bias = BIAS_PULL_DOWN },
};
static struct config_reader readers[] = { { .id = "entry", .driver = "wiegand", .d0 = gpio5, .d1 = gpio6 } };
static struct config_output outputs[] = {
    { .id = "siren", .line = gpio22, .role = OUTPUT_SOUNDER },
    { .id = "fan", .line = gpio23, .role = OUTPUT_VENTILATION, .active_low = true },
};
static struct config_bus buses[] = { { .id = "main", .i2c = adapter },
                                     { .id = "cots", .i2c = second_adapter } };
static struct config_room rooms[] = { {
    .id = ROOM,
    .sensors = sensors,
    .n_sensors = sizeof(sensors) / sizeof(sensors[0]),
    .readers = readers,
    .n_readers = 1,
    .outputs = outputs,
    .n_outputs = 2,
} };
static const struct config config = { .buses = buses, .n_buses = 2, .rooms = rooms, .n_rooms = 1 };

static _Atomic uint64_t clock_ns;

static uint64_t test_now(void)
{
    return atomic_load(&clock_ns);
}

static void wait_ms(uint64_t ms)
{
    atomic_fetch_add(&clock_ns, ms * NS_PER_MS);
}

static int setup(void **state)
{
    (void)state;
    atomic_store(&clock_ns, 1000 * NS_PER_S);
    sim_clock_fake(test_now);
    return sim_build(&config);
}

static int teardown(void **state)
{
    (void)state;
    sim_destroy();
    sim_clock_fake(NULL);
    return 0;
}

static struct gpio_lines *request(const char *name, enum bias bias)
{
    struct gpio_lines *lines = NULL;
    assert_int_equal(gpio_request_inputs(&name, 1, bias, &lines), 0);
    return lines;
}

static bool level(struct gpio_lines *lines)
{
    bool high = false;
    assert_int_equal(gpio_get(lines, 0, &high), 0);
    return high;
}

static bool readable(const struct gpio_lines *lines)
{
    struct pollfd fd = { .fd = gpio_fd(lines), .events = POLLIN };
    assert_true(poll(&fd, 1, 0) >= 0);
    return fd.revents & POLLIN;
}

static void expect_no_edge(struct gpio_lines *lines)
{
    struct gpio_edge edge;
    bool lost = true;
    assert_int_equal(gpio_read_edges(lines, &edge, 1, &lost), 0);
    assert_false(lost);
    assert_false(readable(lines));
}

static void expect_edge(struct gpio_lines *lines, bool high, uint64_t at_ns)
{
    struct gpio_edge edge;
    bool lost = true;
    assert_true(readable(lines));
    assert_int_equal(gpio_read_edges(lines, &edge, 1, &lost), 1);
    assert_false(lost);
    assert_int_equal(edge.level, high);
    assert_int_equal(edge.boottime_ns, at_ns);
    assert_int_equal(edge.line, 0);
}

// --- Contacts -----------------------------------------------------------------------------------

static void test_contact_levels(void **state)
{
    (void)state;
    static const struct {
        const char *id, *line;
        enum bias bias;
        bool levels[SIM_CONTACT_CHATTERS]; // those that rest
    } rows[] = {
        // normally closed to ground: quiet is low, alarm and a cut wire are high
        { "smoke", "GPIO17", BIAS_PULL_UP, { false, true, true } },
        // normally open to ground, a resistor outside pulls up: a cut wire looks like quiet
        { "door", "GPIO27", BIAS_AS_IS, { true, false, true } },
        { "water", "pinctrl-rp1:24", BIAS_PULL_DOWN, { false, true, false } },
        { "tamper", "GPIO4", BIAS_PULL_DOWN, { true, false, false } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gpio_lines *lines = request(rows[i].line, rows[i].bias);
        assert_int_equal(level(lines), rows[i].levels[SIM_CONTACT_INACTIVE]); // at rest
        for (int contact = SIM_CONTACT_CHATTERS - 1; contact >= 0; contact--) {
            assert_int_equal(sim_line(ROOM, rows[i].id, (enum sim_contact)contact), 0);
            assert_int_equal(level(lines), rows[i].levels[contact]);
        }
        assert_int_equal(sim_set(ROOM, rows[i].id, QUANTITY_CONTACT, 1), 0);
        assert_int_equal(level(lines), rows[i].levels[SIM_CONTACT_ACTIVE]);
        assert_int_equal(sim_set(ROOM, rows[i].id, QUANTITY_CONTACT, 0), 0);
        assert_int_equal(level(lines), rows[i].levels[SIM_CONTACT_INACTIVE]);
        gpio_release(lines);
    }
}

// An open contact floats: the pull that the request asks for decides, whatever the configuration meant.
static void test_bias_of_the_request_counts(void **state)
{
    (void)state;
    struct gpio_lines *lines = request("GPIO27", BIAS_PULL_DOWN);
    assert_false(level(lines));
    expect_no_edge(lines);
    assert_int_equal(sim_line(ROOM, "door", SIM_CONTACT_ACTIVE), 0);
    expect_no_edge(lines); // low before, low after
    gpio_release(lines);
}

static void test_contact_driver_agrees(void **state)
{
    (void)state;
    const struct driver *driver = driver_find("contact");
    for (size_t i = 2; i < sizeof(sensors) / sizeof(sensors[0]); i++) {
        struct gpio_lines *lines = request(sensors[i].line, sensors[i].bias);
        for (int contact = 0; contact < SIM_CONTACT_CHATTERS; contact++) {
            _Alignas(16) uint8_t driver_state[DRIVER_STATE_MAX] = { 0 };
            struct driver_result result = { .n = 0 };
            assert_int_equal(sim_line(ROOM, sensors[i].id, (enum sim_contact)contact), 0);
            driver->init(driver_state, &sensors[i], test_now());
            driver->edge(driver_state, level(lines), test_now(), &result);
            assert_int_equal(result.n, 1);
            bool cut_alarms = sensors[i].wiring == WIRING_NORMALLY_CLOSED;
            assert_int_equal(result.readings[0].value,
                             contact == SIM_CONTACT_ACTIVE || (contact == SIM_CONTACT_OPEN && cut_alarms));
        }
        gpio_release(lines);
    }
}

static void test_edges_are_stamped_where_they_happen(void **state)
{
    (void)state;
    uint64_t changed_ns = 1, start_ns = test_now();
    struct gpio_lines *lines = request("GPIO17", BIAS_PULL_UP);
    expect_no_edge(lines);
    assert_int_equal(sim_line_changed(ROOM, "smoke", &changed_ns), 0);
    assert_int_equal(changed_ns, 0);
    assert_int_equal(sim_line(ROOM, "smoke", SIM_CONTACT_ACTIVE), 0);
    wait_ms(7);
    assert_int_equal(sim_line(ROOM, "smoke", SIM_CONTACT_OPEN), 0); // open already: no edge
    assert_int_equal(sim_line(ROOM, "smoke", SIM_CONTACT_INACTIVE), 0);
    wait_ms(100); // read late
    expect_edge(lines, true, start_ns);
    expect_edge(lines, false, start_ns + 7 * NS_PER_MS);
    expect_no_edge(lines);
    assert_int_equal(sim_line_changed(ROOM, "smoke", &changed_ns), 0);
    assert_int_equal(changed_ns, start_ns + 7 * NS_PER_MS);
    gpio_release(lines);
}

static void test_edges_before_the_request_are_not_delivered(void **state)
{
    (void)state;
    assert_int_equal(sim_line(ROOM, "door", SIM_CONTACT_ACTIVE), 0);
    struct gpio_lines *lines = request("GPIO27", BIAS_PULL_UP);
    assert_false(level(lines)); // the level tells
    expect_no_edge(lines);
    gpio_release(lines);
}

static void test_edges_of_two_lines_are_in_order(void **state)
{
    (void)state;
    static const char *const names[2] = { "GPIO17", "GPIO27" };
    struct gpio_lines *lines;
    struct gpio_edge edges[8];
    bool lost = true;
    assert_int_equal(gpio_request_inputs(names, 2, BIAS_PULL_UP, &lines), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sim_line(ROOM, i % 2 ? "smoke" : "door", SIM_CONTACT_ACTIVE), 0);
        wait_ms(1);
        assert_int_equal(sim_line(ROOM, i % 2 ? "smoke" : "door", SIM_CONTACT_INACTIVE), 0);
        wait_ms(1);
    }
    assert_int_equal(gpio_read_edges(lines, edges, 8, &lost), 6);
    assert_false(lost);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(edges[i].line, i / 2 % 2 ? 0 : 1);
        assert_int_equal(edges[i].boottime_ns, 1000 * NS_PER_S + i * NS_PER_MS);
    }
    gpio_release(lines);
}

static void toggle_door(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        atomic_fetch_add(&clock_ns, 1);
        assert_int_equal(sim_line(ROOM, "door", i % 2 ? SIM_CONTACT_INACTIVE : SIM_CONTACT_ACTIVE), 0);
    }
}

static void test_overflow_drops_the_oldest_and_says_so(void **state)
{
    (void)state;
    static struct gpio_edge edges[SIM_PIN_EDGES + 10];
    struct gpio_lines *lines = request("GPIO27", BIAS_PULL_UP);
    bool lost = true;
    uint64_t start_ns = test_now();
    toggle_door(SIM_PIN_EDGES);
    assert_int_equal(gpio_read_edges(lines, edges, 10, &lost), 10);
    assert_false(lost); // exactly full is not too full
    assert_true(readable(lines));
    toggle_door(13); // three too many
    assert_int_equal(gpio_read_edges(lines, edges, SIM_PIN_EDGES + 10, &lost), SIM_PIN_EDGES);
    assert_true(lost);
    for (unsigned i = 0; i < SIM_PIN_EDGES; i++)
        assert_int_equal(edges[i].boottime_ns, start_ns + 14 + i);
    expect_no_edge(lines); // and says it once
    gpio_release(lines);
}

// --- Requests -----------------------------------------------------------------------------------

static void test_request_errors(void **state)
{
    (void)state;
    static const char *const unknown[2] = { "GPIO17", "GPIO99" }, *const twice[2] = { "GPIO17", "GPIO17" };
    struct gpio_lines *untouched = NULL, *lines, *output;
    assert_int_equal(gpio_request_inputs(unknown, 2, BIAS_AS_IS, &untouched), -ENOENT);
    assert_int_equal(gpio_request_inputs(twice, 2, BIAS_AS_IS, &untouched), -EBUSY);
    assert_int_equal(gpio_request_inputs(twice, 0, BIAS_AS_IS, &untouched), -EINVAL);
    lines = request("GPIO17", BIAS_PULL_UP); // the failures have left it free
    assert_int_equal(gpio_request_inputs(twice, 1, BIAS_PULL_UP, &untouched), -EBUSY);
    assert_int_equal(gpio_request_output("GPIO17", false, &untouched), -EBUSY);
    assert_int_equal(gpio_request_output("GPIO99", false, &untouched), -ENOENT);
    assert_null(untouched);
    assert_int_equal(gpio_set(lines, true), -EINVAL);
    assert_int_equal(gpio_get(lines, 1, &(bool){ false }), -EINVAL);
    gpio_release(lines);
    assert_int_equal(gpio_request_output("GPIO17", true, &output), 0);
    assert_int_equal(gpio_fd(output), -1);
    gpio_release(output);
    gpio_release(NULL);
}

static void test_lines_gone(void **state)
{
    (void)state;
    struct gpio_edge edge;
    struct gpio_lines *lines = request("GPIO17", BIAS_PULL_UP), *output;
    bool lost = false;
    assert_int_equal(gpio_request_output("GPIO22", true, &output), 0);
    sim_destroy();
    assert_true(readable(lines));
    assert_int_equal(gpio_read_edges(lines, &edge, 1, &lost), -ENODEV);
    assert_int_equal(gpio_get(lines, 0, &lost), -ENODEV);
    assert_int_equal(gpio_set(output, false), -ENODEV);
    gpio_release(output);
    gpio_release(lines);
}

static int note_line(const char *chip_label, unsigned offset, const char *name, bool used, void *user)
{
    char *text = user;
    size_t length = strlen(text);
    snprintf(text + length, 300 - length, "%s:%u %s%s\n", chip_label, offset, name, used ? " used" : "");
    return offset == 4 ? -ECANCELED : 0;
}

static void test_list(void **state)
{
    (void)state;
    char text[300] = "";
    struct gpio_lines *lines = request("GPIO27", BIAS_PULL_UP);
    assert_int_equal(gpio_list(note_line, text), -ECANCELED);
    assert_string_equal(text,
                        "sim:0 GPIO17\nsim:1 GPIO27 used\nsim:2 pinctrl-rp1:24\nsim:3 GPIO4\nsim:4 GPIO5\n");
    gpio_release(lines);
}

// --- Outputs ------------------------------------------------------------------------------------

static void expect_output(const char *id, bool high, uint64_t changed_ns)
{
    bool is_high = !high;
    uint64_t is_changed_ns = 1;
    assert_int_equal(sim_output(ROOM, id, &is_high, &is_changed_ns), 0);
    assert_int_equal(is_high, high);
    assert_int_equal(is_changed_ns, changed_ns);
}

static void test_outputs(void **state)
{
    (void)state;
    struct gpio_lines *siren, *fan;
    uint64_t start_ns = test_now();
    expect_output("siren", false, 0);
    expect_output("fan", true, 0);                                    // active low: its resistor keeps it off
    assert_int_equal(gpio_request_output("GPIO22", true, &siren), 0); // an alarm that stood before a restart
    assert_int_equal(gpio_request_output("GPIO23", true, &fan), 0);
    expect_output("siren", true, start_ns);
    expect_output("fan", true, 0);
    wait_ms(5);
    assert_int_equal(gpio_set(siren, true), 0); // no change
    expect_output("siren", true, start_ns);
    assert_int_equal(gpio_set(siren, false), 0);
    expect_output("siren", false, start_ns + 5 * NS_PER_MS);
    assert_int_equal(gpio_set(fan, false), 0);
    assert_false(level(fan)); // read back
    wait_ms(5);
    gpio_release(fan); // the program has gone, the resistor has not
    expect_output("fan", true, start_ns + 10 * NS_PER_MS);
    gpio_release(siren);
}

// --- Cards --------------------------------------------------------------------------------------

static struct gpio_lines *request_reader(void)
{
    static const char *const names[2] = { "GPIO5", "GPIO6" };
    struct gpio_lines *lines = NULL;
    assert_int_equal(gpio_request_pulses(names, 2, BIAS_PULL_UP, &lines), 0);
    return lines;
}

static uint64_t read_frame(struct gpio_lines *lines, unsigned n_bits)
{
    struct gpio_edge edges[80];
    bool lost = true;
    uint64_t bits = 0;
    assert_true(readable(lines));
    assert_int_equal(gpio_read_edges(lines, edges, 80, &lost), n_bits);
    assert_false(lost);
    assert_false(readable(lines));
    for (unsigned i = 0; i < n_bits; i++) {
        assert_false(edges[i].level);
        assert_int_equal(edges[i].boottime_ns, test_now() - 50000 - (n_bits - 1 - i) * 2 * NS_PER_MS);
        bits = bits << 1 | edges[i].line;
    }
    return bits;
}

static void test_badges(void **state)
{
    (void)state;
    static const struct {
        unsigned format;
        uint32_t facility, card;
        uint64_t bits;
    } rows[] = {
        { 26, 0, 0, 0x0000001 },
        { 26, 1, 1, 0x2020002 },
        { 26, 57, 12345, 0x0726073 },
        { 26, 123, 4567, 0x2F623AE },
        { 26, 255, 65535, 0x1FFFFFF },
        { 34, 0, 0, 0x000000001 },
        { 34, 0xDEAD, 0xBEEF, 0x3BD5B7DDE },
        { 34, 0x1234, 0x5678, 0x22468ACF1 },
        { 37, 0, 0, 0x0000000001 },
        { 37, 0xFFFF, 0x7FFFF, 0x0FFFFFFFFF },
        { 37, 0, 0x20000, 0x1000040000 },
    };
    struct gpio_lines *lines = request_reader();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wait_ms(1000);
        assert_int_equal(sim_badge(ROOM, "entry", rows[i].format, rows[i].facility, rows[i].card), 0);
        assert_int_equal(read_frame(lines, rows[i].format), rows[i].bits);
    }
    gpio_release(lines);
}

static void test_both_edges_of_a_pulse(void **state)
{
    (void)state;
    static const char *const names[2] = { "GPIO5", "GPIO6" };
    static struct gpio_edge edges[SIM_PIN_EDGES];
    struct gpio_lines *lines;
    bool lost = true;
    assert_int_equal(gpio_request_inputs(names, 2, BIAS_PULL_UP, &lines), 0);
    assert_int_equal(
        sim_pulses(ROOM, "entry", "0110011001100110011001100110011001100110011001100110011001100110"), 0);
    assert_int_equal(gpio_read_edges(lines, edges, SIM_PIN_EDGES, &lost), 128);
    assert_false(lost);
    for (unsigned i = 0; i < 128; i++) {
        assert_int_equal(edges[i].level, i % 2);
        assert_int_equal(edges[i].line, (i / 2 + 1) / 2 % 2);
        uint64_t falls_ns = test_now() - 50000 - (63 - i / 2) * 2 * NS_PER_MS;
        assert_int_equal(edges[i].boottime_ns, falls_ns + (i % 2 ? 50000 : 0));
    }
    gpio_release(lines);
}

static void test_reader_takes_the_card(void **state)
{
    (void)state;
    _Alignas(16) uint8_t reader_state[READER_STATE_MAX] = { 0 };
    const struct reader *reader = reader_find("wiegand");
    struct gpio_lines *lines = request_reader();
    struct gpio_edge edges[64];
    struct reader_result result = { .next_ns = 0 };
    bool lost = false;
    reader->init(reader_state, &readers[0], test_now());
    assert_int_equal(sim_badge(ROOM, "entry", 26, 57, 12345), 0);
    int n = gpio_read_edges(lines, edges, 64, &lost);
    assert_int_equal(n, 26);
    for (int i = 0; i < n; i++)
        reader->edge(reader_state, edges[i].line, edges[i].level, lost, edges[i].boottime_ns, &result);
    reader->settle(reader_state, result.next_ns, &result);
    assert_int_equal(result.outcome, READER_CARD);
    assert_int_equal(result.card.bits, 26);
    const uint8_t number[3] = { 57, 12345 >> 8, 12345 & 0xff };
    assert_int_equal(result.card.length, sizeof(number));
    assert_memory_equal(result.card.bytes, number, sizeof(number));
    gpio_release(lines);
}

// Frames need their time on the cable: n pulses and a silence.
static void test_cable_carries_one_frame_at_a_time(void **state)
{
    (void)state;
    assert_int_equal(sim_badge(ROOM, "entry", 26, 1, 1), 0);
    assert_int_equal(sim_badge(ROOM, "entry", 26, 1, 1), -EBUSY);
    wait_ms(110); // 50.05 + 60 ms are needed
    assert_int_equal(sim_badge(ROOM, "entry", 26, 1, 1), -EBUSY);
    wait_ms(1);
    assert_int_equal(sim_badge(ROOM, "entry", 26, 1, 1), 0);
}

// --- Building and asking ------------------------------------------------------------------------

static void test_chips_answer_on_their_buses(void **state)
{
    (void)state;
    struct i2c_bus *bus;
    const uint8_t serial_number[2] = { 0x36, 0x82 }, measure = 0xFD;
    assert_int_equal(i2c_open(adapter, &bus), 0);
    assert_int_equal(i2c_write(bus, 0x62, serial_number, 2), 0);
    assert_int_equal(i2c_write(bus, 0x44, &measure, 1), -EREMOTEIO);
    i2c_close(bus);
    assert_int_equal(i2c_open(second_adapter, &bus), 0);
    assert_int_equal(i2c_write(bus, 0x44, &measure, 1), 0);
    assert_int_equal(sim_fault(ROOM, "cot", SIM_FAULT_NACK), 0);
    assert_int_equal(i2c_write(bus, 0x44, &measure, 1), -EREMOTEIO);
    i2c_close(bus);
    i2c_close(NULL);
}

static void test_sets_what_the_chip_says(void **state)
{
    (void)state;
    struct i2c_bus *bus;
    uint8_t bytes[6];
    const uint8_t measure = 0xFD, expected[6] = { 0x66, 0x66, 0x93, 0x80, 0x00, 0xA2 };
    assert_int_equal(sim_set(ROOM, "cot", QUANTITY_TEMPERATURE, 25000), 0);
    assert_int_equal(sim_set(ROOM, "cot", QUANTITY_HUMIDITY, 56501), 0);
    assert_int_equal(i2c_open(second_adapter, &bus), 0);
    assert_int_equal(i2c_write(bus, 0x44, &measure, 1), 0);
    wait_ms(10);
    assert_int_equal(i2c_read(bus, 0x44, bytes, 6), 0);
    assert_memory_equal(bytes, expected, 6);
    i2c_close(bus);
}

static void test_no_such_thing(void **state)
{
    (void)state;
    bool high;
    uint64_t ns;
    assert_int_equal(sim_set("owl", "air", QUANTITY_CO2, 400), -ENOENT);
    assert_int_equal(sim_set(ROOM, "entry", QUANTITY_CO2, 400), -ENOENT);
    assert_int_equal(sim_set(ROOM, "cot", QUANTITY_CO2, 400), -EINVAL);
    assert_int_equal(sim_set(ROOM, "air", QUANTITY_COUNT, 400), -EINVAL);
    assert_int_equal(sim_set(ROOM, "door", QUANTITY_CO2, 1), -EINVAL);
    assert_int_equal(sim_set(ROOM, "door", QUANTITY_CONTACT, 2), -EINVAL);
    assert_int_equal(sim_fault(ROOM, "siren", SIM_FAULT_STUCK), -EINVAL); // nobody would see it
    assert_int_equal(sim_fault(ROOM, "door", SIM_FAULT_NACK), -EINVAL);
    assert_int_equal(sim_fault(ROOM, "air", SIM_FAULT_COUNT), -EINVAL);
    assert_int_equal(sim_line(ROOM, "window", SIM_CONTACT_OPEN), -ENOENT);
    assert_int_equal(sim_line(ROOM, "air", SIM_CONTACT_OPEN), -EINVAL);
    assert_int_equal(sim_line(ROOM, "door", SIM_CONTACT_COUNT), -EINVAL);
    assert_int_equal(sim_line_changed(ROOM, "air", &ns), -EINVAL);
    assert_int_equal(sim_line_changed(ROOM, "siren", &ns), -ENOENT);
    assert_int_equal(sim_output(ROOM, "door", &high, &ns), -ENOENT);
    assert_int_equal(sim_badge(ROOM, "exit", 26, 1, 1), -ENOENT);
    assert_int_equal(sim_badge(ROOM, "entry", 36, 1, 1), -EINVAL);
    assert_int_equal(sim_badge(ROOM, "entry", 37, 1, 0x80000), -EINVAL);
    assert_int_equal(sim_show(ROOM, "entry", "01020304"), -ENOTSUP);
    assert_int_equal(sim_show(ROOM, "air", "01020304"), -ENOENT);
    assert_int_equal(sim_badge(ROOM, "entry", 26, 256, 1), -EINVAL);
    assert_int_equal(sim_badge(ROOM, "entry", 34, 65536, 1), -EINVAL);
    assert_int_equal(sim_badge(ROOM, "entry", 26, 1, 65536), -EINVAL);
    assert_int_equal(sim_pulses(ROOM, "exit", "01"), -ENOENT);
    assert_int_equal(sim_pulses(ROOM, "entry", ""), -EINVAL);
    assert_int_equal(sim_pulses(ROOM, "entry", "01x"), -EINVAL);
    assert_int_equal(
        sim_pulses(ROOM, "entry", "00000000000000000000000000000000000000000000000000000000000000000"),
        -EINVAL);
}

static void test_worlds_that_cannot_be_built(void **state)
{
    (void)state;
    struct config_sensor two[2] = { sensors[0], sensors[2] };
    struct config_room room = { .id = ROOM, .sensors = two, .n_sensors = 2 };
    const struct config bad = { .buses = buses, .n_buses = 2, .rooms = &room, .n_rooms = 1 };
    strcpy(two[0].driver, "scd4x");
    assert_int_equal(sim_build(&bad), -ENOTSUP);
    two[0] = sensors[0];
    two[1] = sensors[0];
    assert_int_equal(sim_build(&bad), -EADDRINUSE);
    two[0] = sensors[2];
    two[1] = sensors[2];
    assert_int_equal(sim_build(&bad), -EEXIST);
    assert_int_equal(sim_line(ROOM, "smoke", SIM_CONTACT_OPEN), -ENOENT); // nothing is left of it
    assert_int_equal(sim_build(&config), 0);
    assert_int_equal(sim_build(&config), 0); // again: a new world
}

// --- Threads ------------------------------------------------------------------------------------

#define TURNS 2000

struct counts {
    unsigned edges;
    bool lost;
};

static void *toggle_contacts(void *user)
{
    const char *id = user;
    for (unsigned i = 0; i < TURNS; i++)
        sim_line(ROOM, id, i % 2 ? SIM_CONTACT_INACTIVE : SIM_CONTACT_ACTIVE);
    return NULL;
}

static void *talk_to_chips(void *user)
{
    struct i2c_bus *bus;
    (void)user;
    if (i2c_open(adapter, &bus) < 0)
        return NULL;
    for (unsigned i = 0; i < TURNS; i++) {
        const uint8_t data_ready[2] = { 0xE4, 0xB8 };
        uint8_t bytes[3];
        i2c_write(bus, 0x62, data_ready, 2);
        wait_ms(1);
        i2c_read(bus, 0x62, bytes, 3);
    }
    i2c_close(bus);
    return NULL;
}

static void *change_the_air(void *user)
{
    (void)user;
    for (int32_t i = 0; i < TURNS; i++) {
        bool high;
        uint64_t changed_ns;
        sim_set(ROOM, "air", QUANTITY_CO2, 400 + i);
        sim_fault(ROOM, "air", i % 3 == 0 ? SIM_FAULT_HANG : i % 3 == 1 ? SIM_FAULT_CRC : SIM_FAULT_NONE);
        sim_output(ROOM, "siren", &high, &changed_ns);
        sim_pulses(ROOM, "entry", "0101");
    }
    sim_fault(ROOM, "air", SIM_FAULT_NONE);
    return NULL;
}

// Every edge arrives or is said to be lost, each line's alternate, and their stamps never go back.
static void drain(struct gpio_lines *lines, struct counts *counts, bool *last, uint64_t *last_ns)
{
    struct gpio_edge edges[16];
    bool lost = false;
    int n;
    while ((n = gpio_read_edges(lines, edges, 16, &lost)) > 0) {
        counts->lost |= lost;
        for (int i = 0; i < n; i++) {
            if (!counts->lost)
                assert_int_equal(edges[i].level, !last[edges[i].line]);
            last[edges[i].line] = edges[i].level;
            assert_true(edges[i].boottime_ns >= *last_ns);
            *last_ns = edges[i].boottime_ns;
            counts->edges++;
        }
    }
    assert_int_equal(n, 0);
}

static void test_many_threads(void **state)
{
    (void)state;
    static char smoke[] = "smoke", door[] = "door";
    static const char *const names[2] = { "GPIO17", "GPIO27" };
    void *(*const work[4])(void *) = { toggle_contacts, toggle_contacts, talk_to_chips, change_the_air };
    void *const users[4] = { smoke, door, NULL, NULL };
    pthread_t threads[4];
    struct gpio_lines *lines, *siren;
    struct counts counts = { 0 };
    bool last[2] = { false, true };
    uint64_t last_ns = 0;
    assert_int_equal(gpio_request_inputs(names, 2, BIAS_PULL_UP, &lines), 0);
    assert_int_equal(gpio_request_output("GPIO22", false, &siren), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work[i], users[i]), 0);
    for (unsigned i = 0; i < TURNS; i++) {
        assert_int_equal(gpio_set(siren, i % 2), 0);
        drain(lines, &counts, last, &last_ns);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    drain(lines, &counts, last, &last_ns);
    assert_true(counts.edges == 2 * TURNS || (counts.lost && counts.edges < 2 * TURNS));
    assert_false(last[0]); // both ended inactive
    assert_true(last[1]);
    gpio_release(siren);
    gpio_release(lines);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_contact_levels),
        TEST(test_bias_of_the_request_counts),
        TEST(test_contact_driver_agrees),
        TEST(test_edges_are_stamped_where_they_happen),
        TEST(test_edges_before_the_request_are_not_delivered),
        TEST(test_edges_of_two_lines_are_in_order),
        TEST(test_overflow_drops_the_oldest_and_says_so),
        TEST(test_request_errors),
        TEST(test_lines_gone),
        TEST(test_list),
        TEST(test_outputs),
        TEST(test_badges),
        TEST(test_both_edges_of_a_pulse),
        TEST(test_reader_takes_the_card),
        TEST(test_cable_carries_one_frame_at_a_time),
        TEST(test_chips_answer_on_their_buses),
        TEST(test_sets_what_the_chip_says),
        TEST(test_no_such_thing),
        TEST(test_worlds_that_cannot_be_built),
        TEST(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
