#include "gateway/uplink/outbox.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/common/clock.h"
#include "gateway/common/log.h"
#include "gateway/journal/cursor.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/reader.h"
#include "gateway/uplink/backoff.h"
#include "gateway/uplink/raises.h"
#include "gateway/uplink/standing.h"
#include "gateway/uplink/window.h"

#define TARGET           "mqtt"
#define CONTENT_TYPE     "application/cloudevents+json"
#define FLUSH_NS         (200 * NS_PER_MS) // a commit wears the card: not for every acknowledgement
#define FLUSH_ACKS       256u              // and bounds what is repeated after a power cut
#define REOPEN_NS        NS_PER_S
#define SUSPECT_ACKS     (2 * WINDOW_MAX) // one at a time until all that was on its way has passed
#define SUSPECT_LOSSES   2
#define TOPIC_SIZE       256
#define REASON_NO_READER 0x10

struct outbox {
    const struct config *config;
    const char *prefix;
    struct journal_reader *reader;
    struct cursors *cursors;
    uint64_t reopen_ns; // no attempt to open the files before
    struct window window;
    bool window_ready;
    unsigned limit;  // of the link that is online
    unsigned losses; // of the connection, in a row, with something on its way and nothing taken in between
    enum event_class suspect_class; // the last that was alone on its way when the connection broke
    uint64_t suspect_classseq;
    unsigned suspect_acks; // more than 0: one publish at a time, since a message made the broker hang up
    uint64_t written[CLASS_COUNT]; // cursors on the disk
    unsigned unwritten;            // acknowledgements since the last write
    uint64_t flush_ns;             // when they are to be written; 0: nothing to write
    struct backoff hold_backoff[CLASS_COUNT];
    int hold_reason[CLASS_COUNT];
    bool deaf;
    uint64_t parked;
    char trouble[160]; // with the files; empty: none
    struct raises raises;
};

struct outbox *outbox_new(const struct config *config, const char *prefix)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox) {
        outbox->config = config;
        outbox->prefix = prefix;
        outbox->limit = config->mqtt.window;
    }
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    if (!outbox)
        return;
    journal_reader_close(outbox->reader);
    cursors_close(outbox->cursors);
    free(outbox);
}

// Trouble with a file: said once when it changes, tried again after a second.
static void trouble(struct outbox *outbox, uint64_t now_ns, const char *what, int error)
{
    char text[sizeof outbox->trouble];
    snprintf(text, sizeof text, "%s: %s", what,
             error == -EUCLEAN ? "damaged or not careroom's" : strerror(-error));
    if (strcmp(text, outbox->trouble) != 0)
        log_warning("%s", text);
    memcpy(outbox->trouble, text, sizeof text);
    outbox->reopen_ns = now_ns + REOPEN_NS;
}

static void recovered(struct outbox *outbox)
{
    if (outbox->trouble[0])
        log_notice("journal and cursors can be used again");
    outbox->trouble[0] = '\0';
}

static int open_cursors(struct outbox *outbox)
{
    // A folder of our own: the rest of state_dir is the guard's to write and ours to read.
    char folder[4096], file[4096 + sizeof "/uplink.db"];
    snprintf(folder, sizeof folder, "%s/uplink", outbox->config->state_dir);
    snprintf(file, sizeof file, "%s/uplink.db", folder);
    int r = mkdir(folder, 0750) < 0 && errno != EEXIST ? -errno : cursors_open(file, &outbox->cursors);
    for (enum event_class class = 0; r == 0 && class < CLASS_COUNT; class ++)
        r = cursors_get(outbox->cursors, TARGET, class, &outbox->written[class]);
    if (r == 0)
        r = cursors_parked(outbox->cursors, TARGET, &outbox->parked);
    if (r < 0) {
        cursors_close(outbox->cursors);
        outbox->cursors = NULL;
    }
    return r;
}

// A journal that is shorter than what was delivered of it is another one (a new card, an old copy): nothing
// in it can be taken for delivered.
static int start_window(struct outbox *outbox)
{
    struct journal_extent extent;
    int r = journal_extent(outbox->reader, &extent);
    if (r < 0)
        return r;
    uint64_t from[CLASS_COUNT];
    for (enum event_class class = 0; class < CLASS_COUNT; class ++) {
        from[class] = outbox->written[class];
        if (extent.classseq[class] >= from[class])
            continue;
        log_warning("the journal ends before what was delivered of class %s; delivering all of it again",
                    event_class_names[class]);
        from[class] = 0;
    }
    window_init(&outbox->window, outbox->suspect_acks > 0 ? 1 : outbox->limit, from);
    outbox->window_ready = true;
    return 0;
}

// 0 when journal, cursors and window are ready.
static int make_ready(struct outbox *outbox, uint64_t now_ns)
{
    if (outbox->reader && outbox->cursors && outbox->window_ready)
        return 0;
    if (now_ns < outbox->reopen_ns)
        return -EAGAIN;
    int r = outbox->cursors ? 0 : open_cursors(outbox);
    if (r < 0) {
        trouble(outbox, now_ns, "cursors (uplink.db)", r);
        return r;
    }
    char file[4096];
    snprintf(file, sizeof file, "%s/" JOURNAL_FILE, outbox->config->state_dir);
    if (!outbox->reader)
        r = journal_reader_open(file, &outbox->reader);
    if (r == 0 && !outbox->window_ready)
        r = start_window(outbox);
    if (r < 0)
        trouble(outbox, now_ns, "journal", r);
    else
        recovered(outbox);
    return r;
}

void outbox_connected(struct outbox *outbox, unsigned receive_maximum)
{
    outbox->limit =
        outbox->config->mqtt.window < receive_maximum ? outbox->config->mqtt.window : receive_maximum;
    if (outbox->window_ready)
        window_restart(&outbox->window, outbox->suspect_acks > 0 ? 1 : outbox->limit);
}

static void park(struct outbox *outbox, enum event_class class, uint64_t classseq, int reason)
{
    log_warning("event %llu of class %s can't be delivered and is parked: %s", (unsigned long long)classseq,
                event_class_names[class], mosquitto_reason_string(reason));
    int r = cursors_park(outbox->cursors, TARGET, class, classseq, reason);
    if (r < 0)
        log_warning("cursors (uplink.db): %s", strerror(-r));
    outbox->parked++;
}

static void note_progress(struct outbox *outbox, uint64_t now_ns)
{
    outbox->unwritten++;
    if (outbox->flush_ns == 0)
        outbox->flush_ns = now_ns + FLUSH_NS;
}

// 1: handed over or set aside; negative: the link has ended, or memory has run out.
static int send_event(struct outbox *outbox, struct link *link, const struct journal_row *row,
                      uint64_t now_ns)
{
    struct line_view view;
    bool readable = line_view(row->line, row->length, &view) == 0;
    char topic[TOPIC_SIZE];
    snprintf(topic, sizeof topic, "%s/%s/event/%s", outbox->prefix, row->room, event_class_names[row->class]);
    struct link_properties properties = {
        .content_type = CONTENT_TYPE,
        .user = { { "id", view.id }, { "class", event_class_names[row->class] }, { "clock", view.clock } },
    };
    bool standing = readable && view.alarm[0] != '\0';
    int mid;
    int r = link_publish(link, topic, row->line, row->length, false, readable ? &properties : NULL, &mid);
    if (r == 0) {
        window_sent_event(&outbox->window, row->class, row->classseq, standing, mid);
        return 1;
    }
    if (r != -EMSGSIZE && r != -EINVAL)
        return r;
    park(outbox, row->class, row->classseq,
         r == -EMSGSIZE ? MQTT_RC_PACKET_TOO_LARGE : MQTT_RC_TOPIC_NAME_INVALID);
    window_skip_event(&outbox->window, row->class, row->classseq, standing);
    note_progress(outbox, now_ns);
    return 1;
}

static int send_standing(struct outbox *outbox, struct link *link, const struct journal_row *row)
{
    enum event_class class = row->class;
    uint64_t classseq = row->classseq;
    char room[ID_SIZE], topic[TOPIC_SIZE], payload[1024];
    struct line_view view;
    snprintf(room, sizeof room, "%s", row->room);
    int length = line_view(row->line, row->length, &view);
    snprintf(topic, sizeof topic, "%s/%s/alarm/%s", outbox->prefix, room, view.alarm);
    if (length == 0 && !standing_over(&view))
        length = standing_encode(room, &view,
                                 raises_since(&outbox->raises, outbox->reader, class, classseq, room, &view),
                                 payload, sizeof payload);
    int mid, r = length < 0 ? -EINVAL : link_publish(link, topic, payload, (size_t)length, true, NULL, &mid);
    if (r == 0)
        window_sent_standing(&outbox->window, class, classseq, mid);
    else if (r == -EMSGSIZE || r == -EINVAL)
        window_skip_standing(&outbox->window, class, classseq);
    else
        return r;
    return 1;
}

// The next publish of a class. 1: done; 0: it has nothing, or no room; negative errno.
static int send_next(struct outbox *outbox, struct link *link, enum event_class class, uint64_t now_ns)
{
    uint64_t after;
    struct journal_row row;
    enum window_want want = window_want(&outbox->window, class, now_ns, &after);
    if (want == WINDOW_WANT_NOTHING)
        return 0;
    int r = journal_next_of_class(outbox->reader, class, after, &row);
    if (r < 0) {
        trouble(outbox, now_ns, "journal", r);
        journal_reader_close(outbox->reader);
        outbox->reader = NULL;
        return -EIO;
    }
    if (want == WINDOW_WANT_EVENT)
        return r == 0 ? 0 : send_event(outbox, link, &row, now_ns);
    if (r == 1 && row.classseq == after + 1)
        return send_standing(outbox, link, &row);
    window_skip_standing(&outbox->window, class, after + 1); // expired from the journal in between
    return 1;
}

int outbox_fill(struct outbox *outbox, struct link *link, uint64_t now_ns)
{
    if (make_ready(outbox, now_ns) < 0)
        return 0;
    // Back to fire after every publish: a new fire event never waits for a backlog.
    enum event_class class = 0;
    while (class < CLASS_COUNT) {
        int r = send_next(outbox, link, class, now_ns);
        if (r == -ENOTCONN)
            return r;
        if (r < 0)
            return 0;
        class = r == 1 ? 0 : class + 1;
    }
    return 0;
}

static void held(struct outbox *outbox, enum event_class class, int reason)
{
    if (outbox->hold_reason[class] != reason)
        log_warning("the broker refuses class %s for now: %s; the other classes go on",
                    event_class_names[class], mosquitto_reason_string(reason));
    outbox->hold_reason[class] = reason;
}

static void taken(struct outbox *outbox, const struct window_result *result, int reason, uint64_t now_ns)
{
    if (outbox->hold_reason[result->class] && !window_held(&outbox->window, result->class)) {
        log_notice("the broker takes class %s again", event_class_names[result->class]);
        outbox->hold_reason[result->class] = 0;
        backoff_reset(&outbox->hold_backoff[result->class]);
    }
    if (result->part == WINDOW_EVENT)
        outbox->deaf = reason == REASON_NO_READER;
    if (outbox->suspect_acks > 0 && --outbox->suspect_acks == 0)
        outbox->window.limit = outbox->limit;
    outbox->losses = 0;
    note_progress(outbox, now_ns);
}

bool outbox_acknowledged(struct outbox *outbox, int mid, int reason, uint64_t now_ns)
{
    if (!outbox->window_ready)
        return false;
    const struct window_slot *slot = window_slot(&outbox->window, mid);
    if (!slot)
        return false;
    enum event_class class = slot->class;
    // classseq 0: refused together with one before it, which counts once.
    bool refused = reason >= 0x80 && !window_reason_parks(reason) && slot->classseq != 0;
    uint32_t wait_ms = refused ? backoff_failed(&outbox->hold_backoff[class], (uint32_t)random()) : 0;
    struct window_result result = window_acknowledged(&outbox->window, mid, reason, now_ns, wait_ms);
    switch (result.outcome) {
    case WINDOW_UNKNOWN:
        break;
    case WINDOW_HELD:
        held(outbox, result.class, reason);
        break;
    case WINDOW_PARKED:
        if (result.part == WINDOW_EVENT)
            park(outbox, result.class, result.classseq, reason);
        taken(outbox, &result, reason, now_ns);
        break;
    case WINDOW_DELIVERED:
        taken(outbox, &result, reason, now_ns);
        break;
    }
    return true;
}

// The event that was alone on its way when the connection broke.
static void suspect_found(struct outbox *outbox, enum event_class class, uint64_t classseq, int reason,
                          uint64_t now_ns)
{
    if (reason) {
        park(outbox, class, classseq, reason);
        window_restart(&outbox->window, 1);
        window_skip_event(&outbox->window, class, classseq, false);
        note_progress(outbox, now_ns);
        return;
    }
    bool again = outbox->suspect_class == class && outbox->suspect_classseq == classseq;
    outbox->suspect_class = class;
    outbox->suspect_classseq = classseq;
    if (!again)
        return; // once may be the network
    if (!window_held(&outbox->window, class))
        log_warning("the connection breaks whenever event %llu of class %s is sent; the other classes go on",
                    (unsigned long long)classseq, event_class_names[class]);
    outbox->hold_reason[class] = MQTT_RC_UNSPECIFIED;
    uint32_t wait_ms = backoff_failed(&outbox->hold_backoff[class], (uint32_t)random());
    window_hold(&outbox->window, class, now_ns + wait_ms * NS_PER_MS);
}

void outbox_link_ended(struct outbox *outbox, int reason, uint64_t now_ns)
{
    enum event_class class;
    uint64_t classseq;
    if (!outbox->window_ready || outbox->window.used == 0)
        return;
    outbox->losses++;
    if (outbox->suspect_acks > 0 && window_only(&outbox->window, &class, &classseq))
        suspect_found(outbox, class, classseq, reason, now_ns);
    if (reason || outbox->losses >= SUSPECT_LOSSES)
        outbox->suspect_acks = SUSPECT_ACKS;
}

void outbox_flush(struct outbox *outbox, uint64_t now_ns, bool at_once)
{
    if (outbox->flush_ns == 0 || (!at_once && now_ns < outbox->flush_ns && outbox->unwritten < FLUSH_ACKS))
        return;
    outbox->flush_ns = 0;
    outbox->unwritten = 0;
    for (enum event_class class = 0; class < CLASS_COUNT; class ++) {
        uint64_t cursor = window_cursor(&outbox->window, class);
        if (cursor <= outbox->written[class])
            continue;
        int r = cursors_set(outbox->cursors, TARGET, class, cursor);
        if (r < 0) {
            // Delivery goes on; after a restart what is not written is repeated.
            trouble(outbox, now_ns, "cursors (uplink.db)", r);
            outbox->flush_ns = now_ns + REOPEN_NS;
            return;
        }
        outbox->written[class] = cursor;
    }
    if (outbox->reader)
        recovered(outbox);
}

uint64_t outbox_deadline_ns(const struct outbox *outbox)
{
    uint64_t deadline = outbox->window_ready ? window_deadline_ns(&outbox->window) : outbox->reopen_ns;
    if (outbox->flush_ns != 0 && outbox->flush_ns < deadline)
        deadline = outbox->flush_ns;
    return deadline;
}

// The highest sequence up to which nothing is missing: just before the first undelivered event of any class.
static uint64_t delivered_sequence(struct outbox *outbox)
{
    struct journal_extent extent;
    if (journal_extent(outbox->reader, &extent) < 0)
        return 0;
    uint64_t delivered = extent.sequence;
    for (enum event_class class = 0; class < CLASS_COUNT; class ++) {
        struct journal_row row;
        uint64_t cursor = window_cursor(&outbox->window, class);
        if (journal_next_of_class(outbox->reader, class, cursor, &row) == 1 && row.sequence <= delivered)
            delivered = row.sequence - 1;
    }
    return delivered;
}

void outbox_report(struct outbox *outbox, struct health *health)
{
    health->deaf = outbox->deaf;
    health->parked = outbox->parked;
    if (outbox->window_ready && outbox->reader)
        health->delivered = delivered_sequence(outbox);
    for (enum event_class class = 0; class < CLASS_COUNT; class ++) {
        health->held[class] = outbox->window_ready && window_held(&outbox->window, class);
        if (health->held[class] && !health->why[0])
            snprintf(health->why, sizeof health->why, "the broker refuses class %s: %s",
                     event_class_names[class], mosquitto_reason_string(outbox->hold_reason[class]));
    }
    if (outbox->trouble[0])
        memcpy(health->why, outbox->trouble, sizeof health->why);
}
