// libyaml's document into the draft, by the key table alone.
#include "gateway/common/config_work.h"

#include <inttypes.h>
#include <string.h>

static struct draft *read_mapping(struct work *work, const struct key_section *section,
                                  const yaml_node_t *node, struct draft place);

static unsigned line_of(const yaml_node_t *node)
{
    return (unsigned)node->start_mark.line + 1;
}

static const char *text_of(const yaml_node_t *scalar)
{
    return (const char *)scalar->data.scalar.value;
}

static bool is_plain_null(const yaml_node_t *scalar)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text_of(scalar), words[i]) == 0) {
            return scalar->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        }
    }
    return false;
}

static void read_scalar(struct work *work, struct draft *draft, int index, const yaml_node_t *node)
{
    const struct key *key = &draft->section->keys[index];
    if (node->type != YAML_SCALAR_NODE) {
        tell_mistake(work, draft, index, "is a list or mapping where one value belongs",
                     value_wanted(work, key));
        return;
    }
    if (strcmp((const char *)node->tag, YAML_STR_TAG) != 0) {
        tell_mistake(work, draft, index, "has a tag", "write the value alone, without !");
        return;
    }
    if (is_plain_null(node)) {
        tell_mistake(work, draft, index, "has no value", value_wanted(work, key));
        return;
    }
    const char *complaint = value_read(key, text_of(node), node->data.scalar.length, &draft->values[index]);
    if (complaint != NULL) {
        tell_mistake(work, draft, index, phrase(work, "%s %s", shown(work, text_of(node)), complaint),
                     value_wanted(work, key));
    }
}

static void read_items(struct work *work, struct draft *draft, int index, const yaml_node_t *node)
{
    const struct key *key = &draft->section->keys[index];
    struct draft_value *value = &draft->values[index];
    size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if ((int64_t)n < key->min || (int64_t)n > key->max) {
        tell_mistake(work, draft, index, phrase(work, "has %zu entries", n),
                     phrase(work, "write %" PRId64 " to %" PRId64, key->min, key->max));
        n = (int64_t)n > key->max ? (size_t)key->max : n;
    }
    value->items = work_scratch(work, n * sizeof(struct draft *));
    if (value->items == NULL) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *entry = yaml_document_get_node(work->document, node->data.sequence.items.start[i]);
        struct draft place = { .parent = draft, .name = key->name, .in_list = true, .position = i + 1 };
        struct draft *item = read_mapping(work, key->inner, entry, place);
        if (item != NULL) {
            value->items[value->n_items++] = item;
        }
    }
    value->good = true;
}

// One id of a list of ids. NULL: what is wrong with it has been told.
static const char *read_id(struct work *work, const struct draft *draft, int index, const yaml_node_t *entry)
{
    bool scalar = entry->type == YAML_SCALAR_NODE;
    if (scalar && strlen(text_of(entry)) == entry->data.scalar.length && id_valid(text_of(entry))) {
        return text_of(entry);
    }
    const char *what = scalar ? phrase(work, "%s is no id", shown(work, text_of(entry)))
                              : "has a list or mapping where an id belongs";
    tell_mistake_at(work, draft, draft->section->keys[index].name, line_of(entry), what,
                    phrase(work, "write 1 to %d characters of a-z, 0-9 and -", ID_LENGTH));
    return NULL;
}

static void read_ids(struct work *work, struct draft *draft, int index, const yaml_node_t *node)
{
    const struct key *key = &draft->section->keys[index];
    struct draft_value *value = &draft->values[index];
    size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if ((int64_t)n < key->min || (int64_t)n > key->max) {
        tell_mistake(work, draft, index, phrase(work, "has %zu entries", n), value_wanted(work, key));
        return;
    }
    value->ids = work_scratch(work, n * sizeof *value->ids);
    if (value->ids == NULL) {
        return;
    }
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *entry = yaml_document_get_node(work->document, node->data.sequence.items.start[i]);
        const char *id = read_id(work, draft, index, entry);
        good = good && id != NULL;
        if (id != NULL) {
            value->ids[value->n_ids++] = (struct draft_id){ id, line_of(entry) };
        }
    }
    value->good = good;
}

static void read_map(struct work *work, struct draft *draft, int index, const yaml_node_t *node)
{
    const struct key *key = &draft->section->keys[index];
    struct draft_value *value = &draft->values[index];
    value->items = work_scratch(work, sizeof(struct draft *));
    if (value->items == NULL) {
        return;
    }
    struct draft place = { .parent = draft, .name = key->name };
    struct draft *inner = read_mapping(work, key->inner, node, place);
    if (inner != NULL) {
        value->items[0] = inner;
        value->n_items = 1;
        value->good = true;
    }
}

static void read_value(struct work *work, struct draft *draft, int index, const yaml_node_t *node)
{
    const struct key *key = &draft->section->keys[index];
    if (key->notice != NULL) {
        tell_notice(work, draft, index, key->notice, "nothing is guarded or sent by it");
    }
    if (key->type == KEY_MAP) {
        read_map(work, draft, index, node);
    } else if (key->type != KEY_LIST && key->type != KEY_IDS) {
        read_scalar(work, draft, index, node);
    } else if (node->type == YAML_SEQUENCE_NODE) {
        if (key->type == KEY_LIST) {
            read_items(work, draft, index, node);
        } else {
            read_ids(work, draft, index, node);
        }
    } else {
        tell_mistake(work, draft, index, "is not a list", value_wanted(work, key));
    }
}

static int find_key(const struct key_section *section, const char *name)
{
    for (size_t i = 0; i < section->n_keys; i++) {
        if (strcmp(section->keys[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static void tell_unknown(struct work *work, const struct draft *draft, const yaml_node_t *name)
{
    const struct key_section *section = draft->section;
    struct nearest nearest = { 0 };
    struct words words = { .n = 0 };
    for (size_t i = 0; i < section->n_keys; i++) {
        nearest_try(&nearest, text_of(name), section->keys[i].name);
        words_add(&words, section->keys[i].name);
    }
    const char *instead = nearest.best != NULL ? phrase(work, "did you mean %s?", nearest.best)
                                               : phrase(work, "known here: %s", words_text(work, &words));
    char key[64] = ""; // as far as it can be shown in a path
    size_t n = strcspn(text_of(name), " \n\r\t\033");
    strncat(key, text_of(name), n < 40 ? n : 40);
    tell_mistake_at(work, draft, key, line_of(name),
                    phrase(work, "unknown key %s", shown(work, text_of(name))), instead);
}

static void read_pair(struct work *work, struct draft *draft, const yaml_node_t *name,
                      const yaml_node_t *node)
{
    if (name->type != YAML_SCALAR_NODE) {
        tell_mistake_at(work, draft, NULL, line_of(name), "a key is a list or mapping",
                        "write a word before the colon");
        return;
    }
    bool whole = strlen(text_of(name)) == name->data.scalar.length; // "id\0…" is not "id"
    int index = whole ? find_key(draft->section, text_of(name)) : -1;
    if (index < 0) {
        tell_unknown(work, draft, name);
        return;
    }
    struct draft_value *value = &draft->values[index];
    if (value->set) {
        tell_mistake_at(work, draft, draft->section->keys[index].name, line_of(name),
                        phrase(work, "stands here again, first in line %u", value->line),
                        "write each key once");
        return;
    }
    value->set = true;
    value->line = line_of(name);
    read_value(work, draft, index, node);
}

// Keys that the file leaves out: a mistake, or what the table says instead.
static void complete(struct work *work, struct draft *draft)
{
    for (size_t i = 0; i < draft->section->n_keys; i++) {
        const struct key *key = &draft->section->keys[i];
        struct draft_value *value = &draft->values[i];
        if (value->set) {
            continue;
        }
        if (key->required) {
            tell_mistake(work, draft, (int)i, "is missing", value_wanted(work, key));
        } else if (key->fallback != NULL) {
            (void)value_read(key, key->fallback, strlen(key->fallback), value);
        }
    }
}

// The id of a mapping, known before its keys are read, so that every message can name it.
static const char *find_id(const struct work *work, const yaml_node_t *node)
{
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
         pair++) {
        const yaml_node_t *name = yaml_document_get_node(work->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(work->document, pair->value);
        if (name->type == YAML_SCALAR_NODE && strcmp(text_of(name), "id") == 0) {
            return value->type == YAML_SCALAR_NODE && id_valid(text_of(value)) ? text_of(value) : NULL;
        }
    }
    return NULL;
}

// `place` says where in the file the mapping stands. The table is as deep as the recursion can go, whatever
// the file holds.
static struct draft *read_mapping(struct work *work, const struct key_section *section,
                                  const yaml_node_t *node, struct draft place)
{
    struct draft *draft = work_scratch(work, sizeof *draft);
    struct draft_value *values = work_scratch(work, section->n_keys * sizeof *values);
    if (draft == NULL || values == NULL) {
        return NULL;
    }
    *draft = place;
    draft->section = section;
    draft->values = values;
    draft->line = place.parent != NULL ? line_of(node) : 1; // what the root lacks, the file lacks
    if (node->type != YAML_MAPPING_NODE) {
        tell_mistake(work, draft, THE_DRAFT, "is no mapping",
                     "write keys with values, such as { key: value }");
        return NULL;
    }
    draft->id = section->has_id ? find_id(work, node) : NULL;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
         pair++) {
        read_pair(work, draft, yaml_document_get_node(work->document, pair->key),
                  yaml_document_get_node(work->document, pair->value));
    }
    complete(work, draft);
    return draft;
}

struct draft *draft_document(struct work *work, yaml_document_t *document, const struct key_section *section)
{
    work->document = document;
    const yaml_node_t *root = yaml_document_get_root_node(document);
    if (root == NULL) {
        tell_mistake_at(work, NULL, NULL, 1, "the file is empty",
                        "begin with config/careroom.yaml, the example");
        return NULL;
    }
    return read_mapping(work, section, root, (struct draft){ .parent = NULL });
}
