// Text and days.
#include "gateway/people/inside.h"

#include <stdio.h>
#include <string.h>

static size_t span_of(unsigned char lead)
{
    return lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

// Overlong forms, surrogates and numbers above U+10FFFF are no characters.
bool text_is_utf8(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        if (s[i] < 0x80) {
            i++;
            continue;
        }
        size_t span = span_of(s[i]);
        if (span == 0 || span > length - i) {
            return false;
        }
        unsigned char low = s[i] == 0xe0 ? 0xa0 : s[i] == 0xf0 ? 0x90 : 0x80;
        unsigned char high = s[i] == 0xed ? 0x9f : s[i] == 0xf4 ? 0x8f : 0xbf;
        for (size_t j = 1; j < span; j++, low = 0x80, high = 0xbf) {
            if (s[i + j] < low || s[i + j] > high) {
                return false;
            }
        }
        i += span;
    }
    return true;
}

bool text_is_printable(const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        // C1 controls are C2 80 to C2 9F.
        if (*s < 0x20 || *s == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0)) {
            return false;
        }
    }
    return true;
}

bool text_is_id(const char *text)
{
    return id_valid(text) && strncmp(text, "p-", 2) != 0;
}

// ---- Days. March is the first month: a leap day is then the last of its year, and months' beginnings follow
// from one formula.

#define DAYS_TO_1970 719468 // from 0000-03-01

static int32_t day_of(int32_t year, int32_t month, int32_t day)
{
    int32_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - DAYS_TO_1970;
}

static bool two_digits(const char *text, int32_t *ret_number)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
        return false;
    }
    *ret_number = (text[0] - '0') * 10 + (text[1] - '0');
    return true;
}

bool people_day_parse(const char *text, int32_t *ret_day)
{
    static const int32_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int32_t century, year, month, day;
    if (strlen(text) != PEOPLE_DATE_SIZE - 1 || text[4] != '-' || text[7] != '-' ||
        !two_digits(text, &century) || !two_digits(text + 2, &year) || !two_digits(text + 5, &month) ||
        !two_digits(text + 8, &day)) {
        return false;
    }
    year += 100 * century;
    if (year < 1900 || year > 2199 || month < 1 || month > 12) {
        return false;
    }
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day < 1 || day > lengths[month - 1] + (month == 2 && leap)) {
        return false;
    }
    *ret_day = day_of(year, month, day);
    return true;
}

void people_day_format(int32_t day, char buf[static PEOPLE_DATE_SIZE])
{
    buf[0] = '\0';
    if (day < day_of(1900, 1, 1) || day > day_of(2199, 12, 31)) {
        return;
    }
    // A year too early, or before 1970 too late, by as many days as leap years have added.
    int32_t year = 1970 + day / 366, month = 1;
    while (day_of(year + 1, 1, 1) <= day) {
        year++;
    }
    while (day_of(year, 1, 1) > day) {
        year--;
    }
    while (month < 12 && day_of(year, month + 1, 1) <= day) {
        month++;
    }
    unsigned of_month = (unsigned)(day - day_of(year, month, 1)) + 1;
    snprintf(buf, PEOPLE_DATE_SIZE, "%04u-%02u-%02u", (unsigned)year % 10000u, (unsigned)month % 100u,
             of_month % 100u);
}
