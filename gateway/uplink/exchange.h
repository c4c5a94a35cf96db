// Between the two threads: commands one way, replies the other, and the delivery's health. Everything is
// copied under a short lock; neither thread ever waits for the other. Any thread.
#ifndef CAREROOM_UPLINK_EXCHANGE_H
#define CAREROOM_UPLINK_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/common/event.h"
#include "gateway/uplink/command.h"

#define EXCHANGE_COMMANDS 16 // waiting for the guard; more are answered "busy"

enum uplink_state { UPLINK_IDLE, UPLINK_OFFLINE, UPLINK_ONLINE, UPLINK_STATE_COUNT };
extern const char *const uplink_state_names[UPLINK_STATE_COUNT];

struct health {
    enum uplink_state state;
    bool held[CLASS_COUNT];
    bool deaf;          // the broker takes events, but nobody has subscribed to them
    uint64_t parked;    // events refused for good
    uint64_t delivered; // every event up to this sequence has been delivered
    char why[160];      // a sentence about what is wrong; empty: nothing
};

struct reply {
    struct command command;
    char *payload; // owned
};

struct exchange;

// eventfds that become readable when the other side has put something: 0 or negative errno.
int exchange_new(struct exchange **ret_exchange);
void exchange_free(struct exchange *exchange); // NULL is fine

int exchange_delivery_fd(const struct exchange *exchange); // wakes the delivery thread
int exchange_main_fd(const struct exchange *exchange);     // wakes the main thread
void exchange_wake_delivery(struct exchange *exchange);
void exchange_drain(int fd); // before looking what is there

// Delivery -> main. -EBUSY: EXCHANGE_COMMANDS are waiting.
int exchange_put_command(struct exchange *exchange, const struct command *command);
bool exchange_take_command(struct exchange *exchange, struct command *ret_command);

// Main -> delivery; takes the payload over.
void exchange_put_reply(struct exchange *exchange, const struct command *command, char *payload);
bool exchange_take_reply(struct exchange *exchange,
                         struct reply *ret_reply); // the caller frees ret_reply->payload

// Delivery -> main; wakes main only where something but `delivered` changed.
void exchange_put_health(struct exchange *exchange, const struct health *health);
void exchange_get_health(struct exchange *exchange, struct health *ret_health);

// Evidence of life of the delivery thread, for the watchdog.
void exchange_beat(struct exchange *exchange, bool blocking); // blocking: about to look up a name
void exchange_last_beat(const struct exchange *exchange, uint64_t *ret_boottime_ns, bool *ret_blocking);

void exchange_ask_stop(struct exchange *exchange);
bool exchange_stopping(const struct exchange *exchange);
void exchange_say_stopped(struct exchange *exchange); // the delivery thread has ended
bool exchange_stopped(const struct exchange *exchange);

#endif
