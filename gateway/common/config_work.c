#include "gateway/common/config_work.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena {
    struct arena *next;
    max_align_t memory[];
};

void *arena_take(struct arena **arena, size_t size)
{
    struct arena *block = calloc(1, sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    block->next = *arena;
    *arena = block;
    return block->memory;
}

void arena_free(struct arena *arena)
{
    while (arena != NULL) {
        struct arena *next = arena->next;
        free(arena);
        arena = next;
    }
}

static void *noted(struct work *work, void *memory)
{
    work->out_of_memory = work->out_of_memory || memory == NULL;
    return memory;
}

void *work_scratch(struct work *work, size_t size)
{
    return noted(work, arena_take(&work->scratch, size));
}

void *work_keep(struct work *work, size_t size)
{
    return noted(work, arena_take(&work->kept, size));
}

const char *phrase(struct work *work, const char *format, ...)
{
    char buf[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buf, sizeof buf, format, arguments);
    va_end(arguments);
    size_t size = length < 0 ? 1 : (size_t)length + 1;
    size = size > sizeof buf ? sizeof buf : size;
    char *text = work_scratch(work, size);
    if (text == NULL) {
        return "out of memory";
    }
    memcpy(text, buf, size - 1);
    return text;
}

const char *shown(struct work *work, const char *text)
{
    char buf[64];
    size_t n = 0;
    while (text[n] != '\0' && n < sizeof buf - 1) {
        unsigned char c = (unsigned char)text[n];
        buf[n++] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    bool cut = text[n] != '\0';
    while (cut && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) {
        n--; // not in the middle of a character
    }
    return phrase(work, "\"%.*s%s\"", (int)n, buf, cut ? "…" : "");
}

// Put the word that waits behind the others; the last one waits, since it is joined by "or".
static void words_flush(struct words *words, const char *joint)
{
    size_t at = strlen(words->text);
    if (words->n > 0 && at + strlen(joint) + strlen(words->last) < sizeof words->text) {
        (void)snprintf(words->text + at, sizeof words->text - at, "%s%s", at > 0 ? joint : "", words->last);
    }
}

void words_add(struct words *words, const char *word)
{
    words_flush(words, ", ");
    (void)snprintf(words->last, sizeof words->last, "%s", word);
    words->n++;
}

const char *words_text(struct work *work, struct words *words)
{
    words_flush(words, " or ");
    words->n = 0;
    return phrase(work, "%s", words->text);
}

#define NEAR_LENGTH 40 // longer words are not compared

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

// How many letters must be put in, taken out or changed to make one word of the other.
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NEAR_LENGTH + 1];
    size_t length_b = strlen(b);
    for (size_t j = 0; j <= length_b; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = smallest(row[j] + 1, row[j - 1] + 1, changed);
        }
    }
    return row[length_b];
}

void nearest_try(struct nearest *nearest, const char *word, const char *candidate)
{
    size_t length = strlen(word);
    if (length > NEAR_LENGTH || strlen(candidate) > NEAR_LENGTH) {
        return;
    }
    size_t distance = edit_distance(word, candidate);
    if (distance <= (length + 2) / 3 && (nearest->best == NULL || distance < nearest->distance)) {
        *nearest = (struct nearest){ distance, candidate };
    }
}

// The dotted path of a draft into buf: "rooms[butterfly].sensors[air]"; of an entry without a good id
// "sensors[#2]".
static void path_write(const struct draft *draft, char *buf, size_t size)
{
    *buf = '\0';
    if (draft == NULL || draft->parent == NULL) {
        return;
    }
    path_write(draft->parent, buf, size);
    size_t at = strlen(buf);
    const char *dot = at > 0 ? "." : "";
    if (!draft->in_list) {
        (void)snprintf(buf + at, size - at, "%s%s", dot, draft->name);
    } else if (draft->id != NULL) {
        (void)snprintf(buf + at, size - at, "%s%s[%s]", dot, draft->name, draft->id);
    } else {
        (void)snprintf(buf + at, size - at, "%s%s[#%zu]", dot, draft->name, draft->position);
    }
}

// Whether a message belongs behind one of the file that is being read: the configuration's come first.
static bool comes_after(const struct work *work, const struct config_message *message, unsigned line)
{
    return message->file == work->file ? message->line > line : work->file == work->configuration;
}

static void tell(struct work *work, bool notice, const struct draft *draft, const char *name, unsigned line,
                 const char *wrong, const char *instead)
{
    work->n_mistakes += !notice;
    if (work->n_messages == MESSAGES_MAX) {
        work->n_hidden++;
        return;
    }
    char path[160];
    path_write(draft, path, sizeof path);
    const char *key = FILE_AS_A_WHOLE;
    if (name != NULL || *path != '\0') {
        key =
            phrase(work, "%s%s%s", path, name != NULL && *path != '\0' ? "." : "", name != NULL ? name : "");
    }

    size_t at = work->n_messages++; // behind those of the same line
    for (; at > 0 && comes_after(work, &work->messages[at - 1], line); at--) {
        work->messages[at] = work->messages[at - 1];
    }
    work->messages[at] = (struct config_message){
        .notice = notice, .file = work->file, .line = line, .key = key, .wrong = wrong, .instead = instead
    };
}

static void tell_of_key(struct work *work, bool notice, const struct draft *draft, int key, const char *wrong,
                        const char *instead)
{
    const char *name = key == THE_DRAFT ? NULL : draft->section->keys[key].name;
    unsigned line = key != THE_DRAFT && draft->values[key].set ? draft->values[key].line : draft->line;
    tell(work, notice, draft, name, line, wrong, instead);
}

void tell_mistake(struct work *work, const struct draft *draft, int key, const char *wrong,
                  const char *instead)
{
    tell_of_key(work, false, draft, key, wrong, instead);
}

void tell_notice(struct work *work, const struct draft *draft, int key, const char *wrong,
                 const char *instead)
{
    tell_of_key(work, true, draft, key, wrong, instead);
}

void tell_mistake_at(struct work *work, const struct draft *draft, const char *name, unsigned line,
                     const char *wrong, const char *instead)
{
    tell(work, false, draft, name, line, wrong, instead);
}

const char *place_of(struct work *work, const struct draft *draft)
{
    char path[160];
    path_write(draft, path, sizeof path);
    return phrase(work, "%s (line %u)", path, draft->line);
}
