// A house for roll-calls: more rooms than events fit into one answer, a reader in each, two smoke detectors,
// one that only suspects a fire, and a journal of the records that its events carry.
#ifndef CAREROOM_TESTS_ROLL_HOUSE_H
#define CAREROOM_TESTS_ROLL_HOUSE_H

#include "gateway/core/core.h"

#define S              NS_PER_S
#define ROLL_ROOMS     20
#define ROLL_READER(r) ((size_t)(r))
enum { ROLL_SMOKE = ROLL_ROOMS, ROLL_SMOKE_2, ROLL_SUSPECT, ROLL_POINTS }; // also the alarms of these
enum { ROLL_SIREN, ROLL_SIREN_2, ROLL_OUTPUTS };

#define ROLL_EVENTS 256

extern struct core *roll_core;
extern struct event roll_events[ROLL_EVENTS]; // of the last step
extern size_t roll_n_events;

const char *roll_room(size_t room);

// A new house without a journal, at this time.
void roll_begin(uint64_t ns);
void roll_end(void);
// Off and on again; another boot: no time of before is of this one. Its first tick is done.
void roll_restart(uint64_t ns, bool same_boot, enum clock_quality clock);

// The disk did not take these.
void roll_forget(enum record_kind kind);

enum core_answer roll_step(uint64_t ns, struct core_input input);
enum core_answer roll_tick(uint64_t ns);
enum core_answer roll_tap(uint64_t ns, const char *person, enum person_kind kind, size_t room); // both ways
enum core_answer roll_tap_way(uint64_t ns, const char *person, enum person_kind kind, size_t room, bool in);
enum core_answer roll_correct(uint64_t ns, const char *person, enum person_kind kind, size_t room, bool in);
enum core_answer roll_mark(uint64_t ns, const char *person, enum roll_mark mark);
enum core_answer roll_drill(uint64_t ns, size_t room, uint64_t for_ns);
void roll_contact(uint64_t ns, size_t point, bool active);
void roll_put_out(uint64_t ns, size_t alarm); // its cause goes, it is acknowledged and reset

// The only event of this type and room of the last step; fails where there is none, or more.
const struct event *roll_event(enum event_type type, size_t room);
size_t roll_count(enum event_type type);
int64_t roll_number(const struct event *event, enum event_field field);   // -1: it has none
const char *roll_word(const struct event *event, enum event_field field); // "": it has none

// SIZE_MAX: in none.
size_t roll_room_of(const char *person);
size_t roll_roll_of(const char *person);
enum core_roll roll_runs(size_t room);

#endif
