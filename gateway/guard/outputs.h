// Sounders, beacons, ventilation, door release: patterns onto lines. Main thread; never blocks, never
// allocates after start.
#ifndef CAREROOM_GUARD_OUTPUTS_H
#define CAREROOM_GUARD_OUTPUTS_H

#include <systemd/sd-event.h>

#include "gateway/core/core.h"
#include "gateway/guard/plan.h"

struct outputs;

// Request every output line, inactive, and a timer of the loop for the patterns. A line that can't be had is
// logged; the others go on. 0 or -ENOMEM. Start-up only.
int outputs_new(const struct plan *plan, sd_event *loop, struct outputs **ret_outputs);

// Where troubles of an output go, when they come and when they end.
typedef void (*outputs_trouble_fn)(size_t point, enum trouble trouble, void *user);

// Begin a pattern now; its later changes follow by themselves (gateway/guard/cadence.h). An output that
// begins to evacuate while others do falls in with them.
void outputs_set(struct outputs *outputs, size_t output, enum core_pattern pattern);

// Drive an output active for this long, whatever its pattern; the pattern goes on afterwards, as if nothing
// had been. outputs_set() ends it at once. -ENODEV: it has no line.
int outputs_test(struct outputs *outputs, size_t output, uint64_t for_ns);

// End every test that runs now.
void outputs_end_tests(struct outputs *outputs);

// Read every line back, set again what is not as it was driven, and tell what changed: TROUBLE_GONE (no
// line), TROUBLE_STUCK (does not follow), TROUBLE_NO_FEEDBACK (what hangs on it does not), TROUBLE_NONE
// (follows again). Called at start and every second. A feedback is judged feedback_ms after each change, and
// here, where nothing has changed for that long; pulses that are shorter are not judged. A siren that stayed
// silent when it was driven is in trouble until it is driven and heard.
void outputs_verify(struct outputs *outputs, outputs_trouble_fn trouble, void *user);

void outputs_free(
    struct outputs *outputs); // releases the lines; their level then is the kernel's and the relay's business

#endif
