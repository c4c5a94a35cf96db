#include "gateway/ctl/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/common/ids.h"
#include "gateway/ctl/text.h"
#include "gateway/journal/journal.h"

// Notices are for those who check a configuration, not for every call.
static void report_mistake(const struct config_message *message, void *user)
{
    if (!message->notice)
        config_report_text(message, user);
}

enum ctl_status ctl_configure(struct ctl *ctl)
{
    if (ctl->config != NULL)
        return CTL_DONE;
    const char *file = ctl->option[OPTION_CONFIG];
    if (config_load(file != NULL ? file : config_default_file(), NULL, report_mistake, stderr, &ctl->config) <
        0)
        return CTL_REFUSED; // every mistake has been printed
    // Times are those of the place that the gateway guards, wherever its reader sits.
    if (ctl->config->timezone != NULL)
        setenv("TZ", ctl->config->timezone, 1);
    tzset();
    return CTL_DONE;
}

enum ctl_status ctl_fail(enum ctl_status status, const char *format, ...)
{
    char *text = NULL;
    va_list list;
    va_start(list, format);
    if (vasprintf(&text, format, list) < 0)
        text = NULL;
    va_end(list);
    fflush(stdout);
    fputs("careroomctl: ", stderr);
    text_put(stderr, STYLE_PLAIN, text == NULL ? "out of memory" : text, 0);
    fputc('\n', stderr);
    free(text);
    return status;
}

void *ctl_must(void *memory)
{
    if (memory == NULL)
        exit((int)ctl_fail(CTL_REFUSED, "out of memory"));
    return memory;
}

void ctl_print_json(const json_t *object)
{
    char *text = ctl_must(json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY));
    text_put_json(stdout, text);
    free(text);
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t two = a < b ? a : b;
    return two < c ? two : c;
}

// Letters to put in, take out or change (Levenshtein), of words short enough to have been typed.
#define NEAREST_LENGTH 40
static size_t distance(const char *a, const char *b)
{
    size_t row[NEAREST_LENGTH + 1];
    size_t n = strlen(b);
    for (size_t k = 0; k <= n; k++)
        row[k] = k;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t k = 1; k <= n; k++) {
            size_t above = row[k];
            row[k] = smallest(above + 1, row[k - 1] + 1, diagonal + (a[i] == b[k - 1] ? 0 : 1));
            diagonal = above;
        }
    }
    return row[n];
}

const char *ctl_nearest(const char *typed, const char *const *words, size_t n)
{
    const char *best = NULL;
    size_t length = strlen(typed);
    size_t best_distance = 1 + (length < 4 ? 1 : length / 2); // farther than that nobody can have meant it
    for (size_t i = 0; i < n && length <= NEAREST_LENGTH; i++) {
        size_t d = strlen(words[i]) <= NEAREST_LENGTH ? distance(typed, words[i]) : best_distance;
        if (d < best_distance) {
            best_distance = d;
            best = words[i];
        }
    }
    return best;
}

int ctl_choose(const char *what, const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, words[i]) == 0)
            return (int)i;
    char all[256] = "";
    for (size_t i = 0, at = 0; i < n && at < sizeof all; i++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i == 0 ? "" : ", ", words[i]);
    const char *near = ctl_nearest(word, words, n);
    if (near != NULL)
        ctl_fail(CTL_USAGE, "unknown %s '%s'; did you mean '%s'? There are: %s", what, word, near, all);
    else
        ctl_fail(CTL_USAGE, "unknown %s '%s'; there are: %s", what, word, all);
    return -1;
}

enum ctl_status ctl_check_name(const char *name, const char *what)
{
    const char *slash = strchr(name, '/');
    size_t room = slash == NULL ? 0 : (size_t)(slash - name);
    if (room > 0 && room <= ID_LENGTH && strlen(slash + 1) < NAME_SIZE) {
        char id[ID_SIZE];
        memcpy(id, name, room);
        id[room] = '\0';
        const char *item = slash + 1;
        // Below the room a dot may stand as well: "air.trouble".
        if (id_valid(id) && *item != '\0' &&
            item[strspn(item, "abcdefghijklmnopqrstuvwxyz0123456789-.")] == '\0')
            return CTL_DONE;
    }
    return ctl_fail(CTL_USAGE,
                    "'%s' is no name of %s; write ROOM/NAME in small letters, as in 'butterfly/smoke-1'",
                    name, what);
}

int ctl_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number)
{
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return -EINVAL;
    errno = 0;
    unsigned long long number = strtoull(text, NULL, 10);
    if (errno != 0 || number < min || number > max)
        return -ERANGE;
    *ret_number = number;
    return 0;
}

char *ctl_journal_file(const struct ctl *ctl)
{
    char *file = NULL;
    if (asprintf(&file, "%s/%s", ctl->config->state_dir, JOURNAL_FILE) < 0)
        file = NULL;
    return ctl_must(file);
}

enum ctl_status ctl_journal_unreadable(const char *file, int error)
{
    switch (error) {
    case -ENOENT:
        return ctl_fail(CTL_REFUSED, "there is no journal at %s; careroomd makes it when it first starts",
                        file);
    case -EACCES:
    case -EPERM:
        return ctl_fail(CTL_REFUSED,
                        "you may not read %s; be a member of its group, see 'ls -l' there, or use sudo",
                        file);
    case -EUCLEAN:
        return ctl_fail(CTL_REFUSED,
                        "%s is no careroom journal, or is damaged beyond reading; compare it with a copy",
                        file);
    default:
        return ctl_fail(CTL_REFUSED, "%s can't be read: %s", file, strerror(-error));
    }
}
