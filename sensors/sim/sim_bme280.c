// Bosch BME280 as its data sheet describes it: identity, reset, coefficients, one measurement at a time. The
// values of its converters are found by looking for those that the data sheet's formulas in floating point
// make the air's of.
#include <errno.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "sensors/sim/chip.h"

#define RESET_NS         (2 * NS_PER_MS)
#define MEASURE_NS       9300000
#define ID               0xd0
#define RESET            0xe0
#define HUMIDITY_CONTROL 0xf2
#define STATUS           0xf3
#define CONTROL          0xf4
#define CONFIGURATION    0xf5
#define RESULTS          0xf7
#define FIRST            0x80

// Temperature and pressure: the data sheet's example. Humidity: of a part as they are sold.
static const double t[] = { 0, 27504, 26435, -1000 };
static const double p[] = { 0, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000 };
static const double h[] = { 0, 75, 362, 0, 313, 50, 30 };

struct bme280 {
    bool stuck;
    uint8_t number;           // of the register that the next read is about
    uint8_t registers[0x80];  // from FIRST
    uint8_t humidity_control; // as it takes effect
    uint64_t up_ns, done_ns;  // the reset, the measurement is over
    int32_t air[QUANTITY_COUNT];
};
_Static_assert(sizeof(struct bme280) <= SIM_CHIP_STATE_MAX, "the state of a BME280 fits");

static uint8_t *at(struct bme280 *chip, uint8_t number)
{
    return &chip->registers[number - FIRST];
}

// ---- The data sheet's formulas

static double t_fine(double adc)
{
    double linear = (adc / 16384 - t[1] / 1024) * t[2];
    double from_t1 = adc / 131072 - t[1] / 8192;
    return linear + from_t1 * from_t1 * t[3];
}

static double pressure_pa(double adc, double fine)
{
    double x = fine / 2 - 64000;
    double y = x * x * p[6] / 32768 + x * p[5] * 2;
    y = y / 4 + p[4] * 65536;
    x = (p[3] * x * x / 524288 + p[2] * x) / 524288;
    x = (1 + x / 32768) * p[1];
    double pa = (1048576 - adc - y / 4096) * 6250 / x;
    return pa + (p[9] * pa * pa / 2147483648.0 + pa * p[8] / 32768 + p[7]) / 16;
}

static double humidity_pct(double adc, double fine)
{
    double x = fine - 76800;
    double pct = (adc - (h[4] * 64 + h[5] / 16384 * x)) *
                 (h[2] / 65536 * (1 + h[6] / 67108864 * x * (1 + h[3] / 67108864 * x)));
    return pct * (1 - h[1] * pct / 524288);
}

// The adc of so many bits that comes nearest from below, for a formula that rises or falls with it.
static uint32_t look_for(double wanted, double (*formula)(double adc, double fine), double fine,
                         unsigned bits)
{
    uint32_t low = 0, high = (1u << bits) - 1;
    bool rises = formula(high, fine) > formula(low, fine);
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (rises ? formula(middle, fine) <= wanted : formula(middle, fine) >= wanted)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static double temperature_c(double adc, double fine)
{
    (void)fine;
    return t_fine(adc) / 5120;
}

// ---- The chip

static void put16(uint8_t *bytes, double value)
{
    bytes[0] = (uint8_t)(int)value;
    bytes[1] = (uint8_t)((int)value >> 8);
}

static void put20(uint8_t *bytes, uint32_t adc)
{
    bytes[0] = (uint8_t)(adc >> 12);
    bytes[1] = (uint8_t)(adc >> 4);
    bytes[2] = (uint8_t)(adc << 4);
}

static void reset(struct bme280 *chip, uint64_t now_ns)
{
    memset(chip->registers, 0, sizeof(chip->registers));
    *at(chip, ID) = 0x60;
    for (unsigned i = 1; i <= 3; i++)
        put16(at(chip, (uint8_t)(0x86 + 2 * i)), t[i]);
    for (unsigned i = 1; i <= 9; i++)
        put16(at(chip, (uint8_t)(0x8c + 2 * i)), p[i]);
    *at(chip, 0xa1) = (uint8_t)h[1];
    put16(at(chip, 0xe1), h[2]);
    *at(chip, 0xe3) = (uint8_t)h[3];
    *at(chip, 0xe4) = (uint8_t)((int)h[4] >> 4);
    *at(chip, 0xe5) = (uint8_t)(((int)h[4] & 0x0f) | ((int)h[5] & 0x0f) << 4);
    *at(chip, 0xe6) = (uint8_t)((int)h[5] >> 4);
    *at(chip, 0xe7) = (uint8_t)h[6];
    put20(at(chip, RESULTS), 0x80000); // nothing measured yet
    put20(at(chip, RESULTS + 3), 0x80000);
    *at(chip, RESULTS + 6) = 0x80;
    chip->humidity_control = 0;
    chip->up_ns = now_ns + RESET_NS;
    chip->done_ns = 0;
}

static void measure(struct bme280 *chip)
{
    uint32_t adc_t = look_for(chip->air[QUANTITY_TEMPERATURE] / 1000.0, temperature_c, 0, 20);
    double fine = t_fine(adc_t);
    uint32_t adc_h = look_for(chip->air[QUANTITY_HUMIDITY] / 1000.0, humidity_pct, fine, 16);
    put20(at(chip, RESULTS), look_for(chip->air[QUANTITY_PRESSURE], pressure_pa, fine, 20));
    put20(at(chip, RESULTS + 3), adc_t);
    if (chip->humidity_control != 0) {
        *at(chip, RESULTS + 6) = (uint8_t)(adc_h >> 8);
        *at(chip, RESULTS + 7) = (uint8_t)adc_h;
    }
}

static void catch_up(struct bme280 *chip, uint64_t now_ns)
{
    bool done = chip->done_ns != 0 && now_ns >= chip->done_ns && !chip->stuck;
    if (done) {
        measure(chip);
        chip->done_ns = 0;
        *at(chip, CONTROL) &= 0xfc; // asleep again
    }
    *at(chip, STATUS) = chip->done_ns != 0 ? 0x08 : now_ns < chip->up_ns ? 0x01 : 0;
}

static void bme280_init(void *state, const struct sim_model *model, uint16_t number)
{
    (void)model;
    (void)number;
    struct bme280 *chip = state;
    reset(chip, 0);
    chip->up_ns = 0;
    chip->air[QUANTITY_TEMPERATURE] = 22000;
    chip->air[QUANTITY_HUMIDITY] = 45000;
    chip->air[QUANTITY_PRESSURE] = 101325;
}

static void bme280_power_on(void *state, uint64_t now_ns)
{
    reset(state, now_ns);
}

static void bme280_set(void *state, enum quantity quantity, int32_t value, uint64_t now_ns)
{
    struct bme280 *chip = state;
    catch_up(chip, now_ns);
    chip->air[quantity] = value;
}

static void bme280_stick(void *state, bool stuck, uint64_t now_ns)
{
    struct bme280 *chip = state;
    catch_up(chip, now_ns);
    chip->stuck = stuck;
}

static void write_register(struct bme280 *chip, uint8_t number, uint8_t byte, uint64_t now_ns)
{
    if (number == RESET && byte == 0xb6)
        reset(chip, now_ns);
    if (number != HUMIDITY_CONTROL && number != CONTROL && number != CONFIGURATION)
        return;
    *at(chip, number) = byte;
    if (number == CONTROL) {
        chip->humidity_control = *at(chip, HUMIDITY_CONTROL);
        if ((byte & 3) == 1 || (byte & 3) == 2) // forced
            chip->done_ns = now_ns + MEASURE_NS;
    }
}

// The number of a register alone, or pairs of number and byte.
static int bme280_write(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
    struct bme280 *chip = state;
    catch_up(chip, now_ns);
    if (now_ns < chip->up_ns)
        return -EREMOTEIO;
    if (length == 1)
        chip->number = bytes[0];
    for (size_t i = 0; i + 1 < length; i += 2)
        write_register(chip, bytes[i], bytes[i + 1], now_ns);
    return 0;
}

static int bme280_read(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    struct bme280 *chip = state;
    catch_up(chip, now_ns);
    if (now_ns < chip->up_ns)
        return -EREMOTEIO;
    for (size_t i = 0; i < length; i++) {
        size_t number = chip->number + i;
        ret_bytes[i] = number >= FIRST && number <= 0xff ? *at(chip, (uint8_t)number) : 0;
    }
    return 0;
}

const struct sim_model sim_bme280 = {
    .driver = "bme280",
    .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY) |
                  QUANTITY_BIT(QUANTITY_PRESSURE),
    .plain = true,
    .init = bme280_init,
    .power_on = bme280_power_on,
    .write = bme280_write,
    .read = bme280_read,
    .set = bme280_set,
    .stick = bme280_stick,
};
