/* SPDX-License-Identifier: Apache-2.0
 * Words and options in any order. */
#include "ctl/arguments.h"

#include <string.h>

#include "base/slice.h"

#define WAIT_MAX_S 86400

struct reading {
    int argc;
    char **argv;
    int at; /* the argument being read */
    size_t words, sets;
};

static int take_value(struct reading *reading, const char **ret_value, struct err *err)
{
    const char *option = reading->argv[reading->at];

    if (reading->at + 1 >= reading->argc)
        return err_set(err, ERR_INVALID, "%s needs a value behind it", option);
    *ret_value = reading->argv[++reading->at];
    return 0;
}

static int take_wait(struct reading *reading, int64_t *ret_wait_s, struct err *err)
{
    const char *value;
    uint64_t seconds;

    if (take_value(reading, &value, err))
        return -1;
    if (!slice_to_u64(slice_str(value), WAIT_MAX_S, &seconds))
        return err_set(err, ERR_INVALID, "--wait is \"%s\"; allowed: 0 to %d seconds", value,
                       WAIT_MAX_S);
    *ret_wait_s = (int64_t)seconds;
    return 0;
}

static int take_set(struct reading *reading, struct arguments *arguments, struct err *err)
{
    if (reading->sets == ARGUMENTS_SETS)
        return err_set(err, ERR_INVALID, "--set: at most %d of them", ARGUMENTS_SETS);
    return take_value(reading, &arguments->sets[reading->sets++], err);
}

static int take_word(struct reading *reading, struct arguments *arguments, struct err *err)
{
    const char *word = reading->argv[reading->at];

    if (word[0] == '-')
        return err_set(err, ERR_INVALID,
                       "unknown option %s; known: -c FILE, --set SECTION.NAME=VALUE, --wait "
                       "SECONDS, --grow, --json, --help",
                       word);
    if (reading->words == ARGUMENTS_WORDS)
        return err_set(err, ERR_INVALID, "\"%s\" is one word too many", word);
    arguments->words[reading->words++] = word;
    return 0;
}

static int take_argument(struct reading *reading, struct arguments *arguments, struct err *err)
{
    const char *argument = reading->argv[reading->at];

    if (strcmp(argument, "-c") == 0)
        return take_value(reading, &arguments->file, err);
    if (strcmp(argument, "--set") == 0)
        return take_set(reading, arguments, err);
    if (strcmp(argument, "--wait") == 0)
        return take_wait(reading, &arguments->wait_s, err);
    if (strcmp(argument, "--json") == 0)
        arguments->is_json = true;
    else if (strcmp(argument, "--grow") == 0)
        arguments->is_grow = true;
    else if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        arguments->is_help = true;
    else
        return take_word(reading, arguments, err);
    return 0;
}

int arguments_read(int argc, char **argv, struct arguments *ret_arguments, struct err *err)
{
    struct reading reading = {.argc = argc, .argv = argv};
    struct arguments arguments = {0};

    for (reading.at = 1; reading.at < argc; reading.at++)
        if (take_argument(&reading, &arguments, err))
            return -1;
    *ret_arguments = arguments;
    return 0;
}
