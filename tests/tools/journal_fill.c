// Fill a journal through the journal's own writer, for tests of its readers. One event a line on stdin:
//
//   CLASS COUNT TYPE ROOM ITEM ALARM STATE SEVERITY OCCURRENCE
//
// CLASS is a class's name, TYPE an event type without "careroom."; "-" leaves a word out, OCCURRENCE 0 too.
// Prints the last sequence after every line, so that a test can wait for the commit.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "gateway/journal/journal.h"

#define BATCH 200

struct order {
    char class[16], type[40], room[40], item[40], alarm[40], state[40], severity[16];
    unsigned count;
    unsigned long long occurrence;
};

static int find(const char *const names[], int n, const char *prefix, const char *name)
{
    size_t length = strlen(prefix);
    for (int i = 0; i < n; i++)
        if (strncmp(names[i], prefix, length) == 0 && strcmp(names[i] + length, name) == 0)
            return i;
    return -1;
}

// Kept for the life of the program, as an event asks of its words.
static const char *keep(const char *word)
{
    return strcmp(word, "-") == 0 ? NULL : strdup(word);
}

static void add_word(struct event *event, enum event_field field, const char *word)
{
    const char *kept = keep(word);
    if (kept)
        event_add_word(event, field, kept);
}

static int make(const struct order *order, struct event *ret_event)
{
    int class = find(event_class_names, CLASS_COUNT, "", order->class);
    int type = find(event_type_names, EVENT_TYPE_COUNT, "careroom.", order->type);
    if (class < 0 || type < 0)
        return -EINVAL;
    *ret_event = (struct event){
        .type = (enum event_type)type,
        .class = (enum event_class) class,
        .clock = CLOCK_SYNCHRONISED,
        .room = keep(order->room),
        .item = keep(order->item),
    };
    add_word(ret_event, FIELD_ALARM, order->alarm);
    if (order->occurrence > 0)
        event_add_number(ret_event, FIELD_OCCURRENCE, (int64_t)order->occurrence);
    add_word(ret_event, FIELD_SEVERITY, order->severity);
    add_word(ret_event, FIELD_STATE, order->state);
    return 0;
}

static int fill(struct journal *journal, const struct event *pattern, unsigned count)
{
    static struct event batch[BATCH];
    struct journal_receipt receipt;
    while (count > 0) {
        unsigned n = count < BATCH ? count : BATCH;
        for (unsigned i = 0; i < n; i++) {
            batch[i] = *pattern;
            batch[i].boottime_ns = clock_boottime_ns();
            batch[i].wall_ms = clock_wall_ms();
        }
        int r = journal_append(journal, batch, n, &receipt);
        if (r < 0)
            return r;
        count -= n;
    }
    return 0;
}

static int work(struct journal *journal)
{
    char line[512];
    while (fgets(line, sizeof line, stdin)) {
        struct order order;
        struct event pattern;
        if (sscanf(line, "%15s %u %39s %39s %39s %39s %39s %15s %llu", order.class, &order.count, order.type,
                   order.room, order.item, order.alarm, order.state, order.severity, &order.occurrence) != 9)
            return -EINVAL;
        int r = make(&order, &pattern);
        if (r == 0)
            r = fill(journal, &pattern, order.count);
        if (r < 0)
            return r;
        printf("%llu\n", (unsigned long long)journal_last_sequence(journal));
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char *argv[])
{
    if (argc != 4) {
        fprintf(stderr, "usage: journal_fill STATE_DIR GATEWAY SITE < events\n");
        return 2;
    }
    char boot_id[37];
    struct journal *journal;
    int r = clock_boot_id(boot_id, sizeof boot_id);
    const struct line_identity identity = { .gateway = argv[2], .site = argv[3], .boot_id = boot_id };
    if (r == 0)
        r = journal_open(argv[1], &identity, &journal);
    if (r == 0) {
        r = work(journal);
        journal_close(journal);
    }
    if (r < 0)
        fprintf(stderr, "journal_fill: %s\n", strerror(-r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
