// Who is at an address: chips that answer rightly, wrongly and not at all, and what is sent to them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sensors/driver.h"
#include "sensors/probe.h"
#include "sensors/reader.h"
#include "sensors/sim/bus.h"
#include "sensors/sim/chip.h"

#define ADAPTER "/dev/i2c-test"

// A chip that notes what is written to it and answers each question from a list.
struct chip {
    uint8_t written[8];
    size_t n_written;
    unsigned writes, reads;
    uint8_t answers[2][6]; // one a question
    bool deaf;             // takes a question, and has nothing to read
};

static int transfer(void *user, const struct i2c_message *message)
{
    struct chip *chip = user;
    if (!message->read) {
        assert_true(message->length <= sizeof chip->written);
        memcpy(chip->written, message->bytes, message->length);
        chip->n_written = message->length;
        chip->writes++;
        return 0;
    }
    chip->reads++;
    if (chip->deaf) {
        return -EREMOTEIO;
    }
    assert_true(message->length <= sizeof chip->answers[0]);
    memcpy(message->bytes, chip->answers[chip->writes > 1], message->length);
    return 0;
}

static int ask(const char *part, uint8_t address, struct chip *chip)
{
    struct i2c_bus *bus;
    assert_int_equal(i2c_open(ADAPTER, &bus), 0);
    if (chip) {
        assert_int_equal(sim_bus_attach(ADAPTER, address, transfer, chip), 0);
    }
    int r = probe_part(part, bus, address);
    i2c_close(bus);
    sim_bus_detach_all();
    return r;
}

static void every_part_on_a_bus_has_its_row(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; driver_at(i); i++) {
        if (driver_at(i)->info.bus == PART_I2C && ++n && !probe_known(driver_at(i)->info.name)) {
            fail_msg("sensors/drivers/probe.c does not say how %s is recognised", driver_at(i)->info.name);
        }
    }
    for (size_t i = 0; reader_at(i); i++) {
        if (reader_at(i)->info.bus == PART_I2C && !probe_known(reader_at(i)->info.name)) {
            fail_msg("sensors/drivers/probe.c does not say how %s is recognised", reader_at(i)->info.name);
        }
    }
    assert_true(n >= 3);
    assert_false(probe_known("contact"));
}

// Part, address, what is written, and an answer that is its own; a damaged one is another's.
static void right_and_wrong_answers(void **state)
{
    (void)state;
    static const struct {
        const char *part;
        uint8_t address, ask[2], n_ask, answer[6], wrong;
    } rows[] = {
        // Words with the CRC of Sensirion's examples: 0xbeef 0x92
        { "scd41", 0x62, { 0xe4, 0xb8 }, 2, { 0xbe, 0xef, 0x92 }, 2 },
        { "scd30", 0x61, { 0xd1, 0x00 }, 2, { 0xbe, 0xef, 0x92 }, 2 },
        { "sps30", 0x69, { 0xd1, 0x00 }, 2, { 0xbe, 0xef, 0x92 }, 0 },
        { "sht3x", 0x44, { 0xf3, 0x2d }, 2, { 0xbe, 0xef, 0x92 }, 1 },
        { "sht4x", 0x44, { 0x89 }, 1, { 0xbe, 0xef, 0x92, 0xbe, 0xef, 0x92 }, 5 },
        { "bme280", 0x76, { 0xd0 }, 1, { 0x60 }, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct chip chip = { .n_written = 0 };
        memcpy(chip.answers[0], rows[i].answer, sizeof rows[i].answer);
        assert_int_equal(ask(rows[i].part, rows[i].address, &chip), 0);
        assert_int_equal(chip.writes, 1);
        assert_int_equal(chip.n_written, rows[i].n_ask);
        assert_memory_equal(chip.written, rows[i].ask, rows[i].n_ask);

        chip = (struct chip){ .n_written = 0 };
        memcpy(chip.answers[0], rows[i].answer, sizeof rows[i].answer);
        chip.answers[0][rows[i].wrong] ^= 0x04;
        assert_int_equal(ask(rows[i].part, rows[i].address, &chip), -EPROTOTYPE);
        chip = (struct chip){ .n_written = 0 };
        memset(chip.answers, 0xff, sizeof chip.answers); // nobody pulls the line
        assert_int_equal(ask(rows[i].part, rows[i].address, &chip), -EPROTOTYPE);
        chip = (struct chip){ .n_written = 0 };
        assert_int_equal(ask(rows[i].part, rows[i].address, &chip), -EPROTOTYPE);
        assert_int_equal(ask(rows[i].part, rows[i].address, NULL), -EREMOTEIO);
    }
}

static void two_questions_need_two_answers(void **state)
{
    (void)state;
    struct chip chip = { .answers = { { 0x00, 0x54 }, { 0x04, 0x01 } } };
    assert_int_equal(ask("mcp9808", 0x18, &chip), 0);
    assert_int_equal(chip.writes, 2);
    chip = (struct chip){ .answers = { { 0x00, 0x54 }, { 0x22, 0x01 } } }; // another chip of Microchip's
    assert_int_equal(ask("mcp9808", 0x18, &chip), -EPROTOTYPE);
    chip = (struct chip){ .answers = { { 0x00, 0x53 }, { 0x04, 0x01 } } };
    assert_int_equal(ask("mcp9808", 0x18, &chip), -EPROTOTYPE);
}

static void a_chip_that_only_takes_the_question_is_another(void **state)
{
    (void)state;
    struct chip chip = { .deaf = true };
    assert_int_equal(ask("scd41", 0x62, &chip), -EPROTOTYPE);
}

// An expander of outputs may be there instead.
static void parts_without_identity_are_sent_nothing(void **state)
{
    (void)state;
    static const char *const parts[] = { "lm75",           "tmp102", "ads1115-loop",
                                         "ads1115-analog", "pn532",  "unheard-of" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct chip chip = { .n_written = 0 };
        assert_int_equal(ask(parts[i], 0x24, &chip), -ENOTSUP);
        assert_int_equal(chip.writes + chip.reads, 0);
    }
    struct chip chip = { .n_written = 0 };
    struct i2c_bus *bus;
    assert_int_equal(sim_bus_attach(ADAPTER, 0x24, transfer, &chip), 0);
    assert_int_equal(i2c_open(ADAPTER, &bus), 0);
    assert_int_equal(probe_anybody(bus, 0x24), 0);
    assert_int_equal(probe_anybody(bus, 0x25), -EREMOTEIO);
    assert_int_equal(chip.writes, 0);
    assert_int_equal(chip.reads, 1);
    i2c_close(bus);
    sim_bus_detach_all();
}

// The models that answer byte by byte, one of them in the middle of its measurements.
static void simulated_parts_are_recognised(void **state)
{
    (void)state;
    struct sim_chip co2 = { .fault = SIM_FAULT_NONE }, climate = { .fault = SIM_FAULT_NONE };
    struct i2c_bus *bus;
    static const uint8_t start[] = { 0x21, 0xb1 };
    assert_int_equal(sim_chip_attach(&co2, sim_model_find("scd41"), ADAPTER, 0x62, 1), 0);
    assert_int_equal(sim_chip_attach(&climate, sim_model_find("sht4x"), ADAPTER, 0x44, 2), 0);
    assert_int_equal(i2c_open(ADAPTER, &bus), 0);
    assert_int_equal(probe_part("scd41", bus, 0x62), 0);
    assert_int_equal(i2c_write(bus, 0x62, start, sizeof start), 0);
    assert_int_equal(probe_part("scd41", bus, 0x62), 0); // a serial number would not be given now
    assert_int_equal(probe_part("sht4x", bus, 0x44), 0);
    assert_int_equal(probe_part("sht3x", bus, 0x44), -EREMOTEIO);
    assert_int_equal(sim_chip_fault(&climate, SIM_FAULT_CRC), 0);
    assert_int_equal(probe_part("sht4x", bus, 0x44), -EPROTOTYPE);
    i2c_close(bus);
    sim_bus_detach_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_on_a_bus_has_its_row),
        cmocka_unit_test(right_and_wrong_answers),
        cmocka_unit_test(two_questions_need_two_answers),
        cmocka_unit_test(a_chip_that_only_takes_the_question_is_another),
        cmocka_unit_test(parts_without_identity_are_sent_nothing),
        cmocka_unit_test(simulated_parts_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
