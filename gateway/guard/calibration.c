#include "gateway/guard/calibration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// As many as there are clients, each of whom waits for one at most.
#define KEPT 32
// What the worker's last word may take beyond its own deadline.
#define GRACE_NS NS_PER_S

const char *const calibration_answer_words[CALIBRATION_ANSWER_COUNT] = {
    [CALIBRATION_DONE] = "done",
    [CALIBRATION_UNDER_WAY] = "under-way",
    [CALIBRATION_REMOTE] = "remote",
    [CALIBRATION_NO_WAY] = "no-calibration",
    [CALIBRATION_IN_TROUBLE] = "in-trouble",
    [CALIBRATION_BUSY] = "busy",
    [CALIBRATION_REFERENCE] = "bad-reference",
    [CALIBRATION_TOO_EARLY] = "too-early",
    [CALIBRATION_REFUSED] = "part-refused",
    [CALIBRATION_FAILED] = "failed",
    [CALIBRATION_TIMED_OUT] = "timed-out",
    [CALIBRATION_STOPPED] = "stopping",
};

#define LOOK " Whether it took the reference is not known: "

const char *const calibration_answer_sentences[CALIBRATION_ANSWER_COUNT] = {
    [CALIBRATION_DONE] = "done",
    [CALIBRATION_UNDER_WAY] = "it is still under way; careroomctl events will show what came of it.",
    [CALIBRATION_REMOTE] =
        "a sensor is calibrated by somebody who stands in its air, not from beyond the room.",
    [CALIBRATION_NO_WAY] = "this part can't be told what the air is; an SCD40, SCD41 or SCD30 can.",
    [CALIBRATION_IN_TROUBLE] =
        "it is in trouble; mend what careroomctl status says of it, let it measure for 3 minutes and "
        "ask again.",
    [CALIBRATION_BUSY] = "another calibration is under way; ask again in 10 seconds.",
    [CALIBRATION_REFERENCE] = "it takes 400 to 2000 ppm; fresh air has about 420, so give 420.",
    [CALIBRATION_TOO_EARLY] =
        "it has not measured for 3 minutes without a break yet; leave it in fresh air and ask again "
        "in 3 minutes.",
    [CALIBRATION_REFUSED] =
        "the part itself refused; let it measure in fresh air for 3 minutes and ask again. If it refuses "
        "again, interrupt its supply.",
    [CALIBRATION_FAILED] =
        "it did not answer as it should." LOOK "let it measure in fresh air for 3 minutes and ask again.",
    [CALIBRATION_TIMED_OUT] =
        "its bus hangs or is too slow." LOOK "see careroomctl status, and ask again when it has "
        "measured in fresh air for 3 minutes.",
    [CALIBRATION_STOPPED] =
        "the guard was stopped meanwhile." LOOK "start it, and ask again when it has measured in fresh "
        "air for 3 minutes.",
};
_Static_assert(CALIBRATION_ANSWER_COUNT == 12, "a new answer wants its word and its sentence");

struct calibrations {
    const struct plan *plan;
    struct ring *ring;
    calibration_order_fn order;
    void *user;
    uint64_t last;       // number of the newest; those that were refused before they began have none
    uint64_t under_way;  // number of the one that is; 0: none
    uint64_t give_up_ns; // when it is given up
    struct calibration kept[KEPT];
};

struct calibrations *calibrations_new(const struct plan *plan, struct ring *ring, calibration_order_fn order,
                                      void *user)
{
    struct calibrations *calibrations = calloc(1, sizeof *calibrations);
    if (calibrations) {
        *calibrations = (struct calibrations){ .plan = plan, .ring = ring, .order = order, .user = user };
    }
    return calibrations;
}

void calibrations_free(struct calibrations *calibrations)
{
    free(calibrations);
}

static struct calibration *slot(struct calibrations *calibrations, uint64_t number)
{
    return &calibrations->kept[number % KEPT];
}

// careroom.command.accepted or .refused, with the reference and, where it was taken, the correction.
static void record(struct calibrations *calibrations, struct calibration *calibration,
                   const struct core_now *now)
{
    bool done = calibration->answer == CALIBRATION_DONE;
    const struct core_point *point = &calibrations->plan->core.points[calibration->point];
    struct event event = {
        .type = done ? EVENT_COMMAND_ACCEPTED : EVENT_COMMAND_REFUSED,
        .class = CLASS_SYSTEM,
        .clock = now->clock,
        .boottime_ns = now->boottime_ns,
        .wall_ms = now->wall_ms,
        .room = point->room,
        .item = point->id,
    };
    (void)snprintf(event.actor, sizeof event.actor, "%s", calibration->actor);
    event_add_word(&event, FIELD_COMMAND, "calibrate");
    event_add_number(&event, FIELD_CO2_PPM, calibration->reference_ppm);
    if (done) {
        event_add_number(&event, FIELD_CORRECTION, calibration->correction_ppm);
    } else {
        event_add_word(&event, FIELD_REASON, calibration_answer_words[calibration->answer]);
    }
    event_add_word(&event, FIELD_VIA, calibration->remote ? "mqtt" : "local");
    calibration->ticket = ring_push(calibrations->ring, &event);
}

static enum calibration_answer may(const struct calibrations *calibrations, const struct core *core,
                                   const struct calibration *calibration)
{
    struct core_point_view view;
    core_view_point(core, calibration->point, &view);
    if (calibration->remote) {
        return CALIBRATION_REMOTE;
    }
    if (calibrations->under_way) {
        return CALIBRATION_BUSY;
    }
    return view.trouble == TROUBLE_NONE ? CALIBRATION_UNDER_WAY : CALIBRATION_IN_TROUBLE;
}

static enum calibration_answer give_order(struct calibrations *calibrations,
                                          const struct calibration *calibration, const struct core_now *now)
{
    const struct calibration_order order = { .number = calibration->number,
                                             .point = calibration->point,
                                             .reference = calibration->reference_ppm,
                                             .deadline_ns = now->boottime_ns + CALIBRATION_NS };
    int r = calibrations->order(&order, calibrations->user);
    if (r < 0) {
        return r == -EBUSY ? CALIBRATION_BUSY : CALIBRATION_NO_WAY;
    }
    calibrations->under_way = calibration->number;
    calibrations->give_up_ns = order.deadline_ns + GRACE_NS;
    return CALIBRATION_UNDER_WAY;
}

void calibrations_begin(struct calibrations *calibrations, const struct core *core,
                        const struct core_now *now, struct calibration *calibration)
{
    calibration->number = calibrations->last + 1;
    calibration->ticket = 0;
    calibration->correction_ppm = 0;
    calibration->answer = may(calibrations, core, calibration);
    if (calibration->answer == CALIBRATION_UNDER_WAY) {
        calibration->answer = give_order(calibrations, calibration, now);
    }
    if (calibration->answer != CALIBRATION_UNDER_WAY) {
        record(calibrations, calibration, now);
        return;
    }
    calibrations->last = calibration->number;
    *slot(calibrations, calibration->number) = *calibration;
}

static enum calibration_answer answer_of(int error)
{
    switch (error) { // of driver->calibrate()
    case 0:
        return CALIBRATION_DONE;
    case -EINVAL:
        return CALIBRATION_REFERENCE;
    case -EBUSY:
        return CALIBRATION_TOO_EARLY;
    case -ECANCELED:
        return CALIBRATION_REFUSED;
    case -ETIMEDOUT:
        return CALIBRATION_TIMED_OUT;
    default:
        return CALIBRATION_FAILED;
    }
}

static void finish(struct calibrations *calibrations, struct calibration *calibration,
                   enum calibration_answer answer, const struct core_now *now)
{
    calibration->answer = answer;
    record(calibrations, calibration, now);
    if (calibrations->under_way == calibration->number) {
        calibrations->under_way = 0;
    }
}

// One that had been given up says late that it failed: that is known already. That it was done after all is
// not.
void calibrations_report(struct calibrations *calibrations, const struct report *report,
                         const struct core_now *now)
{
    struct calibration *calibration = slot(calibrations, report->calibration);
    if (calibration->number != report->calibration ||
        (calibration->answer != CALIBRATION_UNDER_WAY && report->error < 0)) {
        return;
    }
    calibration->correction_ppm = report->error < 0 ? 0 : report->reading.value;
    finish(calibrations, calibration, answer_of(report->error), now);
}

void calibrations_tick(struct calibrations *calibrations, const struct core_now *now)
{
    if (calibrations->under_way && now->boottime_ns >= calibrations->give_up_ns) {
        finish(calibrations, slot(calibrations, calibrations->under_way), CALIBRATION_TIMED_OUT, now);
    }
}

void calibrations_stop(struct calibrations *calibrations, const struct core_now *now)
{
    if (calibrations && calibrations->under_way) {
        finish(calibrations, slot(calibrations, calibrations->under_way), CALIBRATION_STOPPED, now);
    }
}

void calibrations_look(const struct calibrations *calibrations, uint64_t number,
                       struct calibration *ret_calibration)
{
    *ret_calibration = calibrations->kept[number % KEPT];
}
