#include "gateway/uplink/exchange.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/common/clock.h"

const char *const uplink_state_names[UPLINK_STATE_COUNT] = {
    [UPLINK_IDLE] = "idle",
    [UPLINK_OFFLINE] = "offline",
    [UPLINK_ONLINE] = "online",
};

// As many replies as can be owed: those waiting, the one being asked, and room for refusals of its own side.
#define REPLIES (EXCHANGE_COMMANDS + 8)

struct exchange {
    pthread_mutex_t lock;
    int to_delivery, to_main;
    struct command commands[EXCHANGE_COMMANDS];
    unsigned first_command, n_commands;
    struct reply replies[REPLIES];
    unsigned first_reply, n_replies;
    struct health health;
    _Atomic uint64_t beat_ns;
    atomic_bool blocking, stopping, stopped;
};

int exchange_new(struct exchange **ret_exchange)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return -ENOMEM;
    pthread_mutex_init(&exchange->lock, NULL);
    exchange->to_delivery = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    exchange->to_main = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (exchange->to_delivery < 0 || exchange->to_main < 0) {
        int r = -errno;
        exchange_free(exchange);
        return r;
    }
    *ret_exchange = exchange;
    return 0;
}

void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    for (; exchange->n_replies > 0; exchange->n_replies--)
        free(exchange->replies[exchange->first_reply++ % REPLIES].payload);
    if (exchange->to_delivery >= 0)
        close(exchange->to_delivery);
    if (exchange->to_main >= 0)
        close(exchange->to_main);
    pthread_mutex_destroy(&exchange->lock);
    free(exchange);
}

int exchange_delivery_fd(const struct exchange *exchange)
{
    return exchange->to_delivery;
}

int exchange_main_fd(const struct exchange *exchange)
{
    return exchange->to_main;
}

// An eventfd that is full is readable all the same, so a failed write loses nothing.
static void wake(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n;
}

void exchange_wake_delivery(struct exchange *exchange)
{
    wake(exchange->to_delivery);
}

void exchange_drain(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
}

int exchange_put_command(struct exchange *exchange, const struct command *command)
{
    int r = 0;
    pthread_mutex_lock(&exchange->lock);
    if (exchange->n_commands == EXCHANGE_COMMANDS)
        r = -EBUSY;
    else
        exchange->commands[(exchange->first_command + exchange->n_commands++) % EXCHANGE_COMMANDS] = *command;
    pthread_mutex_unlock(&exchange->lock);
    if (r == 0)
        wake(exchange->to_main);
    return r;
}

bool exchange_take_command(struct exchange *exchange, struct command *ret_command)
{
    pthread_mutex_lock(&exchange->lock);
    bool taken = exchange->n_commands > 0;
    if (taken) {
        *ret_command = exchange->commands[exchange->first_command];
        exchange->first_command = (exchange->first_command + 1) % EXCHANGE_COMMANDS;
        exchange->n_commands--;
    }
    pthread_mutex_unlock(&exchange->lock);
    return taken;
}

void exchange_put_reply(struct exchange *exchange, const struct command *command, char *payload)
{
    pthread_mutex_lock(&exchange->lock);
    bool room = exchange->n_replies < REPLIES;
    if (room)
        exchange->replies[(exchange->first_reply + exchange->n_replies++) % REPLIES] =
            (struct reply){ .command = *command, .payload = payload };
    pthread_mutex_unlock(&exchange->lock);
    if (!room)
        free(payload);
    wake(exchange->to_delivery);
}

bool exchange_take_reply(struct exchange *exchange, struct reply *ret_reply)
{
    pthread_mutex_lock(&exchange->lock);
    bool taken = exchange->n_replies > 0;
    if (taken) {
        *ret_reply = exchange->replies[exchange->first_reply];
        exchange->first_reply = (exchange->first_reply + 1) % REPLIES;
        exchange->n_replies--;
    }
    pthread_mutex_unlock(&exchange->lock);
    return taken;
}

void exchange_put_health(struct exchange *exchange, const struct health *health)
{
    pthread_mutex_lock(&exchange->lock);
    struct health *old = &exchange->health;
    bool changed = old->state != health->state || old->deaf != health->deaf ||
                   old->parked != health->parked || memcmp(old->held, health->held, sizeof old->held) != 0 ||
                   strcmp(old->why, health->why) != 0;
    *old = *health;
    pthread_mutex_unlock(&exchange->lock);
    if (changed)
        wake(exchange->to_main);
}

void exchange_get_health(struct exchange *exchange, struct health *ret_health)
{
    pthread_mutex_lock(&exchange->lock);
    *ret_health = exchange->health;
    pthread_mutex_unlock(&exchange->lock);
}

void exchange_beat(struct exchange *exchange, bool blocking)
{
    atomic_store(&exchange->blocking, blocking);
    atomic_store(&exchange->beat_ns, clock_boottime_ns());
}

void exchange_last_beat(const struct exchange *exchange, uint64_t *ret_boottime_ns, bool *ret_blocking)
{
    *ret_boottime_ns = atomic_load(&exchange->beat_ns);
    *ret_blocking = atomic_load(&exchange->blocking);
}

void exchange_ask_stop(struct exchange *exchange)
{
    atomic_store(&exchange->stopping, true);
    wake(exchange->to_delivery);
}

bool exchange_stopping(const struct exchange *exchange)
{
    return atomic_load(&exchange->stopping);
}

void exchange_say_stopped(struct exchange *exchange)
{
    atomic_store(&exchange->stopped, true);
    wake(exchange->to_main);
}

bool exchange_stopped(const struct exchange *exchange)
{
    return atomic_load(&exchange->stopped);
}
