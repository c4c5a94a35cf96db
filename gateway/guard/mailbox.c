#include "gateway/guard/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    _Atomic(struct request *) waiting;
    atomic_bool stopped;
    int request_fd, done_fd;
};

struct mailbox *mailbox_new(void)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (!mailbox) {
        return NULL;
    }
    mailbox->request_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    mailbox->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (mailbox->request_fd < 0 || mailbox->done_fd < 0) {
        mailbox_free(mailbox);
        return NULL;
    }
    return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
    if (!mailbox) {
        return;
    }
    close(mailbox->request_fd);
    close(mailbox->done_fd);
    free(mailbox);
}

int mailbox_call(struct mailbox *mailbox, struct request *request)
{
    struct pollfd done = { .fd = mailbox->done_fd, .events = POLLIN };
    atomic_store(&mailbox->waiting, request);
    (void)eventfd_write(mailbox->request_fd, 1);
    while (!atomic_load(&mailbox->stopped)) {
        eventfd_t count;
        if (poll(&done, 1, -1) == 1 && eventfd_read(mailbox->done_fd, &count) == 0 &&
            !atomic_load(&mailbox->waiting)) {
            return 0;
        }
    }
    return -ECANCELED;
}

int mailbox_fd(const struct mailbox *mailbox)
{
    return mailbox->request_fd;
}

struct request *mailbox_take(struct mailbox *mailbox)
{
    eventfd_t count;
    (void)eventfd_read(mailbox->request_fd, &count);
    return atomic_load(&mailbox->waiting);
}

void mailbox_done(struct mailbox *mailbox)
{
    atomic_store(&mailbox->waiting, NULL);
    (void)eventfd_write(mailbox->done_fd, 1);
}

void mailbox_stop(struct mailbox *mailbox)
{
    atomic_store(&mailbox->stopped, true);
    (void)eventfd_write(mailbox->done_fd, 1);
}
