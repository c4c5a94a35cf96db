// The cards of the register: whose they are, and whether they are lost.
#include "gateway/people/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// ---- Cards as people write them

static bool digits_of(const char *text, size_t length, unsigned base, uint8_t ret_bytes[static NUMBER_SIZE])
{
    return card_digits((const uint8_t *)text, length, base, ret_bytes);
}

// FACILITY:CARD, up to 65535 each: 16 bits and 16 bits.
static bool two_parts(const char *text, const char *colon, uint8_t ret_bytes[static NUMBER_SIZE])
{
    uint8_t facility[NUMBER_SIZE], card[NUMBER_SIZE];
    size_t length = (size_t)(colon - text), rest = strlen(colon + 1);
    if (length > 5 || rest > 5 || !digits_of(text, length, 10, facility) ||
        !digits_of(colon + 1, rest, 10, card) || facility[NUMBER_SIZE - 3] != 0 ||
        card[NUMBER_SIZE - 3] != 0) {
        return false;
    }
    memcpy(ret_bytes, card, NUMBER_SIZE);
    memcpy(ret_bytes + NUMBER_SIZE - 4, facility + NUMBER_SIZE - 2, 2);
    return true;
}

int people_card_parse(const char *text, struct card *ret_card)
{
    uint8_t bytes[NUMBER_SIZE];
    const char *colon = strchr(text, ':');
    size_t length = strlen(text), zeros = 0;
    bool good = colon                             ? two_parts(text, colon, bytes)
                : strncasecmp(text, "0x", 2) == 0 ? digits_of(text + 2, length - 2, 16, bytes)
                                                  : digits_of(text, length, 10, bytes);
    while (good && zeros < NUMBER_SIZE && bytes[zeros] == 0) {
        zeros++;
    }
    if (!good || zeros == NUMBER_SIZE) {
        return -EINVAL; // zero is what a reader tells that read nothing
    }
    *ret_card = (struct card){ .bits = 8 * (unsigned)(NUMBER_SIZE - zeros), .length = NUMBER_SIZE - zeros };
    memcpy(ret_card->bytes, bytes + zeros, NUMBER_SIZE - zeros);
    return 0;
}

// ---- In the register

int card_owner(const struct people *people, const uint8_t hash[static CARD_HASH_SIZE],
               struct card_owner *ret_owner)
{
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement, "SELECT person, lost FROM card WHERE whole = ?", "b", hash,
                        (size_t)CARD_HASH_SIZE);
    if (r < 0) {
        return r;
    }
    r = store_next(people, statement);
    if (r == 1) {
        snprintf(ret_owner->id, sizeof ret_owner->id, "%s", (const char *)sqlite3_column_text(statement, 0));
        ret_owner->lost = sqlite3_column_int(statement, 1) != 0;
    }
    sqlite3_finalize(statement);
    return r == 1 ? 0 : r == 0 ? -ENOENT : r;
}

int card_insert(const struct people *people, const char *id, const struct card_hashes *hashes)
{
    const size_t size = CARD_HASH_SIZE;
    // SQLite takes a null pointer for NULL, whatever the size.
    const uint8_t *low32 = hashes->has[CARD_LOW_32] ? hashes->hash[CARD_LOW_32] : NULL;
    const uint8_t *low24 = hashes->has[CARD_LOW_24] ? hashes->hash[CARD_LOW_24] : NULL;
    return store_run(people, NULL,
                     "INSERT OR REPLACE INTO card(whole, low32, low24, person, lost) VALUES(?, ?, ?, ?, 0)",
                     "bbbt", hashes->hash[CARD_WHOLE], size, low32, size, low24, size, id);
}

int card_count(const struct people *people, const char *id, unsigned *ret_cards, unsigned *ret_lost)
{
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement,
                        "SELECT count(*), coalesce(sum(lost), 0) FROM card WHERE person = ?", "t", id);
    if (r < 0) {
        return r;
    }
    r = store_next(people, statement);
    if (r == 1) {
        *ret_cards = (unsigned)sqlite3_column_int(statement, 0);
        *ret_lost = (unsigned)sqlite3_column_int(statement, 1);
    }
    sqlite3_finalize(statement);
    return r < 0 ? r : 0;
}

static int hash_of(const struct people *people, const struct card *card, struct card_hashes *ret_hashes)
{
    struct card_number numbers[CARD_GUESSES];
    if (card_guess(card, numbers) == 0) {
        return -EINVAL;
    }
    card_hash_all(&people->keys, &numbers[0], ret_hashes);
    sodium_memzero(numbers, sizeof numbers);
    return 0;
}

static int give(struct people *people, const char *id, const struct card_hashes *hashes)
{
    enum person_kind kind;
    struct card_owner owner;
    unsigned cards = 0, lost = 0;
    int r = person_exists(people, id, &kind);
    r = r < 0 ? r : card_count(people, id, &cards, &lost);
    if (r < 0) {
        return r;
    }
    r = card_owner(people, hashes->hash[CARD_WHOLE], &owner);
    if (r < 0 && r != -ENOENT) {
        return r;
    }
    bool known = r == 0, own = known && strcmp(owner.id, id) == 0;
    if (known && !own && !owner.lost) {
        return -EEXIST;
    }
    if (!own && cards >= PEOPLE_CARDS_MAX) {
        return -EMLINK;
    }
    return card_insert(people, id, hashes);
}

int people_card_give(struct people *people, const char *id, const struct card *card)
{
    struct card_hashes hashes;
    int r = hash_of(people, card, &hashes);
    r = r < 0 ? r : store_begin(people);
    return r < 0 ? r : store_end(people, give(people, id, &hashes));
}

// One card of the person, or all.
static int change(struct people *people, const char *id, const struct card *card, const char *one,
                  const char *all)
{
    struct card_hashes hashes;
    int changes = 0, r = 0;
    if (card) {
        r = hash_of(people, card, &hashes);
        r = r < 0
                ? r
                : store_run(people, &changes, one, "tb", id, hashes.hash[CARD_WHOLE], (size_t)CARD_HASH_SIZE);
    } else {
        r = store_run(people, &changes, all, "t", id);
    }
    return r < 0 ? r : changes > 0 ? 0 : -ENOENT;
}

int people_card_lost(struct people *people, const char *id, const struct card *card)
{
    return change(people, id, card, "UPDATE card SET lost = 1 WHERE person = ? AND whole = ?",
                  "UPDATE card SET lost = 1 WHERE person = ?");
}

int people_card_remove(struct people *people, const char *id, const struct card *card)
{
    return change(people, id, card, "DELETE FROM card WHERE person = ? AND whole = ?",
                  "DELETE FROM card WHERE person = ?");
}
