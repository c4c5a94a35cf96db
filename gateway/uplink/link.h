// One connection to the broker, from the name look-up to its end; made afresh for every attempt, so that
// nothing is queued in the library: what was not acknowledged is fetched from the journal again. One thread;
// driven by poll().
#ifndef CAREROOM_UPLINK_LINK_H
#define CAREROOM_UPLINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/config.h"

struct link;

enum link_state {
    LINK_CONNECTING,
    LINK_ONLINE, // accepted by the broker
    LINK_ENDED,  // refused, lost or closed; link_why() says why
};

// Why a link ended, as far as the next attempt cares.
enum link_end {
    LINK_END_LOST,            // try again
    LINK_END_VERSION_REFUSED, // the broker knows no MQTT 5
    LINK_END_MESSAGE_REFUSED, // the broker threw us out for a message that it will never take
};

struct link_message {
    const char *topic;
    const void *payload;
    size_t length;
    bool retained;
    const char *response_topic;
    const void *correlation;
    size_t correlation_length;
};

// Called from link_service() alone. They must not publish or close the link.
struct link_handlers {
    void (*acknowledged)(void *user, int mid, int reason);
    void (*message)(void *user, const struct link_message *message);
    void (*subscribed)(void *user, bool granted);
};

struct link_options {
    const struct config_mqtt *mqtt;
    const char *client_id;
    bool version_5;
    unsigned attempt; // counts failures: a host with IPv4 and IPv6 addresses is tried over the one and the
                      // other in turn
    const char *will_topic, *will;
    const struct link_handlers *handlers;
    void *user;
};

// Start an attempt. 0 and *ret_link (LINK_CONNECTING), or -EINVAL (files, password, name) with a sentence in
// `why`. Blocks on the name look-up and on the file system, never on the connection.
int link_open(const struct link_options *options, struct link **ret_link, char *why, size_t why_size);
void link_close(struct link *link); // at once, without a word to the broker; NULL is fine

enum link_state link_state(const struct link *link);
enum link_end link_end(const struct link *link);
int link_end_reason(const struct link *link); // the broker's reason code, 0 where it gave none
const char *link_why(const struct link *link);
unsigned link_receive_maximum(const struct link *link); // of the broker; 65535 where it says nothing

int link_fd(const struct link *link);       // -1: none
short link_events(const struct link *link); // for poll()
bool link_pending(const struct link *link); // bytes were read from the socket already: don't wait
// After every poll(), at least once a second.
void link_service(struct link *link, short revents);
void link_timed_out(struct link *link); // the broker has not answered: end it

struct link_properties {
    const char *content_type; // NULL: none
    const char *user[3][2];   // name, value; NULL ends
    const void *correlation;
    size_t correlation_length;
};

// Hand over a publish, QoS 1. 0 and *ret_mid; -EMSGSIZE: larger than the broker takes; -EINVAL: this topic or
// payload can't be sent; -ENOTCONN: the link has ended; -ENOMEM. Properties are left out where the version
// has none.
int link_publish(struct link *link, const char *topic, const void *payload, size_t length, bool retain,
                 const struct link_properties *properties, int *ret_mid);
int link_subscribe(struct link *link, const char *filter); // QoS 1; same errors

void link_disconnect(struct link *link); // say good-bye: the will is not sent; service until LINK_ENDED

#endif
