// The table of drivers.
#include "sensors/drivers/drivers.h"

#include <errno.h>
#include <string.h>

static const struct driver *const table[] = { &contact_driver, &scd40_driver, &scd41_driver, &sht4x_driver };

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

int driver_add(struct driver_result *result, enum quantity quantity, int32_t value)
{
    const struct quantity_info *info = &quantities[quantity];
    if (value < info->min || value > info->max)
        return -ERANGE;
    result->readings[result->n++] = (struct driver_reading){ .quantity = quantity, .value = value };
    return 0;
}
