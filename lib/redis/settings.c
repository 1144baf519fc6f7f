/* SPDX-License-Identifier: Apache-2.0
 * The table of section "redis". */
#include "redis/settings.h"

#include "base/slice.h"
#include "net/address.h"

static int check_address(const char *value, struct err *err)
{
    struct slice address = slice_str(value);
    struct net_address unused;

    if (slice_starts_nocase(address, SLICE("unix:/")))
        return 0;
    if (net_address_parse_port(address, 0, &unused, err))
        return err_wrap(err, "give ip:port, [ipv6]:port or unix:/path");
    return 0;
}

static const struct conf_setting SETTINGS[] = {
    {.name = "address",
     .type = CONF_STRING,
     .offset = CONF_AT(struct redis_settings, address),
     .fallback = "127.0.0.1:6379",
     .min = 1,
     .max = 200,
     .unit = "",
     .help = "Where Redis 7 listens: ip:port, [ipv6]:port or unix:/path/of/socket.",
     .check = check_address},
    {.name = "database",
     .type = CONF_INT,
     .offset = CONF_AT(struct redis_settings, database),
     .fallback = "0",
     .min = 0,
     .max = 65535,
     .unit = "",
     .help = "Number of the database. The keys of one hikyaku cluster must be alone in it."},
    {.name = "password",
     .type = CONF_STRING,
     .offset = CONF_AT(struct redis_settings, password),
     .fallback = "",
     .min = 0,
     .max = 500,
     .unit = "",
     .help = "For AUTH; empty: none."},
    {.name = "reconnect_ms",
     .type = CONF_INT,
     .offset = CONF_AT(struct redis_settings, reconnect_ms),
     .fallback = "250",
     .min = 10,
     .max = 60000,
     .unit = "ms",
     .help = "Pause between attempts to connect."},
    {.name = "timeout_ms",
     .type = CONF_INT,
     .offset = CONF_AT(struct redis_settings, timeout_ms),
     .fallback = "2000",
     .min = 50,
     .max = 60000,
     .unit = "ms",
     .help = "Longest wait for a reply, or for a connection. The connection is dropped and opened "
             "again after it."},
};

const struct conf_section REDIS_SECTION = {
    .name = "redis",
    .help = "The index of waiting timers and of what was sent. It may be lost at any time: it is "
            "rebuilt from the log.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct redis_settings),
};
