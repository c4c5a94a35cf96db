#include "gateway/common/ids.h"

#include <string.h>

bool id_valid(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length >= 1 && length <= ID_LENGTH && text[length] == '\0';
}

bool id_reserved(const char *text)
{
    static const char *const words[] = { "status", "child", "command", "reply", "gateway", "homeassistant" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}
