/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl: finds the verb and runs it. */
#include <stdio.h>
#include <string.h>

#include "ctl/verb.h"

static const struct verb *const VERBS[] = {&AUDIT_VERB,   &CHECK_VERB, &DIFF_VERB,   &METRICS_VERB,
                                           &PREVIEW_VERB, &SEND_VERB,  &SLEEP_VERB,  &TOPICS_VERB,
                                           &TRACE_VERB,   &USER_VERB,  &VERSION_VERB};
#define VERB_COUNT (sizeof VERBS / sizeof VERBS[0])

static void print_help(FILE *out)
{
    (void)fputs("hikyakuctl: what is done by hand to a hikyaku installation\n"
                "\n"
                "usage: hikyakuctl VERB [...]      hikyakuctl VERB --help teaches one verb\n"
                "\n",
                out);
    for (size_t i = 0; i < VERB_COUNT; i++)
        (void)fprintf(out, "  %-10s %s\n", VERBS[i]->name, VERBS[i]->summary);
    (void)fputs("\nexit: 0 done; 1 failed; 2 wrong arguments or configuration\n", out);
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(VERBS[i]->name, name) == 0)
            return VERBS[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct err err;

    if (arguments_read(argc, argv, &arguments, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return CTL_USAGE;
    }
    if (!arguments.words[0]) {
        print_help(arguments.is_help ? stdout : stderr);
        return arguments.is_help ? CTL_OK : CTL_USAGE;
    }
    const struct verb *verb = find_verb(arguments.words[0]);
    if (!verb) {
        (void)fprintf(stderr, "unknown verb \"%s\"\n\n", arguments.words[0]);
        print_help(stderr);
        return CTL_USAGE;
    }
    if (arguments.is_help) {
        (void)fputs(verb->help, stdout);
        return CTL_OK;
    }
    return (int)verb->run(&arguments);
}
