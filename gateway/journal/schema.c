#include "gateway/journal/schema.h"

// Classes, types and quantities are stored by name: their numbers may change from version to version, a
// file's meaning may not. An alarm's state is the number that the core restores from.
//
// The triggers make "append-only" the database's own rule, also for a person with a shell. The third is there
// because INSERT OR REPLACE deletes rows without asking delete triggers.
#define STATE_AND_NOTE                                                                                       \
    "CREATE TABLE state("                                                                                    \
    "  kind TEXT NOT NULL, room TEXT NOT NULL, item TEXT NOT NULL, state INTEGER NOT NULL,"                  \
    "  condition INTEGER NOT NULL, occurrence INTEGER NOT NULL, bootid TEXT NOT NULL,"                       \
    "  since_boottime_ns INTEGER NOT NULL, since_wall_ms INTEGER NOT NULL, until_boottime_ns INTEGER NOT "   \
    "NULL,"                                                                                                  \
    "  until_wall_ms INTEGER NOT NULL, rest_ns INTEGER NOT NULL, number0 INTEGER NOT NULL,"                  \
    "  number1 INTEGER NOT NULL, PRIMARY KEY(kind, room, item)"                                              \
    ") STRICT, WITHOUT ROWID;" /* Free texts, which can be erased: the line of the event holds their         \
                                  commitment alone. */                                                       \
    "CREATE TABLE note("                                                                                     \
    "  sequence INTEGER PRIMARY KEY, salt BLOB NOT NULL, text TEXT NOT NULL"                                 \
    ") STRICT;"

static const char schema[] =
    "CREATE TABLE meta("
    "  key TEXT PRIMARY KEY, value TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE event("
    "  sequence INTEGER PRIMARY KEY, class TEXT NOT NULL, classseq INTEGER NOT NULL, feed INTEGER,"
    "  room TEXT NOT NULL, type TEXT NOT NULL, boottime_ns INTEGER NOT NULL, wall_ms INTEGER NOT NULL,"
    "  line TEXT NOT NULL, hash TEXT NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX event_by_class ON event(class, classseq);"
    "CREATE UNIQUE INDEX event_by_feed ON event(feed) WHERE feed IS NOT NULL;"
    "CREATE TRIGGER event_stays_as_it_is BEFORE UPDATE ON event BEGIN"
    "  SELECT RAISE(ABORT, 'the journal is append-only'); END;"
    "CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN"
    "  SELECT RAISE(ABORT, 'the journal is append-only'); END;"
    "CREATE TRIGGER event_goes_to_the_end BEFORE INSERT ON event"
    "  WHEN EXISTS(SELECT 1 FROM event WHERE sequence >= NEW.sequence)"
    "    OR EXISTS(SELECT 1 FROM event WHERE class = NEW.class AND classseq >= NEW.classseq)"
    "    OR EXISTS(SELECT 1 FROM event WHERE feed >= NEW.feed) BEGIN"
    "  SELECT RAISE(ABORT, 'the journal is append-only'); END;" STATE_AND_NOTE
    // Time first: what is written together lies together.
    "CREATE TABLE minute("
    "  minute_wall_s INTEGER NOT NULL, room TEXT NOT NULL, point TEXT NOT NULL, quantity TEXT NOT NULL,"
    "  min INTEGER NOT NULL, mean INTEGER NOT NULL, max INTEGER NOT NULL, last INTEGER NOT NULL,"
    "  samples INTEGER NOT NULL, PRIMARY KEY(minute_wall_s, room, point, quantity)"
    ") STRICT, WITHOUT ROWID;";

// From version 1, which kept alarms alone.
static const char upgrade[] =
    "ALTER TABLE state RENAME TO state1;" STATE_AND_NOTE
    "INSERT INTO state SELECT 'alarm', room, alarm, state, condition, occurrence, since_bootid,"
    "  since_boottime_ns, since_wall_ms, 0, 0, 0, 0, 0 FROM state1;"
    "DROP TABLE state1;";

// synchronous=FULL: the commit is on the disk when it returns; without it a power cut takes acknowledged
// events. Pages of 2 KiB hold two or three lines: an event alone then costs the card 12 KiB, with SQLite's 4
// KiB 18. The WAL of 4 MiB is never cut short in a run (journal_size_limit): written over in place it costs
// the card no metadata, and a page that changes often goes to its place once for many commits.
static const char settings[] = "PRAGMA page_size=2048;"
                               "PRAGMA synchronous=FULL;"
                               "PRAGMA journal_size_limit=-1;"
                               "PRAGMA wal_autocheckpoint=2000;"
                               "PRAGMA cache_size=-512;";

const struct database_kind journal_kind = {
    .application_id = 0x6372316a, // "cr1j"
    .version = 2,
    .schema = schema,
    .upgrade = upgrade,
    .settings = settings,
};
