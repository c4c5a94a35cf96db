// A person tells a sensor what the air really is (fresh air: some 420 ppm of CO2): whether that may be now,
// who does it, and the event that says what came of it. The main thread judges and records, the bus's worker
// talks to the part, the control thread asks what has become of it; none waits for another.
#ifndef CAREROOM_GUARD_CALIBRATION_H
#define CAREROOM_GUARD_CALIBRATION_H

#include "gateway/core/core.h"
#include "gateway/guard/plan.h"
#include "gateway/guard/reports.h"
#include "gateway/guard/ring.h"

enum calibration_answer {
    CALIBRATION_DONE,
    CALIBRATION_UNDER_WAY,  // neither done nor refused yet
    CALIBRATION_REMOTE,     // refused: asked from beyond the room, where nobody knows its air
    CALIBRATION_NO_WAY,     // refused: this part can't be told
    CALIBRATION_IN_TROUBLE, // refused: the point can't be trusted
    CALIBRATION_BUSY,       // refused: another one is under way
    CALIBRATION_REFERENCE,  // refused: the part does not take this reference
    CALIBRATION_TOO_EARLY,  // refused: it has not measured for long enough
    CALIBRATION_REFUSED,    // refused by the part itself
    CALIBRATION_FAILED,     // the bus or the part failed meanwhile: what it took is not known
    CALIBRATION_TIMED_OUT,  // the same, since nothing came in time
    CALIBRATION_STOPPED,    // the same, since the guard was stopped
    CALIBRATION_ANSWER_COUNT
};
extern const char *const calibration_answer_words[CALIBRATION_ANSWER_COUNT]; // reason codes, "too-early"
extern const char
    *const calibration_answer_sentences[CALIBRATION_ANSWER_COUNT]; // what is wrong and what to do

// What a reference may be before a part is asked: no CO2 sensor goes further.
#define CALIBRATION_PPM_MAX 40000
// What the worker is given at most from the request to the part's last answer.
#define CALIBRATION_NS (4 * NS_PER_S)

struct calibration {
    uint64_t number; // counts those that began, from 1
    size_t point;
    int32_t reference_ppm;
    bool remote;
    char actor[ACTOR_SIZE];

    enum calibration_answer answer;
    int32_t correction_ppm; // CALIBRATION_DONE: by how much its readings change
    uint64_t ticket;        // of its event; 0: none yet
};

struct calibrations;

// Hands an order to the worker of its point, without waiting. 0; -ENOTSUP: its part can't be told; -EBUSY:
// the worker has not taken the order before yet.
typedef int (*calibration_order_fn)(const struct calibration_order *order, void *user);

// NULL: out of memory. Start-up only; plan and ring outlive it. Everything below: main thread, never blocks,
// never allocates.
struct calibrations *calibrations_new(const struct plan *plan, struct ring *ring, calibration_order_fn order,
                                      void *user);
void calibrations_free(struct calibrations *calibrations); // NULL is fine

// Begin one, of which point, reference_ppm, remote and actor are given. The rest is filled in: it is under
// way, or has been refused, and its event waits for the disk.
void calibrations_begin(struct calibrations *calibrations, const struct core *core,
                        const struct core_now *now, struct calibration *calibration);

// What the worker says of one (REPORT_CALIBRATED). It is recorded, also where it had been given up before.
void calibrations_report(struct calibrations *calibrations, const struct report *report,
                         const struct core_now *now);

// Time passes: one of which nothing was heard is given up.
void calibrations_tick(struct calibrations *calibrations, const struct core_now *now);

// The guard stops: one that is under way ends here.
void calibrations_stop(struct calibrations *calibrations, const struct core_now *now); // NULL is fine

// What has become of one of the last 32 that began.
void calibrations_look(const struct calibrations *calibrations, uint64_t number,
                       struct calibration *ret_calibration);

#endif
