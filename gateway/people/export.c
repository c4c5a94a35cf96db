// All that is known of one person, as JSON.
#include "gateway/people/inside.h"

#include <errno.h>
#include <string.h>

static json_t *day_json(int32_t day)
{
    char text[PEOPLE_DATE_SIZE];
    people_day_format(day, text);
    return *text ? json_string(text) : json_null();
}

static json_t *text_json(const char *text)
{
    return *text ? json_string(text) : json_null();
}

static json_t *card_row(sqlite3_stmt *statement)
{
    return json_pack("{s:s}", "state", sqlite3_column_int(statement, 0) != 0 ? "lost" : "good");
}

static json_t *pick_up_row(sqlite3_stmt *statement)
{
    bool from = sqlite3_column_type(statement, 1) != SQLITE_NULL;
    bool until = sqlite3_column_type(statement, 2) != SQLITE_NULL;
    return json_pack("{s:s, s:o, s:o}", "id", (const char *)sqlite3_column_text(statement, 0), "valid_from",
                     from ? day_json(sqlite3_column_int(statement, 1)) : json_null(), "valid_until",
                     until ? day_json(sqlite3_column_int(statement, 2)) : json_null());
}

static int add_rows(const struct people *people, json_t *person, const char *key, const char *sql,
                    const char *id, json_t *(*row)(sqlite3_stmt *statement))
{
    sqlite3_stmt *statement = NULL;
    int r = store_query(people, &statement, sql, "t", id);
    if (r < 0) {
        return r;
    }
    json_t *rows = json_array();
    while ((r = store_next(people, statement)) == 1) {
        if (json_array_append_new(rows, row(statement)) < 0) {
            r = -ENOMEM;
            break;
        }
    }
    sqlite3_finalize(statement);
    return json_object_set_new(person, key, rows) < 0 && r == 0 ? -ENOMEM : r;
}

static json_t *person_json(const struct person *person)
{
    char pseudonym[PSEUDONYM_SIZE];
    person_pseudonym(person, pseudonym);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id", person->id, "pseudonym",
                     pseudonym, "kind", person_kind_names[person->kind], "name", person->secret.name, "birth",
                     text_json(person->secret.birth), "room", text_json(person->room), "group",
                     text_json(person->group), "valid_from", day_json(person->from_day), "valid_until",
                     day_json(person->until_day));
}

int people_export(struct people *people, const char *id, json_t **ret_json)
{
    struct person person;
    int r = person_read(people, id, &person);
    if (r < 0) {
        return r;
    }
    json_t *json = person_json(&person);
    sodium_memzero(&person, sizeof person);
    if (!json) {
        return -ENOMEM;
    }
    r = add_rows(people, json, "cards", "SELECT lost FROM card WHERE person = ? ORDER BY lost", id, card_row);
    r = r < 0 ? r
              : add_rows(people, json, "picks_up",
                         "SELECT child, from_day, until_day FROM pickup WHERE adult = ? ORDER BY child", id,
                         pick_up_row);
    r = r < 0 ? r
              : add_rows(people, json, "picked_up_by",
                         "SELECT adult, from_day, until_day FROM pickup WHERE child = ? ORDER BY adult", id,
                         pick_up_row);
    if (r < 0) {
        json_decref(json);
        return r;
    }
    *ret_json = json;
    return 0;
}
