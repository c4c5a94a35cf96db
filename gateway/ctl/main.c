// careroomctl: the command line of staff, installers and auditors.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/ctl.h"
#include "gateway/ctl/parse.h"
#include "gateway/ctl/text.h"

static void print_options(unsigned options)
{
    struct table table = { .columns = 2, .indent = 2 };
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct ctl_option_info *info = &ctl_options[i];
        if ((options & OPTION_BIT(i)) == 0)
            continue;
        table_cell(&table, STYLE_HEAD, "%s%s%s", info->name, info->argument == NULL ? "" : " ",
                   info->argument == NULL ? "" : info->argument);
        table_cell(&table, STYLE_PLAIN, "%s", info->help);
    }
    table_print(&table);
}

static void print_commands(const char *group)
{
    struct table table = { .columns = 2, .indent = 2 };
    for (size_t i = 0; i < ctl_n_commands; i++) {
        const struct ctl_command *command = &ctl_commands[i];
        if (group != NULL && !parse_in_group(command->name, group))
            continue;
        table_cell(&table, STYLE_HEAD, "%s%s%s", command->name, *command->arguments == '\0' ? "" : " ",
                   command->arguments);
        table_cell(&table, STYLE_PLAIN, "%s", command->help);
    }
    table_print(&table);
}

static void print_help(const char *group)
{
    printf("usage: careroomctl %s%sCOMMAND [ARGUMENT …] [OPTION …]\n\n", group == NULL ? "" : group,
           group == NULL ? "" : " ");
    print_commands(group);
    printf("\nwith every command:\n");
    print_options(PARSE_COMMON_OPTIONS);
    printf("\nExit status: 0 done, 1 refused or not found, 2 the call is wrong, 3 careroomd is not there.\n"
           "'careroomctl COMMAND --help' says more about one command.\n");
}

static void print_command_help(const struct ctl_command *command)
{
    printf("usage: careroomctl %s%s%s [OPTION …]\n\n%s\n", command->name,
           *command->arguments == '\0' ? "" : " ", command->arguments, command->help);
    if (command->details != NULL)
        printf("\n%s\n", command->details);
    printf("\noptions:\n");
    print_options(command->options | PARSE_COMMON_OPTIONS);
}

static enum ctl_status run(struct ctl *ctl, char **words)
{
    const char *group = NULL;
    enum ctl_status status = parse_call(words, ctl, &group);
    if (status != CTL_DONE)
        return status;
    if (ctl->option[OPTION_VERSION] != NULL) {
        printf("careroomctl %s\n", CAREROOM_VERSION);
    } else if (ctl->option[OPTION_HELP] != NULL) {
        if (ctl->command != NULL)
            print_command_help(ctl->command);
        else
            print_help(group);
    } else {
        return ctl->command->run(ctl);
    }
    return CTL_DONE;
}

// What was printed may not have arrived: a full disk is a failure, a reader that went away ("| head") is not.
static enum ctl_status finish_output(enum ctl_status status)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || text_reader_gone())
        return status;
    return ctl_fail(CTL_REFUSED, "the output could not be written: %s", strerror(errno == 0 ? EIO : errno));
}

int main(int argc, char **argv)
{
    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    text_init();
    struct ctl ctl = { 0 };
    enum ctl_status status = finish_output(run(&ctl, argv + 1));
    config_free(ctl.config);
    return (int)status;
}
