#include "gateway/guard/attendance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/common/log.h"

struct attendance {
    const struct plan *plan;
    attendance_input_fn input;
    void *user;
    struct people_table *table; // NULL: there is no register
};

struct attendance *attendance_new(const struct plan *plan, attendance_input_fn input, void *user)
{
    struct attendance *attendance = calloc(1, sizeof *attendance);
    if (attendance) {
        *attendance = (struct attendance){ .plan = plan, .input = input, .user = user };
    }
    return attendance;
}

void attendance_free(struct attendance *attendance)
{
    if (attendance) {
        people_table_free(attendance->table);
        free(attendance);
    }
}

struct people_table *attendance_swap(struct attendance *attendance, struct people_table *table)
{
    struct people_table *before = attendance->table;
    attendance->table = table;
    return before;
}

void attendance_card(struct attendance *attendance, size_t point, const struct card *card)
{
    const struct core_point *reader = &attendance->plan->core.points[point];
    enum direction direction = attendance->plan->sources[point].reader->direction;
    struct people_seen seen;
    attendance->input(
        &(struct core_input){ .kind = CORE_INPUT_CARD, .point = point, .value = (int32_t)card->bits },
        attendance->user);
    if (!attendance->table || !people_table_find_card(attendance->table, card, &seen) || seen.lost) {
        return;
    }
    // Whoever is there is there: that a card is valid on other days alone makes nobody safe.
    const struct people_person *person = people_table_person(attendance->table, seen.person);
    if (person->kind == PERSON_GUARDIAN) {
        return;
    }
    attendance->input(&(struct core_input){ .kind = CORE_INPUT_PRESENCE,
                                            .point = point,
                                            .room = reader->room_index,
                                            .person = person->pseudonym,
                                            .person_kind = person->kind,
                                            .present = direction == DIRECTION_IN,
                                            .toggle = direction == DIRECTION_BOTH },
                      attendance->user);
}

void attendance_view(const struct core *core, const struct core_plan *plan, struct core_snapshot *snapshot)
{
    for (size_t r = 0; r < plan->n_rooms; r++) {
        core_view_roll(core, r, &snapshot->rolls[r]);
    }
    snapshot->n_people = 0;
    for (size_t i = 0; i < CORE_PEOPLE; i++) {
        snapshot->n_people += core_view_person(core, i, &snapshot->people[snapshot->n_people]);
    }
}

// ---- The register

int attendance_open(const struct config *config, bool make, struct people **ret_people)
{
    char *file;
    if (asprintf(&file, "%s/people.db", config->state_dir) < 0) {
        return -ENOMEM;
    }
    bool there = access(file, F_OK) == 0 || errno != ENOENT;
    free(file);
    return there || make ? people_open(config->state_dir, ret_people) : -ENOENT;
}

struct people *attendance_begin(struct attendance *attendance, const struct config *config)
{
    struct people *people = NULL;
    struct people_table *table;
    int r = attendance_open(config, false, &people);
    if (r == -ENOENT) {
        return NULL;
    }
    if (r == 0) {
        r = people_table_new(people, config, &table);
    }
    if (r < 0) {
        log_error("people: %s; until then nobody knows whose the cards are", people_explain(r));
        people_close(people);
        return NULL;
    }
    people_table_free(attendance_swap(attendance, table));
    return people;
}
