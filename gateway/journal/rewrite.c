#include "gateway/journal/rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK_BYTES 65536

// 1: there may be more; 0: the end; negative errno.
static int rewrite_chunk(int fd, char *chunk, off_t *offset)
{
    ssize_t n = pread(fd, chunk, CHUNK_BYTES, *offset);
    if (n <= 0) {
        return n < 0 ? -errno : 0;
    }
    ssize_t written = pwrite(fd, chunk, (size_t)n, *offset);
    if (written < 0) {
        return -errno;
    }
    *offset += written; // a short write goes on from where it ended, a full disk then says so
    return 1;
}

int rewrite_file(const char *file)
{
    int fd = open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    char *chunk = malloc(CHUNK_BYTES);
    int r = chunk ? 1 : -ENOMEM;
    for (off_t offset = 0; r == 1;) {
        r = rewrite_chunk(fd, chunk, &offset);
    }
    if (r == 0 && fsync(fd) < 0) {
        r = -errno;
    }
    free(chunk);
    close(fd);
    return r;
}
