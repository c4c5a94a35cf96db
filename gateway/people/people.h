// The register of people: children, staff, guardians and other adults who may pick a child up, their cards
// and rooms. state_dir/people.db is the one place where names, birth dates and card numbers are kept, and
// there they are sealed or hashed under state_dir/people.key.
//
// The guard alone links this and alone opens the files. Everything here but the tables (people_table_find_…,
// people_table_may_…) allocates and blocks on the disk: it belongs on the thread that serves the control
// socket, never on the alarm thread. A struct people belongs to one thread at a time. Nothing here logs, and
// no message names a person or a card: mistakes are told by line and column.
//
// People have two names: an id that staff type ("c12", "s3", "g7"), and a pseudonym ("p-" and 16 hex digits)
// that events and topics carry. The pseudonym comes from a random key of that person, which is erased with
// the person: from then on nobody can say whose it was, not even with people.key. Ids are not sealed, so an
// id must not be a name.
#ifndef CAREROOM_PEOPLE_PEOPLE_H
#define CAREROOM_PEOPLE_PEOPLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/card.h"
#include "gateway/common/config.h"
#include "gateway/common/ids.h"
#include "gateway/common/person.h"

#define PEOPLE_MAX       8192 // people in a register
#define PEOPLE_CARDS_MAX 8    // cards of a person, lost ones included
#define PEOPLE_NAME_SIZE 193  // a name: at most 192 bytes of UTF-8
#define PEOPLE_DATE_SIZE 11   // "2026-11-24"

// Days are counted from 1970-01-01. A validity without a beginning or an end has these.
#define PEOPLE_DAY_FIRST INT32_MIN
#define PEOPLE_DAY_LAST  INT32_MAX

struct people;

// ---- Opening

// Open the register of a state directory; what is missing is made, with mode 0600. The key is
// $CREDENTIALS_DIRECTORY/people.key where that is there (systemd's LoadCredentialEncrypted=, so a TPM can
// keep it), else state_dir/people.key, which is made together with the register and never without it. Blocks
// on the disk. After any of these errors both files are as they were; people_explain() has a sentence each:
//   -ENOKEY       there is a register, but no key for it: bring people.key back
//   -EKEYREJECTED the key is another register's
//   -EBADMSG      people.key is no key (64 hex digits)
//   -EPERM        others than the owner may read people.key
//   -EUCLEAN      people.db is no register, one of a newer version, or damaged
//   -EBUSY        another process has it open
//   -ENOENT       the state directory is not there
//   -EACCES, -EROFS, -ENOSPC, -EIO, -ENOMEM, -ENAMETOOLONG  of the file system
int people_open(const char *state_dir, struct people **ret_people);
void people_close(struct people *people); // NULL is fine; wipes the keys

// A sentence for people about an error of this library: what is wrong and what to do. Static storage.
const char *people_explain(int error);

// ---- What people write: one row of the file, or one command

// The columns of the file. A person's row needs kind, id and name; the others may be missing.
enum people_column {
    PEOPLE_KIND,        // child, staff or guardian (any other adult); never changes
    PEOPLE_ID,          // [a-z0-9-]{1,32}
    PEOPLE_NAME,        // UTF-8, up to 192 bytes
    PEOPLE_ROOM,        // a room's id; empty: none
    PEOPLE_GROUP,       // a word as an id is; empty: none
    PEOPLE_BIRTH,       // 2024-03-05; empty: unknown
    PEOPLE_CARD,        // 6547886, 0x63e9ae or 99:59822; empty: the cards stay as they are
    PEOPLE_CARD_2,      // another
    PEOPLE_PICKS_UP,    // ids of children with a space between them: those and no others; empty: nobody
    PEOPLE_VALID_FROM,  // first day, 2026-09-01; empty: no beginning
    PEOPLE_VALID_UNTIL, // last day; empty: no end
    PEOPLE_COLUMN_COUNT
};
extern const char *const people_column_names[PEOPLE_COLUMN_COUNT]; // "kind", "id", …, "card2", "picks_up", …

// One mistake, or a notice, which stops nothing. Strings are good during the call only. No string is out of
// the file or the register but ids.
struct people_message {
    bool notice;
    unsigned line;       // of the file, from 1; 0: not from a file
    unsigned field;      // position in the line, from 1; 0: the whole line
    const char *column;  // its name; NULL: none, or unknown
    const char *wrong;   // what is wrong: "is no date"
    const char *instead; // what would be right: "write year-month-day, as 2026-09-01"
};
typedef void (*people_report_fn)(const struct people_message *message, void *user);

// "line 7, column birth: is no date; write year-month-day, as 2026-09-01" into buf; always terminated.
void people_message_text(const struct people_message *message, char *buf, size_t size);

// ---- Import of a file: CSV (RFC 4180), UTF-8 with or without BOM, comma or semicolon, a header row

#define PEOPLE_IMPORT_MAX   (8u << 20) // bytes of a file
#define PEOPLE_MESSAGES_MAX 1000       // told; then one last that says so

struct people_import;

struct people_import_options {
    bool dry_run;       // tell, and change nothing
    bool remove_others; // people who are not in the file are erased
    // Who was erased by it, once all is on the disk: whatever is kept under the pseudonym elsewhere (a
    // retained topic) must go too. May be NULL. Must not use the register.
    void (*erased)(const char *id, const char *pseudonym, void *user);
};

// Of a dry run: what would be.
struct people_counts {
    unsigned rows, added, updated, unchanged, removed, mistakes, notices;
};

// Feed the file in pieces, then end it once. With `config` rooms are judged; NULL: any id is a room.
// A file is taken wholly or not at all, in one transaction; the same file once more changes nothing.
// People who are there are updated: columns that the file has not stay as they are; cards are added and
// never removed, and a card that was reported lost stays lost (a notice says so).
int people_import_new(struct people *people, const struct config *config, struct people_import **ret_import);
// 0, -EFBIG (longer than PEOPLE_IMPORT_MAX), -ENOMEM. After an error only people_import_free() is left.
int people_import_feed(struct people_import *import, const void *bytes, size_t length);
// 0; -EINVAL: mistakes were told, nothing was changed; -ENOSPC, -EIO, … of the disk: nothing was changed;
// -EINPROGRESS: all is done, but traces of those who were removed may be left, see people_erase().
// `report` and `user` also go to options->erased. *ret_counts is filled in after 0, -EINVAL, -EINPROGRESS.
int people_import_end(struct people_import *import, const struct people_import_options *options,
                      people_report_fn report, void *user, struct people_counts *ret_counts);
void people_import_free(struct people_import *import); // NULL is fine; wipes what it held

// ---- Single people

// Add a person or change one, as one row of the file would; NULL cells stay as they are. A new person needs
// kind and name; without an id (NULL or "") a new one gets the next of its kind: "c12". 0 and ret_id;
// -EINVAL: mistakes were told (line 0).
int people_put(struct people *people, const struct config *config,
               const char *const cells[PEOPLE_COLUMN_COUNT], people_report_fn report, void *user,
               char ret_id[static ID_SIZE]);

// Cards as people write them, into what the other functions take. 0 or -EINVAL. (From a reader: its card.)
int people_card_parse(const char *text, struct card *ret_card);

// Give a card to a person, also one that was reported lost before and has been found. 0; -ENOENT nobody has
// this id; -EEXIST it is somebody else's and not lost; -EMLINK that person has PEOPLE_CARDS_MAX cards;
// -EINVAL no card; errors of the disk.
int people_card_give(struct people *people, const char *id, const struct card *card);
// The card is lost: it is known and lets nobody be seen. NULL: all cards of the person. -ENOENT: nobody has
// this id, or the person has not this card, or none.
int people_card_lost(struct people *people, const char *id, const struct card *card);
// Forget the card. Otherwise as people_card_lost().
int people_card_remove(struct people *people, const char *id, const struct card *card);

// Let an adult pick up a child, from the first to the last day (PEOPLE_DAY_FIRST, PEOPLE_DAY_LAST: open), or
// change the days. 0; -ENOENT nobody has one of the ids; -EINVAL: no adult, no child, or from > until.
int people_pick_up_allow(struct people *people, const char *adult, const char *child, int32_t from_day,
                         int32_t until_day);
int people_pick_up_end(struct people *people, const char *adult, const char *child); // -ENOENT: was not

// Erase a person: row, name, cards, pick-ups, key. When it returns 0 no copy is left in people.db or its WAL
// (the file is written anew); -EINPROGRESS: the person is erased, but the disk failed before the traces were
// gone: the next people_open() or erase does it. ret_pseudonym is filled in after both: whatever is kept
// under it elsewhere must go too. -ENOENT: nobody has this id.
int people_erase(struct people *people, const char *id, char ret_pseudonym[static PSEUDONYM_SIZE]);

// ---- Reading, for the control socket and for authorised people only

// What staff see of a person in a list. Strings are good during the call only.
struct people_entry {
    const char *id, *pseudonym;
    enum person_kind kind;
    const char *name;  // UTF-8
    const char *room;  // "": none
    const char *group; // "": none
    const char *birth; // "2024-03-05"; "": unknown
    int32_t valid_from_day, valid_until_day;
    unsigned n_cards, n_lost; // lost ones are counted in both
};
typedef void (*people_entry_fn)(const struct people_entry *entry, void *user);

// Everybody by kind, then id. 0 or a negative errno; -EUCLEAN: a row does not open, it was changed by others.
int people_each(struct people *people, people_entry_fn entry, void *user);
// One person by id or by pseudonym; -ENOENT.
int people_find(struct people *people, const char *id_or_pseudonym, people_entry_fn entry, void *user);

// All that is known of one person, for the person or the guardians: id, pseudonym, kind, name, birth, room,
// group, valid_from, valid_until, cards (their number and state: the numbers are not known), picks_up,
// picked_up_by. -ENOENT. The caller owns *ret_json.
int people_export(struct people *people, const char *id, json_t **ret_json);

// ---- Dates

// "2026-09-01" into days since 1970; a day that does not exist is none, nor one before 1900 or after 2199.
// Never blocks, never allocates.
bool people_day_parse(const char *text, int32_t *ret_day);
void people_day_format(int32_t day, char buf[static PEOPLE_DATE_SIZE]); // "" for the two open ends

// ---- The table for the alarm thread

#define PEOPLE_NO_ROOM SIZE_MAX

struct people_table;

// An authorised pick-up of a child by the person who has it.
struct people_pick_up {
    size_t child; // index in the table
    int32_t from_day, until_day;
};

// Days as in people_pick_up; the person's own and the pick-up's must both hold.
struct people_person {
    char id[ID_SIZE], pseudonym[PSEUDONYM_SIZE], group[ID_SIZE]; // group "": none
    enum person_kind kind;
    size_t room; // index in config.rooms; PEOPLE_NO_ROOM: none, or not in this configuration
    int32_t valid_from_day, valid_until_day;
    const struct people_pick_up *pick_ups;
    size_t n_pick_ups;
};

// Whose card it is.
struct people_seen {
    size_t person;
    bool lost; // reported lost: to be treated as unknown, and told
};

// The register as it is now, for the alarm thread: allocated here, immutable afterwards. The caller swaps it
// in and frees the old one when nobody looks at it any more. Indices and pointers are good for this table
// only: what outlives it (an event, a state) keeps copies of the pseudonym. 0 or a negative errno as
// people_each().
int people_table_new(struct people *people, const struct config *config, struct people_table **ret_table);
void people_table_free(struct people_table *table); // NULL is fine

// All of these: any thread; no allocation, no blocking, O(log n).
size_t people_table_count(const struct people_table *table);
const struct people_person *people_table_person(const struct people_table *table, size_t index);
bool people_table_find_id(const struct people_table *table, const char *id, size_t *ret_index);
bool people_table_find_pseudonym(const struct people_table *table, const char *pseudonym, size_t *ret_index);
// Which numbers are the same card is told in card.c. A number that two people's cards end in finds neither.
bool people_table_find_card(const struct people_table *table, const struct card *card,
                            struct people_seen *ret_seen);
// Whether the adult may take the child home on that day.
bool people_table_may_pick_up(const struct people_table *table, size_t adult, size_t child, int32_t day);

static inline bool people_valid_on(const struct people_person *person, int32_t day)
{
    return day >= person->valid_from_day && day <= person->valid_until_day;
}

#endif
