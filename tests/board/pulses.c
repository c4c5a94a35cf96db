// A Wiegand reader at two gpio-sim lines, idle high: a low pulse on the first for each 0, on the second for
// each 1.
//
//     board-pulses D0/pull D1/pull BITS
//
// Real pulses are 50 us wide and 1 to 2 ms apart. These are wider, since an emulated kernel needs longer to
// see a level change at all. Each waits for the one before: a board that other work stopped in between gets a
// long gap (over 30 ms: two halves of a frame), never a burst that no reader could send.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WIDTH_NS 200000
#define GAP_NS   800000

static int write_pull(int fd, const char *pull)
{
    return pwrite(fd, pull, strlen(pull), 0) < 0 ? -errno : 0;
}

static void rest(long ns)
{
    struct timespec left = { .tv_nsec = ns };
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

static int send(const int *fds, const char *bits)
{
    int r = 0;
    for (const char *bit = bits; *bit && r == 0; bit++) {
        int fd = fds[*bit == '1'];
        r = write_pull(fd, "pull-down");
        rest(WIDTH_NS);
        if (r == 0) {
            r = write_pull(fd, "pull-up");
        }
        rest(GAP_NS);
    }
    return r;
}

int main(int argc, char **argv)
{
    if (argc != 4 || strspn(argv[3], "01") != strlen(argv[3])) {
        fprintf(stderr, "usage: board-pulses D0/pull D1/pull BITS\n");
        return 2;
    }
    const int fds[] = { open(argv[1], O_WRONLY | O_CLOEXEC), open(argv[2], O_WRONLY | O_CLOEXEC) };
    if (fds[0] < 0 || fds[1] < 0) {
        perror("board-pulses");
        return 1;
    }
    // A reader is hardware: nothing on the board holds it up between two pulses. Above the guard, and always
    // asleep.
    const struct sched_param priority = { .sched_priority = 80 };
    if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0) {
        perror("board-pulses: sched_setscheduler");
        return 1;
    }
    int r = send(fds, argv[3]);
    if (r < 0) {
        fprintf(stderr, "board-pulses: %s\n", strerror(-r));
        return 1;
    }
    return 0;
}
