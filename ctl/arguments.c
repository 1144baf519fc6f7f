/* SPDX-License-Identifier: Apache-2.0
 * Words and options in any order. */
#include "ctl/arguments.h"

#include <string.h>

#include "base/slice.h"

#define WAIT_MAX_S  86400
#define LOST_MAX_S  (UINT64_C(90) * 86400)
#define PORT_MAX    65535
#define PUBLIC_PORT 25 /* as listeners.public_port */

struct reading {
    int argc;
    char **argv;
    int at; /* the argument being read */
    size_t words, sets, addresses;
};

static int take_value(struct reading *reading, const char **ret_value, struct err *err)
{
    const char *option = reading->argv[reading->at];

    if (reading->at + 1 >= reading->argc)
        return err_set(err, ERR_INVALID, "%s needs a value behind it", option);
    *ret_value = reading->argv[++reading->at];
    return 0;
}

static int take_port(struct reading *reading, int64_t *ret_port, struct err *err)
{
    const char *value = "";
    uint64_t port;

    if (take_value(reading, &value, err))
        return -1;
    if (!slice_to_u64(slice_str(value), PORT_MAX, &port) || port == 0)
        return err_set(err, ERR_INVALID, "--public-port is \"%s\"; allowed: 1 to %d", value,
                       PORT_MAX);
    *ret_port = (int64_t)port;
    return 0;
}

static int take_seconds(struct reading *reading, uint64_t max_s, int64_t *ret_seconds,
                        struct err *err)
{
    const char *option = reading->argv[reading->at];
    const char *value = "";
    uint64_t seconds;

    if (take_value(reading, &value, err))
        return -1;
    if (!slice_to_u64(slice_str(value), max_s, &seconds))
        return err_set(err, ERR_INVALID, "%s is \"%s\"; allowed: 0 to %d seconds", option, value,
                       (int)max_s);
    *ret_seconds = (int64_t)seconds;
    return 0;
}

static int take_address(struct reading *reading, struct arguments *arguments, struct err *err)
{
    if (reading->addresses == ARGUMENTS_NODES)
        return err_set(err, ERR_INVALID, "--address: at most %d of them", ARGUMENTS_NODES);
    return take_value(reading, &arguments->addresses[reading->addresses++], err);
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
                       "SECONDS, --grow, --sender ADDRESS, --header-from TEXT, --public-port "
                       "PORT, --helo NAME, --client IP, --local IP, --configuration "
                       "NAME, --failure NAME, --format multipart|simple, --to ADDRESS, --embedded, "
                       "--password-stdin, --address "
                       "HOST:PORT, --follow, --listen IP:PORT, --lost-after SECONDS, "
                       "--print-reference, --json, --help",
                       word);
    if (reading->words == ARGUMENTS_WORDS)
        return err_set(err, ERR_INVALID, "\"%s\" is one word too many", word);
    arguments->words[reading->words++] = word;
    return 0;
}

/* The options that are a text and nothing else. */
static const char **text_of(struct arguments *arguments, const char *option)
{
    const struct {
        const char *option;
        const char **text;
    } texts[] = {
        {"-c", &arguments->file},
        {"--config", &arguments->file},
        {"--sender", &arguments->sender},
        {"--helo", &arguments->helo},
        {"--header-from", &arguments->header_from},
        {"--client", &arguments->client},
        {"--local", &arguments->local},
        {"--configuration", &arguments->configuration},
        {"--listen", &arguments->listen},
        {"--failure", &arguments->failure},
        {"--format", &arguments->format},
        {"--to", &arguments->to},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(option, texts[i].option) == 0)
            return texts[i].text;
    return NULL;
}

static bool *switch_of(struct arguments *arguments, const char *option)
{
    if (strcmp(option, "--json") == 0)
        return &arguments->is_json;
    if (strcmp(option, "--grow") == 0)
        return &arguments->is_grow;
    if (strcmp(option, "--embedded") == 0)
        return &arguments->is_embedded;
    if (strcmp(option, "--password-stdin") == 0)
        return &arguments->is_password_stdin;
    if (strcmp(option, "--print-reference") == 0)
        return &arguments->is_reference;
    if (strcmp(option, "--follow") == 0)
        return &arguments->is_follow;
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0)
        return &arguments->is_help;
    return NULL;
}

static int take_argument(struct reading *reading, struct arguments *arguments, struct err *err)
{
    const char *argument = reading->argv[reading->at];
    const char **text = text_of(arguments, argument);
    bool *is_on = switch_of(arguments, argument);

    if (text)
        return take_value(reading, text, err);
    if (is_on) {
        *is_on = true;
        return 0;
    }
    if (strcmp(argument, "--set") == 0)
        return take_set(reading, arguments, err);
    if (strcmp(argument, "--wait") == 0)
        return take_seconds(reading, WAIT_MAX_S, &arguments->wait_s, err);
    if (strcmp(argument, "--lost-after") == 0)
        return take_seconds(reading, LOST_MAX_S, &arguments->lost_after_s, err);
    if (strcmp(argument, "--address") == 0)
        return take_address(reading, arguments, err);
    if (strcmp(argument, "--public-port") == 0)
        return take_port(reading, &arguments->public_port, err);
    return take_word(reading, arguments, err);
}

int arguments_read(int argc, char **argv, struct arguments *ret_arguments, struct err *err)
{
    struct reading reading = {.argc = argc, .argv = argv};
    struct arguments arguments = {.public_port = PUBLIC_PORT};

    for (reading.at = 1; reading.at < argc; reading.at++)
        if (take_argument(&reading, &arguments, err))
            return -1;
    *ret_arguments = arguments;
    return 0;
}
