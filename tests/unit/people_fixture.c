#include "tests/unit/people_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct config_room rooms[] = { { .id = "butterfly" }, { .id = "bee" } };
const struct config people_config = { .rooms = rooms, .n_rooms = 2 };

int people_setup(void **state)
{
    struct people_fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    unsetenv("CREDENTIALS_DIRECTORY");
    snprintf(fixture->dir, sizeof fixture->dir, "/tmp/careroom-people-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    snprintf(fixture->file, sizeof fixture->file, "%s/people.db", fixture->dir);
    snprintf(fixture->wal, sizeof fixture->wal, "%s/people.db-wal", fixture->dir);
    snprintf(fixture->key, sizeof fixture->key, "%s/people.key", fixture->dir);
    assert_int_equal(people_open(fixture->dir, &fixture->people), 0);
    *state = fixture;
    return 0;
}

int people_teardown(void **state)
{
    struct people_fixture *fixture = *state;
    char command[128];
    people_close(fixture->people);
    snprintf(command, sizeof command, "rm -rf %s", fixture->dir);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

void people_reopen(struct people_fixture *fixture)
{
    people_close(fixture->people);
    fixture->people = NULL;
    assert_int_equal(people_open(fixture->dir, &fixture->people), 0);
}

void tell(const struct people_message *message, void *user)
{
    struct told *told = user;
    char text[400];
    people_message_text(message, text, sizeof text);
    size_t used = strlen(told->text);
    snprintf(told->text + used, sizeof told->text - used, "%s%s\n", message->notice ? "notice: " : "", text);
    told->n++;
}

int import_bytes(struct people *people, const void *bytes, size_t length, size_t piece,
                 const struct people_import_options *options, struct told *told,
                 struct people_counts *ret_counts)
{
    struct people_import *import = NULL;
    assert_int_equal(people_import_new(people, &people_config, &import), 0);
    *told = (struct told){ .n = 0 };
    int r = 0;
    for (size_t at = 0; at < length && r == 0; at += piece) {
        r = people_import_feed(import, (const char *)bytes + at, piece < length - at ? piece : length - at);
    }
    r = r < 0 ? r : people_import_end(import, options, tell, told, ret_counts);
    people_import_free(import);
    return r;
}

int import_text(struct people *people, const char *text, const struct people_import_options *options,
                struct told *told, struct people_counts *ret_counts)
{
    return import_bytes(people, text, strlen(text), strlen(text) + 1, options, told, ret_counts);
}

struct line {
    char *buf;
    size_t size;
};

static void write_line(const struct people_entry *entry, void *user)
{
    struct line *line = user;
    char from[PEOPLE_DATE_SIZE], until[PEOPLE_DATE_SIZE];
    people_day_format(entry->valid_from_day, from);
    people_day_format(entry->valid_until_day, until);
    snprintf(line->buf, line->size, "%s %s %s room=%s group=%s birth=%s from=%s until=%s cards=%u lost=%u",
             entry->id, person_kind_names[entry->kind], entry->name, entry->room, entry->group, entry->birth,
             from, until, entry->n_cards, entry->n_lost);
}

void describe(struct people *people, const char *id, char *buf, size_t size)
{
    buf[0] = '\0';
    people_find(people, id, write_line, &(struct line){ buf, size });
}

bool file_holds(const char *file, const void *bytes, size_t length)
{
    FILE *stream = fopen(file, "rb");
    if (!stream) {
        return false;
    }
    char *content = malloc(16 << 20);
    assert_non_null(content);
    size_t n = fread(content, 1, 16 << 20, stream);
    fclose(stream);
    bool found = n >= length && memmem(content, n, bytes, length) != NULL;
    free(content);
    return found;
}
