// I2C over the kernel's i2c-dev: plain transfers with I2C_RDWR, so that both messages of a pair go under one
// lock.
//
// The adapter's timeout and retries are left alone: they belong to everybody on that adapter, not to this
// handle.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sensors/bus/i2c.h"

#define ADAPTERS "/sys/class/i2c-dev"

struct i2c_bus {
    int fd;
};

// The adapters' different habits made one; i2c.h says what each code means.
static int normalised(int error)
{
    switch (error) {
    case ENXIO: // i2c-gpio and the documented convention; bcm2835 and designware say EREMOTEIO
    case EREMOTEIO:
        return -EREMOTEIO;
    case ETIMEDOUT:
    case EBUSY: // recovery found SCL held low
        return -ETIMEDOUT;
    case EAGAIN: // arbitration lost
    case EINTR:
        return -EAGAIN;
    case ENODEV:
    case ESHUTDOWN: // an adapter on USB was pulled
        return -ENODEV;
    default:
        return -EIO;
    }
}

// A file that does not know the question is no adapter; one without plain I2C (i2c-stub, many SMBus hosts)
// can't serve chips whose commands are two bytes.
static int check_adapter(int fd)
{
    unsigned long functions = 0;
    if (ioctl(fd, I2C_FUNCS, &functions) < 0)
        return errno == ENOTTY || errno == EINVAL ? -EOPNOTSUPP : -errno;
    return (functions & I2C_FUNC_I2C) != 0 ? 0 : -EOPNOTSUPP;
}

int i2c_open(const char *path, struct i2c_bus **ret_bus)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = check_adapter(fd);
    struct i2c_bus *bus = r < 0 ? NULL : malloc(sizeof(*bus));
    if (!bus) {
        close(fd);
        return r < 0 ? r : -ENOMEM;
    }
    bus->fd = fd;
    *ret_bus = bus;
    return 0;
}

void i2c_close(struct i2c_bus *bus)
{
    if (!bus)
        return;
    close(bus->fd);
    free(bus);
}

int i2c_transfer(struct i2c_bus *bus, const struct i2c_message *messages, size_t n)
{
    struct i2c_msg msgs[I2C_RDWR_IOCTL_MAX_MSGS];
    if (n == 0 || n > I2C_RDWR_IOCTL_MAX_MSGS)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (messages[i].length == 0) // bcm2835 can hang over an empty message
            return -EINVAL;
        msgs[i] = (struct i2c_msg){
            .addr = messages[i].address,
            .flags = messages[i].read ? I2C_M_RD : 0,
            .len = messages[i].length,
            .buf = messages[i].bytes,
        };
    }
    struct i2c_rdwr_ioctl_data data = { .msgs = msgs, .nmsgs = (__u32)n };
    int done = ioctl(bus->fd, I2C_RDWR, &data);
    if (done < 0)
        return normalised(errno);
    return (size_t)done == n ? 0 : -EIO;
}

// The kernel refuses to give an address to a handle where a driver is bound to it. Transfers name theirs each
// time.
int i2c_claimed(struct i2c_bus *bus, uint8_t address)
{
    return ioctl(bus->fd, I2C_SLAVE, (void *)(uintptr_t)address) < 0 ? -errno : 0;
}

// The name that the kernel gives an adapter, without the line's end; empty where it can't be read.
static void read_name(const char *adapter, char *buf, size_t size)
{
    char path[sizeof(ADAPTERS) + NAME_MAX + sizeof("//name")];
    snprintf(path, sizeof(path), ADAPTERS "/%s/name", adapter);
    buf[0] = '\0';
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    if (fgets(buf, (int)size, file))
        buf[strcspn(buf, "\n")] = '\0';
    fclose(file);
}

int i2c_list(int (*each)(const char *path, const char *name, void *user), void *user)
{
    DIR *dir = opendir(ADAPTERS);
    if (!dir)
        return errno == ENOENT ? 0 : -errno; // without i2c-dev there is no adapter to tell of
    int r = 0;
    for (const struct dirent *entry; r == 0 && (entry = readdir(dir));) {
        if (strncmp(entry->d_name, "i2c-", 4) != 0)
            continue;
        char path[sizeof("/dev/") + NAME_MAX], name[64];
        snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
        read_name(entry->d_name, name, sizeof(name));
        r = each(path, name, user);
    }
    closedir(dir);
    return r;
}
