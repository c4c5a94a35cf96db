// events --follow: woken by the guard after every commit, looking by itself while the guard is away.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/ctl/ask.h"
#include "gateway/ctl/events.h"
#include "gateway/ctl/text.h"

#define AWAY_MS  1000  // how often to look while nobody wakes us
#define QUIET_MS 10000 // and while somebody does, in case it hangs

// Ends at once, also where the output is stuck: every whole line has been written, and a reader of the
// journal leaves nothing behind.
static void end(int signal_number)
{
    (void)signal_number;
    _exit(CTL_DONE);
}

struct follow {
    struct events *events;
    struct control_client *client; // NULL: the guard is away
    bool told_away;                // said once an absence
    bool told_unreadable;          // the same of a journal that can't be read
};

static void leave(struct follow *follow, const char *why)
{
    control_close(follow->client);
    follow->client = NULL;
    if (!follow->told_away)
        ctl_fail(CTL_DONE, "careroomd at %s/%s %s; looking at the journal every second until it is back",
                 follow->events->ctl->config->run_dir, CONTROL_SOCKET_NAME, why);
    follow->told_away = true;
}

static void join(struct follow *follow)
{
    int r = control_connect(follow->events->ctl->config->run_dir, &follow->client);
    if (r < 0)
        follow->client = NULL;
    else
        r = control_send(follow->client, "{\"op\":\"follow\"}");
    if (r < 0)
        leave(follow, r == -EACCES ? "may not be used by you" : "is not there");
}

// Take every wake-up that has come. What it says is in the journal; that it came is enough.
static void take_wakes(struct follow *follow)
{
    const char *line;
    int r;
    while ((r = control_receive(follow->client, 0, &line)) == 0) {
        json_t *answer = NULL;
        r = ask_parse(line, &answer);
        if (r == -EACCES)
            leave(follow, ask_error(answer));
        else if (r < 0)
            leave(follow, "says what can't be understood");
        json_decref(answer);
        if (r < 0)
            return;
        follow->told_away = false;
    }
    if (r == -EMSGSIZE)
        leave(follow, "says what can't be understood");
    else if (r != -ETIMEDOUT)
        leave(follow, "went away");
}

static void wait_for_work(struct follow *follow)
{
    struct pollfd fds[] = {
        { .fd = STDOUT_FILENO }, // tells when its reader has gone
        { .fd = follow->client == NULL ? -1 : control_fd(follow->client), .events = POLLIN },
    };
    bool quiet = follow->client != NULL && follow->events->reader != NULL;
    if (poll(fds, 2, quiet ? QUIET_MS : AWAY_MS) > 0 && fds[1].revents != 0)
        take_wakes(follow);
}

// Without a journal, or with one that can't be read just now, following goes on: the next look may find it.
static void print_what_is_there(struct follow *follow)
{
    struct events *events = follow->events;
    int r = events_open(events);
    if (r == 0) {
        r = events_print(events);
        if (r < 0) {
            journal_reader_close(events->reader);
            events->reader = NULL;
        }
    }
    if (r < 0 && r != -ENOENT && !follow->told_unreadable)
        ctl_journal_unreadable(events->file, r);
    follow->told_unreadable = r < 0 && r != -ENOENT;
}

enum ctl_status events_follow(struct events *events)
{
    struct follow follow = { .events = events };
    const struct sigaction action = { .sa_handler = end };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (;;) {
        if (follow.client == NULL)
            join(&follow);
        print_what_is_there(&follow);
        if (ferror(stdout) || text_reader_gone())
            break;
        wait_for_work(&follow);
    }
    control_close(follow.client);
    return CTL_DONE;
}
