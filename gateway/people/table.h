// The table from inside: table.c builds it, lookup.c looks into it.
#ifndef CAREROOM_PEOPLE_TABLE_H
#define CAREROOM_PEOPLE_TABLE_H

#include "gateway/people/inside.h"

struct table_card {
    uint8_t hash[CARD_HASH_SIZE];
    uint32_t person;
    bool lost;
};

struct people_table {
    crypto_auth_hmacsha256_state hash_start;
    struct people_person *persons; // by id
    size_t n;
    size_t *by_pseudonym;
    struct table_card *cards[CARD_PART_COUNT]; // by hash
    size_t n_cards[CARD_PART_COUNT];
    struct people_pick_up *pick_ups; // of all adults; each one's by child
};

#endif
