// Which phrase is to be spoken now, of the alarms that stand. No I/O: time and the guard's status are handed
// in.
#ifndef CAREROOM_VOICE_CHOICE_H
#define CAREROOM_VOICE_CHOICE_H

#include <jansson.h>
#include <stdint.h>

#include "gateway/common/config.h"

// Nobody needs to hear a warning as often as a fire.
#define CHOICE_FIRE_MS     10000
#define CHOICE_CRITICAL_MS 30000
#define CHOICE_WARNING_MS  120000
// In a room where children sleep all but fire begins with light (the sounders rest as long).
#define CHOICE_SLEEP_MS 60000

struct choice;

struct choice *choice_new(void); // NULL: out of memory
void choice_free(struct choice *choice);

// The guard's answer to "status" (its "status" object) at now_ms of any clock that does not go back. Returns
// the phrase's name ("fire"; it belongs to the status), or NULL where nothing is to be said now. What is
// returned counts as spoken. An alarm that is acknowledged, or whose room is silenced, is not spoken.
const char *choice_take(struct choice *choice, const json_t *status, const struct config *config,
                        int64_t now_ms);

#endif
