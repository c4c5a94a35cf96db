// Keyboards that nobody touches, made by the kernel's uinput: what a card reader that types is on USB. Each
// has a link in /dev/input/by-id, as udev makes them.
//
//     board-keyboards                       obeys standard input, a line each; what can't be done is told on
//     stderr:
//         plug NAME, unplug NAME
//         type NAME DIGITS                  and Enter
//     board-keyboards ears DEVICE…          another program that reads these devices: says which of them
//     somebody has to
//                                           himself, listens until Enter is pressed on the last, and says
//                                           what it heard
#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev-uinput.h>
#include <libevdev/libevdev.h>
#include <linux/input.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define KEYBOARDS_MAX 4
#define FOLDER        "/dev/input/by-id/"
#define BETWEEN_NS    2000000 // two keys

static const unsigned codes[] = { KEY_0, KEY_1, KEY_2, KEY_3, KEY_4, KEY_5, KEY_6, KEY_7,
                                  KEY_8, KEY_9, KEY_A, KEY_B, KEY_C, KEY_D, KEY_E, KEY_F };
static const char digits[] = "0123456789ABCDEF";

static struct keyboard {
    char name[32]; // "": none here
    struct libevdev_uinput *device;
} keyboards[KEYBOARDS_MAX];

static struct keyboard *find(const char *name)
{
    for (size_t i = 0; i < KEYBOARDS_MAX; i++) {
        if (strcmp(keyboards[i].name, name) == 0) {
            return &keyboards[i];
        }
    }
    return NULL;
}

static void link_path(const struct keyboard *keyboard, char *ret_path, size_t size)
{
    snprintf(ret_path, size, FOLDER "%s", keyboard->name);
}

// ---- Plugging

static int create(struct keyboard *keyboard)
{
    struct libevdev *like = libevdev_new();
    if (!like) {
        return -ENOMEM;
    }
    libevdev_set_name(like, keyboard->name);
    libevdev_set_id_bustype(like, BUS_USB);
    libevdev_enable_event_type(like, EV_REP);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        libevdev_enable_event_code(like, EV_KEY, codes[i], NULL);
    }
    libevdev_enable_event_code(like, EV_KEY, KEY_ENTER, NULL);
    int r = libevdev_uinput_create_from_device(like, LIBEVDEV_UINPUT_OPEN_MANAGED, &keyboard->device);
    libevdev_free(like);
    return r;
}

static int plug(const char *name)
{
    struct keyboard *keyboard = find("");
    char path[64];
    if (!keyboard || *name == '\0' || strlen(name) >= sizeof keyboard->name || find(name)) {
        return -EINVAL;
    }
    strcpy(keyboard->name, name);
    link_path(keyboard, path, sizeof path);
    int r = create(keyboard);
    if (r == 0) {
        const char *node = libevdev_uinput_get_devnode(keyboard->device);
        r = !node ? -ENODEV : symlink(node, path) < 0 ? -errno : 0;
    }
    return r;
}

static int unplug(const char *name)
{
    struct keyboard *keyboard = find(name);
    char path[64];
    if (!keyboard || *name == '\0') {
        return -ENOENT;
    }
    link_path(keyboard, path, sizeof path);
    unlink(path);
    libevdev_uinput_destroy(keyboard->device);
    *keyboard = (struct keyboard){ .name = "" };
    return 0;
}

// ---- Typing

static int press(const struct libevdev_uinput *device, unsigned code)
{
    int r = 0;
    for (int down = 1; down >= 0 && r == 0; down--) {
        r = libevdev_uinput_write_event(device, EV_KEY, code, down);
        if (r == 0) {
            r = libevdev_uinput_write_event(device, EV_SYN, SYN_REPORT, 0);
        }
    }
    nanosleep(&(struct timespec){ .tv_nsec = BETWEEN_NS }, NULL);
    return r;
}

static int type(const char *name, const char *text)
{
    const struct keyboard *keyboard = find(name);
    if (!keyboard || *name == '\0' || strspn(text, digits) != strlen(text)) {
        return -EINVAL;
    }
    int r = 0;
    for (const char *c = text; *c && r == 0; c++) {
        r = press(keyboard->device, codes[strchr(digits, *c) - digits]);
    }
    return r == 0 ? press(keyboard->device, KEY_ENTER) : r;
}

static int change(char *line)
{
    char *rest = line;
    const char *what = strsep(&rest, " "), *name = strsep(&rest, " ");
    if (!name) {
        return -EINVAL;
    }
    if (strcmp(what, "type") == 0) {
        return rest ? type(name, rest) : -EINVAL;
    }
    return strcmp(what, "plug") == 0 ? plug(name) : strcmp(what, "unplug") == 0 ? unplug(name) : -EINVAL;
}

static void obey(void)
{
    char line[256], told[256];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        memcpy(told, line, sizeof told);
        int r = change(line);
        if (r < 0) {
            fprintf(stderr, "board-keyboards: \"%s\": %s\n", told, strerror(-r));
        }
    }
}

// ---- Another program's ears

// The keys pressed that wait; *ret_enter: Enter among them.
static unsigned hear(int fd, bool *ret_enter)
{
    struct input_event event;
    unsigned keys = 0;
    while (read(fd, &event, sizeof event) == (ssize_t)sizeof event) {
        if (event.type == EV_KEY && event.value == 1) {
            keys++;
            *ret_enter |= event.code == KEY_ENTER;
        }
    }
    return keys;
}

static int open_ears(int n, char **paths, int *ret_fds)
{
    for (int i = 0; i < n; i++) {
        ret_fds[i] = open(paths[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (ret_fds[i] < 0) {
            fprintf(stderr, "board-keyboards: %s: %s\n", paths[i], strerror(errno));
            return -errno;
        }
        bool taken = ioctl(ret_fds[i], EVIOCGRAB, 1) < 0 && errno == EBUSY;
        printf("%s: %s\n", paths[i], taken ? "taken" : "free");
        if (!taken) {
            ioctl(ret_fds[i], EVIOCGRAB, 0);
        }
    }
    fflush(stdout);
    return 0;
}

static int listen_to(int n, char **paths)
{
    int fds[KEYBOARDS_MAX];
    if (n < 1 || n > KEYBOARDS_MAX || open_ears(n, paths, fds) < 0) {
        return 1;
    }
    bool end = false;
    unsigned keys[KEYBOARDS_MAX] = { 0 };
    while (!end) {
        struct pollfd last = { .fd = fds[n - 1], .events = POLLIN };
        if (poll(&last, 1, -1) < 0) {
            return 1;
        }
        keys[n - 1] += hear(last.fd, &end);
    }
    for (int i = 0; i < n; i++) {
        keys[i] += hear(fds[i], &end);
        printf("%s: %u keys\n", paths[i], keys[i]);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "ears") == 0) {
        return listen_to(argc - 2, argv + 2);
    }
    if (argc != 1) {
        fprintf(stderr, "usage: board-keyboards [ears DEVICE...]\n");
        return 2;
    }
    obey();
    return 0;
}
