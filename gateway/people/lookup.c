// Looking into the table: the alarm thread's part. tests/structure.sh sees to it that nothing of this and of
// card.c can allocate or wait.
#include "gateway/people/table.h"

#include <string.h>

size_t people_table_count(const struct people_table *table)
{
    return table->n;
}

const struct people_person *people_table_person(const struct people_table *table, size_t index)
{
    return index < table->n ? &table->persons[index] : NULL;
}

bool people_table_find_id(const struct people_table *table, const char *id, size_t *ret_index)
{
    size_t low = 0, high = table->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(id, table->persons[middle].id);
        if (order == 0) {
            *ret_index = middle;
            return true;
        }
        low = order > 0 ? middle + 1 : low;
        high = order < 0 ? middle : high;
    }
    return false;
}

bool people_table_find_pseudonym(const struct people_table *table, const char *pseudonym, size_t *ret_index)
{
    size_t low = 0, high = table->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(pseudonym, table->persons[table->by_pseudonym[middle]].pseudonym);
        if (order == 0) {
            *ret_index = table->by_pseudonym[middle];
            return true;
        }
        low = order > 0 ? middle + 1 : low;
        high = order < 0 ? middle : high;
    }
    return false;
}

// ---- Cards

enum found { FOUND_NOTHING, FOUND_ONE, FOUND_SEVERAL };

// All cards with this hash belong to one person, or nobody is found. Of that person's, one that is not lost
// counts first.
static enum found find_hash(const struct people_table *table, enum card_part part,
                            const struct card_number *number, struct people_seen *ret_seen)
{
    uint8_t hash[CARD_HASH_SIZE];
    const struct table_card *cards = table->cards[part];
    size_t low = 0, high = table->n_cards[part];
    card_hash(&table->hash_start, part, number, hash);
    while (low < high) { // the first that is not before it
        size_t middle = low + (high - low) / 2;
        bool before = memcmp(cards[middle].hash, hash, CARD_HASH_SIZE) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    struct people_seen seen = { .lost = true };
    size_t n = 0;
    for (; low < table->n_cards[part] && memcmp(cards[low].hash, hash, CARD_HASH_SIZE) == 0; low++, n++) {
        if (n > 0 && cards[low].person != seen.person) {
            return FOUND_SEVERAL;
        }
        seen.person = cards[low].person;
        seen.lost &= cards[low].lost;
    }
    if (n == 0) {
        return FOUND_NOTHING;
    }
    *ret_seen = seen;
    return FOUND_ONE;
}

// The number as it is, as a narrow reader tells it, or as it is known by its end (card.c).
static enum found find_number(const struct people_table *table, const struct card_number *number,
                              struct people_seen *ret_seen)
{
    struct card_number low;
    enum found found = find_hash(table, CARD_WHOLE, number, ret_seen);
    if (found == FOUND_NOTHING && (number->width == 24 || number->width == 32)) {
        found = find_hash(table, number->width == 24 ? CARD_LOW_24 : CARD_LOW_32, number, ret_seen);
    }
    for (unsigned width = 32; width >= 24 && found == FOUND_NOTHING; width -= 8) {
        if (number->width > width) {
            card_low_bits(number, width, &low);
            found = find_hash(table, CARD_WHOLE, &low, ret_seen);
        }
    }
    return found;
}

bool people_table_find_card(const struct people_table *table, const struct card *card,
                            struct people_seen *ret_seen)
{
    struct card_number numbers[CARD_GUESSES];
    size_t n = card_guess(card, numbers);
    enum found found = FOUND_NOTHING;
    for (size_t i = 0; i < n && found == FOUND_NOTHING; i++) {
        found = find_number(table, &numbers[i], ret_seen);
    }
    sodium_memzero(numbers, sizeof numbers);
    return found == FOUND_ONE;
}

// ---- Pick-ups

bool people_table_may_pick_up(const struct people_table *table, size_t adult, size_t child, int32_t day)
{
    if (adult >= table->n || child >= table->n || !people_valid_on(&table->persons[adult], day)) {
        return false;
    }
    const struct people_person *person = &table->persons[adult];
    size_t low = 0, high = person->n_pick_ups;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct people_pick_up *pick_up = &person->pick_ups[middle];
        if (pick_up->child == child) {
            return day >= pick_up->from_day && day <= pick_up->until_day;
        }
        low = pick_up->child < child ? middle + 1 : low;
        high = pick_up->child > child ? middle : high;
    }
    return false;
}
