#include "gateway/ctl/card.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// Digits of one base and nothing else, up to `end`; the library's function alone would take signs and spaces.
static int whole_number(const char *text, size_t length, int base, uint32_t max, uint32_t *ret_number)
{
    static const char *const hex = "0123456789abcdefABCDEF", *const decimal = "0123456789";
    if (length == 0 || strspn(text, base == 16 ? hex : decimal) < length)
        return -EINVAL;
    errno = 0;
    unsigned long long number = strtoull(text, NULL, base);
    if (errno != 0 || number > max)
        return -ERANGE;
    *ret_number = (uint32_t)number;
    return 0;
}

int card_parse(const char *text, struct card_number *ret_card)
{
    const char *colon = strchr(text, ':');
    struct card_number card;
    int r;
    if (colon != NULL) {
        r = whole_number(text, (size_t)(colon - text), 10, UINT16_MAX, &card.facility);
        int second = whole_number(colon + 1, strlen(colon + 1), 10, UINT16_MAX, &card.card);
        if (r == -EINVAL || second == -EINVAL)
            return -EINVAL;
        r = r < 0 ? r : second;
    } else {
        bool hex = strncasecmp(text, "0x", 2) == 0;
        const char *digits = hex ? text + 2 : text;
        uint32_t number = 0;
        r = whole_number(digits, strlen(digits), hex ? 16 : 10, UINT32_MAX, &number);
        card = (struct card_number){ .facility = number >> 16, .card = number & 0xffff };
    }
    if (r == 0)
        *ret_card = card;
    return r;
}

void card_format(const struct card_number *card, char *buf, size_t size)
{
    snprintf(buf, size, "%u:%u", (unsigned)card->facility & 0xffffU, (unsigned)card->card & 0xffffU);
}
