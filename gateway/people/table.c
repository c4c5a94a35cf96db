// The table for the alarm thread, built from the register.
#include "gateway/people/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct building {
    struct people_table *table;
    const struct config *config;
    size_t capacity;
};

static size_t find_room(const struct config *config, const char *room)
{
    for (size_t i = 0; *room && i < config->n_rooms; i++) {
        if (strcmp(config->rooms[i].id, room) == 0) {
            return i;
        }
    }
    return PEOPLE_NO_ROOM;
}

static int add_person(const struct person *person, void *user)
{
    struct building *building = user;
    struct people_table *table = building->table;
    if (table->n == building->capacity) {
        return -EUCLEAN; // more than were counted
    }
    struct people_person *to = &table->persons[table->n++];
    *to = (struct people_person){
        .kind = person->kind,
        .room = find_room(building->config, person->room),
        .valid_from_day = person->from_day,
        .valid_until_day = person->until_day,
    };
    memcpy(to->id, person->id, sizeof to->id);
    memcpy(to->group, person->group, sizeof to->group);
    person_pseudonym(person, to->pseudonym);
    return 0;
}

static int by_pseudonym(const void *left, const void *right, void *user)
{
    const struct people_person *persons = user;
    return strcmp(persons[*(const size_t *)left].pseudonym, persons[*(const size_t *)right].pseudonym);
}

static int add_persons(struct building *building, struct people *people)
{
    struct people_table *table = building->table;
    int64_t count = 0;
    int r = person_count(people, &count);
    if (r < 0) {
        return r;
    }
    building->capacity = (size_t)count;
    table->persons = calloc(building->capacity + 1, sizeof *table->persons);
    table->by_pseudonym = calloc(building->capacity + 1, sizeof *table->by_pseudonym);
    if (!table->persons || !table->by_pseudonym) {
        return -ENOMEM;
    }
    r = person_each(people, ORDER_ID, add_person, building);
    for (size_t i = 0; i < table->n; i++) {
        table->by_pseudonym[i] = i;
    }
    qsort_r(table->by_pseudonym, table->n, sizeof *table->by_pseudonym, by_pseudonym, table->persons);
    return r;
}

// ---- Cards

static int by_hash(const void *left, const void *right)
{
    return memcmp(((const struct table_card *)left)->hash, ((const struct table_card *)right)->hash,
                  CARD_HASH_SIZE);
}

static int count_rows(const struct people *people, const char *sql, size_t *ret_count)
{
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement, sql, "");
    if (r < 0) {
        return r;
    }
    r = store_next(people, statement);
    if (r == 1) {
        *ret_count = (size_t)sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return r < 0 ? r : 0;
}

static int add_card(struct people_table *table, sqlite3_stmt *statement)
{
    size_t person;
    const char *id = (const char *)sqlite3_column_text(statement, CARD_PART_COUNT);
    if (!id || !people_table_find_id(table, id, &person)) {
        return -EUCLEAN;
    }
    for (int part = 0; part < CARD_PART_COUNT; part++) {
        if (sqlite3_column_type(statement, part) == SQLITE_NULL) {
            continue;
        }
        if (sqlite3_column_bytes(statement, part) != CARD_HASH_SIZE) {
            return -EUCLEAN;
        }
        struct table_card *card = &table->cards[part][table->n_cards[part]++];
        memcpy(card->hash, sqlite3_column_blob(statement, part), CARD_HASH_SIZE);
        card->person = (uint32_t)person;
        card->lost = sqlite3_column_int(statement, CARD_PART_COUNT + 1) != 0;
    }
    return 0;
}

static int add_cards(struct people_table *table, const struct people *people)
{
    size_t count = 0;
    int r = count_rows(people, "SELECT count(*) FROM card", &count);
    for (int part = 0; part < CARD_PART_COUNT && r == 0; part++) {
        table->cards[part] = calloc(count + 1, sizeof *table->cards[part]);
        r = table->cards[part] ? 0 : -ENOMEM;
    }
    sqlite3_stmt *statement = NULL;
    r = r < 0 ? r : store_query(people, &statement, "SELECT whole, low32, low24, person, lost FROM card", "");
    if (r < 0) {
        return r;
    }
    while ((r = store_next(people, statement)) == 1) {
        r = add_card(table, statement);
        if (r < 0) {
            break;
        }
    }
    sqlite3_finalize(statement);
    for (int part = 0; part < CARD_PART_COUNT; part++) {
        qsort(table->cards[part], table->n_cards[part], sizeof *table->cards[part], by_hash);
    }
    return r;
}

// ---- Pick-ups, of one adult after the other

static int add_pick_up(struct people_table *table, sqlite3_stmt *statement, size_t at)
{
    size_t adult, child;
    const char *adult_id = (const char *)sqlite3_column_text(statement, 0);
    const char *child_id = (const char *)sqlite3_column_text(statement, 1);
    if (!adult_id || !child_id || !people_table_find_id(table, adult_id, &adult) ||
        !people_table_find_id(table, child_id, &child)) {
        return -EUCLEAN;
    }
    bool from = sqlite3_column_type(statement, 2) != SQLITE_NULL;
    bool until = sqlite3_column_type(statement, 3) != SQLITE_NULL;
    table->pick_ups[at] = (struct people_pick_up){
        .child = child,
        .from_day = from ? sqlite3_column_int(statement, 2) : PEOPLE_DAY_FIRST,
        .until_day = until ? sqlite3_column_int(statement, 3) : PEOPLE_DAY_LAST,
    };
    struct people_person *person = &table->persons[adult];
    if (person->n_pick_ups++ == 0) {
        person->pick_ups = &table->pick_ups[at];
    }
    return 0;
}

static int add_pick_ups(struct people_table *table, const struct people *people)
{
    size_t count = 0, at = 0;
    sqlite3_stmt *statement = NULL;
    int r = count_rows(people, "SELECT count(*) FROM pickup", &count);
    if (r < 0) {
        return r;
    }
    table->pick_ups = calloc(count + 1, sizeof *table->pick_ups);
    if (!table->pick_ups) {
        return -ENOMEM;
    }
    // The children of an adult by id are in the order of their indices.
    r = store_query(people, &statement,
                    "SELECT adult, child, from_day, until_day FROM pickup ORDER BY adult, child", "");
    if (r < 0) {
        return r;
    }
    while ((r = store_next(people, statement)) == 1) {
        r = add_pick_up(table, statement, at++);
        if (r < 0) {
            break;
        }
    }
    sqlite3_finalize(statement);
    return r;
}

int people_table_new(struct people *people, const struct config *config, struct people_table **ret_table)
{
    struct people_table *table = calloc(1, sizeof *table);
    if (!table) {
        return -ENOMEM;
    }
    struct building building = { .table = table, .config = config };
    card_hash_begin(people->keys.cards, &table->hash_start);
    int r = add_persons(&building, people);
    r = r < 0 ? r : add_cards(table, people);
    r = r < 0 ? r : add_pick_ups(table, people);
    if (r < 0) {
        people_table_free(table);
        return r;
    }
    *ret_table = table;
    return 0;
}

void people_table_free(struct people_table *table)
{
    if (!table) {
        return;
    }
    free(table->persons);
    free(table->by_pseudonym);
    for (int part = 0; part < CARD_PART_COUNT; part++) {
        free(table->cards[part]);
    }
    free(table->pick_ups);
    sodium_memzero(table, sizeof *table);
    free(table);
}
