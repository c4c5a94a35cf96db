// Sensirion SPS30 as its data sheet describes it: measuring in floats, status, version. Not there: sleep,
// cleaning, integers. Counts and the typical size are made up from the weights.
#include <errno.h>

#include "gateway/common/clock.h"
#include "sensors/sim/chip.h"
#include "sensors/sim/words.h"

#define START_UP_NS   (100 * NS_PER_MS)
#define FIRMWARE      0x0202
#define START         0x0010
#define STOP          0x0104
#define READY         0x0202
#define MEASURE       0x0300
#define VERSION       0xd100
#define STATUS        0xd206
#define CLEAR_STATUS  0xd210
#define RESET         0xd304
#define FLOATS        0x0300
#define FAN_IS_BROKEN 0x00000010

struct sps30 {
    bool measuring, stuck;
    uint64_t start_ns, fetched; // measuring: since when, and samples that were fetched or missed
    struct sim_answer answer;
    int32_t air[QUANTITY_COUNT];
};
_Static_assert(sizeof(struct sps30) <= SIM_CHIP_STATE_MAX, "the state of an SPS30 fits");

static void sps30_init(void *state, const struct sim_model *model, uint16_t number)
{
    (void)model;
    (void)number;
    struct sps30 *chip = state;
    chip->air[QUANTITY_PM1] = 5000;
    chip->air[QUANTITY_PM25] = 8000;
    chip->air[QUANTITY_PM10] = 12000;
}

static void sps30_power_on(void *state, uint64_t now_ns)
{
    struct sps30 *chip = state;
    chip->measuring = false;
    chip->answer = (struct sim_answer){ .done_ns = now_ns + START_UP_NS };
}

static void sps30_set(void *state, enum quantity quantity, int32_t value, uint64_t now_ns)
{
    (void)now_ns;
    struct sps30 *chip = state;
    chip->air[quantity] = value;
}

// Its fan stands still.
static void sps30_stick(void *state, bool stuck, uint64_t now_ns)
{
    (void)now_ns;
    struct sps30 *chip = state;
    chip->stuck = stuck;
}

static bool fresh(const struct sps30 *chip, uint64_t now_ns)
{
    return chip->measuring && (now_ns - chip->start_ns) / NS_PER_S > chip->fetched;
}

static void put_sample(struct sps30 *chip, uint64_t now_ns)
{
    uint16_t words[20] = { 0 };
    double pm1 = chip->air[QUANTITY_PM1] / 1000.0, pm10 = chip->air[QUANTITY_PM10] / 1000.0;
    if (!fresh(chip, now_ns))
        return;
    sim_float_words(pm1, &words[0]);
    sim_float_words(chip->air[QUANTITY_PM25] / 1000.0, &words[2]);
    sim_float_words((chip->air[QUANTITY_PM25] / 1000.0 + pm10) / 2, &words[4]);
    sim_float_words(pm10, &words[6]);
    for (size_t i = 8; i < 18; i += 2)
        sim_float_words(pm1 * 7, &words[i]);
    sim_float_words(0.5, &words[18]);
    sim_answer_put(&chip->answer, words, 20);
    chip->fetched = (now_ns - chip->start_ns) / NS_PER_S;
}

static void put_status(struct sps30 *chip)
{
    uint32_t status = chip->measuring && chip->stuck ? FAN_IS_BROKEN : 0;
    const uint16_t words[2] = { (uint16_t)(status >> 16), (uint16_t)status };
    sim_answer_put(&chip->answer, words, 2);
}

static int run(struct sps30 *chip, unsigned code, uint64_t now_ns)
{
    const uint16_t ready = fresh(chip, now_ns), version = FIRMWARE;
    switch (code) {
    case STOP:
        chip->measuring = false;
        return 0;
    case READY:
        sim_answer_put(&chip->answer, &ready, 1);
        return 0;
    case MEASURE:
        put_sample(chip, now_ns);
        return 0;
    case VERSION:
        sim_answer_put(&chip->answer, &version, 1);
        return 0;
    case STATUS:
        put_status(chip);
        return 0;
    case CLEAR_STATUS:
        return 0;
    case RESET:
        sps30_power_on(chip, now_ns);
        return 0;
    default: // a code from outside
        return -EREMOTEIO;
    }
}

static int sps30_write(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
    struct sps30 *chip = state;
    uint16_t format;
    if (now_ns < chip->answer.done_ns || (length != 2 && length != 5))
        return -EREMOTEIO;
    unsigned code = (unsigned)(bytes[0] << 8 | bytes[1]);
    chip->answer.length = 0;
    if (length == 2)
        return run(chip, code, now_ns);
    if (code != START || !sim_word_take(bytes + 2, &format) || format != FLOATS || chip->measuring)
        return code == START ? 0 : -EREMOTEIO; // taken and forgotten
    chip->measuring = true;
    chip->start_ns = now_ns;
    chip->fetched = 0;
    return 0;
}

static int sps30_read(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    struct sps30 *chip = state;
    return sim_answer_take(&chip->answer, ret_bytes, length, now_ns);
}

const struct sim_model sim_sps30 = {
    .driver = "sps30",
    .quantities = QUANTITY_BIT(QUANTITY_PM1) | QUANTITY_BIT(QUANTITY_PM25) | QUANTITY_BIT(QUANTITY_PM10),
    .init = sps30_init,
    .power_on = sps30_power_on,
    .write = sps30_write,
    .read = sps30_read,
    .set = sps30_set,
    .stick = sps30_stick,
};
