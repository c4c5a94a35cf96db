// Texas Instruments ADS1115 as its data sheet describes it: one conversion at a time of one channel against
// ground. On its channels hang voltages, and loops of detectors with a resistor at their end: 4.7 kOhm to the
// supply of 3.3 V and at the end, 1 kOhm a detector in alarm. Not there: differences of channels, measuring
// all the time, comparator.
//
// Several parts of a configuration may be channels of one chip: each has a state, and those but the first
// point to that of the first, which is the chip.
#include <string.h>

#include "gateway/common/clock.h"
#include "sensors/sim/chip.h"

#define CHANNELS      4
#define CONVERSION    0
#define CONFIGURATION 1
#define DELIVERED     0x8583
#define START         0x8000
#define ONE_SHOT      0x0100
#define SUPPLY_UV     3300000
#define SERIES_OHM    4700
#define END_OHM       4700
#define DETECTOR_OHM  1000

struct ads1115 {
    struct ads1115 *whole; // NULL: this is the chip
    unsigned channel;      // of this part
    uint8_t number;        // of the register that the next read is about
    uint16_t configuration, conversion;
    bool stuck;
    uint64_t done_ns; // 0: no conversion under way
    int32_t uv[CHANNELS];
};
_Static_assert(sizeof(struct ads1115) <= SIM_CHIP_STATE_MAX, "the state of an ADS1115 fits");

static const int32_t full_scale_mv[] = { 6144, 4096, 2048, 1024, 512, 256, 256, 256 };
static const uint64_t rates[] = { 8, 16, 32, 64, 128, 250, 475, 860 };

static uint16_t convert(const struct ads1115 *chip)
{
    unsigned mux = chip->configuration >> 12 & 7;
    int64_t uv = mux < 4 ? 0 : chip->uv[mux - 4];
    int64_t code = uv * 32768 / (full_scale_mv[chip->configuration >> 9 & 7] * 1000ll);
    return (uint16_t)(code > INT16_MAX ? INT16_MAX : code < INT16_MIN ? INT16_MIN : code);
}

static void catch_up(struct ads1115 *chip, uint64_t now_ns)
{
    if (chip->done_ns == 0 || now_ns < chip->done_ns || chip->stuck)
        return;
    chip->conversion = convert(chip);
    chip->done_ns = 0;
}

static void ads1115_init(void *state, const struct sim_model *model, uint16_t number)
{
    (void)model;
    (void)number;
    struct ads1115 *chip = state;
    chip->configuration = DELIVERED;
}

static void ads1115_power_on(void *state, uint64_t now_ns)
{
    (void)now_ns;
    struct ads1115 *chip = state;
    chip->configuration = DELIVERED;
    chip->conversion = 0;
    chip->done_ns = 0;
    chip->number = 0;
}

static struct ads1115 *whole_of(struct ads1115 *part)
{
    return part->whole ? part->whole : part;
}

static void ads1115_line(void *state, enum sim_contact line)
{
    static const int64_t ohm[SIM_CONTACT_COUNT] = {
        [SIM_CONTACT_INACTIVE] = END_OHM,
        [SIM_CONTACT_ACTIVE] = END_OHM * DETECTOR_OHM / (END_OHM + DETECTOR_OHM),
        [SIM_CONTACT_OPEN] = 1000000000,
    };
    struct ads1115 *part = state;
    whole_of(part)->uv[part->channel] = (int32_t)(SUPPLY_UV * ohm[line] / (ohm[line] + SERIES_OHM));
}

static void ads1115_set(void *state, enum quantity quantity, int32_t value, uint64_t now_ns)
{
    struct ads1115 *part = state;
    catch_up(whole_of(part), now_ns);
    if (quantity == QUANTITY_CONTACT)
        ads1115_line(part, value != 0 ? SIM_CONTACT_ACTIVE : SIM_CONTACT_INACTIVE);
    else
        whole_of(part)->uv[part->channel] = value;
}

static void ads1115_wire(void *state, void *whole, const struct config_sensor *config)
{
    struct ads1115 *part = state;
    part->whole = whole;
    part->channel = config->channel;
    if (strcmp(config->driver, "ads1115-loop") != 0)
        return;
    whole_of(part)->uv[config->reference_channel] = SUPPLY_UV;
    ads1115_line(part, SIM_CONTACT_INACTIVE);
}

static void ads1115_stick(void *state, bool stuck, uint64_t now_ns)
{
    struct ads1115 *chip = state;
    catch_up(chip, now_ns);
    chip->stuck = stuck;
}

static int ads1115_write(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
    struct ads1115 *chip = state;
    catch_up(chip, now_ns);
    if (length == 0)
        return 0;
    chip->number = bytes[0] & 3;
    if (length != 3 || chip->number != CONFIGURATION)
        return 0;
    chip->configuration = (uint16_t)(bytes[1] << 8 | bytes[2]);
    if ((chip->configuration & (START | ONE_SHOT)) == (START | ONE_SHOT))
        chip->done_ns = now_ns + NS_PER_S * 11 / 10 / rates[chip->configuration >> 5 & 7];
    return 0;
}

static int ads1115_read(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    struct ads1115 *chip = state;
    catch_up(chip, now_ns);
    uint16_t word = chip->conversion;
    if (chip->number == CONFIGURATION)
        word = (uint16_t)((chip->configuration & ~START) | (chip->done_ns == 0 ? START : 0));
    for (size_t i = 0; i < length; i++)
        ret_bytes[i] = i == 0 ? (uint8_t)(word >> 8) : i == 1 ? (uint8_t)word : 0xff;
    return 0;
}

#define ADS1115                                                                                              \
    .plain = true, .init = ads1115_init, .power_on = ads1115_power_on, .write = ads1115_write,               \
    .read = ads1115_read, .set = ads1115_set, .stick = ads1115_stick, .wire = ads1115_wire

const struct sim_model sim_ads1115_loop = {
    .driver = "ads1115-loop", .quantities = QUANTITY_BIT(QUANTITY_CONTACT), .line = ads1115_line, ADS1115
};
const struct sim_model sim_ads1115_analog = { .driver = "ads1115-analog",
                                              .quantities = QUANTITY_BIT(QUANTITY_VOLTAGE),
                                              ADS1115 };
