// The key table of rules: those of a room, and those of a preset's file.
#include "gateway/common/config_keys.h"

#define TO(type, field) .offset = offsetof(struct type, field), .size = sizeof(((struct type *)0)->field)
#define SECTION(table)  .keys = (table), .n_keys = sizeof(table) / sizeof((table)[0])

#define WINDOW_MIN_S 60
#define WINDOW_MAX_S 86400
#define RISE_MIN_S   120 // of two minutes at least: one is compared with the other
#define DELAY_MAX_S  86400
#define MEMBERS_MAX  16
#define SOURCE_MAX   200

// What a limit of a room and one of a preset have in common.
#define SHARED_KEYS                                                                                          \
    [K_RULE_ABOVE] = { "above", KEY_DECIMAL, .offset = NOWHERE,                                              \
                       .help = "Bad above this value. In the quantity's unit." },                            \
    [K_RULE_BELOW] = { "below", KEY_DECIMAL, .offset = NOWHERE,                                              \
                       .help = "Bad below this value. In the quantity's unit." },                            \
    [K_RULE_MEAN] = { "mean_s",                                                                              \
                      KEY_NUMBER,                                                                            \
                      .unit = "s",                                                                           \
                      .min = WINDOW_MIN_S,                                                                   \
                      .max = WINDOW_MAX_S,                                                                   \
                      TO(config_rule, window_s),                                                             \
                      .help = "Judge the mean over so long a time instead of the last value; with above or " \
                              "below." },                                                                    \
    [K_RULE_RISES] = { "rises", KEY_DECIMAL, .offset = NOWHERE,                                              \
                       .help = "Bad when the value rises by so much within within_s." },                     \
    [K_RULE_FALLS] = { "falls", KEY_DECIMAL, .offset = NOWHERE,                                              \
                       .help = "Bad when the value falls by so much within within_s." },                     \
    [K_RULE_WITHIN] = { "within_s",                                                                          \
                        KEY_NUMBER,                                                                          \
                        .unit = "s",                                                                         \
                        .min = RISE_MIN_S,                                                                   \
                        .max = WINDOW_MAX_S,                                                                 \
                        .otherwise = "required with rises and falls",                                        \
                        TO(config_rule, window_s),                                                           \
                        .help = "The time of rises and falls." },                                            \
    [K_RULE_UNCHANGED] = { "unchanged_s",                                                                    \
                           KEY_NUMBER,                                                                       \
                           .unit = "s",                                                                      \
                           .min = WINDOW_MIN_S,                                                              \
                           .max = WINDOW_MAX_S,                                                              \
                           TO(config_rule, window_s),                                                        \
                           .help = "A fault when the value has been exactly the same for so long: the "      \
                                   "sensor is stuck." },                                                     \
    [K_RULE_FOR] = { "for_s",                                                                                \
                     KEY_NUMBER,                                                                             \
                     .unit = "s",                                                                            \
                     .min = 0,                                                                               \
                     .max = DELAY_MAX_S,                                                                     \
                     .fallback = "0",                                                                        \
                     TO(config_rule, for_s),                                                                 \
                     .help = "How long it must be bad without a break before the alarm is raised." },        \
    [K_RULE_OFF] = { "off_s",                                                                                \
                     KEY_NUMBER,                                                                             \
                     .unit = "s",                                                                            \
                     .min = 0,                                                                               \
                     .max = DELAY_MAX_S,                                                                     \
                     .fallback = "0",                                                                        \
                     TO(config_rule, off_s),                                                                 \
                     .help =                                                                                 \
                         "How long it must be good without a break before the alarm's condition ends." },    \
    [K_RULE_DEADBAND] = { "deadband", KEY_DECIMAL, .fallback = "0", .offset = NOWHERE,                       \
                          .help = "How far the value must come back past the limit before the alarm "        \
                                  "clears. In the quantity's unit." },                                       \
    [K_RULE_SEVERITY] = { "severity",                                                                        \
                          KEY_NAME,                                                                          \
                          .names = severity_names,                                                           \
                          .min = SEVERITY_TROUBLE,                                                           \
                          .max = SEVERITY_CRITICAL,                                                          \
                          TO(config_rule, severity),                                                         \
                          .otherwise = "warning; trouble with unchanged_s and against",                      \
                          .instead = SEVERITY_WANTED,                                                        \
                          .help = "How grave it is. critical stands until somebody answers; trouble is for " \
                                  "unchanged_s and against; fire is for detectors." },                       \
    [K_RULE_INSTRUCTION] = { "instruction",                                                                  \
                             KEY_TEXT,                                                                       \
                             .max = INSTRUCTION_MAX,                                                         \
                             TO(config_rule, instruction),                                                   \
                             .otherwise = "the sensor's or the room's",                                      \
                             .help = "What staff are told to do when the alarm is raised." }

static const struct key rule_keys[K_RULE_COUNT] = {
    [K_RULE_ID] = { "id", KEY_ID, true, TO(config_rule, id),
                    .help = "Name of the rule; the alarm is called room/rule." },
    [K_RULE_ON] = { "on", KEY_TEXT, .max = 64, .offset = NOWHERE,
                    .otherwise = "required without all, any, of or confirm",
                    .instead = "write SENSOR.QUANTITY, such as air.co2",
                    .help = "What is watched: the sensor's id, a dot, the quantity; or a contact's id, with "
                            "for_s: a door that stands open for too long." },
    SHARED_KEYS,
    [K_RULE_AGAINST] = { "against", KEY_TEXT, .max = 64, .offset = NOWHERE,
                         .instead = "write SENSOR.QUANTITY, such as wall.temperature",
                         .help = "A fault when this sensor and that of on measure differently, by more than "
                                 "apart." },
    [K_RULE_APART] = { "apart", KEY_DECIMAL, .offset = NOWHERE, .otherwise = "required with against",
                       .help = "How far two sensors may differ. In the quantity's unit." },
    [K_RULE_ALL] = { "all", KEY_IDS, .min = 2, .max = MEMBERS_MAX, .offset = NOWHERE,
                     .help = "Bad while all of these are: contacts of the room, and rules that stand above "
                             "this one." },
    [K_RULE_ANY] = { "any", KEY_IDS, .min = 2, .max = MEMBERS_MAX, .offset = NOWHERE,
                     .help = "Bad while at least one of these is." },
    [K_RULE_OF] = { "of", KEY_IDS, .min = 2, .max = MEMBERS_MAX, .offset = NOWHERE,
                    .help = "Bad while at least so many of these are as at_least says." },
    [K_RULE_CONFIRM] = { "confirm", KEY_IDS, .min = 2, .max = MEMBERS_MAX, .offset = NOWHERE,
                         .help =
                             "Fire, when so many of these smoke and heat detectors stand as at_least says. "
                             "The first alone is a pre-alarm; call points are fire at once and don't "
                             "belong here." },
    [K_RULE_AT_LEAST] = { "at_least", KEY_NUMBER, .min = 1, .max = MEMBERS_MAX, TO(config_rule, at_least),
                          .otherwise = "2 with confirm; required with of",
                          .help = "How many must be bad, or stand." },
    [K_RULE_PREALARM] = { "prealarm_s", KEY_NUMBER, .unit = "s", .min = 10, .max = 180,
                          .otherwise = "60 with confirm", TO(config_rule, prealarm_s),
                          .help = "How long one detector alone may stand unanswered before it is fire." },
    [K_RULE_UNLESS] = { "unless", KEY_IDS, .min = 1, .max = MEMBERS_MAX, .offset = NOWHERE,
                        .help =
                            "Of no meaning, and not told, while one of these is bad: contacts of the room, "
                            "and rules that stand above this one. Fire is never suppressed." },
    [K_RULE_DISABLED] = { "disabled", KEY_BOOL, .fallback = "false", .offset = NOWHERE,
                          .help = "true turns the preset's rule of this id off, for every sensor that it is "
                                  "for; it stands alone with id." },
};
const struct key_section config_rule_section = { SECTION(rule_keys), sizeof(struct config_rule), true };

static const struct key preset_rule_keys[K_PRESET_RULE_COUNT] = {
    [K_RULE_ID] = { "id", KEY_ID, true, TO(preset_rule, rule.id),
                    .help = "Name of the rule in every room. A room's second sensor has it with -2 behind." },
    [K_RULE_ON] = { "quantity", KEY_TEXT, true, .max = 64, .offset = NOWHERE,
                    .instead = "write a quantity, such as co2", .help = "What is limited." },
    SHARED_KEYS,
    [K_PRESET_RULE_TYPES] = { "types", KEY_IDS, .min = 0, .max = ROOM_TYPE_COUNT, .offset = NOWHERE,
                              .otherwise = "all", .help = "The room types that it holds in." },
    [K_PRESET_RULE_GROUPS] = { "groups", KEY_IDS, .min = 0, .max = MEMBERS_MAX, .offset = NOWHERE,
                               .otherwise = "all", .help = "The age groups that it holds for." },
    [K_PRESET_RULE_SOURCE] = { "source", KEY_TEXT, true, .max = SOURCE_MAX, TO(preset_rule, rule.source),
                               .help = "Which standard says so." },
    [K_PRESET_RULE_SUGGESTED] = { "suggested", KEY_BOOL, .fallback = "false", TO(preset_rule, rule.suggested),
                                  .help = "true where no source that states this value was read." },
};
static const struct key_section preset_rule_section = { SECTION(preset_rule_keys), sizeof(struct preset_rule),
                                                        true };

static const struct key preset_group_keys[K_PRESET_GROUP_COUNT] = {
    [K_PRESET_GROUP_ID] = { "id", KEY_ID, true, TO(preset_group, id), .help = "Word of the age group." },
    [K_PRESET_GROUP_NAME] = { "name", KEY_TEXT, true, .max = 96, TO(preset_group, name),
                              .help = "The age group as people call it, with its ages." },
};
static const struct key_section preset_group_section = { SECTION(preset_group_keys),
                                                         sizeof(struct preset_group), true };

static const struct key preset_keys[K_PRESET_COUNT] = {
    [K_PRESET_GROUPS] = { "groups", KEY_LIST, true, .min = 1, .max = 16, TO(preset, groups),
                          .count_offset = offsetof(struct preset, n_groups), .inner = &preset_group_section,
                          .help = "The age groups of the country." },
    [K_PRESET_RULES] = { "rules", KEY_LIST, true, .min = 1, .max = 64, TO(preset, rules),
                         .count_offset = offsetof(struct preset, n_rules), .inner = &preset_rule_section,
                         .help = "Its limits." },
};
const struct key_section config_preset_section = { SECTION(preset_keys) };
