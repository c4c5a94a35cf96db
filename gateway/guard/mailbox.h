// From the control thread to the core and back: one request at a time, fixed memory. The control thread
// waits; the main thread never does.
#ifndef CAREROOM_GUARD_MAILBOX_H
#define CAREROOM_GUARD_MAILBOX_H

#include "gateway/core/core.h"
#include "gateway/guard/calibration.h"
#include "gateway/guard/trial.h"
#include "gateway/people/people.h"

struct mailbox;

enum request_kind {
    REQUEST_ASK,
    REQUEST_TEST,
    REQUEST_CALIBRATE,
    REQUEST_CALIBRATION, // what has become of one
    REQUEST_TROUBLE,
    REQUEST_PEOPLE, // another table of people
    REQUEST_VIEW
};

// What the core looks like at one moment. Arrays of the plan's sizes, owned by whoever asks.
struct core_snapshot {
    uint64_t now_ns;
    enum clock_quality clock;
    struct core_point_view *points;
    struct core_alarm_view *alarms;
    enum core_pattern *outputs;
    struct core_room_view *rooms;
    struct core_roll_view *rolls;    // one a room
    struct core_person_view *people; // room for CORE_PEOPLE
    size_t n_people;
};

struct request {
    enum request_kind kind;
    struct core_input input; // REQUEST_ASK: as the core takes it; actor, person, note from below.
                             // REQUEST_TROUBLE: point and trouble of one of the gateway's own
    struct event_note note;
    size_t output; // REQUEST_TEST: which, and for how long
    uint64_t for_ns;
    bool remote;
    char actor[ACTOR_SIZE];
    char person[PSEUDONYM_SIZE];    // REQUEST_ASK: as actor; empty: nobody
    struct people_table *table;     // REQUEST_PEOPLE: the new one; then the one before, or NULL
    struct core_snapshot *snapshot; // REQUEST_VIEW: filled by the main thread
    struct calibration calibration; // REQUEST_CALIBRATE: what is asked; REQUEST_CALIBRATION: its number;
                                    // filled by the main thread

    // Answer
    enum core_answer answer;
    uint64_t occurrence;   // REQUEST_ASK about an alarm: the one that was meant; 0: none
    enum test_answer test; // REQUEST_TEST
    uint64_t ticket;       // of the last event that it made; 0: none
};

// NULL: out of memory or descriptors.
struct mailbox *mailbox_new(void);
void mailbox_free(struct mailbox *mailbox);

// Control thread: hand over and wait for the answer in the same struct. 0, or -ECANCELED when the guard is
// stopping.
int mailbox_call(struct mailbox *mailbox, struct request *request);

// Main thread: readable while a request waits; take it (NULL: none), answer it by mailbox_done().
int mailbox_fd(const struct mailbox *mailbox);
struct request *mailbox_take(struct mailbox *mailbox);
void mailbox_done(struct mailbox *mailbox);

// From now on every call ends with -ECANCELED, also one that waits. Any thread.
void mailbox_stop(struct mailbox *mailbox);

#endif
