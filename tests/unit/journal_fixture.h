// What the journal's tests share: a directory of their own, sample events, looking at a journal from outside.
#ifndef CAREROOM_TESTS_JOURNAL_FIXTURE_H
#define CAREROOM_TESTS_JOURNAL_FIXTURE_H

#include <stdint.h>

#include <sqlite3.h>

#include "gateway/journal/journal.h"
#include "gateway/journal/reader.h"

extern const struct line_identity fixture_identity;

struct fixture {
    char dir[64];  // made for this test
    char file[96]; // the journal in it
};

// cmocka set-up and tear-down: *state is a struct fixture.
int fixture_make(void **state);
int fixture_remove(void **state);

// Open the fixture's journal, or a file as its readers or a person with a shell would; fails the test where
// it can't be opened.
struct journal *open_journal(const struct fixture *fixture);
struct journal_reader *open_reader(const char *file);
sqlite3 *open_shell(const char *file);

// An event that differs with i in all that matters: type, class, room, feed or not, an alarm record or none.
// Its boottime is i, so that a test can tell it in the journal.
struct event fixture_event(uint64_t i);

// Append `n` events one by one, counted from `first`. Fails the test where one is not taken.
void fixture_append(struct journal *journal, uint64_t first, uint64_t n);

// The journal verifies and holds exactly the events 1 to n, each one once, in order.
void fixture_expect(const char *file, uint64_t n);

void fixture_copy_file(const char *from, const char *to);

// A random number below n. The seed is $CAREROOM_SEED or the time, and is printed at the first call.
uint64_t fixture_random(uint64_t n);

#endif
