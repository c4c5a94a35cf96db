// A disk that fails when a test wants: stands between SQLite and the real files, as its default VFS.
#ifndef CAREROOM_TESTS_FAILING_DISK_H
#define CAREROOM_TESTS_FAILING_DISK_H

#include <stdbool.h>

enum failure {
    FAIL_WRITE, // EIO; nothing of the write is there
    FAIL_FULL,  // no space; nothing of the write is there
    FAIL_SYNC,  // EIO; what was written is there as far as anybody can read
    FAILURE_COUNT
};
extern const char *const failure_names[FAILURE_COUNT];

// Once, before the first database is opened.
void failing_disk_install(void);

// The nth call of its kind from now on fails (from 1), and all later ones where `for_good` is set.
void failing_disk_arm(enum failure failure, unsigned nth, bool for_good);

// The disk works again. Returns how many calls have failed since it was armed.
unsigned failing_disk_disarm(void);

// The process is killed at its nth write from now on (from 1), before anything of it is there.
void failing_disk_die(unsigned nth);

#endif
