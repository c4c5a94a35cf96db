#include "gateway/journal/line.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

// What is being written. `full` sticks: once a byte did not fit, the line is none.
struct out {
    char *buf;
    size_t size, length;
    bool full;
};

static void put_bytes(struct out *out, const char *bytes, size_t n)
{
    if (out->full || n >= out->size - out->length) { // one byte stays for the terminator
        out->full = true;
        return;
    }
    memcpy(out->buf + out->length, bytes, n);
    out->length += n;
}

static void put_text(struct out *out, const char *text)
{
    put_bytes(out, text, strlen(text));
}

// Length of the UTF-8 character at s or, where there is none, of the longest beginning of one (Unicode's rule
// for how many U+FFFD stand for damaged text). Overlong forms, surrogates and numbers above U+10FFFF are no
// characters.
static size_t utf8_span(const unsigned char *s, size_t left, bool *ret_valid)
{
    unsigned char lead = s[0];
    *ret_valid = lead < 0x80;
    if (lead < 0xC2 || lead > 0xF4) {
        return 1;
    }
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t span = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < span; i++) {
        if (i == left || s[i] < low || s[i] > high) {
            return i;
        }
        low = 0x80;
        high = 0xBF;
    }
    *ret_valid = true;
    return span;
}

static void put_control(struct out *out, unsigned char c)
{
    static const char *const short_forms[0x20] = {
        ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t",
    };
    static const char digits[] = "0123456789abcdef";
    if (short_forms[c]) {
        put_text(out, short_forms[c]);
        return;
    }
    char escape[] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
    put_bytes(out, escape, sizeof escape);
}

// The inside of a JSON string, of at most `length` bytes of text.
static void put_escaped(struct out *out, const char *text, size_t length)
{
    for (size_t i = 0, span; i < length; i += span) {
        bool valid;
        span = utf8_span((const unsigned char *)text + i, length - i, &valid);
        if (!valid) {
            put_text(out, "\xEF\xBF\xBD"); // U+FFFD
        } else if ((unsigned char)text[i] < 0x20) {
            put_control(out, (unsigned char)text[i]);
        } else {
            if (text[i] == '"' || text[i] == '\\') {
                put_text(out, "\\");
            }
            put_bytes(out, text + i, span);
        }
    }
}

// Keys are ours: ASCII, nothing to escape.
static void put_key(struct out *out, const char *key)
{
    if (out->length > 0 && out->buf[out->length - 1] != '{') {
        put_text(out, ",");
    }
    put_text(out, "\"");
    put_text(out, key);
    put_text(out, "\":");
}

static void put_string(struct out *out, const char *text, size_t length)
{
    put_text(out, "\"");
    put_escaped(out, text, length);
    put_text(out, "\"");
}

static void put_member(struct out *out, const char *key, const char *text)
{
    put_key(out, key);
    put_string(out, text, strlen(text));
}

// A member whose text is pieces one after the other; NULL ends them.
static void put_joined(struct out *out, const char *key, const char *const *pieces)
{
    put_key(out, key);
    put_text(out, "\"");
    for (; *pieces; pieces++) {
        put_escaped(out, *pieces, strlen(*pieces));
    }
    put_text(out, "\"");
}

// 64-bit numbers of the envelope are decimal strings: CloudEvents' attributes know 32-bit integers and
// strings alone.
static void put_decimal(struct out *out, const char *key, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    put_member(out, key, text);
}

static void put_value(struct out *out, const struct event_value *value)
{
    put_key(out, event_field_names[value->field]);
    if (value->word) {
        put_string(out, value->word, strlen(value->word));
        return;
    }
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value->number);
    put_text(out, text);
}

int line_note(const struct event_note *note, char ret_hex[HASH_HEX_SIZE])
{
    unsigned char salted[NOTE_SALT_SIZE + NOTE_SIZE];
    size_t length = strnlen(note->text, NOTE_SIZE);
    if (length == 0) {
        return -ENODATA;
    }
    memcpy(salted, note->salt, NOTE_SALT_SIZE);
    memcpy(salted + NOTE_SALT_SIZE, note->text, length);
    return line_hash(salted, NOTE_SALT_SIZE + length, ret_hex);
}

// Fields are declared in ASCII order of their names, so filing them by field is sorting them.
static void put_data(struct out *out, const struct event *event)
{
    const struct event_value *filed[FIELD_COUNT] = { NULL };
    for (unsigned i = 0; i < event->n_values; i++) {
        filed[event->values[i].field] = &event->values[i];
    }
    size_t actor = strnlen(event->actor, ACTOR_SIZE), person = strnlen(event->person, PSEUDONYM_SIZE);
    char note[HASH_HEX_SIZE];
    bool noted = line_note(&event->note, note) == 0;
    put_key(out, "data");
    put_text(out, "{");
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        if (field == FIELD_ACTOR && actor > 0) {
            put_key(out, event_field_names[field]);
            put_string(out, event->actor, actor);
        } else if (field == FIELD_PERSON && person > 0) {
            put_key(out, event_field_names[field]);
            put_string(out, event->person, person);
        } else if (field == FIELD_NOTE && noted) {
            put_member(out, event_field_names[field], note);
        } else if (filed[field]) {
            put_value(out, filed[field]);
        }
    }
    put_text(out, "}");
}

static void put_feed(struct out *out, const struct line_numbers *numbers)
{
    if (numbers->feed != 0) {
        put_decimal(out, "feed", numbers->feed);
        put_member(out, "feedprev", numbers->feedprev);
    }
}

// The members in ASCII order of their keys.
static void put_line(struct out *out, const struct event *event, const struct line_identity *identity,
                     const struct line_numbers *numbers)
{
    char sequence[24], time[32];
    snprintf(sequence, sizeof sequence, "%" PRIu64, numbers->sequence);
    clock_format_utc(event->wall_ms, time, sizeof time);
    const char *room = event->room ? event->room : LINE_GATEWAY_ROOM;

    put_text(out, "{");
    put_member(out, "bootid", identity->boot_id);
    put_decimal(out, "boottimens", event->boottime_ns);
    put_member(out, "class", event_class_names[event->class]);
    put_decimal(out, "classseq", numbers->classseq);
    put_member(out, "clock", clock_quality_names[event->clock]);
    put_data(out, event);
    put_feed(out, numbers);
    put_joined(out, "id", (const char *const[]){ identity->gateway, "/", sequence, NULL });
    put_member(out, "prev", numbers->prev);
    put_member(out, "sequence", sequence);
    put_joined(out, "source", (const char *const[]){ "/", identity->site, "/", identity->gateway, NULL });
    put_member(out, "specversion", "1.0");
    put_joined(out, "subject", (const char *const[]){ room, event->item ? "/" : NULL, event->item, NULL });
    put_member(out, "time", time);
    put_member(out, "type", event_type_names[event->type]);
    put_text(out, "}");
}

int line_encode(const struct event *event, const struct line_identity *identity,
                const struct line_numbers *numbers, char *buf, size_t size)
{
    struct out out = { .buf = buf, .size = size };
    put_line(&out, event, identity, numbers);
    if (out.full) {
        return -EMSGSIZE;
    }
    buf[out.length] = '\0';
    return (int)out.length;
}

int line_hash(const void *bytes, size_t length, char ret_hex[HASH_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[HASH_BYTES];
    unsigned int n = 0;
    if (EVP_Digest(bytes, length, hash, &n, EVP_sha256(), NULL) != 1 || n != HASH_BYTES) {
        return -EIO;
    }
    for (size_t i = 0; i < HASH_BYTES; i++) {
        ret_hex[2 * i] = digits[hash[i] >> 4];
        ret_hex[2 * i + 1] = digits[hash[i] & 15];
    }
    ret_hex[2 * HASH_BYTES] = '\0';
    return 0;
}
