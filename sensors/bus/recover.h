// Free an I2C bus whose SDA a chip holds low, because it was left in the middle of a byte.
#ifndef CAREROOM_SENSORS_BUS_RECOVER_H
#define CAREROOM_SENSORS_BUS_RECOVER_H

// Clock SCL until SDA is free, nine times at most, then a STOP: by two GPIO lines (names as in gpio.h) that
// are wired to the bus's, with nobody else driving it. 0: both lines are high; -EBUSY: SDA is still held;
// -ETIMEDOUT: SCL itself is; or an error of the request. Blocks for less than 5 ms. Any thread.
int bus_recover(const char *scl, const char *sda);

#endif
