// Serial ports over termios.
#include "sensors/bus/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct serial_port {
    int fd;
};

static const struct {
    unsigned baud;
    speed_t speed;
} speeds[] = {
    { 1200, B1200 },   { 2400, B2400 },   { 4800, B4800 },   { 9600, B9600 },
    { 19200, B19200 }, { 38400, B38400 }, { 57600, B57600 }, { 115200, B115200 },
};

static int find_speed(unsigned baud, speed_t *ret_speed)
{
    for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
        if (speeds[i].baud == baud) {
            *ret_speed = speeds[i].speed;
            return 0;
        }
    return -EINVAL;
}

// Whatever the port's last user left behind. tcsetattr() succeeds where it could do any of what was asked, so
// what matters is read back.
static int set_raw(int fd, speed_t speed)
{
    struct termios wanted, got;
    if (tcgetattr(fd, &wanted) < 0)
        return -errno;
    cfmakeraw(&wanted);
    wanted.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    wanted.c_cflag |= CLOCAL | CREAD;
    wanted.c_cc[VMIN] = 1; // so that "nothing waits" is EAGAIN, and 0 bytes a hang-up
    wanted.c_cc[VTIME] = 0;
    if (cfsetispeed(&wanted, speed) < 0 || cfsetospeed(&wanted, speed) < 0 ||
        tcsetattr(fd, TCSANOW, &wanted) < 0 || tcgetattr(fd, &got) < 0)
        return -errno;
    bool same = cfgetispeed(&got) == speed && cfgetospeed(&got) == speed &&
                (got.c_cflag & (CSIZE | PARENB | CSTOPB)) == CS8 && (got.c_lflag & ICANON) == 0;
    return same ? 0 : -EINVAL;
}

// Not the controlling terminal, and no wait for a modem's carrier.
int serial_open(const char *path, unsigned baud, struct serial_port **ret_port)
{
    speed_t speed;
    int r = find_speed(baud, &speed);
    if (r < 0)
        return r;
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = set_raw(fd, speed);
    if (r == 0 && ioctl(fd, TIOCEXCL) < 0)
        r = -errno;
    struct serial_port *port = r == 0 ? malloc(sizeof(*port)) : NULL;
    if (!port) {
        close(fd);
        return r < 0 ? r : -ENOMEM;
    }
    port->fd = fd;
    *ret_port = port;
    serial_flush(port);
    return 0;
}

void serial_close(struct serial_port *port)
{
    if (!port)
        return;
    (void)ioctl(port->fd, TIOCNXCL);
    close(port->fd);
    free(port);
}

int serial_fd(const struct serial_port *port)
{
    return port->fd;
}

// A port that was pulled hangs up: reads of 0 bytes, or EIO, by kernel and driver.
static int normalised(int error)
{
    switch (error) {
    case EAGAIN:
    case EINTR:
        return -EAGAIN;
    case EIO:
    case ENXIO:
    case ENODEV:
        return -ENODEV;
    default:
        return -EIO;
    }
}

int serial_read(struct serial_port *port, uint8_t *ret_bytes, size_t cap)
{
    ssize_t n = read(port->fd, ret_bytes, cap);
    if (n < 0)
        return normalised(errno);
    return n == 0 ? -ENODEV : (int)n;
}

int serial_write(struct serial_port *port, const uint8_t *bytes, size_t length)
{
    ssize_t n = write(port->fd, bytes, length);
    if (n < 0)
        return normalised(errno);
    return (size_t)n == length ? 0 : -EAGAIN;
}

void serial_flush(struct serial_port *port)
{
    (void)tcflush(port->fd, TCIFLUSH);
}
