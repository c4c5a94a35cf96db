// The chips of careroomd-sim behind a real character device: every i2c adapter of a configuration becomes
// /dev/i2c-N by CUSE, and what is written to it goes through the kernel as i2c-dev's own ioctls do. careroomd
// sees an adapter like any other and contains nothing of this.
//
//     board-i2c-chips CONFIG ADAPTER        serves one adapter, in the foreground
//
// Standard input is the world around the chips, a line each (world.h), and
//     gone                                  the adapter is pulled: whoever has it open hears ENODEV, for ever
#define FUSE_USE_VERSION 31

#include <errno.h>
#include <fuse3/cuse_lowlevel.h>
#include <fuse3/fuse_opt.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensors/bus/i2c.h"
#include "tests/board/world.h"

#define LONGEST 8192 // bytes of a message, as in the kernel

static const char *adapter;
static atomic_bool gone;

// ---- One transfer. The kernel hands over the caller's memory piece by piece: first the request, then the
// list of messages, then the bytes of each that is written and room for each that is read.

struct transfer {
    struct i2c_rdwr_ioctl_data request;
    struct i2c_msg msgs[I2C_RDWR_IOCTL_MAX_MSGS];
    size_t in, out; // bytes that must have been handed over before it can be carried out
};

static void *address_of(const void *pointer)
{
    union {
        const void *in;
        void *out;
    } both = { .in = pointer };
    return both.out;
}

// 0 when the list of messages is known; -EAGAIN when it has been asked for; -EINVAL.
static int take_messages(fuse_req_t req, void *arg, const void *in, size_t in_size, struct transfer *transfer)
{
    struct iovec pieces[2] = { { .iov_base = arg, .iov_len = sizeof transfer->request } };
    if (in_size < sizeof transfer->request) {
        fuse_reply_ioctl_retry(req, pieces, 1, NULL, 0);
        return -EAGAIN;
    }
    memcpy(&transfer->request, in, sizeof transfer->request);
    size_t n = transfer->request.nmsgs, size = n * sizeof *transfer->msgs;
    if (n == 0 || n > I2C_RDWR_IOCTL_MAX_MSGS) {
        return -EINVAL;
    }
    transfer->in = sizeof transfer->request + size;
    if (in_size < transfer->in) {
        pieces[1] = (struct iovec){ .iov_base = transfer->request.msgs, .iov_len = size };
        fuse_reply_ioctl_retry(req, pieces, 2, NULL, 0);
        return -EAGAIN;
    }
    memcpy(transfer->msgs, (const char *)in + sizeof transfer->request, size);
    return 0;
}

static int ask_for_bytes(fuse_req_t req, void *arg, size_t in_size, size_t out_size,
                         struct transfer *transfer)
{
    struct iovec in[I2C_RDWR_IOCTL_MAX_MSGS + 2], out[I2C_RDWR_IOCTL_MAX_MSGS];
    size_t n_in = 2, n_out = 0;
    in[0] = (struct iovec){ .iov_base = arg, .iov_len = sizeof transfer->request };
    in[1] = (struct iovec){ .iov_base = transfer->request.msgs,
                            .iov_len = transfer->request.nmsgs * sizeof *transfer->msgs };
    for (size_t i = 0; i < transfer->request.nmsgs; i++) {
        const struct i2c_msg *msg = &transfer->msgs[i];
        if (msg->len > LONGEST || (msg->flags & ~I2C_M_RD) != 0) {
            return -EINVAL;
        }
        const struct iovec piece = { .iov_base = msg->buf, .iov_len = msg->len };
        if (msg->flags & I2C_M_RD) {
            out[n_out++] = piece;
            transfer->out += msg->len;
        } else {
            in[n_in++] = piece;
            transfer->in += msg->len;
        }
    }
    if (in_size == transfer->in && out_size == transfer->out) {
        return 0;
    }
    fuse_reply_ioctl_retry(req, in, n_in, out, n_out);
    return -EAGAIN;
}

static void carry_out(fuse_req_t req, struct i2c_bus *bus, const struct transfer *transfer, const void *bytes)
{
    struct i2c_message messages[I2C_RDWR_IOCTL_MAX_MSGS];
    uint8_t *answer = malloc(transfer->out + 1);
    if (!answer) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    uint8_t *written = address_of(bytes), *read = answer; // what is written is not changed
    for (size_t i = 0; i < transfer->request.nmsgs; i++) {
        const struct i2c_msg *msg = &transfer->msgs[i];
        uint8_t **from = msg->flags & I2C_M_RD ? &read : &written;
        messages[i] = (struct i2c_message){
            .address = (uint8_t)msg->addr, .read = msg->flags & I2C_M_RD, .bytes = *from, .length = msg->len
        };
        *from += msg->len;
    }
    int r = i2c_transfer(bus, messages, transfer->request.nmsgs);
    if (r < 0) {
        fuse_reply_err(req, -r);
    } else {
        fuse_reply_ioctl(req, (int)transfer->request.nmsgs, answer, transfer->out);
    }
    free(answer);
}

static void on_transfer(fuse_req_t req, void *arg, struct i2c_bus *bus, const void *in, size_t in_size,
                        size_t out_size)
{
    struct transfer transfer = { .in = 0 };
    int r = take_messages(req, arg, in, in_size, &transfer);
    size_t head = transfer.in;
    if (r == 0) {
        r = ask_for_bytes(req, arg, in_size, out_size, &transfer);
    }
    if (r == 0) {
        carry_out(req, bus, &transfer, (const char *)in + head);
    } else if (r != -EAGAIN) {
        fuse_reply_err(req, -r);
    }
}

static void on_functions(fuse_req_t req, void *arg, size_t out_size)
{
    const unsigned long functions = I2C_FUNC_I2C;
    const struct iovec room = { .iov_base = arg, .iov_len = sizeof functions };
    if (out_size < sizeof functions) {
        fuse_reply_ioctl_retry(req, NULL, 0, &room, 1);
    } else {
        fuse_reply_ioctl(req, 0, &functions, sizeof functions);
    }
}

static void on_ioctl(fuse_req_t req, int command, void *arg, struct fuse_file_info *file, unsigned flags,
                     const void *in, size_t in_size, size_t out_size)
{
    (void)flags;
    struct i2c_bus *bus = (struct i2c_bus *)(uintptr_t)file->fh;
    if (atomic_load(&gone)) {
        fuse_reply_err(req, ENODEV);
        return;
    }
    switch (command) {
    case I2C_FUNCS:
        on_functions(req, arg, out_size);
        break;
    case I2C_RDWR:
        on_transfer(req, arg, bus, in, in_size, out_size);
        break;
    default: // careroom needs no more of an adapter
        fuse_reply_err(req, ENOTTY);
    }
}

static void on_open(fuse_req_t req, struct fuse_file_info *file)
{
    struct i2c_bus *bus = NULL;
    int r = atomic_load(&gone) ? -ENODEV : i2c_open(adapter, &bus);
    if (r < 0) {
        fuse_reply_err(req, -r);
        return;
    }
    file->fh = (uint64_t)(uintptr_t)bus;
    fuse_reply_open(req, file);
}

static void on_release(fuse_req_t req, struct fuse_file_info *file)
{
    i2c_close((struct i2c_bus *)(uintptr_t)file->fh);
    fuse_reply_err(req, 0);
}

// ---- The world around the chips

static int change(char *line)
{
    if (strcmp(line, "gone") == 0) {
        atomic_store(&gone, true);
        return 0;
    }
    return world_change(line);
}

static void *obey(void *user)
{
    (void)user;
    world_obey("board-i2c-chips", change);
    return NULL;
}

static int serve(void)
{
    char program[] = "board-i2c-chips", foreground[] = "-f", device[64];
    char *arguments[] = { program, foreground, NULL };
    if (strncmp(adapter, "/dev/", strlen("/dev/")) != 0) {
        fprintf(stderr, "board-i2c-chips: %s is no device\n", adapter);
        return 1;
    }
    snprintf(device, sizeof device, "DEVNAME=%s", adapter + strlen("/dev/"));
    const char *info[] = { device };
    const struct cuse_info cuse = { .dev_info_argc = 1,
                                    .dev_info_argv = info,
                                    .flags = CUSE_UNRESTRICTED_IOCTL };
    const struct cuse_lowlevel_ops operations = { .open = on_open, .release = on_release, .ioctl = on_ioctl };
    pthread_t thread;
    if (pthread_create(&thread, NULL, obey, NULL) != 0) {
        return 1;
    }
    return cuse_lowlevel_main(2, arguments, &cuse, &operations, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: board-i2c-chips CONFIG ADAPTER\n");
        return 2;
    }
    struct config *config = NULL;
    int r = world_build(argv[1], &config);
    if (r < 0) {
        fprintf(stderr, "board-i2c-chips: %s: %s\n", argv[1], strerror(-r));
        return 1;
    }
    adapter = argv[2];
    return serve();
}
