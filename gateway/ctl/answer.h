// What a person does, sent to the guard, and what the journal has of it.
#ifndef CAREROOM_CTL_ANSWER_H
#define CAREROOM_CTL_ANSWER_H

#include <jansson.h>

#include "gateway/ctl/ctl.h"

// Sent, and what came of it is said: "DONE NAME (event 18231)", or as JSON. Takes over `request`.
enum ctl_status answer_ask_and_say(struct ctl *ctl, json_t *request, const char *done, const char *name);

#endif
