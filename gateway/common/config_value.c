// One value of the file: text in, typed value or complaint out.
#include "gateway/common/config_work.h"

#include <inttypes.h>
#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool printable(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        // C1 controls are C2 80 to C2 9F in UTF-8.
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text[1] < 0xa0)) {
            return false;
        }
    }
    return true;
}

// Digits of a base to their end, without a leading zero. False: not a number. Beyond any range of the table
// it stays there.
static bool digits_read(const char *text, int base, int64_t *ret_number)
{
    static const char hex[] = "0123456789abcdef";
    const int64_t beyond = INT64_C(1) << 40;
    if (*text == '\0' || (base == 10 && text[0] == '0' && text[1] != '\0')) {
        return false;
    }
    int64_t number = 0;
    for (; *text != '\0'; text++) {
        char c = *text >= 'A' && *text <= 'F' ? (char)(*text - 'A' + 'a') : *text;
        const char *found = strchr(hex, c);
        if (found == NULL || found - hex >= base) {
            return false;
        }
        number = number * base + (found - hex);
        number = number > beyond ? beyond : number;
    }
    *ret_number = number;
    return true;
}

static const char *read_number(const struct key *key, const char *text, int64_t *ret_number)
{
    bool negative = *text == '-';
    int64_t number;
    if (!digits_read(text + negative, 10, &number)) {
        return "is not a whole number";
    }
    number = negative ? -number : number;
    if (number < key->min || number > key->max) {
        return "is out of range";
    }
    *ret_number = number;
    return NULL;
}

static const char *read_address(const struct key *key, const char *text, int64_t *ret_number)
{
    if (strncmp(text, "0x", 2) != 0) {
        return read_number(key, text, ret_number);
    }
    int64_t number;
    if (!digits_read(text + 2, 16, &number)) {
        return "is not a number";
    }
    if (number < key->min || number > key->max) {
        return "is out of range";
    }
    *ret_number = number;
    return NULL;
}

static const char *read_name(const struct key *key, const char *text, int64_t *ret_number)
{
    for (int64_t i = key->min; i <= key->max; i++) {
        if (strcmp(key->names[i], text) == 0) {
            *ret_number = i;
            return NULL;
        }
    }
    return "is not possible here";
}

static const char *read_bool(const char *text, int64_t *ret_number)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        return "is neither true nor false";
    }
    *ret_number = text[0] == 't';
    return NULL;
}

static const char *judge_decimal(const char *text)
{
    text += *text == '-';
    size_t whole = strspn(text, "0123456789");
    if (whole == 0 || (whole > 1 && text[0] == '0')) {
        return "is not a decimal number";
    }
    text += whole;
    if (text[0] == '.' && digit(text[1])) {
        text += 1 + strspn(text + 1, "0123456789");
    }
    return *text == '\0' ? NULL : "is not a decimal number";
}

static const char *read_ratio(const struct key *key, const char *text, int64_t *ret_number)
{
    const char *complaint = judge_decimal(text);
    if (complaint != NULL) {
        return complaint;
    }
    const char *dot = strchr(text, '.');
    int64_t number = 0, worth = 1000; // of the whole, then of each decimal
    for (const char *c = text + (*text == '-'); *c != '\0' && number <= key->max; c++) {
        if (c == dot) {
            worth = 100;
        } else if (dot == NULL || c < dot) {
            number = number * 10 + (*c - '0') * worth;
        } else if (worth == 0 && *c != '0') {
            return "has more than three decimals";
        } else {
            number += (*c - '0') * worth;
            worth /= 10;
        }
    }
    number = *text == '-' ? -number : number;
    if (number < key->min || number > key->max) {
        return "is out of range";
    }
    *ret_number = number;
    return NULL;
}

static const char *judge_host(const char *text)
{
    const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%";
    if (text[strspn(text, letters)] != '\0') {
        return "is no host name or address";
    }
    // One colon would be a port; addresses of IPv6 have more.
    const char *colon = strchr(text, ':');
    return colon != NULL && strchr(colon + 1, ':') == NULL ? "is a host name with a port" : NULL;
}

// Chip numbers change with the kernel's version, so a line of "gpiochip0" or a bare number is no name.
static const char *judge_line(const char *text)
{
    if (text[strspn(text, "0123456789")] == '\0') {
        return "is a number, which is another line on another kernel";
    }
    const char *chip = strncmp(text, "/dev/", 5) == 0 ? text + 5 : text;
    if (strncmp(chip, "gpiochip", 8) == 0 && digit(chip[8])) {
        return "names the chip by its number, which changes with the kernel";
    }
    return text[0] == ' ' || text[strlen(text) - 1] == ' ' ? "begins or ends with a space" : NULL;
}

static const char *judge_text(const struct key *key, const char *text)
{
    if (strlen(text) > (size_t)key->max) {
        return "is too long";
    }
    switch (key->type) {
    case KEY_HOST:
        return judge_host(text);
    case KEY_LINE:
        return judge_line(text);
    case KEY_PATH:
        return text[0] == '/' ? NULL : "is not an absolute path";
    case KEY_ID:
    case KEY_TEXT:
    case KEY_WORD:
    case KEY_NAME:
    case KEY_NUMBER:
    case KEY_ADDRESS:
    case KEY_BOOL:
    case KEY_RATIO:
    case KEY_DECIMAL:
    case KEY_IDS:
    case KEY_MAP:
    case KEY_LIST:
    case KEY_TYPE_COUNT:
        break;
    }
    return NULL;
}

static const char *read_typed(const struct key *key, const char *text, int64_t *ret_number)
{
    switch (key->type) {
    case KEY_ID:
        return id_valid(text) ? NULL : "is no id";
    case KEY_TEXT:
    case KEY_HOST:
    case KEY_PATH:
    case KEY_LINE:
        return judge_text(key, text);
    case KEY_WORD:
    case KEY_NAME:
        return read_name(key, text, ret_number);
    case KEY_NUMBER:
        return read_number(key, text, ret_number);
    case KEY_ADDRESS:
        return read_address(key, text, ret_number);
    case KEY_BOOL:
        return read_bool(text, ret_number);
    case KEY_RATIO:
        return read_ratio(key, text, ret_number);
    case KEY_DECIMAL:
        return judge_decimal(text);
    case KEY_IDS:
    case KEY_MAP:
    case KEY_LIST:
    case KEY_TYPE_COUNT:
        break;
    }
    return "is a single value";
}

const char *value_read(const struct key *key, const char *text, size_t length, struct draft_value *ret_value)
{
    if (length == 0) {
        return "is empty";
    }
    if (strlen(text) != length || !printable(text)) {
        return "has control characters";
    }
    int64_t number = 0;
    const char *complaint = read_typed(key, text, &number);
    if (complaint == NULL) {
        ret_value->good = true;
        ret_value->text = text;
        ret_value->number = number;
    }
    return complaint;
}

static const char *wanted_word(struct work *work, const struct key *key)
{
    struct words words = { .n = 0 };
    for (int64_t i = key->min; i <= key->max; i++) {
        words_add(&words, key->names[i]);
    }
    return phrase(work, "write %s", words_text(work, &words));
}

const char *value_wanted(struct work *work, const struct key *key)
{
    if (key->instead != NULL) {
        return key->instead;
    }
    switch (key->type) {
    case KEY_ID:
        return phrase(work, "write 1 to %d characters of a-z, 0-9 and -", ID_LENGTH);
    case KEY_TEXT:
        return phrase(work, "write a text of 1 to %" PRId64 " bytes in one line", key->max);
    case KEY_WORD:
    case KEY_NAME:
        return wanted_word(work, key);
    case KEY_HOST:
        return "write the host's name or address alone, without scheme or port";
    case KEY_PATH:
        return phrase(work, "write a path that begins with /, of at most %" PRId64 " bytes", key->max);
    case KEY_LINE:
        return "write the line's name (GPIO17) or chip-label:offset (pinctrl-rp1:17); careroomctl scan lists "
               "them";
    case KEY_NUMBER:
        return phrase(work, "write a whole number from %" PRId64 " to %" PRId64 "%s%s", key->min, key->max,
                      key->unit != NULL ? ", in " : "", key->unit != NULL ? key->unit : "");
    case KEY_ADDRESS:
        return phrase(work, "write a 7-bit address from 0x%02" PRIx64 " to 0x%02" PRIx64 " (or decimal)",
                      (uint64_t)key->min, (uint64_t)key->max);
    case KEY_BOOL:
        return "write true or false";
    case KEY_RATIO:
        return "write a part of 1 with at most three decimals, such as 0.42";
    case KEY_DECIMAL:
        return "write a number such as 1500 or 26.5";
    case KEY_IDS:
        return phrase(work, "write %" PRId64 " to %" PRId64 " ids in brackets, such as [smoke-1, smoke-2]",
                      key->min, key->max);
    case KEY_MAP:
        return "write keys with values below it, or { key: value }";
    case KEY_LIST:
        return "write a list: one entry a line, each begun with \"- \"";
    case KEY_TYPE_COUNT:
        break;
    }
    return "";
}
