#include "gateway/uplink/raises.h"

#include <stdio.h>
#include <string.h>

#define CHUNK     256u
#define CHUNK_MAX 16u // 4096 events back at most: some tens of milliseconds

static bool same_alarm(const struct raise *raise, const char *room, const struct line_view *view)
{
    return strcmp(raise->room, room) == 0 && strcmp(raise->alarm, view->alarm) == 0 &&
           raise->occurrence == view->occurrence;
}

static const char *remember(struct raises *raises, const char *room, const struct line_view *view)
{
    struct raise *raise = &raises->known[raises->next];
    for (unsigned i = 0; i < RAISES_MAX; i++)
        if (same_alarm(&raises->known[i], room, view))
            raise = &raises->known[i];
    if (raise == &raises->known[raises->next])
        raises->next = (raises->next + 1) % RAISES_MAX;
    snprintf(raise->room, sizeof raise->room, "%s", room);
    memcpy(raise->alarm, view->alarm, sizeof raise->alarm);
    memcpy(raise->time, view->time, sizeof raise->time);
    raise->occurrence = view->occurrence;
    return raise->time;
}

// The last raise of this occurrence among the rows after `from` and before `until`.
static const char *search(struct raises *raises, struct journal_reader *reader, enum event_class class,
                          uint64_t from, uint64_t until, const char *room, const struct line_view *view)
{
    const char *found = NULL;
    struct journal_row row;
    for (uint64_t after = from;
         journal_next_of_class(reader, class, after, &row) == 1 && row.classseq < until;
         after = row.classseq) {
        struct line_view other;
        if (strcmp(row.room, room) == 0 && line_view(row.line, row.length, &other) == 0 && other.raised &&
            strcmp(other.alarm, view->alarm) == 0 && other.occurrence == view->occurrence)
            found = remember(raises, room, &other);
    }
    return found;
}

const char *raises_since(struct raises *raises, struct journal_reader *reader, enum event_class class,
                         uint64_t classseq, const char *room, const struct line_view *view)
{
    if (view->raised)
        return remember(raises, room, view);
    for (unsigned i = 0; i < RAISES_MAX; i++)
        if (same_alarm(&raises->known[i], room, view))
            return raises->known[i].time;
    uint64_t until = classseq;
    for (unsigned chunk = 0; chunk < CHUNK_MAX && until > 1; chunk++) {
        uint64_t from = until > CHUNK ? until - CHUNK - 1 : 0;
        const char *found = search(raises, reader, class, from, until, room, view);
        if (found)
            return found;
        until = from + 1;
    }
    return "";
}
