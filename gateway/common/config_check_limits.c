// The numbers of a rule, of a room or of a preset: which keys belong together, and values that the quantity
// can have.
#include "gateway/common/config_work.h"

#include <errno.h>
#include <stdlib.h>

// ---- Which keys belong together

#define BIT(key)   (1u << (key))
#define BEGINNINGS (BIT(K_RULE_ID) | BIT(K_RULE_OFF) | BIT(K_RULE_SEVERITY) | BIT(K_RULE_INSTRUCTION))
#define COMMON     (BEGINNINGS | BIT(K_RULE_FOR) | BIT(K_RULE_UNLESS))
#define LIMIT      (BIT(K_RULE_ABOVE) | BIT(K_RULE_BELOW))
#define RISE       (BIT(K_RULE_RISES) | BIT(K_RULE_FALLS))
#define MEMBERS    (BIT(K_RULE_ALL) | BIT(K_RULE_ANY) | BIT(K_RULE_OF))
_Static_assert(K_RULE_COUNT <= 32, "a set of keys has 32 bits");

// What a kind of rule may say, and must: of each set of needed[] one key.
static const struct {
    uint32_t may, needed[2];
} kinds[RULE_KIND_COUNT] = {
    [RULE_THRESHOLD] = { COMMON | BIT(K_RULE_ON) | LIMIT | BIT(K_RULE_DEADBAND), { LIMIT } },
    [RULE_MEAN] = { COMMON | BIT(K_RULE_ON) | LIMIT | BIT(K_RULE_DEADBAND) | BIT(K_RULE_MEAN), { LIMIT } },
    [RULE_RISE] = { COMMON | BIT(K_RULE_ON) | RISE | BIT(K_RULE_DEADBAND) | BIT(K_RULE_WITHIN),
                    { RISE, BIT(K_RULE_WITHIN) } },
    [RULE_UNCHANGED] = { BEGINNINGS | BIT(K_RULE_UNLESS) | BIT(K_RULE_ON) | BIT(K_RULE_UNCHANGED), { 0 } },
    [RULE_APART] = { COMMON | BIT(K_RULE_ON) | BIT(K_RULE_AGAINST) | BIT(K_RULE_APART) | BIT(K_RULE_DEADBAND),
                     { BIT(K_RULE_AGAINST), BIT(K_RULE_APART) } },
    [RULE_HELD] = { COMMON | BIT(K_RULE_ON), { BIT(K_RULE_FOR) } },
    [RULE_COMBINATION] = { COMMON | MEMBERS | BIT(K_RULE_AT_LEAST), { MEMBERS } },
    [RULE_CONFIRM] = { BIT(K_RULE_ID) | BIT(K_RULE_INSTRUCTION) | BIT(K_RULE_CONFIRM) | BIT(K_RULE_AT_LEAST) |
                           BIT(K_RULE_PREALARM),
                       { BIT(K_RULE_CONFIRM) } },
};

// The key that says which kind it is: the first of these that stands there.
static const struct {
    int key;
    enum rule_kind kind;
} marks[] = {
    { K_RULE_CONFIRM, RULE_CONFIRM },  { K_RULE_ALL, RULE_COMBINATION },
    { K_RULE_ANY, RULE_COMBINATION },  { K_RULE_OF, RULE_COMBINATION },
    { K_RULE_AGAINST, RULE_APART },    { K_RULE_UNCHANGED, RULE_UNCHANGED },
    { K_RULE_RISES, RULE_RISE },       { K_RULE_FALLS, RULE_RISE },
    { K_RULE_MEAN, RULE_MEAN },        { K_RULE_ABOVE, RULE_THRESHOLD },
    { K_RULE_BELOW, RULE_THRESHOLD },  { K_RULE_APART, RULE_APART },
    { K_RULE_WITHIN, RULE_RISE },      { K_RULE_AT_LEAST, RULE_COMBINATION },
    { K_RULE_PREALARM, RULE_CONFIRM },
};

// Where both stand there, the second is too much.
static const struct {
    int first, second;
    const char *instead;
} rivals[] = {
    { K_RULE_ABOVE, K_RULE_BELOW, "write one of them; two limits are two rules" },
    { K_RULE_RISES, K_RULE_FALLS, "write one of them; two limits are two rules" },
    { K_RULE_ALL, K_RULE_ANY, "write one of all, any and of" },
    { K_RULE_ALL, K_RULE_OF, "write one of all, any and of" },
    { K_RULE_ANY, K_RULE_OF, "write one of all, any and of" },
    { K_RULE_ALL, K_RULE_AT_LEAST, "write of instead of all, or leave at_least out" },
    { K_RULE_ANY, K_RULE_AT_LEAST, "write of instead of any, or leave at_least out" },
};

// A preset's rule has other keys behind the shared ones.
static bool stands(const struct draft *rule, int key)
{
    bool there = key < K_RULE_SHARED_COUNT || rule->section == &config_rule_section;
    return there && value_of(rule, key)->set;
}

static const char *name_of(const struct draft *rule, int key)
{
    return rule->section->keys[key].name;
}

static bool rivals_apart(struct work *work, const struct draft *rule)
{
    for (size_t i = 0; i < sizeof rivals / sizeof rivals[0]; i++) {
        if (stands(rule, rivals[i].first) && stands(rule, rivals[i].second)) {
            tell_mistake(work, rule, rivals[i].second,
                         phrase(work, "stands beside %s", name_of(rule, rivals[i].first)), rivals[i].instead);
            return false;
        }
    }
    return true;
}

static bool keys_belong(struct work *work, const struct draft *rule, enum rule_kind kind, int mark)
{
    bool belong = true;
    for (int key = 0; key < K_RULE_DISABLED; key++) {
        if (stands(rule, key) && (kinds[kind].may & BIT(key)) == 0) {
            tell_mistake(work, rule, key, phrase(work, "stands beside %s", name_of(rule, mark)),
                         kind == RULE_CONFIRM
                             ? "leave it out: confirmed fire is neither weighed, delayed nor suppressed"
                             : "leave one of them out; two conditions are two rules");
            belong = false;
        }
    }
    return belong;
}

static bool keys_complete(struct work *work, const struct draft *rule, enum rule_kind kind, int mark)
{
    for (size_t i = 0; i < 2 && kinds[kind].needed[i] != 0; i++) {
        struct words words = { .n = 0 };
        bool there = false;
        for (int key = 0; key < K_RULE_DISABLED; key++) {
            if ((kinds[kind].needed[i] & BIT(key)) != 0) {
                there = there || stands(rule, key);
                words_add(&words, name_of(rule, key));
            }
        }
        if (!there) {
            const char *missing = words_text(work, &words);
            tell_mistake(work, rule, mark, phrase(work, "stands without %s", missing),
                         phrase(work, "write %s too", missing));
            return false;
        }
    }
    return true;
}

bool limit_kind(struct work *work, const struct draft *rule, enum rule_kind *ret_kind)
{
    enum rule_kind kind = RULE_HELD; // what a rule is that only names what it is on
    int mark = K_RULE_ON;
    for (size_t i = sizeof marks / sizeof marks[0]; i-- > 0;) {
        if (stands(rule, marks[i].key)) {
            kind = marks[i].kind;
            mark = marks[i].key;
        }
    }
    if (mark == K_RULE_AT_LEAST && !stands(rule, K_RULE_OF)) {
        tell_mistake(work, rule, mark, "stands without of or confirm", "write of or confirm too");
        return false;
    }
    if (mark == K_RULE_OF && !stands(rule, K_RULE_AT_LEAST) && rivals_apart(work, rule)) {
        tell_mistake(work, rule, mark, "stands without at_least",
                     "write at_least too, or all or any instead");
        return false;
    }
    if (!rivals_apart(work, rule) || !keys_belong(work, rule, kind, mark) ||
        (kind != RULE_HELD && !keys_complete(work, rule, kind, mark))) {
        return false;
    }
    *ret_kind = kind;
    return true;
}

// ---- Severity

static bool is_fault(enum rule_kind kind)
{
    return kind == RULE_UNCHANGED || kind == RULE_APART;
}

void limit_severity(struct work *work, const struct draft *rule, struct config_rule *config)
{
    const struct draft_value *severity = value_of(rule, K_RULE_SEVERITY);
    if (!severity->set) {
        config->severity = config->kind == RULE_CONFIRM ? SEVERITY_FIRE
                           : is_fault(config->kind)     ? SEVERITY_TROUBLE
                                                        : SEVERITY_WARNING;
    } else if (severity->good && config->severity == SEVERITY_TROUBLE && !is_fault(config->kind)) {
        tell_mistake(work, rule, K_RULE_SEVERITY,
                     "\"trouble\" is not possible here: it says that a sensor can't be trusted",
                     SEVERITY_WANTED);
    }
}

// ---- Values

static const char *in_units(struct work *work, enum quantity quantity, int64_t value)
{
    char buf[16];
    quantity_format(quantity, (int32_t)value, buf, sizeof buf);
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

static void check_limit(struct work *work, const struct draft *rule, struct config_rule *config)
{
    const struct quantity_info *info = &quantities[config->quantity];
    config->above = stands(rule, K_RULE_ABOVE);
    bool threshold = read_number(work, rule, config->above ? K_RULE_ABOVE : K_RULE_BELOW, config->quantity,
                                 info->min, info->max, &config->threshold);
    bool deadband = read_number(work, rule, K_RULE_DEADBAND, config->quantity, 0, info->max - info->min,
                                &config->deadband);
    if (threshold && deadband) {
        check_way_back(work, rule, config);
    }
}

// A difference: of one value in time, or of two at a time.
static void check_difference(struct work *work, const struct draft *rule, int key, struct config_rule *config)
{
    const struct quantity_info *info = &quantities[config->quantity];
    int32_t span = info->max - info->min;
    bool threshold = read_number(work, rule, key, config->quantity, 1, span, &config->threshold);
    bool deadband = read_number(work, rule, K_RULE_DEADBAND, config->quantity, 0, span, &config->deadband);
    if (threshold && deadband && config->deadband >= config->threshold) {
        tell_mistake(work, rule, K_RULE_DEADBAND, "is so wide that the alarm could never clear",
                     phrase(work, "write less than %s", in_units(work, config->quantity, config->threshold)));
    }
}

void limit_numbers(struct work *work, const struct draft *rule, struct config_rule *config)
{
    switch (config->kind) {
    case RULE_THRESHOLD:
    case RULE_MEAN:
        check_limit(work, rule, config);
        break;
    case RULE_RISE:
        config->above = stands(rule, K_RULE_RISES);
        check_difference(work, rule, config->above ? K_RULE_RISES : K_RULE_FALLS, config);
        break;
    case RULE_APART:
        config->above = true;
        check_difference(work, rule, K_RULE_APART, config);
        break;
    case RULE_UNCHANGED:
    case RULE_HELD:
    case RULE_COMBINATION:
    case RULE_CONFIRM:
    case RULE_KIND_COUNT:
        break;
    }
}

int limit_window_key(enum rule_kind kind)
{
    return kind == RULE_MEAN ? K_RULE_MEAN : kind == RULE_RISE ? K_RULE_WITHIN : K_RULE_UNCHANGED;
}

uint32_t limit_shortest_window_s(const struct config_sensor *sensor)
{
    return (uint32_t)(((uint64_t)WINDOW_READINGS * sensor->every_ms + 999) / 1000);
}
