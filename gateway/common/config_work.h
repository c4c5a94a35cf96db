// What the parts of the configuration's reader share while one file is read: memory, messages, and the draft,
// which is the file as typed values that still know where they stood. Internal to the configuration; start-up
// only, one thread.
#ifndef CAREROOM_COMMON_CONFIG_WORK_H
#define CAREROOM_COMMON_CONFIG_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "gateway/common/config.h"
#include "gateway/common/config_keys.h"

// ---- Memory that goes all at once

struct arena; // a chain of blocks

// Zeroed memory, or NULL. It goes with arena_free().
void *arena_take(struct arena **arena, size_t size);
void arena_free(struct arena *arena); // NULL is fine

// ---- The draft

struct draft;

// One of a list of ids.
struct draft_id {
    const char *text;
    unsigned line;
};

struct draft_value {
    bool set;  // stands in the file
    bool good; // has been read, from the file or from the key's fallback; otherwise a mistake was told, or it
               // is absent
    unsigned line;
    const char *text;
    int64_t number;
    struct draft **items; // KEY_LIST; KEY_MAP: one
    size_t n_items;
    struct draft_id *ids; // KEY_IDS
    size_t n_ids;
};

// One mapping of the file.
struct draft {
    const struct key_section *section;
    const struct draft *parent; // NULL: the file's root
    const char *name;           // its key in the parent
    bool in_list;
    size_t position; // in the list, from 1
    const char *id;  // its id, where it has a valid one
    unsigned line;
    struct draft_value *values; // as many as the section has keys
};

// ---- The work

#define MESSAGES_MAX 256 // more are counted, not shown

struct work {
    const char *file;
    const struct config_catalogue *catalogue; // NULL: driver names are not judged
    yaml_document_t *document;
    struct arena *scratch; // gone when the work is done
    struct arena *kept;    // becomes the configuration's
    bool out_of_memory;
    size_t n_mistakes;
    size_t n_hidden;
    size_t n_messages;
    struct config_message messages[MESSAGES_MAX]; // the configuration's own file first; by line
    const char *configuration;                    // its file; differs from file while a preset is read
    const char *presets_dir;
    struct preset *presets; // that were asked for, each once
};

// Memory of the work. NULL, noted in out_of_memory, when there is none.
void *work_scratch(struct work *work, size_t size);
void *work_keep(struct work *work, size_t size);

// Words for a message, printf-like, good until the work is done. Never NULL.
__attribute__((format(printf, 2, 3))) const char *phrase(struct work *work, const char *format, ...);

// Text from the file, in quotes, shortened, without control characters.
const char *shown(struct work *work, const char *text);

// "a, b or c": first all add, then words_text(). Where there are too many, the rest is left out.
struct words {
    size_t n;
    char text[480];
    char last[80];
};
void words_add(struct words *words, const char *word);
const char *words_text(struct work *work, struct words *words);

// The candidate that is spelt most like a word, or NULL where none is near. Call for one candidate after the
// other.
struct nearest {
    size_t distance; // of the best
    const char *best;
};
void nearest_try(struct nearest *nearest, const char *word, const char *candidate);

// What stands for the key in a message about the whole file or its YAML.
#define FILE_AS_A_WHOLE "file"

// Where a message points to: a key of a draft (its index in the section), or the draft itself.
#define THE_DRAFT (-1)

void tell_mistake(struct work *work, const struct draft *draft, int key, const char *wrong,
                  const char *instead);
void tell_notice(struct work *work, const struct draft *draft, int key, const char *wrong,
                 const char *instead);
// A mistake below a draft (NULL: the root) that is no key of the table. name may be NULL: the draft itself.
void tell_mistake_at(struct work *work, const struct draft *draft, const char *name, unsigned line,
                     const char *wrong, const char *instead);

// Where something stands, for messages about two places: "rooms[a].sensors[b] (line 12)".
const char *place_of(struct work *work, const struct draft *draft);

// ---- The steps, in their order

// Read one scalar as its key wants it. NULL, or what is wrong ("is not a whole number"); *ret_value is then
// untouched.
const char *value_read(const struct key *key, const char *text, size_t length, struct draft_value *ret_value);
// What would be right for a key: "write a whole number from 1 to 20".
const char *value_wanted(struct work *work, const struct key *key);

// Whether it is YAML of one document whose depth and anchors are those of a configuration; what is wrong is
// told. libyaml's loader takes time with the square of both, so they are counted first.
bool yaml_shape(struct work *work, const char *text, size_t length);
// Load the first document. True: the caller deletes it; false: what is wrong has been told.
bool yaml_read(struct work *work, const char *text, size_t length, yaml_document_t *ret_document);

// The document's root as a draft of a section; NULL where it is no mapping (told).
struct draft *draft_document(struct work *work, yaml_document_t *document, const struct key_section *section);

#define FILE_MAX 1048576 // bytes of a configuration file
// Read a file into buf, up to one byte more than a configuration may have, which is enough to say that it is
// too large. 0 or a negative errno. Blocks on the file system.
int config_read_file(const char *file, char *buf, size_t *ret_length);

// Copy a draft's good values into the structure that the key table names, in kept memory.
void fill_structure(struct work *work, const struct draft *draft, void *structure);

// What no single key can know: references, uniqueness, parts. Resolves what the structures need of it.
void check_configuration(struct work *work, const struct draft *root, struct config *config);
void check_parts(struct work *work, const struct draft *root, struct config *config);
void check_rules(struct work *work, const struct draft *room, struct config_room *config_room);

// An id names one thing: the first keeps it.
void check_unique(struct work *work, struct draft *const *drafts, size_t n);

// The preset of a room, read once for all rooms; NULL: it can't be used (told).
struct preset *preset_of(struct work *work, const struct draft *room, const char *name);
// The index of a group of a preset; SIZE_MAX: it has none of this id.
size_t preset_group(const struct preset *preset, const char *group);
// Say of each preset what its limits in force are worth.
void notice_suggested(struct work *work);

// ---- The numbers of a rule, of a room or of a preset (config_check_limits.c)

// Which kind of rule its keys make, RULE_HELD where it only names what it is on. False: they don't fit each
// other (told).
bool limit_kind(struct work *work, const struct draft *rule, enum rule_kind *ret_kind);
// Once kind is known: what its severity is, and that it may be.
void limit_severity(struct work *work, const struct draft *rule, struct config_rule *config);
// Once quantity is known too: threshold and deadband.
void limit_numbers(struct work *work, const struct draft *rule, struct config_rule *config);
// A window in which a sensor is read less than three times says nothing of it.
#define WINDOW_READINGS 3
uint32_t limit_shortest_window_s(const struct config_sensor *sensor);
int limit_window_key(enum rule_kind kind); // of RULE_MEAN, RULE_RISE and RULE_UNCHANGED

// The value of a key of a draft.
static inline const struct draft_value *value_of(const struct draft *draft, int key)
{
    return &draft->values[key];
}

#endif
