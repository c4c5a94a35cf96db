// Whether a CO2 sensor has drifted, by the air of the night: an empty room comes down to what is outdoors.
// The lowest hourly mean of each night should lie where fresh air does; three nights in a row elsewhere ask
// for the sensor to be looked after. Pure, as all of the core.
#ifndef CAREROOM_CORE_FLOOR_H
#define CAREROOM_CORE_FLOOR_H

#include <stdbool.h>
#include <stdint.h>

#define FLOOR_LOWEST_PPM  350
#define FLOOR_HIGHEST_PPM 600
#define FLOOR_NIGHTS      3

// All zero: nothing is known.
struct floor {
    bool night;            // the last reading was in one
    uint64_t hour_ns;      // when the hour under way began
    uint64_t last_ns;      // its last reading
    int64_t sum_ppm;       // of its readings
    uint32_t n;            // their number
    int32_t lowest_ppm;    // lowest mean of this night's hours; 0: none was complete
    int32_t night_ppm;     // that of the last night that had one; 0: there was none yet
    uint32_t nights_apart; // nights in a row whose lowest mean was elsewhere
};

// Take a reading. night: between one and five in the morning, where the room stands; the caller knows the
// clock and leaves out readings of a time in which it does not. A night that has no complete hour says
// nothing. True: a night has ended, and night_ppm is its.
bool floor_take(struct floor *floor, uint64_t now_ns, bool night, int32_t co2_ppm);

// Whether the sensor should be looked after. It ends with the first night that is as it should be.
bool floor_advises(const struct floor *floor);

#endif
