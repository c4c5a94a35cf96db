// LD_PRELOAD library: a program whose CLOCK_BOOTTIME a test can move ahead while it runs, as if the board had slept meanwhile.
// $AHEAD_FILE is a file of 8 bytes, nanoseconds in the machine's byte order. Timers of the kernel are told the kernel's own time.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ll

static const volatile int64_t *ahead;
static int64_t nothing;
static unsigned char is_boottime[1024]; // by descriptor of a timer

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("AHEAD_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *shared = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) {
        abort(); // a test without it would test nothing
    }
    close(fd);
    ahead = shared;
}

static struct timespec moved(struct timespec t, int64_t by_ns)
{
    int64_t ns = (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec + by_ns;
    ns = ns < 1 ? 1 : ns; // 0 would disarm a timer
    return (struct timespec){ .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    int r = (int)syscall(SYS_clock_gettime, clock, t);
    if (r == 0 && clock == CLOCK_BOOTTIME) {
        *t = moved(*t, ahead ? *ahead : nothing);
    }
    return r;
}

int timerfd_create(clockid_t clock, int flags)
{
    int fd = (int)syscall(SYS_timerfd_create, clock, flags);
    if (fd >= 0 && fd < (int)sizeof is_boottime) {
        is_boottime[fd] = clock == CLOCK_BOOTTIME;
    }
    return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
    struct itimerspec kernel = *new;
    if ((flags & TFD_TIMER_ABSTIME) && fd < (int)sizeof is_boottime && is_boottime[fd] &&
        (new->it_value.tv_sec || new->it_value.tv_nsec)) {
        kernel.it_value = moved(new->it_value, -*ahead);
    }
    return (int)syscall(SYS_timerfd_settime, fd, flags, &kernel, old);
}
