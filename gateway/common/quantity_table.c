// The quantities. Data alone: the pure core links this file.
#include "gateway/common/quantity.h"

const struct quantity_info quantities[QUANTITY_COUNT] = {
    // The bottom of what the parts are specified for, and the top, so that a room on fire still reads as hot.
    [QUANTITY_TEMPERATURE] = { "temperature", "temp_mc", "°C", .scale = 1000, .min = -40000, .max = 125000 },
    [QUANTITY_HUMIDITY] = { "humidity", "rh_mpct", "%RH", .scale = 1000, .min = 0, .max = 100000 },
    // Air outdoors has about 420 ppm: far below that a sensor is not measuring; 40000 ppm is its end of
    // scale.
    [QUANTITY_CO2] = { "co2", "co2_ppm", "ppm", .scale = 1, .min = 200, .max = 40000 },
    [QUANTITY_CONTACT] = { "contact", "active", "", .scale = 1, .min = 0, .max = 1 },
};
_Static_assert(QUANTITY_COUNT == 4, "a quantity without a row");
