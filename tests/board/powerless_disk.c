// A disk with a volatile cache, for nbdkit: what has been written is on the medium (the file) after a flush;
// until then it is in this process's memory, and gone when it is killed. So a power cut is a SIGKILL.
//
//     nbdkit board-disk.so file=IMAGE [seed=N] [early=PERCENT] [lies=true]
//
// early: how many of the sectors written go to the medium at once all the same, each decided by itself and
// for ever reproducible from the seed. Real disks write their cache back when and in the order they like, so
// after a cut some of what was not flushed is there, and some is not: a file system must bear that too. lies:
// flushes are acknowledged and ignored. A board on such a disk loses what it was told is safe.
#define NBDKIT_API_VERSION 2

#include <errno.h>
#include <fcntl.h>
#include <nbdkit-plugin.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR       512
#define THREAD_MODEL NBDKIT_THREAD_MODEL_SERIALIZE_ALL_REQUESTS

static char *file;
static int medium = -1;
static uint32_t seed = 1, early;
static int lies;
static uint64_t random_state;
static size_t n_sectors;
static unsigned char **cache; // by sector; NULL: the medium has it

static int disk_config(const char *key, const char *value)
{
    if (strcmp(key, "file") == 0) {
        file = nbdkit_realpath(value);
        return file ? 0 : -1;
    }
    if (strcmp(key, "seed") == 0) {
        return nbdkit_parse_uint32_t(key, value, &seed);
    }
    if (strcmp(key, "early") == 0) {
        return nbdkit_parse_uint32_t(key, value, &early);
    }
    if (strcmp(key, "lies") == 0) {
        lies = nbdkit_parse_bool(value);
        return lies < 0 ? -1 : 0;
    }
    nbdkit_error("unknown parameter %s", key);
    return -1;
}

static int disk_get_ready(void)
{
    struct stat st;
    medium = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (medium < 0 || fstat(medium, &st) < 0 || st.st_size % SECTOR != 0) {
        nbdkit_error("file=IMAGE: %s",
                     file && medium < 0 ? strerror(errno) : "missing, or no whole number of sectors");
        return -1;
    }
    n_sectors = (size_t)st.st_size / SECTOR;
    cache = calloc(n_sectors, sizeof *cache);
    random_state = 0x9e3779b97f4a7c15u ^ seed;
    return cache ? 0 : -1;
}

// xorshift64*
static uint32_t chance(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32) % 100;
}

static int to_medium(size_t sector, const unsigned char *bytes)
{
    if (pwrite(medium, bytes, SECTOR, (off_t)(sector * SECTOR)) != SECTOR) {
        nbdkit_error("pwrite: %m");
        return -1;
    }
    return 0;
}

static int sector_read(size_t sector, unsigned char *bytes)
{
    if (cache[sector]) {
        memcpy(bytes, cache[sector], SECTOR);
        return 0;
    }
    if (pread(medium, bytes, SECTOR, (off_t)(sector * SECTOR)) != SECTOR) {
        nbdkit_error("pread: %m");
        return -1;
    }
    return 0;
}

static int sector_write(size_t sector, const unsigned char *bytes)
{
    if (chance() < early) {
        free(cache[sector]);
        cache[sector] = NULL;
        return to_medium(sector, bytes);
    }
    if (!cache[sector]) {
        cache[sector] = malloc(SECTOR);
    }
    if (!cache[sector]) {
        nbdkit_set_error(ENOMEM);
        return -1;
    }
    memcpy(cache[sector], bytes, SECTOR);
    return 0;
}

static void *disk_open(int readonly)
{
    (void)readonly;
    return NBDKIT_HANDLE_NOT_NEEDED;
}

static int64_t disk_get_size(void *handle)
{
    (void)handle;
    return (int64_t)(n_sectors * SECTOR);
}

static int disk_block_size(void *handle, uint32_t *minimum, uint32_t *preferred, uint32_t *maximum)
{
    (void)handle;
    *minimum = SECTOR;
    *preferred = 4096;
    *maximum = 32 << 20;
    return 0;
}

static int whole_sectors(uint32_t count, uint64_t offset)
{
    if (count % SECTOR == 0 && offset % SECTOR == 0) {
        return 0;
    }
    nbdkit_error("%u bytes at %llu are no whole sectors", count, (unsigned long long)offset);
    nbdkit_set_error(EINVAL);
    return -1;
}

static int disk_pread(void *handle, void *buffer, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle;
    (void)flags;
    int r = whole_sectors(count, offset);
    for (uint32_t i = 0; i < count / SECTOR && r == 0; i++) {
        r = sector_read(offset / SECTOR + i, (unsigned char *)buffer + i * SECTOR);
    }
    return r;
}

static int disk_pwrite(void *handle, const void *buffer, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle;
    (void)flags; // nbdkit turns "force unit access" into a flush of ours
    int r = whole_sectors(count, offset);
    for (uint32_t i = 0; i < count / SECTOR && r == 0; i++) {
        r = sector_write(offset / SECTOR + i, (const unsigned char *)buffer + i * SECTOR);
    }
    return r;
}

static int disk_can_flush(void *handle)
{
    (void)handle;
    return 1;
}

static int disk_flush(void *handle, uint32_t flags)
{
    (void)handle;
    (void)flags;
    int r = 0;
    for (size_t sector = 0; sector < n_sectors && r == 0 && !lies; sector++) {
        if (cache[sector]) {
            r = to_medium(sector, cache[sector]);
            free(cache[sector]);
            cache[sector] = NULL;
        }
    }
    return r;
}

static struct nbdkit_plugin plugin = {
    .name = "powerless",
    .config = disk_config,
    .get_ready = disk_get_ready,
    .open = disk_open,
    .get_size = disk_get_size,
    .block_size = disk_block_size,
    .pread = disk_pread,
    .pwrite = disk_pwrite,
    .can_flush = disk_can_flush,
    .flush = disk_flush,
};
struct nbdkit_plugin *plugin_init(void); // what the macro defines, and nbdkit's header does not declare
NBDKIT_REGISTER_PLUGIN(plugin)
