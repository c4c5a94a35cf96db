#include "gateway/ctl/json_text.h"

#include <errno.h>
#include <stdio.h>

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "unknown" : text;
}

const char *text_or_nothing(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

struct number_text number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    struct number_text number;
    if (json_is_integer(value))
        snprintf(number.text, sizeof number.text, "%lld", (long long)json_integer_value(value));
    else
        snprintf(number.text, sizeof number.text, "%s", text_of(object, key));
    return number;
}

int count_of(const json_t *object, const char *key, uint64_t *ret_count)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return -ENODATA;
    *ret_count = (uint64_t)json_integer_value(value);
    return 0;
}
