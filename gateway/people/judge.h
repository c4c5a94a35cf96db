// Judging what was written of people: every mistake is told, and what is good becomes what the register
// should say.
#ifndef CAREROOM_PEOPLE_JUDGE_H
#define CAREROOM_PEOPLE_JUDGE_H

#include "gateway/people/draft.h"

#define CARD_COLUMNS 2

struct wanted {
    const struct draft *draft;
    bool has_id, is_new, differs; // differs: from the row that is there
    struct person person;
    struct {
        bool given, add; // add: the register has it not
        struct card_hashes hashes;
    } cards[CARD_COLUMNS];
    const char *picks_up; // NULL: they stay
};

struct judging {
    struct people *people;
    const struct config *config; // may be NULL
    bool remove_others;
    struct drafts *drafts;
    struct wanted *wanted;
    size_t n;
    size_t *by_id; // indices of those with an id, ordered
    size_t n_by_id;
};

// Judge all drafts; mistakes go to drafts->messages. 0, also with mistakes; -ENOMEM, -EUCLEAN, errors of the
// disk. Free with judging_free() in any case.
int judge(struct judging *judging);
void judging_free(struct judging *judging);

// The next id of a list of ids with spaces between them, moving *text on. False: no more. Longer ones are
// cut.
bool next_id(const char **text, char ret_id[static ID_SIZE + 1]);

// The row of an id; NULL: it is not among them.
struct wanted *judging_find(const struct judging *judging, const char *id);

#endif
