#include "gateway/common/config_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TO(type, field) .offset = offsetof(struct type, field), .size = sizeof(((struct type *)0)->field)
#define SECTION(table)  .keys = (table), .n_keys = sizeof(table) / sizeof((table)[0])
#define ONLY(bus)       .only_for = 1u << (bus)
#define ONLY2(one, two) .only_for = 1u << (one) | 1u << (two)
#define BAND(field)                                                                                          \
    KEY_RATIO, .min = 0, .max = 1000, ONLY(PART_I2C), .offset = offsetof(struct config_sensor, loop.field),  \
               .size = sizeof(int32_t)
#define NO_EFFECT .notice = "has no effect in this version"

#define TEXT_MAX 255 // bytes of a text: a path, a name

static const char *const languages[] = { "zh", "en" };

static const struct key gateway_keys[K_GATEWAY_COUNT] = {
    [K_GATEWAY_ID] = { "id", KEY_ID, true, TO(config, gateway_id),
                       .help = "This gateway, unique on the site; part of every topic and event." },
    [K_GATEWAY_SITE] = { "site", KEY_ID, true, TO(config, site),
                         .help = "The site that the gateway stands in; part of every topic and event." },
    [K_GATEWAY_TIMEZONE] = { "timezone", KEY_TEXT, .max = 64, .fallback = "UTC", TO(config, timezone),
                             .help =
                                 "Time zone by its tz database name, for people; events always carry UTC." },
    [K_GATEWAY_LANGUAGE] = { "language", KEY_WORD, .names = languages, .max = 1, .fallback = "en",
                             TO(config, language), .help = "Language of what people are shown." },
};
static const struct key_section gateway_section = { SECTION(gateway_keys) };

static const struct key bus_keys[K_BUS_COUNT] = {
    [K_BUS_ID] = { "id", KEY_ID, true, TO(config_bus, id),
                   .help = "Name of the bus, for sensors and readers to refer to." },
    [K_BUS_I2C] = { "i2c", KEY_PATH, .max = TEXT_MAX, TO(config_bus, i2c),
                    .otherwise = "either i2c or serial is required",
                    .instead = "write the adapter's device, such as /dev/i2c-1",
                    .help = "Device of the I2C adapter." },
    [K_BUS_SCL] = { "scl", KEY_LINE, .max = TEXT_MAX, TO(config_bus, scl),
                    .help = "A GPIO line of its own, wired to the bus's clock, to free a bus that hangs; "
                            "together with sda. Not the adapter's own pin, which it would lose." },
    [K_BUS_SDA] = { "sda", KEY_LINE, .max = TEXT_MAX, TO(config_bus, sda),
                    .help = "The same for the bus's data; together with scl." },
    [K_BUS_POWER] = { "power", KEY_LINE, .max = TEXT_MAX, TO(config_bus, power),
                      .help = "The GPIO line that switches the supply of the bus's chips, high is on: "
                              "switched off for 2 s where a bus that hangs can't be freed otherwise." },
    [K_BUS_SERIAL] = { "serial", KEY_PATH, .max = TEXT_MAX, TO(config_bus, serial),
                       .otherwise = "either i2c or serial is required",
                       .instead = "write the port's device, such as /dev/ttyAMA0 or, on USB, "
                                  "/dev/serial/by-id/…",
                       .help = "Device of the serial port, for one sensor or reader." },
    [K_BUS_BAUD] = { "baud", KEY_NUMBER, .min = 1200, .max = 115200, .fallback = "9600", TO(config_bus, baud),
                     .help = "Speed of the serial port: 1200, 2400, 4800, 9600, 19200, 38400, 57600 or "
                             "115200." },
};
static const struct key_section bus_section = { SECTION(bus_keys), sizeof(struct config_bus), true };

static const struct key sensor_keys[K_SENSOR_COUNT] = {
    [K_SENSOR_ID] = { "id", KEY_ID, true, TO(config_sensor, id),
                      .help =
                          "Name of the point, unique among the room's sensors, readers, outputs and rules." },
    [K_SENSOR_DRIVER] = { "driver", KEY_ID, true, TO(config_sensor, driver),
                          .help = "The part: contact for anything that opens or closes a circuit, or a chip; "
                                  "careroomd --check names them." },
    [K_SENSOR_BUS] = { "bus", KEY_ID, .offset = NOWHERE, ONLY2(PART_I2C, PART_SERIAL),
                       .otherwise = "required for parts on a bus",
                       .help = "The bus that the part is on: I2C, or a serial port to itself." },
    [K_SENSOR_ADDRESS] = { "address", KEY_ADDRESS, .min = 0x08, .max = 0x77, .otherwise = "the part's own",
                           ONLY(PART_I2C), TO(config_sensor, address),
                           .help = "The chip's 7-bit address on its bus." },
    [K_SENSOR_EVERY] = { "every_ms", KEY_NUMBER, .unit = "ms", .min = 100, .max = 3600000,
                         .otherwise = "the part's own, mostly 5000",
                         .only_for = 1u << PART_I2C | 1u << PART_SERIAL | 1u << PART_SYSFS,
                         TO(config_sensor, every_ms), .help = "Time between two readings." },
    [K_SENSOR_ALTITUDE] = { "altitude_m", KEY_NUMBER, .unit = "m", .min = 0, .max = 3000, .fallback = "0",
                            ONLY(PART_I2C), TO(config_sensor, altitude_m),
                            .help = "Height above the sea, which CO2 sensors correct for." },
    [K_SENSOR_SELF_CALIBRATION] = { "self_calibration", KEY_BOOL, .fallback = "false",
                                    ONLY2(PART_I2C, PART_SERIAL), TO(config_sensor, self_calibration),
                                    .help = "Let a CO2 sensor take the lowest value of a week (mhz19: of a "
                                            "day) for fresh air. "
                                            "Only for rooms that are truly aired every week; others drift." },
    [K_SENSOR_LINE] = { "line", KEY_LINE, .max = TEXT_MAX, ONLY(PART_LINE),
                        .otherwise = "required for contacts", TO(config_sensor, line),
                        .help = "The GPIO line, by the kernel's name or chip-label:offset." },
    [K_SENSOR_ROLE] = { "role", KEY_NAME, .names = contact_role_names, .min = ROLE_NONE,
                        .max = ROLE_COUNT - 1, .fallback = "none",
                        .only_for = 1u << PART_LINE | 1u << PART_I2C, TO(config_sensor, role),
                        .help = "What the contact means. smoke, heat and call-point are fire; gas, "
                                "carbon-monoxide, help and water are safety; tamper, mains and battery are "
                                "faults; "
                                "door and window are recorded." },
    [K_SENSOR_WIRING] = { "wiring", KEY_NAME, .names = wiring_names, .max = WIRING_COUNT - 1,
                          .fallback = "normally-open", ONLY(PART_LINE), TO(config_sensor, wiring),
                          .help = "State of the contact at rest. normally-closed makes a cut wire an alarm "
                                  "instead of silence." },
    [K_SENSOR_BIAS] = { "bias", KEY_NAME, .names = bias_names, .max = BIAS_COUNT - 1, .fallback = "pull-up",
                        ONLY(PART_LINE), TO(config_sensor, bias),
                        .help = "The board's own resistor on the line; as-is where there is one outside." },
    [K_SENSOR_DEBOUNCE] = { "debounce_ms", KEY_NUMBER, .unit = "ms", .min = 0, .max = 10000, .fallback = "30",
                            ONLY(PART_LINE), TO(config_sensor, debounce_ms),
                            .help = "How long a contact must hold still to count. Smoke acts on the first "
                                    "edge whatever stands here." },
    [K_SENSOR_CHANNEL] = { "channel", KEY_NUMBER, .min = 0, .max = 3, .fallback = "0", ONLY(PART_I2C),
                           TO(config_sensor, channel),
                           .help = "The converter's input that is measured: A0 to A3." },
    [K_SENSOR_REFERENCE_CHANNEL] = { "reference_channel", KEY_NUMBER, .min = 0, .max = 3, .fallback = "3",
                                     ONLY(PART_I2C), TO(config_sensor, reference_channel),
                                     .help = "The converter's input that the loop's supply is on." },
    [K_SENSOR_SHORT_BELOW] = { "short_below", BAND(short_below), .fallback = "0.05",
                               .help = "Below this part of its supply a loop is shorted." },
    [K_SENSOR_ALARM_BELOW] = { "alarm_below", BAND(alarm_below), .fallback = "0.30",
                               .help = "Below this part of its supply a loop is in alarm." },
    [K_SENSOR_NORMAL_LOW] = { "normal_low", BAND(normal_low), .fallback = "0.42",
                              .help = "From this part of its supply on a loop is at rest. Between alarm and "
                                      "rest the cable is damaged." },
    [K_SENSOR_NORMAL_HIGH] = { "normal_high", BAND(normal_high), .fallback = "0.60",
                               .help = "Up to this part of its supply a loop is at rest." },
    [K_SENSOR_OPEN_ABOVE] = { "open_above", BAND(open_above), .fallback = "0.85",
                              .help = "Above this part of its supply a loop is cut." },
    [K_SENSOR_SHORT_IS_ALARM] = { "short_is_alarm", KEY_BOOL, .fallback = "true", ONLY(PART_I2C),
                                  .offset = offsetof(struct config_sensor, loop.short_is_alarm),
                                  .size = sizeof(bool),
                                  .help = "Take a shorted loop for an alarm, as several detectors in alarm "
                                          "look like one; false: for a trouble." },
    [K_SENSOR_SELF_TEST] = { "self_test", KEY_BOOL, .fallback = "false", ONLY(PART_I2C),
                             TO(config_sensor, self_test),
                             .help = "Let the chip test itself at start, which takes 10 s." },
    [K_SENSOR_SYSFS] = { "sysfs", KEY_TEXT, .max = 64, ONLY(PART_SYSFS),
                         .otherwise = "required for chips that the kernel drives", TO(config_sensor, sysfs),
                         .instead = "write what the device's file \"name\" says, such as scd4x; scd4x@2 is "
                                    "the second of that name",
                         .help = "Name of the device below /sys/bus/iio/devices or /sys/class/hwmon." },
    [K_SENSOR_INSTRUCTION] = { "instruction", KEY_TEXT, .max = INSTRUCTION_MAX,
                               TO(config_sensor, instruction), .otherwise = "the room's",
                               .help = "What staff are told to do when an alarm of this sensor is raised, in "
                                       "the site's own words." },
};
static const struct key_section sensor_section = { SECTION(sensor_keys), sizeof(struct config_sensor), true };

static const struct key reader_keys[K_READER_COUNT] = {
    [K_READER_ID] = { "id", KEY_ID, true, TO(config_reader, id), .help = "Name of the card reader." },
    [K_READER_DRIVER] = { "driver", KEY_ID, true, TO(config_reader, driver), .help = "The kind of reader." },
    [K_READER_BUS] = { "bus", KEY_ID, .offset = NOWHERE, ONLY2(PART_I2C, PART_SERIAL),
                       .otherwise = "required for readers on a bus",
                       .help = "The bus that the reader is on: I2C, or a serial port to itself." },
    [K_READER_ADDRESS] = { "address", KEY_ADDRESS, .min = 0x08, .max = 0x77, .otherwise = "the part's own",
                           ONLY(PART_I2C), TO(config_reader, address),
                           .help = "The reader's 7-bit address on its bus." },
    [K_READER_D0] = { "d0", KEY_LINE, .max = TEXT_MAX, ONLY(PART_WIEGAND),
                      .otherwise = "required for wiegand", TO(config_reader, d0),
                      .help = "The GPIO line of the reader's D0 wire." },
    [K_READER_D1] = { "d1", KEY_LINE, .max = TEXT_MAX, ONLY(PART_WIEGAND),
                      .otherwise = "required for wiegand", TO(config_reader, d1),
                      .help = "The GPIO line of the reader's D1 wire." },
    [K_READER_DEVICE] = { "device", KEY_PATH, .max = TEXT_MAX, ONLY(PART_INPUT),
                          .otherwise = "required for wedge", TO(config_reader, device),
                          .instead = "write the input device, such as /dev/input/by-id/usb-…-event-kbd",
                          .help = "Input device of a reader that types; careroomd takes it from everybody "
                                  "else." },
    [K_READER_DIRECTION] = { "direction", KEY_NAME, .names = direction_names, .max = DIRECTION_COUNT - 1,
                             .fallback = "both", TO(config_reader, direction),
                             .help = "Which way people go who show a card here." },
};
static const struct key_section reader_section = { SECTION(reader_keys), sizeof(struct config_reader), true };

static const struct key output_keys[K_OUTPUT_COUNT] = {
    [K_OUTPUT_ID] = { "id", KEY_ID, true, TO(config_output, id), .help = "Name of the output." },
    [K_OUTPUT_LINE] = { "line", KEY_LINE, true, .max = TEXT_MAX, TO(config_output, line),
                        .help = "The GPIO line that drives it." },
    [K_OUTPUT_ROLE] = { "role", KEY_NAME, true, .names = output_role_names, .max = OUTPUT_ROLE_COUNT - 1,
                        TO(config_output, role), .help = "What is driven." },
    [K_OUTPUT_ACTIVE_LOW] = { "active_low", KEY_BOOL, .fallback = "false", TO(config_output, active_low),
                              .help = "true where a low level switches it on, as on many relay boards." },
    [K_OUTPUT_MIN_RUN] = { "min_run_s", KEY_NUMBER, .unit = "s", .min = 0, .max = 3600,
                           .otherwise = "300 for ventilation", TO(config_output, min_run_s),
                           .help = "Ventilation that was switched on stays on for so long; fire ends it at "
                                   "once." },
    [K_OUTPUT_FEEDBACK] = { "feedback", KEY_LINE, .max = TEXT_MAX, TO(config_output, feedback),
                            .help = "A GPIO line that says whether the output really does what it is told; "
                                    "one that does not is in trouble." },
    [K_OUTPUT_FEEDBACK_ACTIVE_LOW] = { "feedback_active_low", KEY_BOOL, .fallback = "false",
                                       TO(config_output, feedback_active_low),
                                       .help = "true where a low level of the feedback says that it is on." },
    [K_OUTPUT_FEEDBACK_MS] = { "feedback_ms", KEY_NUMBER, .unit = "ms", .min = 50, .max = 10000,
                               .fallback = "500", TO(config_output, feedback_ms),
                               .help = "How long the feedback may take to follow." },
};
static const struct key_section output_section = { SECTION(output_keys), sizeof(struct config_output), true };

static const struct key room_keys[K_ROOM_COUNT] = {
    [K_ROOM_ID] = { "id", KEY_ID, true, TO(config_room, id),
                    .help = "Name of the room in topics and alarms." },
    [K_ROOM_NAME] = { "name", KEY_TEXT, .max = 96, .otherwise = "the id", TO(config_room, name),
                      .help = "The room as people call it." },
    [K_ROOM_TYPE] = { "type", KEY_NAME, .names = room_type_names, .max = ROOM_TYPE_COUNT - 1,
                      .fallback = "play", TO(config_room, type),
                      .help = "What the room is for. Where children sleep, all but fire begins with light." },
    [K_ROOM_GROUP] = { "group", KEY_TEXT, .max = ID_LENGTH, TO(config_room, group),
                       .help = "Age group of the children, one of the preset's." },
    [K_ROOM_PRESET] = { "preset", KEY_TEXT, .max = ID_LENGTH, TO(config_room, preset),
                        .help = "Country whose limits hold: cn, de, uk, us, or a file of the site's own in "
                                "presets_dir. A rule of the same id takes the place of one of these." },
    [K_ROOM_INSTRUCTION] = { "instruction", KEY_TEXT, .max = INSTRUCTION_MAX, TO(config_room, instruction),
                             .help =
                                 "What staff are told to do when an alarm of this room is raised that has "
                                 "no instruction of its own." },
    [K_ROOM_SENSORS] = { "sensors", KEY_LIST, .max = 32, TO(config_room, sensors),
                         .count_offset = offsetof(struct config_room, n_sensors), .inner = &sensor_section,
                         .help = "Sensors and contacts." },
    [K_ROOM_READERS] = { "readers", KEY_LIST, .max = 8, TO(config_room, readers),
                         .count_offset = offsetof(struct config_room, n_readers), .inner = &reader_section,
                         .help = "Card readers." },
    [K_ROOM_OUTPUTS] = { "outputs", KEY_LIST, .max = 16, TO(config_room, outputs),
                         .count_offset = offsetof(struct config_room, n_outputs), .inner = &output_section,
                         .help = "Sounders, beacons, relays." },
    [K_ROOM_RULES] = { "rules", KEY_LIST, .max = 64, TO(config_room, rules),
                       .count_offset = offsetof(struct config_room, n_rules), .inner = &config_rule_section,
                       .help = "What raises alarms. Contacts need none: their role is their rule." },
};
static const struct key_section room_section = { SECTION(room_keys), sizeof(struct config_room), true };

static const struct key tls_keys[K_TLS_COUNT] = {
    [K_TLS_CA] = { "ca", KEY_PATH, .max = TEXT_MAX, .otherwise = "the system's authorities",
                   TO(config_mqtt, ca),
                   .help = "File with the authority that signed the broker's certificate." },
    [K_TLS_CERT] = { "cert", KEY_PATH, .max = TEXT_MAX, TO(config_mqtt, cert),
                     .help = "File with the gateway's certificate; together with key." },
    [K_TLS_KEY] = { "key", KEY_PATH, .max = TEXT_MAX, TO(config_mqtt, key),
                    .help = "File with the gateway's private key; together with cert." },
};
static const struct key_section tls_section = { SECTION(tls_keys) };

static const struct key mqtt_keys[K_MQTT_COUNT] = {
    [K_MQTT_HOST] = { "host", KEY_HOST, true, .max = TEXT_MAX, TO(config_mqtt, host),
                      .help = "The operator's broker." },
    [K_MQTT_PORT] = { "port", KEY_NUMBER, .min = 1, .max = 65535, .otherwise = "8883 with tls, 1883 without",
                      TO(config_mqtt, port), .help = "The broker's port." },
    [K_MQTT_TLS] = { "tls", KEY_MAP, .offset = 0, .inner = &tls_section,
                     .help = "Encrypt the connection. The key's presence turns it on, also with nothing in "
                             "it: {}." },
    [K_MQTT_USERNAME] = { "username", KEY_TEXT, .max = TEXT_MAX, TO(config_mqtt, username),
                          .help = "Name to sign in with." },
    [K_MQTT_PASSWORD_FILE] = { "password_file", KEY_PATH, .max = TEXT_MAX, TO(config_mqtt, password_file),
                               .help = "File whose first line is the password, readable by the uplink's user "
                                       "alone." },
    [K_MQTT_KEEPALIVE] = { "keepalive_s", KEY_NUMBER, .unit = "s", .min = 5, .max = 3600, .fallback = "30",
                           TO(config_mqtt, keepalive_s),
                           .help = "Longest silence on the connection before it is tested." },
    [K_MQTT_WINDOW] = { "window", KEY_NUMBER, .min = 1, .max = 20, .fallback = "16", TO(config_mqtt, window),
                        .help = "Messages under way without an acknowledgement at most." },
};
static const struct key_section mqtt_section = { SECTION(mqtt_keys) };

static const struct key https_keys[K_HTTPS_COUNT] = {
    [K_HTTPS_URL] = { "url", KEY_TEXT, true, .max = TEXT_MAX, .offset = NOWHERE,
                      .help = "Where events are posted." },
};
static const struct key_section https_section = { SECTION(https_keys) };

static const struct key gb26875_keys[K_GB26875_COUNT] = {
    [K_GB26875_HOST] = { "host", KEY_HOST, true, .max = TEXT_MAX, .offset = NOWHERE,
                         .help = "The monitoring centre." },
    [K_GB26875_PORT] = { "port", KEY_NUMBER, true, .min = 1, .max = 65535, .offset = NOWHERE,
                         .help = "Its port." },
};
static const struct key_section gb26875_section = { SECTION(gb26875_keys) };

static const struct key regulator_keys[K_REGULATOR_COUNT] = {
    [K_REGULATOR_HTTPS] = { "https", KEY_MAP, .offset = NOWHERE, .inner = &https_section,
                            .help = "Delivery by HTTPS." },
    [K_REGULATOR_GB26875] = { "gb26875", KEY_MAP, .offset = NOWHERE, .inner = &gb26875_section,
                              .help = "Delivery by GB/T 26875.3." },
};
static const struct key_section regulator_section = { SECTION(regulator_keys) };

static const struct key panel_keys[K_PANEL_COUNT] = {
    [K_PANEL_LISTEN] = { "listen", KEY_TEXT, .max = TEXT_MAX, .offset = NOWHERE,
                         .help = "Address and port of the panel." },
};
static const struct key_section panel_section = { SECTION(panel_keys) };

static const struct key voice_keys[K_VOICE_COUNT] = {
    [K_VOICE_DEVICE] = { "device", KEY_TEXT, .max = TEXT_MAX, .fallback = "default", TO(config_voice, device),
                         .instead = "write the card's ALSA name, such as default or plughw:CARD=Device",
                         .help = "The sound card, by its ALSA name." },
    [K_VOICE_PHRASES] = { "phrases", KEY_PATH, .max = TEXT_MAX, .fallback = "/usr/share/careroom/phrases",
                          TO(config_voice, phrases),
                          .help = "Folder of the spoken phrases, as phrases.sh prepares them." },
};
static const struct key_section voice_section = { SECTION(voice_keys) };

static const struct key root_keys[K_ROOT_COUNT] = {
    [K_GATEWAY] = { "gateway", KEY_MAP, true, .offset = 0, .inner = &gateway_section,
                    .help = "Who this gateway is." },
    [K_STATE_DIR] = { "state_dir", KEY_PATH, .max = TEXT_MAX, .fallback = "/var/lib/careroom",
                      TO(config, state_dir), .help = "Folder of the journal and the keys." },
    [K_RUN_DIR] = { "run_dir", KEY_PATH, .max = TEXT_MAX, .fallback = "/run/careroom", TO(config, run_dir),
                    .help = "Folder of the control socket." },
    [K_PRESETS_DIR] = { "presets_dir", KEY_TEXT, .max = TEXT_MAX, .fallback = "/usr/share/careroom/presets",
                        TO(config, presets_dir),
                        .help = "Folder of the presets; a relative path is meant from this file's folder." },
    [K_UPLINK_USER] = { "uplink_user", KEY_TEXT, .max = ID_LENGTH, .fallback = "careroom-uplink",
                        TO(config, uplink_user),
                        .help = "System user of careroom-uplink. What comes from it is remote: it never "
                                "answers fire." },
    [K_BUSES] = { "buses", KEY_LIST, .max = 16, TO(config, buses),
                  .count_offset = offsetof(struct config, n_buses), .inner = &bus_section,
                  .help = "The I2C buses and serial ports that parts are on." },
    [K_ROOMS] = { "rooms", KEY_LIST, true, .min = 1, .max = 64, TO(config, rooms),
                  .count_offset = offsetof(struct config, n_rooms), .inner = &room_section,
                  .help = "The rooms that are guarded." },
    [K_MQTT] = { "mqtt", KEY_MAP, TO(config, mqtt), .inner = &mqtt_section,
                 .help = "The operator's cloud. Without it nothing leaves the gateway." },
    [K_REGULATOR] = { "regulator", KEY_MAP, .offset = NOWHERE, NO_EFFECT, .inner = &regulator_section,
                      .help = "The fire regulator." },
    [K_VOICE] = { "voice", KEY_MAP, TO(config, voice), .inner = &voice_section,
                  .help =
                      "What to do is also said aloud. The key's presence turns it on, also with nothing in "
                      "it: {}." },
    [K_PANEL] = { "panel", KEY_MAP, .offset = NOWHERE, NO_EFFECT, .inner = &panel_section,
                  .help = "The local web panel." },
};
const struct key_section config_root_section = { SECTION(root_keys) };

static const char *const type_words[KEY_TYPE_COUNT] = {
    [KEY_ID] = "id",           [KEY_TEXT] = "text",          [KEY_WORD] = "word",   [KEY_NAME] = "word",
    [KEY_HOST] = "host",       [KEY_PATH] = "path",          [KEY_LINE] = "line",   [KEY_NUMBER] = "number",
    [KEY_ADDRESS] = "address", [KEY_BOOL] = "true or false", [KEY_RATIO] = "ratio", [KEY_DECIMAL] = "decimal",
    [KEY_IDS] = "ids",         [KEY_MAP] = "mapping",        [KEY_LIST] = "list",
};
_Static_assert(KEY_TYPE_COUNT == 15, "a type without a word");

static void print_range(const struct key *key, FILE *file)
{
    switch (key->type) {
    case KEY_NUMBER:
        (void)fprintf(file, "%" PRId64 " to %" PRId64 "%s%s", key->min, key->max,
                      key->unit != NULL ? " " : "", key->unit != NULL ? key->unit : "");
        break;
    case KEY_ADDRESS:
        (void)fprintf(file, "0x%02" PRIx64 " to 0x%02" PRIx64, (uint64_t)key->min, (uint64_t)key->max);
        break;
    case KEY_LIST:
        (void)fprintf(file, "%" PRId64 " to %" PRId64 " entries", key->min, key->max);
        break;
    case KEY_IDS:
        (void)fprintf(file, "%" PRId64 " to %" PRId64 " ids", key->min, key->max);
        break;
    case KEY_WORD:
    case KEY_NAME:
        for (int64_t i = key->min; i <= key->max; i++) {
            (void)fprintf(file, "%s%s", i > key->min ? ", " : "", key->names[i]);
        }
        break;
    case KEY_ID:
        (void)fprintf(file, "1 to %d characters of a-z, 0-9 and -", ID_LENGTH);
        break;
    case KEY_TEXT:
        (void)fprintf(file, "1 to %" PRId64 " bytes", key->max);
        break;
    case KEY_RATIO:
        (void)fputs("0 to 1", file);
        break;
    case KEY_HOST:
    case KEY_PATH:
    case KEY_LINE:
    case KEY_BOOL:
    case KEY_DECIMAL:
    case KEY_MAP:
    case KEY_TYPE_COUNT:
        break;
    }
}

static void print_section(const struct key_section *section, const char *prefix, FILE *file)
{
    for (size_t i = 0; i < section->n_keys; i++) {
        const struct key *key = &section->keys[i];
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s%s", prefix, key->name, key->type == KEY_LIST ? "[]" : "");
        const char *fallback = key->fallback != NULL    ? key->fallback
                               : key->otherwise != NULL ? key->otherwise
                                                        : "";
        (void)fprintf(file, "%s\t%s\t", path, type_words[key->type]);
        print_range(key, file);
        (void)fprintf(file, "\t%s\t%s%s%s%s\n", key->required ? "required" : fallback, key->help,
                      key->notice != NULL ? " (" : "", key->notice != NULL ? key->notice : "",
                      key->notice != NULL ? ")" : "");
        if (key->inner != NULL) {
            (void)snprintf(path + strlen(path), sizeof path - strlen(path), ".");
            print_section(key->inner, path, file);
        }
    }
}

void config_print_keys(void *file)
{
    print_section(&config_root_section, "", file);
}
