// Inside gateway/journal/ alone.
#ifndef CAREROOM_JOURNAL_REWRITE_H
#define CAREROOM_JOURNAL_REWRITE_H

// After a sync that failed the kernel counts the pages as written all the same, and the next sync succeeds
// without them. Write a file's bytes over themselves and sync, so that what can be read is what the disk has.
// 0 (also where there is no file) or negative errno. Nobody else may write to the file meanwhile. Blocks on
// the disk.
int rewrite_file(const char *file);

#endif
