// The line of an event: one CloudEvents 1.0 object, ASCII keys in sorted order, no spaces, integers and
// strings only. These bytes are what the journal stores, what MQTT and HTTPS carry and what sha256sum checks.
#ifndef CAREROOM_JOURNAL_LINE_H
#define CAREROOM_JOURNAL_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/common/event.h"

#define LINE_MAX_BYTES 2048
#define HASH_BYTES     32
#define HASH_HEX_SIZE  65

#define LINE_GATEWAY_ROOM "gateway" // stands where an event has no room

// What the journal gives an event at commit.
struct line_numbers {
    uint64_t sequence;            // over all classes, from 1, gapless
    uint64_t classseq;            // within the class, from 1, gapless
    char prev[HASH_HEX_SIZE];     // SHA-256 of the previous line of the class; 64 zeros in its first
    uint64_t feed;                // 0: not of the regulator's feed; else its gapless number there, from 1
    char feedprev[HASH_HEX_SIZE]; // SHA-256 of the previous feed line
};

struct line_identity {
    const char *gateway, *site; // ids
    const char *boot_id;        // of the boot in which the event happened
};

// Encode into buf. Returns the length (without terminator; buf is terminated), or -EMSGSIZE. Strings are
// escaped as RFC 8259 asks; invalid UTF-8 becomes U+FFFD. Data is always an object, {} where there are no
// values. Never blocks.
int line_encode(const struct event *event, const struct line_identity *identity,
                const struct line_numbers *numbers, char *buf, size_t size);

// The commitment to a note, as "note" in the line holds it: SHA-256 of the salt's 16 bytes and the text's.
// 0, -ENODATA (there is no text) or -EIO.
int line_note(const struct event_note *note, char ret_hex[HASH_HEX_SIZE]);

// SHA-256 of bytes as 64 hex digits and a terminator (OpenSSL EVP). 0 or -EIO.
int line_hash(const void *bytes, size_t length, char ret_hex[HASH_HEX_SIZE]);

#endif
