#include "tests/unit/failing_disk.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const failure_names[FAILURE_COUNT] = {
    [FAIL_WRITE] = "write",
    [FAIL_FULL] = "full",
    [FAIL_SYNC] = "sync",
};

static struct {
    bool armed, for_good;
    enum failure failure;
    unsigned countdown, failed;
    unsigned writes_to_live; // 0: it lives on
} disk;

static sqlite3_vfs *real;

struct file {
    sqlite3_file base;
    sqlite3_file *real; // in the memory behind this
};

static bool fails_now(enum failure failure)
{
    if (!disk.armed || disk.failure != failure) {
        return false;
    }
    if (disk.countdown > 0) {
        disk.countdown--;
    }
    if (disk.countdown > 0 || (disk.failed > 0 && !disk.for_good)) {
        return false;
    }
    disk.failed++;
    return true;
}

static sqlite3_file *of(sqlite3_file *file)
{
    return ((struct file *)(void *)file)->real;
}

static int x_close(sqlite3_file *file)
{
    return of(file)->pMethods->xClose(of(file));
}

static int x_read(sqlite3_file *file, void *to, int n, sqlite3_int64 offset)
{
    return of(file)->pMethods->xRead(of(file), to, n, offset);
}

static int x_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 offset)
{
    if (disk.writes_to_live > 0 && --disk.writes_to_live == 0) {
        kill(getpid(), SIGKILL);
    }
    if (fails_now(FAIL_WRITE)) {
        errno = EIO;
        return SQLITE_IOERR_WRITE;
    }
    return fails_now(FAIL_FULL) ? SQLITE_FULL : of(file)->pMethods->xWrite(of(file), from, n, offset);
}

static int x_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return of(file)->pMethods->xTruncate(of(file), size);
}

static int x_sync(sqlite3_file *file, int flags)
{
    if (fails_now(FAIL_SYNC)) {
        errno = EIO;
        return SQLITE_IOERR_FSYNC;
    }
    return of(file)->pMethods->xSync(of(file), flags);
}

static int x_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return of(file)->pMethods->xFileSize(of(file), ret_size);
}

static int x_lock(sqlite3_file *file, int lock)
{
    return of(file)->pMethods->xLock(of(file), lock);
}

static int x_unlock(sqlite3_file *file, int lock)
{
    return of(file)->pMethods->xUnlock(of(file), lock);
}

static int x_check_lock(sqlite3_file *file, int *ret_reserved)
{
    return of(file)->pMethods->xCheckReservedLock(of(file), ret_reserved);
}

static int x_control(sqlite3_file *file, int operation, void *argument)
{
    return of(file)->pMethods->xFileControl(of(file), operation, argument);
}

static int x_sector(sqlite3_file *file)
{
    return of(file)->pMethods->xSectorSize(of(file));
}

static int x_device(sqlite3_file *file)
{
    return of(file)->pMethods->xDeviceCharacteristics(of(file));
}

static int x_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_memory)
{
    return of(file)->pMethods->xShmMap(of(file), page, size, extend, ret_memory);
}

static int x_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return of(file)->pMethods->xShmLock(of(file), offset, n, flags);
}

static void x_shm_barrier(sqlite3_file *file)
{
    of(file)->pMethods->xShmBarrier(of(file));
}

static int x_shm_unmap(sqlite3_file *file, int delete)
{
    return of(file)->pMethods->xShmUnmap(of(file), delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check_lock,
    .xFileControl = x_control,
    .xSectorSize = x_sector,
    .xDeviceCharacteristics = x_device,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
};

static int x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    (void)vfs;
    struct file *f = (struct file *)(void *)file;
    f->real = (sqlite3_file *)(void *)(f + 1);
    int code = real->xOpen(real, name, f->real, flags, ret_flags);
    f->base.pMethods = f->real->pMethods ? &methods : NULL;
    return code;
}

void failing_disk_install(void)
{
    static sqlite3_vfs vfs;
    real = sqlite3_vfs_find(NULL);
    vfs = *real; // all but opening a file is the real one's
    vfs.zName = "failing-disk";
    vfs.szOsFile = (int)sizeof(struct file) + real->szOsFile;
    vfs.xOpen = x_open;
    sqlite3_vfs_register(&vfs, 1);
}

void failing_disk_arm(enum failure failure, unsigned nth, bool for_good)
{
    memset(&disk, 0, sizeof disk);
    disk.armed = true;
    disk.failure = failure;
    disk.countdown = nth;
    disk.for_good = for_good;
}

unsigned failing_disk_disarm(void)
{
    disk.armed = false;
    return disk.failed;
}

void failing_disk_die(unsigned nth)
{
    disk.writes_to_live = nth;
}
