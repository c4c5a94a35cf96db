// A small catalogue of parts, so that the configuration is tested without any driver.
#ifndef CAREROOM_TESTS_FAKE_PARTS_H
#define CAREROOM_TESTS_FAKE_PARTS_H

#include <string.h>

#include "gateway/common/config.h"

#define FAKE_AIR                                                                                             \
    (QUANTITY_BIT(QUANTITY_CO2) | QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY))

static const struct part_info fake_sensors[] = {
    { .name = "contact", .bus = PART_LINE, .quantities = QUANTITY_BIT(QUANTITY_CONTACT) },
    { .name = "scd40",
      .address = 0x62,
      .addresses = { 0x62 },
      .quantities = FAKE_AIR,
      .fastest_ms = 5000,
      .self_test = true },
    { .name = "scd41",
      .address = 0x62,
      .addresses = { 0x62 },
      .quantities = FAKE_AIR,
      .fastest_ms = 5000,
      .self_test = true },
    { .name = "sht4x",
      .address = 0x44,
      .addresses = { 0x44, 0x45, 0x46 },
      .quantities = QUANTITY_BIT(QUANTITY_TEMPERATURE) | QUANTITY_BIT(QUANTITY_HUMIDITY),
      .fastest_ms = 100 },
    { .name = "ads1115-loop",
      .address = 0x48,
      .addresses = { 0x48, 0x49, 0x4a, 0x4b },
      .quantities = QUANTITY_BIT(QUANTITY_CONTACT),
      .fastest_ms = 100,
      .usual_ms = 250,
      .slowest_ms = 1000,
      .channels = 4,
      .loop = true },
    { .name = "ads1115-analog",
      .address = 0x48,
      .addresses = { 0x48, 0x49, 0x4a, 0x4b },
      .quantities = QUANTITY_BIT(QUANTITY_VOLTAGE),
      .fastest_ms = 100,
      .channels = 4 },
    { .name = "iio", .bus = PART_SYSFS, .quantities = FAKE_AIR, .fastest_ms = 1000 },
    { .name = "mhz19b", .bus = PART_SERIAL, .quantities = QUANTITY_BIT(QUANTITY_CO2), .fastest_ms = 2000 },
    { .name = "slow", .address = 0x30, .addresses = { 0x30 }, .quantities = FAKE_AIR, .fastest_ms = 30000 },
};
static const struct part_info fake_readers[] = {
    { .name = "wiegand", .bus = PART_WIEGAND },
    { .name = "pn532", .bus = PART_I2C, .address = 0x24, .addresses = { 0x24 } },
    { .name = "rdm6300", .bus = PART_SERIAL },
    { .name = "wedge", .bus = PART_INPUT },
};

static inline const struct part_info *fake_find(const struct part_info *parts, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(parts[i].name, name) == 0) {
            return &parts[i];
        }
    }
    return NULL;
}

static inline const struct part_info *fake_sensor(const char *name)
{
    return fake_find(fake_sensors, sizeof fake_sensors / sizeof fake_sensors[0], name);
}

static inline const struct part_info *fake_reader(const char *name)
{
    return fake_find(fake_readers, sizeof fake_readers / sizeof fake_readers[0], name);
}

static inline const struct part_info *fake_sensor_at(size_t index)
{
    return index < sizeof fake_sensors / sizeof fake_sensors[0] ? &fake_sensors[index] : NULL;
}

static inline const struct part_info *fake_reader_at(size_t index)
{
    return index < sizeof fake_readers / sizeof fake_readers[0] ? &fake_readers[index] : NULL;
}

static const struct config_catalogue fake_catalogue = { fake_sensor, fake_reader, fake_sensor_at,
                                                        fake_reader_at };

#endif
