// The commands and options of careroomctl, one row each: what usage, the parser and the completion are made
// of.
#include "gateway/ctl/ctl.h"

const struct ctl_option_info ctl_options[OPTION_COUNT] = {
    [OPTION_CONFIG] = { .name = "--config",
                        .argument = "FILE",
                        .help =
                            "the configuration; else $CAREROOM_CONFIG, else /etc/careroom/careroom.yaml" },
    [OPTION_JSON] = { .name = "--json", .help = "print JSON, for programs" },
    [OPTION_HELP] = { .name = "--help", .help = "say how this is used, and end" },
    [OPTION_VERSION] = { .name = "--version", .help = "print the version, and end" },
    [OPTION_SINCE] = { .name = "--since",
                       .argument = "WHEN",
                       .help = "2026-11-24, 2026-11-24T08:00, 10m, 2h, 3d, or an event's number '#18231'" },
    [OPTION_CLASS] = { .name = "--class",
                       .argument = "fire|safety|fault|attendance|access|system",
                       .help = "only events of this class" },
    [OPTION_ROOM] = { .name = "--room",
                      .argument = "ROOM",
                      .help = "only this room; 'gateway': of the gateway itself" },
    [OPTION_FOLLOW] = { .name = "--follow", .help = "go on with what happens from now, until Ctrl-C" },
    [OPTION_LIMIT] = { .name = "--limit", .argument = "N", .help = "the newest N at most" },
    [OPTION_DB] = { .name = "--db", .argument = "FILE", .help = "this journal; needs no configuration" },
    [OPTION_FORMAT] = { .name = "--format",
                        .argument = "26|34|37",
                        .help = "bits of the card's frame; else the shorter that fits" },
    [OPTION_PULSES] = { .name = "--pulses",
                        .argument = "BITS",
                        .help = "raw pulses instead of a card, '0' and '1', at most 64" },
    [OPTION_FOR] = { .name = "--for", .argument = "TIME", .help = "for how long: 5s, 10m, 2h" },
    [OPTION_REASON] = { .name = "--reason",
                        .argument = "TEXT",
                        .help = "why; kept on this gateway alone, where it can be erased" },
    [OPTION_YAML] = { .name = "--yaml", .help = "print a configuration of what was found, to be filled in" },
};

#define ALARM_NAME                                                                                           \
    "An alarm is ROOM/RULE as 'careroomctl alarms' shows it: butterfly/smoke-1, butterfly/air.trouble."
#define ONLY_SIM "Only careroomd-sim does this; careroomd has no way to fake an input."

const struct ctl_command ctl_commands[] = {
    { .name = "status",
      .arguments = "",
      .help = "rooms, points, alarms, and the health of uplink and journal",
      .run = ctl_status_command },
    { .name = "alarms",
      .arguments = "",
      .help = "the alarms that stand, their state and what to do",
      .run = ctl_alarms_command },
    { .name = "ack",
      .arguments = "ALARM",
      .help = "acknowledge an alarm: somebody is taking care of it",
      .details = ALARM_NAME "\nALARM#3 acknowledges its third occurrence and no other.",
      .run = ctl_ack_command },
    { .name = "reset",
      .arguments = "ALARM",
      .help = "reset a latched alarm that is acknowledged and whose cause has gone",
      .details = ALARM_NAME "\nALARM#3 resets its third occurrence and no other.",
      .run = ctl_reset_command },
    { .name = "silence",
      .arguments = "ROOM",
      .options = OPTION_BIT(OPTION_FOR),
      .help = "let the sounders of a room rest: 5m, or as --for says",
      .details =
          "ROOM is a room's id, or all. It acknowledges nothing, beacons go on, and it ends by itself: "
          "for at most\n"
          "30m, while fire stands 5m. Whatever is new sounds over it.",
      .run = ctl_silence_command },
    { .name = "unsilence",
      .arguments = "ROOM",
      .help = "let the sounders of a room sound again",
      .details = "ROOM is a room's id, or all.",
      .run = ctl_unsilence_command },
    { .name = "shelve",
      .arguments = "ALARM",
      .options = OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_REASON),
      .help = "set an alarm aside for the time of --for, at most 24h",
      .details = ALARM_NAME "\nFire, gas, carbon monoxide, help, and troubles of fire detectors can't be "
                            "shelved.",
      .run = ctl_shelve_command },
    { .name = "unshelve",
      .arguments = "ALARM",
      .help = "take a shelved alarm back",
      .details = ALARM_NAME,
      .run = ctl_unshelve_command },
    { .name = "isolate",
      .arguments = "ROOM/POINT",
      .options = OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_REASON),
      .help = "take a sensor, reader or output out of service for the time of --for, with a --reason",
      .details = "At most 7d. An isolated point raises no alarm, which is itself shown, recorded and told to "
                 "the fire\n"
                 "authority. One whose alarm stands is acknowledged first.",
      .run = ctl_isolate_command },
    { .name = "reinstate",
      .arguments = "ROOM/POINT",
      .help = "put an isolated point back into service",
      .run = ctl_reinstate_command },
    { .name = "test",
      .arguments = "OUTPUT",
      .options = OPTION_BIT(OPTION_FOR),
      .help = "drive a sounder or relay for 2 s, to hear that it works",
      .details =
          "OUTPUT is ROOM/OUTPUT as 'careroomctl status' shows it: butterfly/siren. --for: 1s to 10s.\n"
          "It goes back by itself, and a fire alarm ends it at once. While a fire alarm stands nothing is "
          "tested.",
      .run = ctl_test_command },
    { .name = "calibrate",
      .arguments = "ROOM/SENSOR PPM",
      .help = "tell a CO2 sensor how much CO2 the air around it has now",
      .details = "For an SCD40, SCD41 or SCD30 that has drifted. Only in fresh air (PPM is 420 there), and "
                 "after at least 3 "
                 "minutes\nof measuring in it without a break. Breath or a closed window would make it read "
                 "too low from "
                 "then on.",
      .run = ctl_calibrate_command },
    { .name = "events",
      .arguments = "",
      .options = OPTION_BIT(OPTION_SINCE) | OPTION_BIT(OPTION_CLASS) | OPTION_BIT(OPTION_ROOM) |
                 OPTION_BIT(OPTION_FOLLOW) | OPTION_BIT(OPTION_LIMIT),
      .help = "what happened, from the journal; also when careroomd is not running",
      .details =
          "With --json: the journal's own lines, byte for byte. With --follow and neither --since nor "
          "--limit:\n"
          "only what happens from now on. Times are the gateway's; '~' marks one of a clock not yet set.",
      .run = ctl_events_command },
    { .name = "verify",
      .arguments = "",
      .options = OPTION_BIT(OPTION_DB),
      .help = "check every line and hash of the journal; also when careroomd is not running",
      .run = ctl_verify_command },
    { .name = "scan",
      .arguments = "",
      .options = OPTION_BIT(OPTION_YAML),
      .help = "the configured chips on each bus, and every line by name",
      .details = "It does not look for other chips, since that would disturb a bus that guards rooms: before "
                 "careroomd\n"
                 "runs, 'careroomd --scan' does.",
      .run = ctl_scan_command },
    { .name = "sim set",
      .arguments = "ROOM/SENSOR QUANTITY VALUE",
      .help = "what a simulated sensor measures",
      .details = "QUANTITY is temperature (°C), humidity (%RH) or co2 (ppm). " ONLY_SIM,
      .run = ctl_sim_set_command },
    { .name = "sim line",
      .arguments = "ROOM/SENSOR active|inactive|open",
      .help = "a simulated contact; open: its wire is cut",
      .details = ONLY_SIM,
      .run = ctl_sim_line_command },
    { .name = "sim badge",
      .arguments = "ROOM/READER [UID]",
      .options = OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_PULSES),
      .help = "present a card to a simulated reader",
      .details = "UID is FACILITY:CARD (57:12345), or the card's whole number, decimal or 0x… in hex; of "
                 "other readers than Wiegand its hex digits. " ONLY_SIM,
      .run = ctl_sim_badge_command },
    { .name = "sim fault",
      .arguments = "ROOM/SENSOR none|nack|crc|stuck|hang",
      .help = "let a simulated sensor fail, or work again",
      .details = ONLY_SIM,
      .run = ctl_sim_fault_command },
    { .name = "sim outputs",
      .arguments = "",
      .help = "every output with its level and pattern",
      .details = ONLY_SIM,
      .run = ctl_sim_outputs_command },
    { .name = "completion",
      .arguments = "bash",
      .help = "print the completion script: source <(careroomctl completion bash)",
      .run = ctl_completion_command },
};
const size_t ctl_n_commands = sizeof ctl_commands / sizeof *ctl_commands;
