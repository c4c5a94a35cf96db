// A person's row. Name, birth date and the pseudonym's key are sealed together (XChaCha20-Poly1305, a new
// nonce at every writing) for this id alone: a row copied to another id does not open.
#include "gateway/people/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES
// Sealed: form (1), key, birth date padded with zeros, the name without a terminator.
#define FORM       1
#define BIRTH_AT   (1 + KEY_SIZE)
#define NAME_AT    (BIRTH_AT + PEOPLE_DATE_SIZE - 1)
#define PLAIN_MAX  (NAME_AT + PEOPLE_NAME_SIZE - 1)
#define SEALED_MAX (NONCE_SIZE + PLAIN_MAX + TAG_SIZE)

// What a row is sealed for.
#define LABEL "careroom person "
static size_t purpose(const char *id, char buf[static sizeof LABEL + ID_SIZE])
{
    return (size_t)snprintf(buf, sizeof LABEL + ID_SIZE, LABEL "%s", id);
}

static size_t seal(const struct keys *keys, const struct person *person,
                   uint8_t ret_sealed[static SEALED_MAX])
{
    char label[sizeof LABEL + ID_SIZE];
    size_t label_length = purpose(person->id, label), name_length = strlen(person->secret.name);
    uint8_t plain[PLAIN_MAX] = { FORM };
    memcpy(plain + 1, person->secret.key, KEY_SIZE);
    memcpy(plain + BIRTH_AT, person->secret.birth, strlen(person->secret.birth));
    memcpy(plain + NAME_AT, person->secret.name, name_length);
    randombytes_buf(ret_sealed, NONCE_SIZE);
    unsigned long long length = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed + NONCE_SIZE, &length, plain, NAME_AT + name_length,
                                               (const uint8_t *)label, label_length, NULL, ret_sealed,
                                               keys->rows);
    sodium_memzero(plain, sizeof plain);
    return NONCE_SIZE + (size_t)length;
}

static int open_sealed(const struct keys *keys, const char *id, const uint8_t *sealed, size_t length,
                       struct secret *ret_secret)
{
    if (length < NONCE_SIZE + NAME_AT + TAG_SIZE || length > SEALED_MAX) {
        return -EUCLEAN;
    }
    char label[sizeof LABEL + ID_SIZE];
    size_t label_length = purpose(id, label);
    uint8_t plain[PLAIN_MAX];
    unsigned long long n = 0;
    int r =
        crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n, NULL, sealed + NONCE_SIZE, length - NONCE_SIZE,
                                                   (const uint8_t *)label, label_length, sealed, keys->rows);
    if (r != 0 || plain[0] != FORM) {
        return -EUCLEAN;
    }
    *ret_secret = (struct secret){ .name = "" };
    memcpy(ret_secret->key, plain + 1, KEY_SIZE);
    memcpy(ret_secret->birth, plain + BIRTH_AT, PEOPLE_DATE_SIZE - 1);
    memcpy(ret_secret->name, plain + NAME_AT, (size_t)n - NAME_AT);
    sodium_memzero(plain, sizeof plain);
    return 0;
}

static int find_kind(const char *name, enum person_kind *ret_kind)
{
    for (int kind = 0; kind < PERSON_KIND_COUNT; kind++) {
        if (name && strcmp(name, person_kind_names[kind]) == 0) {
            *ret_kind = (enum person_kind)kind;
            return 0;
        }
    }
    return -EUCLEAN;
}

static int copy_column(sqlite3_stmt *statement, int at, char ret_id[static ID_SIZE])
{
    const char *text = (const char *)sqlite3_column_text(statement, at);
    if (!text || strlen(text) >= ID_SIZE) {
        return -EUCLEAN;
    }
    memcpy(ret_id, text, strlen(text) + 1);
    return 0;
}

static int32_t column_day(sqlite3_stmt *statement, int at, int32_t open)
{
    return sqlite3_column_type(statement, at) == SQLITE_NULL ? open : sqlite3_column_int(statement, at);
}

#define PERSON_COLUMNS "id, kind, room, grp, from_day, until_day, sealed"

static int from_row(const struct people *people, sqlite3_stmt *statement, struct person *ret_person)
{
    *ret_person = (struct person){ .from_day = column_day(statement, 4, PEOPLE_DAY_FIRST),
                                   .until_day = column_day(statement, 5, PEOPLE_DAY_LAST) };
    int r = find_kind((const char *)sqlite3_column_text(statement, 1), &ret_person->kind);
    r = r < 0 ? r : copy_column(statement, 0, ret_person->id);
    r = r < 0 ? r : copy_column(statement, 2, ret_person->room);
    r = r < 0 ? r : copy_column(statement, 3, ret_person->group);
    const void *sealed = sqlite3_column_blob(statement, 6);
    return r < 0 ? r
                 : open_sealed(&people->keys, ret_person->id, sealed,
                               (size_t)sqlite3_column_bytes(statement, 6), &ret_person->secret);
}

int person_read(const struct people *people, const char *id, struct person *ret_person)
{
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement, "SELECT " PERSON_COLUMNS " FROM person WHERE id = ?", "t", id);
    if (r < 0) {
        return r;
    }
    r = store_next(people, statement);
    r = r == 1 ? from_row(people, statement, ret_person) : r == 0 ? -ENOENT : r;
    sqlite3_finalize(statement);
    return r;
}

int person_exists(const struct people *people, const char *id, enum person_kind *ret_kind)
{
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement, "SELECT kind FROM person WHERE id = ?", "t", id);
    if (r < 0) {
        return r;
    }
    r = store_next(people, statement);
    r = r == 1 ? find_kind((const char *)sqlite3_column_text(statement, 0), ret_kind) : r == 0 ? -ENOENT : r;
    sqlite3_finalize(statement);
    return r;
}

int64_t bind_day_type(int32_t day, char *ret_type)
{
    *ret_type = day == PEOPLE_DAY_FIRST || day == PEOPLE_DAY_LAST ? 'n' : 'i';
    return day;
}

int person_write(const struct people *people, const struct person *person)
{
    uint8_t sealed[SEALED_MAX];
    char types[] = "ttttiib";
    int64_t from_day = bind_day_type(person->from_day, &types[4]);
    int64_t until_day = bind_day_type(person->until_day, &types[5]);
    size_t length = seal(&people->keys, person, sealed);
    // Not INSERT OR REPLACE: that would delete the row first, which its cards forbid.
    return store_run(
        people, NULL,
        "INSERT INTO person(" PERSON_COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE"
        " SET kind = excluded.kind, room = excluded.room, grp = excluded.grp,"
        " from_day = excluded.from_day, until_day = excluded.until_day, sealed = excluded.sealed",
        types, person->id, person_kind_names[person->kind], person->room, person->group, from_day, until_day,
        sealed, length);
}

int person_delete(const struct people *people, const char *id)
{
    int gone = 0;
    int r = store_run(people, NULL, "DELETE FROM card WHERE person = ?", "t", id);
    r = r < 0 ? r : store_run(people, NULL, "DELETE FROM pickup WHERE adult = ? OR child = ?", "tt", id, id);
    r = r < 0 ? r : store_run(people, &gone, "DELETE FROM person WHERE id = ?", "t", id);
    return r < 0 ? r : gone > 0 ? 0 : -ENOENT;
}

int person_count(const struct people *people, int64_t *ret_count)
{
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement, "SELECT count(*) FROM person", "");
    if (r < 0) {
        return r;
    }
    r = store_next(people, statement);
    if (r == 1) {
        *ret_count = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return r < 0 ? r : 0;
}

int person_each(const struct people *people, enum person_order order,
                int (*each)(const struct person *person, void *user), void *user)
{
    static const char *const queries[] = {
        [ORDER_ID] = "SELECT " PERSON_COLUMNS " FROM person ORDER BY id",
        [ORDER_KIND] = "SELECT " PERSON_COLUMNS " FROM person ORDER BY"
                       " CASE kind WHEN 'child' THEN 0 WHEN 'staff' THEN 1 ELSE 2 END, id",
    };
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement, queries[order], "");
    if (r < 0) {
        return r;
    }
    struct person person;
    while ((r = store_next(people, statement)) == 1) {
        r = from_row(people, statement, &person);
        r = r < 0 ? r : each(&person, user);
        if (r < 0) {
            break;
        }
    }
    sqlite3_finalize(statement);
    sodium_memzero(&person, sizeof person);
    return r;
}

void person_pseudonym(const struct person *person, char ret_pseudonym[static PSEUDONYM_SIZE])
{
    uint8_t hash[crypto_auth_hmacsha256_BYTES];
    char hex[17];
    crypto_auth_hmacsha256(hash, (const uint8_t *)person->id, strlen(person->id), person->secret.key);
    sodium_bin2hex(hex, sizeof hex, hash, 8);
    snprintf(ret_pseudonym, PSEUDONYM_SIZE, "p-%s", hex);
}
