// A small house for the tests of the alarms' life: a room with a fire detector, air sensors, a window and a
// help button, a hall with a door, and the gateway itself. Each case plays against a journal of its own: the
// records of events, from which a restart brings everything back. After every step each alarm's state must be
// what the events said.
#ifndef CAREROOM_TESTS_LIFE_BUILDING_H
#define CAREROOM_TESTS_LIFE_BUILDING_H

#include "gateway/core/core.h"

#define S           NS_PER_S
#define H           (3600 * S)
#define LENGTH(arr) (sizeof(arr) / sizeof(arr)[0])

enum { BEE, HALL, GATEWAY };
enum { P_SMOKE, P_AIR, P_WINDOW, P_HELP, P_DOOR, P_AIR2, P_DISK, N_POINTS };
enum {
    A_SMOKE,
    A_HELP,
    A_COLD,
    A_DRY,
    A_DRY2,
    A_DOOR,
    A_APART,
    A_SMOKE_T,
    A_SMOKE_I,
    A_AIR_T,
    A_AIR_F,
    A_AIR_I,
    A_WINDOW_T,
    A_HELP_T,
    A_HELP_I,
    A_DOOR_T,
    A_AIR2_T,
    A_DISK_T,
    N_ALARMS
};

extern const struct core_point points[N_POINTS];
extern const struct core_alarm alarms[N_ALARMS];

extern struct core *core;
extern enum clock_quality clock_quality;
extern int64_t wall_offset_ms;       // wall clock at boottime 0
extern bool remote;                  // where people ask from
extern const struct event_note note; // what they note
extern enum core_answer answer;      // to the last of them
extern struct event events[64];      // of the last step
extern size_t n_events;
extern enum alarm_state last_told[N_ALARMS]; // as the events had it

struct core_now at(uint64_t ns);
enum alarm_state state_of(size_t a);
uint64_t occurrence_of(size_t a);
uint64_t isolated_until(size_t p);
void keep(const struct state_record *record);
void keep_record(const struct state_record *record, void *unused);
const struct event_value *find_value(const struct event *event, enum event_field field);
const char *word(const struct event *event, enum event_field field);
int64_t number(const struct event *event, enum event_field field);
void step(uint64_t ns, struct core_input input);
void tick(uint64_t ns);
void reading(uint64_t ns, size_t point, enum quantity quantity, int32_t value);
void contact(uint64_t ns, size_t point, int32_t value);
void temperature(uint64_t ns, int32_t value);
void ask(uint64_t ns, enum core_input_kind kind, size_t alarm, size_t point, uint64_t for_ns);
void ack(uint64_t ns, size_t alarm);
void reset(uint64_t ns, size_t alarm);
void shelve(uint64_t ns, size_t alarm, uint64_t for_ns);
void isolate(uint64_t ns, size_t point, uint64_t for_ns);
const struct event *event_of(enum event_type type, const char *item);
const struct event *only(enum event_type type, const char *item);
void refused(enum core_answer why, const char *item);
void life_restart(uint64_t ns, bool board);
int life_begin(void **unused);
int life_end(void **unused);

#endif
