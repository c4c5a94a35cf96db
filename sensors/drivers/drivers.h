// The driver rows, for the table in drivers.c and for tests. Everybody else asks driver_find().
#ifndef CAREROOM_SENSORS_DRIVERS_DRIVERS_H
#define CAREROOM_SENSORS_DRIVERS_DRIVERS_H

#include "sensors/driver.h"

extern const struct driver contact_driver;
extern const struct driver scd40_driver;
extern const struct driver scd41_driver;
extern const struct driver sht4x_driver;
extern const struct driver mhz19b_driver;
extern const struct driver mhz19c_driver;
extern const struct driver pms5003_driver;
extern const struct driver scd30_driver;
extern const struct driver sht3x_driver;
extern const struct driver bme280_driver;
extern const struct driver lm75_driver;
extern const struct driver tmp102_driver;
extern const struct driver mcp9808_driver;
extern const struct driver sps30_driver;
extern const struct driver ads1115_loop_driver;
extern const struct driver ads1115_analog_driver;
extern const struct driver iio_driver;
extern const struct driver hwmon_driver;
extern const struct driver template_driver; // not in the table: no such chip exists

// Registers that are written by number: the number, then, after a repeated start or at once, their bytes;
// words are big endian. Errors of i2c_transfer().
int register_read(struct i2c_bus *bus, uint8_t address, uint8_t number, uint8_t *ret_bytes, size_t length);
int register_read_word(struct i2c_bus *bus, uint8_t address, uint8_t number, uint16_t *ret_word);
int register_write_word(struct i2c_bus *bus, uint8_t address, uint8_t number, uint16_t word);

#endif
