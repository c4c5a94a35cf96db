// The two transfers that drivers need, over whichever bus is linked (sensors/bus or sensors/sim).
#include <errno.h>

#include "sensors/bus/i2c.h"

int i2c_write(struct i2c_bus *bus, uint8_t address, const uint8_t *bytes, size_t length)
{
    if (length > UINT16_MAX)
        return -EINVAL;
    // A message to be written is not changed, as i2c.h promises; one struct serves both directions.
    const struct i2c_message message = { .address = address,
                                         .bytes = (uint8_t *)(uintptr_t)bytes,
                                         .length = (uint16_t)length };
    return i2c_transfer(bus, &message, 1);
}

int i2c_read(struct i2c_bus *bus, uint8_t address, uint8_t *ret_bytes, size_t length)
{
    if (length > UINT16_MAX)
        return -EINVAL;
    const struct i2c_message message = {
        .address = address, .read = true, .bytes = ret_bytes, .length = (uint16_t)length
    };
    return i2c_transfer(bus, &message, 1);
}
