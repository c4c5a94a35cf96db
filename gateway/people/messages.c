#include "gateway/people/inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// Texts are our own and hold ids and numbers alone.
struct message {
    bool notice;
    unsigned line, field, order;
    enum people_column column;
    char wrong[120], instead[160];
};

int messages_init(struct messages *messages)
{
    *messages = (struct messages){ .list = calloc(PEOPLE_MESSAGES_MAX + 1, sizeof(struct message)) };
    return messages->list ? 0 : -ENOMEM;
}

void message_add(struct messages *messages, bool notice, unsigned line, unsigned field,
                 enum people_column column, const char *wrong, const char *instead, ...)
{
    messages->mistakes += !notice;
    messages->notices += notice;
    if (messages->full) {
        return;
    }
    messages->full = messages->n == PEOPLE_MESSAGES_MAX;
    struct message *message = &messages->list[messages->n];
    *message = (struct message){
        .notice = notice, .line = line, .field = field, .column = column, .order = (unsigned)messages->n++
    };
    if (messages->full) {
        message->notice = false;
        message->line = UINT32_MAX; // the last
        message->field = 0;
        message->column = PEOPLE_COLUMN_COUNT;
        wrong = "there are more mistakes";
        instead = "mend these first";
    }
    snprintf(message->wrong, sizeof message->wrong, "%s", wrong);
    va_list arguments;
    va_start(arguments, instead);
    vsnprintf(message->instead, sizeof message->instead, instead, arguments);
    va_end(arguments);
}

static int by_place(const void *left, const void *right)
{
    const struct message *a = left, *b = right;
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    if (a->field != b->field) {
        return a->field < b->field ? -1 : 1;
    }
    return a->order < b->order ? -1 : 1;
}

void messages_tell(struct messages *messages, people_report_fn report, void *user)
{
    qsort(messages->list, messages->n, sizeof *messages->list, by_place);
    for (size_t i = 0; i < messages->n; i++) {
        const struct message *message = &messages->list[i];
        report(
            &(struct people_message){
                .notice = message->notice,
                .line = message->line == UINT32_MAX ? 0 : message->line,
                .field = message->field,
                .column = message->column < PEOPLE_COLUMN_COUNT ? people_column_names[message->column] : NULL,
                .wrong = message->wrong,
                .instead = message->instead,
            },
            user);
    }
}

void messages_free(struct messages *messages)
{
    free(messages->list);
    *messages = (struct messages){ .list = NULL };
}

void people_message_text(const struct people_message *message, char *buf, size_t size)
{
    char line[32] = "", field[64] = "";
    if (message->line > 0) {
        snprintf(line, sizeof line, "line %u", message->line);
    }
    if (message->column) {
        snprintf(field, sizeof field, "column %s", message->column);
    } else if (message->field > 0) {
        snprintf(field, sizeof field, "column %u", message->field);
    }
    snprintf(buf, size, "%s%s%s%s%s; %s", line, *line && *field ? ", " : "", field,
             *line || *field ? ": " : "", message->wrong, message->instead);
}
