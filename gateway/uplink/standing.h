// What one journal line says beyond its bytes: its id and clock for the MQTT properties, and the standing
// alarm that it changes. Pure: a line in, values out.
#ifndef CAREROOM_UPLINK_STANDING_H
#define CAREROOM_UPLINK_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_WORD_SIZE 80

struct line_view {
    char id[LINE_WORD_SIZE];    // "kunming-001/18231"; empty where the line says nothing
    char clock[LINE_WORD_SIZE]; // "synchronised"
    char time[LINE_WORD_SIZE];
    // The alarm that this event changes; alarm[0] == '\0': none.
    char alarm[LINE_WORD_SIZE]; // the id below the room
    char state[LINE_WORD_SIZE]; // after the event
    char severity[LINE_WORD_SIZE];
    int64_t occurrence; // 0: not said
    bool raised;        // this event is the raise itself
};

// Read a line. 0, or -EBADMSG where it is no JSON object; *ret_view is then empty.
int line_view(const char *line, size_t length, struct line_view *ret_view);

// The alarm is over: its retained topic is to be cleared.
bool standing_over(const struct line_view *view);

// The retained payload of a standing alarm, ASCII keys in sorted order; since is the time of the raise,
// empty: unknown. Returns the length or -EMSGSIZE.
int standing_encode(const char *room, const struct line_view *view, const char *since, char *buf,
                    size_t size);

#endif
