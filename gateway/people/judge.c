#include "gateway/people/judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define bad(judging, draft, column, wrong, ...)                                                              \
    message_add(&(judging)->drafts->messages, false, (draft)->line, (judging)->drafts->field_of[column],     \
                column, wrong, __VA_ARGS__)

static const enum people_column card_columns[CARD_COLUMNS] = { PEOPLE_CARD, PEOPLE_CARD_2 };

// The rest of the buffer is cleared.
static void set_text(char *buf, size_t size, const char *text)
{
    size_t length = strlen(text);
    memcpy(buf, text, length);
    memset(buf + length, 0, size - length);
}

// ---- Cells

// A cell that a new person needs. NULL: there is none; told, unless the row or the header was told before.
static const char *needed(const struct judging *judging, const struct wanted *wanted,
                          enum people_column column)
{
    const struct draft *draft = wanted->draft;
    const char *cell = draft->cells[column];
    bool of_command = draft->line == 0;
    if (!cell && of_command && wanted->is_new && !draft->broken) {
        bad(judging, draft, column, "is missing", "a new person needs kind and name");
    }
    return cell;
}

static void judge_kind(const struct judging *judging, struct wanted *wanted)
{
    const char *cell = needed(judging, wanted, PEOPLE_KIND);
    if (!cell) {
        return;
    }
    for (int kind = 0; kind < PERSON_KIND_COUNT; kind++) {
        if (strcmp(cell, person_kind_names[kind]) != 0) {
            continue;
        }
        if (!wanted->is_new && wanted->person.kind != (enum person_kind)kind) {
            bad(judging, wanted->draft, PEOPLE_KIND, "is not what the register says of this id",
                "leave it %s, or take another id", person_kind_names[wanted->person.kind]);
            return;
        }
        wanted->person.kind = (enum person_kind)kind;
        return;
    }
    bad(judging, wanted->draft, PEOPLE_KIND, *cell ? "is no kind" : "is empty",
        "write child, staff or guardian");
}

static void judge_name(const struct judging *judging, struct wanted *wanted)
{
    const char *cell = needed(judging, wanted, PEOPLE_NAME);
    if (!cell) {
        return;
    }
    if (*cell == '\0') {
        bad(judging, wanted->draft, PEOPLE_NAME, "is empty", "write the name");
    } else if (strlen(cell) >= PEOPLE_NAME_SIZE) {
        bad(judging, wanted->draft, PEOPLE_NAME, "is too long", "write at most %d bytes",
            PEOPLE_NAME_SIZE - 1);
    } else if (!text_is_printable(cell)) {
        bad(judging, wanted->draft, PEOPLE_NAME, "holds control characters", "write it in one line");
    } else {
        wanted->differs |= strcmp(wanted->person.secret.name, cell) != 0;
        set_text(wanted->person.secret.name, PEOPLE_NAME_SIZE, cell);
    }
}

static bool is_room(const struct config *config, const char *cell)
{
    for (size_t i = 0; config && i < config->n_rooms; i++) {
        if (strcmp(config->rooms[i].id, cell) == 0) {
            return true;
        }
    }
    return !config && id_valid(cell);
}

static void judge_room(const struct judging *judging, struct wanted *wanted)
{
    const char *cell = wanted->draft->cells[PEOPLE_ROOM];
    if (!cell) {
        return;
    }
    if (*cell == '\0' || is_room(judging->config, cell)) {
        wanted->differs |= strcmp(wanted->person.room, cell) != 0;
        set_text(wanted->person.room, ID_SIZE, cell);
        return;
    }
    char rooms[140] = "1 to 32 of a-z, 0-9 and -";
    size_t used = 0;
    for (size_t i = 0; judging->config && i < judging->config->n_rooms && used < sizeof rooms; i++) {
        used += (size_t)snprintf(rooms + used, sizeof rooms - used, "%s%s", i == 0 ? "" : ", ",
                                 judging->config->rooms[i].id);
    }
    bad(judging, wanted->draft, PEOPLE_ROOM, "is no room", "write one of: %s", rooms);
}

static void judge_group(const struct judging *judging, struct wanted *wanted)
{
    const char *cell = wanted->draft->cells[PEOPLE_GROUP];
    if (!cell) {
        return;
    }
    if (*cell != '\0' && !id_valid(cell)) {
        bad(judging, wanted->draft, PEOPLE_GROUP, "is no word for a group",
            "write 1 to 32 of a-z, 0-9 and -");
        return;
    }
    wanted->differs |= strcmp(wanted->person.group, cell) != 0;
    set_text(wanted->person.group, ID_SIZE, cell);
}

// *ret_day is open where the cell is empty. False: leave all as it is (no cell, or told).
static bool read_day(const struct judging *judging, const struct wanted *wanted, enum people_column column,
                     int32_t open, int32_t *ret_day)
{
    const char *cell = wanted->draft->cells[column];
    if (cell && *cell == '\0') {
        *ret_day = open;
        return true;
    }
    if (!cell || people_day_parse(cell, ret_day)) {
        return cell != NULL;
    }
    bad(judging, wanted->draft, column, "is no date", "write year-month-day, as 2026-09-01");
    return false;
}

static void judge_days(const struct judging *judging, struct wanted *wanted)
{
    struct person *person = &wanted->person;
    int32_t day = 0, from_day = person->from_day, until_day = person->until_day;
    if (read_day(judging, wanted, PEOPLE_BIRTH, PEOPLE_DAY_FIRST, &day)) {
        const char *birth = wanted->draft->cells[PEOPLE_BIRTH];
        wanted->differs |= strcmp(person->secret.birth, birth) != 0;
        set_text(person->secret.birth, PEOPLE_DATE_SIZE, birth);
    }
    bool good = read_day(judging, wanted, PEOPLE_VALID_FROM, PEOPLE_DAY_FIRST, &from_day);
    good |= read_day(judging, wanted, PEOPLE_VALID_UNTIL, PEOPLE_DAY_LAST, &until_day);
    if (good && from_day > until_day) {
        bad(judging, wanted->draft, PEOPLE_VALID_UNTIL, "is before the first day",
            "write the same day as valid_from or a later one");
        return;
    }
    wanted->differs |= from_day != person->from_day || until_day != person->until_day;
    person->from_day = from_day;
    person->until_day = until_day;
}

static void judge_card_cells(const struct judging *judging, struct wanted *wanted)
{
    for (size_t i = 0; i < CARD_COLUMNS; i++) {
        const char *cell = wanted->draft->cells[card_columns[i]];
        struct card card;
        struct card_number numbers[CARD_GUESSES];
        if (!cell || *cell == '\0') {
            continue;
        }
        if (people_card_parse(cell, &card) < 0 || card_guess(&card, numbers) == 0) {
            bad(judging, wanted->draft, card_columns[i], "is no card number",
                "write 6547886, 0x63e9ae or 99:59822; in a spreadsheet as text, not as a number");
            continue;
        }
        card_hash_all(&judging->people->keys, &numbers[0], &wanted->cards[i].hashes);
        wanted->cards[i].given = true;
        sodium_memzero(&card, sizeof card);
        sodium_memzero(numbers, sizeof numbers);
    }
}

// ---- Rows

// Who it is: the row that is there, or a new one.
static int judge_id(const struct judging *judging, struct wanted *wanted)
{
    const char *cell = wanted->draft->cells[PEOPLE_ID];
    struct person *person = &wanted->person;
    *person = (struct person){ .from_day = PEOPLE_DAY_FIRST, .until_day = PEOPLE_DAY_LAST };
    wanted->is_new = true;
    if (!cell) {
        return 0; // told
    }
    if (!text_is_id(cell)) {
        bad(judging, wanted->draft, PEOPLE_ID, *cell ? "is no id" : "is empty",
            "write 1 to 32 of a-z, 0-9 and -, as c12; not the name, and not p- at the beginning");
        return 0;
    }
    wanted->has_id = true;
    int r = person_read(judging->people, cell, person);
    wanted->is_new = r == -ENOENT;
    if (r == -ENOENT) {
        set_text(person->id, ID_SIZE, cell);
        randombytes_buf(person->secret.key, KEY_SIZE);
        return 0;
    }
    return r;
}

static int judge_row(const struct judging *judging, struct wanted *wanted)
{
    int r = judge_id(judging, wanted);
    if (r < 0) {
        return r;
    }
    judge_kind(judging, wanted);
    judge_name(judging, wanted);
    judge_room(judging, wanted);
    judge_group(judging, wanted);
    judge_days(judging, wanted);
    judge_card_cells(judging, wanted);
    wanted->picks_up = wanted->draft->cells[PEOPLE_PICKS_UP];
    return 0;
}

// ---- Rows together

static int by_id(const void *left, const void *right, void *user)
{
    const struct wanted *wanted = user;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    int order = strcmp(wanted[a].person.id, wanted[b].person.id);
    return order != 0 ? order : a < b ? -1 : a > b;
}

static void order_by_id(struct judging *judging)
{
    for (size_t i = 0; i < judging->n; i++) {
        if (judging->wanted[i].has_id) {
            judging->by_id[judging->n_by_id++] = i;
        }
    }
    qsort_r(judging->by_id, judging->n_by_id, sizeof *judging->by_id, by_id, judging->wanted);
    for (size_t i = 1; i < judging->n_by_id; i++) {
        const struct wanted *first = &judging->wanted[judging->by_id[i - 1]];
        const struct wanted *again = &judging->wanted[judging->by_id[i]];
        if (strcmp(first->person.id, again->person.id) == 0) {
            bad(judging, again->draft, PEOPLE_ID, "is the id of another line too",
                "see line %u; write one line a person", first->draft->line);
        }
    }
}

struct wanted *judging_find(const struct judging *judging, const char *id)
{
    size_t low = 0, high = judging->n_by_id;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct wanted *wanted = &judging->wanted[judging->by_id[middle]];
        int order = strcmp(id, wanted->person.id);
        if (order == 0) {
            return wanted;
        }
        low = order > 0 ? middle + 1 : low;
        high = order < 0 ? middle : high;
    }
    return NULL;
}

// A card of the file.
struct given {
    const uint8_t *hash;
    const struct wanted *wanted;
    enum people_column column;
};

static int by_hash(const void *left, const void *right)
{
    const struct given *a = left, *b = right;
    int order = memcmp(a->hash, b->hash, CARD_HASH_SIZE);
    if (order != 0) {
        return order;
    }
    if (a->wanted != b->wanted) {
        return a->wanted < b->wanted ? -1 : 1;
    }
    return a->column < b->column ? -1 : 1;
}

static int judge_cards_twice(const struct judging *judging)
{
    size_t n = 0;
    struct given *given = calloc(CARD_COLUMNS * judging->n + 1, sizeof *given);
    if (!given) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < CARD_COLUMNS * judging->n; i++) {
        const struct wanted *wanted = &judging->wanted[i / CARD_COLUMNS];
        size_t column = i % CARD_COLUMNS;
        if (wanted->cards[column].given) {
            given[n++] =
                (struct given){ wanted->cards[column].hashes.hash[CARD_WHOLE], wanted, card_columns[column] };
        }
    }
    qsort(given, n, sizeof *given, by_hash);
    for (size_t i = 1; i < n; i++) {
        if (memcmp(given[i - 1].hash, given[i].hash, CARD_HASH_SIZE) == 0) {
            bad(judging, given[i].wanted->draft, given[i].column, "is there twice",
                "see line %u; a card is one person's, and stands once", given[i - 1].wanted->draft->line);
        }
    }
    free(given);
    return 0;
}

// Whether a person will still be there afterwards.
static bool stays(const struct judging *judging, const char *id)
{
    return !judging->remove_others || judging_find(judging, id) != NULL;
}

// What the register knows of a card that the file gives.
static int judge_card_owner(const struct judging *judging, struct wanted *wanted, size_t i)
{
    struct card_owner owner;
    enum people_column column = card_columns[i];
    int r = card_owner(judging->people, wanted->cards[i].hashes.hash[CARD_WHOLE], &owner);
    if (r < 0 && r != -ENOENT) {
        return r;
    }
    bool known = r == 0 && stays(judging, owner.id);
    wanted->cards[i].add = !known;
    if (known && strcmp(owner.id, wanted->person.id) != 0) {
        bad(judging, wanted->draft, column, "is somebody else's card", "remove it from %s first%s", owner.id,
            owner.lost ? ", where it was reported lost" : "");
    } else if (known && owner.lost) {
        message_add(&judging->drafts->messages, true, wanted->draft->line, judging->drafts->field_of[column],
                    column, "was reported lost and stays so", "%s", "give the card again where it was found");
    }
    return 0;
}

static int judge_cards(const struct judging *judging, struct wanted *wanted)
{
    unsigned cards = 0, lost = 0, added = 0;
    int r = 0;
    for (size_t i = 0; i < CARD_COLUMNS && r == 0; i++) {
        if (wanted->cards[i].given) {
            r = judge_card_owner(judging, wanted, i);
            added += wanted->cards[i].add;
        }
    }
    if (r == 0 && added > 0 && !wanted->is_new) {
        r = card_count(judging->people, wanted->person.id, &cards, &lost);
    }
    if (r == 0 && cards + added > PEOPLE_CARDS_MAX) {
        bad(judging, wanted->draft, PEOPLE_CARD, "is one card too many",
            "remove old cards of this person first; %d can be", PEOPLE_CARDS_MAX);
    }
    return r;
}

bool next_id(const char **text, char ret_id[static ID_SIZE + 1])
{
    *text += strspn(*text, " ");
    size_t length = strcspn(*text, " ");
    size_t kept = length < ID_SIZE ? length : ID_SIZE; // one more than an id has: still none
    memcpy(ret_id, *text, kept);
    ret_id[kept] = '\0';
    *text += length;
    return length > 0;
}

static int judge_picked_up(const struct judging *judging, const struct wanted *wanted, unsigned at,
                           const char *id)
{
    enum person_kind kind = PERSON_KIND_COUNT;
    int r = -ENOENT;
    const struct wanted *other = text_is_id(id) ? judging_find(judging, id) : NULL;
    if (other) {
        kind = other->person.kind;
        r = 0;
    } else if (text_is_id(id) && !judging->remove_others) {
        r = person_exists(judging->people, id, &kind);
    }
    if (r < 0 && r != -ENOENT) {
        return r;
    }
    if (r == -ENOENT) {
        bad(judging, wanted->draft, PEOPLE_PICKS_UP, "names nobody of this file or the register",
            "look at the id number %u in it; ids stand with a space between them", at);
    } else if (kind != PERSON_CHILD) {
        bad(judging, wanted->draft, PEOPLE_PICKS_UP, "names somebody who is no child",
            "look at the id number %u in it", at);
    }
    return 0;
}

static int judge_picks_up(const struct judging *judging, const struct wanted *wanted)
{
    char id[ID_SIZE + 1];
    const char *text = wanted->picks_up;
    unsigned at = 0;
    int r = 0;
    while (r == 0 && text && next_id(&text, id)) {
        at++;
        // Where the kind was told to be none, more would only be noise.
        if (wanted->draft->cells[PEOPLE_KIND] && strcmp(wanted->draft->cells[PEOPLE_KIND], "child") == 0) {
            bad(judging, wanted->draft, PEOPLE_PICKS_UP, "is given for a child", "leave it empty");
            break;
        }
        r = judge_picked_up(judging, wanted, at, id);
    }
    return r;
}

static int judge_size(const struct judging *judging)
{
    int64_t there = 0;
    int r = person_count(judging->people, &there);
    size_t new = 0;
    for (size_t i = 0; i < judging->n; i++) {
        new += judging->wanted[i].is_new;
    }
    size_t all = judging->remove_others ? judging->n : (size_t)there + new;
    if (r == 0 && all > PEOPLE_MAX) {
        message_add(&judging->drafts->messages, false, 0, 0, PEOPLE_COLUMN_COUNT, "there are too many people",
                    "a register has %d at most; erase those who left", PEOPLE_MAX);
    }
    return r;
}

int judge(struct judging *judging)
{
    judging->n = judging->drafts->n;
    judging->wanted = calloc(judging->n + 1, sizeof *judging->wanted);
    judging->by_id = calloc(judging->n + 1, sizeof *judging->by_id);
    int r = judging->wanted && judging->by_id ? 0 : -ENOMEM;
    for (size_t i = 0; i < judging->n && r == 0; i++) {
        judging->wanted[i].draft = &judging->drafts->list[i];
        r = judge_row(judging, &judging->wanted[i]);
    }
    if (r < 0) {
        return r;
    }
    order_by_id(judging);
    r = judge_cards_twice(judging);
    for (size_t i = 0; i < judging->n && r == 0; i++) {
        r = judge_cards(judging, &judging->wanted[i]);
        r = r < 0 ? r : judge_picks_up(judging, &judging->wanted[i]);
    }
    return r < 0 ? r : judge_size(judging);
}

void judging_free(struct judging *judging)
{
    if (judging->wanted) {
        sodium_memzero(judging->wanted, (judging->n + 1) * sizeof *judging->wanted);
    }
    free(judging->wanted);
    free(judging->by_id);
    judging->wanted = NULL;
    judging->by_id = NULL;
}
