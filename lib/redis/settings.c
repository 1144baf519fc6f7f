/* SPDX-License-Identifier: Apache-2.0
 * The table of section "redis". */
#include "redis/settings.h"

#include "base/slice.h"
#include "net/address.h"
#include "net/tls.h"

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
    {.name = "tls",
     .type = CONF_BOOL,
     .offset = CONF_AT(struct redis_settings, tls),
     .fallback = "false",
     .unit = "",
     .help = "Encrypt, and verify the server's certificate. Not for unix sockets."},
    {.name = "tls_ca",
     .type = CONF_STRING,
     .offset = CONF_AT(struct redis_settings, tls_ca),
     .fallback = "",
     .min = 0,
     .max = 4096,
     .unit = "",
     .help = "PEM file with the CA certificates to trust; empty: the system's."},
    {.name = "tls_name",
     .type = CONF_STRING,
     .offset = CONF_AT(struct redis_settings, tls_name),
     .fallback = "",
     .min = 0,
     .max = 255,
     .unit = "",
     .help = "Name that the server's certificate must have; empty: the IP address in address."},
};

/* What would otherwise be noticed at the first connection only. */
static int check_tls(const void *values, struct err *err)
{
    const struct redis_settings *settings = values;
    struct tls *tls = NULL;

    if (!settings->tls)
        return 0;
    if (slice_starts_nocase(slice_str(settings->address), SLICE("unix:/")))
        return err_set(err, ERR_INVALID, "tls is not for unix sockets");
    if (tls_new_client(true, settings->tls_ca[0] ? settings->tls_ca : NULL, &tls, err))
        return -1;
    tls_free(&tls);
    return 0;
}

const struct conf_section REDIS_SECTION = {
    .name = "redis",
    .help = "The index of waiting timers and of what was sent. It may be lost at any time: it is "
            "rebuilt from the log.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct redis_settings),
    .check = check_tls,
};
