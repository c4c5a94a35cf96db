// verify: checks every line of the journal; needs neither the guard nor, with --db, a configuration.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/ctl/ctl.h"
#include "gateway/ctl/text.h"
#include "gateway/journal/reader.h"

static void show_progress(uint64_t checked, void *user)
{
    (void)user;
    fprintf(stderr, "\r%llu lines checked", (unsigned long long)checked);
    fflush(stderr);
}

static json_t *verdict_json(const char *file, const struct journal_verdict *verdict, bool good)
{
    json_t *classes = ctl_must(json_object());
    for (unsigned i = 0; i < CLASS_COUNT; i++)
        json_object_set_new(classes, event_class_names[i], json_integer((json_int_t)verdict->per_class[i]));
    json_t *json = ctl_must(json_pack("{s:b,s:s,s:I,s:o,s:I}", "ok", (int)good, "file", file, "checked",
                                      (json_int_t)verdict->checked, "classes", classes, "feed",
                                      (json_int_t)verdict->feed));
    if (!good) {
        char number[24];
        snprintf(number, sizeof number, "%llu", (unsigned long long)verdict->bad_sequence);
        json_object_set_new(json, "bad_sequence", json_string(number));
        json_object_set_new(json, "what", json_string(verdict->what));
    }
    return json;
}

static void print_good(const char *file, const struct journal_verdict *verdict)
{
    text_put(stdout, STYLE_GOOD, "all is well", 0);
    printf(": %llu lines of ", (unsigned long long)verdict->checked);
    text_put(stdout, STYLE_PLAIN, file, 0);
    putchar('\n');
    struct table table = { .columns = 2, .indent = 4 };
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        table_cell(&table, STYLE_PLAIN, "%s", event_class_names[i]);
        table_cell(&table, STYLE_PLAIN, "%llu", (unsigned long long)verdict->per_class[i]);
    }
    table_cell(&table, STYLE_PLAIN, "regulator's feed");
    table_cell(&table, STYLE_PLAIN, "%llu", (unsigned long long)verdict->feed);
    table_print(&table);
}

static enum ctl_status verify(const struct ctl *ctl, const char *file)
{
    struct journal_reader *reader = NULL;
    struct journal_verdict verdict = { 0 };
    int r = journal_reader_open(file, &reader);
    if (r < 0)
        return ctl_journal_unreadable(file, r);
    bool terminal = isatty(STDERR_FILENO) == 1;
    r = journal_verify(reader, terminal ? show_progress : NULL, NULL, &verdict);
    journal_reader_close(reader);
    if (terminal)
        fprintf(stderr, "\r\033[K");
    if (r < 0 && r != -EBADMSG)
        return ctl_journal_unreadable(file, r);
    if (ctl->option[OPTION_JSON] != NULL) {
        json_t *json = verdict_json(file, &verdict, r == 0);
        ctl_print_json(json);
        json_decref(json);
    } else if (r == 0) {
        print_good(file, &verdict);
    }
    if (r == 0)
        return CTL_DONE;
    return ctl_fail(CTL_REFUSED,
                    "%s is not as it was written: %s; keep the file, and compare it with what was delivered",
                    file, verdict.what);
}

enum ctl_status ctl_verify_command(struct ctl *ctl)
{
    if (ctl->option[OPTION_DB] != NULL)
        return verify(ctl, ctl->option[OPTION_DB]);
    enum ctl_status status = ctl_configure(ctl);
    if (status != CTL_DONE)
        return status;
    char *file = ctl_journal_file(ctl);
    status = verify(ctl, file);
    free(file);
    return status;
}
