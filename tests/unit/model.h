// A slow model of the core, written another way: booleans instead of a table, time counted up instead of
// deadlines, all samples kept, everything worked out from all alarms at once. test_core_model.c drives both.
#ifndef CAREROOM_TESTS_MODEL_H
#define CAREROOM_TESTS_MODEL_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/core/core.h"

#define S    NS_PER_S
#define MS   NS_PER_MS
#define NONE SIZE_MAX

// ---- model_building.c: a random building

enum { IN_SMOKE, IN_HEAT, IN_OTHER, IN_AIR, IN_AIR2, IN_DOOR, IN_READER, PER_ROOM };
#define ROOMS     2
#define POINTS    (ROOMS * PER_ROOM + 2) // the last two are the gateway's
#define ALARMS    (POINTS * 2 + ROOMS * 12)
#define OUTPUTS   (ROOMS * OUTPUT_ROLE_COUNT)
#define MEMBERS   (ROOMS * 24)
#define N_ANSWERS CORE_ANSWER_COUNT

extern struct core_point house_points[POINTS];
extern struct core_alarm house_alarms[ALARMS];
extern struct core_output house_outputs[OUTPUTS];
extern struct core_room house_rooms[ROOMS];
extern struct core_member house_members[MEMBERS];
extern struct core_plan house;
extern const char *const room_names[ROOMS + 1];
// How this building's days are: how often smoke is seen, how often the air is as it was, how fast time goes,
// and whether an input may come while something is due that no tick has told yet.
extern unsigned smoke_percent, calm_percent, pace;
extern bool may_be_late;
extern size_t
    rhythm; // NONE, or a contact that goes to and fro every twelve seconds, the slowest that chatters

extern uint64_t random_state, first_seed, step_number;
unsigned below(unsigned n);
bool chance(unsigned percent);
uint64_t random64(void);
void make_building(void);
bool polled(size_t point);
bool of_fire(size_t point); // a detector

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fail_msg("seed %" PRIu64 ", step %" PRIu64 ": %s", first_seed, step_number, #condition);         \
        }                                                                                                    \
    } while (0)

// ---- What the model knows

struct model_chatter {
    bool held, told;
    uint64_t changed_ns[6]; // the last six times, the newest first
    unsigned changes;       // since it was quiet
};

struct model_delay {
    bool counts, paused, off; // off: of the two delays the one that ends the condition
    uint64_t counted_ns;
};

struct model_alarm {
    // The rule.
    bool rule;    // its condition, but for chattering, which holds it
    bool unknown; // nothing could be said when it was last judged
    struct model_chatter chatter;
    struct model_delay delay;
    bool waits; // a detector that waits for an answer, and for how long
    uint64_t waited_ns;
    size_t filled; // MEAN, RISE: of the window's whole minutes
    int32_t mean, lowest, highest;
    unsigned equal; // UNCHANGED: values in a row
    uint64_t first_ns, last_ns;
    int32_t value;
    bool seen, differed;
    // Its life.
    bool out, shelved, suppressed; // set aside; at most one of them
    bool stands, holds, answered;
    bool first_out, escalated;
    uint64_t occurrence, since_ns, escalates_ns, shelf_ns; // 0: none
    int64_t since_wall_ms, shelf_wall_ms;
    // As the last record has it.
    bool kept_met, kept_shelf_ns;
    struct model_delay kept_delay;
};

struct model_point {
    enum trouble told;
    bool known, bad[QUANTITY_COUNT], has[QUANTITY_COUNT];
    int32_t value[QUANTITY_COUNT];
    uint64_t last_ns;
    int32_t door; // as told
    struct model_chatter chatter;
    uint64_t isolated_ns; // until; 0: in service
    int64_t isolated_wall_ms;
    bool moved; // the end, by a restart
    struct {    // as the last record has it
        bool isolated;
        uint64_t until_ns, rest_ns; // 0: of another boot
        int64_t wall_ms, shelf_after_ns;
    } kept;
};

struct model_room {
    uint64_t silent_ns; // until; 0: not silenced
    const char *news;   // what is to be told of it: why it ended; "" where it began
    uint64_t kept_ns;   // as the last record has it, 0: of another boot
    int64_t kept_wall_ms;
    bool awaits; // an alarm calls by a sound, the first of them since
    uint64_t awaited_ns;
    uint64_t drill_ns; // since; 0: none
    uint64_t drill_until_ns;
    int64_t drill_wall_ms;
    bool drill_of_boot;      // its record is of this boot
    bool drill_begun;        // is to be told
    const char *drill_ended; // is to be told, and why
    bool evacuating, told_evacuating;
};

extern struct model_alarm model_alarms[ALARMS];
extern struct model_point model_points[POINTS];
extern struct model_room model_rooms[ROOMS + 1];
extern enum core_pattern model_lines[OUTPUTS];
extern uint64_t model_now, model_step_ns; // model time; what the step under way was told
extern struct core_now clock_now;         // of the step

// ---- model_rules.c: from points to conditions

bool model_met(size_t alarm);
bool model_isolated(size_t alarm); // it is out of service with its point
bool model_good(size_t point, enum quantity quantity);
enum trouble model_trouble(size_t point);
bool model_stale(size_t point);
// Judge one alarm. True: something had run out by itself, and it is to be judged once more.
bool model_judge(size_t alarm, bool fresh);
void model_pass_point(size_t point);
void model_reading(size_t point, enum quantity quantity, int32_t value);
uint64_t model_room_next(size_t room);
void model_count(uint64_t ns); // time passes
void model_change(struct model_chatter *chatter);
void model_rules_restart(void);
void model_keep_delays(void);

// ---- model_life.c: from conditions and people to states

enum alarm_state model_state(size_t alarm);
bool model_unanswered(size_t alarm);
bool model_standing(enum severity at_least);
enum core_answer model_step(const struct core_input *input, uint64_t now_ns);
uint64_t model_next(void);      // until time alone changes something
uint64_t model_life_next(void); // of that, what is not of delays and values
void model_restart(uint64_t now_ns, bool another_boot);
void model_saved(void);
void model_begin(void);

// ---- model_answers.c

enum core_answer model_answer(const struct core_input *input);
bool model_fire_class(void);
// An alarm takes a step that people or time ask for; they tell it.
void model_tell(size_t alarm, enum event_type type, const char *reason);
void model_isolate(size_t point, uint64_t until_ns, int64_t wall_ms, const char *reason);
void model_silence_end(size_t room, const char *why);
enum core_answer model_drill(const struct core_input *input);
void model_drills_tick(void);
void model_follow_rolls(void);
void model_tell_rolls(void);
void model_drill_restart(size_t room, bool another_boot);

// ---- model_outputs.c

bool model_calls(size_t alarm);
void model_outputs(void);
uint64_t model_outputs_next(void);

// ---- model_keep.c: what the model expects to be told, and what a caller keeps of what is

struct expected {
    enum event_type type;
    enum event_class class;
    const char *room, *item;
    size_t alarm; // NONE: of none
    enum alarm_state state;
    uint64_t occurrence;
    const char *reason; // NULL: any
    bool matched;
};
void model_expect(struct expected expected);
void model_expect_nothing(void);

// The state table of the journal.
extern struct state_record kept_alarms[ALARMS], kept_points[POINTS], kept_rooms[ROOMS], kept_delays[ALARMS];
extern struct state_record kept_drills[ROOMS], kept_rolls[ROOMS];
extern enum core_pattern lines[OUTPUTS];
void keep_nothing(void);
void keep_actions(const struct core_actions *actions, const struct core_input *input);
void model_keep_record(const struct state_record *record);
void keep_of_another_boot(void);
void check_all_told(void);
extern bool fire_was_raised, fire_class_was_raised; // since the caller cleared them

// What the run has reached.
extern uint64_t told[EVENT_TYPE_COUNT], raised[CORE_ALARM_KIND_COUNT], answered[N_ANSWERS], fires_over_drills;

#endif
