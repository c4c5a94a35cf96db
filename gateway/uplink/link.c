#include "gateway/uplink/link.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/uplink/tls.h"

#define PASSWORD_MAX 1024
#define WILL_DELAY_S 5 // a short loss of the connection is not "offline"
#define WHY_SIZE     160

struct link {
    struct mosquitto *mosquitto;
    struct tls *tls;
    const struct link_handlers *handlers;
    void *user;
    bool version_5;
    bool goodbye;
    enum link_state state;
    enum link_end end;
    int end_reason;
    unsigned receive_maximum;
    char why[WHY_SIZE];
    char library_says[WHY_SIZE]; // the library's last error line, the only place where it explains TLS errors
};

// The first reason is the cause; later ones are its consequences.
static void finish(struct link *link, enum link_end end, int reason, const char *why)
{
    if (link->state == LINK_ENDED)
        return;
    link->state = LINK_ENDED;
    link->end = end;
    link->end_reason = reason;
    snprintf(link->why, sizeof link->why, "%s", why);
}

static bool reason_is_about_a_message(int reason)
{
    return reason == MQTT_RC_PACKET_TOO_LARGE || reason == MQTT_RC_PAYLOAD_FORMAT_INVALID ||
           reason == MQTT_RC_TOPIC_NAME_INVALID;
}

static void on_connect(struct mosquitto *mosquitto, void *user, int reason, int flags,
                       const mosquitto_property *properties)
{
    (void)mosquitto, (void)flags;
    struct link *link = user;
    uint16_t maximum;
    if (reason == 0) {
        link->receive_maximum = 65535;
        if (mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM, &maximum, false) &&
            maximum > 0)
            link->receive_maximum = maximum;
        link->state = LINK_ONLINE;
        return;
    }
    char why[WHY_SIZE];
    // A broker without MQTT 5 may answer in the form of 3.1.1 (code 1).
    if (link->version_5 &&
        (reason == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION || reason == CONNACK_REFUSED_PROTOCOL_VERSION)) {
        finish(link, LINK_END_VERSION_REFUSED, reason, "the broker does not know MQTT 5");
        return;
    }
    snprintf(why, sizeof why, "the broker refused: %s",
             link->version_5 ? mosquitto_reason_string(reason) : mosquitto_connack_string(reason));
    finish(link, LINK_END_LOST, reason, why);
}

static void on_disconnect(struct mosquitto *mosquitto, void *user, int reason,
                          const mosquitto_property *properties)
{
    (void)mosquitto, (void)properties;
    struct link *link = user;
    char why[WHY_SIZE];
    // Below 0x80 it is the library's own error number, which link_service() gets as well.
    if (link->goodbye)
        finish(link, LINK_END_LOST, 0, "stopped");
    if (reason < 0x80)
        return;
    snprintf(why, sizeof why, "the broker ended the connection: %s", mosquitto_reason_string(reason));
    finish(link, reason_is_about_a_message(reason) ? LINK_END_MESSAGE_REFUSED : LINK_END_LOST, reason, why);
}

static void on_publish(struct mosquitto *mosquitto, void *user, int mid, int reason,
                       const mosquitto_property *properties)
{
    (void)mosquitto, (void)properties;
    struct link *link = user;
    link->handlers->acknowledged(link->user, mid, reason);
}

static void on_message(struct mosquitto *mosquitto, void *user, const struct mosquitto_message *message,
                       const mosquitto_property *properties)
{
    (void)mosquitto;
    struct link *link = user;
    char *response_topic = NULL;
    void *correlation = NULL;
    uint16_t correlation_length = 0;
    mosquitto_property_read_string(properties, MQTT_PROP_RESPONSE_TOPIC, &response_topic, false);
    mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &correlation, &correlation_length,
                                   false);
    link->handlers->message(link->user, &(struct link_message){
                                            .topic = message->topic,
                                            .payload = message->payload,
                                            .length = (size_t)message->payloadlen,
                                            .retained = message->retain,
                                            .response_topic = response_topic,
                                            .correlation = correlation,
                                            .correlation_length = correlation_length,
                                        });
    free(response_topic);
    free(correlation);
}

static void on_subscribe(struct mosquitto *mosquitto, void *user, int mid, int n_granted, const int *granted,
                         const mosquitto_property *properties)
{
    (void)mosquitto, (void)mid, (void)properties;
    struct link *link = user;
    link->handlers->subscribed(link->user, n_granted > 0 && granted[0] < 0x80);
}

static void on_log(struct mosquitto *mosquitto, void *user, int level, const char *text)
{
    (void)mosquitto;
    struct link *link = user;
    if (level == MOSQ_LOG_ERR)
        snprintf(link->library_says, sizeof link->library_says, "%s", text);
}

// The file's first line is the password. One that everybody may read is no secret and is not used.
static int read_password(const char *file, char password[PASSWORD_MAX], char *why, size_t why_size)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0) {
        snprintf(why, why_size, "password file %s: %s", file, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -EINVAL;
    }
    ssize_t length = read(fd, password, PASSWORD_MAX - 1);
    close(fd);
    if (status.st_mode & S_IROTH)
        snprintf(why, why_size, "password file %s may be read by everybody and is not used; chmod 0640 %s",
                 file, file);
    else if (length <= 0 || length == PASSWORD_MAX - 1)
        snprintf(why, why_size, "password file %s is empty or too long", file);
    else {
        password[length] = '\0';
        password[strcspn(password, "\r\n")] = '\0';
        return 0;
    }
    explicit_bzero(password, PASSWORD_MAX);
    return -EINVAL;
}

static int set_password(struct link *link, const struct config_mqtt *mqtt, char *why, size_t why_size)
{
    char password[PASSWORD_MAX];
    if (!mqtt->username)
        return 0;
    if (mqtt->password_file) {
        int r = read_password(mqtt->password_file, password, why, why_size);
        if (r < 0)
            return r;
    }
    int rc =
        mosquitto_username_pw_set(link->mosquitto, mqtt->username, mqtt->password_file ? password : NULL);
    explicit_bzero(password, sizeof password);
    if (rc == MOSQ_ERR_SUCCESS)
        return 0;
    snprintf(why, why_size, "user name or password: %s", mosquitto_strerror(rc));
    return -EINVAL;
}

static int set_tls(struct link *link, const struct config_mqtt *mqtt, char *why, size_t why_size)
{
    if (!mqtt->tls)
        return 0;
    int r = tls_new(mqtt, &link->tls, why, why_size);
    if (r < 0)
        return r;
    // Ours as it is: the library's defaults would replace the verification.
    int rc = mosquitto_int_option(link->mosquitto, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_void_option(link->mosquitto, MOSQ_OPT_SSL_CTX, tls_context(link->tls));
    if (rc == MOSQ_ERR_SUCCESS)
        return 0;
    snprintf(why, why_size, "TLS: %s", mosquitto_strerror(rc));
    return -EINVAL;
}

static int set_will(struct link *link, const struct link_options *options, char *why, size_t why_size)
{
    mosquitto_property *properties = NULL;
    if (options->version_5)
        mosquitto_property_add_int32(&properties, MQTT_PROP_WILL_DELAY_INTERVAL, WILL_DELAY_S);
    int rc = mosquitto_will_set_v5(link->mosquitto, options->will_topic, (int)strlen(options->will),
                                   options->will, 1, true, properties); // takes the properties over
    if (rc == MOSQ_ERR_SUCCESS)
        return 0;
    mosquitto_property_free_all(&properties);
    snprintf(why, why_size, "last will: %s", mosquitto_strerror(rc));
    return -EINVAL;
}

static void set_options(struct link *link)
{
    struct mosquitto *mosquitto = link->mosquitto;
    mosquitto_int_option(mosquitto, MOSQ_OPT_PROTOCOL_VERSION,
                         link->version_5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
    mosquitto_int_option(mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_connect_v5_callback_set(mosquitto, on_connect);
    mosquitto_disconnect_v5_callback_set(mosquitto, on_disconnect);
    mosquitto_publish_v5_callback_set(mosquitto, on_publish);
    mosquitto_message_v5_callback_set(mosquitto, on_message);
    mosquitto_subscribe_v5_callback_set(mosquitto, on_subscribe);
    mosquitto_log_callback_set(mosquitto, on_log);
}

// What a return value of the library means for people.
static void explain(const struct link *link, int rc, char *why, size_t why_size)
{
    const char *refusal = link->tls ? tls_refusal(link->tls) : NULL;
    if (refusal)
        snprintf(why, why_size, "the broker's certificate was refused: %s", refusal);
    else if (link->library_says[0])
        snprintf(why, why_size, "%s", link->library_says);
    else if (rc == MOSQ_ERR_ERRNO)
        snprintf(why, why_size, "%s", strerror(errno));
    else if (rc == MOSQ_ERR_EAI || rc == MOSQ_ERR_LOOKUP)
        snprintf(why, why_size, "the broker's name could not be looked up");
    else
        snprintf(why, why_size, "%s", mosquitto_strerror(rc));
}

// The library tries one address only, so a host whose IPv6 (or IPv4) does not work would never be reached:
// the local address decides the family. *ret_bind_address is NULL where the host has one family alone.
static int choose_family(const char *host, unsigned attempt, const char **ret_bind_address, char *why,
                         size_t why_size)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *addresses;
    int error = getaddrinfo(host, NULL, &hints, &addresses);
    if (error == EAI_ADDRFAMILY) // a literal address of a family that this board has none of, such as ::1
        error = getaddrinfo(host, NULL, &(const struct addrinfo){ .ai_socktype = SOCK_STREAM }, &addresses);
    if (error != 0) {
        snprintf(why, why_size, "the broker's name could not be looked up: %s", gai_strerror(error));
        return -EINVAL;
    }
    bool both = false;
    int first = addresses->ai_family;
    for (const struct addrinfo *address = addresses; address; address = address->ai_next)
        both = both || address->ai_family != first;
    freeaddrinfo(addresses);
    bool ipv4 = (first == AF_INET) == (attempt % 2 == 0);
    *ret_bind_address = !both ? NULL : ipv4 ? "0.0.0.0" : "::";
    return 0;
}

static int set_up(struct link *link, const struct link_options *options, char *why, size_t why_size)
{
    const struct config_mqtt *mqtt = options->mqtt;
    const char *bind_address = NULL;
    set_options(link);
    int r = set_password(link, mqtt, why, why_size);
    if (r == 0)
        r = set_tls(link, mqtt, why, why_size);
    if (r == 0)
        r = set_will(link, options, why, why_size);
    if (r == 0)
        r = choose_family(mqtt->host, options->attempt, &bind_address, why, why_size);
    if (r < 0)
        return r;
    int rc = mosquitto_connect_bind_async(link->mosquitto, mqtt->host, mqtt->port, (int)mqtt->keepalive_s,
                                          bind_address);
    if (rc == MOSQ_ERR_SUCCESS)
        return 0;
    explain(link, rc, why, why_size);
    return -EINVAL;
}

int link_open(const struct link_options *options, struct link **ret_link, char *why, size_t why_size)
{
    struct link *link = calloc(1, sizeof *link);
    if (!link)
        return -ENOMEM;
    *link = (struct link){ .handlers = options->handlers,
                           .user = options->user,
                           .version_5 = options->version_5,
                           .receive_maximum = 65535 };
    link->mosquitto = mosquitto_new(options->client_id, true, link);
    int r = link->mosquitto ? set_up(link, options, why, why_size) : -ENOMEM;
    if (r < 0) {
        link_close(link);
        return r;
    }
    *ret_link = link;
    return 0;
}

void link_close(struct link *link)
{
    if (!link)
        return;
    mosquitto_destroy(link->mosquitto);
    tls_free(link->tls); // after the client, whose handshake may look into it
    free(link);
}

enum link_state link_state(const struct link *link)
{
    return link->state;
}

enum link_end link_end(const struct link *link)
{
    return link->end;
}

int link_end_reason(const struct link *link)
{
    return link->end_reason;
}

const char *link_why(const struct link *link)
{
    return link->why;
}

unsigned link_receive_maximum(const struct link *link)
{
    return link->receive_maximum;
}

int link_fd(const struct link *link)
{
    return mosquitto_socket(link->mosquitto);
}

short link_events(const struct link *link)
{
    return (short)(POLLIN | (mosquitto_want_write(link->mosquitto) ? POLLOUT : 0));
}

bool link_pending(const struct link *link)
{
    const SSL *ssl = mosquitto_ssl_get(link->mosquitto);
    return ssl && SSL_pending(ssl) > 0;
}

static bool serviced(struct link *link, int rc)
{
    if (rc == MOSQ_ERR_SUCCESS)
        return link->state != LINK_ENDED;
    // An answer to CONNECT in the form of 3.1.1: newer libraries do not read it, and do not call
    // on_connect().
    if (rc == MOSQ_ERR_MALFORMED_PACKET && link->version_5 && link->state != LINK_ONLINE) {
        finish(link, LINK_END_VERSION_REFUSED, 0, "the broker does not know MQTT 5");
        return false;
    }
    char why[WHY_SIZE];
    explain(link, rc, why, sizeof why);
    finish(link, LINK_END_LOST, 0, why);
    return false;
}

void link_service(struct link *link, short revents)
{
    if (link->state == LINK_ENDED)
        return;
    if ((revents & (POLLIN | POLLERR | POLLHUP)) || link_pending(link))
        if (!serviced(link, mosquitto_loop_read(link->mosquitto, 1)))
            return;
    if ((revents & POLLOUT) || mosquitto_want_write(link->mosquitto))
        if (!serviced(link, mosquitto_loop_write(link->mosquitto, 1)))
            return;
    serviced(link, mosquitto_loop_misc(link->mosquitto));
}

void link_timed_out(struct link *link)
{
    finish(link, LINK_END_LOST, 0, "the broker does not answer");
}

static int add_properties(const struct link_properties *from, mosquitto_property **to)
{
    int rc = MOSQ_ERR_SUCCESS;
    if (from->content_type)
        rc = mosquitto_property_add_string(to, MQTT_PROP_CONTENT_TYPE, from->content_type);
    if (rc == MOSQ_ERR_SUCCESS && from->correlation_length > 0)
        rc = mosquitto_property_add_binary(to, MQTT_PROP_CORRELATION_DATA, from->correlation,
                                           (uint16_t)from->correlation_length);
    for (size_t i = 0; rc == MOSQ_ERR_SUCCESS && i < 3 && from->user[i][0]; i++)
        rc = mosquitto_property_add_string_pair(to, MQTT_PROP_USER_PROPERTY, from->user[i][0],
                                                from->user[i][1]);
    return rc;
}

static int to_errno(struct link *link, int rc)
{
    switch (rc) {
    case MOSQ_ERR_SUCCESS:
        return 0;
    case MOSQ_ERR_OVERSIZE_PACKET:
        return -EMSGSIZE;
    case MOSQ_ERR_INVAL:
    case MOSQ_ERR_MALFORMED_UTF8:
    case MOSQ_ERR_PAYLOAD_SIZE:
        return -EINVAL;
    case MOSQ_ERR_NOMEM:
        return -ENOMEM;
    default: // the library's numbers, not our enum: all others are the connection's
        serviced(link, rc);
        return -ENOTCONN;
    }
}

int link_publish(struct link *link, const char *topic, const void *payload, size_t length, bool retain,
                 const struct link_properties *properties, int *ret_mid)
{
    mosquitto_property *list = NULL;
    int rc = link->version_5 && properties ? add_properties(properties, &list) : MOSQ_ERR_SUCCESS;
    int mid = 0;
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_publish_v5(link->mosquitto, &mid, topic, (int)length, payload, 1, retain, list);
    mosquitto_property_free_all(&list);
    int r = to_errno(link, rc);
    if (r == 0)
        *ret_mid = mid;
    return r;
}

int link_subscribe(struct link *link, const char *filter)
{
    return to_errno(link, mosquitto_subscribe_v5(link->mosquitto, NULL, filter, 1, 0, NULL));
}

void link_disconnect(struct link *link)
{
    link->goodbye = true;
    serviced(link, mosquitto_disconnect_v5(link->mosquitto, 0, NULL));
}
