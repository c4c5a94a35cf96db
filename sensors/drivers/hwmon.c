// Temperature and humidity that a driver of the kernel's hardware monitoring reads, by the device's name:
// SHT3x, SHT4x, LM75, TMP102, and whatever else measures there.
#include "sensors/drivers/drivers.h"
#include "sensors/drivers/sysfs.h"

// Both in thousandths.
static const struct sysfs_channel channels[] = {
    { "temp1", QUANTITY_TEMPERATURE, 0 },
    { "humidity1", QUANTITY_HUMIDITY, 0 },
};

static const struct sysfs_kind kind = { .folder = "class/hwmon",
                                        .prefix = "hwmon",
                                        .channels = channels,
                                        .n_channels = sizeof(channels) / sizeof(channels[0]) };

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    (void)bus;
    return sysfs_step(state, &kind, now_ns, ret_result);
}

const struct driver hwmon_driver = {
    .info = {
        .name = "hwmon",
        .what = "a sensor of the kernel's hardware monitoring, by its name: temperature, humidity",
        .bus = PART_SYSFS,
        .address = 0,
        .addresses = { 0 },
        .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),
        .fastest_ms = 1000,
    },
    .state_size = sizeof(struct sysfs_part),
    .init = sysfs_init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};
