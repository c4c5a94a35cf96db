#include "gateway/common/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/common/config_work.h"

#define FILE_MAX 1048576 // bytes of a configuration file

// What config_free() needs to know besides.
struct loaded {
    struct config config; // first, so that a pointer to it is a pointer to this
    struct arena *memory;
};

void config_free(struct config *config)
{
    if (config != NULL) {
        struct loaded *loaded = (struct loaded *)config;
        arena_free(loaded->memory); // loaded itself is in there
    }
}

// libyaml knows the line of a syntax error, but only the byte of a character that is none.
static unsigned problem_line(const yaml_parser_t *parser, const char *text, size_t length)
{
    if (parser->error != YAML_READER_ERROR) {
        return (unsigned)parser->problem_mark.line + 1;
    }
    unsigned line = 1;
    for (size_t i = 0; i < length && i < parser->problem_offset; i++) {
        line += text[i] == '\n';
    }
    return line;
}

static void tell_syntax(struct work *work, const yaml_parser_t *parser, const char *text, size_t length)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        work->out_of_memory = true;
        return;
    }
    const char *problem = parser->problem != NULL ? parser->problem : "it can't be read";
    const char *context = "";
    if (parser->context !=
        NULL) { // an open quote is noticed at the end of the file, far from where it stands
        context =
            phrase(work, "%s from line %u on: ", parser->context, (unsigned)parser->context_mark.line + 1);
    }
    tell_mistake_at(work, NULL, NULL, problem_line(parser, text, length),
                    phrase(work, "not YAML: %s%s", context, problem),
                    "look at colons, indents, quotes and tabs here and in the line before");
}

// One more document in the stream would be a second configuration that nobody reads.
static void refuse_second(struct work *work, yaml_parser_t *parser, const char *text, size_t length)
{
    yaml_document_t document;
    if (yaml_parser_load(parser, &document) == 0) {
        tell_syntax(work, parser, text, length);
        return;
    }
    if (yaml_document_get_root_node(&document) != NULL) {
        tell_mistake_at(work, NULL, NULL, (unsigned)document.start_mark.line + 1,
                        "a second document begins here", "write one configuration in one file, without ---");
    }
    yaml_document_delete(&document);
}

static void judge(struct work *work, yaml_document_t *document, struct config *config)
{
    const struct draft *root = draft_document(work, document);
    if (root == NULL || work->out_of_memory) {
        return;
    }
    fill_structure(work, root, config);
    if (!work->out_of_memory) {
        check_configuration(work, root, config);
    }
}

static void read_text(struct work *work, const char *text, size_t length, struct config *config)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        work->out_of_memory = true;
        return;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    yaml_document_t document;
    if (yaml_parser_load(&parser, &document) == 0) {
        tell_syntax(work, &parser, text, length);
    } else {
        judge(work, &document, config);
        if (yaml_document_get_root_node(&document) != NULL) {
            refuse_second(work, &parser, text, length);
        }
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
}

static void report_all(const struct work *work, config_report_fn report, void *user)
{
    if (report == NULL) {
        return;
    }
    for (size_t i = 0; i < work->n_messages; i++) {
        report(&work->messages[i], user);
    }
    struct config_message message = { .file = work->file, .key = FILE_AS_A_WHOLE };
    if (work->n_hidden > 0) {
        message.wrong = "there are more mistakes than are shown";
        message.instead = "mend these first";
        report(&message, user);
    }
    if (work->out_of_memory) {
        message.wrong = "there is not enough memory to read it";
        message.instead = "free some and try again";
        report(&message, user);
    }
}

int config_parse(const char *name, const char *text, size_t length, const struct config_catalogue *catalogue,
                 config_report_fn report, void *user, struct config **ret_config)
{
    struct work work = { .file = name, .catalogue = catalogue };
    struct loaded *loaded = work_keep(&work, sizeof *loaded);
    char *file = work_keep(&work, strlen(name) + 1);
    if (loaded != NULL && file != NULL) {
        memcpy(file, name, strlen(name));
        loaded->config.file = file;
        if (length > FILE_MAX) {
            tell_mistake_at(&work, NULL, NULL, 1, "the file is larger than 1 MiB",
                            "keep the configuration alone in it");
        } else {
            read_text(&work, text, length, &loaded->config);
        }
    }
    report_all(&work, report, user);
    arena_free(work.scratch);
    if (work.out_of_memory || work.n_mistakes > 0) {
        arena_free(work.kept);
        return work.out_of_memory ? -ENOMEM : -EINVAL;
    }
    loaded->memory = work.kept;
    *ret_config = &loaded->config;
    return 0;
}

// Up to one byte more than a configuration may have, which is enough to say that it is too large.
static int read_file(const char *file, char *buf, size_t *ret_length)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    size_t length = 0;
    int error = 0;
    while (length < FILE_MAX + 1) {
        ssize_t n = read(fd, buf + length, FILE_MAX + 1 - length);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            error = n < 0 ? -errno : 0;
            break;
        }
        length += (size_t)n;
    }
    (void)close(fd);
    *ret_length = length;
    return error;
}

int config_load(const char *file, const struct config_catalogue *catalogue, config_report_fn report,
                void *user, struct config **ret_config)
{
    char *text = malloc(FILE_MAX + 1);
    size_t length = 0;
    int error = text == NULL ? -ENOMEM : read_file(file, text, &length);
    if (error == 0) {
        error = config_parse(file, text, length, catalogue, report, user, ret_config);
    } else if (report != NULL) {
        char wrong[128];
        (void)snprintf(wrong, sizeof wrong, "can't be read: %s", strerror(-error));
        report(&(struct config_message){ .file = file,
                                         .key = FILE_AS_A_WHOLE,
                                         .wrong = wrong,
                                         .instead = "name the file with --config or $CAREROOM_CONFIG" },
               user);
    }
    free(text);
    return error;
}

const char *config_default_file(void)
{
    const char *file = getenv("CAREROOM_CONFIG");
    return file != NULL && *file != '\0' ? file : "/etc/careroom/careroom.yaml";
}

void config_report_text(const struct config_message *message, void *user)
{
    FILE *file = user;
    (void)fprintf(file, "%s%s:", message->notice ? "notice: " : "", message->file);
    if (message->line > 0) {
        (void)fprintf(file, "%u:", message->line);
    }
    (void)fprintf(file, " %s%s%s; %s\n", message->key, *message->key != '\0' ? ": " : "", message->wrong,
                  message->instead);
}
