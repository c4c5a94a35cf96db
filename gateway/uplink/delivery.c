#include "gateway/uplink/delivery.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/common/clock.h"
#include "gateway/common/log.h"
#include "gateway/uplink/backoff.h"
#include "gateway/uplink/link.h"
#include "gateway/uplink/outbox.h"

#define PREFIX_SIZE (sizeof "careroom/v1/" + 2 * ID_SIZE)
#define TOPIC_SIZE  (PREFIX_SIZE + sizeof "/command/+")
#define STATUS_SIZE 320
#define LOOP_MS     1000u             // the journal is looked at this often even if nobody wakes us
#define CONNECT_NS  (15 * NS_PER_S)   // for TCP, TLS and the broker's answer
#define GOODBYE_NS  (400 * NS_PER_MS) // within the second that a stop may take
#define REPORT_NS   NS_PER_S          // how often `delivered` is worked out

#define CONNECTING "not connected yet"

struct delivery {
    const struct config *config;
    struct exchange *exchange;
    struct outbox *outbox;
    struct link *link; // NULL: waiting for the next attempt
    struct backoff backoff;
    unsigned failures; // attempts without a connection
    bool version_5;
    bool announced; // this link has said "online"
    bool commands_refused;
    uint64_t opened_ns, online_ns, attempt_ns, report_ns;
    int status_mid; // the "offline" of a clean stop
    bool status_acknowledged;
    char prefix[PREFIX_SIZE], client_id[2 * ID_SIZE], boot_id[37], connected_time[32];
    char why[160];      // why we are offline
    struct health said; // the last that was logged
};

// ---- Status

// {"bootid":…,"reason":…,"state":…,"time":…,"version":…}; a will carries the time of its connection, since
// nobody knows when it will be sent.
static void status_payload(const struct delivery *delivery, const char *state, const char *reason,
                           const char *time_key, const char *time, char *buf, size_t size)
{
    json_t *status = json_pack("{s:s, s:s, s:s, s:s}", "bootid", delivery->boot_id, "state", state, time_key,
                               time, "version", CAREROOM_VERSION);
    if (status && reason)
        json_object_set_new(status, "reason", json_string(reason));
    size_t length = status ? json_dumpb(status, buf, size - 1, JSON_COMPACT | JSON_SORT_KEYS) : 0;
    buf[length < size ? length : 0] = '\0';
    json_decref(status);
}

static int publish_status(struct delivery *delivery, const char *state, const char *reason, int *ret_mid)
{
    char time[32], payload[STATUS_SIZE], topic[TOPIC_SIZE];
    clock_format_utc(clock_wall_ms(), time, sizeof time);
    status_payload(delivery, state, reason, "time", time, payload, sizeof payload);
    snprintf(topic, sizeof topic, "%s/status", delivery->prefix);
    return link_publish(delivery->link, topic, payload, strlen(payload), true, NULL, ret_mid);
}

// ---- Handlers of the link

static void on_acknowledged(void *user, int mid, int reason)
{
    struct delivery *delivery = user;
    if (outbox_acknowledged(delivery->outbox, mid, reason, clock_boottime_ns()))
        return;
    if (mid == delivery->status_mid)
        delivery->status_acknowledged = true;
}

static void refuse_command(struct delivery *delivery, const struct command *command,
                           const struct command_refusal *refusal)
{
    char *payload = command_refused(command, refusal);
    if (payload)
        exchange_put_reply(delivery->exchange, command, payload);
}

static void on_message(void *user, const struct link_message *message)
{
    static const struct command_refusal busy = {
        .code = "busy", .error = "Too many commands are waiting; send this one again later."
    };
    struct delivery *delivery = user;
    struct command command;
    struct command_refusal refusal;
    const struct command_message received = {
        .topic = message->topic,
        .payload = message->payload,
        .length = message->length,
        .retained = message->retained,
        .response_topic = message->response_topic,
        .correlation = message->correlation,
        .correlation_length = message->correlation_length,
    };
    if (command_read(delivery->prefix, delivery->config, &received, &command, &refusal) < 0)
        refuse_command(delivery, &command, &refusal);
    else if (exchange_put_command(delivery->exchange, &command) < 0)
        refuse_command(delivery, &command, &busy);
}

static void on_subscribed(void *user, bool granted)
{
    struct delivery *delivery = user;
    if (!granted && !delivery->commands_refused)
        log_warning("the broker does not let this gateway receive commands; check its access rules");
    delivery->commands_refused = !granted;
}

static const struct link_handlers handlers = {
    .acknowledged = on_acknowledged,
    .message = on_message,
    .subscribed = on_subscribed,
};

// ---- The life of a connection

static void wait_for_next_attempt(struct delivery *delivery, uint64_t now_ns)
{
    uint32_t wait_ms = backoff_failed(&delivery->backoff, (uint32_t)random());
    delivery->attempt_ns = now_ns + wait_ms * NS_PER_MS;
}

static void attempt(struct delivery *delivery)
{
    char will[STATUS_SIZE], topic[TOPIC_SIZE];
    clock_format_utc(clock_wall_ms(), delivery->connected_time, sizeof delivery->connected_time);
    status_payload(delivery, "offline", "connection-lost", "connected", delivery->connected_time, will,
                   sizeof will);
    snprintf(topic, sizeof topic, "%s/status", delivery->prefix);
    const struct link_options options = {
        .mqtt = &delivery->config->mqtt,
        .client_id = delivery->client_id,
        .version_5 = delivery->version_5,
        .attempt = delivery->failures,
        .will_topic = topic,
        .will = will,
        .handlers = &handlers,
        .user = delivery,
    };
    exchange_beat(delivery->exchange, true);
    int r = link_open(&options, &delivery->link, delivery->why, sizeof delivery->why);
    exchange_beat(delivery->exchange, false);
    delivery->announced = false;
    delivery->opened_ns = clock_boottime_ns();
    if (r == 0)
        return;
    if (r == -ENOMEM)
        snprintf(delivery->why, sizeof delivery->why, "out of memory");
    delivery->failures++;
    wait_for_next_attempt(delivery, delivery->opened_ns);
}

static void announce(struct delivery *delivery)
{
    char filter[TOPIC_SIZE];
    int mid;
    delivery->announced = true;
    delivery->online_ns = clock_boottime_ns();
    delivery->failures = 0;
    delivery->why[0] = '\0';
    outbox_connected(delivery->outbox, link_receive_maximum(delivery->link));
    snprintf(filter, sizeof filter, "%s/command/+", delivery->prefix);
    // Errors end the link, which the loop sees.
    if (publish_status(delivery, "online", NULL, &mid) == 0)
        (void)link_subscribe(delivery->link, filter);
}

static void ended(struct delivery *delivery, uint64_t now_ns)
{
    enum link_end end = link_end(delivery->link);
    snprintf(delivery->why, sizeof delivery->why, "%s", link_why(delivery->link));
    if (delivery->announced)
        outbox_link_ended(delivery->outbox,
                          end == LINK_END_MESSAGE_REFUSED ? link_end_reason(delivery->link) : 0, now_ns);
    link_close(delivery->link);
    delivery->link = NULL;
    if (delivery->announced && now_ns - delivery->online_ns >= BACKOFF_STABLE_MS * NS_PER_MS)
        backoff_reset(&delivery->backoff);
    if (!delivery->announced && end != LINK_END_VERSION_REFUSED)
        delivery->failures++;
    wait_for_next_attempt(delivery, now_ns);
    if (delivery->version_5 && end == LINK_END_VERSION_REFUSED)
        delivery->attempt_ns = now_ns; // the broker is there: ask in its own version at once
    // Version 5 is asked for first every time: a broker may have been renewed.
    delivery->version_5 = end != LINK_END_VERSION_REFUSED || !delivery->version_5;
}

static void publish_replies(struct delivery *delivery)
{
    struct reply reply;
    while (exchange_take_reply(delivery->exchange, &reply)) {
        const struct link_properties properties = { .correlation = reply.command.correlation,
                                                    .correlation_length = reply.command.correlation_length };
        int mid;
        // A reply whose connection has gone has lost its reader: its sender asks again.
        if (delivery->link && link_state(delivery->link) == LINK_ONLINE)
            (void)link_publish(delivery->link, reply.command.topic, reply.payload, strlen(reply.payload),
                               false, &properties, &mid);
        free(reply.payload);
    }
}

// ---- Health

static void log_change(struct delivery *delivery, const struct health *health)
{
    const struct config_mqtt *mqtt = &delivery->config->mqtt;
    const struct health *said = &delivery->said;
    if (health->state == UPLINK_ONLINE && said->state != UPLINK_ONLINE)
        log_notice("online: %s:%u, MQTT %s", mqtt->host, (unsigned)mqtt->port,
                   delivery->version_5 ? "5" : "3.1.1");
    if (health->state == UPLINK_OFFLINE &&
        (said->state != UPLINK_OFFLINE || strcmp(said->why, health->why) != 0))
        log_warning("offline: %s:%u: %s", mqtt->host, (unsigned)mqtt->port, health->why);
    if (health->deaf != said->deaf)
        log_notice(health->deaf ? "the broker takes events, but nobody has subscribed to them"
                                : "somebody receives the events again");
}

static void report(struct delivery *delivery, uint64_t now_ns)
{
    bool online = delivery->link && delivery->announced && link_state(delivery->link) == LINK_ONLINE;
    // While an attempt is under way the last verdict stands: "connecting" is not news.
    struct health health = delivery->said;
    health.state = online ? UPLINK_ONLINE : UPLINK_OFFLINE;
    bool changed = health.state != delivery->said.state;
    if (!changed && now_ns < delivery->report_ns)
        return;
    delivery->report_ns = now_ns + REPORT_NS;
    snprintf(health.why, sizeof health.why, "%s", online ? "" : delivery->why);
    outbox_report(delivery->outbox, &health);
    if (online && delivery->commands_refused && !health.why[0])
        snprintf(health.why, sizeof health.why, "the broker does not let this gateway receive commands");
    log_change(delivery, &health);
    delivery->said = health;
    exchange_put_health(delivery->exchange, &health);
}

// ---- The loop

static int wait_ms(const struct delivery *delivery, uint64_t now_ns)
{
    if (delivery->link && link_pending(delivery->link))
        return 0;
    uint64_t deadline = now_ns + LOOP_MS * NS_PER_MS;
    if (!delivery->link && delivery->attempt_ns < deadline)
        deadline = delivery->attempt_ns;
    uint64_t outbox = outbox_deadline_ns(delivery->outbox);
    if (delivery->announced && outbox < deadline)
        deadline = outbox;
    return deadline <= now_ns ? 0 : (int)((deadline - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}

static void wait_and_service(struct delivery *delivery, int timeout_ms)
{
    struct pollfd fds[2] = { { .fd = exchange_delivery_fd(delivery->exchange), .events = POLLIN },
                             { .fd = -1 } };
    if (delivery->link) {
        fds[1].fd = link_fd(delivery->link);
        fds[1].events = link_events(delivery->link);
    }
    if (poll(fds, 2, timeout_ms) < 0)
        return;
    if (fds[0].revents)
        exchange_drain(fds[0].fd);
    if (delivery->link)
        link_service(delivery->link, fds[1].revents);
}

static void turn(struct delivery *delivery)
{
    if (!delivery->link && clock_boottime_ns() >= delivery->attempt_ns)
        attempt(delivery);
    uint64_t now_ns = clock_boottime_ns(); // a name look-up may have taken long
    if (delivery->link) {
        if (link_state(delivery->link) == LINK_CONNECTING && now_ns - delivery->opened_ns > CONNECT_NS)
            link_timed_out(delivery->link);
        if (link_state(delivery->link) == LINK_ONLINE && !delivery->announced)
            announce(delivery);
        if (link_state(delivery->link) == LINK_ONLINE)
            (void)outbox_fill(delivery->outbox, delivery->link, now_ns);
        if (link_state(delivery->link) == LINK_ENDED)
            ended(delivery, now_ns);
    }
    publish_replies(delivery);
    outbox_flush(delivery->outbox, now_ns, false);
    report(delivery, now_ns);
    wait_and_service(delivery, wait_ms(delivery, clock_boottime_ns()));
}

// The state on the disk is right at any moment, so this is courtesy, and bounded.
static void say_goodbye(struct delivery *delivery)
{
    outbox_flush(delivery->outbox, clock_boottime_ns(), true);
    if (!delivery->link || link_state(delivery->link) != LINK_ONLINE)
        return;
    uint64_t until_ns = clock_boottime_ns() + GOODBYE_NS;
    if (publish_status(delivery, "offline", "stopped", &delivery->status_mid) < 0)
        return;
    while (!delivery->status_acknowledged && link_state(delivery->link) == LINK_ONLINE &&
           clock_boottime_ns() < until_ns)
        wait_and_service(delivery, 20);
    link_disconnect(delivery->link);
    while (link_state(delivery->link) == LINK_ONLINE && clock_boottime_ns() < until_ns)
        wait_and_service(delivery, 20);
    outbox_flush(delivery->outbox, clock_boottime_ns(), true);
}

static void *run(void *user)
{
    struct delivery *delivery = user;
    while (!exchange_stopping(delivery->exchange)) {
        exchange_beat(delivery->exchange, false);
        turn(delivery);
    }
    say_goodbye(delivery);
    link_close(delivery->link);
    outbox_free(delivery->outbox);
    struct exchange *exchange = delivery->exchange;
    free(delivery);
    exchange_say_stopped(exchange);
    return NULL;
}

int delivery_start(const struct config *config, struct exchange *exchange, pthread_t *ret_thread)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);
    if (!delivery)
        return -ENOMEM;
    *delivery = (struct delivery){
        .config = config, .exchange = exchange, .version_5 = true, .why = CONNECTING, .said.why = CONNECTING
    };
    delivery->said.state = UPLINK_OFFLINE;
    exchange_put_health(exchange, &delivery->said);
    snprintf(delivery->prefix, sizeof delivery->prefix, "careroom/v1/%s/%s", config->site,
             config->gateway_id);
    snprintf(delivery->client_id, sizeof delivery->client_id, "%s-%s", config->site, config->gateway_id);
    int r = clock_boot_id(delivery->boot_id, sizeof delivery->boot_id);
    delivery->outbox = r == 0 ? outbox_new(config, delivery->prefix) : NULL;
    if (r == 0)
        r = delivery->outbox ? -pthread_create(ret_thread, NULL, run, delivery) : -ENOMEM;
    if (r < 0) {
        outbox_free(delivery->outbox);
        free(delivery);
    }
    return r;
}
