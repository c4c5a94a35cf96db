#include "gateway/ctl/parse.h"

#include <ctype.h>
#include <string.h>

#define MAX_WORDS 8 // command of two words, its arguments, and some that are too many

// "-4" is a value; "-x" and "--x" are options.
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && !isdigit((unsigned char)word[1]);
}

static enum ctl_status unknown_option(const char *word)
{
    const char *names[OPTION_COUNT];
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        names[i] = ctl_options[i].name;
    const char *near = ctl_nearest(word, names, OPTION_COUNT);
    return ctl_fail(CTL_USAGE, "unknown option '%s'%s%s%s (see 'careroomctl --help')", word,
                    near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                    near == NULL ? "" : "'?");
}

// Take one option, and the word after it where it wants a value. *words moves to the last word taken.
static enum ctl_status take_option(char ***words, struct ctl *ctl)
{
    char *word = **words;
    size_t length = strcspn(word, "=");
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct ctl_option_info *info = &ctl_options[i];
        if (strlen(info->name) != length || strncmp(info->name, word, length) != 0)
            continue;
        if (info->argument == NULL) {
            if (word[length] == '=')
                return ctl_fail(CTL_USAGE, "%s takes no value", info->name);
            ctl->option[i] = "";
            return CTL_DONE;
        }
        const char *value = word[length] == '=' ? word + length + 1 : (*words)[1];
        if (value == NULL || *value == '\0' || (word[length] != '=' && is_option(value)))
            return ctl_fail(CTL_USAGE, "%s needs a value: %s %s", info->name, info->name, info->argument);
        if (ctl->option[i] != NULL)
            return ctl_fail(CTL_USAGE, "%s is given twice", info->name);
        ctl->option[i] = value;
        *words += word[length] == '=' ? 0 : 1;
        return CTL_DONE;
    }
    if (strcmp(word, "-h") == 0) {
        ctl->option[OPTION_HELP] = "";
        return CTL_DONE;
    }
    return unknown_option(word);
}

bool parse_in_group(const char *name, const char *group)
{
    size_t length = strlen(group);
    return strncmp(name, group, length) == 0 && name[length] == ' ';
}

static bool is_group(const char *word)
{
    for (size_t i = 0; i < ctl_n_commands; i++)
        if (parse_in_group(ctl_commands[i].name, word))
            return true;
    return false;
}

// The row whose name is the first word, or the first two; *ret_taken says how many.
static const struct ctl_command *find_command(const char *const *words, size_t n, unsigned *ret_taken)
{
    for (size_t i = 0; i < ctl_n_commands; i++) {
        const char *name = ctl_commands[i].name;
        if (strcmp(name, words[0]) == 0) {
            *ret_taken = 1;
            return &ctl_commands[i];
        }
        if (n > 1 && parse_in_group(name, words[0]) && strcmp(name + strlen(words[0]) + 1, words[1]) == 0) {
            *ret_taken = 2;
            return &ctl_commands[i];
        }
    }
    return NULL;
}

static enum ctl_status unknown_command(const char *const *words, size_t n)
{
    bool group = is_group(words[0]);
    if (group && n == 1)
        return ctl_fail(CTL_USAGE, "'%s' needs a second word; see 'careroomctl %s --help'", words[0],
                        words[0]);
    // Of "sim outptus" the second word is the wrong one; of "sim2 set" the first.
    const char *wrong = words[group ? 1 : 0];
    const char *names[32];
    size_t n_names = 0;
    for (size_t i = 0; i < ctl_n_commands && n_names < sizeof names / sizeof *names; i++) {
        const char *name = ctl_commands[i].name;
        if (group && parse_in_group(name, words[0]))
            names[n_names++] = name + strlen(words[0]) + 1;
        else if (!group)
            names[n_names++] = name;
    }
    const char *near = ctl_nearest(wrong, names, n_names);
    const char *before = group ? words[0] : "", *space = group ? " " : "";
    if (near == NULL)
        return ctl_fail(CTL_USAGE, "unknown command '%s%s%s'; see 'careroomctl %s%s--help'", before, space,
                        wrong, before, space);
    return ctl_fail(CTL_USAGE, "unknown command '%s%s%s'; did you mean 'careroomctl %s%s%s'?", before, space,
                    wrong, before, space, near);
}

// How many arguments a row wants: words of its text, those in brackets being optional.
static void count_arguments(const char *arguments, unsigned *ret_min, unsigned *ret_max)
{
    *ret_min = *ret_max = 0;
    for (const char *p = arguments; *p != '\0'; p += strspn(p, " ")) {
        ++*ret_max;
        if (*p != '[')
            ++*ret_min;
        p += strcspn(p, " ");
    }
}

static enum ctl_status check_call(const struct ctl *ctl, size_t n)
{
    const struct ctl_command *command = ctl->command;
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (ctl->option[i] != NULL && ((command->options | PARSE_COMMON_OPTIONS) & OPTION_BIT(i)) == 0)
            return ctl_fail(CTL_USAGE, "'%s' has no option %s; see 'careroomctl %s --help'", command->name,
                            ctl_options[i].name, command->name);
    unsigned min, max;
    count_arguments(command->arguments, &min, &max);
    if (n < min || n > max)
        return ctl_fail(CTL_USAGE, "%s; usage: careroomctl %s%s%s",
                        n < min ? "something is missing" : "too many words", command->name,
                        max == 0 ? "" : " ", command->arguments);
    return CTL_DONE;
}

static enum ctl_status split_words(char **words, struct ctl *ctl, const char **plain, size_t *ret_n)
{
    bool options_end = false;
    size_t n = 0;
    for (; *words != NULL; words++) {
        if (!options_end && strcmp(*words, "--") == 0) {
            options_end = true;
        } else if (!options_end && is_option(*words)) {
            enum ctl_status status = take_option(&words, ctl);
            if (status != CTL_DONE)
                return status;
        } else {
            if (n < MAX_WORDS)
                plain[n++] = *words;
        }
    }
    *ret_n = n;
    return CTL_DONE;
}

enum ctl_status parse_call(char **words, struct ctl *ctl, const char **ret_group)
{
    const char *plain[MAX_WORDS];
    size_t n = 0;
    enum ctl_status status = split_words(words, ctl, plain, &n);
    if (status != CTL_DONE)
        return status;
    bool asks = ctl->option[OPTION_HELP] != NULL || ctl->option[OPTION_VERSION] != NULL;
    if (n == 0)
        return asks ? CTL_DONE : ctl_fail(CTL_USAGE, "a command is missing; see 'careroomctl --help'");
    if (asks && n == 1 && is_group(plain[0])) {
        *ret_group = plain[0];
        return CTL_DONE;
    }
    unsigned taken = 0;
    ctl->command = find_command(plain, n, &taken);
    if (ctl->command == NULL)
        return unknown_command(plain, n);
    if (asks)
        return CTL_DONE;
    for (size_t i = taken; i < n && ctl->n_arguments < CTL_ARGUMENTS; i++)
        ctl->arguments[ctl->n_arguments++] = plain[i];
    return check_call(ctl, n - taken);
}
