#include "gateway/ctl/text.h"

#include <locale.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "gateway/ctl/ctl.h"

#define REPLACEMENT 0xfffdU

static bool colours;
static bool terminal;

static const char *const style_codes[] = {
    [STYLE_PLAIN] = "",        [STYLE_HEAD] = "\033[1m",   [STYLE_GOOD] = "\033[32m",
    [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[1;31m", [STYLE_FAINT] = "\033[2m",
};
_Static_assert(sizeof style_codes / sizeof *style_codes == STYLE_COUNT, "one code a style");

void text_init(void)
{
    // The files are UTF-8 whatever the caller's locale says; only the widths of characters come from here.
    setlocale(LC_CTYPE, "C.UTF-8");
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    terminal = isatty(STDOUT_FILENO) == 1;
    colours =
        terminal && (no_color == NULL || *no_color == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
}

static bool continuation(char c)
{
    return ((unsigned char)c & 0xc0U) == 0x80U;
}

size_t text_next(const char *text, uint32_t *ret_character)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char first = (unsigned char)text[0];
    if (first < 0x80) {
        *ret_character = first;
        return first == '\0' ? 0 : 1;
    }
    size_t length = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
    uint32_t character = length == 4 ? first & 0x07U : length == 3 ? first & 0x0fU : first & 0x1fU;
    *ret_character = REPLACEMENT;
    if (length == 0 || first >= 0xf8)
        return 1;
    for (size_t i = 1; i < length; i++) {
        if (!continuation(text[i]))
            return 1;
        character = character << 6 | ((unsigned char)text[i] & 0x3fU);
    }
    // Overlong forms and surrogates are not characters.
    if (character < smallest[length] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
        return 1;
    *ret_character = character;
    return length;
}

// C0, DEL, C1, and the marks that turn the direction of what follows: a name could rewrite its neighbours
// with them.
static bool steers_terminal(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static uint32_t safe(uint32_t character)
{
    if (character == '\n' || character == '\r' || character == '\t')
        return ' ';
    return steers_terminal(character) ? REPLACEMENT : character;
}

static int columns_of(uint32_t character)
{
    int columns = wcwidth((wchar_t)character);
    return columns < 0 ? 1 : columns;
}

int text_width(const char *text)
{
    int columns = 0;
    uint32_t character;
    for (size_t taken; (taken = text_next(text, &character)) > 0; text += taken)
        columns += columns_of(safe(character));
    return columns;
}

int text_put(FILE *out, enum text_style style, const char *text, int columns)
{
    bool coloured = colours && out == stdout && style != STYLE_PLAIN && *text != '\0';
    if (coloured)
        fputs(style_codes[style], out);
    int taken_columns = 0;
    uint32_t character;
    for (size_t taken; (taken = text_next(text, &character)) > 0; text += taken) {
        uint32_t shown = safe(character);
        taken_columns += columns_of(shown);
        if (shown == REPLACEMENT)
            fputs("\xef\xbf\xbd", out);
        else if (shown != character)
            fputc((int)shown, out);
        else
            fwrite(text, 1, taken, out);
    }
    if (coloured)
        fputs("\033[0m", out);
    for (int i = taken_columns; i < columns; i++)
        fputc(' ', out);
    return taken_columns;
}

void text_put_json(FILE *out, const char *json)
{
    if (!terminal) {
        fputs(json, out);
        fputc('\n', out);
        return;
    }
    uint32_t character;
    for (size_t taken; (taken = text_next(json, &character)) > 0; json += taken) {
        bool broken = character == REPLACEMENT && taken == 1;
        if (broken || steers_terminal(character))
            fprintf(out, "\\u%04x", (unsigned)character);
        else
            fwrite(json, 1, taken, out);
    }
    fputc('\n', out);
}

bool text_reader_gone(void)
{
    struct pollfd output = { .fd = STDOUT_FILENO };
    return poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

void text_age(uint64_t ms, char *buf, size_t size)
{
    uint64_t s = ms / 1000, min = s / 60, h = min / 60, d = h / 24;
    if (ms < 1000)
        snprintf(buf, size, "%u ms", (unsigned)ms);
    else if (min == 0)
        snprintf(buf, size, "%u s", (unsigned)s);
    else if (h == 0)
        snprintf(buf, size, "%u min", (unsigned)min);
    else if (d == 0)
        snprintf(buf, size, "%u h %u min", (unsigned)h, (unsigned)(min % 60));
    else
        snprintf(buf, size, "%llu d %u h", (unsigned long long)d, (unsigned)(h % 24));
}

struct table_cell {
    enum text_style style;
    int width;
    char *text;
};

void table_cell(struct table *table, enum text_style style, const char *format, ...)
{
    if (table->n == table->room) {
        table->room = table->room == 0 ? 64 : 2 * table->room;
        table->cells = ctl_must(reallocarray(table->cells, table->room, sizeof *table->cells));
    }
    struct table_cell *cell = &table->cells[table->n++];
    va_list list;
    va_start(list, format);
    if (vasprintf(&cell->text, format, list) < 0)
        cell->text = ctl_must(NULL);
    va_end(list);
    cell->style = style;
    cell->width = text_width(cell->text);
}

// The line ends after its last cell that says something: no spaces at the end of a line.
static bool rest_empty(const struct table *table, size_t at)
{
    for (; at % table->columns != 0; at++)
        if (table->cells[at].width > 0)
            return false;
    return true;
}

void table_print(struct table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        int width = 0;
        for (size_t k = i % table->columns; k < table->n; k += table->columns)
            width = table->cells[k].width > width ? table->cells[k].width : width;
        if (i % table->columns == 0)
            printf("%*s", (int)table->indent, "");
        bool last = (i + 1) % table->columns == 0 || rest_empty(table, i + 1);
        text_put(stdout, table->cells[i].style, table->cells[i].text, last ? 0 : width);
        fputs((i + 1) % table->columns == 0 ? "\n" : last ? "" : "  ", stdout);
    }
    for (size_t i = 0; i < table->n; i++)
        free(table->cells[i].text);
    free(table->cells);
    *table = (struct table){ .columns = table->columns, .indent = table->indent };
}
