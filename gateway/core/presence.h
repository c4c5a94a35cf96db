// Who is in the house, and in which room: by the latest tap or correction. Internal to the core.
//
// A fixed number of people, by value: pseudonyms come from outside and live no longer than their call.
#ifndef CAREROOM_CORE_PRESENCE_H
#define CAREROOM_CORE_PRESENCE_H

#include "gateway/core/core.h"

// A card that is held to a reader, or tapped again since the first tap seemed to do nothing, says nothing
// new. Nobody comes in and leaves again within this time but on purpose, and then taps once more.
#define PRESENCE_TAP_NS (10 * NS_PER_S)

struct person_cell {
    char pseudonym[PSEUDONYM_SIZE]; // empty: nobody
    enum person_kind kind;
    size_t room;       // NO_INDEX: not in the house
    uint64_t since_ns; // in the room since then; 0: since an earlier boot
    int64_t since_wall_ms;
    size_t tapped_at;   // the reader of the last tap; NO_INDEX: none yet
    uint64_t tapped_ns; // when that was
    size_t roll_room;   // on the roll of this room; NO_INDEX: on none
    uint64_t roll_number;
    enum roll_mark mark;
    uint64_t marked_ns; // when, counted from the start of the roll-call
    uint64_t seen_roll; // while records are restored: the newest roll when "in the room" was written
};

struct core;
struct step;

void presence_begin(struct core *core);
enum core_answer presence_answer(struct step *step, const struct core_input *input);

// NULL: nobody here is called that.
struct person_cell *presence_find(const struct core *core, const char *pseudonym);
// What must survive of a person who is in a room, has left it, or is on its roll.
struct state_record presence_record(const struct core *core, const struct person_cell *person, size_t room);

// Put everybody who is in a room whose roll has this number on it, unmarked, and count them.
void presence_freeze(struct core *core, uint64_t number);
// Nobody is on the room's roll any more.
void presence_thaw(struct core *core, size_t room);
// Who is on the room's roll. *ret_last_ns: when the last one was marked safe, counted from the start.
struct core_roll_count presence_count(const struct core *core, size_t room, uint64_t *ret_last_ns);

// NO_INDEX: the record names no room of the plan.
bool presence_restore(struct core *core, size_t room, const struct state_record *record);
// All records are restored: who is on which roll. Before the first step; nothing later.
void presence_settle(struct core *core);

#endif
