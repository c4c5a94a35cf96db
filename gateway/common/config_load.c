#include "gateway/common/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/common/config_work.h"

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

static void judge(struct work *work, yaml_document_t *document, struct config *config)
{
    const struct draft *root = draft_document(work, document, &config_root_section);
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
    yaml_document_t document;
    if (yaml_shape(work, text, length) && yaml_read(work, text, length, &document)) {
        judge(work, &document, config);
        yaml_document_delete(&document);
    }
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
    struct work work = { .file = name, .configuration = name, .catalogue = catalogue };
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

int config_read_file(const char *file, char *buf, size_t *ret_length)
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
    int error = text == NULL ? -ENOMEM : config_read_file(file, text, &length);
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
