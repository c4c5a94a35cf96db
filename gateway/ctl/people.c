// rollcall and people import.
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/answer.h"
#include "gateway/ctl/ask.h"
#include "gateway/ctl/json_text.h"
#include "gateway/ctl/text.h"

// ---- Roll-calls

static void print_person(struct table *table, const json_t *person)
{
    const char *mark = text_of(person, "mark"), *id = text_or_nothing(person, "id");
    enum text_style style = strcmp(mark, "safe") == 0      ? STYLE_GOOD
                            : strcmp(mark, "missing") == 0 ? STYLE_BAD
                                                           : STYLE_WARN;
    table_cell(table, style, "%s", mark);
    table_cell(table, STYLE_HEAD, "%s", id);
    table_cell(table, STYLE_PLAIN, "%s", text_of(person, "person"));
    table_cell(table, STYLE_FAINT, "%s", text_of(person, "kind"));
}

static void print_rollcall(const json_t *rollcall)
{
    const json_t *people = json_object_get(rollcall, "people");
    printf("%s, %s: %zu on the roll, %s safe, %s missing, %s unmarked\n", text_of(rollcall, "room"),
           text_of(rollcall, "of"), json_array_size(people), number_of(rollcall, "safe").text,
           number_of(rollcall, "missing").text, number_of(rollcall, "unmarked").text);
    struct table table = { .columns = 4, .indent = 2 };
    size_t i;
    json_t *person;
    json_array_foreach(people, i, person) print_person(&table, person);
    table_print(&table);
}

static enum ctl_status list(struct ctl *ctl, const char *room)
{
    json_t *request = json_pack("{s:s,s:s}", "op", "rollcall", "room", room);
    json_t *rollcall = NULL;
    if (request == NULL)
        return ctl_fail(CTL_USAGE, "'%s' is no text in UTF-8", room);
    enum ctl_status status = ask_guard_for(ctl, request, "rollcall", JSON_OBJECT, &rollcall);
    if (status != CTL_DONE)
        return status;
    if (ctl->option[OPTION_JSON] != NULL)
        ctl_print_json(rollcall);
    else
        print_rollcall(rollcall);
    json_decref(rollcall);
    return CTL_DONE;
}

static enum ctl_status mark(struct ctl *ctl)
{
    static const char *const marks[] = { "safe", "missing" };
    const char *room = ctl->arguments[0], *person = ctl->arguments[2], *as = ctl->arguments[3];
    int which = ctl_choose("mark", as, marks, 2);
    if (which < 0)
        return CTL_USAGE;
    json_t *request =
        json_pack("{s:s,s:s,s:s,s:s}", "op", "mark", "room", room, "person", person, "mark", marks[which]);
    if (request == NULL)
        return ctl_fail(CTL_USAGE, "the words are no text in UTF-8");
    return answer_ask_and_say(ctl, request, which == 0 ? "safe:" : "missing:", person);
}

enum ctl_status ctl_rollcall_command(struct ctl *ctl)
{
    if (ctl->n_arguments == 1)
        return list(ctl, ctl->arguments[0]);
    if (ctl->n_arguments != 4 || strcmp(ctl->arguments[1], "mark") != 0)
        return ctl_fail(CTL_USAGE,
                        "usage: careroomctl rollcall ROOM, or rollcall ROOM mark PERSON safe|missing");
    return mark(ctl);
}

// ---- Corrections

static enum ctl_status correct(struct ctl *ctl, bool present)
{
    const char *room = ctl->arguments[0], *person = ctl->arguments[1], *reason = ctl->option[OPTION_REASON];
    json_t *request =
        json_pack("{s:s,s:s,s:s,s:b}", "op", "presence", "room", room, "person", person, "present", present);
    if (request == NULL ||
        (reason != NULL && json_object_set_new(request, "reason", json_string(reason)) < 0)) {
        json_decref(request);
        return ctl_fail(CTL_USAGE, "the words are no text in UTF-8");
    }
    return answer_ask_and_say(ctl, request, present ? "in:" : "out:", person);
}

enum ctl_status ctl_people_in_command(struct ctl *ctl)
{
    return correct(ctl, true);
}

enum ctl_status ctl_people_out_command(struct ctl *ctl)
{
    return correct(ctl, false);
}

// ---- The file of people

#define PIECE 30000 // bytes of the file in a request: a multiple of 3, and far below the longest line

struct sending {
    FILE *file;
    bool dry_run, ended;
    int error;
};

static json_t *next_piece(void *user)
{
    struct sending *sending = user;
    unsigned char bytes[PIECE], text[PIECE / 3 * 4 + 1];
    if (sending->ended)
        return NULL;
    size_t n = fread(bytes, 1, sizeof bytes, sending->file);
    if (n > 0) {
        EVP_EncodeBlock(text, bytes, (int)n);
        return ctl_must(json_pack("{s:s,s:s}", "op", "people-import", "data", (char *)text));
    }
    sending->ended = true;
    sending->error = ferror(sending->file) ? EIO : 0;
    if (sending->error != 0) // nothing was taken yet, and the guard forgets the pieces with the connection
        return NULL;
    return ctl_must(json_pack("{s:s,s:b,s:b}", "op", "people-import", "end", 1, "dry_run", sending->dry_run));
}

static enum ctl_status say_imported(const struct ctl *ctl, const json_t *answer, bool dry_run)
{
    size_t i;
    json_t *message;
    json_array_foreach(json_object_get(answer, "messages"), i, message)
    {
        ctl_fail(CTL_DONE, "%s", json_is_string(message) ? json_string_value(message) : "?");
    }
    uint64_t mistakes = 0;
    (void)count_of(answer, "mistakes", &mistakes);
    if (mistakes > 0)
        return ctl_fail(CTL_REFUSED, "%llu mistake%s in the file; nothing was changed",
                        (unsigned long long)mistakes, mistakes == 1 ? "" : "s");
    if (ctl->option[OPTION_JSON] == NULL)
        printf("%s%s rows: %s added, %s updated, %s unchanged\n", dry_run ? "would be: " : "",
               number_of(answer, "rows").text, number_of(answer, "added").text,
               number_of(answer, "updated").text, number_of(answer, "unchanged").text);
    return CTL_DONE;
}

enum ctl_status ctl_people_import_command(struct ctl *ctl)
{
    const char *name = ctl->arguments[0];
    bool standard = strcmp(name, "-") == 0;
    struct sending sending = { .file = standard ? stdin : fopen(name, "rb"),
                               .dry_run = ctl->option[OPTION_DRY_RUN] != NULL };
    if (sending.file == NULL)
        return ctl_fail(CTL_REFUSED, "%s: %s", name, strerror(errno));
    json_t *answer = NULL;
    enum ctl_status status = ask_guard_each(ctl, next_piece, &sending, &answer);
    if (!standard)
        (void)fclose(sending.file);
    if (status == CTL_DONE && sending.error != 0)
        status = ctl_fail(CTL_REFUSED, "%s: %s", name, strerror(sending.error));
    if (status == CTL_DONE) {
        status = say_imported(ctl, answer, sending.dry_run);
        if (ctl->option[OPTION_JSON] != NULL) {
            json_object_del(answer, "ok");
            ctl_print_json(answer);
        }
    }
    json_decref(answer);
    return status;
}
