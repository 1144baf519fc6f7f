/* SPDX-License-Identifier: Apache-2.0
 * The table of section "work". */
#include "proto/settings.h"

static const struct conf_setting SETTINGS[] = {
    {.name = "fanout",
     .type = CONF_INT,
     .offset = offsetof(struct work_settings, fanout),
     .fallback = "4",
     .min = 1,
     .max = 64,
     .unit = "",
     .help = "Partitions of the work topic that one destination is spread over. 1 keeps all "
             "connections to a destination on one sender; raise it with the number of senders."},
    {.name = "inline_max",
     .type = CONF_SIZE,
     .offset = offsetof(struct work_settings, inline_max_bytes),
     .fallback = "128 KiB",
     .min = 1024,
     .max = (int64_t)512 * 1024,
     .unit = "bytes",
     .help = "Bodies up to this size travel inside the work record; larger ones go to the body "
             "topic in chunks and the work record points to them."},
    {.name = "chunk",
     .type = CONF_SIZE,
     .offset = offsetof(struct work_settings, chunk_bytes),
     .fallback = "900000",
     .min = 65536,
     .max = 900000,
     .unit = "bytes",
     .help = "Size of a chunk of a large body. The broker's record limit must be larger."},
};

const struct conf_section WORK_SECTION = {
    .name = "work",
    .help = "How mail is laid out on the log. The same in every service.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct work_settings),
};
