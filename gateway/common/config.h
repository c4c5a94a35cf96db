// The one configuration file (YAML, strict) as C structures. Everything is allocated at load and stays until
// config_free(); pointers into it are good until then. All mistakes are reported in one go.
#ifndef CAREROOM_COMMON_CONFIG_H
#define CAREROOM_COMMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/ids.h"
#include "gateway/common/quantity.h"

// How a part is wired.
enum part_bus {
    PART_I2C,     // needs bus (and may have address)
    PART_LINE,    // needs line
    PART_WIEGAND, // needs d0 and d1
    PART_SERIAL,  // needs a bus that is a serial port, which it has to itself
    PART_INPUT,   // needs device
    PART_SYSFS,   // needs sysfs: the kernel drives it
    PART_BUS_COUNT
};

// What the configuration must know of a driver or reader in order to judge a file. Part of each driver's
// const struct.
struct part_info {
    const char *name; // as written after "driver:"
    const char *what; // for people: "Sensirion SCD41, CO2, temperature, humidity"
    enum part_bus bus;
    uint8_t address;      // default 7-bit I2C address; 0 where there is none
    uint8_t addresses[8]; // those that the part can have; 0 ends the list where there are fewer
    uint32_t quantities;  // QUANTITY_BIT() set
    uint32_t fastest_ms;  // shortest sensible every_ms
    uint32_t usual_ms;   // every_ms where the file says nothing; 0: 5000, or the fastest where that is longer
    uint32_t slowest_ms; // longest every_ms that does not defeat its purpose; 0: any
    uint8_t channels;    // inputs of the chip, of which the part is one; 0: it is all of the chip
    bool loop;           // a supervised loop: the bands are its own
    bool self_test;      // can be told to test itself
    uint32_t warm_up_ms; // from start until there can be a value, where that is long
};

// Who knows the parts. Given by the guard; programs that link no drivers pass NULL and driver names,
// addresses and quantities are then not judged, presets not read, and no rule of a preset is there. Both
// return NULL where there is no such part.
struct config_catalogue {
    const struct part_info *(*sensor)(const char *name);
    const struct part_info *(*reader)(const char *name);
    // Names one after the other for messages ("contact, scd40, …"); index from 0, NULL ends.
    const struct part_info *(*sensor_at)(size_t index);
    const struct part_info *(*reader_at)(size_t index);
};

enum contact_role {
    ROLE_NONE,
    ROLE_SMOKE,      // fire; acts on the first edge; latches until reset
    ROLE_HEAT,       // fire
    ROLE_CALL_POINT, // fire; manual call point
    ROLE_GAS,        // safety, latches
    ROLE_CARBON_MONOXIDE,
    ROLE_HELP,    // one-key help button; safety, latches
    ROLE_DOOR,    // opened and closed are events, no alarm
    ROLE_WINDOW,  // like a door
    ROLE_WATER,   // safety
    ROLE_TAMPER,  // fault
    ROLE_MAINS,   // mains lost; fault
    ROLE_BATTERY, // the standby battery is low; fault
    ROLE_COUNT
};
extern const char *const contact_role_names[ROLE_COUNT]; // "smoke", "call-point", …

// What a room is for.
enum room_type { ROOM_PLAY, ROOM_SLEEP, ROOM_FEEDING, ROOM_WASH, ROOM_TYPE_COUNT };
extern const char *const room_type_names[ROOM_TYPE_COUNT]; // "play", …

enum output_role {
    OUTPUT_SOUNDER,
    OUTPUT_BEACON,
    OUTPUT_VENTILATION,
    OUTPUT_DOOR_RELEASE,
    OUTPUT_ROLE_COUNT
};
extern const char *const output_role_names[OUTPUT_ROLE_COUNT];

enum severity {
    SEVERITY_TROUBLE,
    SEVERITY_ADVISORY,
    SEVERITY_WARNING,
    SEVERITY_CRITICAL,
    SEVERITY_FIRE,
    SEVERITY_COUNT
};
extern const char *const severity_names[SEVERITY_COUNT];

enum wiring { WIRING_NORMALLY_OPEN, WIRING_NORMALLY_CLOSED, WIRING_COUNT };
extern const char *const wiring_names[WIRING_COUNT];

enum bias { BIAS_AS_IS, BIAS_PULL_UP, BIAS_PULL_DOWN, BIAS_COUNT };
extern const char *const bias_names[BIAS_COUNT];

enum direction { DIRECTION_BOTH, DIRECTION_IN, DIRECTION_OUT, DIRECTION_COUNT };
extern const char *const direction_names[DIRECTION_COUNT];

struct config_bus {
    char id[ID_SIZE];
    char *i2c;       // path of the adapter, /dev/i2c-1; NULL for a serial port
    char *scl, *sda; // GPIO lines to free a stuck I2C bus with; both NULL where there are none
    char *power;     // GPIO line that switches the chips' supply, high is on; NULL where there is none
    char *serial;    // path of the serial port, /dev/ttyAMA0; NULL for an I2C bus
    uint32_t baud;   // of a serial port; default 9600
};

// What the voltage of a supervised loop means, in thousandths of its supply: below short_below a short, then
// alarm, then from normal_low to normal_high at rest, and above open_above a cut.
struct config_loop {
    int32_t short_below, alarm_below, normal_low, normal_high, open_above;
    bool short_is_alarm; // default true: several detectors in alarm come near a short
};

struct config_sensor {
    char id[ID_SIZE];
    const struct part_info *part; // NULL only where no catalogue was given
    char driver[ID_SIZE];
    size_t bus;            // index in config.buses; only for PART_I2C and PART_SERIAL
    uint8_t address;       // 7 bit; the part's default where the file says nothing
    uint32_t every_ms;     // polling period; default 5000
    int32_t altitude_m;    // scd4x: metres above the sea, 0 to 3000
    bool self_calibration; // scd4x, mhz19: automatic self-calibration; default false (rooms that are never
                           // aired fool it)
    char *line;            // name or chip-label:offset; only for PART_LINE
    enum contact_role role;
    enum wiring wiring; // default normally-open
    enum bias bias;
    uint32_t debounce_ms;               // default 30
    uint8_t channel, reference_channel; // ads1115: the input; ads1115-loop: that of the loop's supply
    struct config_loop loop;            // ads1115-loop
    bool self_test;                     // scd4x: tests itself before it measures
    char *instruction; // what to do when its alarm is raised, in the site's own words; NULL where the file
                       // says nothing
    char *sysfs;       // the kernel's name of the device, or name@2; only for PART_SYSFS
};

struct config_reader {
    char id[ID_SIZE];
    const struct part_info *part;
    char driver[ID_SIZE];
    size_t bus;      // index in config.buses; only for PART_I2C and PART_SERIAL
    uint8_t address; // 7 bit; the part's default where the file says nothing
    char *d0, *d1;   // only for PART_WIEGAND
    char *device;    // path of the input device; only for PART_INPUT
    enum direction direction;
};

struct config_output {
    char id[ID_SIZE];
    char *line;
    enum output_role role;
    bool active_low;          // default false
    uint32_t min_run_s;       // ventilation: once on, it stays on for so long; 0 for all others
    char *feedback;           // line that says whether the output does what it is told; NULL: none
    bool feedback_active_low; // default false: a high level says that it is on
    uint32_t feedback_ms;     // how long it may take to follow; default 500
};

// What a rule looks at.
enum rule_kind {
    RULE_THRESHOLD,   // the last value against a limit
    RULE_MEAN,        // the mean over the window against a limit
    RULE_RISE,        // how far the value has risen (above) or fallen within the window
    RULE_UNCHANGED,   // the same value for the whole window: the sensor is stuck
    RULE_APART,       // two sensors that should measure the same
    RULE_HELD,        // a contact that is active for too long: a door that stands open
    RULE_COMBINATION, // at_least of its members hold
    RULE_CONFIRM,     // at_least of its members, which are smoke and heat detectors: fire
    RULE_KIND_COUNT
};

// What a rule names by id: a contact of the room, or a rule that stands before it.
struct config_member {
    bool contact;
    size_t index; // in the room's sensors (contact) or rules
};

struct config_rule {
    char id[ID_SIZE];
    enum rule_kind kind;
    size_t sensor, other_sensor; // indices in the room's sensors; other: RULE_APART; a combination and a
                                 // confirmation have members instead
    enum quantity quantity;
    bool above;                    // true: above the threshold is bad; false: below
    int32_t threshold;             // fixed point of the quantity; RULE_RISE, RULE_APART: a difference, > 0
    int32_t deadband;              // fixed point, >= 0; the way back that clears
    uint32_t for_s;                // on-delay
    uint32_t off_s;                // off-delay
    uint32_t window_s;             // RULE_MEAN, RULE_RISE, RULE_UNCHANGED
    uint32_t at_least;             // RULE_COMBINATION, RULE_CONFIRM
    uint32_t prealarm_s;           // RULE_CONFIRM: how long one detector alone may go unanswered
    struct config_member *members; // RULE_COMBINATION, RULE_CONFIRM
    size_t n_members;
    struct config_member *unless; // suppressed while one of these holds
    size_t n_unless;
    enum severity severity; // RULE_CONFIRM: SEVERITY_FIRE; SEVERITY_TROUBLE: a fault, not a danger
    char *instruction;      // NULL where the file says nothing
    const char *preset;     // the preset that it came from; NULL: it stands in the file
    const char *source;     // of a preset's: which standard says so
    bool suggested;         // of a preset's: the source does not say it in these words
    unsigned line_number;   // where it stands in the file, or in the preset's
};

struct config_room {
    char id[ID_SIZE];
    char *name;          // as people call it, UTF-8; the id where the file says nothing
    enum room_type type; // default play
    char *group;         // age group; NULL where the file says nothing
    char *preset;        // NULL where the file says nothing
    char *instruction;   // for alarms without one of their own; NULL where the file says nothing
    struct config_sensor *sensors;
    size_t n_sensors;
    struct config_reader *readers;
    size_t n_readers;
    struct config_output *outputs;
    size_t n_outputs;
    struct config_rule *rules; // those of the preset that hold first; none that is disabled. A rule names
                               // only rules before it
    size_t n_rules;
};

struct config_mqtt {
    char *host;    // NULL: no broker configured, the uplink has nothing to do
    uint16_t port; // default 8883 with tls, 1883 without
    bool tls;
    char *ca, *cert, *key; // files; cert and key together or not at all
    char *username, *password_file;
    uint32_t keepalive_s; // default 30
    uint32_t window; // unacknowledged messages at most, 1 to 20 (MQTT's default receive maximum); default 16
};

struct config_voice {
    char *device;  // ALSA name; NULL: no voice is configured
    char *phrases; // folder
};

struct config {
    char *file; // where it was read from
    char gateway_id[ID_SIZE], site[ID_SIZE];
    char *timezone;
    char *language; // "zh" or "en"
    char *state_dir, *run_dir;
    char *presets_dir; // as written; a relative path is meant from the file's folder
    char *uplink_user; // the system user of careroom-uplink; what comes from it is remote. Default
                       // careroom-uplink
    struct config_bus *buses;
    size_t n_buses;
    struct config_room *rooms;
    size_t n_rooms;
    struct config_mqtt mqtt;
    struct config_voice voice;
};

// A mistake or a notice about one place of the file. All strings are good during the call only.
struct config_message {
    bool notice; // true: worth knowing, not a mistake
    const char *file;
    unsigned line;   // from 1; 0 where the file could not be read
    const char *key; // dotted path, "rooms[butterfly].rules[co2-high].deadband"; "file" for the whole file or
                     // its YAML
    const char *wrong;   // what is wrong
    const char *instead; // what would be right
};
typedef void (*config_report_fn)(const struct config_message *message, void *user);

// What a daemon exits with that was started with a wrong configuration (EX_CONFIG of sysexits.h): its unit is
// not started again for this one, since only a person mends it.
#define CONFIG_EXIT_STATUS 78

// Read and judge a file. 0 and *ret_config, or -EINVAL when at least one mistake was reported, or another
// negative errno (the file can't be read), reported too. Blocks on the file system; start-up only. Caller
// frees with config_free().
int config_load(const char *file, const struct config_catalogue *catalogue, config_report_fn report,
                void *user, struct config **ret_config);

// The same from memory, for tests and the fuzzer; `name` stands for the file in messages.
int config_parse(const char *name, const char *text, size_t length, const struct config_catalogue *catalogue,
                 config_report_fn report, void *user, struct config **ret_config);

void config_free(struct config *config); // NULL is fine

// Print a message as every program's --check does: "FILE:LINE: KEY: WRONG; INSTEAD". user is a FILE *.
void config_report_text(const struct config_message *message, void *user);

// The file that every program reads without --config: $CAREROOM_CONFIG, else /etc/careroom/careroom.yaml.
const char *config_default_file(void);

// Print the key table (key, type, unit, range, default, help), one key a line, to a FILE *: what the man page
// is made of.
void config_print_keys(void *file);

#endif
