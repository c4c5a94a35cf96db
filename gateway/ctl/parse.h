// The call: words of the command line into a command, its arguments and options.
#ifndef CAREROOM_CTL_PARSE_H
#define CAREROOM_CTL_PARSE_H

#include "gateway/ctl/ctl.h"

#define PARSE_COMMON_OPTIONS                                                                                 \
    (OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_HELP) |                         \
     OPTION_BIT(OPTION_VERSION))

// Fill ctl from words (NULL-terminated, without the program's name; they must outlive ctl). CTL_DONE:
// ctl->command is set and its arguments and options are as its row says, or --help or --version is set and
// little else is judged; *ret_group is then the first word of a group of commands ("sim --help"), or NULL.
// CTL_USAGE: the message is printed.
enum ctl_status parse_call(char **words, struct ctl *ctl, const char **ret_group);

// Whether a command ("sim set") is one of a group ("sim").
bool parse_in_group(const char *name, const char *group);

#endif
