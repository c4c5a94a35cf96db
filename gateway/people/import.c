// Taking in what was written of people, in one transaction.
#include "gateway/people/judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct people_import {
    struct people *people;
    const struct config *config;
    struct drafts *drafts;
    size_t length;
};

// Those who are removed.
struct gone {
    char id[ID_SIZE], pseudonym[PSEUDONYM_SIZE];
};

struct applying {
    const struct judging *judging;
    struct people_counts *counts;
    struct gone *gone;
    size_t n_gone, capacity;
};

// ---- Ids that are given out: "c12" is the twelfth child. Numbers are not given twice, so that a list on
// paper does not come to mean somebody else.

static const char letters[PERSON_KIND_COUNT] = {
    [PERSON_CHILD] = 'c', [PERSON_STAFF] = 's', [PERSON_GUARDIAN] = 'g'
};

static int number_taken(const struct people *people, const char *id)
{
    size_t digits = strspn(id + 1, "0123456789");
    if (!memchr(letters, id[0], sizeof letters) || digits == 0 || digits > 9 || id[1 + digits] != '\0') {
        return 0;
    }
    char key[] = "last-?";
    key[5] = id[0];
    return store_run(people, NULL,
                     "INSERT INTO meta(key, value) VALUES(?, ?)"
                     " ON CONFLICT(key) DO UPDATE SET value = max(value, excluded.value)",
                     "ti", key, (int64_t)strtol(id + 1, NULL, 10));
}

static int next_number(const struct people *people, enum person_kind kind, char ret_id[static ID_SIZE])
{
    char key[] = "last-?";
    key[5] = letters[kind];
    int64_t last = 0;
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement, "SELECT value FROM meta WHERE key = ?", "t", key);
    if (r < 0) {
        return r;
    }
    r = store_next(people, statement);
    if (r == 1) {
        last = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    if (r >= 0) {
        snprintf(ret_id, ID_SIZE, "%c%lld", letters[kind], (long long)last + 1);
    }
    return r < 0 ? r : 0;
}

// ---- Applying

static int collect_gone(const struct person *person, void *user)
{
    struct applying *applying = user;
    if (judging_find(applying->judging, person->id)) {
        return 0;
    }
    if (applying->n_gone == applying->capacity) {
        size_t capacity = applying->capacity ? 2 * applying->capacity : 16;
        struct gone *gone = reallocarray(applying->gone, capacity, sizeof *gone);
        if (!gone) {
            return -ENOMEM;
        }
        applying->gone = gone;
        applying->capacity = capacity;
    }
    struct gone *gone = &applying->gone[applying->n_gone++];
    memcpy(gone->id, person->id, sizeof gone->id);
    person_pseudonym(person, gone->pseudonym);
    return 0;
}

static int apply_removals(struct applying *applying)
{
    const struct people *people = applying->judging->people;
    int r = person_each(people, ORDER_ID, collect_gone, applying);
    for (size_t i = 0; i < applying->n_gone && r == 0; i++) {
        r = person_delete(people, applying->gone[i].id);
    }
    applying->counts->removed = (unsigned)applying->n_gone;
    return r < 0 || applying->n_gone == 0 ? r : store_remember_traces(people);
}

static bool lists(const char *ids, const char *id)
{
    char next[ID_SIZE + 1];
    while (next_id(&ids, next)) {
        if (strcmp(next, id) == 0) {
            return true;
        }
    }
    return false;
}

// Pick-ups that are no longer listed end; those that are keep their days.
static int end_unlisted(const struct people *people, const struct wanted *wanted, bool *ret_changed)
{
    sqlite3_stmt *statement = NULL;
    int r =
        store_query(people, &statement, "SELECT child FROM pickup WHERE adult = ?", "t", wanted->person.id);
    if (r < 0) {
        return r;
    }
    while ((r = store_next(people, statement)) == 1) {
        const char *child = (const char *)sqlite3_column_text(statement, 0);
        if (lists(wanted->picks_up, child)) {
            continue;
        }
        r = store_run(people, NULL, "DELETE FROM pickup WHERE adult = ? AND child = ?", "tt",
                      wanted->person.id, child);
        if (r < 0) {
            break;
        }
        *ret_changed = true;
    }
    sqlite3_finalize(statement);
    return r;
}

static int apply_picks_up(const struct people *people, const struct wanted *wanted, bool *ret_changed)
{
    if (!wanted->picks_up) {
        return 0;
    }
    char child[ID_SIZE + 1];
    const char *text = wanted->picks_up;
    int r = end_unlisted(people, wanted, ret_changed);
    while (r == 0 && next_id(&text, child)) {
        int changes = 0;
        r = store_run(people, &changes, "INSERT OR IGNORE INTO pickup(adult, child) VALUES(?, ?)", "tt",
                      wanted->person.id, child);
        *ret_changed |= changes > 0;
    }
    return r;
}

static int apply_person(const struct people *people, const struct wanted *wanted, bool *ret_changed)
{
    int r = 0;
    *ret_changed = wanted->is_new || wanted->differs;
    if (*ret_changed) {
        r = person_write(people, &wanted->person);
    }
    if (r == 0 && wanted->is_new) {
        r = number_taken(people, wanted->person.id);
    }
    for (size_t i = 0; i < CARD_COLUMNS && r == 0; i++) {
        if (wanted->cards[i].add) {
            r = card_insert(people, wanted->person.id, &wanted->cards[i].hashes);
            *ret_changed = true;
        }
    }
    return r;
}

// Pick-ups last: they may name somebody of a later line.
static int apply_rows(struct applying *applying)
{
    const struct judging *judging = applying->judging;
    bool *changed = calloc(judging->n + 1, sizeof *changed);
    int r = changed ? 0 : -ENOMEM;
    for (size_t i = 0; i < judging->n && r == 0; i++) {
        r = apply_person(judging->people, &judging->wanted[i], &changed[i]);
    }
    for (size_t i = 0; i < judging->n && r == 0; i++) {
        r = apply_picks_up(judging->people, &judging->wanted[i], &changed[i]);
        applying->counts->added += judging->wanted[i].is_new;
        applying->counts->updated += !judging->wanted[i].is_new && changed[i];
        applying->counts->unchanged += !changed[i];
    }
    free(changed);
    return r;
}

// A dry run does all of it too, and takes it back.
static int apply(struct applying *applying, const struct people_import_options *options, void *user)
{
    const struct people *people = applying->judging->people;
    int r = store_begin(people);
    if (r < 0) {
        return r;
    }
    r = options->remove_others ? apply_removals(applying) : 0;
    r = r < 0 ? r : apply_rows(applying);
    if (r == 0 && options->dry_run) {
        (void)store_end(people, -ECANCELED);
        return 0;
    }
    r = store_end(people, r);
    if (r < 0 || applying->n_gone == 0) {
        return r;
    }
    r = store_remove_traces(people) < 0 ? -EINPROGRESS : 0;
    for (size_t i = 0; options->erased && i < applying->n_gone; i++) {
        options->erased(applying->gone[i].id, applying->gone[i].pseudonym, user);
    }
    return r;
}

static int judge_and_apply(struct judging *judging, const struct people_import_options *options,
                           people_report_fn report, void *user, struct people_counts *ret_counts)
{
    struct people_counts counts = { .rows = (unsigned)judging->drafts->n };
    struct applying applying = { .judging = judging, .counts = &counts };
    struct messages *messages = &judging->drafts->messages;
    int r = judging->drafts->failed ? -ENOMEM : judge(judging);
    if (r == 0) {
        messages_tell(messages, report, user);
        counts.mistakes = messages->mistakes;
        counts.notices = messages->notices;
        r = counts.mistakes > 0 ? -EINVAL : apply(&applying, options, user);
        if (r == 0 || r == -EINVAL || r == -EINPROGRESS) {
            *ret_counts = counts;
        }
    }
    free(applying.gone);
    judging_free(judging);
    return r;
}

// ---- Of a file

int people_import_new(struct people *people, const struct config *config, struct people_import **ret_import)
{
    struct people_import *import = calloc(1, sizeof *import);
    struct drafts *drafts = drafts_new();
    if (!import || !drafts) {
        free(import);
        drafts_free(drafts);
        return -ENOMEM;
    }
    *import = (struct people_import){ .people = people, .config = config, .drafts = drafts };
    *ret_import = import;
    return 0;
}

int people_import_feed(struct people_import *import, const void *bytes, size_t length)
{
    if (length > PEOPLE_IMPORT_MAX - import->length) {
        return -EFBIG;
    }
    import->length += length;
    csv_feed(&import->drafts->csv, bytes, length);
    return import->drafts->failed ? -ENOMEM : 0;
}

int people_import_end(struct people_import *import, const struct people_import_options *options,
                      people_report_fn report, void *user, struct people_counts *ret_counts)
{
    struct drafts *drafts = import->drafts;
    csv_end(&drafts->csv);
    if (!drafts->has_header || (drafts->n == 0 && drafts->messages.mistakes == 0)) {
        message_add(&drafts->messages, false, 0, 0, PEOPLE_COLUMN_COUNT, "there is nobody in the file", "%s",
                    "write a line of columns (kind,id,name) and a line for each person");
    }
    struct judging judging = { .people = import->people,
                               .config = import->config,
                               .remove_others = options->remove_others,
                               .drafts = drafts };
    return judge_and_apply(&judging, options, report, user, ret_counts);
}

void people_import_free(struct people_import *import)
{
    if (import) {
        drafts_free(import->drafts);
        free(import);
    }
}

// ---- Of a command

static int choose_id(const struct people *people, const char *cells[PEOPLE_COLUMN_COUNT],
                     char id[static ID_SIZE])
{
    const char *given = cells[PEOPLE_KIND];
    for (int kind = 0; given && kind < PERSON_KIND_COUNT; kind++) {
        if (strcmp(given, person_kind_names[kind]) == 0) {
            cells[PEOPLE_ID] = id;
            return next_number(people, (enum person_kind)kind, id);
        }
    }
    return 0; // the judge says what is missing
}

int people_put(struct people *people, const struct config *config,
               const char *const cells[PEOPLE_COLUMN_COUNT], people_report_fn report, void *user,
               char ret_id[static ID_SIZE])
{
    const char *row[PEOPLE_COLUMN_COUNT];
    char id[ID_SIZE] = "";
    struct people_counts counts;
    memcpy(row, cells, sizeof row);
    int r = !row[PEOPLE_ID] || *row[PEOPLE_ID] == '\0' ? choose_id(people, row, id) : 0;
    struct drafts *drafts = r < 0 ? NULL : drafts_new();
    if (!drafts) {
        return r < 0 ? r : -ENOMEM;
    }
    struct judging judging = { .people = people, .config = config, .drafts = drafts };
    r = drafts_add(drafts, row);
    r = r < 0 ? r
              : judge_and_apply(&judging, &(struct people_import_options){ .dry_run = false }, report, user,
                                &counts);
    if (r == 0) {
        snprintf(ret_id, ID_SIZE, "%s", drafts->list[0].cells[PEOPLE_ID]);
    }
    drafts_free(drafts);
    return r;
}
