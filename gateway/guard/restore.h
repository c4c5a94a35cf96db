// What survives a restart: from the journal into the core at start, and from the core to the recorder while
// it runs.
#ifndef CAREROOM_GUARD_RESTORE_H
#define CAREROOM_GUARD_RESTORE_H

#include "gateway/guard/plan.h"
#include "gateway/guard/recorder.h"

// How often restore_save() is called: what an on-delay can lose of its progress when the power fails.
#define RESTORE_SAVE_NS (60 * NS_PER_S)

// Give the core every record and, where the clock can be trusted, the minutes that its longest window reaches
// back to. Start-up only, before the first step. 0 or negative errno: what came until then is in the core.
int restore_core(struct core *core, const struct plan *plan, struct journal *journal,
                 const struct core_now *now);

// Hand what has changed and belongs to no event to the recorder. Main thread; never blocks.
void restore_save(struct core *core, const struct core_now *now, struct recorder *recorder);

#endif
