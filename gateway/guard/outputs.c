#include "gateway/guard/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/log.h"
#include "gateway/guard/cadence.h"
#include "sensors/bus/gpio.h"

// Before polls and people, behind the lines that may say "fire".
#define PRIORITY_PATTERNS -30

struct output {
    struct gpio_lines *gpio; // NULL: the line could not be had
    bool active_low;
    bool level; // as it was driven
    enum core_pattern pattern;
    uint64_t began_ns;
    uint64_t test_until_ns; // active until then; 0: no test
    size_t point;
    enum trouble trouble; // as it was told

    // Supervision: whether what hangs on the line does as it is told.
    struct gpio_lines *feedback; // NULL: nobody says
    bool feedback_active_low;
    bool active;       // as it was driven
    uint64_t since_ns; // when that became so
    uint64_t patience_ns;
    bool judged;    // since then
    bool failed[2]; // [active]: it did not follow when it was last driven so
};

struct outputs {
    struct output *outputs;
    size_t n;
    sd_event_source *timer;
    uint64_t timer_ns; // when it is due; UINT64_MAX: it rests
};

// What was driven for patience_ns is compared with the feedback; a pulse shorter than that is not judged, so
// of a pattern that pulses faster only its pauses are, or nothing. Driven and at rest are judged apart, each
// by its own last time: a dead siren obeys well enough between its pulses, and a welded relay during them.
static void judge(struct output *output, uint64_t now_ns)
{
    bool level;
    if (!output->feedback || now_ns - output->since_ns < output->patience_ns) {
        return;
    }
    output->judged = true;
    output->failed[output->active] =
        gpio_get(output->feedback, 0, &level) < 0 || (level != output->feedback_active_low) != output->active;
}

// Set the level that the pattern, or a test, has now; returns when that changes
// or the feedback is to be looked at.
static uint64_t drive(struct output *output, uint64_t now_ns)
{
    uint64_t rest_ns;
    bool active = cadence_active(output->pattern, now_ns - output->began_ns, &rest_ns);
    uint64_t change_ns = rest_ns == UINT64_MAX ? UINT64_MAX : now_ns + rest_ns;
    if (now_ns < output->test_until_ns) {
        active = true;
        change_ns = output->test_until_ns;
    } else {
        output->test_until_ns = 0;
    }
    if (active != output->active) {
        output->active = active;
        output->since_ns = now_ns;
        output->judged = false;
    }
    output->level = active != output->active_low;
    if (output->gpio) {
        (void)gpio_set(output->gpio, output->level); // a failure is found and mended by outputs_verify()
    }
    uint64_t judge_ns = output->since_ns + output->patience_ns;
    return output->feedback && !output->judged && judge_ns < change_ns ? judge_ns : change_ns;
}

static void arm(struct outputs *outputs, uint64_t due_ns)
{
    outputs->timer_ns = due_ns;
    if (due_ns == UINT64_MAX) {
        (void)sd_event_source_set_enabled(outputs->timer, SD_EVENT_OFF);
        return;
    }
    (void)sd_event_source_set_time(outputs->timer, (due_ns + 999) / 1000);
    (void)sd_event_source_set_enabled(outputs->timer, SD_EVENT_ONESHOT);
}

static void drive_and_arm(struct outputs *outputs, struct output *output, uint64_t now_ns)
{
    uint64_t change_ns = drive(output, now_ns);
    if (change_ns < outputs->timer_ns) {
        arm(outputs, change_ns);
    }
}

static int on_change(sd_event_source *source, uint64_t usec, void *user)
{
    struct outputs *outputs = user;
    uint64_t now_ns = clock_boottime_ns(), due_ns = UINT64_MAX;
    (void)source;
    (void)usec;
    for (size_t i = 0; i < outputs->n; i++) {
        judge(&outputs->outputs[i], now_ns); // before the level is another one
        uint64_t change_ns = drive(&outputs->outputs[i], now_ns);
        due_ns = change_ns < due_ns ? change_ns : due_ns;
    }
    arm(outputs, due_ns);
    return 0;
}

static int add_timer(struct outputs *outputs, sd_event *loop)
{
    int r = sd_event_add_time(loop, &outputs->timer, CLOCK_BOOTTIME, UINT64_MAX, 1000, on_change, outputs);
    if (r >= 0) {
        r = sd_event_source_set_priority(outputs->timer, PRIORITY_PATTERNS);
    }
    if (r >= 0) {
        arm(outputs, UINT64_MAX);
    }
    return r < 0 ? r : 0;
}

// A twentieth less than the configuration grants, so that a pulse of just this length is judged wherever the
// timers fall. Edges of the line come with the request; nobody listens to them, since levels are enough.
static void supervise(struct output *output, const struct core_output *named,
                      const struct config_output *config)
{
    if (!config->feedback) {
        return;
    }
    const char *line = config->feedback;
    output->feedback_active_low = config->feedback_active_low;
    output->patience_ns = config->feedback_ms * NS_PER_MS / 20 * 19;
    int r = gpio_request_inputs(&line, 1, BIAS_AS_IS, &output->feedback);
    if (r < 0) {
        output->failed[false] = true; // nobody will ever say that it follows
        log_error("output %s/%s: its feedback %s can't be had: %s; it is in trouble until the next start",
                  named->room, named->id, line, strerror(-r));
    }
}

int outputs_new(const struct plan *plan, sd_event *loop, struct outputs **ret_outputs)
{
    struct outputs *outputs = calloc(1, sizeof *outputs);
    if (!outputs) {
        return -ENOMEM;
    }
    outputs->n = plan->core.n_outputs;
    outputs->outputs = calloc(outputs->n + 1, sizeof *outputs->outputs);
    if (!outputs->outputs) {
        free(outputs);
        return -ENOMEM;
    }
    for (size_t i = 0; i < outputs->n; i++) {
        struct output *output = &outputs->outputs[i];
        const struct config_output *config = plan->outputs[i].config;
        output->point = plan->outputs[i].point;
        output->active_low = config->active_low;
        output->level = config->active_low;
        output->since_ns = clock_boottime_ns();
        int r = gpio_request_output(config->line, output->level, &output->gpio);
        if (r < 0) {
            log_error("output %s/%s: line %s can't be had: %s; it stays silent until the next start",
                      plan->core.outputs[i].room, plan->core.outputs[i].id, config->line, strerror(-r));
        }
        supervise(output, &plan->core.outputs[i], config);
    }
    int r = add_timer(outputs, loop);
    if (r < 0) {
        outputs_free(outputs);
        return r;
    }
    *ret_outputs = outputs;
    return 0;
}

// Evacuation is one signal for the building: sirens that can be heard together would blur its pauses into one
// long noise, and lights out of step flash faster than eyes prone to fits can bear. Who joins takes over the
// phase of whoever plays it.
static uint64_t phase_ns(const struct outputs *outputs, enum core_pattern pattern, uint64_t now_ns)
{
    for (size_t i = 0; pattern == PATTERN_EVACUATE && i < outputs->n; i++) {
        if (outputs->outputs[i].pattern == pattern) {
            return outputs->outputs[i].began_ns;
        }
    }
    return now_ns;
}

void outputs_set(struct outputs *outputs, size_t index, enum core_pattern pattern)
{
    struct output *output = &outputs->outputs[index];
    uint64_t now_ns = clock_boottime_ns();
    output->began_ns = phase_ns(outputs, pattern, now_ns);
    output->pattern = pattern;
    output->test_until_ns = 0;
    drive_and_arm(outputs, output, now_ns);
}

int outputs_test(struct outputs *outputs, size_t index, uint64_t for_ns)
{
    struct output *output = &outputs->outputs[index];
    if (!output->gpio) {
        return -ENODEV;
    }
    uint64_t now_ns = clock_boottime_ns();
    output->test_until_ns = now_ns + for_ns;
    drive_and_arm(outputs, output, now_ns);
    return 0;
}

void outputs_end_tests(struct outputs *outputs)
{
    uint64_t now_ns = clock_boottime_ns();
    for (size_t i = 0; i < outputs->n; i++) {
        struct output *output = &outputs->outputs[i];
        if (output->test_until_ns) {
            output->test_until_ns = 0;
            drive_and_arm(outputs, output, now_ns);
        }
    }
}

static enum trouble verify(struct output *output)
{
    bool level;
    if (!output->gpio) {
        return TROUBLE_GONE;
    }
    if (gpio_get(output->gpio, 0, &level) < 0 || level != output->level) {
        (void)gpio_set(output->gpio, output->level);
        return TROUBLE_STUCK;
    }
    judge(output, clock_boottime_ns());
    return output->failed[false] || output->failed[true] ? TROUBLE_NO_FEEDBACK : TROUBLE_NONE;
}

void outputs_verify(struct outputs *outputs, outputs_trouble_fn trouble, void *user)
{
    for (size_t i = 0; i < outputs->n; i++) {
        struct output *output = &outputs->outputs[i];
        enum trouble now = verify(output);
        if (now != output->trouble) {
            output->trouble = now;
            trouble(output->point, now, user);
        }
    }
}

void outputs_free(struct outputs *outputs)
{
    if (!outputs) {
        return;
    }
    outputs_end_tests(outputs); // many kernels leave a line as it was last driven
    for (size_t i = 0; i < outputs->n; i++) {
        gpio_release(outputs->outputs[i].gpio);
        gpio_release(outputs->outputs[i].feedback);
    }
    sd_event_source_unref(outputs->timer);
    free(outputs->outputs);
    free(outputs);
}
