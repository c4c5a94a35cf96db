// Any bytes as a file of people: no crash, no leak, the same whether they come in one piece or byte by byte,
// and a mistake told for every file that is refused. The register of a folder of its own stays empty: all
// runs are dry. clang -fsanitize=fuzzer,address,undefined
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/people/people.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static char dir[] = "/tmp/careroom-fuzz-XXXXXX";
static struct people *people;

static void clear(void)
{
    char file[64];
    static const char *const names[] = { "people.db", "people.db-wal", "people.key" };
    people_close(people);
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s/%s", dir, names[i]);
        unlink(file);
    }
    rmdir(dir);
}

static void open_once(void)
{
    if (people) {
        return;
    }
    if (!mkdtemp(dir) || people_open(dir, &people) < 0) {
        abort();
    }
    (void)atexit(clear);
}

struct told {
    unsigned mistakes;
    size_t sum;
};

static void tell(const struct people_message *message, void *user)
{
    struct told *told = user;
    char text[400];
    people_message_text(message, text, sizeof text);
    told->mistakes += !message->notice;
    for (const char *s = text; *s; s++) {
        // Our own words: nothing of the file's.
        if (*s < ' ' || *s > '~') {
            abort();
        }
        told->sum = told->sum * 31 + (size_t)*s;
    }
}

static int import(const unsigned char *bytes, size_t size, size_t piece, bool remove_others,
                  struct people_counts *ret_counts, struct told *told)
{
    static struct config_room rooms[] = { { .id = "bee" } };
    static const struct config config = { .rooms = rooms, .n_rooms = 1 };
    struct people_import *import = NULL;
    if (people_import_new(people, &config, &import) < 0) {
        abort();
    }
    for (size_t at = 0; at < size; at += piece) {
        if (people_import_feed(import, bytes + at, piece < size - at ? piece : size - at) < 0) {
            abort();
        }
    }
    int r = people_import_end(
        import, &(struct people_import_options){ .dry_run = true, .remove_others = remove_others }, tell,
        told, ret_counts);
    people_import_free(import);
    return r;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    open_once();
    struct people_counts whole = { .rows = 0 }, pieces = { .rows = 0 };
    struct told told = { .sum = 0 }, told_again = { .sum = 0 };
    bool remove_others = size % 2 == 1;
    int r = import(bytes, size, size + 1, remove_others, &whole, &told);
    if ((r != 0 && r != -EINVAL) || (r == 0) != (told.mistakes == 0) ||
        (r == 0 && whole.added != whole.rows)) {
        abort();
    }
    if (import(bytes, size, 1, remove_others, &pieces, &told_again) != r || told.sum != told_again.sum ||
        memcmp(&whole, &pieces, sizeof whole) != 0) {
        abort();
    }
    return 0;
}
