// The register: opening, erasing, and what is shown of it.
#include "gateway/people/inside.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int people_open(const char *state_dir, struct people **ret_people)
{
    char file[PATH_MAX];
    // Room for "-wal" behind it.
    if (snprintf(file, sizeof file - 8, "%s/people.db", state_dir) >= (int)sizeof file - 8) {
        return -ENAMETOOLONG;
    }
    if (sodium_init() < 0) {
        return -EIO; // no source of random numbers
    }
    struct people *people = calloc(1, sizeof *people);
    if (!people) {
        return -ENOMEM;
    }
    int r = keys_load(state_dir, !store_exists(file), &people->keys);
    r = r < 0 ? r : store_open(file, &people->keys, &people->db);
    if (r < 0) {
        sodium_memzero(people, sizeof *people);
        free(people);
        return r;
    }
    *ret_people = people;
    return 0;
}

void people_close(struct people *people)
{
    if (people) {
        sqlite3_close(people->db);
        sodium_memzero(people, sizeof *people);
        free(people);
    }
}

const char *people_explain(int error)
{
    switch (error) {
    case 0:
        return "all is well";
    case -ENOKEY:
        return "there is a register of people (people.db) but its key (people.key) is missing; bring the key "
               "back";
    case -EKEYREJECTED:
        return "people.key is the key of another register than people.db; bring back the one that belongs to "
               "it";
    case -EBADMSG:
        return "people.key is no key (one line of 64 hex digits); bring the right one back";
    case -EPERM:
        return "people.key can be read by others than its owner; chmod 600 people.key, and see who had it";
    case -EUCLEAN:
        return "people.db is damaged, of a newer version, or no register; bring a backup back";
    case -EBUSY:
        return "people.db is in use by another process; end that one first";
    case -EINPROGRESS:
        return "the people are erased, but the disk failed before their traces were gone; restart when it "
               "works";
    case -EACCES:
        return "people.db or people.key may not be opened; see to the owner of the state directory";
    case -EROFS:
        return "the state directory is on a disk that can't be written to";
    case -ENOSPC:
        return "the disk is full";
    case -ENOENT:
        return "nobody has this id, or it is not there: a card, a pick-up, the state directory";
    case -EEXIST:
        return "the card is somebody else's; remove it there, or report it lost there";
    case -EMLINK:
        return "the person has as many cards as can be; remove one first";
    case -EINVAL:
        return "something of it is wrong";
    case -EFBIG:
        return "the file is too long for a register";
    case -ENOMEM:
        return "there is not enough memory";
    default:
        return "the disk with the register of people fails";
    }
}

// ---- Erasing

int people_erase(struct people *people, const char *id, char ret_pseudonym[static PSEUDONYM_SIZE])
{
    struct person person = { .id = "" };
    char pseudonym[PSEUDONYM_SIZE] = "";
    int r = store_begin(people);
    if (r < 0) {
        return r;
    }
    r = person_read(people, id, &person);
    if (r == 0) {
        person_pseudonym(&person, pseudonym);
    }
    sodium_memzero(&person, sizeof person);
    // One whose row does not open can still be erased.
    r = r == 0 || r == -EUCLEAN ? person_delete(people, id) : r;
    r = r < 0 ? r : store_remember_traces(people);
    r = store_end(people, r);
    if (r < 0) {
        return r;
    }
    memcpy(ret_pseudonym, pseudonym, sizeof pseudonym);
    return store_remove_traces(people) < 0 ? -EINPROGRESS : 0;
}

// ---- Pick-ups

static int expect_kinds(const struct people *people, const char *adult, const char *child)
{
    enum person_kind adults, childs;
    int r = person_exists(people, adult, &adults);
    r = r < 0 ? r : person_exists(people, child, &childs);
    if (r < 0) {
        return r;
    }
    return adults != PERSON_CHILD && childs == PERSON_CHILD ? 0 : -EINVAL;
}

int people_pick_up_allow(struct people *people, const char *adult, const char *child, int32_t from_day,
                         int32_t until_day)
{
    if (from_day > until_day) {
        return -EINVAL;
    }
    char types[] = "ttii";
    int64_t first = bind_day_type(from_day, &types[2]), last = bind_day_type(until_day, &types[3]);
    int r = expect_kinds(people, adult, child);
    return r < 0 ? r
                 : store_run(
                       people, NULL,
                       "INSERT OR REPLACE INTO pickup(adult, child, from_day, until_day) VALUES(?, ?, ?, ?)",
                       types, adult, child, first, last);
}

int people_pick_up_end(struct people *people, const char *adult, const char *child)
{
    int gone = 0;
    int r = store_run(people, &gone, "DELETE FROM pickup WHERE adult = ? AND child = ?", "tt", adult, child);
    return r < 0 ? r : gone > 0 ? 0 : -ENOENT;
}

// ---- Showing

struct showing {
    const struct people *people;
    const char *wanted; // a pseudonym; NULL: everybody
    bool found;
    people_entry_fn entry;
    void *user;
};

static int show(const struct person *person, void *user)
{
    struct showing *showing = user;
    char pseudonym[PSEUDONYM_SIZE];
    unsigned cards = 0, lost = 0;
    person_pseudonym(person, pseudonym);
    if (showing->wanted && strcmp(showing->wanted, pseudonym) != 0) {
        return 0;
    }
    int r = card_count(showing->people, person->id, &cards, &lost);
    if (r < 0) {
        return r;
    }
    showing->found = true;
    showing->entry(&(struct people_entry){ .id = person->id,
                                           .pseudonym = pseudonym,
                                           .kind = person->kind,
                                           .name = person->secret.name,
                                           .room = person->room,
                                           .group = person->group,
                                           .birth = person->secret.birth,
                                           .valid_from_day = person->from_day,
                                           .valid_until_day = person->until_day,
                                           .n_cards = cards,
                                           .n_lost = lost },
                   showing->user);
    return 0;
}

int people_each(struct people *people, people_entry_fn entry, void *user)
{
    struct showing showing = { .people = people, .entry = entry, .user = user };
    return person_each(people, ORDER_KIND, show, &showing);
}

int people_find(struct people *people, const char *id_or_pseudonym, people_entry_fn entry, void *user)
{
    struct showing showing = { .people = people, .entry = entry, .user = user };
    struct person person;
    int r;
    if (text_is_id(id_or_pseudonym)) {
        r = person_read(people, id_or_pseudonym, &person);
        r = r < 0 ? r : show(&person, &showing);
        sodium_memzero(&person, sizeof person);
        return r;
    }
    // A pseudonym is not stored: it comes out of what is sealed.
    showing.wanted = id_or_pseudonym;
    r = person_each(people, ORDER_ID, show, &showing);
    return r < 0 ? r : showing.found ? 0 : -ENOENT;
}
