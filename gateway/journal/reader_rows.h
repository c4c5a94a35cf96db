// What reading and verifying share. Inside gateway/journal/ alone.
#ifndef CAREROOM_JOURNAL_READER_ROWS_H
#define CAREROOM_JOURNAL_READER_ROWS_H

#include <sqlite3.h>

#include "gateway/common/event.h"
#include "gateway/journal/reader.h"

sqlite3 *journal_reader_db(struct journal_reader *reader);

// 0 and *ret_class, or -ENOENT where no class has this name.
int journal_class_find(const char *name, enum event_class *ret_class);

#endif
