// The uplink's side of the control socket: it follows the journal's commits, reports the delivery's health,
// and asks what commands from MQTT ask for. On the main loop; the guard may come and go. Two connections: one
// only listens for commits, the other asks one thing at a time.
#ifndef CAREROOM_UPLINK_GUARD_LINE_H
#define CAREROOM_UPLINK_GUARD_LINE_H

#include <systemd/sd-event.h>

#include "gateway/common/config.h"
#include "gateway/uplink/exchange.h"

struct guard_line;

// Start on this loop. All arguments must outlive it. 0 or negative errno.
int guard_line_new(sd_event *event, const struct config *config, struct exchange *exchange,
                   struct guard_line **ret_line);
void guard_line_free(struct guard_line *line); // NULL is fine

// The delivery thread has put something into the exchange.
void guard_line_look(struct guard_line *line);

#endif
