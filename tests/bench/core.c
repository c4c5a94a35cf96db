// How many decisions the core takes in a second, and, in turns with it, how many times the same machine
// copies what a decision takes in and one event that it may give out (core_input, core_now, event).
//
//     bench-core CONFIG BLOCKS
//
// The plan is that of the configuration. Every point but those of fire, which would end in one state, has its
// turn: chips with a value that changes a little, contacts opening and closing, with the events that make of
// it. A block is 50 ms of each. Prints medians, as JSON.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "gateway/core/core.h"
#include "gateway/guard/guard.h"
#include "gateway/guard/plan.h"

#define BLOCK_NS   (50 * NS_PER_MS)
#define BLOCKS_MAX 1000
#define CHUNK      256 // steps between two looks at the clock

static struct core_actions actions;

static bool has_a_turn(const struct core_point *point, const struct plan_source *source)
{
    return source->kind == SOURCE_SENSOR && point->role != ROLE_SMOKE && point->role != ROLE_HEAT &&
           point->role != ROLE_CALL_POINT;
}

static enum quantity first_quantity(const struct part_info *part)
{
    unsigned q = 0;
    while (q < QUANTITY_COUNT - 1 && !(part->quantities & QUANTITY_BIT(q))) {
        q++;
    }
    return (enum quantity)q;
}

static size_t make_inputs(const struct plan *plan, struct core_input *inputs)
{
    size_t n = 0;
    for (size_t p = 0; p < plan->core.n_points; p++) {
        if (has_a_turn(&plan->core.points[p], &plan->sources[p])) {
            inputs[n++] = (struct core_input){ .kind = CORE_INPUT_READING,
                                               .point = p,
                                               .quantity = first_quantity(plan->sources[p].sensor->part) };
        }
    }
    return n;
}

static void decide(struct core *core, struct core_input *inputs, size_t n_inputs, struct core_now *now,
                   uint64_t step)
{
    struct core_input *input = &inputs[step % n_inputs];
    bool contact = input->quantity == QUANTITY_CONTACT;
    input->value = contact ? (int32_t)(step / n_inputs % 2) : (int32_t)(600 + step % 16);
    now->boottime_ns += NS_PER_MS;
    core_step(core, input, now, &actions);
    while (actions.more) {
        struct core_input tick = { .kind = CORE_INPUT_TICK };
        core_step(core, &tick, now, &actions);
    }
}

static void copy(const struct core_input *input, const struct core_now *now)
{
    static struct core_input input_copy;
    static struct core_now now_copy;
    static struct event event, event_copy;
    memcpy(&input_copy, input, sizeof input_copy);
    memcpy(&now_copy, now, sizeof now_copy);
    memcpy(&event_copy, &event, sizeof event_copy);
    __asm__ volatile("" ::"r"(&input_copy), "r"(&now_copy), "r"(&event_copy) : "memory"); // they do happen
}

// Steps in a second, over one block.
static double block(struct core *core, struct core_input *inputs, size_t n_inputs, struct core_now *now,
                    uint64_t *step)
{
    uint64_t start_ns = clock_boottime_ns(), passed_ns = 0, first = *step;
    while (passed_ns < BLOCK_NS) {
        for (unsigned i = 0; i < CHUNK; i++, (*step)++) {
            if (core) {
                decide(core, inputs, n_inputs, now, *step);
            } else {
                copy(&inputs[*step % n_inputs], now);
            }
        }
        passed_ns = clock_boottime_ns() - start_ns;
    }
    return (double)(*step - first) * (double)NS_PER_S / (double)passed_ns;
}

static int ascending(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, ascending);
    return values[n / 2];
}

int main(int argc, char **argv)
{
    struct config *config;
    if (argc != 3 || config_load(argv[1], &guard_catalogue, config_report_text, stderr, &config) < 0) {
        fprintf(stderr, "usage: bench-core CONFIG BLOCKS\n");
        return 2;
    }
    static double core_rates[BLOCKS_MAX], copy_rates[BLOCKS_MAX];
    size_t n_blocks = (size_t)atol(argv[2]);
    struct plan *plan = plan_new(config);
    struct core_input *inputs = plan ? calloc(plan->core.n_points, sizeof *inputs) : NULL;
    void *memory = plan ? aligned_alloc(16, (core_size(&plan->core) + 15) / 16 * 16) : NULL;
    if (!inputs || !memory || n_blocks < 1 || n_blocks > BLOCKS_MAX) {
        return 1;
    }
    size_t n_inputs = make_inputs(plan, inputs);
    struct core_now now = { .boottime_ns = clock_boottime_ns(), .wall_ms = clock_wall_ms() };
    struct core *core = core_init(memory, &plan->core, &now);
    uint64_t step = 0, copied = 0;
    for (size_t i = 0; i < n_blocks; i++) {
        core_rates[i] = block(core, inputs, n_inputs, &now, &step);
        copy_rates[i] = block(NULL, inputs, n_inputs, &now, &copied);
    }
    printf("{\"core\": %.0f, \"copy\": %.0f, \"points\": %zu}\n", median(core_rates, n_blocks),
           median(copy_rates, n_blocks), n_inputs);
    free(memory);
    free(inputs);
    plan_free(plan);
    config_free(config);
    return 0;
}
