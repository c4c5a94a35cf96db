// The transfers that drivers need, over whichever bus is linked (sensors/bus or sensors/sim).
#include <errno.h>

#include "sensors/drivers/drivers.h"

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

int register_read(struct i2c_bus *bus, uint8_t address, uint8_t number, uint8_t *ret_bytes, size_t length)
{
    if (length > UINT16_MAX)
        return -EINVAL;
    const struct i2c_message messages[] = {
        { .address = address, .bytes = &number, .length = 1 },
        { .address = address, .read = true, .bytes = ret_bytes, .length = (uint16_t)length },
    };
    return i2c_transfer(bus, messages, 2);
}

int register_read_word(struct i2c_bus *bus, uint8_t address, uint8_t number, uint16_t *ret_word)
{
    uint8_t bytes[2];
    int r = register_read(bus, address, number, bytes, sizeof(bytes));
    if (r == 0)
        *ret_word = (uint16_t)(bytes[0] << 8 | bytes[1]);
    return r;
}

int register_write_word(struct i2c_bus *bus, uint8_t address, uint8_t number, uint16_t word)
{
    const uint8_t bytes[] = { number, (uint8_t)(word >> 8), (uint8_t)word };
    return i2c_write(bus, address, bytes, sizeof(bytes));
}
