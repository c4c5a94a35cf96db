// The simulated chips, held against the data sheets' bytes and times, with a clock of the test's own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "sensors/driver.h"
#include "sensors/sim/bus.h"
#include "sensors/sim/chip.h"
#include "sensors/sim/sim_clock.h"
#include "sensors/sim/words.h"

#define PATH       "/dev/i2c-7"
#define OTHER_PATH "/dev/i2c-8"
#define SCD        0x62
#define SHT        0x44

static _Atomic uint64_t clock_ns;
static struct i2c_bus *bus;
static struct sim_chip scd, sht;

static uint64_t test_now(void)
{
    return atomic_load(&clock_ns);
}

static void wait_us(uint64_t us)
{
    atomic_fetch_add(&clock_ns, us * 1000);
}

static void wait_ms(uint64_t ms)
{
    wait_us(ms * 1000);
}

static int setup(void **state)
{
    (void)state;
    atomic_store(&clock_ns, 1000 * NS_PER_S);
    sim_clock_fake(test_now);
    sim_bus_set_timeout_ms(600000); // so that no test depends on how busy the machine is
    assert_int_equal(sim_chip_attach(&scd, &sim_scd41, PATH, SCD, 0), 0);
    assert_int_equal(sim_chip_attach(&sht, &sim_sht4x, PATH, SHT, 7), 0);
    return i2c_open(PATH, &bus);
}

static int teardown(void **state)
{
    (void)state;
    i2c_close(bus);
    sim_bus_detach_all();
    sim_bus_set_timeout_ms(1000);
    sim_clock_fake(NULL);
    return 0;
}

static int write_bytes(uint8_t address, size_t length, const uint8_t *bytes)
{
    return i2c_write(bus, address, bytes, length);
}

#define BYTES(...)                                                                                           \
    sizeof((const uint8_t[]){ __VA_ARGS__ }), (const uint8_t[])                                              \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
#define SEND(address, ...) write_bytes(address, BYTES(__VA_ARGS__))

static void expect_read(uint8_t address, size_t length, const uint8_t *expected)
{
    uint8_t bytes[32];
    assert_true(length <= sizeof(bytes));
    memset(bytes, 0x55, sizeof(bytes));
    assert_int_equal(i2c_read(bus, address, bytes, length), 0);
    assert_memory_equal(bytes, expected, length);
}

#define EXPECT(address, ...) expect_read(address, BYTES(__VA_ARGS__))

static void expect_no_read(uint8_t address)
{
    uint8_t bytes[9];
    assert_int_equal(i2c_read(bus, address, bytes, sizeof(bytes)), -EREMOTEIO);
}

static void start_measuring(void)
{
    assert_int_equal(SEND(SCD, 0x21, 0xB1), 0);
}

static bool is_ready(void)
{
    uint8_t bytes[3];
    assert_int_equal(SEND(SCD, 0xE4, 0xB8), 0);
    wait_ms(1);
    assert_int_equal(i2c_read(bus, SCD, bytes, 3), 0);
    return ((bytes[0] << 8 | bytes[1]) & 0x07FF) != 0;
}

static unsigned read_co2(void)
{
    uint8_t bytes[9];
    assert_int_equal(SEND(SCD, 0xEC, 0x05), 0);
    wait_ms(1);
    assert_int_equal(i2c_read(bus, SCD, bytes, 9), 0);
    return (unsigned)(bytes[0] << 8 | bytes[1]);
}

static void set_room(int32_t co2_ppm, int32_t temp_mc, int32_t rh_mpct)
{
    assert_int_equal(sim_chip_set(&scd, QUANTITY_CO2, co2_ppm), 0);
    assert_int_equal(sim_chip_set(&scd, QUANTITY_TEMPERATURE, temp_mc), 0);
    assert_int_equal(sim_chip_set(&scd, QUANTITY_HUMIDITY, rh_mpct), 0);
}

// --- Words --------------------------------------------------------------------------------------

static void test_crc(void **state)
{
    (void)state;
    static const struct {
        uint16_t word;
        uint8_t crc;
    } rows[] = {
        { 0xBEEF, 0x92 }, { 0x0000, 0x81 }, { 0x0001, 0xB0 }, { 0xFFFF, 0xAC }, { 0x01E0, 0xB4 },
        { 0x8006, 0x04 }, { 0x01F4, 0x33 }, { 0x6667, 0xA2 }, { 0x5EB9, 0x3C }, { 0x8000, 0xA2 },
        { 0x7FCE, 0x7B }, { 0x0190, 0x4C }, { 0x6666, 0x93 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const uint8_t bytes[3] = { (uint8_t)(rows[i].word >> 8), (uint8_t)rows[i].word, rows[i].crc };
        uint16_t word = 0;
        assert_int_equal(sim_crc(bytes), rows[i].crc);
        assert_true(sim_word_take(bytes, &word));
        assert_int_equal(word, rows[i].word);
    }
}

// --- SCD4x --------------------------------------------------------------------------------------

static void test_scd_data_sheet_measurement(void **state)
{
    (void)state;
    set_room(500, 25003, 37002);
    start_measuring();
    assert_int_equal(SEND(SCD, 0xE4, 0xB8), 0);
    wait_ms(1);
    EXPECT(SCD, 0x80, 0x00, 0xA2);
    wait_ms(4999);
    assert_int_equal(SEND(SCD, 0xE4, 0xB8), 0);
    wait_ms(1);
    EXPECT(SCD, 0x80, 0x06, 0x04);
    assert_int_equal(SEND(SCD, 0xEC, 0x05), 0);
    wait_ms(1);
    EXPECT(SCD, 0x01, 0xF4, 0x33, 0x66, 0x67, 0xA2, 0x5E, 0xB9, 0x3C);
}

static void test_scd_buffer_is_emptied_by_reading(void **state)
{
    (void)state;
    start_measuring();
    wait_ms(4998);
    assert_false(is_ready()); // 4999 ms now
    wait_ms(1);
    assert_true(is_ready());
    assert_int_equal(read_co2(), 600);
    assert_false(is_ready());
    assert_int_equal(SEND(SCD, 0xEC, 0x05), 0);
    wait_ms(1);
    expect_no_read(SCD);
    wait_ms(5000);
    assert_true(is_ready());
}

// What was measured is what the air was like then, not when it is read.
static void test_scd_sample_is_of_its_moment(void **state)
{
    (void)state;
    set_room(700, 21000, 40000);
    start_measuring();
    wait_ms(5000);
    set_room(2000, 21000, 40000);
    assert_int_equal(read_co2(), 700);
    wait_ms(5000);
    assert_int_equal(read_co2(), 2000);
}

static void test_scd_low_power_measures_every_30_s(void **state)
{
    (void)state;
    assert_int_equal(SEND(SCD, 0x21, 0xAC), 0);
    wait_ms(29990);
    assert_false(is_ready());
    wait_ms(10);
    assert_true(is_ready());
}

static void test_scd_busy_while_executing(void **state)
{
    (void)state;
    start_measuring();
    assert_int_equal(SEND(SCD, 0x3F, 0x86), 0);
    wait_us(499999);
    assert_int_equal(SEND(SCD, 0x36, 0x82), -EREMOTEIO);
    wait_us(1);
    assert_int_equal(SEND(SCD, 0x36, 0x82), 0);
    wait_us(999);
    expect_no_read(SCD);
    wait_us(1);
    EXPECT(SCD, 0xF8, 0x96, 0x31, 0x9F, 0x07, 0xC2, 0x3B, 0xBE, 0x89); // the data sheet's own serial number
    expect_no_read(SCD);                                               // an answer is read once
}

static void test_scd_no_repeated_start(void **state)
{
    (void)state;
    uint8_t command[2] = { 0x36, 0x82 }, bytes[9];
    const struct i2c_message messages[2] = {
        { .address = SCD, .bytes = command, .length = 2 },
        { .address = SCD, .read = true, .bytes = bytes, .length = 9 },
    };
    assert_int_equal(i2c_transfer(bus, messages, 2), -EREMOTEIO);
}

static void test_scd_refuses_settings_while_measuring(void **state)
{
    (void)state;
    static const uint16_t refused[] = { 0x21B1, 0x21AC, 0x2318, 0x2322, 0x2313, 0x3615, 0x3682,
                                        0x3639, 0x3632, 0x3646, 0x202F, 0x219D, 0x2196, 0x36E0 };
    start_measuring();
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(SEND(SCD, (uint8_t)(refused[i] >> 8), (uint8_t)refused[i]), -EREMOTEIO);
    assert_int_equal(SEND(SCD, 0x24, 0x16, 0x00, 0x00, 0x81), -EREMOTEIO);
    assert_int_equal(SEND(SCD, 0x36, 0x2F, 0x01, 0xE0, 0xB4), -EREMOTEIO);
    assert_int_equal(SEND(SCD, 0xE0, 0x00, 0x01, 0xF4, 0x33), 0); // the pressure may be told at any time
    wait_ms(1);
    assert_int_equal(SEND(SCD, 0xE0, 0x00), 0);
    wait_ms(1);
    EXPECT(SCD, 0x01, 0xF4, 0x33);
}

static void test_scd_settings(void **state)
{
    (void)state;
    assert_int_equal(SEND(SCD, 0x23, 0x13), 0);
    wait_ms(1);
    EXPECT(SCD, 0x00, 0x01, 0xB0); // on, as delivered
    assert_int_equal(SEND(SCD, 0x24, 0x16, 0x00, 0x00, 0x81), 0);
    wait_ms(1);
    assert_int_equal(SEND(SCD, 0x23, 0x13), 0);
    wait_ms(1);
    EXPECT(SCD, 0x00, 0x00, 0x81);
    assert_int_equal(SEND(SCD, 0x24, 0x27, 0x01, 0xF4, 0x33), 0);
    wait_ms(1);
    assert_int_equal(SEND(SCD, 0x23, 0x22), 0);
    wait_ms(1);
    EXPECT(SCD, 0x01, 0xF4, 0x33);
    assert_int_equal(SEND(SCD, 0x23, 0x3F), 0);
    wait_ms(1);
    EXPECT(SCD, 0x01, 0x90, 0x4C); // self-calibration's target of 400 ppm
}

static void test_scd_discards_a_damaged_write(void **state)
{
    (void)state;
    assert_int_equal(SEND(SCD, 0x24, 0x27, 0x01, 0xF4, 0x32), 0);
    assert_int_equal(SEND(SCD, 0x23, 0x22), 0);
    wait_ms(1);
    EXPECT(SCD, 0x00, 0x00, 0x81);
}

static void set_altitude_500(void)
{
    assert_int_equal(SEND(SCD, 0x24, 0x27, 0x01, 0xF4, 0x33), 0);
    wait_ms(1);
}

static void expect_altitude(size_t length, const uint8_t *expected)
{
    assert_int_equal(SEND(SCD, 0x23, 0x22), 0);
    wait_ms(1);
    expect_read(SCD, length, expected);
}

static void test_scd_eeprom(void **state)
{
    (void)state;
    set_altitude_500();
    assert_int_equal(SEND(SCD, 0x36, 0x46), 0); // reinit: back to the EEPROM
    wait_ms(29);
    assert_int_equal(SEND(SCD, 0x23, 0x22), -EREMOTEIO);
    wait_ms(1);
    expect_altitude(BYTES(0x00, 0x00, 0x81));
    set_altitude_500();
    assert_int_equal(SEND(SCD, 0x36, 0x15), 0); // persist
    wait_ms(800);
    assert_int_equal(SEND(SCD, 0x36, 0x46), 0);
    wait_ms(30);
    expect_altitude(BYTES(0x01, 0xF4, 0x33));
    assert_int_equal(SEND(SCD, 0x36, 0x32), 0); // factory reset
    wait_ms(1199);
    assert_int_equal(SEND(SCD, 0x23, 0x22), -EREMOTEIO);
    wait_ms(1);
    expect_altitude(BYTES(0x00, 0x00, 0x81));
}

static void test_scd_self_test_takes_10_s(void **state)
{
    (void)state;
    assert_int_equal(SEND(SCD, 0x36, 0x39), 0);
    wait_ms(9999);
    expect_no_read(SCD);
    wait_ms(1);
    EXPECT(SCD, 0x00, 0x00, 0x81);
}

static void test_scd_forced_recalibration(void **state)
{
    (void)state;
    assert_int_equal(SEND(SCD, 0x36, 0x2F, 0x01, 0xE0, 0xB4), 0);
    wait_ms(400);
    EXPECT(SCD, 0xFF, 0xFF, 0xAC); // it has not been operated
    set_room(530, 21000, 40000);
    start_measuring();
    wait_ms(180000);
    assert_int_equal(read_co2(), 530);
    assert_int_equal(SEND(SCD, 0x3F, 0x86), 0);
    wait_ms(500);
    assert_int_equal(SEND(SCD, 0x36, 0x2F, 0x01, 0xE0, 0xB4), 0);
    wait_ms(399);
    expect_no_read(SCD);
    wait_ms(1);
    EXPECT(SCD, 0x7F, 0xCE, 0x7B); // -50 ppm
    start_measuring();
    wait_ms(5000);
    assert_int_equal(read_co2(), 480);
}

static void test_scd_single_shot_and_sleep(void **state)
{
    (void)state;
    assert_int_equal(SEND(SCD, 0x21, 0x9D), 0);
    wait_ms(4999);
    assert_int_equal(SEND(SCD, 0xE4, 0xB8), -EREMOTEIO);
    wait_ms(1);
    assert_true(is_ready());
    assert_int_equal(read_co2(), 600);
    assert_int_equal(SEND(SCD, 0x21, 0x96), 0); // temperature and humidity alone
    wait_ms(50);
    assert_int_equal(read_co2(), 0);
    assert_int_equal(SEND(SCD, 0x36, 0xE0), 0);
    wait_ms(1);
    assert_int_equal(SEND(SCD, 0x36, 0x82), -EREMOTEIO);
    assert_int_equal(SEND(SCD, 0x36, 0xF6), -EREMOTEIO); // wakes up, and never acknowledges that
    wait_ms(30);
    assert_int_equal(SEND(SCD, 0x36, 0x82), 0);
}

static void test_scd40_lacks_what_scd41_has(void **state)
{
    (void)state;
    static struct sim_chip scd40;
    assert_int_equal(sim_chip_attach(&scd40, &sim_scd40, OTHER_PATH, SCD, 0), 0);
    assert_int_equal(SEND(SCD, 0x20, 0x2F), 0);
    wait_ms(1);
    EXPECT(SCD, 0x10, 0x00, sim_crc((const uint8_t[]){ 0x10, 0x00 }));
    i2c_close(bus);
    assert_int_equal(i2c_open(OTHER_PATH, &bus), 0);
    assert_int_equal(SEND(SCD, 0x21, 0x9D), -EREMOTEIO);
    assert_int_equal(SEND(SCD, 0x20, 0x2F), 0);
    wait_ms(1);
    EXPECT(SCD, 0x00, 0x00, 0x81);
}

static void test_scd_reads_broken_off_and_too_long(void **state)
{
    (void)state;
    set_room(500, 25003, 37002);
    start_measuring();
    wait_ms(5000);
    assert_int_equal(SEND(SCD, 0xEC, 0x05), 0);
    wait_ms(1);
    EXPECT(SCD, 0x01, 0xF4, 0x33); // the CO2 word alone
    assert_int_equal(SEND(SCD, 0xE4, 0xB8), 0);
    wait_ms(1);
    EXPECT(SCD, 0x80, 0x00, 0xA2, 0xFF, 0xFF, 0xFF);
}

static void test_scd_nonsense(void **state)
{
    (void)state;
    assert_int_equal(SEND(SCD, 0x12, 0x34), -EREMOTEIO);
    assert_int_equal(SEND(SCD, 0x36, 0x82, 0x00), -EREMOTEIO);
    assert_int_equal(SEND(SCD, 0x24, 0x27), -EREMOTEIO);
    assert_int_equal(SEND(SCD, 0x36), 0);
    expect_no_read(SCD);
    assert_int_equal(SEND(SCD, 0x36, 0x82), 0);
}

// --- SHT4x --------------------------------------------------------------------------------------

static void test_sht_data_sheet_words(void **state)
{
    (void)state;
    assert_int_equal(sim_chip_set(&sht, QUANTITY_TEMPERATURE, 25000), 0);
    assert_int_equal(sim_chip_set(&sht, QUANTITY_HUMIDITY, 56501), 0);
    assert_int_equal(SEND(SHT, 0xFD), 0);
    wait_ms(10);
    EXPECT(SHT, 0x66, 0x66, 0x93, 0x80, 0x00, 0xA2);
    expect_no_read(SHT);
}

static void test_sht_times(void **state)
{
    (void)state;
    static const struct {
        uint8_t code;
        uint32_t us;
    } rows[] = { { 0xFD, 8300 },    { 0xF6, 4500 },   { 0xE0, 1600 },    { 0x39, 1100000 }, { 0x32, 110000 },
                 { 0x2F, 1100000 }, { 0x24, 110000 }, { 0x1E, 1100000 }, { 0x15, 110000 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[6];
        assert_int_equal(SEND(SHT, rows[i].code), 0);
        wait_us(rows[i].us - 1);
        expect_no_read(SHT);
        assert_int_equal(SEND(SHT, 0xFD), -EREMOTEIO);
        wait_us(1);
        assert_int_equal(i2c_read(bus, SHT, bytes, 6), 0);
    }
}

// Every value of its scale comes out as the nearest word.
static void test_sht_scale(void **state)
{
    (void)state;
    for (int32_t temp_mc = -45000; temp_mc <= 130000; temp_mc += 997) {
        uint8_t bytes[6];
        assert_int_equal(sim_chip_set(&sht, QUANTITY_TEMPERATURE, temp_mc), 0);
        assert_int_equal(SEND(SHT, 0xFD), 0);
        wait_ms(10);
        assert_int_equal(i2c_read(bus, SHT, bytes, 6), 0);
        int64_t off = (bytes[0] << 8 | bytes[1]) * INT64_C(175000) - (temp_mc + INT64_C(45000)) * 65535;
        assert_true(2 * (off < 0 ? -off : off) <= 175000); // half a word
    }
}

static void test_sht_serial_reset_and_heater(void **state)
{
    (void)state;
    assert_int_equal(SEND(SHT, 0x89), 0);
    EXPECT(SHT, 0x0F, 0x4E, sim_crc((const uint8_t[]){ 0x0F, 0x4E }), 0x00, 0x07,
           sim_crc((const uint8_t[]){ 0x00, 0x07 }));
    assert_int_equal(SEND(SHT, 0xFD), 0);
    assert_int_equal(SEND(SHT, 0x94), 0); // breaks the measurement off
    wait_us(999);
    assert_int_equal(SEND(SHT, 0xFD), -EREMOTEIO);
    wait_us(1);
    expect_no_read(SHT);
    assert_int_equal(sim_chip_set(&sht, QUANTITY_TEMPERATURE, -35000), 0);
    assert_int_equal(sim_chip_set(&sht, QUANTITY_HUMIDITY, 113002), 0);
    assert_int_equal(SEND(SHT, 0x39), 0);
    wait_ms(1100);
    EXPECT(SHT, 0x66, 0x66, 0x93, 0x80, 0x00, 0xA2); // 60 degrees warmer and half as damp
    assert_int_equal(SEND(SHT, 0x77), -EREMOTEIO);
}

// --- Faults -------------------------------------------------------------------------------------

static void test_nack_loses_the_chips_memory(void **state)
{
    (void)state;
    set_altitude_500();
    start_measuring();
    wait_ms(5000);
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_NACK), 0);
    assert_int_equal(SEND(SCD, 0xE4, 0xB8), -EREMOTEIO);
    expect_no_read(SCD);
    assert_int_equal(SEND(SHT, 0x89), 0); // its neighbour is not touched
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_NONE), 0);
    wait_ms(999);
    assert_int_equal(SEND(SCD, 0xE4, 0xB8), -EREMOTEIO); // starting up
    wait_ms(1);
    assert_false(is_ready());
    wait_ms(6000);
    assert_false(is_ready()); // idle: it has to be started again
    expect_altitude(BYTES(0x00, 0x00, 0x81));
}

static void test_crc_fault_damages_the_last_crc(void **state)
{
    (void)state;
    set_room(500, 25003, 37002);
    start_measuring();
    wait_ms(5000);
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_CRC), 0);
    assert_int_equal(SEND(SCD, 0xEC, 0x05), 0);
    wait_ms(1);
    EXPECT(SCD, 0x01, 0xF4, 0x33, 0x66, 0x67, 0xA2, 0x5E, 0xB9, 0x3D);
    assert_int_equal(SEND(SCD, 0xE4, 0xB8), 0);
    wait_ms(1);
    EXPECT(SCD, 0x80, 0x00, 0xA3);
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_NONE), 0);
    assert_int_equal(SEND(SCD, 0xE4, 0xB8), 0);
    wait_ms(1);
    EXPECT(SCD, 0x80, 0x00, 0xA2);
}

static void test_stuck_measures_no_more(void **state)
{
    (void)state;
    start_measuring();
    wait_ms(5000);
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_STUCK), 0);
    assert_int_equal(sim_chip_fault(&sht, SIM_FAULT_STUCK), 0);
    wait_ms(60000);
    assert_false(is_ready());
    assert_int_equal(SEND(SHT, 0xFD), 0);
    wait_ms(1000);
    expect_no_read(SHT);
    assert_int_equal(SEND(SHT, 0xFD), 0); // it still takes commands
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_NONE), 0);
    assert_int_equal(sim_chip_fault(&sht, SIM_FAULT_NONE), 0);
    assert_false(is_ready());
    wait_ms(5000);
    assert_true(is_ready());
    assert_int_equal(SEND(SHT, 0xFD), 0);
    wait_ms(10);
    uint8_t bytes[6];
    assert_int_equal(i2c_read(bus, SHT, bytes, 6), 0);
}

static void *read_serial_number(void *user)
{
    int *result = user;
    *result = SEND(SHT, 0x89);
    return NULL;
}

static void await_waiting(unsigned n)
{
    for (;;) {
        sim_bus_lock();
        unsigned waiting = sim_bus_waiting();
        sim_bus_unlock();
        if (waiting == n)
            return;
        sched_yield();
    }
}

static void test_hang_times_out(void **state)
{
    (void)state;
    struct i2c_bus *other;
    assert_int_equal(i2c_open(OTHER_PATH, &other), 0);
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_HANG), 0);
    sim_bus_set_timeout_ms(20);
    assert_int_equal(SEND(SHT, 0x89), -ETIMEDOUT); // one chip holds the lines, all of them hang
    assert_int_equal(i2c_write(other, SHT, (const uint8_t[]){ 0x89 }, 1), -EREMOTEIO);
    i2c_close(other);
}

static void test_hang_ends_with_the_fault(void **state)
{
    (void)state;
    pthread_t thread;
    struct i2c_bus *other;
    int result = 1;
    static struct sim_chip neighbour;
    assert_int_equal(sim_chip_attach(&neighbour, &sim_sht4x, OTHER_PATH, SHT, 0), 0);
    assert_int_equal(i2c_open(OTHER_PATH, &other), 0);
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_HANG), 0);
    assert_int_equal(pthread_create(&thread, NULL, read_serial_number, &result), 0);
    await_waiting(1);
    assert_int_equal(i2c_write(other, SHT, (const uint8_t[]){ 0x89 }, 1),
                     0); // other adapters go on meanwhile
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_NONE), 0);
    pthread_join(thread, NULL);
    assert_int_equal(result, 0); // not -ETIMEDOUT: it did not wait for that
    await_waiting(0);
    i2c_close(other);
}

static void test_hang_ends_when_everything_goes(void **state)
{
    (void)state;
    pthread_t thread;
    int result = 1;
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_HANG), 0);
    assert_int_equal(pthread_create(&thread, NULL, read_serial_number, &result), 0);
    await_waiting(1);
    sim_bus_detach_all();
    pthread_join(thread, NULL);
    assert_int_equal(result, -EREMOTEIO);
}

// --- Buses --------------------------------------------------------------------------------------

static int scripted(void *user, const struct i2c_message *message)
{
    unsigned *calls = user;
    assert_int_equal(message->address, 0x10);
    return ++*calls == 2 ? -EIO : 0;
}

static void test_scripted_chip(void **state)
{
    (void)state;
    unsigned calls = 0;
    uint8_t byte = 0;
    const struct i2c_message messages[3] = {
        { .address = 0x10, .bytes = &byte, .length = 1 },
        { .address = 0x10, .read = true, .bytes = &byte, .length = 1 },
        { .address = 0x10, .bytes = &byte, .length = 1 },
    };
    assert_int_equal(sim_bus_attach(PATH, 0x10, scripted, &calls), 0);
    assert_int_equal(sim_bus_attach(PATH, 0x10, scripted, &calls), -EADDRINUSE);
    assert_int_equal(i2c_transfer(bus, messages, 3), -EIO);
    assert_int_equal(calls, 2); // a transfer ends at its first failure
    assert_int_equal(i2c_write(bus, 0x11, &byte, 1), -EREMOTEIO);
}

static int note_path(const char *path, const char *name, void *user)
{
    char *paths = user;
    assert_string_equal(name, "sim");
    strcat(strcat(paths, path), " ");
    return 0;
}

static int stop_at_first(const char *path, const char *name, void *user)
{
    note_path(path, name, user);
    return -ECANCELED;
}

static void test_list(void **state)
{
    (void)state;
    char paths[100] = "", first[100] = "";
    assert_int_equal(sim_bus_add(OTHER_PATH), 0);
    assert_int_equal(sim_bus_add(OTHER_PATH), 0);
    assert_int_equal(i2c_list(note_path, paths), 0);
    assert_string_equal(paths, PATH " " OTHER_PATH " ");
    assert_int_equal(i2c_list(stop_at_first, first), -ECANCELED);
    assert_string_equal(first, PATH " ");
}

static void test_quantities_and_models(void **state)
{
    (void)state;
    assert_int_equal(sim_chip_set(&sht, QUANTITY_CO2, 400), -EINVAL);
    assert_int_equal(sim_chip_set(&scd, QUANTITY_CONTACT, 1), -EINVAL);
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_COUNT), -EINVAL);
    assert_null(sim_model_find("scd4"));
    for (size_t i = 0; driver_at(i); i++) { // every driver of a chip has something to be tried on
        const struct part_info *info = &driver_at(i)->info;
        if (info->bus != PART_I2C)
            continue;
        const struct sim_model *model = sim_model_find(info->name);
        assert_non_null(model);
        assert_int_equal(model->quantities, info->quantities);
    }
}

// The real driver on the simulated chip, through a loss of supply, to readings again.
static unsigned poll_until_co2(const struct driver *driver, void *driver_state, int32_t *ret_co2_ppm)
{
    unsigned failures = 0;
    for (unsigned steps = 0; steps < 500; steps++) {
        struct driver_result result = { .n = 0 };
        if (driver->step(driver_state, bus, test_now(), &result) < 0)
            failures++;
        for (unsigned i = 0; i < result.n; i++)
            if (result.readings[i].quantity == QUANTITY_CO2) {
                *ret_co2_ppm = result.readings[i].value;
                return failures;
            }
        assert_true(result.next_ns >= test_now());
        atomic_store(&clock_ns, result.next_ns);
    }
    fail_msg("no reading after 500 steps, %u failures", failures);
    return failures;
}

static void test_driver_recovers_from_power_loss(void **state)
{
    (void)state;
    _Alignas(16) uint8_t driver_state[DRIVER_STATE_MAX] = { 0 };
    const struct driver *driver = driver_find("scd41");
    const struct config_sensor config = { .id = "air", .driver = "scd41", .address = SCD, .every_ms = 5000 };
    int32_t co2_ppm = 0;
    driver->init(driver_state, &config, test_now());
    assert_int_equal(poll_until_co2(driver, driver_state, &co2_ppm), 0);
    assert_int_equal(co2_ppm, 600);
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_NACK), 0);
    struct driver_result result = { .n = 0 };
    wait_ms(5000);
    assert_int_equal(driver->step(driver_state, bus, test_now(), &result), -EREMOTEIO);
    assert_int_equal(sim_chip_fault(&scd, SIM_FAULT_NONE), 0);
    set_room(1800, 26000, 50000);
    atomic_store(&clock_ns, result.next_ns);
    poll_until_co2(driver, driver_state, &co2_ppm);
    assert_int_equal(co2_ppm, 1800);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_crc),
        TEST(test_scd_data_sheet_measurement),
        TEST(test_scd_buffer_is_emptied_by_reading),
        TEST(test_scd_sample_is_of_its_moment),
        TEST(test_scd_low_power_measures_every_30_s),
        TEST(test_scd_busy_while_executing),
        TEST(test_scd_no_repeated_start),
        TEST(test_scd_refuses_settings_while_measuring),
        TEST(test_scd_settings),
        TEST(test_scd_discards_a_damaged_write),
        TEST(test_scd_eeprom),
        TEST(test_scd_self_test_takes_10_s),
        TEST(test_scd_forced_recalibration),
        TEST(test_scd_single_shot_and_sleep),
        TEST(test_scd40_lacks_what_scd41_has),
        TEST(test_scd_reads_broken_off_and_too_long),
        TEST(test_scd_nonsense),
        TEST(test_sht_data_sheet_words),
        TEST(test_sht_times),
        TEST(test_sht_scale),
        TEST(test_sht_serial_reset_and_heater),
        TEST(test_nack_loses_the_chips_memory),
        TEST(test_crc_fault_damages_the_last_crc),
        TEST(test_stuck_measures_no_more),
        TEST(test_hang_times_out),
        TEST(test_hang_ends_with_the_fault),
        TEST(test_hang_ends_when_everything_goes),
        TEST(test_scripted_chip),
        TEST(test_list),
        TEST(test_quantities_and_models),
        TEST(test_driver_recovers_from_power_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
