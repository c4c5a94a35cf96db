// Commands from MQTT: <prefix>/command/<name>, and what is answered. Pure: a message in, a request to the
// guard or a refusal out. Whatever arrives, the answer is a sentence and a code, never a crash.
#ifndef CAREROOM_UPLINK_COMMAND_H
#define CAREROOM_UPLINK_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/config.h"
#include "gateway/common/ids.h"

#define COMMAND_PAYLOAD_MAX     4096
#define COMMAND_CORRELATION_MAX 256
#define COMMAND_TOPIC_SIZE      256
#define COMMAND_ASK_SIZE        384
#define COMMAND_ID_SIZE         65

struct command_message {
    const char *topic;
    const void *payload; // not terminated
    size_t length;
    bool retained;
    const char *response_topic; // NULL: none (always in MQTT 3.1.1)
    const void *correlation;    // NULL: none
    size_t correlation_length;
};

struct command {
    char name[ID_SIZE];             // "acknowledge"; "unknown" where the topic names none
    char id[COMMAND_ID_SIZE];       // the sender's, comes back in the reply; may be empty
    char topic[COMMAND_TOPIC_SIZE]; // where the reply goes
    uint8_t correlation[COMMAND_CORRELATION_MAX];
    size_t correlation_length;
    char ask[COMMAND_ASK_SIZE]; // the request's line to the guard, without "seq"
};

// Why a command is refused here, without asking the guard.
struct command_refusal {
    const char *code;  // "malformed", "unknown-command", …
    const char *error; // a sentence: what is wrong, and what to do
};

// 0: ret_command->ask is to be sent. -EINVAL: *ret_refusal says why (static strings). In both cases name, id,
// topic and correlation of *ret_command are set, so that the sender can be answered. `config` names the
// rooms, whose topics no reply may take.
int command_read(const char *prefix, const struct config *config, const struct command_message *message,
                 struct command *ret_command, struct command_refusal *ret_refusal);

// The reply's payload. NULL where memory has run out; the caller frees it.
char *command_refused(const struct command *command, const struct command_refusal *refusal);
// The guard's answer with the sender's id in it and without "seq"; an answer that is no JSON object becomes a
// refusal.
char *command_answered(const struct command *command, const char *guard_line);

#endif
