// Sensirion SCD40 and SCD41 as the data sheet (v1.3) and its later command list describe them, byte by byte.
// Not there: the drift of the self-calibration, the effect of pressure, altitude and temperature offset
// (these are kept and read back).
#include <errno.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "sensors/sim/chip.h"
#include "sensors/sim/words.h"

#define BOOT_NS                  (1000 * NS_PER_MS)
#define INTERVAL_NS              (5 * NS_PER_S)
#define LOW_POWER_NS             (30 * NS_PER_S)
#define WAKE_UP_NS               (30 * NS_PER_MS)
#define COMMAND_WAKE_UP          0x36F6
#define COMMAND_SHOT_WITHOUT_CO2 0x2196
#define READY                    0x8006
#define NOT_READY                0x8000
#define CALIBRATION_ZERO         0x8000
#define CALIBRATION_FAILS        0xFFFF

enum setting {
    SETTING_OFFSET,
    SETTING_ALTITUDE,
    SETTING_SELF_CALIBRATION,
    SETTING_TARGET,
    SETTING_INITIAL_PERIOD,
    SETTING_STANDARD_PERIOD,
    SETTING_PERSISTENT, // those above can be put into the EEPROM
    SETTING_PRESSURE = SETTING_PERSISTENT,
    SETTING_COUNT
};

static const uint16_t factory_settings[SETTING_COUNT] = {
    [SETTING_OFFSET] = 1498, // 4 degC
    [SETTING_ALTITUDE] = 0,        [SETTING_SELF_CALIBRATION] = 1,  [SETTING_TARGET] = 400,
    [SETTING_INITIAL_PERIOD] = 44, [SETTING_STANDARD_PERIOD] = 156, [SETTING_PRESSURE] = 1013,
};

enum mode { MODE_IDLE, MODE_PERIODIC, MODE_ASLEEP };

struct scd4x {
    uint16_t variant, number;
    enum mode mode;
    uint16_t settings[SETTING_COUNT], eeprom[SETTING_PERSISTENT];
    int32_t correction_ppm; // of forced recalibrations; kept without power
    bool operated;          // has measured since it was switched on
    bool stuck;

    uint64_t start_ns, interval_ns, ticks; // periodic measurement: when it began, and the samples taken since
    uint64_t shot_ns;                      // a single shot is done then; 0: none
    bool shot_without_co2;

    bool full; // a sample waits in the buffer
    uint16_t sample[3];
    uint64_t samples;    // counts them, to tell whether the buffer was filled again during a read
    uint64_t being_read; // the sample that the answer holds; 0: it holds something else
    struct sim_answer answer;

    int32_t air[QUANTITY_COUNT]; // around it
};

_Static_assert(sizeof(struct scd4x) <= SIM_CHIP_STATE_MAX, "the state of an SCD4x fits");

static uint16_t co2_word(const struct scd4x *chip)
{
    int64_t ppm = (int64_t)chip->air[QUANTITY_CO2] + chip->correction_ppm;
    return (uint16_t)(ppm < 0 ? 0 : ppm > 40000 ? 40000 : ppm);
}

static void take_sample(struct scd4x *chip, bool without_co2)
{
    chip->operated = true;
    chip->full = true;
    chip->samples++;
    chip->sample[0] = without_co2 ? 0 : co2_word(chip);
    chip->sample[1] = sim_scale((int64_t)chip->air[QUANTITY_TEMPERATURE] + 45000, 175000);
    chip->sample[2] = sim_scale(chip->air[QUANTITY_HUMIDITY], 100000);
}

// Make up for the samples since the last look. The air changes through set() only, which looks first: so the
// newest sample has the values of its own moment.
static void catch_up(struct scd4x *chip, uint64_t now_ns)
{
    if (chip->mode == MODE_PERIODIC) {
        uint64_t ticks = (now_ns - chip->start_ns) / chip->interval_ns;
        if (ticks > chip->ticks && !chip->stuck)
            take_sample(chip, false);
        chip->ticks = ticks;
    }
    if (chip->shot_ns != 0 && now_ns >= chip->shot_ns) {
        if (!chip->stuck)
            take_sample(chip, chip->shot_without_co2);
        chip->shot_ns = 0;
    }
}

static void load_settings(struct scd4x *chip)
{
    memcpy(chip->settings, chip->eeprom, sizeof(chip->eeprom));
    chip->settings[SETTING_PRESSURE] = factory_settings[SETTING_PRESSURE];
}

static void go_idle(struct scd4x *chip)
{
    chip->mode = MODE_IDLE;
    chip->shot_ns = 0;
    chip->full = false;
}

static void scd4x_init(void *state, const struct sim_model *model, uint16_t number)
{
    struct scd4x *chip = state;
    chip->variant = model->variant;
    chip->number = number;
    memcpy(chip->eeprom, factory_settings, sizeof(chip->eeprom));
    load_settings(chip);
    chip->air[QUANTITY_CO2] = 600;
    chip->air[QUANTITY_TEMPERATURE] = 22000;
    chip->air[QUANTITY_HUMIDITY] = 45000;
}

static void scd4x_power_on(void *state, uint64_t now_ns)
{
    struct scd4x *chip = state;
    go_idle(chip);
    load_settings(chip);
    chip->operated = false;
    chip->answer = (struct sim_answer){ .done_ns = now_ns + BOOT_NS };
}

static void scd4x_set(void *state, enum quantity quantity, int32_t value, uint64_t now_ns)
{
    struct scd4x *chip = state;
    catch_up(chip, now_ns);
    chip->air[quantity] = value;
}

static void scd4x_stick(void *state, bool stuck, uint64_t now_ns)
{
    struct scd4x *chip = state;
    catch_up(chip, now_ns);
    chip->stuck = stuck;
    if (stuck)
        chip->full = false;
}

// --- What the commands do ------------------------------------------------------------------------

struct call {
    struct scd4x *chip;
    const struct command *command;
    uint16_t argument;
    uint64_t now_ns;
};

struct command {
    uint16_t code;
    uint16_t execution_ms;
    bool argument;       // a word and its CRC follow the code
    bool while_periodic; // allowed then
    bool scd41_only;
    enum setting setting; // that set_setting and get_setting are about
    void (*run)(const struct call *call);
};

static void put(struct scd4x *chip, uint16_t word)
{
    sim_answer_put(&chip->answer, &word, 1);
}

static void set_setting(const struct call *call)
{
    call->chip->settings[call->command->setting] = call->argument;
}

static void get_setting(const struct call *call)
{
    put(call->chip, call->chip->settings[call->command->setting]);
}

static void begin_periodic(struct scd4x *chip, uint64_t interval_ns, uint64_t now_ns)
{
    go_idle(chip);
    chip->mode = MODE_PERIODIC;
    chip->start_ns = now_ns;
    chip->interval_ns = interval_ns;
    chip->ticks = 0;
}

static void start_periodic(const struct call *call)
{
    begin_periodic(call->chip, INTERVAL_NS, call->now_ns);
}

static void start_low_power(const struct call *call)
{
    begin_periodic(call->chip, LOW_POWER_NS, call->now_ns);
}

static void stop_periodic(const struct call *call)
{
    go_idle(call->chip);
}

static void read_measurement(const struct call *call)
{
    if (!call->chip->full)
        return;
    sim_answer_put(&call->chip->answer, call->chip->sample, 3);
    call->chip->being_read = call->chip->samples;
}

static void data_ready(const struct call *call)
{
    put(call->chip, call->chip->full ? READY : NOT_READY);
}

static void persist(const struct call *call)
{
    memcpy(call->chip->eeprom, call->chip->settings, sizeof(call->chip->eeprom));
}

static void serial_number(const struct call *call)
{
    const uint16_t words[3] = { 0xF896, 0x9F07, (uint16_t)(0x3BBE + call->chip->number) };
    sim_answer_put(&call->chip->answer, words, 3);
}

static void self_test(const struct call *call)
{
    put(call->chip, 0);
}

static void factory_reset(const struct call *call)
{
    memcpy(call->chip->eeprom, factory_settings, sizeof(call->chip->eeprom));
    load_settings(call->chip);
    call->chip->correction_ppm = 0;
}

static void reinit(const struct call *call)
{
    go_idle(call->chip);
    load_settings(call->chip);
}

static void variant(const struct call *call)
{
    put(call->chip, call->chip->variant);
}

static void calibrate(const struct call *call)
{
    if (!call->chip->operated) {
        put(call->chip, CALIBRATION_FAILS);
        return;
    }
    int32_t change_ppm = call->argument - co2_word(call->chip);
    call->chip->correction_ppm += change_ppm;
    put(call->chip, (uint16_t)(CALIBRATION_ZERO + change_ppm));
}

static void single_shot(const struct call *call)
{
    call->chip->full = false;
    call->chip->shot_ns = call->now_ns + call->command->execution_ms * NS_PER_MS;
    call->chip->shot_without_co2 = call->command->code == COMMAND_SHOT_WITHOUT_CO2;
}

static void power_down(const struct call *call)
{
    go_idle(call->chip);
    call->chip->mode = MODE_ASLEEP;
}

#define SET(CODE, SETTING)                                                                                   \
    .code = CODE, .execution_ms = 1, .argument = true, .run = set_setting, .setting = SETTING
#define GET(CODE, SETTING) .code = CODE, .execution_ms = 1, .run = get_setting, .setting = SETTING

static const struct command commands[] = {
    { .code = 0x21B1, .run = start_periodic },
    { .code = 0x21AC, .run = start_low_power },
    { .code = 0x3F86, .execution_ms = 500, .while_periodic = true, .run = stop_periodic },
    { .code = 0xEC05, .execution_ms = 1, .while_periodic = true, .run = read_measurement },
    { .code = 0xE4B8, .execution_ms = 1, .while_periodic = true, .run = data_ready },

    { SET(0x241D, SETTING_OFFSET) },
    { GET(0x2318, SETTING_OFFSET) },
    { SET(0x2427, SETTING_ALTITUDE) },
    { GET(0x2322, SETTING_ALTITUDE) },
    { SET(0x2416, SETTING_SELF_CALIBRATION) },
    { GET(0x2313, SETTING_SELF_CALIBRATION) },
    { SET(0x243A, SETTING_TARGET) },
    { GET(0x233F, SETTING_TARGET) },
    { SET(0x2445, SETTING_INITIAL_PERIOD), .scd41_only = true },
    { GET(0x2340, SETTING_INITIAL_PERIOD), .scd41_only = true },
    { SET(0x244E, SETTING_STANDARD_PERIOD), .scd41_only = true },
    { GET(0x234B, SETTING_STANDARD_PERIOD), .scd41_only = true },
    { SET(0xE000, SETTING_PRESSURE), .while_periodic = true },
    { GET(0xE000, SETTING_PRESSURE), .while_periodic = true },

    { .code = 0x362F, .execution_ms = 400, .argument = true, .run = calibrate },
    { .code = 0x3615, .execution_ms = 800, .run = persist },
    { .code = 0x3682, .execution_ms = 1, .run = serial_number },
    { .code = 0x3639, .execution_ms = 10000, .run = self_test },
    { .code = 0x3632, .execution_ms = 1200, .run = factory_reset },
    { .code = 0x3646, .execution_ms = 30, .run = reinit },
    { .code = 0x202F, .execution_ms = 1, .run = variant },

    { .code = 0x219D, .execution_ms = 5000, .scd41_only = true, .run = single_shot },
    { .code = COMMAND_SHOT_WITHOUT_CO2, .execution_ms = 50, .scd41_only = true, .run = single_shot },
    { .code = 0x36E0, .execution_ms = 1, .scd41_only = true, .run = power_down },
};

// --- The wire ------------------------------------------------------------------------------------

static const struct command *find_command(const struct scd4x *chip, unsigned code, bool argument)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        const struct command *command = &commands[i];
        if (command->code == code && command->argument == argument &&
            (chip->variant != 0 || !command->scd41_only))
            return command;
    }
    return NULL;
}

// The one command that is carried out and never acknowledged.
static int wake_up(struct scd4x *chip, uint64_t now_ns)
{
    if (chip->mode == MODE_ASLEEP) {
        chip->mode = MODE_IDLE;
        chip->answer = (struct sim_answer){ .done_ns = now_ns + WAKE_UP_NS };
    }
    return -EREMOTEIO;
}

// A word with a bad CRC is acknowledged and forgotten.
static int run(struct scd4x *chip, const struct command *command, const uint8_t *argument_bytes,
               uint64_t now_ns)
{
    uint16_t argument = 0;
    if (command->argument && !sim_word_take(argument_bytes, &argument))
        return 0;
    chip->answer.length = 0;
    chip->being_read = 0;
    const struct call call = { chip, command, argument, now_ns };
    command->run(&call);
    chip->answer.done_ns = now_ns + command->execution_ms * NS_PER_MS;
    return 0;
}

static int scd4x_write(void *state, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
    struct scd4x *chip = state;
    catch_up(chip, now_ns);
    if (now_ns < chip->answer.done_ns)
        return -EREMOTEIO;
    unsigned code = length < 2 ? 0 : (unsigned)(bytes[0] << 8 | bytes[1]);
    if (code == COMMAND_WAKE_UP)
        return wake_up(chip, now_ns);
    if (chip->mode == MODE_ASLEEP)
        return -EREMOTEIO;
    if (length < 2)
        return 0; // the address alone, or half a command: acknowledged, nothing happens
    const struct command *command = find_command(chip, code, length == 5);
    if (!command || (length != 2 && length != 5) || (chip->mode == MODE_PERIODIC && !command->while_periodic))
        return -EREMOTEIO;
    return run(chip, command, bytes + 2, now_ns);
}

// Reading a measurement empties the buffer, unless a newer sample has come meanwhile.
static int scd4x_read(void *state, uint8_t *ret_bytes, size_t length, uint64_t now_ns)
{
    struct scd4x *chip = state;
    catch_up(chip, now_ns);
    int r = sim_answer_take(&chip->answer, ret_bytes, length, now_ns);
    if (r == 0 && chip->being_read == chip->samples)
        chip->full = false;
    return r;
}

#define SCD4X                                                                                                \
    .quantities =                                                                                            \
        QUANTITY_BIT(QUANTITY_CO2) | QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),   \
    .init = scd4x_init, .power_on = scd4x_power_on, .write = scd4x_write, .read = scd4x_read,                \
    .set = scd4x_set, .stick = scd4x_stick

const struct sim_model sim_scd40 = { .driver = "scd40", .variant = 0x0000, SCD4X };
const struct sim_model sim_scd41 = { .driver = "scd41", .variant = 0x1000, SCD4X };
