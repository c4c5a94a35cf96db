// How fast the journal takes events, and, in turns with it, how fast the same bytes are on the same disk
// without one: each batch's lines in one write() to the end of a file, and fdatasync().
//
//     bench-journal STATE_DIR GATEWAY SITE COMMITS BATCH
//
// In blocks of 20 commits. Prints the medians of the blocks in events per second, as JSON. The journal stays
// there: it is what bench.py lets the uplink deliver.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/common/clock.h"
#include "gateway/journal/journal.h"

#define BLOCK      20 // commits
#define BATCH_MAX  64
#define BLOCKS_MAX 10000

struct job {
    struct journal *journal;
    struct line_identity identity;
    int bare;
    unsigned batch;
    struct event events[BATCH_MAX];
    char lines[BATCH_MAX * LINE_MAX_BYTES];
    size_t length; // of the batch's lines
};

static void happen(struct job *job)
{
    for (unsigned i = 0; i < job->batch; i++) {
        job->events[i] = (struct event){ .type = i % 2 ? EVENT_DOOR_CLOSED : EVENT_DOOR_OPENED,
                                         .class = CLASS_ACCESS,
                                         .clock = CLOCK_SYNCHRONISED,
                                         .boottime_ns = clock_boottime_ns(),
                                         .wall_ms = clock_wall_ms(),
                                         .room = "room-1",
                                         .item = "door" };
        event_add_word(&job->events[i], FIELD_ROLE, "door");
    }
}

// The bytes that the batch has in the journal, near enough: numbers and hashes are other ones of that length.
static int encode(struct job *job)
{
    struct line_numbers numbers = { .sequence = 1000, .classseq = 1000 };
    memset(numbers.prev, '0', sizeof numbers.prev - 1);
    job->length = 0;
    for (unsigned i = 0; i < job->batch; i++) {
        int n = line_encode(&job->events[i], &job->identity, &numbers, job->lines + job->length,
                            sizeof job->lines - job->length);
        if (n < 0) {
            return n;
        }
        job->length += (size_t)n;
    }
    return 0;
}

static int append(struct job *job)
{
    struct journal_receipt receipt;
    return journal_append(job->journal, job->events, job->batch, &receipt);
}

static int write_bare(struct job *job)
{
    if (write(job->bare, job->lines, job->length) != (ssize_t)job->length || fdatasync(job->bare) < 0) {
        return errno ? -errno : -EIO;
    }
    return 0;
}

// Events in a second.
static int block(struct job *job, int (*commit)(struct job *job), double *ret_rate)
{
    uint64_t taken_ns = 0;
    for (unsigned i = 0; i < BLOCK; i++) {
        happen(job);
        int r = encode(job);
        uint64_t start_ns = clock_boottime_ns();
        if (r == 0) {
            r = commit(job);
        }
        if (r < 0) {
            return r;
        }
        taken_ns += clock_boottime_ns() - start_ns;
    }
    *ret_rate = (double)BLOCK * job->batch * (double)NS_PER_S / (double)taken_ns;
    return 0;
}

static int ascending(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static int measure(struct job *job, size_t n_blocks)
{
    static double rates[2][BLOCKS_MAX];
    for (size_t i = 0; i < n_blocks; i++) {
        int r = block(job, append, &rates[0][i]);
        if (r == 0) {
            r = block(job, write_bare, &rates[1][i]);
        }
        if (r < 0) {
            return r;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        qsort(rates[i], n_blocks, sizeof rates[i][0], ascending);
    }
    printf("{\"journal\": %.1f, \"bare\": %.1f}\n", rates[0][n_blocks / 2], rates[1][n_blocks / 2]);
    return 0;
}

int main(int argc, char **argv)
{
    static struct job job;
    char boot_id[37], bare[4096];
    size_t n_blocks = argc == 6 ? (size_t)atol(argv[4]) / BLOCK : 0;
    job.batch = argc == 6 ? (unsigned)atoi(argv[5]) : 0;
    if (n_blocks < 1 || n_blocks > BLOCKS_MAX || job.batch < 1 || job.batch > BATCH_MAX) {
        fprintf(stderr, "usage: bench-journal STATE_DIR GATEWAY SITE COMMITS BATCH (1 to %d)\n", BATCH_MAX);
        return 2;
    }
    job.identity = (struct line_identity){ .gateway = argv[2], .site = argv[3], .boot_id = boot_id };
    (void)snprintf(bare, sizeof bare, "%s/bare", argv[1]);
    job.bare = open(bare, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int r = job.bare < 0 ? -errno : clock_boot_id(boot_id, sizeof boot_id);
    if (r == 0) {
        r = journal_open(argv[1], &job.identity, &job.journal);
    }
    if (r == 0) {
        r = measure(&job, n_blocks);
        journal_close(job.journal);
    }
    if (r < 0) {
        fprintf(stderr, "bench-journal: %s\n", strerror(-r));
    }
    (void)unlink(bare);
    return r < 0 ? 1 : 0;
}
