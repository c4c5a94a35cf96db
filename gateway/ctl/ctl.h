// careroomctl: what its commands share. One process, one command, one thread.
#ifndef CAREROOM_CTL_CTL_H
#define CAREROOM_CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/common/config.h"

// Exit statuses; scripts rely on them.
enum ctl_status {
    CTL_DONE = 0,
    CTL_REFUSED = 1,  // refused or not found
    CTL_USAGE = 2,    // the call itself is wrong
    CTL_NO_GUARD = 3, // the daemon is not there
};

// Options may stand anywhere in the call. The first four are understood by every command.
enum ctl_option {
    OPTION_CONFIG,
    OPTION_JSON,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_SINCE,
    OPTION_CLASS,
    OPTION_ROOM,
    OPTION_FOLLOW,
    OPTION_LIMIT,
    OPTION_DB,
    OPTION_FORMAT,
    OPTION_PULSES,
    OPTION_FOR,
    OPTION_YAML,
    OPTION_REASON,
    OPTION_DRY_RUN,
    OPTION_COUNT
};
#define OPTION_BIT(option) (1u << (option))

struct ctl_option_info {
    const char *name;     // "--since"
    const char *argument; // as usage shows it; NULL: takes none
    const char *help;
};
extern const struct ctl_option_info ctl_options[OPTION_COUNT];

#define CTL_ARGUMENTS 4

struct ctl {
    const struct ctl_command *command;
    const char *arguments[CTL_ARGUMENTS];
    unsigned n_arguments;
    const char *option[OPTION_COUNT]; // NULL: not given; "" where it takes no argument
    struct config *config;            // NULL before ctl_configure()
};

// One row a command: usage, --help, the parser and the completion script are made of these.
struct ctl_command {
    const char *name;      // "sim set"
    const char *arguments; // "ROOM/SENSOR QUANTITY VALUE"; in brackets: optional; "a|b": one of these words
    unsigned options;      // OPTION_BIT() of those beyond the common ones
    const char *help;      // one line
    const char *details;   // more, below the usage; NULL: none
    enum ctl_status (*run)(struct ctl *ctl);
};
extern const struct ctl_command ctl_commands[];
extern const size_t ctl_n_commands;

// Read the configuration, once, and set the process to the gateway's time zone. CTL_DONE, or CTL_REFUSED with
// every mistake printed. Blocks on the file system.
enum ctl_status ctl_configure(struct ctl *ctl);

// One line on stderr, "careroomctl: …", with nothing in it that could steer a terminal; returns status, so
// that `return ctl_fail(CTL_REFUSED, "…")` ends a command.
__attribute__((format(printf, 2, 3))) enum ctl_status ctl_fail(enum ctl_status status, const char *format,
                                                               ...);

// Print an object as one line of JSON on stdout.
void ctl_print_json(const json_t *object);

// Memory that is not there ends the program: nothing it holds could be lost by that.
void *ctl_must(void *memory);

// A word out of a table; the index, or -1 with the usage error already printed ("…; did you mean 'fire'?").
int ctl_choose(const char *what, const char *word, const char *const *words, size_t n);

// The word of the table that is nearest to what was typed, or NULL where none is near enough to be meant.
const char *ctl_nearest(const char *typed, const char *const *words, size_t n);

// Split "room/item": CTL_DONE, or CTL_USAGE with the message printed.
enum ctl_status ctl_check_name(const char *name, const char *what);

// A decimal number without sign, at least min. 0, or -EINVAL, or -ERANGE.
int ctl_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number);

// The journal's file; needs the configuration. Free with free().
char *ctl_journal_file(const struct ctl *ctl);

// Say why a journal can't be read, by the error of its reader; returns CTL_REFUSED.
enum ctl_status ctl_journal_unreadable(const char *file, int error);

// The commands, one function a row.
enum ctl_status ctl_status_command(struct ctl *ctl);
enum ctl_status ctl_alarms_command(struct ctl *ctl);
enum ctl_status ctl_ack_command(struct ctl *ctl);
enum ctl_status ctl_reset_command(struct ctl *ctl);
enum ctl_status ctl_silence_command(struct ctl *ctl);
enum ctl_status ctl_unsilence_command(struct ctl *ctl);
enum ctl_status ctl_shelve_command(struct ctl *ctl);
enum ctl_status ctl_unshelve_command(struct ctl *ctl);
enum ctl_status ctl_isolate_command(struct ctl *ctl);
enum ctl_status ctl_reinstate_command(struct ctl *ctl);
enum ctl_status ctl_drill_start_command(struct ctl *ctl);
enum ctl_status ctl_drill_stop_command(struct ctl *ctl);
enum ctl_status ctl_rollcall_command(struct ctl *ctl);
enum ctl_status ctl_people_in_command(struct ctl *ctl);
enum ctl_status ctl_people_out_command(struct ctl *ctl);
enum ctl_status ctl_people_import_command(struct ctl *ctl);
enum ctl_status ctl_test_command(struct ctl *ctl);
enum ctl_status ctl_calibrate_command(struct ctl *ctl);
enum ctl_status ctl_events_command(struct ctl *ctl);
enum ctl_status ctl_verify_command(struct ctl *ctl);
enum ctl_status ctl_scan_command(struct ctl *ctl);
enum ctl_status ctl_sim_set_command(struct ctl *ctl);
enum ctl_status ctl_sim_line_command(struct ctl *ctl);
enum ctl_status ctl_sim_badge_command(struct ctl *ctl);
enum ctl_status ctl_sim_fault_command(struct ctl *ctl);
enum ctl_status ctl_sim_outputs_command(struct ctl *ctl);
enum ctl_status ctl_completion_command(struct ctl *ctl);

#endif
