// What a configuration's tests hear of it: mistakes and notices with their places, and helpers to read a text
// or a file with them.
#ifndef CAREROOM_TESTS_CONFIG_HEARD_H
#define CAREROOM_TESTS_CONFIG_HEARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/common/config.h"
#include "tests/unit/fake_parts.h"

#define HEAD "gateway: { id: g, site: s }\n"

struct heard {
    size_t mistakes, notices;
    unsigned last_line;
    bool ordered;
    char file[64];
    unsigned line[8]; // of the first mistakes
    char key[8][128];
    char text[8][512];
    char notice_key[8][128];
    char notice_text[8][512];
};

static inline void hear(const struct config_message *message, void *user)
{
    struct heard *heard = user;
    size_t *n = message->notice ? &heard->notices : &heard->mistakes;
    heard->ordered = (heard->mistakes + heard->notices == 0 || heard->ordered) &&
                     (message->line >= heard->last_line || message->line == 0);
    heard->last_line = message->line;
    (void)snprintf(heard->file, sizeof heard->file, "%s", message->file);
    if (*n < 8) {
        char(*keys)[128] = message->notice ? heard->notice_key : heard->key;
        char(*texts)[512] = message->notice ? heard->notice_text : heard->text;
        (void)snprintf(keys[*n], sizeof keys[*n], "%s", message->key);
        (void)snprintf(texts[*n], sizeof texts[*n], "%s; %s", message->wrong, message->instead);
        if (!message->notice) {
            heard->line[*n] = message->line;
        }
    }
    ++*n;
}

static inline int parse(const char *text, const struct config_catalogue *catalogue, struct heard *heard,
                        struct config **ret_config)
{
    *heard = (struct heard){ 0 };
    return config_parse("x.yaml", text, strlen(text), catalogue, hear, heard, ret_config);
}

static inline struct config *load_good(const char *file, struct heard *heard)
{
    struct config *config = NULL;
    *heard = (struct heard){ 0 };
    int error = config_load(file, &fake_catalogue, hear, heard, &config);
    if (error != 0) {
        fail_msg("%s:%u: %s: %s (%d)", file, heard->line[0], heard->key[0], heard->text[0], error);
    }
    assert_int_equal(heard->mistakes, 0);
    assert_non_null(config);
    assert_string_equal(config->file, file);
    return config;
}

static inline void assert_notice(const struct heard *heard, const char *key, const char *words)
{
    for (size_t i = 0; i < heard->notices && i < 8; i++) {
        if (strcmp(heard->notice_key[i], key) == 0 && strstr(heard->notice_text[i], words) != NULL) {
            return;
        }
    }
    fail_msg("no notice \"%s\" for %s; first of %zu: %s: %s", words, key, heard->notices,
             heard->notice_key[0], heard->notice_text[0]);
}

// The text of a file, with one more line at its end where `more` is no NULL. Caller frees.
static inline char *text_with(const char *file, const char *more)
{
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    size_t length = fread(text, 1, 60000, in);
    assert_in_range(length, 10, 59999);
    assert_int_equal(fclose(in), 0);
    (void)snprintf(text + length, 65536 - length, "%s", more != NULL ? more : "");
    return text;
}

// "presets_dir: …" of the presets in the source, which may be anywhere.
static inline const char *presets_dir_line(void)
{
    static char line[4200];
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    (void)snprintf(line, sizeof line, "presets_dir: %s/config/presets\n", here);
    return line;
}

#endif
