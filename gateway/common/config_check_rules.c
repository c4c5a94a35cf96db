// Rules: what they watch is there and is measured, what they name stands before them, and the preset's come
// first.
#include "gateway/common/config_work.h"

#include <stdio.h>
#include <string.h>

// The rules of one room while they are judged.
struct judging {
    struct work *work;
    const struct draft *room;
    const struct draft_value *sensors, *rules;
    struct config_room *config;
    bool all_known; // false: the preset could not be read, so that a name may be one of its rules
};

// ---- What is watched

static bool measures(const struct part_info *part, enum quantity quantity)
{
    return part == NULL || (part->quantities & QUANTITY_BIT(quantity)) != 0;
}

static bool is_contact(const struct config_sensor *sensor)
{
    return sensor->part != NULL && sensor->part->quantities == QUANTITY_BIT(QUANTITY_CONTACT);
}

static bool may_be_contact(const struct config_sensor *sensor)
{
    return measures(sensor->part, QUANTITY_CONTACT);
}

static bool is_fire(enum contact_role role)
{
    return role == ROLE_SMOKE || role == ROLE_HEAT || role == ROLE_CALL_POINT;
}

static const char *what_can_be_watched(struct work *work, const char *sensor, const struct part_info *part)
{
    struct words words = { .n = 0 };
    for (unsigned q = 0; q < QUANTITY_COUNT; q++) {
        if (q != QUANTITY_CONTACT && measures(part, (enum quantity)q)) {
            words_add(&words, phrase(work, "%s.%s", sensor, quantities[q].name));
        }
    }
    return phrase(work, "write %s", words_text(work, &words));
}

// A sensor of the room by the first `length` bytes of a name. SIZE_MAX: there is none (told).
static size_t find_sensor(struct judging *j, const struct draft *rule, int key, const char *name,
                          size_t length)
{
    struct work *work = j->work;
    const char *sensor = phrase(work, "%.*s", (int)length, name);
    struct words words = { .n = 0 };
    bool all_known = true;
    for (size_t i = 0; i < j->sensors->n_items; i++) {
        const char *id = j->sensors->items[i]->id;
        if (id != NULL && strcmp(id, sensor) == 0) {
            return i;
        }
        all_known = all_known && id != NULL;
        words_add(&words, id != NULL ? id : "");
    }
    if (all_known) { // one with a bad id, told already, may be the one that is meant
        tell_mistake(work, rule, key, phrase(work, "there is no sensor %s in this room", shown(work, sensor)),
                     j->sensors->n_items == 0 ? "add it to the room's sensors"
                                              : phrase(work, "the room has %s", words_text(work, &words)));
    }
    return SIZE_MAX;
}

static bool resolve_quantity(struct work *work, const struct draft *rule, int key, const char *name,
                             const struct config_sensor *sensor, enum quantity *ret_quantity)
{
    enum quantity quantity;
    bool found = quantity_find(name, &quantity) == 0;
    if ((found && quantity == QUANTITY_CONTACT) || is_contact(sensor)) {
        tell_mistake(work, rule, key,
                     phrase(work, "%s is a contact, which is its own rule", shown(work, sensor->id)),
                     phrase(work,
                            "leave this rule out, as the contact's role says what it means; or write on: %s "
                            "with for_s alone, for one that is active for too long",
                            sensor->id));
        return false;
    }
    if (!found || !measures(sensor->part, quantity)) {
        tell_mistake(work, rule, key,
                     found ? phrase(work, "%s does not measure %s", shown(work, sensor->id), name)
                           : phrase(work, "there is no quantity %s", shown(work, name)),
                     what_can_be_watched(work, sensor->id, sensor->part));
        return false;
    }
    *ret_quantity = quantity;
    return true;
}

// SENSOR.QUANTITY of a key. True where both are known.
static bool resolve_value(struct judging *j, const struct draft *rule, int key, size_t *ret_sensor,
                          enum quantity *ret_quantity)
{
    const struct draft_value *value = value_of(rule, key);
    if (!value->good) {
        return false;
    }
    const char *dot = strchr(value->text, '.');
    size_t length = dot != NULL ? (size_t)(dot - value->text) : strlen(value->text);
    size_t i = find_sensor(j, rule, key, value->text, length);
    if (i == SIZE_MAX) {
        return false;
    }
    const struct config_sensor *sensor = &j->config->sensors[i];
    if (j->work->catalogue != NULL && sensor->part == NULL) {
        return false; // its driver has been told
    }
    if (dot == NULL && !is_contact(sensor)) {
        tell_mistake(j->work, rule, key, phrase(j->work, "%s names no quantity", shown(j->work, value->text)),
                     what_can_be_watched(j->work, sensor->id, sensor->part));
        return false;
    }
    *ret_sensor = i;
    return resolve_quantity(j->work, rule, key, dot != NULL ? dot + 1 : "contact", sensor, ret_quantity);
}

// A contact that is active for too long: a door that stands open.
static void check_held(struct judging *j, const struct draft *rule, struct config_rule *config)
{
    struct work *work = j->work;
    const struct draft_value *on = value_of(rule, K_RULE_ON);
    if (!on->good) {
        return;
    }
    if (strchr(on->text, '.') != NULL) {
        enum quantity quantity;
        if (resolve_value(j, rule, K_RULE_ON, &config->sensor, &quantity)) {
            tell_mistake(work, rule, THE_DRAFT, "has no threshold",
                         "write above or below, rises or falls, unchanged_s, or against");
        }
        return;
    }
    size_t i = find_sensor(j, rule, K_RULE_ON, on->text, strlen(on->text));
    if (i == SIZE_MAX) {
        return;
    }
    const struct config_sensor *sensor = &j->config->sensors[i];
    config->sensor = i;
    config->quantity = QUANTITY_CONTACT;
    if (!may_be_contact(sensor)) {
        tell_mistake(work, rule, K_RULE_ON, phrase(work, "%s names no quantity", shown(work, on->text)),
                     what_can_be_watched(work, sensor->id, sensor->part));
    } else if (is_fire(sensor->role)) {
        tell_mistake(work, rule, K_RULE_ON,
                     phrase(work, "%s has role %s, which alarms at once", shown(work, on->text),
                            contact_role_names[sensor->role]),
                     "leave this rule out");
    } else if (!value_of(rule, K_RULE_FOR)->set || (value_of(rule, K_RULE_FOR)->good && config->for_s == 0)) {
        tell_mistake(work, rule, value_of(rule, K_RULE_FOR)->set ? K_RULE_FOR : K_RULE_ON,
                     "says not for how long the contact may be active",
                     "write for_s of 1 or more: a door is open every time somebody goes through it");
    }
}

// ---- What is measured

static void check_window(struct judging *j, const struct draft *rule, const struct config_rule *config)
{
    const struct config_sensor *sensor = &j->config->sensors[config->sensor];
    uint32_t shortest_s = limit_shortest_window_s(sensor);
    int key = limit_window_key(config->kind);
    if (config->window_s < shortest_s && value_of(rule, key)->good) {
        tell_mistake(
            j->work, rule, key,
            phrase(j->work, "is shorter than three readings of %s take", shown(j->work, sensor->id)),
            phrase(j->work, "write %u or more, or let the sensor be read more often", (unsigned)shortest_s));
    }
}

static void check_against(struct judging *j, const struct draft *rule, struct config_rule *config)
{
    enum quantity quantity;
    if (!resolve_value(j, rule, K_RULE_AGAINST, &config->other_sensor, &quantity)) {
        return;
    }
    struct work *work = j->work;
    const char *other = shown(work, value_of(rule, K_RULE_AGAINST)->text);
    if (quantity != config->quantity) {
        tell_mistake(work, rule, K_RULE_AGAINST,
                     phrase(work, "%s is another quantity than that of on", other),
                     phrase(work, "write a sensor's %s", quantities[config->quantity].name));
    } else if (config->other_sensor == config->sensor) {
        tell_mistake(work, rule, K_RULE_AGAINST, phrase(work, "%s is what on watches", other),
                     "write another sensor of the same quantity");
    }
}

static void check_measured(struct judging *j, const struct draft *rule, struct config_rule *config)
{
    if (!value_of(rule, K_RULE_ON)->set) {
        tell_mistake(j->work, rule, K_RULE_ON, "is missing",
                     value_wanted(j->work, &rule->section->keys[K_RULE_ON]));
        return;
    }
    if (!resolve_value(j, rule, K_RULE_ON, &config->sensor, &config->quantity)) {
        return;
    }
    limit_numbers(j->work, rule, config);
    if (config->kind == RULE_APART) {
        check_against(j, rule, config);
    } else if (config->kind != RULE_THRESHOLD) {
        check_window(j, rule, config);
    }
}

// ---- What it names

// Why an id can't be named, where the file says it somewhere.
static const char *why_not(struct judging *j, const char *id, const char **ret_instead)
{
    struct work *work = j->work;
    for (size_t i = 0; i < j->rules->n_items; i++) {
        const struct draft *other = j->rules->items[i];
        if (other->id != NULL && strcmp(other->id, id) == 0) {
            bool off = value_of(other, K_RULE_DISABLED)->number != 0;
            *ret_instead = off ? "leave it out" : "write that rule first, above this one";
            return phrase(work, off ? "%s is disabled" : "%s does not stand above this rule",
                          shown(work, id));
        }
    }
    struct words words = { .n = 0 };
    for (size_t i = 0; i < j->config->n_sensors; i++) {
        if (may_be_contact(&j->config->sensors[i])) {
            words_add(&words, j->config->sensors[i].id);
        }
    }
    for (size_t i = 0; i < j->config->n_rules; i++) {
        words_add(&words, j->config->rules[i].id);
    }
    const char *known = words_text(work, &words);
    *ret_instead = *known == '\0' ? "add it above this rule" : phrase(work, "there are %s", known);
    return phrase(work, "there is no contact and no rule %s in this room", shown(work, id));
}

static bool find_member(struct judging *j, const struct draft *rule, int key, const struct draft_id *id,
                        struct config_member *ret_member)
{
    const char *name = rule->section->keys[key].name;
    for (size_t i = 0; i < j->config->n_sensors; i++) {
        if (strcmp(j->config->sensors[i].id, id->text) == 0) {
            if (!may_be_contact(&j->config->sensors[i])) {
                tell_mistake_at(j->work, rule, name, id->line,
                                phrase(j->work, "%s is no contact", shown(j->work, id->text)),
                                "write a rule on its values above this one, and name that");
                return false;
            }
            *ret_member = (struct config_member){ .contact = true, .index = i };
            return true;
        }
    }
    for (size_t i = 0; i < j->config->n_rules; i++) { // those before this one
        if (strcmp(j->config->rules[i].id, id->text) == 0) {
            *ret_member = (struct config_member){ .index = i };
            return true;
        }
    }
    if (j->all_known) {
        const char *instead, *wrong = why_not(j, id->text, &instead);
        tell_mistake_at(j->work, rule, name, id->line, wrong, instead);
    }
    return false;
}

static void resolve_members(struct judging *j, const struct draft *rule, int key,
                            struct config_member **ret_members, size_t *ret_n)
{
    const struct draft_value *value = value_of(rule, key);
    if (!value->good) {
        return;
    }
    *ret_members = work_keep(j->work, value->n_ids * sizeof **ret_members);
    for (size_t i = 0; i < value->n_ids && *ret_members != NULL; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(value->ids[i].text, value->ids[k].text) == 0) {
                tell_mistake_at(j->work, rule, rule->section->keys[key].name, value->ids[i].line,
                                phrase(j->work, "%s stands here twice", shown(j->work, value->ids[i].text)),
                                "name each once");
                return;
            }
        }
        if (find_member(j, rule, key, &value->ids[i], &(*ret_members)[*ret_n])) {
            ++*ret_n;
        }
    }
}

static void check_at_least(struct judging *j, const struct draft *rule, const struct config_rule *config,
                           size_t n_named)
{
    const struct draft_value *at_least = value_of(rule, K_RULE_AT_LEAST);
    unsigned fewest = config->kind == RULE_CONFIRM ? 2 : 1;
    if (at_least->good && (config->at_least > n_named || config->at_least < fewest)) {
        tell_mistake(j->work, rule, K_RULE_AT_LEAST, phrase(j->work, "is not possible of %zu", n_named),
                     n_named > fewest ? phrase(j->work, "write %u to %zu", fewest, n_named)
                                      : phrase(j->work, "write %u", fewest));
    }
}

static void check_combination(struct judging *j, const struct draft *rule, struct config_rule *config)
{
    bool all = value_of(rule, K_RULE_ALL)->set, any = value_of(rule, K_RULE_ANY)->set;
    int key = all ? K_RULE_ALL : any ? K_RULE_ANY : K_RULE_OF;
    resolve_members(j, rule, key, &config->members, &config->n_members);
    size_t n_named = value_of(rule, key)->n_ids;
    if (all || any) {
        config->at_least = all ? (uint32_t)n_named : 1;
    } else if (value_of(rule, key)->good) {
        check_at_least(j, rule, config, n_named);
    }
}

// Detectors whose single alarm can be a false one. Who presses a call point has seen it.
static void check_detector(struct judging *j, const struct draft *rule, const struct draft_id *id,
                           const struct config_member *member)
{
    struct work *work = j->work;
    const char *name = rule->section->keys[K_RULE_CONFIRM].name;
    enum contact_role role = member->contact ? j->config->sensors[member->index].role : ROLE_NONE;
    if (role == ROLE_CALL_POINT) {
        tell_mistake_at(work, rule, name, id->line,
                        phrase(work, "%s is a call point, which is fire at once", shown(work, id->text)),
                        "leave it out");
    } else if (!is_fire(role)) {
        tell_mistake_at(work, rule, name, id->line,
                        phrase(work, "%s is no smoke or heat detector", shown(work, id->text)),
                        "name contacts of role smoke or heat alone");
    }
    for (size_t i = 0; i < j->config->n_rules; i++) {
        const struct config_rule *other = &j->config->rules[i];
        for (size_t m = 0; other->kind == RULE_CONFIRM && m < other->n_members; m++) {
            if (member->contact && other->members[m].index == member->index) {
                tell_mistake_at(
                    work, rule, name, id->line,
                    phrase(work, "%s is confirmed by %s already", shown(work, id->text), other->id),
                    "a detector can be in one confirm only");
                return;
            }
        }
    }
}

#define PREALARM_DEFAULT_S 60

static void check_confirm(struct judging *j, const struct draft *rule, struct config_rule *config)
{
    const struct draft_value *confirm = value_of(rule, K_RULE_CONFIRM);
    resolve_members(j, rule, K_RULE_CONFIRM, &config->members, &config->n_members);
    for (size_t i = 0; i < config->n_members && config->n_members == confirm->n_ids; i++) {
        check_detector(j, rule, &confirm->ids[i], &config->members[i]);
    }
    if (!value_of(rule, K_RULE_AT_LEAST)->set) {
        config->at_least = 2;
    } else if (confirm->good) {
        check_at_least(j, rule, config, confirm->n_ids);
    }
    if (!value_of(rule, K_RULE_PREALARM)->set) {
        config->prealarm_s = PREALARM_DEFAULT_S;
    }
}

// ---- A rule

static void check_rule(struct judging *j, const struct draft *rule, struct config_rule *config)
{
    bool watches = value_of(rule, K_RULE_ON)->set;
    if (!limit_kind(j->work, rule, &config->kind)) {
        return;
    }
    limit_severity(j->work, rule, config);
    switch (config->kind) {
    case RULE_HELD:
        if (!watches) {
            tell_mistake(j->work, rule, THE_DRAFT, "watches nothing", "write on, all, any, of or confirm");
            return;
        }
        check_held(j, rule, config);
        break;
    case RULE_THRESHOLD:
    case RULE_MEAN:
    case RULE_RISE:
    case RULE_UNCHANGED:
    case RULE_APART:
        check_measured(j, rule, config);
        break;
    case RULE_COMBINATION:
        check_combination(j, rule, config);
        break;
    case RULE_CONFIRM:
        check_confirm(j, rule, config);
        break;
    case RULE_KIND_COUNT:
        break;
    }
    resolve_members(j, rule, K_RULE_UNLESS, &config->unless, &config->n_unless);
}

// ---- Rules of the preset

static const struct draft *own_rule(const struct judging *j, const char *id)
{
    for (size_t i = 0; i < j->rules->n_items; i++) {
        if (j->rules->items[i]->id != NULL && strcmp(j->rules->items[i]->id, id) == 0) {
            return j->rules->items[i];
        }
    }
    return NULL;
}

static bool disabled(const struct draft *rule)
{
    return rule != NULL && value_of(rule, K_RULE_DISABLED)->number != 0;
}

static bool in_force(const struct preset *preset, const struct preset_rule *rule,
                     const struct config_room *room)
{
    size_t group = room->group != NULL ? preset_group(preset, room->group) : SIZE_MAX;
    return (rule->types & (1u << room->type)) != 0 &&
           (group == SIZE_MAX ? rule->groups == ALL_GROUPS : (rule->groups & (1u << group)) != 0);
}

// Alarms of rules and of points are called alike: one name space a room.
static void check_name_free(struct judging *j, const struct preset *preset, const char *id)
{
    static const int lists[] = { K_ROOM_SENSORS, K_ROOM_READERS, K_ROOM_OUTPUTS };
    for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++) {
        const struct draft_value *list = value_of(j->room, lists[l]);
        for (size_t i = 0; i < list->n_items; i++) {
            if (list->items[i]->id != NULL && strcmp(list->items[i]->id, id) == 0) {
                tell_mistake(j->work, list->items[i], 0,
                             phrase(j->work, "%s is a rule of preset %s", shown(j->work, id), preset->name),
                             "choose another id");
            }
        }
    }
}

// A room that has the preset's rule, of one of its sensors.
static void add_preset_rule(struct judging *j, const struct preset *preset, struct preset_rule *from,
                            size_t s, const char *id)
{
    struct config_sensor *sensor = &j->config->sensors[s];
    struct config_rule *rule = &j->config->rules[j->config->n_rules++];
    *rule = from->rule;
    (void)snprintf(rule->id, sizeof rule->id, "%s", id);
    rule->sensor = s;
    rule->preset = preset->name;
    from->in_force = true;
    check_name_free(j, preset, id);
    bool windowed = rule->kind == RULE_MEAN || rule->kind == RULE_RISE || rule->kind == RULE_UNCHANGED;
    if (windowed && rule->window_s < limit_shortest_window_s(sensor)) {
        tell_mistake(j->work, j->sensors->items[s], K_SENSOR_EVERY,
                     phrase(j->work, "is too slow for the rule %s of preset %s", id, preset->name),
                     phrase(j->work, "write %u or less, or { id: %s, disabled: true } among the rules",
                            (unsigned)(rule->window_s * 1000 / WINDOW_READINGS), from->rule.id));
    }
}

static void apply_preset_rule(struct judging *j, const struct preset *preset, struct preset_rule *from)
{
    unsigned n = 0;
    for (size_t s = 0; s < j->config->n_sensors; s++) {
        const struct part_info *part = j->config->sensors[s].part;
        if (part == NULL || !measures(part, from->rule.quantity)) {
            continue;
        }
        char id[ID_SIZE];
        if (++n == 1) {
            (void)snprintf(id, sizeof id, "%s", from->rule.id);
        } else {
            (void)snprintf(id, sizeof id, "%.28s-%u", from->rule.id, n);
        }
        if (own_rule(j, id) == NULL) {
            add_preset_rule(j, preset, from, s, id);
        }
    }
}

static void apply_preset(struct judging *j, struct preset *preset)
{
    for (size_t i = 0; i < preset->n_rules; i++) {
        struct preset_rule *from = &preset->rules[i];
        if (in_force(preset, from, j->config) && !disabled(own_rule(j, from->rule.id))) {
            apply_preset_rule(j, preset, from);
        }
    }
}

static bool preset_has(const struct preset *preset, const char *id)
{
    for (size_t i = 0; preset != NULL && i < preset->n_rules; i++) {
        const char *known = preset->rules[i].rule.id;
        size_t length = strlen(known);
        bool same = strncmp(known, id, length) == 0;
        // "co2-mean-2": that of the second sensor
        if (same &&
            (id[length] == '\0' || (id[length] == '-' && id[length + 1] != '\0' &&
                                    id[length + 1 + strspn(id + length + 1, "0123456789")] == '\0'))) {
            return true;
        }
    }
    return false;
}

static void check_disabled(struct judging *j, const struct draft *rule, const struct preset *preset)
{
    for (int key = K_RULE_ON; key < K_RULE_DISABLED; key++) {
        if (value_of(rule, key)->set) {
            tell_mistake(j->work, rule, key, "stands beside disabled",
                         "write id and disabled alone, or leave disabled out");
            return;
        }
    }
    if (j->config->preset == NULL) {
        tell_mistake(j->work, rule, K_RULE_DISABLED, "turns off a preset's rule, and the room has no preset",
                     "leave this rule out");
    } else if (preset != NULL && rule->id != NULL && !preset_has(preset, rule->id)) {
        struct words words = { .n = 0 };
        for (size_t i = 0; i < preset->n_rules; i++) {
            words_add(&words, preset->rules[i].rule.id);
        }
        tell_mistake(j->work, rule, K_RULE_ID,
                     phrase(j->work, "preset %s has no rule %s", preset->name, shown(j->work, rule->id)),
                     phrase(j->work, "write %s", words_text(j->work, &words)));
    }
}

// ---- The rules of a room

static void check_group(struct judging *j, const struct preset *preset)
{
    const char *group = j->config->group;
    struct words words = { .n = 0 };
    bool by_age = false;
    for (size_t i = 0; i < preset->n_groups; i++) {
        words_add(&words, preset->groups[i].id);
    }
    for (size_t i = 0; i < preset->n_rules; i++) {
        by_age = by_age || preset->rules[i].groups != ALL_GROUPS;
    }
    if (group != NULL && preset_group(preset, group) == SIZE_MAX) {
        tell_mistake(j->work, j->room, K_ROOM_GROUP,
                     phrase(j->work, "preset %s has no age group %s", preset->name, shown(j->work, group)),
                     phrase(j->work, "write %s", words_text(j->work, &words)));
    } else if (group == NULL && by_age) {
        tell_notice(j->work, j->room, K_ROOM_PRESET, "has limits by age group, and the room names none",
                    phrase(j->work, "write group: %s", words_text(j->work, &words)));
    }
}

static struct preset *find_preset(struct judging *j)
{
    const struct config_room *room = j->config;
    if (room->preset != NULL && !id_valid(room->preset)) {
        tell_mistake(j->work, j->room, K_ROOM_PRESET,
                     phrase(j->work, "%s is no id", shown(j->work, room->preset)),
                     "write the name of a preset, such as cn");
        j->all_known = false;
        return NULL;
    }
    j->all_known = !value_of(j->room, K_ROOM_PRESET)->set;
    if (room->preset == NULL || j->work->catalogue == NULL) {
        return NULL;
    }
    struct preset *preset = preset_of(j->work, j->room, room->preset);
    if (preset != NULL) {
        j->all_known = true;
        check_group(j, preset);
    }
    return preset;
}

void check_rules(struct work *work, const struct draft *room, struct config_room *config)
{
    struct judging j = { work,   room, value_of(room, K_ROOM_SENSORS), value_of(room, K_ROOM_RULES),
                         config, true };
    struct preset *preset = find_preset(&j);
    if (config->group != NULL && !value_of(room, K_ROOM_PRESET)->set) {
        tell_notice(work, room, K_ROOM_GROUP, "has no effect without preset", "write preset too");
    }
    const struct config_rule *own = config->rules; // as many as there are drafts
    size_t n_preset = preset != NULL ? preset->n_rules * config->n_sensors : 0;
    config->rules = work_keep(work, (n_preset + j.rules->n_items) * sizeof *config->rules);
    config->n_rules = 0;
    if (config->rules == NULL) {
        return;
    }
    if (preset != NULL) {
        apply_preset(&j, preset);
    }
    for (size_t i = 0; i < j.rules->n_items; i++) {
        const struct draft *rule = j.rules->items[i];
        if (disabled(rule)) {
            check_disabled(&j, rule, preset);
            continue;
        }
        struct config_rule *place = &config->rules[config->n_rules];
        *place = own[i];
        place->line_number = rule->line;
        check_rule(&j, rule, place);
        config->n_rules++; // from now on it can be named
    }
}
