// The quantities. Data alone: the pure core links this file.
#include "gateway/common/quantity.h"

const struct quantity_info quantities[QUANTITY_COUNT] = {
    // The bottom of what the parts are specified for, and the top, so that a room on fire still reads as hot.
    [QUANTITY_TEMPERATURE] = { "temperature", "temp_mc", "°C", .scale = 1000, .min = -40000, .max = 125000 },
    [QUANTITY_HUMIDITY] = { "humidity", "rh_mpct", "%RH", .scale = 1000, .min = 0, .max = 100000 },
    // Air outdoors has about 420 ppm: far below that a sensor is not measuring; 40000 ppm is its end of
    // scale.
    [QUANTITY_CO2] = { "co2", "co2_ppm", "ppm", .scale = 1, .min = 200, .max = 40000 },
    // From above the highest town to below any mine.
    [QUANTITY_PRESSURE] = { "pressure", "pressure_pa", "Pa", .scale = 1, .min = 30000, .max = 110000 },
    // Smoke of a burning room has some 10000; a sensor's own range ends at 1000.
    [QUANTITY_PM1] = { "pm1", "pm1_ngm3", "µg/m³", .scale = 1000, .min = 0, .max = 10000000 },
    [QUANTITY_PM25] = { "pm25", "pm25_ngm3", "µg/m³", .scale = 1000, .min = 0, .max = 10000000 },
    [QUANTITY_PM10] = { "pm10", "pm10_ngm3", "µg/m³", .scale = 1000, .min = 0, .max = 10000000 },
    // The widest range of the converters.
    [QUANTITY_VOLTAGE] = { "voltage", "voltage_uv", "V", .scale = 1000000, .min = -6144000, .max = 6144000 },
    [QUANTITY_CONTACT] = { "contact", "active", "", .scale = 1, .min = 0, .max = 1 },
};
_Static_assert(QUANTITY_COUNT == 9, "a quantity without a row");
