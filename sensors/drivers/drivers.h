// The driver rows, for the table in drivers.c and for tests. Everybody else asks driver_find().
#ifndef CAREROOM_SENSORS_DRIVERS_DRIVERS_H
#define CAREROOM_SENSORS_DRIVERS_DRIVERS_H

#include "sensors/driver.h"

extern const struct driver contact_driver;
extern const struct driver scd40_driver;
extern const struct driver scd41_driver;
extern const struct driver sht4x_driver;
extern const struct driver template_driver; // not in the table: no such chip exists

#endif
