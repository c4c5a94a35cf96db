// The register from inside: keys, sealed rows, the database. Not for those who use people.h.
#ifndef CAREROOM_PEOPLE_INSIDE_H
#define CAREROOM_PEOPLE_INSIDE_H

#include <sodium.h>
#include <sqlite3.h>

#include "gateway/people/people.h"

// ---- Keys (keys.c)

#define KEY_SIZE   32
#define CHECK_SIZE 16

// Derived from the one master key in the file.
struct keys {
    uint8_t cards[KEY_SIZE];   // HMAC of card numbers
    uint8_t rows[KEY_SIZE];    // seals the rows
    uint8_t check[CHECK_SIZE]; // kept in the register: tells its key from others
};

// Find the key; where there is none and `create` is set, make state_dir/people.key. Errors of people_open().
int keys_load(const char *state_dir, bool create, struct keys *ret_keys);

// ---- Cards (card.c): no allocation, no blocking

#define NUMBER_SIZE 12 // 24 digits

// A number without leading zeros, highest byte first, and how many of a card's low bits its reader can tell:
// 24, 32 or 40, or 0 where the number is all there is.
struct card_number {
    uint8_t bytes[NUMBER_SIZE];
    size_t length;
    unsigned width;
};

// Up to 24 digits of base 10 or 16 as bytes, highest first. False: something else, or more.
bool card_digits(const uint8_t *digits, size_t length, unsigned base, uint8_t ret_bytes[static NUMBER_SIZE]);

// What the number may be, the likeliest first. Returns how many there are: 0 (no card), 1, or 2 of typed
// digits.
#define CARD_GUESSES 2
size_t card_guess(const struct card *card, struct card_number ret_numbers[static CARD_GUESSES]);

// The low bits of a number, as a narrower reader sees it.
void card_low_bits(const struct card_number *number, unsigned width, struct card_number *ret_low);

// Which part of a card a hash stands for.
enum card_part { CARD_WHOLE, CARD_LOW_32, CARD_LOW_24, CARD_PART_COUNT };
#define CARD_HASH_SIZE crypto_auth_hmacsha256_BYTES

void card_hash_begin(const uint8_t key[static KEY_SIZE], crypto_auth_hmacsha256_state *ret_start);
void card_hash(const crypto_auth_hmacsha256_state *start, enum card_part part,
               const struct card_number *number, uint8_t ret_hash[static CARD_HASH_SIZE]);

// All hashes under which a card is kept; those of parts that are the whole are not (has false).
struct card_hashes {
    bool has[CARD_PART_COUNT];
    uint8_t hash[CARD_PART_COUNT][CARD_HASH_SIZE];
};
void card_hash_all(const struct keys *keys, const struct card_number *number, struct card_hashes *ret_hashes);

// ---- The database (store.c)

struct people {
    sqlite3 *db;
    struct keys keys;
};

bool store_exists(const char *file);
// Make or open; the key's check is written or compared. Errors of people_open().
int store_open(const char *file, const struct keys *keys, sqlite3 **ret_db);

// Prepare and bind: one letter of `types` an argument. t: const char *; i: int64_t; b: const void *, size_t;
// n: nothing, NULL. Texts and blobs must live as long as the statement. 0 and a statement to be finalized.
int store_query(const struct people *people, sqlite3_stmt **ret_statement, const char *sql, const char *types,
                ...);
// The next row: 1, 0 at the end, or a negative errno.
int store_next(const struct people *people, sqlite3_stmt *statement);
// The same for one that gives no rows; ret_changes (may be NULL): how many rows were changed.
int store_run(const struct people *people, int *ret_changes, const char *sql, const char *types, ...);

int store_begin(const struct people *people);
// Commit where r is 0, else roll back; returns r, or what went wrong with the commit.
int store_end(const struct people *people, int r);

// Within a transaction that deletes people: remember that traces are left. After it: write the file anew and
// empty the WAL. store_open() does the latter where it was cut short.
int store_remember_traces(const struct people *people);
int store_remove_traces(const struct people *people);

// ---- Persons (person.c)

// What is sealed.
struct secret {
    uint8_t key[KEY_SIZE]; // of the pseudonym
    char birth[PEOPLE_DATE_SIZE];
    char name[PEOPLE_NAME_SIZE];
};

struct person {
    char id[ID_SIZE], room[ID_SIZE], group[ID_SIZE];
    enum person_kind kind;
    int32_t from_day, until_day;
    struct secret secret;
};

// 0; -ENOENT; -EUCLEAN: the row does not open. Both wipe what they can't return.
int person_read(const struct people *people, const char *id, struct person *ret_person);
int person_exists(const struct people *people, const char *id, enum person_kind *ret_kind);
int person_write(const struct people *people, const struct person *person); // adds or replaces
int person_delete(const struct people *people, const char *id);             // with cards and pick-ups
int person_count(const struct people *people, int64_t *ret_count);

// Everybody, in the given order. `each` returns 0 to go on, or a negative errno that ends it.
enum person_order { ORDER_ID, ORDER_KIND };
int person_each(const struct people *people, enum person_order order,
                int (*each)(const struct person *person, void *user), void *user);

void person_pseudonym(const struct person *person, char ret_pseudonym[static PSEUDONYM_SIZE]);

int64_t bind_day_type(int32_t day, char *ret_type); // for store_query(): 'n' for the open ends, 'i' for days

// ---- Cards of the register (cards.c)

struct card_owner {
    char id[ID_SIZE];
    bool lost;
};
// Who has the card with this hash of the whole: 0, -ENOENT.
int card_owner(const struct people *people, const uint8_t hash[static CARD_HASH_SIZE],
               struct card_owner *ret_owner);
int card_insert(const struct people *people, const char *id, const struct card_hashes *hashes);
int card_count(const struct people *people, const char *id, unsigned *ret_cards, unsigned *ret_lost);

// ---- Text (text.c): no allocation, no blocking

// Well-formed UTF-8 without control characters.
bool text_is_utf8(const char *text, size_t length);
bool text_is_printable(const char *text);
// An id that a person can have: not one that looks like a pseudonym.
bool text_is_id(const char *text);

// ---- Messages (messages.c), collected and then told in the order of the lines

struct messages {
    struct message *list;
    size_t n;
    unsigned mistakes, notices;
    bool full; // no more are taken
};
// column: PEOPLE_COLUMN_COUNT where it is none. `wrong` and `instead` are formats of their own: they take
// ids and numbers and nothing else.
__attribute__((format(printf, 7, 8))) void message_add(struct messages *messages, bool notice, unsigned line,
                                                       unsigned field, enum people_column column,
                                                       const char *wrong, const char *instead, ...);
int messages_init(struct messages *messages); // -ENOMEM
void messages_tell(struct messages *messages, people_report_fn report, void *user);
void messages_free(struct messages *messages);

#endif
