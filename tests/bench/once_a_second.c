// A program that wakes up once a second and does nothing then: the least memory and the least time that a
// daemon with a tick can have. It says READY=1 as a daemon does.
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    struct itimerspec second = { .it_interval = { .tv_sec = 1 }, .it_value = { .tv_sec = 1 } };
    struct epoll_event event = { .events = EPOLLIN };
    unsigned long long ticks;
    int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC), epoll = epoll_create1(EPOLL_CLOEXEC);
    if (timerfd_settime(timer, 0, &second, NULL) < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) < 0) {
        return 1;
    }
    (void)sd_notify(0, "READY=1");
    while (epoll_wait(epoll, &event, 1, -1) > 0) {
        if (read(timer, &ticks, sizeof ticks) < 0) {
            return 1;
        }
    }
    return 1;
}
