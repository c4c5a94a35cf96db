// Any bytes from a serial port into a sensor's parser: no crash, readings that a room can have, and a time
// that never goes back. FUZZ_PART names the driver. clang -fsanitize=fuzzer,address,undefined
//
// A byte FE lets time pass instead of being received.
#include <stdlib.h>

#include "gateway/common/clock.h"
#include "sensors/driver.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void check(int error, const struct driver_result *result, uint64_t now_ns)
{
    if (result->n > 0 && result->next_ns < now_ns) {
        abort();
    }
    if (error > 0 || (error < 0 && result->n != 0) || result->n > QUANTITY_COUNT) {
        abort();
    }
    for (unsigned i = 0; i < result->n; i++) {
        const struct quantity_info *info = &quantities[result->readings[i].quantity];
        if (result->readings[i].value < info->min || result->readings[i].value > info->max) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    static const struct driver *driver;
    if (!driver) {
        const char *name = getenv("FUZZ_PART");
        driver = driver_find(name ? name : "mhz19b");
    }
    _Alignas(16) unsigned char state[DRIVER_STATE_MAX] = { 0 };
    const struct config_sensor config = { .every_ms = 5000 };
    uint64_t now_ns = NS_PER_S;
    driver->init(state, &config, now_ns);
    now_ns += 200 * NS_PER_S; // it is warm
    for (size_t i = 0; i < size; i++) {
        struct driver_result result = { .next_ns = now_ns };
        struct driver_request request = { .length = 0 };
        if (bytes[i] == 0xfe) { // time passes
            now_ns += 100 * NS_PER_MS;
            check(driver->ask(state, now_ns, &request, &result), &result, now_ns);
            if (request.length > DRIVER_REQUEST_MAX) {
                abort();
            }
        } else {
            check(driver->byte(state, bytes[i], now_ns, &result), &result, now_ns);
        }
    }
    return 0;
}
