/* SPDX-License-Identifier: Apache-2.0
 * Section "log" of the configuration for programs linked with bus_lmdb. */
#include "bus/settings.h"

#define PARTITIONS_HELP                                                                            \
    "Partitions of this topic. More let more be in hand at once; one that is used already never "  \
    "gets fewer."
#define FIXED_HELP                                                                                 \
    "Partitions of this topic. Fixed when the log is made: later changes are ignored."

#define PARTITIONS(topic, id, number, text)                                                        \
    {                                                                                              \
        .name = topic "_partitions", .type = CONF_INT,                                             \
        .offset = CONF_AT(struct bus_settings, partitions[BUS_##id]), .fallback = number,          \
        .min = 1, .max = 64, .unit = "", .help = text,                                             \
    }

static const struct conf_setting SETTINGS[] = {
    PARTITIONS("body", BODY, "4", PARTITIONS_HELP),
    PARTITIONS("config", CONFIG, "1", FIXED_HELP),
    PARTITIONS("dead", DEAD, "1", PARTITIONS_HELP),
    {
        .name = "directory",
        .type = CONF_STRING,
        .offset = CONF_AT(struct bus_settings, directory),
        .fallback = "/var/lib/hikyaku/log",
        .min = 1,
        .max = 1024,
        .unit = "",
        .help = "Where the log is kept: a directory of one process alone, on a local disk that "
                "honours fsync. Created if it is missing.",
    },
    {
        .name = "drain_ms",
        .type = CONF_INT,
        .offset = CONF_AT(struct bus_settings, drain_ms),
        .fallback = "30000",
        .min = 0,
        .max = 3600000,
        .unit = "ms",
        .help = "How long work in hand may go on when its partition moves to another role.",
    },
    PARTITIONS("event", EVENT, "2", PARTITIONS_HELP),
    PARTITIONS("failure", FAILURE, "2", PARTITIONS_HELP),
    {
        .name = "full_percent",
        .type = CONF_INT,
        .offset = CONF_AT(struct bus_settings, full_percent),
        .fallback = "90",
        .min = 10,
        .max = 99,
        .unit = "%",
        .help = "New mail is refused with a temporary error while the disk or the log is fuller "
                "than this. What is inside already is still delivered.",
    },
    {
        .name = "map_size",
        .type = CONF_SIZE,
        .offset = CONF_AT(struct bus_settings, map_bytes),
        .fallback = "64 GiB",
        .min = (int64_t)1024 * 1024,
        .max = (int64_t)16 * 1024 * 1024 * 1024 * 1024,
        .unit = "bytes",
        .help = "The most the log may take: a ceiling of address space, nothing is allocated "
                "ahead. It may be raised at any restart.",
    },
    PARTITIONS("timer", TIMER, "4", FIXED_HELP),
    PARTITIONS("work", WORK, "8", PARTITIONS_HELP),
};

const struct conf_section BUS_SECTION = {
    .name = "log",
    .help = "The log on this machine (LMDB): every mail between 250 and its end is in it.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof SETTINGS[0],
    .size = sizeof(struct bus_settings),
};
