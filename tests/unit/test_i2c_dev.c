// The real bus against an ioctl() of ours: what it asks of the kernel, and what it makes of each error. Its
// names are changed, because the other tests are linked with the simulated bus.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>
#include <sys/ioctl.h>

static int fake_ioctl(int fd, unsigned long request, void *argument);

#define i2c_open     dev_open
#define i2c_close    dev_close
#define i2c_transfer dev_transfer
#define i2c_write    dev_write
#define i2c_read     dev_read
#define i2c_list     dev_list
#define i2c_claimed  dev_claimed
#define ioctl        fake_ioctl
#include "sensors/bus/i2c_dev.c"

static unsigned long functions;
static int fails_with, carried_out; // carried_out: messages, as the kernel counts them
static struct i2c_msg seen[4];
static unsigned n_seen;
static uintptr_t claimed_address;

static int fake_ioctl(int fd, unsigned long request, void *argument)
{
    (void)fd;
    if (fails_with != 0) {
        errno = fails_with;
        return -1;
    }
    if (request == I2C_FUNCS) {
        *(unsigned long *)argument = functions;
        return 0;
    }
    if (request == I2C_SLAVE) {
        claimed_address = (uintptr_t)argument;
        return 0;
    }
    assert_int_equal(request, I2C_RDWR); // nothing that would change the adapter for others
    const struct i2c_rdwr_ioctl_data *data = argument;
    n_seen = data->nmsgs;
    memcpy(seen, data->msgs, sizeof(seen[0]) * n_seen);
    for (unsigned i = 0; i < n_seen; i++)
        if ((seen[i].flags & I2C_M_RD) != 0)
            memset(seen[i].buf, 0x5a, seen[i].len);
    return carried_out;
}

static struct i2c_bus *opened(void)
{
    struct i2c_bus *bus = NULL;
    fails_with = 0;
    functions = I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
    assert_int_equal(i2c_open("/dev/null", &bus), 0);
    return bus;
}

static void what_is_no_adapter_is_not_opened(void **state)
{
    (void)state;
    struct i2c_bus *bus = NULL;
    assert_int_equal(i2c_open("/dev/no-such-adapter", &bus), -ENOENT);
    functions = I2C_FUNC_SMBUS_BYTE; // as i2c-stub
    assert_int_equal(i2c_open("/dev/null", &bus), -EOPNOTSUPP);
    fails_with = ENOTTY; // a file that is none
    assert_int_equal(i2c_open("/dev/null", &bus), -EOPNOTSUPP);
    fails_with = ENODEV;
    assert_int_equal(i2c_open("/dev/null", &bus), -ENODEV);
    assert_null(bus);
    i2c_close(NULL);
}

static void the_kernel_says_whose_an_address_is(void **state)
{
    (void)state;
    struct i2c_bus *bus = opened();
    assert_int_equal(i2c_claimed(bus, 0x77), 0);
    assert_int_equal(claimed_address, 0x77);
    fails_with = EBUSY;
    assert_int_equal(i2c_claimed(bus, 0x77), -EBUSY);
    i2c_close(bus);
}

static void a_transfer_is_one_call_with_all_its_messages(void **state)
{
    (void)state;
    struct i2c_bus *bus = opened();
    uint8_t command[2] = { 0xec, 0x05 }, bytes[3] = { 0 };
    const struct i2c_message messages[2] = {
        { .address = 0x62, .bytes = command, .length = 2 },
        { .address = 0x63, .read = true, .bytes = bytes, .length = 3 },
    };
    carried_out = 2;
    assert_int_equal(i2c_transfer(bus, messages, 2), 0);
    assert_int_equal(n_seen, 2);
    assert_int_equal(seen[0].addr, 0x62);
    assert_int_equal(seen[0].flags, 0);
    assert_int_equal(seen[0].len, 2);
    assert_ptr_equal(seen[0].buf, command);
    assert_int_equal(seen[1].addr, 0x63);
    assert_int_equal(seen[1].flags, I2C_M_RD);
    assert_int_equal(bytes[2], 0x5a);
    carried_out = 1;
    assert_int_equal(i2c_transfer(bus, messages, 2), -EIO);
    i2c_close(bus);
}

static void what_could_hang_an_adapter_is_refused(void **state)
{
    (void)state;
    struct i2c_bus *bus = opened();
    uint8_t byte = 0;
    static struct i2c_message many[I2C_RDWR_IOCTL_MAX_MSGS + 1];
    const struct i2c_message empty = { .address = 0x62, .bytes = &byte, .length = 0 };
    n_seen = 0;
    assert_int_equal(i2c_transfer(bus, &empty, 1), -EINVAL);
    assert_int_equal(i2c_transfer(bus, &empty, 0), -EINVAL);
    assert_int_equal(i2c_transfer(bus, many, I2C_RDWR_IOCTL_MAX_MSGS + 1), -EINVAL);
    assert_int_equal(n_seen, 0);
    i2c_close(bus);
}

static void the_adapters_habits_are_made_one(void **state)
{
    (void)state;
    static const int errors[][2] = {
        { ENXIO, -EREMOTEIO }, { EREMOTEIO, -EREMOTEIO }, { ETIMEDOUT, -ETIMEDOUT }, { EBUSY, -ETIMEDOUT },
        { EAGAIN, -EAGAIN },   { EINTR, -EAGAIN },        { ENODEV, -ENODEV },       { ESHUTDOWN, -ENODEV },
        { EIO, -EIO },         { EPROTO, -EIO },          { EBADMSG, -EIO },         { EOPNOTSUPP, -EIO },
    };
    struct i2c_bus *bus = opened();
    uint8_t byte = 0;
    const struct i2c_message message = { .address = 0x62, .read = true, .bytes = &byte, .length = 1 };
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        fails_with = errors[i][0];
        assert_int_equal(i2c_transfer(bus, &message, 1), errors[i][1]);
    }
    assert_int_equal(byte, 0);
    i2c_close(bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_adapter_is_not_opened),
        cmocka_unit_test(the_kernel_says_whose_an_address_is),
        cmocka_unit_test(a_transfer_is_one_call_with_all_its_messages),
        cmocka_unit_test(what_could_hang_an_adapter_is_refused),
        cmocka_unit_test(the_adapters_habits_are_made_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
