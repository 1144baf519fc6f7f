/* SPDX-License-Identifier: Apache-2.0
 * The table of section "scheduler". */
#include "scheduler/settings.h"

#include "proto/settings.h"
#include "redis/settings.h"

#define MIB ((int64_t)1024 * 1024)

static const struct conf_setting SETTINGS[] = {
    {.name = "buffer",
     .type = CONF_SIZE,
     .offset = CONF_AT(struct scheduler_settings, buffer_bytes),
     .fallback = "16 MiB",
     .min = MIB,
     .max = 1024 * MIB,
     .unit = "bytes",
     .help = "Timer records read from the log and not yet in Redis. Reading pauses beyond it."},
    {.name = "lease_ms",
     .type = CONF_INT,
     .offset = CONF_AT(struct scheduler_settings, lease_ms),
     .fallback = "300000",
     .min = 1000,
     .max = 3600000,
     .unit = "ms",
     .help = "How long a fired timer waits for its publication. After it, it fires again; senders "
             "drop the second copy."},
    {.name = "pop_limit",
     .type = CONF_INT,
     .offset = CONF_AT(struct scheduler_settings, pop_limit),
     .fallback = "200",
     .min = 1,
     .max = 1000,
     .unit = "",
     .help = "Due timers taken at once, per shard."},
    {.name = "reap_interval_ms",
     .type = CONF_INT,
     .offset = CONF_AT(struct scheduler_settings, reap_ms),
     .fallback = "5000",
     .min = 50,
     .max = 60000,
     .unit = "ms",
     .help = "Pause between looks for fired timers whose lease has ended."},
    {.name = "rebuild_grace_ms",
     .type = CONF_INT,
     .offset = CONF_AT(struct scheduler_settings, rebuild_grace_ms),
     .fallback = "900000",
     .min = 0,
     .max = 86400000,
     .unit = "ms",
     .help = "When Redis has lost a shard, timers that may have fired already wait this long: at "
             "least as long as one delivery may take. Lower values risk duplicates."},
};

const struct conf_section SCHEDULER_SECTION = {
    .name = "scheduler",
    .help = "Waiting for the next attempt: the timer topic, the index in Redis, and back to work.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct scheduler_settings),
};

const struct conf_section *const SCHEDULER_SECTIONS[] = {&SCHEDULER_SECTION, &REDIS_SECTION,
                                                         &WORK_SECTION, NULL};
