/* SPDX-License-Identifier: Apache-2.0
 * The settings table of the bouncer. */
#include "bouncer/settings.h"

#include "profile/configuration.h"
#include "profile/domains.h"
#include "proto/settings.h"

#define KIB ((int64_t)1024)

static const char *const RETURNS[] = {"full", "headers", NULL};

/* Both strings become header lines of every report. */
static int check_ascii(const char *value, struct err *err)
{
    for (const char *at = value; *at; at++)
        if (*at < ' ' || *at > '~')
            return err_set(err, ERR_INVALID, "only printable ASCII is allowed here");
    return 0;
}

#define AT(member) .offset = offsetof(struct bouncer_settings, member)
static const struct conf_setting SETTINGS[] = {
    {.name = "from",
     .type = CONF_STRING,
     AT(from),
     .fallback = "",
     .max = 320,
     .unit = "",
     .help =
         "The From field of reports. Empty: Mail Delivery System <MAILER-DAEMON@reporting_mta>.",
     .check = check_ascii},
    {.name = "in_flight",
     .type = CONF_INT,
     AT(in_flight),
     .fallback = "64",
     .min = 1,
     .max = 10000,
     .unit = "",
     .help = "Failures worked on at once; each holds at most one original of return_limit or one "
             "chunk in memory."},
    {.name = "reporting_mta",
     .type = CONF_STRING,
     AT(reporting_mta),
     .fallback = "localhost",
     .min = 1,
     .max = 255,
     .unit = "",
     .help = "The name of this relay in reports: its public name, never a pod name. Mail to "
             "postmaster at it must reach a human.",
     .check = check_ascii},
    {.name = "return",
     .type = CONF_WORD,
     AT(returns),
     .fallback = "full",
     .unit = "",
     .words = RETURNS,
     .help = "What a bounce returns of the mail: full up to return_limit, or headers only, which "
             "makes less backscatter. A sender's RET=HDRS is always honoured."},
    {.name = "return_limit",
     .type = CONF_SIZE,
     AT(return_limit_bytes),
     .fallback = "50 KiB",
     .min = 4 * KIB,
     .max = 10 * KIB * KIB,
     .unit = "bytes",
     .help = "Mails above this size are returned as headers only."},
};

const struct conf_section BOUNCER_SECTION = {
    .name = "bouncer",
    .help = "Reports about mail that could not be delivered.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct bouncer_settings),
};

const struct conf_section *const BOUNCER_SECTIONS[] = {&BOUNCER_SECTION,
                                                       &CONFIGURATIONS_SECTION,
                                                       &SENDING_DOMAINS_SECTION,
                                                       &BOUNCES_SECTION,
                                                       &FORWARDING_RULES_SECTION,
                                                       &SOURCE_POOLS_SECTION,
                                                       &WORK_SECTION,
                                                       NULL};
