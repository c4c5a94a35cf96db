// Chips that the kernel drives: found by the name that the kernel gives them, read as text files, calculated
// exactly. For the drivers iio and hwmon, and for tests; blocks for as long as the kernel's driver does.
#ifndef CAREROOM_SENSORS_DRIVERS_SYSFS_H
#define CAREROOM_SENSORS_DRIVERS_SYSFS_H

#include "sensors/driver.h"

// What may be measured: the file NAME_input, else (NAME_raw + NAME_offset) * NAME_scale, in 10^-power of the
// quantity's unit as it is stored.
struct sysfs_channel {
    const char *name;
    enum quantity quantity;
    int power;
};

// Where a kind of device is found, and what it may measure.
struct sysfs_kind {
    const char *folder; // below /sys
    const char *prefix; // of its entries: a number follows
    const struct sysfs_channel *channels;
    size_t n_channels;
};

struct sysfs_part {
    const char *wanted; // the configuration's, which outlives the driver
    uint64_t every_ns;
    unsigned failures; // polls failed in a row
};

// The driver's functions but for the kind.
void sysfs_init(void *state, const struct config_sensor *config, uint64_t now_ns);
int sysfs_step(struct sysfs_part *part, const struct sysfs_kind *kind, uint64_t now_ns,
               struct driver_result *ret_result);

// Another folder instead of /sys; it must outlive its use. For tests.
void sysfs_set_root(const char *root);

// A decimal number: digits / 10^decimals.
struct decimal {
    bool negative;
    uint64_t digits;
    unsigned decimals;
};

// Text as the kernel writes it ("-16852.114286\n"). 0, -EILSEQ (no number), -ERANGE (too many digits).
int decimal_parse(const char *text, struct decimal *ret);
// 0 or -ERANGE.
int decimal_add(const struct decimal *a, const struct decimal *b, struct decimal *ret);
// a * b * 10^power, rounded, halves away from 0. 0 or -ERANGE.
int decimal_multiply(const struct decimal *a, const struct decimal *b, int power, int32_t *ret_value);

#endif
