// From the journal to the link: which event goes out next, and what became of it. Owns the journal's reader
// and the cursors. The delivery thread alone; blocks on the disk.
#ifndef CAREROOM_UPLINK_OUTBOX_H
#define CAREROOM_UPLINK_OUTBOX_H

#include "gateway/common/config.h"
#include "gateway/uplink/exchange.h"
#include "gateway/uplink/link.h"

struct outbox;

// `prefix` must outlive the outbox. Opens nothing yet. NULL: out of memory.
struct outbox *outbox_new(const struct config *config, const char *prefix);
void outbox_free(struct outbox *outbox); // NULL is fine; writes nothing

// A new link is online and takes `receive_maximum` publishes at once.
void outbox_connected(struct outbox *outbox, unsigned receive_maximum);

// Hand over what the window has room for, fire first. 0, or -ENOTCONN where the link has ended. Trouble with
// the journal or the cursors is kept for outbox_report() and tried again.
int outbox_fill(struct outbox *outbox, struct link *link, uint64_t now_ns);

// A PUBACK; those that are not the outbox's are ignored (false).
bool outbox_acknowledged(struct outbox *outbox, int mid, int reason, uint64_t now_ns);

// The link has ended; `reason`: 0, or the broker's code where it named a message as the cause. Where a
// message breaks the connection again and again, one is sent at a time until it is known which: it is parked
// where the broker gave a reason, else its class is held, so that the others go on.
void outbox_link_ended(struct outbox *outbox, int reason, uint64_t now_ns);

// Write the cursors where it is time, or at once.
void outbox_flush(struct outbox *outbox, uint64_t now_ns, bool at_once);

// When fill or flush want to be called again; UINT64_MAX: with the next event.
uint64_t outbox_deadline_ns(const struct outbox *outbox);

// held, deaf, parked, delivered, and `why` where something is wrong here (else untouched).
void outbox_report(struct outbox *outbox, struct health *health);

#endif
