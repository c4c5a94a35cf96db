// What rolling rules remember, and what chatters.
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/core/chatter.h"
#include "gateway/core/window.h"

#define S      UINT64_C(1000000000)
#define MINUTE (60 * S)

static struct window_bucket buckets[WINDOW_MINUTES];
static struct window window;

static void begin(size_t size, uint64_t now_ns)
{
    memset(buckets, 0, sizeof buckets);
    memset(&window, 0xA5, sizeof window);
    window_begin(&window, buckets, size, now_ns);
}

// One value in each minute from first up to below end.
static void fill(int64_t first, int64_t end, int32_t value)
{
    for (int64_t m = first; m < end; m++) {
        window_take(&window, (uint64_t)m * MINUTE, value);
    }
}

static void assert_mean(int32_t mean)
{
    int32_t is;
    assert_true(window_mean(&window, &is));
    assert_int_equal(is, mean);
}

static void assert_no_mean(void)
{
    int32_t is = 77;
    assert_false(window_mean(&window, &is));
    assert_int_equal(is, 77);
}

static void a_window_has_whole_minutes(void **unused)
{
    (void)unused;
    assert_int_equal(window_size(0), 1);
    assert_int_equal(window_size(MINUTE - 1), 1);
    assert_int_equal(window_size(MINUTE), 1);
    assert_int_equal(window_size(2 * MINUTE - 1), 1);
    assert_int_equal(window_size(60 * MINUTE), 60);
    assert_int_equal(window_size(1440 * MINUTE), 1440);
    assert_int_equal(window_size(UINT64_MAX), 1440);
}

static void only_whole_minutes_count(void **unused)
{
    (void)unused;
    begin(1, 5 * MINUTE);
    window_take(&window, 5 * MINUTE, 100);
    window_take(&window, 6 * MINUTE - 1, 200);
    assert_no_mean();
    window_take(&window, 6 * MINUTE, 900);
    assert_mean(150);
    window_take(&window, 7 * MINUTE - 1, 901);
    assert_mean(150);
    window_take(&window, 7 * MINUTE, 0);
    assert_mean(901); // to the nearest, away from zero
}

static void three_quarters_must_be_there(void **unused)
{
    (void)unused;
    begin(4, 0);
    fill(0, 3, 10);
    assert_no_mean(); // two of four: the third is under way
    window_take(&window, 3 * MINUTE, 50);
    assert_mean(10);
    begin(60, 0);
    fill(0, 45, 7);
    assert_no_mean();
    fill(45, 46, 7);
    assert_mean(7);
}

static void minutes_weigh_the_same(void **unused)
{
    (void)unused;
    begin(2, 0);
    for (uint64_t i = 0; i < 60; i++) {
        window_take(&window, i * S, 1000);
    }
    window_take(&window, MINUTE, 0);
    window_take(&window, 2 * MINUTE, 5);
    assert_mean(500);
}

static void a_gap_leaves_empty_minutes(void **unused)
{
    (void)unused;
    begin(8, 0);
    fill(0, 9, 100);
    assert_mean(100);
    assert_int_equal(window.filled, 8);
    window_take(&window, 10 * MINUTE, 100); // minute 9 is missing
    assert_int_equal(window.filled, 7);
    window_take(&window, 12 * MINUTE, 100); // and 11
    assert_int_equal(window.filled, 6);
    assert_mean(100);
    window_take(&window, 14 * MINUTE, 100); // and 13: five of eight
    assert_no_mean();
}

static void a_leap_of_hours_empties_it(void **unused)
{
    (void)unused;
    begin(10, 0);
    fill(0, 11, 100);
    window_take(&window, 20 * MINUTE, 5); // minute 10, and nothing after it: just still inside
    assert_int_equal(window.filled, 1);
    assert_int_equal(window.lowest, 100);
    window_take(&window, 31 * MINUTE, 5); // minute 20 just fell out
    assert_int_equal(window.filled, 0);
    window_take(&window, 100000 * MINUTE, 6);
    assert_int_equal(window.filled, 0);
    window_take(&window, UINT64_MAX, 7);
    window_take(&window, UINT64_MAX, 9);
    assert_int_equal(window.filled, 0);
}

static void the_ends_of_32_bits(void **unused)
{
    (void)unused;
    begin(1440, 0);
    fill(0, 1441, INT32_MIN);
    assert_mean(INT32_MIN);
    assert_int_equal(window.lowest, INT32_MIN);
    fill(1441, 2882, INT32_MAX);
    assert_mean(INT32_MAX);
    assert_int_equal(window.lowest, INT32_MAX);
    begin(2, 0);
    fill(0, 1, INT32_MIN);
    fill(1, 3, INT32_MAX);
    assert_mean(-1); // -0.5
    assert_int_equal(window.lowest, INT32_MIN);
    assert_int_equal(window.highest, INT32_MAX);
}

static void minutes_of_before_the_start(void **unused)
{
    (void)unused;
    uint64_t now = 10 * S; // of the boot: the minutes lie before its beginning
    begin(4, now);
    for (uint64_t ago = 1; ago <= 4; ago++) {
        window_take_minute(&window, now, ago * MINUTE, (int32_t)(100 * ago));
    }
    assert_mean(250);
    window_take_minute(&window, now, 5 * MINUTE, 9999);          // before the window
    window_take_minute(&window, now, 9 * S, 9999);               // in the minute under way
    window_take_minute(&window, now, UINT64_MAX, 9999);          // nonsense
    window_take_minute(&window, now, 3 * MINUTE + 20 * S, 9999); // that minute was given
    assert_mean(250);
    window_take(&window, MINUTE, 500); // the oldest, 400, falls out, and minute 0 is empty
    assert_mean(200);
    assert_int_equal(window.highest, 300);
    begin(1440, now);
    window_take_minute(&window, now, 1440 * MINUTE, 3);
    assert_int_equal(window.filled, 1);
    window_take_minute(&window, now, 1440 * MINUTE + 11 * S, 3);
    assert_int_equal(window.filled, 1);
}

// Against a list of all values, gone through each time.
static void it_is_what_a_list_says(void **unused)
{
    (void)unused;
    enum { VALUES = 3000 };
    static struct {
        uint64_t at;
        int32_t value;
    } list[VALUES];
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    srand(seed);
    size_t size = 1 + (size_t)(rand() % 30);
    uint64_t now = (uint64_t)(rand() % 1000) * S;
    begin(size, now);
    for (size_t n = 0; n < VALUES; n++) {
        now += (uint64_t)(rand() % (rand() % 50 ? 40 : 4000)) * S / 2;
        list[n].at = now;
        list[n].value = (int32_t)(rand() % 2000) - 1000;
        window_take(&window, now, list[n].value);
        size_t filled = 0;
        int64_t total = 0, lowest = INT64_MAX, highest = INT64_MIN;
        for (uint64_t back = 1; back <= size && back <= now / MINUTE; back++) {
            int64_t sum = 0, count = 0;
            for (size_t i = n + 1; i-- > 0 && list[i].at / MINUTE + back >= now / MINUTE;) {
                if (list[i].at / MINUTE + back == now / MINUTE) {
                    sum += list[i].value;
                    count++;
                }
            }
            if (count) {
                int64_t mean = (2 * sum + (sum < 0 ? -count : count)) / (2 * count);
                filled++;
                total += mean;
                lowest = mean < lowest ? mean : lowest;
                highest = mean > highest ? mean : highest;
            }
        }
        assert_int_equal(window.filled, filled);
        assert_int_equal(window.total, total);
        assert_true(!filled || (window.lowest == lowest && window.highest == highest));
    }
}

// ---- Steady

static void ten_equal_values_for_long_enough(void **unused)
{
    (void)unused;
    struct steady steady = { .n = 0 };
    for (uint64_t i = 0; i < 9; i++) {
        steady_take(&steady, i * MINUTE, 5);
    }
    assert_false(steady_for(&steady, 8 * MINUTE, 5 * MINUTE)); // nine
    steady_take(&steady, 9 * MINUTE, 5);
    assert_true(steady_for(&steady, 9 * MINUTE, 9 * MINUTE));
    assert_false(steady_for(&steady, 9 * MINUTE, 9 * MINUTE + 1));
    assert_false(steady.differed);
    steady_take(&steady, 10 * MINUTE, 6);
    assert_true(steady.differed);
    assert_false(steady_for(&steady, 10 * MINUTE, 0));
}

static void a_break_begins_anew(void **unused)
{
    (void)unused;
    struct steady steady = { .n = 0 };
    for (uint64_t i = 0; i < 9; i++) {
        steady_take(&steady, i, 5);
    }
    steady_break(&steady);
    steady_take(&steady, 100 * MINUTE, 5);
    assert_int_equal(steady.n, 1);
    assert_false(steady.differed);
    steady_break(&steady);
    steady_take(&steady, 101 * MINUTE, 6); // it isn't stuck on what it was before
    assert_true(steady.differed);
}

// ---- Chatter

static void six_changes_within_a_minute(void **unused)
{
    (void)unused;
    struct chatter chatter = { .held = false };
    for (uint64_t i = 0; i < 5; i++) {
        assert_false(chatter_change(&chatter, i * 12 * S));
    }
    assert_int_equal(chatter_quiet_ns(&chatter), UINT64_MAX);
    assert_true(chatter_change(&chatter, 60 * S)); // the sixth, a minute after the first
    assert_int_equal(chatter.changes, 6);
    assert_true(chatter_change(&chatter, 110 * S));
    assert_int_equal(chatter.changes, 7);
    assert_int_equal(chatter_quiet_ns(&chatter), 170 * S);
    chatter_end(&chatter);
    assert_int_equal(chatter.changes, 7);
    for (uint64_t i = 0; i < 5; i++) {
        assert_false(chatter_change(&chatter, 170 * S + i));
    }
    assert_true(chatter_change(&chatter, 170 * S + 5));
    assert_int_equal(chatter.changes, 6);
}

static void slower_is_no_chatter(void **unused)
{
    (void)unused;
    struct chatter chatter = { .held = false };
    for (uint64_t i = 0; i < 5; i++) {
        assert_false(chatter_change(&chatter, i * S));
    }
    assert_false(chatter_change(&chatter, 60 * S + 1));
    for (uint64_t i = 1; i < 1000; i++) {
        assert_false(chatter_change(&chatter, 60 * S + i * (12 * S + 1)));
    }
    assert_false(chatter.held);
    chatter = (struct chatter){ .held = false };
    for (uint64_t i = 0; i < 6; i++) {
        (void)chatter_change(&chatter, UINT64_MAX - 5 + i);
    }
    assert_true(chatter.held);
    assert_int_equal(chatter_quiet_ns(&chatter), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_has_whole_minutes),   cmocka_unit_test(only_whole_minutes_count),
        cmocka_unit_test(three_quarters_must_be_there), cmocka_unit_test(minutes_weigh_the_same),
        cmocka_unit_test(a_gap_leaves_empty_minutes),   cmocka_unit_test(a_leap_of_hours_empties_it),
        cmocka_unit_test(the_ends_of_32_bits),          cmocka_unit_test(minutes_of_before_the_start),
        cmocka_unit_test(it_is_what_a_list_says),       cmocka_unit_test(ten_equal_values_for_long_enough),
        cmocka_unit_test(a_break_begins_anew),          cmocka_unit_test(six_changes_within_a_minute),
        cmocka_unit_test(slower_is_no_chatter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
