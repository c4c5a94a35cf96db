// When a standing alarm was raised: its line says only when it changed. Remembered from the raises that pass
// by; after a restart looked up in the journal, not far back. One thread.
#ifndef CAREROOM_UPLINK_RAISES_H
#define CAREROOM_UPLINK_RAISES_H

#include "gateway/journal/reader.h"
#include "gateway/uplink/standing.h"

#define RAISES_MAX 128 // the oldest is forgotten first, and then looked up

struct raise {
    char room[LINE_WORD_SIZE], alarm[LINE_WORD_SIZE], time[LINE_WORD_SIZE];
    int64_t occurrence;
};
struct raises {
    struct raise known[RAISES_MAX];
    unsigned next;
};

// The time of the raise to which the event `view` (row `classseq` of `class`) belongs; empty where it can't
// be found. The result is good until the next call. Uses the reader: rows got before are gone.
const char *raises_since(struct raises *raises, struct journal_reader *reader, enum event_class class,
                         uint64_t classseq, const char *room, const struct line_view *view);

#endif
