/* SPDX-License-Identifier: Apache-2.0
 * The command line of hikyakuctl, the same options for every verb. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define ARGUMENTS_WORDS 4
#define ARGUMENTS_SETS  32
#define ARGUMENTS_NODES 64

struct arguments {
    const char *words[ARGUMENTS_WORDS + 1];     /* verb, sub-verb, ...; NULL-terminated */
    const char *file;                           /* -c */
    const char *sets[ARGUMENTS_SETS + 3];       /* --set, room for two more; NULL-terminated */
    const char *addresses[ARGUMENTS_NODES + 1]; /* --address; NULL-terminated */
    /* Of one verb each; NULL: not given. */
    const char *sender, *header_from, *helo, *client, *local, *configuration, *listen, *failure,
        *format, *to;
    int64_t wait_s, lost_after_s, public_port;
    bool is_json, is_help, is_grow, is_embedded, is_password_stdin, is_follow, is_reference;
};

/* The strings are argv's. The sentence says what is wrong and what is allowed. */
MUST_CHECK int arguments_read(int argc, char **argv, struct arguments *ret_arguments,
                              struct err *err);
