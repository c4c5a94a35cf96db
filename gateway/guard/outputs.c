#include "gateway/guard/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/log.h"
#include "sensors/bus/gpio.h"

struct output {
    struct gpio_lines *gpio; // NULL: the line could not be had
    bool active_low;
    bool level; // as it was driven
    size_t point;
    enum trouble trouble; // as it was told
};

struct outputs {
    struct output *outputs;
    size_t n;
};

int outputs_new(const struct plan *plan, struct outputs **ret_outputs)
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
        int r = gpio_request_output(config->line, output->level, &output->gpio);
        if (r < 0) {
            log_error("output %s/%s: line %s can't be had: %s; it stays silent until the next start",
                      plan->core.outputs[i].room, plan->core.outputs[i].id, config->line, strerror(-r));
        }
    }
    *ret_outputs = outputs;
    return 0;
}

void outputs_set(struct outputs *outputs, size_t index, enum core_pattern pattern)
{
    struct output *output = &outputs->outputs[index];
    output->level = (pattern != PATTERN_OFF) != output->active_low;
    if (output->gpio) {
        (void)gpio_set(output->gpio, output->level); // a failure is found and mended by outputs_verify()
    }
}

static enum trouble verify(struct output *output)
{
    bool level;
    if (!output->gpio) {
        return TROUBLE_GONE;
    }
    if (gpio_get(output->gpio, 0, &level) == 0 && level == output->level) {
        return TROUBLE_NONE;
    }
    (void)gpio_set(output->gpio, output->level);
    return TROUBLE_STUCK;
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
    for (size_t i = 0; i < outputs->n; i++) {
        gpio_release(outputs->outputs[i].gpio);
    }
    free(outputs->outputs);
    free(outputs);
}
