// From a contact's edge to an output's level, as seen from inside the board: changes a gpio-sim line and
// looks at another until it reads as wanted. Prints the microseconds between.
//
//     board-stopwatch LINE/pull pull-up|pull-down OUTPUT/value 0|1
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_US 10000000

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: board-stopwatch LINE/pull pull-up|pull-down OUTPUT/value 0|1\n");
        return 2;
    }
    int line = open(argv[1], O_WRONLY | O_CLOEXEC), output = open(argv[3], O_RDONLY | O_CLOEXEC);
    char level[4] = "";
    if (line < 0 || output < 0 || pread(output, level, sizeof level - 1, 0) < 0) {
        perror("board-stopwatch");
        return 1;
    }
    if (level[0] == argv[4][0]) {
        fprintf(stderr, "board-stopwatch: the output reads %s already\n", argv[4]);
        return 1;
    }
    int64_t start_us = now_us(), passed_us = 0;
    if (write(line, argv[2], strlen(argv[2])) < 0) {
        perror("board-stopwatch");
        return 1;
    }
    while (level[0] != argv[4][0] && passed_us < LIMIT_US) {
        if (pread(output, level, sizeof level - 1, 0) < 0) {
            perror("board-stopwatch");
            return 1;
        }
        passed_us = now_us() - start_us;
    }
    if (level[0] != argv[4][0]) {
        fprintf(stderr, "board-stopwatch: the output still reads %c after %d s\n", level[0],
                LIMIT_US / 1000000);
        return 1;
    }
    printf("%lld\n", (long long)passed_us);
    return 0;
}
