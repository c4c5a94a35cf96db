// A person tries a sounder or relay: whether that may be now, and the event that says so. Never blocks, never
// allocates.
#ifndef CAREROOM_GUARD_TRIAL_H
#define CAREROOM_GUARD_TRIAL_H

#include "gateway/core/core.h"
#include "gateway/guard/plan.h"

// For how long an output may be driven, in milliseconds.
#define TEST_MIN_MS   1000
#define TEST_USUAL_MS 2000
#define TEST_MAX_MS   10000

enum test_answer {
    TEST_DONE,
    TEST_REMOTE,  // refused: asked from beyond the room, where nobody hears it
    TEST_FIRE,    // refused: fire stands somewhere, and every sounder has its work
    TEST_NO_LINE, // refused: the output could not be had
    TEST_ANSWER_COUNT
};
extern const char *const test_answer_words[TEST_ANSWER_COUNT];     // reason codes, "fire-stands"
extern const char *const test_answer_sentences[TEST_ANSWER_COUNT]; // for people: what is wrong and what to do

// The output named "room/output", or SIZE_MAX. Any thread.
size_t trial_find_output(const struct plan *plan, const char *name);

// Whether a test may begin: TEST_DONE, TEST_REMOTE or TEST_FIRE. Main thread.
enum test_answer trial_may(const struct core *core, const struct core_plan *plan, bool remote);

// careroom.command.accepted or, where the answer is a refusal, .refused.
void trial_event(const struct core_output *output, enum test_answer answer, bool remote, const char *actor,
                 const struct core_now *now, struct event *ret_event);

#endif
