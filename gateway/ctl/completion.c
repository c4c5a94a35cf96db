// completion bash: a script made of the commands and options, printed for the shell to read.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "gateway/ctl/ctl.h"
#include "gateway/ctl/parse.h"

static const char *const script_head =
    "# bash completion of careroomctl, made by 'careroomctl completion bash'\n"
    "_careroomctl()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words='' i plain=()\n"
    "    COMPREPLY=()\n"
    "    case $prev in\n";

// What stands before the cursor, without options and their values, is the command and its arguments so far.
static const char *const script_walk = "    esac\n"
                                       "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                                       "        case ${COMP_WORDS[i]} in\n";
static const char *const script_case = "        -*) ;;\n"
                                       "        *) plain+=(\"${COMP_WORDS[i]}\") ;;\n"
                                       "        esac\n"
                                       "    done\n"
                                       "    case \"${#plain[@]} ${plain[*]}\" in\n";

static const char *const script_foot = "    esac\n"
                                       "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                                       "}\n"
                                       "complete -F _careroomctl careroomctl\n";

// Words that are written as they stand ("active|inactive") are offered; names in capitals are for the caller
// to know.
static bool is_choice(const char *text, size_t length)
{
    return length > 0 && !isupper((unsigned char)text[0]) && text[0] != '[';
}

static void print_choices(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        putchar(text[i] == '|' ? ' ' : text[i]);
}

static void print_options(unsigned options)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if ((options & OPTION_BIT(i)) != 0)
            printf(" %s", ctl_options[i].name);
}

// After an option that takes a value: files, its words, or nothing that could be known here.
static void print_option_values(void)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const char *argument = ctl_options[i].argument;
        if (argument == NULL)
            continue;
        printf("    %s) ", ctl_options[i].name);
        if (strcmp(argument, "FILE") == 0) {
            printf("compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); ");
        } else if (is_choice(argument, strlen(argument))) {
            printf("mapfile -t COMPREPLY < <(compgen -W '");
            print_choices(argument, strlen(argument));
            printf("' -- \"$cur\"); ");
        }
        printf("return ;;\n");
    }
}

static void print_valued_options(void)
{
    const char *between = "        ";
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if (ctl_options[i].argument == NULL)
            continue;
        printf("%s%s", between, ctl_options[i].name);
        between = "|";
    }
    printf(") ((i++)) ;;\n");
}

static size_t first_word(const char *name)
{
    return strcspn(name, " ");
}

// One line for what may follow nothing, and one for each group; a group's rows stand together in the table.
static void print_names(void)
{
    printf("    '0 ') words='");
    for (size_t i = 0; i < ctl_n_commands; i++) {
        const char *name = ctl_commands[i].name;
        size_t length = first_word(name);
        if (i == 0 || strncmp(ctl_commands[i - 1].name, name, length + 1) != 0)
            printf("%.*s ", (int)length, name);
    }
    print_options(PARSE_COMMON_OPTIONS);
    printf("' ;;\n");
    for (size_t i = 0; i < ctl_n_commands; i++) {
        const char *name = ctl_commands[i].name;
        size_t length = first_word(name);
        if (name[length] == '\0' || (i > 0 && strncmp(ctl_commands[i - 1].name, name, length + 1) == 0))
            continue;
        printf("    '1 %.*s') words='", (int)length, name);
        for (size_t k = i; k < ctl_n_commands && strncmp(ctl_commands[k].name, name, length + 1) == 0; k++)
            printf("%s ", ctl_commands[k].name + length + 1);
        printf("--help' ;;\n");
    }
}

// The arguments with fixed words by their place, then the options anywhere.
static void print_command(const struct ctl_command *command)
{
    unsigned place = strchr(command->name, ' ') == NULL ? 1 : 2;
    for (const char *p = command->arguments; *p != '\0'; place++) {
        size_t length = strcspn(p, " ");
        if (is_choice(p, length)) {
            printf("    '%u %s'*) words='", place, command->name);
            print_choices(p, length);
            print_options(command->options | PARSE_COMMON_OPTIONS);
            printf("' ;;\n");
        }
        p += length;
        p += strspn(p, " ");
    }
    printf("    *' %s'*) words='", command->name);
    print_options(command->options | PARSE_COMMON_OPTIONS);
    printf("' ;;\n");
}

enum ctl_status ctl_completion_command(struct ctl *ctl)
{
    static const char *const shells[] = { "bash" };
    if (ctl_choose("shell", ctl->arguments[0], shells, 1) < 0)
        return CTL_USAGE;
    fputs(script_head, stdout);
    print_option_values();
    fputs(script_walk, stdout);
    print_valued_options();
    fputs(script_case, stdout);
    print_names();
    for (size_t i = 0; i < ctl_n_commands; i++)
        print_command(&ctl_commands[i]);
    fputs(script_foot, stdout);
    return CTL_DONE;
}
