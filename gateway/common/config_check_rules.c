// Rules: what they watch is there and is measured, and their numbers make sense for it.
#include "gateway/common/config_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// ---- What is watched

static bool measures(const struct part_info *part, enum quantity quantity)
{
    return part == NULL || (part->quantities & QUANTITY_BIT(quantity)) != 0;
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

static void resolve_quantity(struct work *work, const struct draft *rule, const char *sensor,
                             const char *name, const struct part_info *part, struct config_rule *config,
                             bool *ret_resolved)
{
    enum quantity quantity;
    bool found = quantity_find(name, &quantity) == 0;
    bool contact = (found && quantity == QUANTITY_CONTACT) ||
                   (part != NULL && part->quantities == QUANTITY_BIT(QUANTITY_CONTACT));
    if (contact) {
        tell_mistake(work, rule, K_RULE_ON,
                     phrase(work, "%s is a contact, which is its own rule", shown(work, sensor)),
                     "leave this rule out; the contact's role says what it means");
    } else if (!found || !measures(part, quantity)) {
        tell_mistake(work, rule, K_RULE_ON,
                     found ? phrase(work, "%s does not measure %s", shown(work, sensor), name)
                           : phrase(work, "there is no quantity %s", shown(work, name)),
                     what_can_be_watched(work, sensor, part));
    } else {
        config->quantity = quantity;
        *ret_resolved = true;
    }
}

// True where the rule's sensor and quantity are known, so that its numbers can be judged.
static bool resolve_on(struct work *work, const struct draft *rule, const struct draft_value *sensors,
                       const struct config_room *room, struct config_rule *config)
{
    const struct draft_value *on = value_of(rule, K_RULE_ON);
    if (!on->good) {
        return false;
    }
    const char *dot = strchr(on->text, '.');
    if (dot == NULL) {
        tell_mistake(work, rule, K_RULE_ON, phrase(work, "%s names no quantity", shown(work, on->text)),
                     value_wanted(work, &rule->section->keys[K_RULE_ON]));
        return false;
    }
    const char *sensor = phrase(work, "%.*s", (int)(dot - on->text), on->text);
    struct words words = { .n = 0 };
    bool all_known = true, resolved = false;
    for (size_t i = 0; i < sensors->n_items; i++) {
        const char *id = sensors->items[i]->id;
        if (id != NULL && strcmp(id, sensor) == 0) {
            config->sensor = i;
            bool driver_known = work->catalogue == NULL || room->sensors[i].part != NULL;
            if (driver_known) { // otherwise told already
                resolve_quantity(work, rule, sensor, dot + 1, room->sensors[i].part, config, &resolved);
            }
            return resolved;
        }
        all_known = all_known && id != NULL;
        words_add(&words, id != NULL ? id : "");
    }
    if (all_known) { // one with a bad id, told already, may be the one that is meant
        tell_mistake(work, rule, K_RULE_ON,
                     phrase(work, "there is no sensor %s in this room", shown(work, sensor)),
                     sensors->n_items == 0 ? "add it to the room's sensors"
                                           : phrase(work, "the room has %s", words_text(work, &words)));
    }
    return false;
}

// ---- Its numbers

static const char *in_units(struct work *work, enum quantity quantity, int32_t value)
{
    char buf[16];
    quantity_format(quantity, value, buf, sizeof buf);
    return phrase(work, "%s %s", buf, quantities[quantity].unit);
}

static const char *decimals_wanted(struct work *work, enum quantity quantity)
{
    int decimals = 0;
    for (int32_t scale = quantities[quantity].scale; scale > 1; scale /= 10) {
        decimals++;
    }
    return decimals == 0 ? "write a whole number" : phrase(work, "write at most %d decimals", decimals);
}

static bool read_number(struct work *work, const struct draft *rule, int key, enum quantity quantity,
                        int32_t min, int32_t max, int32_t *ret_number)
{
    const struct draft_value *value = value_of(rule, key);
    if (!value->good) {
        return false;
    }
    int32_t number = 0;
    int error = quantity_parse(quantity, value->text, &number);
    if (error == -EINVAL) { // a decimal number it is, so that it has too many decimals
        tell_mistake(work, rule, key,
                     phrase(work, "%s has more decimals than %s is kept with", shown(work, value->text),
                            quantities[quantity].name),
                     decimals_wanted(work, quantity));
        return false;
    }
    if (error < 0 || number < min || number > max) {
        tell_mistake(work, rule, key, phrase(work, "%s is out of range", shown(work, value->text)),
                     phrase(work, "write a number from %s to %s", in_units(work, quantity, min),
                            in_units(work, quantity, max)));
        return false;
    }
    *ret_number = number;
    return true;
}

// A deadband so wide that the value can hardly come back far enough would keep the alarm for ever.
static void check_way_back(struct work *work, const struct draft *rule, const struct config_rule *config)
{
    const struct quantity_info *info = &quantities[config->quantity];
    int64_t clears = config->above ? (int64_t)config->threshold - config->deadband
                                   : (int64_t)config->threshold + config->deadband;
    if (config->above && config->deadband > labs(config->threshold)) {
        tell_mistake(work, rule, K_RULE_DEADBAND, "is larger than the threshold",
                     "write less than the threshold");
    } else if (clears < info->min || clears > info->max) {
        tell_mistake(work, rule, K_RULE_DEADBAND, "is so wide that the alarm could never clear",
                     phrase(work, "%s goes from %s to %s", info->name,
                            in_units(work, config->quantity, info->min),
                            in_units(work, config->quantity, info->max)));
    }
}

static void check_numbers(struct work *work, const struct draft *rule, struct config_rule *config)
{
    const struct quantity_info *info = &quantities[config->quantity];
    int key = config->above ? K_RULE_ABOVE : K_RULE_BELOW;
    bool threshold = read_number(work, rule, key, config->quantity, info->min, info->max, &config->threshold);
    bool deadband = read_number(work, rule, K_RULE_DEADBAND, config->quantity, 0, info->max - info->min,
                                &config->deadband);
    if (threshold && deadband) {
        check_way_back(work, rule, config);
    }
}

static void check_rule(struct work *work, const struct draft *rule, const struct draft_value *sensors,
                       const struct config_room *room, struct config_rule *config)
{
    config->line_number = rule->line;
    bool resolved = resolve_on(work, rule, sensors, room, config);
    bool above = value_of(rule, K_RULE_ABOVE)->set, below = value_of(rule, K_RULE_BELOW)->set;
    config->above = above;
    if (above && below) {
        tell_mistake(work, rule, K_RULE_BELOW, "stands beside above",
                     "write one of them; two limits are two rules");
    } else if (!above && !below) {
        tell_mistake(work, rule, THE_DRAFT, "has no threshold", "write above or below");
    } else if (resolved) {
        check_numbers(work, rule, config);
    }
}

void check_rules(struct work *work, const struct draft *room, struct config_room *config_room)
{
    const struct draft_value *rules = value_of(room, K_ROOM_RULES);
    for (size_t i = 0; i < rules->n_items; i++) {
        check_rule(work, rules->items[i], value_of(room, K_ROOM_SENSORS), config_room,
                   &config_room->rules[i]);
    }
}
