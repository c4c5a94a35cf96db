// Sensors that a driver of the kernel's industrial I/O reads, by the device's name: SCD4x, SCD30, BME280 and
// others, where there is reason to leave the chip to the kernel. It hides damaged answers and self-tests, and
// an SCD4x may take six seconds a value.
#include "sensors/drivers/drivers.h"
#include "sensors/drivers/sysfs.h"

// In the units of the kernel's documentation: percent, thousandths of a degree, of a percent, kilopascals,
// micrograms.
static const struct sysfs_channel channels[] = {
    { "in_concentration_co2", QUANTITY_CO2, 4 },       { "in_temp", QUANTITY_TEMPERATURE, 0 },
    { "in_humidityrelative", QUANTITY_HUMIDITY, 0 },   { "in_pressure", QUANTITY_PRESSURE, 3 },
    { "in_massconcentration_pm1", QUANTITY_PM1, 3 },   { "in_massconcentration_pm2p5", QUANTITY_PM25, 3 },
    { "in_massconcentration_pm10", QUANTITY_PM10, 3 },
};

static const struct sysfs_kind kind = { .folder = "bus/iio/devices",
                                        .prefix = "iio:device",
                                        .channels = channels,
                                        .n_channels = sizeof(channels) / sizeof(channels[0]) };

static int step(void *state, struct i2c_bus *bus, uint64_t now_ns, struct driver_result *ret_result)
{
    (void)bus;
    return sysfs_step(state, &kind, now_ns, ret_result);
}

const struct driver iio_driver = {
    .info = {
        .name = "iio",
        .what = "a sensor of the kernel's industrial I/O, by its name: CO2, temperature, humidity, pressure, particles",
        .bus = PART_SYSFS,
        .address = 0,
        .addresses = { 0 },
        .quantities = QUANTITY_BIT(QUANTITY_CO2) | QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY) | QUANTITY_BIT(QUANTITY_PRESSURE) | QUANTITY_BIT(QUANTITY_PM1) | QUANTITY_BIT(QUANTITY_PM25) | QUANTITY_BIT(QUANTITY_PM10),
        .fastest_ms = 1000,
    },
    .state_size = sizeof(struct sysfs_part),
    .init = sysfs_init,
    .step = step,
    .edge = NULL,
    .settle = NULL,
};
