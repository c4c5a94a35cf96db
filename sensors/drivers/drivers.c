// The table of drivers.
#include "sensors/drivers/drivers.h"

#include <errno.h>
#include <string.h>

#include "gateway/common/clock.h"

#define QUICK_RETRIES 3
#define RETRY_NS      NS_PER_S

static const struct driver *const table[] = { &contact_driver,        &scd40_driver,  &scd41_driver,
                                              &sht4x_driver,          &scd30_driver,  &sht3x_driver,
                                              &bme280_driver,         &lm75_driver,   &tmp102_driver,
                                              &mcp9808_driver,        &sps30_driver,  &ads1115_loop_driver,
                                              &ads1115_analog_driver, &iio_driver,    &hwmon_driver,
                                              &mhz19b_driver,         &mhz19c_driver, &pms5003_driver };

const struct driver *driver_at(size_t index)
{
    return index < sizeof(table) / sizeof(table[0]) ? table[index] : NULL;
}

const struct driver *driver_find(const char *name)
{
    for (size_t i = 0; driver_at(i); i++)
        if (strcmp(driver_at(i)->info.name, name) == 0)
            return driver_at(i);
    return NULL;
}

uint64_t driver_retry_ns(unsigned failures, uint64_t every_ns)
{
    return failures < QUICK_RETRIES && every_ns > RETRY_NS ? RETRY_NS : every_ns;
}

int driver_add(struct driver_result *result, enum quantity quantity, int32_t value)
{
    const struct quantity_info *info = &quantities[quantity];
    if (value < info->min || value > info->max)
        return -ERANGE;
    result->readings[result->n++] = (struct driver_reading){ .quantity = quantity, .value = value };
    return 0;
}
