// A register in a folder of its own, files for it, and what it tells.
#ifndef CAREROOM_TESTS_PEOPLE_FIXTURE_H
#define CAREROOM_TESTS_PEOPLE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/people/people.h"

struct people_fixture {
    char dir[64], file[96], wal[96], key[96];
    struct people *people;
};

// The configuration of two rooms, "butterfly" and "bee".
extern const struct config people_config;

int people_setup(void **state); // cmocka's: *state is a struct people_fixture, opened
int people_teardown(void **state);
void people_reopen(struct people_fixture *fixture);

// Everything that was told, one message a line: "line 2, column birth: is no date; write …". Notices begin
// with "notice: ".
struct told {
    char text[8192];
    unsigned n;
};
void tell(const struct people_message *message, void *told);

// Import a text, in one piece or byte by byte. What people_import_end() returned.
int import_text(struct people *people, const char *text, const struct people_import_options *options,
                struct told *told, struct people_counts *ret_counts);
int import_bytes(struct people *people, const void *bytes, size_t length, size_t piece,
                 const struct people_import_options *options, struct told *told,
                 struct people_counts *ret_counts);

// One person as a line: "c1 child Mei room=butterfly group=toddler birth=2024-03-05 from= until= cards=1
// lost=0";
// "" where there is nobody.
void describe(struct people *people, const char *id, char *buf, size_t size);

// Whether the bytes stand anywhere in a file; a file that is not there has none.
bool file_holds(const char *file, const void *bytes, size_t length);

#endif
