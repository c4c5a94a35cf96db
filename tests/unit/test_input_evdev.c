// The real input device over a libevdev of ours: what it asks of the library, and what it makes of its
// answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>

// Its names are changed, because the simulated devices are linked; the library's, because it is not.
#define input_device          real_device
#define input_open            real_open
#define input_close           real_close
#define input_fd              real_fd
#define input_read            real_read
#define libevdev_new_from_fd  fake_new_from_fd
#define libevdev_set_clock_id fake_set_clock_id
#define libevdev_grab         fake_grab
#define libevdev_free         fake_free
#define libevdev_next_event   fake_next_event
#include "sensors/bus/input_evdev.c"

#include <string.h>

static struct {
    int error; // of new_from_fd
    int grab_error;
    int clock;
    bool grabbed, freed;
    unsigned n, next; // answers of next_event
    struct answer {
        int status;
        unsigned flag; // that it must be asked with
        struct input_event event;
    } answers[16];
} fake;

int fake_new_from_fd(int fd, struct libevdev **ret_dev)
{
    assert_true(fd >= 0);
    if (fake.error == 0)
        *ret_dev = (struct libevdev *)&fake;
    return fake.error;
}

int fake_set_clock_id(struct libevdev *dev, int clock_id)
{
    assert_ptr_equal(dev, &fake);
    fake.clock = clock_id;
    return 0;
}

int fake_grab(struct libevdev *dev, enum libevdev_grab_mode grab)
{
    assert_ptr_equal(dev, &fake);
    fake.grabbed = grab == LIBEVDEV_GRAB;
    return fake.grab_error;
}

void fake_free(struct libevdev *dev)
{
    fake.freed = fake.freed || dev != NULL;
}

int fake_next_event(struct libevdev *dev, unsigned int flags, struct input_event *ret_event)
{
    assert_ptr_equal(dev, &fake);
    if (fake.next == fake.n)
        return -EAGAIN;
    const struct answer *answer = &fake.answers[fake.next++];
    assert_int_equal(flags, answer->flag);
    *ret_event = answer->event;
    return answer->status;
}

static void tell(int status, unsigned flag, unsigned type, unsigned code, int value)
{
    fake.answers[fake.n++] = (struct answer){
        .status = status,
        .flag = flag,
        .event = { .type = (uint16_t)type,
                   .code = (uint16_t)code,
                   .value = value,
                   .input_event_sec = 5,
                   .input_event_usec = 250000 },
    };
}

static void test_a_device_is_taken(void **state)
{
    (void)state;
    struct real_device *device = NULL;
    memset(&fake, 0, sizeof(fake));
    assert_int_equal(real_open("/dev/input/no-such-device", &device), -ENOENT);
    fake.error = -EINVAL; // a file that is no input device
    assert_int_equal(real_open("/dev/null", &device), -ENOTTY);
    fake.error = 0;
    fake.grab_error = -EBUSY;
    assert_int_equal(real_open("/dev/null", &device), -EBUSY);
    assert_true(fake.freed);
    assert_null(device);
    fake.grab_error = 0;
    assert_int_equal(real_open("/dev/null", &device), 0);
    assert_int_equal(fake.clock, CLOCK_MONOTONIC);
    assert_true(fake.grabbed);
    assert_true(real_fd(device) >= 0);
    real_close(device);
    real_close(NULL);
}

static void test_keys_that_are_pressed(void **state)
{
    (void)state;
    struct real_device *device;
    struct input_key key;
    memset(&fake, 0, sizeof(fake));
    assert_int_equal(real_open("/dev/null", &device), 0);
    assert_int_equal(real_read(device, &key), 0);
    tell(LIBEVDEV_READ_STATUS_SUCCESS, LIBEVDEV_READ_FLAG_NORMAL, EV_MSC, MSC_SCAN, 30);
    tell(LIBEVDEV_READ_STATUS_SUCCESS, LIBEVDEV_READ_FLAG_NORMAL, EV_KEY, KEY_1, 1);
    tell(LIBEVDEV_READ_STATUS_SUCCESS, LIBEVDEV_READ_FLAG_NORMAL, EV_SYN, SYN_REPORT, 0);
    tell(LIBEVDEV_READ_STATUS_SUCCESS, LIBEVDEV_READ_FLAG_NORMAL, EV_KEY, KEY_1, 2); // repeats
    tell(LIBEVDEV_READ_STATUS_SUCCESS, LIBEVDEV_READ_FLAG_NORMAL, EV_KEY, KEY_1, 0); // is released
    tell(LIBEVDEV_READ_STATUS_SUCCESS, LIBEVDEV_READ_FLAG_NORMAL, EV_KEY, KEY_ENTER, 1);
    uint64_t offset_ns = clock_monotonic_to_boottime_ns();
    assert_int_equal(real_read(device, &key), 1);
    assert_int_equal(key.code, KEY_1);
    assert_false(key.lost);
    int64_t late_ns = (int64_t)(key.boottime_ns - (5250 * NS_PER_MS + offset_ns));
    assert_true(late_ns > -(int64_t)NS_PER_MS &&
                late_ns < (int64_t)NS_PER_MS); // the two clocks, read one after the other
    assert_int_equal(real_read(device, &key), 1);
    assert_int_equal(key.code, KEY_ENTER);
    assert_int_equal(real_read(device, &key), 0);
    real_close(device);
}

// What the kernel dropped is told as lost, and the keys' state that the library offers instead is no press.
static void test_keys_that_were_dropped(void **state)
{
    (void)state;
    struct real_device *device;
    struct input_key key;
    memset(&fake, 0, sizeof(fake));
    assert_int_equal(real_open("/dev/null", &device), 0);
    tell(LIBEVDEV_READ_STATUS_SYNC, LIBEVDEV_READ_FLAG_NORMAL, EV_SYN, SYN_DROPPED, 0);
    tell(LIBEVDEV_READ_STATUS_SYNC, LIBEVDEV_READ_FLAG_SYNC, EV_KEY, KEY_2, 1);
    tell(LIBEVDEV_READ_STATUS_SYNC, LIBEVDEV_READ_FLAG_SYNC, EV_SYN, SYN_REPORT, 0);
    tell(-EAGAIN, LIBEVDEV_READ_FLAG_SYNC, 0, 0, 0); // in step again
    tell(LIBEVDEV_READ_STATUS_SUCCESS, LIBEVDEV_READ_FLAG_NORMAL, EV_KEY, KEY_3, 1);
    assert_int_equal(real_read(device, &key), 1);
    assert_true(key.lost);
    assert_int_equal(real_read(device, &key), 1);
    assert_false(key.lost);
    assert_int_equal(key.code, KEY_3);
    tell(LIBEVDEV_READ_STATUS_SYNC, LIBEVDEV_READ_FLAG_NORMAL, EV_SYN, SYN_DROPPED, 0);
    tell(-ENODEV, LIBEVDEV_READ_FLAG_SYNC, 0, 0, 0); // pulled meanwhile
    assert_int_equal(real_read(device, &key), -ENODEV);
    real_close(device);
}

static void test_a_device_that_is_pulled(void **state)
{
    (void)state;
    struct real_device *device;
    struct input_key key;
    memset(&fake, 0, sizeof(fake));
    assert_int_equal(real_open("/dev/null", &device), 0);
    tell(-EINTR, LIBEVDEV_READ_FLAG_NORMAL, 0, 0, 0);
    tell(-ENODEV, LIBEVDEV_READ_FLAG_NORMAL, 0, 0, 0);
    assert_int_equal(real_read(device, &key), 0);
    assert_int_equal(real_read(device, &key), -ENODEV);
    real_close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_device_is_taken),
        cmocka_unit_test(test_keys_that_are_pressed),
        cmocka_unit_test(test_keys_that_were_dropped),
        cmocka_unit_test(test_a_device_that_is_pulled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
