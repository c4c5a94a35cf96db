// Identifiers that people write: rooms, points, rules, outputs.
#ifndef CAREROOM_COMMON_IDS_H
#define CAREROOM_COMMON_IDS_H

#include <stdbool.h>
#include <stddef.h>

// Longest identifier without its terminator, and the buffer that holds one.
#define ID_LENGTH 32
#define ID_SIZE   (ID_LENGTH + 1)

// True for 1 to 32 characters of [a-z0-9-]. Never blocks; any thread.
bool id_valid(const char *text);

// True for words that may not name a room, because a topic below the MQTT prefix has them:
// status, child, command, reply, gateway, homeassistant.
bool id_reserved(const char *text);

// What a full name such as "butterfly/smoke-1" needs at most: two ids, '/', an ".isolated" suffix, the
// terminator.
#define NAME_SIZE (2 * ID_LENGTH + 1 + 9 + 1)

#endif
