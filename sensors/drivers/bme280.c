// Bosch BME280: temperature, humidity, pressure.
//
// It is reset, its coefficients are read, twice, for nothing guards them on their way and they stay for good;
// then one measurement a period, after which it sleeps. The registers that say what was to be measured are
// read back with the result: a chip that lost its supply in between has forgotten them.
//
// The compensation is the data sheet's, in 64-bit integers, with divisions (which round towards 0) where it
// shifts: a unit of t_fine, a thousandth of a pascal. Coefficients that no chip can have must not lead out of
// 64 bits: they are refused.
#include "sensors/drivers/drivers.h"

#include <errno.h>
#include <string.h>

#include "gateway/common/clock.h"

#define ID                0xd0
#define ID_IS             0x60 // BMP280 has 0x58, BME680 0x61
#define RESET             0xe0
#define RESET_WORD        0xb6
#define LOW_COEFFICIENTS  0x88
#define LOW_LENGTH        26
#define HIGH_COEFFICIENTS 0xe1
#define HIGH_LENGTH       7
#define LENGTH            (LOW_LENGTH + HIGH_LENGTH)
#define HUMIDITY_CONTROL  0xf2 // takes effect with the next write to CONTROL
#define CONTROL           0xf4
#define RESULTS           0xf7
#define HUMIDITY_ONCE     0x01 // oversampling x1
#define MEASURE_ONCE      0x25 // temperature and pressure x1, forced
#define MEASURED          0x24 // the same, asleep again
#define COPYING           0x01 // of the status: the coefficients are being loaded
#define MEASURING         0x08
#define RESET_NS          (5 * NS_PER_MS)
#define MEASURE_NS        (15 * NS_PER_MS) // 9.3 ms at most
#define TRIES             3

enum phase { PHASE_RESET, PHASE_READ, PHASE_READ_AGAIN, PHASE_START, PHASE_RESULT };

struct coefficients {
    int64_t t[4], p[10], h[7]; // from 1, as the data sheet counts them
};

struct bme280 {
    enum phase phase;
    uint8_t address;
    uint8_t raw[LENGTH]; // the coefficients as they came
    uint64_t every_ns;
    unsigned tries;    // looks at a chip that is busy
    unsigned failures; // polls failed in a row
};
_Static_assert(sizeof(struct bme280) <= DRIVER_STATE_MAX, "state too big");

static void init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct bme280 *)state = (struct bme280){
        .phase = PHASE_RESET,
        .address = config->address,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

// ---- Compensation

static uint16_t u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[1] << 8 | bytes[0]);
}

static int16_t s16(const uint8_t *bytes)
{
    return (int16_t)u16(bytes);
}

static void unpack(const uint8_t *raw, struct coefficients *ret)
{
    const uint8_t *high = raw + LOW_LENGTH;
    ret->t[1] = u16(raw);
    ret->t[2] = s16(raw + 2);
    ret->t[3] = s16(raw + 4);
    ret->p[1] = u16(raw + 6);
    for (size_t i = 2; i <= 9; i++)
        ret->p[i] = s16(raw + 4 + 2 * i);
    ret->h[1] = raw[LOW_LENGTH - 1];
    ret->h[2] = s16(high);
    ret->h[3] = high[2];
    ret->h[4] = (int8_t)high[3] * 16 + (high[4] & 0x0f);
    ret->h[5] = (int8_t)high[5] * 16 + (high[4] >> 4);
    ret->h[6] = (int8_t)high[6];
}

// Temperature in 1/5120 of a degree, which the other two need.
static int64_t t_fine(const struct coefficients *c, int64_t adc)
{
    int64_t linear = (adc / 8 - c->t[1] * 2) * c->t[2] / 2048;
    int64_t from_t1 = adc / 16 - c->t[1];
    return linear + from_t1 * from_t1 / 4096 * c->t[3] / 16384;
}

// Pressure in 1/256 of a pascal. 0, or -ERANGE where it leaves 64 bits or what any air can have.
static int pressure(const struct coefficients *c, int64_t fine, int64_t adc, int64_t *ret_q8)
{
    int64_t t = fine - 128000;
    int64_t offset = t * t * c->p[6] + t * c->p[5] * (1 << 17) + c->p[4] * (1ll << 35);
    int64_t slope = t * t * c->p[3] / 256 + t * c->p[2] * 4096 + (1ll << 47);
    int64_t value = 1048576 - adc;
    if (__builtin_mul_overflow(slope, c->p[1], &slope) || slope / (1ll << 33) == 0)
        return -ERANGE;
    slope /= 1ll << 33;
    if (__builtin_mul_overflow(value * (1ll << 31) - offset, 3125, &value))
        return -ERANGE;
    value /= slope;
    if (value < 0 || value > 1ll << 35) // 1/65536 of a pascal: beyond 500000
        return -ERANGE;
    int64_t square = c->p[9] * (value / 8192) * (value / 8192) / (1 << 25);
    *ret_q8 = (value + square + c->p[8] * value / (1 << 19)) / 256 + c->p[7] * 16;
    return 0;
}

// Humidity in 1/1024 of a percent, within 0 to 100: the elements' tolerance reaches beyond both.
static int64_t humidity(const struct coefficients *c, int64_t fine, int64_t adc)
{
    int64_t t = fine - 76800;
    int64_t signal = (adc * (1 << 14) - c->h[4] * (1 << 20) - c->h[5] * t + 16384) / 32768;
    int64_t gain = t * c->h[6] / 1024 * (t * c->h[3] / 2048 + 32768) / 1024 + 2097152;
    int64_t value = signal * ((gain * c->h[2] + 8192) / 16384);
    value -= value / 32768 * (value / 32768) / 128 * c->h[1] / 16;
    value = value < 0 ? 0 : value > 419430400 ? 419430400 : value;
    return value / 4096;
}

static int compensate(const struct bme280 *chip, const uint8_t *bytes, struct driver_result *result)
{
    struct coefficients c;
    unpack(chip->raw, &c);
    int64_t adc_p = bytes[0] << 12 | bytes[1] << 4 | bytes[2] >> 4;
    int64_t adc_t = bytes[3] << 12 | bytes[4] << 4 | bytes[5] >> 4;
    int64_t adc_h = bytes[6] << 8 | bytes[7];
    int64_t fine = t_fine(&c, adc_t), pressure_q8 = 0;
    // The temperature's range is also what keeps the others within 64 bits.
    int r = driver_add(result, QUANTITY_TEMPERATURE, (int32_t)(fine * 25 / 128));
    if (r == 0)
        r = driver_add(result, QUANTITY_HUMIDITY, (int32_t)(humidity(&c, fine, adc_h) * 1000 / 1024));
    if (r == 0)
        r = pressure(&c, fine, adc_p, &pressure_q8);
    if (r == 0)
        r = driver_add(result, QUANTITY_PRESSURE, (int32_t)((pressure_q8 + 128) / 256));
    return r;
}

// ---- The chip

static int reset(struct bme280 *chip, struct i2c_bus *bus)
{
    uint8_t id;
    int r = register_read(bus, chip->address, ID, &id, 1);
    if (r < 0)
        return r;
    if (id != ID_IS)
        return -EPROTOTYPE;
    const uint8_t bytes[] = { RESET, RESET_WORD };
    chip->phase = PHASE_READ;
    return i2c_write(bus, chip->address, bytes, sizeof(bytes));
}

// Registers that nobody filled read all 0 or all 1, and would make plausible numbers.
static bool filled(const uint8_t *raw)
{
    struct coefficients c;
    unpack(raw, &c);
    return c.t[1] != 0 && c.t[1] != UINT16_MAX && c.p[1] != 0 && c.p[1] != UINT16_MAX;
}

static int read_coefficients(struct bme280 *chip, struct i2c_bus *bus)
{
    uint8_t raw[LENGTH];
    int r = register_read(bus, chip->address, LOW_COEFFICIENTS, raw, LOW_LENGTH);
    if (r == 0)
        r = register_read(bus, chip->address, HIGH_COEFFICIENTS, raw + LOW_LENGTH, HIGH_LENGTH);
    if (r < 0)
        return r;
    if (!filled(raw))
        return -EIO;
    if (chip->phase == PHASE_READ_AGAIN && memcmp(raw, chip->raw, LENGTH) != 0)
        return -EILSEQ;
    memcpy(chip->raw, raw, LENGTH);
    chip->phase = chip->phase == PHASE_READ ? PHASE_READ_AGAIN : PHASE_START;
    return 0;
}

static int start(struct bme280 *chip, struct i2c_bus *bus)
{
    const uint8_t bytes[] = { HUMIDITY_CONTROL, HUMIDITY_ONCE, CONTROL, MEASURE_ONCE };
    chip->phase = PHASE_RESULT;
    chip->tries = 0;
    return i2c_write(bus, chip->address, bytes, sizeof(bytes));
}

static int take_result(struct bme280 *chip, struct i2c_bus *bus, uint64_t now_ns,
                       struct driver_result *result)
{
    uint8_t control[3], bytes[8]; // humidity's control, status, control
    int r = register_read(bus, chip->address, HUMIDITY_CONTROL, control, sizeof(control));
    if (r < 0)
        return r;
    if ((control[1] & (MEASURING | COPYING)) != 0) {
        result->next_ns = now_ns + MEASURE_NS;
        return ++chip->tries < TRIES ? 0 : -ENODATA;
    }
    if ((control[0] & 0x07) != HUMIDITY_ONCE || control[2] != MEASURED)
        return -EIO;
    r = register_read(bus, chip->address, RESULTS, bytes, sizeof(bytes));
    if (r == 0)
        r = compensate(chip, bytes, result);
    if (r < 0)
        return r;
    chip->failures = 0;
    chip->phase = PHASE_START;
    result->next_ns = now_ns + chip->every_ns;
    return 0;
}

static int go_on(struct bme280 *chip, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *result)
{
    result->next_ns = now_ns;
    switch (chip->phase) {
    case PHASE_RESET:
        result->next_ns = now_ns + RESET_NS;
        return reset(chip, bus);
    case PHASE_READ:
    case PHASE_READ_AGAIN:
        return read_coefficients(chip, bus);
    case PHASE_START:
        result->next_ns = now_ns + MEASURE_NS;
        return start(chip, bus);
    case PHASE_RESULT:
        return take_result(chip, bus, now_ns, result);
    }
    return -EIO;
}

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    struct bme280 *chip = state;
    ret_result->n = 0;
    int r = go_on(chip, bus, now_ns, ret_result);
    if (r < 0) {
        chip->phase = PHASE_RESET;
        chip->failures++;
        ret_result->n = 0;
        ret_result->next_ns = now_ns + driver_retry_ns(chip->failures, chip->every_ns);
    }
    return r;
}

const struct driver bme280_driver = {
    .info = {
        .name = "bme280",
        .what = "Bosch BME280, temperature, humidity, pressure",
        .bus = PART_I2C,
        .address = 0x76,
        .addresses = { 0x76, 0x77 },
        .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY) | QUANTITY_BIT(QUANTITY_PRESSURE),
        .fastest_ms = 1000,
    },
    .state_size = sizeof(struct bme280),
    .init = init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};
