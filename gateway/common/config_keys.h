// The key table: every key that the configuration file may have, once. The parser, --check,
// config_print_keys() (the man page) and the test of the example file read it. Internal to the configuration;
// programs include config.h.
#ifndef CAREROOM_COMMON_CONFIG_KEYS_H
#define CAREROOM_COMMON_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/config.h"

enum key_type {
    KEY_ID,      // char[ID_SIZE]
    KEY_TEXT,    // char *; max: bytes
    KEY_WORD,    // char *, one of names
    KEY_NAME,    // an enum, one of names; min, max: the first and last that may stand here
    KEY_HOST,    // char *, a host name or address alone
    KEY_PATH,    // char *, an absolute path
    KEY_LINE,    // char *, a GPIO line: name or chip-label:offset
    KEY_NUMBER,  // a whole number from min to max
    KEY_ADDRESS, // a number from min to max that may be written 0x44
    KEY_BOOL,    // bool
    KEY_RATIO,   // 0 to 1 with up to three decimals, in thousandths; min, max in thousandths
    KEY_DECIMAL, // kept as text: only the rule's quantity says what it comes to
    KEY_IDS,     // [a, b]: min to max ids, which the judge resolves
    KEY_MAP,     // inner, once
    KEY_LIST,    // inner, min to max times: pointer at offset, number at count_offset
    KEY_TYPE_COUNT
};

// A key that goes nowhere by itself: it is resolved by the judge, or nothing acts on it yet.
#define NOWHERE SIZE_MAX

struct key_section;

struct key {
    const char *name;
    enum key_type type;
    bool required;
    const char *unit;
    int64_t min, max;
    const char *fallback;  // what holds where the file says nothing, as it would be written there
    const char *otherwise; // for people: where that depends on something else
    const char *const *names;
    unsigned only_for;               // set of 1 << enum part_bus whose parts have this key; 0: no matter
    const char *notice;              // what to tell whoever writes this key
    const char *instead;             // better words for what would be right than the type's
    size_t offset, size;             // in the section's structure
    size_t count_offset;             // KEY_LIST
    const struct key_section *inner; // KEY_MAP, KEY_LIST
    const char *help;
};

struct key_section {
    const struct key *keys;
    size_t n_keys;
    size_t size; // of the structure that an entry of a list fills
    bool has_id; // its first key is "id"
};

// Indices into each section's keys.
enum {
    K_GATEWAY,
    K_STATE_DIR,
    K_RUN_DIR,
    K_PRESETS_DIR,
    K_UPLINK_USER,
    K_BUSES,
    K_ROOMS,
    K_MQTT,
    K_REGULATOR,
    K_PANEL,
    K_VOICE,
    K_ROOT_COUNT
};
enum { K_GATEWAY_ID, K_GATEWAY_SITE, K_GATEWAY_TIMEZONE, K_GATEWAY_LANGUAGE, K_GATEWAY_COUNT };
enum { K_BUS_ID, K_BUS_I2C, K_BUS_SCL, K_BUS_SDA, K_BUS_POWER, K_BUS_SERIAL, K_BUS_BAUD, K_BUS_COUNT };
enum {
    K_ROOM_ID,
    K_ROOM_NAME,
    K_ROOM_TYPE,
    K_ROOM_GROUP,
    K_ROOM_PRESET,
    K_ROOM_INSTRUCTION,
    K_ROOM_SENSORS,
    K_ROOM_READERS,
    K_ROOM_OUTPUTS,
    K_ROOM_RULES,
    K_ROOM_COUNT
};
enum {
    K_SENSOR_ID,
    K_SENSOR_DRIVER,
    K_SENSOR_BUS,
    K_SENSOR_ADDRESS,
    K_SENSOR_EVERY,
    K_SENSOR_ALTITUDE,
    K_SENSOR_SELF_CALIBRATION,
    K_SENSOR_LINE,
    K_SENSOR_ROLE,
    K_SENSOR_WIRING,
    K_SENSOR_BIAS,
    K_SENSOR_DEBOUNCE,
    K_SENSOR_CHANNEL,
    K_SENSOR_REFERENCE_CHANNEL,
    K_SENSOR_SHORT_BELOW,
    K_SENSOR_ALARM_BELOW,
    K_SENSOR_NORMAL_LOW,
    K_SENSOR_NORMAL_HIGH,
    K_SENSOR_OPEN_ABOVE,
    K_SENSOR_SHORT_IS_ALARM,
    K_SENSOR_SELF_TEST,
    K_SENSOR_SYSFS,
    K_SENSOR_INSTRUCTION,
    K_SENSOR_COUNT
};
enum {
    K_READER_ID,
    K_READER_DRIVER,
    K_READER_BUS,
    K_READER_ADDRESS,
    K_READER_D0,
    K_READER_D1,
    K_READER_DEVICE,
    K_READER_DIRECTION,
    K_READER_COUNT
};
enum {
    K_OUTPUT_ID,
    K_OUTPUT_LINE,
    K_OUTPUT_ROLE,
    K_OUTPUT_ACTIVE_LOW,
    K_OUTPUT_MIN_RUN,
    K_OUTPUT_FEEDBACK,
    K_OUTPUT_FEEDBACK_ACTIVE_LOW,
    K_OUTPUT_FEEDBACK_MS,
    K_OUTPUT_COUNT
};
// A rule of a room, and a rule of a preset: first what both have, at the same places, so that one judge reads
// both.
enum {
    K_RULE_ID,
    K_RULE_ON, // a preset's: quantity
    K_RULE_ABOVE,
    K_RULE_BELOW,
    K_RULE_MEAN,
    K_RULE_RISES,
    K_RULE_FALLS,
    K_RULE_WITHIN,
    K_RULE_UNCHANGED,
    K_RULE_FOR,
    K_RULE_OFF,
    K_RULE_DEADBAND,
    K_RULE_SEVERITY,
    K_RULE_INSTRUCTION,
    K_RULE_SHARED_COUNT
};
enum {
    K_RULE_AGAINST = K_RULE_SHARED_COUNT,
    K_RULE_APART,
    K_RULE_ALL,
    K_RULE_ANY,
    K_RULE_OF,
    K_RULE_CONFIRM,
    K_RULE_AT_LEAST,
    K_RULE_PREALARM,
    K_RULE_UNLESS,
    K_RULE_DISABLED,
    K_RULE_COUNT
};
enum {
    K_PRESET_RULE_TYPES = K_RULE_SHARED_COUNT,
    K_PRESET_RULE_GROUPS,
    K_PRESET_RULE_SOURCE,
    K_PRESET_RULE_SUGGESTED,
    K_PRESET_RULE_COUNT
};
enum { K_PRESET_GROUP_ID, K_PRESET_GROUP_NAME, K_PRESET_GROUP_COUNT };
enum { K_PRESET_GROUPS, K_PRESET_RULES, K_PRESET_COUNT };
enum {
    K_MQTT_HOST,
    K_MQTT_PORT,
    K_MQTT_TLS,
    K_MQTT_USERNAME,
    K_MQTT_PASSWORD_FILE,
    K_MQTT_KEEPALIVE,
    K_MQTT_WINDOW,
    K_MQTT_COUNT
};
enum { K_TLS_CA, K_TLS_CERT, K_TLS_KEY, K_TLS_COUNT };
enum { K_REGULATOR_HTTPS, K_REGULATOR_GB26875, K_REGULATOR_COUNT };
enum { K_HTTPS_URL, K_HTTPS_COUNT };
enum { K_GB26875_HOST, K_GB26875_PORT, K_GB26875_COUNT };
enum { K_PANEL_LISTEN, K_PANEL_COUNT };
enum { K_VOICE_DEVICE, K_VOICE_PHRASES, K_VOICE_COUNT };

extern const struct key_section config_root_section;
extern const struct key_section config_rule_section;   // config_keys_rules.c
extern const struct key_section config_preset_section; // the file of a preset

#define INSTRUCTION_MAX 200 // bytes: it goes into one event beside all else
#define SEVERITY_WANTED                                                                                      \
    "write advisory, warning or critical; fire comes from contacts alone (role smoke, heat or call-point)"

// A preset's file, as the key table fills it.
#define ALL_TYPES  UINT32_MAX
#define ALL_GROUPS UINT32_MAX
struct preset_rule {
    struct config_rule rule; // without id of a sensor; first, so that the shared keys fill it
    uint32_t types;          // set of 1 << enum room_type
    uint32_t groups;         // set of 1 << index in the preset's groups
    bool in_force;           // in a room
};
struct preset_group {
    char id[ID_SIZE];
    char *name; // as the country calls it
};
struct preset {
    struct preset *next;
    const char *name;
    bool good;                // no mistake in its file
    const struct draft *room; // the first that has it
    struct preset_group *groups;
    size_t n_groups;
    struct preset_rule *rules;
    size_t n_rules;
};

#endif
