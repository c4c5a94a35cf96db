#include "gateway/guard/guard.h"
#include "sensors/driver.h"
#include "sensors/reader.h"

static const struct part_info *sensor(const char *name)
{
    const struct driver *driver = driver_find(name);
    return driver ? &driver->info : NULL;
}

static const struct part_info *reader(const char *name)
{
    const struct reader *found = reader_find(name);
    return found ? &found->info : NULL;
}

static const struct part_info *sensor_at(size_t index)
{
    const struct driver *driver = driver_at(index);
    return driver ? &driver->info : NULL;
}

static const struct part_info *reader_at_index(size_t index)
{
    const struct reader *found = reader_at(index);
    return found ? &found->info : NULL;
}

const struct config_catalogue guard_catalogue = {
    .sensor = sensor,
    .reader = reader,
    .sensor_at = sensor_at,
    .reader_at = reader_at_index,
};
