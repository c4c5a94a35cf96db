// The delivery thread: connects, hands the journal to the broker, takes commands, and says how it is. It
// alone touches the network, the journal's reader and the cursors, and may block on them.
#ifndef CAREROOM_UPLINK_DELIVERY_H
#define CAREROOM_UPLINK_DELIVERY_H

#include <pthread.h>

#include "gateway/common/config.h"
#include "gateway/uplink/exchange.h"

// Start it. `config` and `exchange` must outlive it. 0 or negative errno. It ends after exchange_ask_stop(),
// having said good-bye to the broker where it could, and says so with exchange_say_stopped().
int delivery_start(const struct config *config, struct exchange *exchange, pthread_t *ret_thread);

#endif
