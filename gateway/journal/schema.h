// What a journal file looks like. Inside gateway/journal/ alone.
#ifndef CAREROOM_JOURNAL_SCHEMA_H
#define CAREROOM_JOURNAL_SCHEMA_H

#include "gateway/journal/database.h"

extern const struct database_kind journal_kind;

#endif
