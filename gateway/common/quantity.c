#include "gateway/common/quantity.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int quantity_find(const char *name, enum quantity *ret_quantity)
{
    for (unsigned i = 0; i < QUANTITY_COUNT; i++) {
        if (strcmp(quantities[i].name, name) == 0) {
            *ret_quantity = (enum quantity)i;
            return 0;
        }
    }
    return -ENOENT;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

// The value stays at the first number beyond any 32-bit value, so that no length of text overflows it.
#define TOO_LARGE ((int64_t)INT32_MAX + 2)

static int64_t append_digit(int64_t value, char c)
{
    value = value * 10 + (c - '0');
    return value > TOO_LARGE ? TOO_LARGE : value;
}

int quantity_parse(enum quantity quantity, const char *text, int32_t *ret_value)
{
    bool negative = *text == '-';
    text += negative;
    // "010" could be meant as octal, so a leading zero stands alone.
    if (!digit(text[0]) || (text[0] == '0' && digit(text[1]))) {
        return -EINVAL;
    }
    int64_t value = 0;
    for (; digit(*text); text++) {
        value = append_digit(value, *text);
    }
    int32_t rest = quantities[quantity].scale; // what the decimals still to come have to make up
    if (*text == '.') {
        text++;
        if (!digit(*text)) {
            return -EINVAL;
        }
        for (; digit(*text) && rest > 1; text++, rest /= 10) {
            value = append_digit(value, *text);
        }
    }
    if (*text != '\0') {
        return -EINVAL;
    }
    value *= rest;
    value = negative ? -value : value;
    if (value < INT32_MIN || value > INT32_MAX) {
        return -ERANGE;
    }
    *ret_value = (int32_t)value;
    return 0;
}

void quantity_format(enum quantity quantity, int32_t value, char *buf, size_t size)
{
    uint32_t scale = (uint32_t)quantities[quantity].scale;
    uint32_t magnitude = value < 0 ? 0U - (uint32_t)value : (uint32_t)value;
    uint32_t decimals = magnitude % scale;
    int length = snprintf(buf, size, "%s%u", value < 0 ? "-" : "", magnitude / scale);
    if (decimals == 0 || length < 0) {
        return;
    }
    // Digits from the left until nothing is left of the decimals: no zeros at the end.
    size_t at = (size_t)length;
    for (char mark = '.'; decimals > 0 && at + 2 < size; mark = '\0') {
        if (mark != '\0') {
            buf[at++] = mark;
        }
        scale /= 10;
        buf[at++] = (char)('0' + decimals / scale);
        decimals %= scale;
    }
    buf[at] = '\0';
}
