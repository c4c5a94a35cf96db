#include "gateway/ctl/since.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "gateway/ctl/ctl.h"

int since_parse_length(const char *text, int64_t *ret_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 7 || text[digits] == '\0' || text[digits + 1] != '\0')
        return -EINVAL;
    int64_t number = 0;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit == text[digits]) {
            *ret_ms = number * units[i].ms;
            return 0;
        }
    }
    return -EINVAL;
}

// Exactly `count` digits and then `after`, if that is not '\0'.
static bool take_digits(const char **text, unsigned count, char after, int *ret_number)
{
    int number = 0;
    for (unsigned i = 0; i < count; i++, ++*text) {
        if (!isdigit((unsigned char)**text))
            return false;
        number = number * 10 + (**text - '0');
    }
    if (after != '\0' && *(*text)++ != after)
        return false;
    *ret_number = number;
    return true;
}

// ":15" and ".123" and "Z", each of which may be missing, and then the end.
static bool take_end(const char *text, int *ret_second, int *ret_ms, bool *ret_utc)
{
    if (*text == ':' && (text++, !take_digits(&text, 2, '\0', ret_second)))
        return false;
    if (*text == '.' && (text++, !take_digits(&text, 3, '\0', ret_ms)))
        return false;
    *ret_utc = *text == 'Z';
    text += *ret_utc;
    return *text == '\0';
}

static int parse_date(const char *text, int64_t *ret_wall_ms)
{
    struct tm tm = { .tm_isdst = -1 };
    int ms = 0;
    bool utc = false;
    if (!take_digits(&text, 4, '-', &tm.tm_year) || !take_digits(&text, 2, '-', &tm.tm_mon) ||
        !take_digits(&text, 2, '\0', &tm.tm_mday))
        return -EINVAL;
    if (*text != '\0') {
        if (*text != 'T' && *text != ' ')
            return -EINVAL;
        text++;
        if (!take_digits(&text, 2, ':', &tm.tm_hour) || !take_digits(&text, 2, '\0', &tm.tm_min) ||
            !take_end(text, &tm.tm_sec, &ms, &utc))
            return -EINVAL;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
        return -ERANGE;
    struct tm normal = tm;
    int64_t s = utc ? timegm(&normal) : mktime(&normal);
    // 30 February would have become 2 March.
    if (normal.tm_mday != tm.tm_mday || normal.tm_mon != tm.tm_mon)
        return -ERANGE;
    *ret_wall_ms = s * 1000 + ms;
    return 0;
}

int since_parse(const char *text, int64_t now_ms, struct since *ret_since)
{
    struct since since = { 0 };
    int r;
    if (*text == '#') {
        r = ctl_number(text + 1, 1, INT64_MAX, &since.sequence);
    } else if (strchr(text, '-') != NULL) {
        r = parse_date(text, &since.wall_ms);
    } else {
        int64_t age_ms = 0;
        r = since_parse_length(text, &age_ms);
        since.wall_ms = now_ms - age_ms;
    }
    if (r == 0)
        *ret_since = since;
    return r;
}
