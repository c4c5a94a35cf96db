// The air of the night: what makes a night, an hour's mean, and an advice.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs the four above
#include <cmocka.h>

#include "gateway/common/clock.h"
#include "gateway/core/floor.h"

#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static struct floor night_floor;
static uint64_t day;        // those that have begun
static unsigned judged;     // nights
static uint64_t every_ns;   // between two readings
static uint64_t skip_hours; // bit n: no reading from n to n + 1

static void take(uint64_t hour, uint64_t of_hour_ns, int32_t ppm)
{
    bool night = hour >= 1 && hour < 5;
    if ((skip_hours >> hour & 1) == 0) {
        judged += floor_take(&night_floor, day * DAY + hour * HOUR + of_hour_ns, night, ppm);
    }
}

// A day whose hours have these values; those of the day 1500.
static void live(int32_t one, int32_t two, int32_t three, int32_t four)
{
    const int32_t ppm[24] = { [1] = one, [2] = two, [3] = three, [4] = four };
    day++;
    for (uint64_t hour = 0; hour < 24; hour++) {
        for (uint64_t at = 0; at < HOUR; at += every_ns) {
            take(hour, at, ppm[hour] != 0 ? ppm[hour] : 1500);
        }
    }
}

static int begin(void **state)
{
    (void)state;
    night_floor = (struct floor){ 0 };
    day = judged = 0;
    every_ns = 5 * NS_PER_S;
    skip_hours = 0;
    return 0;
}

static void the_lowest_hour_counts(void **state)
{
    (void)state;
    live(700, 640, 590, 900);
    assert_int_equal(judged, 1);
    assert_int_equal(night_floor.night_ppm, 590);
    assert_false(floor_advises(&night_floor));
    live(480, 470, 460, 450); // also the last one, which ends with the night
    assert_int_equal(judged, 2);
    assert_int_equal(night_floor.night_ppm, 450);
    live(480, 470, 460, 455); // and not that of the night before
    assert_int_equal(night_floor.night_ppm, 455);
}

static void it_is_the_mean_of_an_hour(void **state)
{
    (void)state;
    day = 1;
    for (uint64_t at = 0; at <= 2 * HOUR; at += MINUTE) { // one value far below is no hour
        judged += floor_take(&night_floor, at, true,
                             at == 30 * MINUTE        ? 300
                             : at % (2 * MINUTE) == 0 ? 700
                                                      : 800);
    }
    judged += floor_take(&night_floor, 2 * HOUR + MINUTE, false, 900);
    assert_int_equal(judged, 1);
    assert_in_range(night_floor.night_ppm, 740, 750);
}

static void three_nights_in_a_row_ask_for_advice(void **state)
{
    (void)state;
    live(700, 700, 700, 700);
    live(601, 700, 700, 700);
    assert_false(floor_advises(&night_floor));
    live(700, 349, 700, 700); // below is as wrong as above
    assert_true(floor_advises(&night_floor));
    live(700, 700, 700, 700); // and stays until a night is as it should be
    assert_true(floor_advises(&night_floor));
    live(700, 700, 600, 700);
    assert_false(floor_advises(&night_floor));
    live(700, 700, 700, 700);
    live(700, 700, 700, 700);
    live(350, 700, 700, 700); // broken: it begins again
    live(700, 700, 700, 700);
    live(700, 700, 700, 700);
    assert_false(floor_advises(&night_floor));
    live(349, 700, 700, 700);
    assert_true(floor_advises(&night_floor));
}

static void a_night_without_an_hour_says_nothing(void **state)
{
    (void)state;
    live(700, 700, 700, 700);
    live(700, 700, 700, 700);
    skip_hours = 0x1e; // all of the night
    live(400, 400, 400, 400);
    assert_int_equal(judged, 2);
    assert_false(floor_advises(&night_floor));
    skip_hours = 0;
    live(700, 700, 700, 700);
    assert_true(floor_advises(&night_floor));
    // Half an hour is none, however low.
    begin(NULL);
    for (uint64_t at = 0; at < HOUR / 2; at += MINUTE) {
        judged += floor_take(&night_floor, at, true, 300);
    }
    judged += floor_take(&night_floor, HOUR / 2, false, 900);
    assert_int_equal(judged, 0);
}

static void a_gap_begins_the_hour_again(void **state)
{
    (void)state;
    skip_hours = 1 << 2; // from two to three: what came before two is a whole hour, what follows three too
    live(500, 0, 450, 700);
    assert_int_equal(night_floor.night_ppm, 450);
    begin(NULL);
    for (uint64_t at = 0; at < 4 * HOUR; at += MINUTE) { // half an hour, silence, half an hour
        if (at % HOUR < HOUR / 2) {
            judged += floor_take(&night_floor, at, true, 400);
        }
    }
    judged += floor_take(&night_floor, 4 * HOUR, false, 900);
    assert_int_equal(judged, 0);
}

// The gateway was off by day: two nights are two.
static void a_night_may_follow_a_night(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 4; n++) {
        for (uint64_t at = HOUR; at < 5 * HOUR; at += MINUTE) {
            judged += floor_take(&night_floor, n * DAY + at, true, 700);
        }
    }
    assert_int_equal(judged, 3);
    assert_true(floor_advises(&night_floor));
}

static void slow_and_fast_sensors_come_to_the_same(void **state)
{
    (void)state;
    static const uint64_t periods[] = { NS_PER_S, 5 * NS_PER_S, MINUTE, 10 * MINUTE };
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        begin(NULL);
        every_ns = periods[i];
        live(700, 640, 590, 900);
        assert_int_equal(judged, 1);
        assert_int_equal(night_floor.night_ppm, 590);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_lowest_hour_counts, begin),
        cmocka_unit_test_setup(it_is_the_mean_of_an_hour, begin),
        cmocka_unit_test_setup(three_nights_in_a_row_ask_for_advice, begin),
        cmocka_unit_test_setup(a_night_without_an_hour_says_nothing, begin),
        cmocka_unit_test_setup(a_gap_begins_the_hour_again, begin),
        cmocka_unit_test_setup(a_night_may_follow_a_night, begin),
        cmocka_unit_test_setup(slow_and_fast_sensors_come_to_the_same, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
