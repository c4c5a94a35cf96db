// What can be measured: one row a quantity, read by drivers, rules, configuration, topics and reports.
// Values are integers in fixed point; the unit stands in the key ("temp_mc": thousandths of a degree
// Celsius).
#ifndef CAREROOM_COMMON_QUANTITY_H
#define CAREROOM_COMMON_QUANTITY_H

#include <stddef.h>
#include <stdint.h>

enum quantity {
    QUANTITY_TEMPERATURE, // temp_mc: thousandths of a degree Celsius
    QUANTITY_HUMIDITY,    // rh_mpct: thousandths of a percent relative humidity
    QUANTITY_CO2,         // co2_ppm: parts per million
    QUANTITY_PRESSURE,    // pressure_pa: pascals, as measured (not reduced to the sea's level)
    QUANTITY_PM1,         // pm1_ngm3: particles of up to 1 µm, nanograms per cubic metre
    QUANTITY_PM25,        // pm25_ngm3: of up to 2.5 µm
    QUANTITY_PM10,        // pm10_ngm3: of up to 10 µm
    QUANTITY_VOLTAGE,     // voltage_uv: microvolts
    QUANTITY_CONTACT,     // active: 0 or 1, after the wiring (normally open or closed) has been taken into
                          // account
    QUANTITY_COUNT
};

struct quantity_info {
    const char *name; // as people write it in rules and on the command line: "temperature"
    const char *key;  // as events and telemetry carry it: "temp_mc"
    const char *unit; // as shown beside a value: "°C"; empty for a contact
    int32_t scale;    // stored value = written value * scale
    int32_t min, max; // stored values outside this range are implausible for any room and never a reading
};

extern const struct quantity_info quantities[QUANTITY_COUNT];

// Bit of a quantity in a set (part_info.quantities).
#define QUANTITY_BIT(q) (1u << (q))

// 0 and *ret_quantity, or -ENOENT where no quantity has this name. Any thread; never blocks.
int quantity_find(const char *name, enum quantity *ret_quantity);

// Text as people write it ("26.5", "-4", "1500") into fixed point. 0, -EINVAL (not a decimal number, or more
// decimals than the scale holds), -ERANGE (does not fit 32 bits after scaling). No locale, no floating point.
int quantity_parse(enum quantity quantity, const char *text, int32_t *ret_value);

// Fixed point into text without the unit: 26500 -> "26.5", 1500 -> "1500". Always terminates buf (size >=
// 16).
void quantity_format(enum quantity quantity, int32_t value, char *buf, size_t size);

#endif
