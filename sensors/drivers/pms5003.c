// Plantower PMS5003 and PMS7003: particles by scattered light, on a serial port of 9600 baud.
//
// Left alone it sends a frame of 32 bytes every 0.2 to 2.3 seconds: 42 4D, the length 00 1C, 13 words, and
// the 16-bit sum of the 30 bytes before it. An earlier program may have put it to sleep or told it to wait
// for questions, so at start, and whenever it is silent, it is woken and told to send. The words taken are
// those for air under the room's conditions ("atmospheric"); the others are for the factory's calibration.
// The last word's low byte is the module's own error code.
//
// The fan needs half a minute to move room air through a module that slept; values before that are not
// believed.
#include "sensors/drivers/drivers.h"

#include <errno.h>
#include <string.h>

#include "gateway/common/clock.h"

#define FRAME        32
#define ERROR_BYTE   29
#define OVERDUE_NS   (5 * NS_PER_S) // twice the longest time between two frames
#define WARM_UP_MS   30000
#define NG_PER_UG    1000
#define SILENT_POLLS 3 // so many in a row: it may have been without supply

static const uint8_t head[] = { 0x42, 0x4d, 0x00, 0x1c };
static const uint8_t wake_and_send[] = {
    0x42, 0x4d, 0xe4, 0x00, 0x01, 0x01, 0x74, // wake
    0x42, 0x4d, 0xe1, 0x00, 0x01, 0x01, 0x71
}; // send without being asked
_Static_assert(sizeof(wake_and_send) <= DRIVER_REQUEST_MAX, "request too big");

struct pms5003 {
    bool heard; // any byte since the last frame
    bool woken;
    uint8_t n; // bytes in frame
    uint8_t frame[FRAME];
    uint64_t every_ns;
    uint64_t due_ns;    // of the next frame, at the latest
    uint64_t report_ns; // from when on a frame is worth telling
    uint64_t warm_ns;   // and believed
    unsigned silent;    // polls in a row
};
_Static_assert(sizeof(struct pms5003) <= DRIVER_STATE_MAX, "state too big");

static void init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    *(struct pms5003 *)state = (struct pms5003){
        .every_ns = config->every_ms * NS_PER_MS,
        .due_ns = now_ns,
        .report_ns = now_ns,
        .warm_ns = now_ns + WARM_UP_MS * NS_PER_MS,
    };
}

// Asked for the first time, or nothing came for too long.
static int ask(void *state, uint64_t now_ns, struct driver_request *ret_request,
               struct driver_result *ret_result)
{
    struct pms5003 *sensor = state;
    int r = 0;
    ret_request->length = 0;
    if (now_ns >= sensor->due_ns) {
        r = !sensor->woken ? 0 : sensor->heard ? -ENODATA : -EREMOTEIO;
        if (r == -EREMOTEIO && ++sensor->silent >= SILENT_POLLS)
            sensor->warm_ns = now_ns + WARM_UP_MS * NS_PER_MS;
        ret_request->length = sizeof(wake_and_send);
        memcpy(ret_request->bytes, wake_and_send, sizeof(wake_and_send));
        sensor->woken = true;
        sensor->heard = false;
        sensor->due_ns = now_ns + OVERDUE_NS;
    }
    ret_result->next_ns = sensor->due_ns;
    return r;
}

// Drop bytes in front until what is left can begin a frame.
static void resynchronise(struct pms5003 *sensor)
{
    size_t from = 0, common;
    for (; from < sensor->n; from++) {
        common = sensor->n - from < sizeof(head) ? sensor->n - from : sizeof(head);
        if (memcmp(sensor->frame + from, head, common) == 0)
            break;
    }
    sensor->n = (uint8_t)(sensor->n - from);
    memmove(sensor->frame, sensor->frame + from, sensor->n);
}

static unsigned word(const struct pms5003 *sensor, size_t number) // from 1, as the manual counts
{
    size_t at = sizeof(head) + 2 * (number - 1);
    return (unsigned)sensor->frame[at] << 8 | sensor->frame[at + 1];
}

static bool checksum_good(const struct pms5003 *sensor)
{
    unsigned total = 0;
    for (size_t i = 0; i < FRAME - 2; i++)
        total += sensor->frame[i];
    return word(sensor, 14) == (total & 0xffff);
}

static int take_values(const struct pms5003 *sensor, struct driver_result *result)
{
    static const enum quantity atmospheric[] = { QUANTITY_PM1, QUANTITY_PM25, QUANTITY_PM10 };
    for (size_t i = 0; i < 3; i++) {
        int r = driver_add(result, atmospheric[i], (int32_t)word(sensor, 4 + i) * NG_PER_UG);
        if (r < 0) {
            result->n = 0;
            return r;
        }
    }
    return 0;
}

static int take_frame(struct pms5003 *sensor, uint64_t now_ns, struct driver_result *result)
{
    if (!checksum_good(sensor)) {
        sensor->frame[0] = 0; // it may yet have a frame in it
        resynchronise(sensor);
        return -EILSEQ;
    }
    bool faulty = sensor->frame[ERROR_BYTE] != 0;
    sensor->n = 0;
    sensor->heard = false;
    sensor->silent = 0;
    sensor->due_ns = now_ns + OVERDUE_NS;
    if (now_ns < sensor->report_ns)
        return 0;
    sensor->report_ns = now_ns + sensor->every_ns;
    if (faulty)
        return -ENOTRECOVERABLE;
    return now_ns < sensor->warm_ns ? 0 : take_values(sensor, result);
}

static int take_byte(void *state, uint8_t byte, uint64_t now_ns, struct driver_result *ret_result)
{
    struct pms5003 *sensor = state;
    int r = 0;
    ret_result->n = 0;
    sensor->heard = true;
    sensor->frame[sensor->n++] = byte;
    resynchronise(sensor);
    if (sensor->n == FRAME)
        r = take_frame(sensor, now_ns, ret_result);
    ret_result->next_ns = sensor->due_ns;
    return r;
}

const struct driver pms5003_driver = {
    .info = {
        .name = "pms5003",
        .what = "Plantower PMS5003 or PMS7003, particles of 1, 2.5 and 10 µm",
        .bus = PART_SERIAL,
        .address = 0,
        .addresses = { 0 },
        .quantities = QUANTITY_BIT(QUANTITY_PM1) | QUANTITY_BIT(QUANTITY_PM25) | QUANTITY_BIT(QUANTITY_PM10),
        .fastest_ms = 1000,
        .warm_up_ms = WARM_UP_MS,
    },
    .state_size = sizeof(struct pms5003),
    .init = init,
    .step = NULL,
    .ask = ask,
    .byte = take_byte,
    .edge = NULL,
    .settle = NULL,
};
