/* SPDX-License-Identifier: Apache-2.0
 * The table of section "audit". */
#include "ctl/audit_settings.h"

static const struct conf_setting SETTINGS[] = {
    {
        .name = "lost_after_s",
        .type = CONF_INT,
        .offset = CONF_AT(struct audit_settings, lost_after_s),
        .fallback = "0",
        .min = 0,
        .max = (int64_t)90 * 86400,
        .unit = "s",
        .help = "A recipient that is still open so long after its mail was accepted is missing. 0: "
                "an hour more than the longest retry period.",
    },
    {
        .name = "memory",
        .type = CONF_SIZE,
        .offset = CONF_AT(struct audit_settings, memory_bytes),
        .fallback = "256 MiB",
        .min = (int64_t)1024 * 1024,
        .max = (int64_t)1024 * 1024 * 1024 * 1024,
        .unit = "bytes",
        .help = "For the mails that are remembered: those on their way, and those that ended in "
                "the last 10 minutes; about 200 bytes each. Mails that come while all of it is in "
                "use are not audited, and counted.",
    },
};

const struct conf_section AUDIT_SECTION = {
    .name = "audit",
    .help = "The audit of the balance of mail (hikyakuctl audit).",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct audit_settings),
};
