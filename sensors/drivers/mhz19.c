// Winsen MH-Z19B and MH-Z19C: CO2 by infrared, on a serial port of 9600 baud. MH-Z19B manual, page 7.
//
// Nine bytes a frame, both ways: FF, eight more of which the last makes the sum of the seven before it zero.
// The module answers the command "read CO2" and no other, so a setting can't be read back.
//
// Self-calibration (ABC) takes the lowest value of each day for fresh air, and is on as delivered. A room
// that is never aired teaches it a baseline that makes real CO2 read low, so it is set from the configuration
// at every start and whenever the module was silent for long, each time more than once, because a damaged
// frame is discarded without a word.
//
// While it warms up it tells a constant between 400 and 500 ppm that looks like the best of rooms: nothing is
// believed for 3 minutes (B) or 1 (C), at every start, for nobody knows how long it has been on; and again
// after a long silence, which may have been a supply that was off. Byte 4 is said to be a temperature;
// undocumented, and not used.
#include "sensors/drivers/drivers.h"

#include <errno.h>
#include <string.h>

#include "gateway/common/clock.h"

#define FRAME         9
#define START         0xff
#define READ          0x86
#define CALIBRATION   0x79
#define OVERDUE_NS    (100 * NS_PER_MS) // a frame takes 9.4 ms; here the module has had ten times that
#define BETWEEN_NS    (100 * NS_PER_MS) // settings
#define SETTING_SENDS 3
#define WARM_UP_B_MS  180000
#define WARM_UP_C_MS  60000
#define RETRY_NS      NS_PER_S
#define QUICK_RETRIES                                                                                        \
    3 // failures that are retried soon; so many in a row also mean that it may be a new start

struct mhz19 {
    unsigned settings_left; // to be sent
    bool asked;             // an answer is due
    bool heard;             // any byte of it
    bool self_calibration;
    uint8_t n; // bytes in frame
    uint8_t frame[FRAME];
    uint64_t every_ns, warm_up_ns;
    uint64_t asked_ns, next_ns; // next_ns: of ask(), kept over bytes
    uint64_t warm_ns;           // from when on its values count
    unsigned failures;          // polls failed in a row
};
_Static_assert(sizeof(struct mhz19) <= DRIVER_STATE_MAX, "state too big");

static void begin(void *state, const struct config_sensor *config, uint64_t warm_up_ns, uint64_t now_ns)
{
    *(struct mhz19 *)state = (struct mhz19){
        .settings_left = SETTING_SENDS,
        .self_calibration = config->self_calibration,
        .every_ns = config->every_ms * NS_PER_MS,
        .warm_up_ns = warm_up_ns,
        .warm_ns = now_ns + warm_up_ns,
        .next_ns = now_ns,
    };
}

static void init_b(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    begin(state, config, WARM_UP_B_MS * NS_PER_MS, now_ns);
}

static void init_c(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    begin(state, config, WARM_UP_C_MS * NS_PER_MS, now_ns);
}

// The last byte makes the sum of all but the first zero.
static uint8_t sum(const uint8_t *bytes, size_t n)
{
    unsigned total = 0;
    for (size_t i = 0; i < n; i++)
        total += bytes[i];
    return (uint8_t)total;
}

static void put_request(struct driver_request *request, uint8_t command, uint8_t argument)
{
    *request = (struct driver_request){ .length = FRAME, .bytes = { START, 0x01, command, argument } };
    request->bytes[FRAME - 1] = (uint8_t)-sum(request->bytes + 1, FRAME - 2);
}

// A poll has failed, once.
static int fail(struct mhz19 *sensor, int error, uint64_t now_ns)
{
    sensor->asked = false;
    sensor->next_ns = now_ns + (++sensor->failures < QUICK_RETRIES ? RETRY_NS : sensor->every_ns);
    if (error == -EREMOTEIO && sensor->failures >= QUICK_RETRIES) {
        sensor->settings_left = SETTING_SENDS;
        sensor->warm_ns = now_ns + sensor->warm_up_ns;
    }
    return error;
}

static int ask(void *state, uint64_t now_ns, struct driver_request *ret_request,
               struct driver_result *ret_result)
{
    struct mhz19 *sensor = state;
    int r = 0;
    ret_request->length = 0;
    if (now_ns < sensor->next_ns) { // not yet
        ret_result->next_ns = sensor->next_ns;
        return 0;
    }
    if (sensor->asked) {
        r = fail(sensor, sensor->heard ? -ENODATA : -EREMOTEIO, now_ns);
    } else if (sensor->settings_left > 0) {
        sensor->settings_left--;
        put_request(ret_request, CALIBRATION, sensor->self_calibration ? 0xa0 : 0x00);
        sensor->next_ns = now_ns + BETWEEN_NS;
    } else {
        put_request(ret_request, READ, 0);
        sensor->asked = true;
        sensor->heard = false;
        sensor->n = 0;
        sensor->asked_ns = now_ns;
        sensor->next_ns = now_ns + OVERDUE_NS;
    }
    ret_result->next_ns = sensor->next_ns;
    return r;
}

// Drop bytes in front until what is left can begin a frame.
static void resynchronise(struct mhz19 *sensor)
{
    size_t from = 0;
    while (from < sensor->n &&
           (sensor->frame[from] != START || (from + 1 < sensor->n && sensor->frame[from + 1] != READ)))
        from++;
    sensor->n = (uint8_t)(sensor->n - from);
    memmove(sensor->frame, sensor->frame + from, sensor->n);
}

static int take_frame(struct mhz19 *sensor, uint64_t now_ns, struct driver_result *result)
{
    if (sum(sensor->frame + 1, FRAME - 1) != 0) {
        sensor->frame[0] = 0; // it may yet have a frame in it
        resynchronise(sensor);
        return sensor->asked ? fail(sensor, -EILSEQ, now_ns) : 0;
    }
    sensor->n = 0;
    if (!sensor->asked) // an answer that came too late has been told as none
        return 0;
    if (now_ns >= sensor->warm_ns) {
        int r = driver_add(result, QUANTITY_CO2, sensor->frame[2] << 8 | sensor->frame[3]);
        if (r < 0)
            return fail(sensor, r, now_ns);
    }
    sensor->asked = false;
    sensor->failures = 0;
    sensor->next_ns = sensor->asked_ns + sensor->every_ns;
    return 0;
}

static int take_byte(void *state, uint8_t byte, uint64_t now_ns, struct driver_result *ret_result)
{
    struct mhz19 *sensor = state;
    int r = 0;
    ret_result->n = 0;
    sensor->heard = true;
    sensor->frame[sensor->n++] = byte;
    resynchronise(sensor);
    if (sensor->n == FRAME)
        r = take_frame(sensor, now_ns, ret_result);
    ret_result->next_ns = sensor->next_ns;
    return r;
}

#define MHZ19                                                                                                \
    .state_size = sizeof(struct mhz19), .step = NULL, .ask = ask, .byte = take_byte, .edge = NULL,           \
    .settle = NULL

const struct driver mhz19b_driver = {
    .info = {
        .name = "mhz19b",
        .what = "Winsen MH-Z19B, CO2",
        .bus = PART_SERIAL,
        .address = 0,
        .addresses = { 0 },
        .quantities = QUANTITY_BIT(QUANTITY_CO2),
        .fastest_ms = 2000,
        .warm_up_ms = WARM_UP_B_MS,
    },
    .init = init_b,
    MHZ19,
};

const struct driver mhz19c_driver = {
    .info = {
        .name = "mhz19c",
        .what = "Winsen MH-Z19C, CO2",
        .bus = PART_SERIAL,
        .address = 0,
        .addresses = { 0 },
        .quantities = QUANTITY_BIT(QUANTITY_CO2),
        .fastest_ms = 2000,
        .warm_up_ms = WARM_UP_C_MS,
    },
    .init = init_c,
    MHZ19,
};
