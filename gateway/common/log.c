#include "gateway/common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX 512

// A line is a line: a name or a message from outside with a line break or an escape sequence in it must not
// be able to forge a second line or to paint on a terminal. C1 controls (U+0080 to U+009F) are C2 80 to C2 9F
// in UTF-8.
static void strip_controls(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        unsigned char next = (unsigned char)text[i + 1];
        if (c < 0x20 || c == 0x7f) {
            text[i] = ' ';
        } else if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
            text[i] = text[i + 1] = ' ';
        }
    }
}

// Where a text that had to be cut ends, without a character cut in two.
static size_t whole_characters(const char *text, size_t length)
{
    size_t end = length;
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) {
        end--;
    }
    return end;
}

void log_line(enum log_priority priority, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    int saved_errno = errno;
    size_t start = (size_t)snprintf(line, sizeof line, "<%d>", (int)priority);

    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(line + start, sizeof line - start, format, arguments);
    va_end(arguments);
    if (wanted < 0) {
        wanted = 0;
        line[start] = '\0';
    }
    size_t length = start + (size_t)wanted;
    if (length > sizeof line - 1) {
        length = whole_characters(line, sizeof line - 2); // room for the line's end
        line[length] = '\0';
    }
    strip_controls(line + start, length - start);
    line[length] = '\n';
    while (write(STDERR_FILENO, line, length + 1) < 0 && errno == EINTR) {
    }
    errno = saved_errno;
}
