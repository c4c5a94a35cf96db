// A device is looked up anew at every poll: numbers change when one is unplugged, and a chip that has gone
// must be told as such.
#include "sensors/drivers/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/common/clock.h"

#define TEXT_SIZE 64

_Static_assert(sizeof(struct sysfs_part) <= DRIVER_STATE_MAX, "state too big");

static const char *root = "/sys";

void sysfs_set_root(const char *wanted)
{
    root = wanted;
}

void sysfs_init(void *state, const struct config_sensor *config, uint64_t now_ns)
{
    (void)now_ns;
    *(struct sysfs_part *)state = (struct sysfs_part){
        .wanted = config->sysfs,
        .every_ns = config->every_ms * NS_PER_MS,
    };
}

// ---- Files

// What a driver's step() may return; -ENOENT stays, for the caller to judge.
static int as_driver_says(int error)
{
    switch (error) {
    case -ENOENT:
    case -ENODEV:
    case -ETIMEDOUT:
    case -EREMOTEIO:
    case -EAGAIN:
        return error;
    case -ENXIO:
        return -EREMOTEIO;
    case -EBUSY:
        return -EAGAIN;
    default: // whatever the kernel's driver may say
        return -EIO;
    }
}

// The text of DEVICE/NAMESUFFIX, ended. 0 or a negative errno; -ENOENT: there is no such file.
static int read_text(const char *device, const char *name, const char *suffix, char text[TEXT_SIZE])
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/%s%s", device, name, suffix) >= (int)sizeof(path))
        return -EIO;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_SIZE);
    int r = n < 0 ? as_driver_says(-errno) : n == TEXT_SIZE ? -EILSEQ : 0;
    if (fd >= 0)
        close(fd);
    if (r == 0)
        text[n] = '\0';
    return r;
}

// *ret_number stays what it was where there is no such file.
static int read_decimal(const char *device, const char *name, const char *suffix, struct decimal *ret_number)
{
    char text[TEXT_SIZE];
    int r = read_text(device, name, suffix, text);
    return r < 0 ? r : decimal_parse(text, ret_number);
}

// ---- Finding the device

// "scd4x" or "scd4x@2": the name's length, and which of that name; 0: the only one.
static unsigned long split(const char *wanted, size_t *ret_length)
{
    const char *at = strrchr(wanted, '@');
    *ret_length = at ? (size_t)(at - wanted) : strlen(wanted);
    return at ? strtoul(at + 1, NULL, 10) : 0;
}

static bool has_name(const char *device, const char *name, size_t length)
{
    char text[TEXT_SIZE];
    if (read_text(device, "name", "", text) < 0)
        return false;
    text[strcspn(text, "\n")] = '\0';
    return strlen(text) == length && memcmp(text, name, length) == 0;
}

// The number of a folder's entry, or -1: it is none of this kind.
static long number_of(const char *entry, const char *prefix)
{
    size_t length = strlen(prefix);
    char *end = NULL;
    if (strncmp(entry, prefix, length) != 0)
        return -1;
    long number = strtol(entry + length, &end, 10);
    return end == entry + length || *end != '\0' ? -1 : number;
}

// The lowest number above `after` whose device has this name; -1: there is none.
static long next_device(const struct sysfs_kind *kind, const char *folder, const char *name, size_t length,
                        long after)
{
    long found = -1;
    DIR *entries = opendir(folder);
    for (const struct dirent *entry; entries && (entry = readdir(entries));) {
        char device[PATH_MAX];
        long number = number_of(entry->d_name, kind->prefix);
        if (number <= after || (found >= 0 && number > found))
            continue;
        if (snprintf(device, sizeof(device), "%s/%s", folder, entry->d_name) < (int)sizeof(device) &&
            has_name(device, name, length))
            found = number;
    }
    if (entries)
        closedir(entries);
    return found;
}

// 0 and its path, -ENODEV; -EPROTOTYPE: there are several, and nothing says which.
static int find_device(const struct sysfs_kind *kind, const char *wanted, char *ret_path, size_t size)
{
    char folder[PATH_MAX];
    size_t length;
    unsigned long which = split(wanted, &length);
    if (snprintf(folder, sizeof(folder), "%s/%s", root, kind->folder) >= (int)sizeof(folder))
        return -ENODEV;
    long number = next_device(kind, folder, wanted, length, -1);
    for (unsigned long i = 1; i < which && number >= 0; i++)
        number = next_device(kind, folder, wanted, length, number);
    if (number < 0)
        return -ENODEV;
    if (which == 0 && next_device(kind, folder, wanted, length, number) >= 0)
        return -EPROTOTYPE;
    return snprintf(ret_path, size, "%s/%s%ld", folder, kind->prefix, number) < (int)size ? 0 : -ENODEV;
}

// ---- Values

// (raw + offset) * scale; without an offset 0, without a scale 1.
static int read_raw(const char *device, const struct sysfs_channel *channel, int32_t *ret_value)
{
    struct decimal raw, offset = { .digits = 0 }, scale = { .digits = 1 };
    int r = read_decimal(device, channel->name, "_raw", &raw);
    if (r < 0)
        return r;
    r = read_decimal(device, channel->name, "_offset", &offset);
    if (r == 0 || r == -ENOENT)
        r = read_decimal(device, channel->name, "_scale", &scale);
    if (r == 0 || r == -ENOENT)
        r = decimal_add(&raw, &offset, &raw);
    return r < 0 ? r : decimal_multiply(&raw, &scale, channel->power, ret_value);
}

// -ENOENT: the device has no such channel.
static int read_channel(const char *device, const struct sysfs_channel *channel, int32_t *ret_value)
{
    static const struct decimal one = { .digits = 1 };
    struct decimal input, fault = { .digits = 0 };
    int r = read_decimal(device, channel->name, "_fault", &fault);
    if (r < 0 && r != -ENOENT)
        return r;
    if (fault.digits != 0)
        return -ENOTRECOVERABLE;
    r = read_decimal(device, channel->name, "_input", &input);
    if (r == -ENOENT)
        return read_raw(device, channel, ret_value);
    return r < 0 ? r : decimal_multiply(&input, &one, channel->power, ret_value);
}

static int poll_device(const struct sysfs_part *part, const struct sysfs_kind *kind,
                       struct driver_result *result)
{
    char device[PATH_MAX];
    int r = find_device(kind, part->wanted, device, sizeof(device));
    for (size_t i = 0; i < kind->n_channels && r == 0; i++) {
        int32_t value = 0;
        r = read_channel(device, &kind->channels[i], &value);
        if (r == 0)
            r = driver_add(result, kind->channels[i].quantity, value);
        else if (r == -ENOENT)
            r = 0;
    }
    return r == 0 && result->n == 0 ? -ENODATA : r;
}

int sysfs_step(struct sysfs_part *part, const struct sysfs_kind *kind, uint64_t now_ns,
               struct driver_result *ret_result)
{
    ret_result->n = 0;
    int r = poll_device(part, kind, ret_result);
    if (r < 0) {
        part->failures++;
        ret_result->n = 0;
        ret_result->next_ns = now_ns + driver_retry_ns(part->failures, part->every_ns);
    } else {
        part->failures = 0;
        ret_result->next_ns = now_ns + part->every_ns;
    }
    return r;
}
