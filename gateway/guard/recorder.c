#include "gateway/guard/recorder.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "gateway/common/log.h"
#include "gateway/guard/local_time.h"

#define BATCH            64 // events in one commit at most: a commit costs one flush of the card however many it holds
#define RETRY_MS         1000 // between tries of a disk in trouble
#define TICKETS          1024
#define MINUTES          8192 // 64 rooms, 12 quantities, ten minutes
#define MINUTES_EVERY_NS (300 * NS_PER_S)
#define STATES           4096 // 64 rooms, 64 rules

struct ticket_sequence {
    uint64_t ticket, sequence;
};

struct recorder {
    struct ring *ring;
    char *state_dir;
    const struct line_identity *identity;
    struct journal *journal;
    pthread_t thread;
    int state_fd, commit_fd, stop_fd, ended_fd;
    atomic_bool stopping;
    atomic_int error;
    atomic_uint_least64_t sequence, lost;

    // The batch under way: kept until it is on the disk.
    size_t n_batch;
    struct ring_entry batch[BATCH + CLASS_COUNT];
    struct event events[BATCH + CLASS_COUNT]; // the same, side by side, as the journal takes them

    pthread_mutex_t lock; // of what follows
    struct ticket_sequence tickets[TICKETS];
    struct minute_row minutes[MINUTES]; // a ring
    size_t first_minute, n_minutes;
    struct state_record states[STATES]; // one for each kind, room and item
    size_t n_states;

    struct minute_row writing[MINUTES]; // the thread's own copy while it writes
    struct state_record writing_states[STATES];
    uint64_t minutes_due_ns;
};

static void set_error(struct recorder *recorder, int error)
{
    int before = atomic_exchange(&recorder->error, error);
    if (before == error) {
        return;
    }
    if (error) {
        log_error("journal: %s/%s can't be written: %s; rules and sounders go on, events wait in memory, "
                  "trying again every second",
                  recorder->state_dir, JOURNAL_FILE, strerror(-error));
    } else {
        log_notice("journal: %s/%s is written again", recorder->state_dir, JOURNAL_FILE);
    }
    (void)eventfd_write(recorder->state_fd, 1);
    (void)eventfd_write(recorder->commit_fd, 1);
}

static bool have_journal(struct recorder *recorder)
{
    if (recorder->journal) {
        return true;
    }
    int r = journal_open(recorder->state_dir, recorder->identity, &recorder->journal);
    if (r < 0) {
        set_error(recorder, r);
        return false;
    }
    atomic_store(&recorder->sequence, journal_last_sequence(recorder->journal));
    return true;
}

// Events that were lost are themselves events, one a class.
static void add_losses(struct recorder *recorder)
{
    uint64_t lost[CLASS_COUNT];
    ring_take_lost(recorder->ring, lost);
    for (size_t c = 0; c < CLASS_COUNT; c++) {
        if (!lost[c]) {
            continue;
        }
        atomic_fetch_add(&recorder->lost, lost[c]);
        struct ring_entry *entry = &recorder->batch[recorder->n_batch++];
        *entry = (struct ring_entry){ .event = { .type = EVENT_GATEWAY_STORAGE,
                                                 .class = CLASS_SYSTEM,
                                                 .clock = clock_quality_now(),
                                                 .boottime_ns = clock_boottime_ns(),
                                                 .wall_ms = clock_wall_ms() } };
        event_add_word(&entry->event, FIELD_REASON, "lost");
        event_add_word(&entry->event, FIELD_LOST_CLASS, event_class_names[c]);
        event_add_number(&entry->event, FIELD_LOST, (int64_t)lost[c]);
    }
}

static void remember_tickets(struct recorder *recorder, uint64_t first_sequence)
{
    pthread_mutex_lock(&recorder->lock);
    for (size_t i = 0; i < recorder->n_batch; i++) {
        uint64_t ticket = recorder->batch[i].ticket;
        recorder->tickets[ticket % TICKETS] = (struct ticket_sequence){ ticket, first_sequence + i };
    }
    pthread_mutex_unlock(&recorder->lock);
}

// One try to get the batch, or a new one, onto the disk. 0 when there is nothing left to write, 1 when there
// may be more.
static int write_events(struct recorder *recorder)
{
    if (!have_journal(recorder)) {
        return recorder_error(recorder);
    }
    if (!recorder->n_batch) {
        recorder->n_batch = ring_take(recorder->ring, recorder->batch, BATCH);
        add_losses(recorder);
    }
    if (!recorder->n_batch) {
        return 0;
    }
    for (size_t i = 0; i < recorder->n_batch; i++) {
        recorder->events[i] = recorder->batch[i].event;
    }
    struct journal_receipt receipt;
    int r = journal_append(recorder->journal, recorder->events, recorder->n_batch, &receipt);
    if (r < 0) {
        set_error(recorder, r);
        return r;
    }
    remember_tickets(recorder, receipt.first_sequence);
    recorder->n_batch = 0;
    atomic_store(&recorder->sequence, receipt.last_sequence);
    set_error(recorder, 0);
    (void)eventfd_write(recorder->commit_fd, 1);
    return 1;
}

static struct state_record *find_state(struct recorder *recorder, const struct state_record *record)
{
    for (size_t i = 0; i < recorder->n_states; i++) {
        struct state_record *state = &recorder->states[i];
        if (state->kind == record->kind && state->room == record->room && state->item == record->item) {
            return state;
        }
    }
    return NULL;
}

static void put_back(struct recorder *recorder, const struct state_record *record)
{
    pthread_mutex_lock(&recorder->lock);
    if (!find_state(recorder, record) && recorder->n_states < STATES) {
        recorder->states[recorder->n_states++] = *record;
    }
    pthread_mutex_unlock(&recorder->lock);
}

static size_t copy_minutes(struct recorder *recorder)
{
    pthread_mutex_lock(&recorder->lock);
    size_t n = recorder->n_minutes;
    for (size_t i = 0; i < n; i++) {
        recorder->writing[i] = recorder->minutes[(recorder->first_minute + i) % MINUTES];
    }
    recorder->first_minute = (recorder->first_minute + n) % MINUTES;
    recorder->n_minutes = 0;
    pthread_mutex_unlock(&recorder->lock);
    return n;
}

static void write_minutes(struct recorder *recorder)
{
    uint64_t now = clock_boottime_ns();
    if (now < recorder->minutes_due_ns && !atomic_load(&recorder->stopping)) {
        return;
    }
    recorder->minutes_due_ns = now + MINUTES_EVERY_NS;
    size_t n = copy_minutes(recorder);
    if (!n || !recorder->journal) {
        return;
    }
    int r = journal_store_minutes(recorder->journal, recorder->writing, n);
    if (r == 0) {
        return;
    }
    set_error(recorder, r);
    for (size_t i = 0; i < n; i++) { // back into the queue: tried again with the next ones
        recorder_minute(recorder, &recorder->writing[i]);
    }
}

static void write_states(struct recorder *recorder)
{
    pthread_mutex_lock(&recorder->lock);
    size_t n = recorder->journal ? recorder->n_states : 0; // those of a disk that is away wait
    memcpy(recorder->writing_states, recorder->states, n * sizeof *recorder->states);
    recorder->n_states -= n;
    pthread_mutex_unlock(&recorder->lock);
    if (!n) {
        return;
    }
    int r = journal_store_state(recorder->journal, recorder->writing_states, n);
    if (r == 0) {
        return;
    }
    set_error(recorder, r);
    for (size_t i = 0; i < n; i++) { // unless a newer one has come meanwhile
        put_back(recorder, &recorder->writing_states[i]);
    }
}

static void await(struct recorder *recorder, int result)
{
    struct pollfd fds[] = { { .fd = recorder->stop_fd, .events = POLLIN },
                            { .fd = ring_fd(recorder->ring), .events = POLLIN } };
    // In trouble the ring is left alone, so that a flood of events does not make us spin.
    (void)poll(fds, result < 0 ? 1 : 2, RETRY_MS);
}

static void *run(void *user)
{
    struct recorder *recorder = user;
    int r = 0;
    while (!atomic_load(&recorder->stopping)) {
        if (r <= 0) {
            await(recorder, r);
        }
        local_time_follow(clock_wall_ms()); // every second or so; the main thread may not
        r = write_events(recorder);
        if (r >= 0) {
            write_minutes(recorder);
            write_states(recorder);
        }
    }
    while ((r = write_events(recorder)) > 0) {
    }
    if (r == 0) {
        write_minutes(recorder);
        write_states(recorder);
        journal_close(recorder->journal);
        recorder->journal = NULL;
    }
    (void)eventfd_write(recorder->ended_fd, 1);
    return NULL;
}

static void recorder_free(struct recorder *recorder)
{
    int fds[] = { recorder->state_fd, recorder->commit_fd, recorder->stop_fd, recorder->ended_fd };
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    pthread_mutex_destroy(&recorder->lock);
    free(recorder->state_dir);
    free(recorder);
}

struct recorder *recorder_start(const struct recorder_setup *setup)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder) {
        return NULL;
    }
    recorder->ring = setup->ring;
    recorder->state_dir = strdup(setup->state_dir);
    recorder->identity = setup->identity;
    recorder->journal = setup->journal;
    recorder->minutes_due_ns = clock_boottime_ns() + MINUTES_EVERY_NS;
    recorder->state_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    recorder->commit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    recorder->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    recorder->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT); // the main thread takes it for a copy
    pthread_mutex_init(&recorder->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    if (setup->journal) {
        atomic_store(&recorder->sequence, journal_last_sequence(setup->journal));
    } else {
        set_error(recorder, setup->error);
    }
    if (!recorder->state_dir || recorder->state_fd < 0 || recorder->commit_fd < 0 || recorder->stop_fd < 0 ||
        recorder->ended_fd < 0 || pthread_create(&recorder->thread, NULL, run, recorder) != 0) {
        recorder_free(recorder);
        return NULL;
    }
    return recorder;
}

bool recorder_stop(struct recorder *recorder, unsigned timeout_ms)
{
    atomic_store(&recorder->stopping, true);
    (void)eventfd_write(recorder->stop_fd, 1);
    struct pollfd ended = { .fd = recorder->ended_fd, .events = POLLIN };
    if (poll(&ended, 1, (int)timeout_ms) != 1) {
        return false;
    }
    pthread_join(recorder->thread, NULL);
    recorder_free(recorder);
    return true;
}

int recorder_error(const struct recorder *recorder)
{
    return atomic_load(&recorder->error);
}

int recorder_state_fd(const struct recorder *recorder)
{
    return recorder->state_fd;
}

int recorder_commit_fd(const struct recorder *recorder)
{
    return recorder->commit_fd;
}

uint64_t recorder_sequence(const struct recorder *recorder)
{
    return atomic_load(&recorder->sequence);
}

uint64_t recorder_sequence_of(struct recorder *recorder, uint64_t ticket)
{
    pthread_mutex_lock(&recorder->lock);
    struct ticket_sequence *slot = &recorder->tickets[ticket % TICKETS];
    uint64_t sequence = slot->ticket == ticket ? slot->sequence : 0;
    pthread_mutex_unlock(&recorder->lock);
    return sequence;
}

uint64_t recorder_lost(const struct recorder *recorder)
{
    return atomic_load(&recorder->lost);
}

void recorder_minute(struct recorder *recorder, const struct minute_row *row)
{
    pthread_mutex_lock(&recorder->lock);
    if (recorder->n_minutes == MINUTES) {
        recorder->first_minute = (recorder->first_minute + 1) % MINUTES;
        recorder->n_minutes--;
    }
    recorder->minutes[(recorder->first_minute + recorder->n_minutes++) % MINUTES] = *row;
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_state(struct recorder *recorder, const struct state_record *record)
{
    pthread_mutex_lock(&recorder->lock);
    struct state_record *state = find_state(recorder, record);
    if (state) {
        *state = *record;
    } else if (recorder->n_states < STATES) {
        recorder->states[recorder->n_states++] = *record;
    }
    pthread_mutex_unlock(&recorder->lock);
}
