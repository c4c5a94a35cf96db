// The presets: limits by country, from files of their own, with where each limit comes from.
#include "gateway/common/config_work.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".yaml"

size_t preset_group(const struct preset *preset, const char *group)
{
    for (size_t i = 0; i < preset->n_groups; i++) {
        if (strcmp(preset->groups[i].id, group) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

// ---- Its rules

static void check_types(struct work *work, const struct draft *draft, struct preset_rule *rule)
{
    const struct draft_value *types = value_of(draft, K_PRESET_RULE_TYPES);
    rule->types = types->n_ids == 0 ? ALL_TYPES : 0;
    for (size_t i = 0; i < types->n_ids; i++) {
        uint32_t type = 0;
        struct words words = { .n = 0 };
        for (unsigned t = 0; t < ROOM_TYPE_COUNT; t++) {
            type |= strcmp(room_type_names[t], types->ids[i].text) == 0 ? 1u << t : 0;
            words_add(&words, room_type_names[t]);
        }
        rule->types |= type;
        if (type == 0) {
            tell_mistake_at(work, draft, "types", types->ids[i].line,
                            phrase(work, "%s is no room type", shown(work, types->ids[i].text)),
                            phrase(work, "write %s", words_text(work, &words)));
        }
    }
}

static void check_groups(struct work *work, const struct draft *draft, const struct preset *preset,
                         struct preset_rule *rule)
{
    const struct draft_value *groups = value_of(draft, K_PRESET_RULE_GROUPS);
    rule->groups = groups->n_ids == 0 ? ALL_GROUPS : 0;
    for (size_t i = 0; i < groups->n_ids; i++) {
        size_t group = preset_group(preset, groups->ids[i].text);
        if (group == SIZE_MAX) {
            tell_mistake_at(
                work, draft, "groups", groups->ids[i].line,
                phrase(work, "%s is no age group of this preset", shown(work, groups->ids[i].text)),
                "write ids that stand in groups, at the top");
        } else {
            rule->groups |= 1u << group;
        }
    }
}

static void check_limit(struct work *work, const struct draft *draft, struct config_rule *rule)
{
    const struct draft_value *quantity = value_of(draft, K_RULE_ON);
    if (!quantity->good || !limit_kind(work, draft, &rule->kind)) {
        return;
    }
    if (rule->kind == RULE_HELD) {
        tell_mistake(work, draft, THE_DRAFT, "has no threshold",
                     "write above or below, rises or falls, or "
                     "unchanged_s");
        return;
    }
    if (quantity_find(quantity->text, &rule->quantity) < 0 || rule->quantity == QUANTITY_CONTACT) {
        struct words words = { .n = 0 };
        for (unsigned q = 0; q < QUANTITY_COUNT; q++) {
            words_add(&words, q == QUANTITY_CONTACT ? "" : quantities[q].name);
        }
        tell_mistake(work, draft, K_RULE_ON,
                     phrase(work, "there is no quantity %s to limit", shown(work, quantity->text)),
                     phrase(work, "write %s", words_text(work, &words)));
        return;
    }
    limit_severity(work, draft, rule);
    limit_numbers(work, draft, rule);
}

#define NUMBERED_MAX 3 // "-32", for the last of a room's sensors

static void check_preset_rule(struct work *work, const struct draft *draft, const struct preset *preset,
                              struct preset_rule *rule)
{
    rule->rule.line_number = draft->line;
    if (draft->id != NULL && strlen(draft->id) > ID_LENGTH - NUMBERED_MAX) {
        tell_mistake(work, draft, K_RULE_ID, "is too long to be numbered",
                     phrase(work, "write at most %d characters", ID_LENGTH - NUMBERED_MAX));
    }
    check_types(work, draft, rule);
    check_groups(work, draft, preset, rule);
    check_limit(work, draft, &rule->rule);
}

static void check_preset(struct work *work, const struct draft *root, struct preset *preset)
{
    const struct draft_value *groups = value_of(root, K_PRESET_GROUPS),
                             *rules = value_of(root, K_PRESET_RULES);
    check_unique(work, groups->items, groups->n_items);
    check_unique(work, rules->items, rules->n_items);
    for (size_t i = 0; i < rules->n_items; i++) {
        check_preset_rule(work, rules->items[i], preset, &preset->rules[i]);
    }
}

// ---- Its file

static void judge_preset(struct work *work, yaml_document_t *document, struct preset *preset)
{
    const struct draft *root = draft_document(work, document, &config_preset_section);
    if (root == NULL || work->out_of_memory) {
        return;
    }
    fill_structure(work, root, preset);
    if (!work->out_of_memory) {
        check_preset(work, root, preset);
    }
}

// Its mistakes are told under its own name.
static void parse_preset(struct work *work, const char *path, const char *text, size_t length,
                         struct preset *preset)
{
    yaml_document_t *outer = work->document, document;
    size_t before = work->n_mistakes;
    work->file = path;
    if (length > FILE_MAX) {
        tell_mistake_at(work, NULL, NULL, 1, "the file is larger than 1 MiB", "keep the preset alone in it");
    } else if (yaml_shape(work, text, length) && yaml_read(work, text, length, &document)) {
        judge_preset(work, &document, preset);
        yaml_document_delete(&document);
    }
    work->file = work->configuration;
    work->document = outer;
    preset->good = work->n_mistakes == before && !work->out_of_memory;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

#define LISTED_MAX 32

// "cn, de or uk": the presets that the folder has.
static const char *presets_found(struct work *work)
{
    char names[LISTED_MAX][ID_SIZE];
    size_t n = 0;
    DIR *dir = opendir(work->presets_dir);
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL && n < LISTED_MAX;) {
        size_t length = strlen(entry->d_name), suffix = strlen(SUFFIX);
        if (length > suffix && length - suffix <= ID_LENGTH &&
            strcmp(entry->d_name + length - suffix, SUFFIX) == 0) {
            (void)snprintf(names[n++], ID_SIZE, "%.*s", (int)(length - suffix), entry->d_name);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    qsort(names, n, sizeof names[0], by_text);
    struct words words = { .n = 0 };
    for (size_t i = 0; i < n; i++) {
        words_add(&words, names[i]);
    }
    return n == 0 ? NULL : words_text(work, &words);
}

static void tell_unreadable(struct work *work, const struct draft *room, const char *name, int error)
{
    const char *found = presets_found(work);
    const char *wrong =
        error == -ENOENT
            ? phrase(work, "there is no preset %s in %s", name, work->presets_dir)
            : phrase(work, "preset %s of %s can't be read: %s", name, work->presets_dir, strerror(-error));
    tell_mistake(work, room, K_ROOM_PRESET, wrong,
                 found != NULL ? phrase(work, "write %s", found)
                               : "name the folder that holds the presets with presets_dir");
}

static void load_preset(struct work *work, const struct draft *room, struct preset *preset)
{
    const char *path = phrase(work, "%s/%s%s", work->presets_dir, preset->name, SUFFIX);
    char *text = malloc(FILE_MAX + 1);
    size_t length = 0;
    int error = text == NULL ? -ENOMEM : config_read_file(path, text, &length);
    if (error == -ENOMEM) {
        work->out_of_memory = true;
    } else if (error < 0) {
        tell_unreadable(work, room, preset->name, error);
    } else {
        parse_preset(work, path, text, length, preset);
    }
    free(text);
}

struct preset *preset_of(struct work *work, const struct draft *room, const char *name)
{
    struct preset *preset = work->presets;
    while (preset != NULL && strcmp(preset->name, name) != 0) {
        preset = preset->next;
    }
    if (preset == NULL) {
        preset = work_keep(work, sizeof *preset); // its rules' texts stay with the configuration
        if (preset == NULL) {
            return NULL;
        }
        *preset = (struct preset){ .next = work->presets, .name = name, .room = room };
        work->presets = preset;
        load_preset(work, room, preset);
    }
    return preset->good ? preset : NULL;
}

void notice_suggested(struct work *work)
{
    for (const struct preset *preset = work->presets; preset != NULL; preset = preset->next) {
        size_t n = 0, suggested = 0;
        for (size_t i = 0; i < preset->n_rules; i++) {
            n += preset->rules[i].in_force;
            suggested += preset->rules[i].in_force && preset->rules[i].rule.suggested;
        }
        if (preset->good && suggested > 0) {
            tell_notice(work, preset->room, K_ROOM_PRESET,
                        phrase(work, "%zu of the %zu limits of preset %s that hold are suggested", suggested,
                               n, preset->name),
                        "compare them with the rules of your country; those of a room take their place");
        }
    }
}
