/* SPDX-License-Identifier: Apache-2.0
 * The table of section "redis". */
#include "redis/settings.h"

#include "base/slice.h"
#include "redis/credentials.h"
#include "redis/nodes.h"

static const struct conf_setting SETTINGS[] = {
    {.name = "address",
     .type = CONF_STRING,
     .offset = CONF_AT(struct redis_settings, address),
     .fallback = "127.0.0.1:6379",
     .min = 1,
     .max = 1000,
     .unit = "",
     .help = "Where Redis 7 listens: host:port, [ipv6]:port or unix:/path/of/socket. Names are "
             "looked up at each connect. Several places with commas, or several addresses of a "
             "name, are one Redis and its replicas: they are tried in order until the primary is "
             "found.",
     .check = redis_nodes_check},
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
     .help = "For AUTH; empty: none. Better in a file of its own: password_file."},
    {.name = "password_file",
     .type = CONF_STRING,
     .offset = CONF_AT(struct redis_settings, password_file),
     .fallback = "",
     .min = 0,
     .max = 4096,
     .unit = "",
     .help = "File with the password, instead of password. It is read at each connect, and a "
             "changed one is given on the connection there is.",
     .file_of = conf_path},
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
     .help = "PEM file with the CA certificates to trust; empty: the system's.",
     .file_of = conf_path},
    {.name = "tls_certificate",
     .type = CONF_STRING,
     .offset = CONF_AT(struct redis_settings, tls_certificate),
     .fallback = "",
     .min = 0,
     .max = 4096,
     .unit = "",
     .help = "PEM file with a certificate of our own to show; empty: none.",
     .file_of = conf_path},
    {.name = "tls_key",
     .type = CONF_STRING,
     .offset = CONF_AT(struct redis_settings, tls_key),
     .fallback = "",
     .min = 0,
     .max = 4096,
     .unit = "",
     .help = "PEM file with the key of tls_certificate.",
     .file_of = conf_path},
    {.name = "tls_name",
     .type = CONF_STRING,
     .offset = CONF_AT(struct redis_settings, tls_name),
     .fallback = "",
     .min = 0,
     .max = 255,
     .unit = "",
     .help = "Name that the server's certificate must have; empty: the host in address."},
    {.name = "username",
     .type = CONF_STRING,
     .offset = CONF_AT(struct redis_settings, username),
     .fallback = "",
     .min = 0,
     .max = 500,
     .unit = "",
     .help = "Of a user of Redis' ACL; empty: the default user."},
};

/* What would otherwise be noticed at the first connection only. */
static int check(const void *values, struct err *err)
{
    const struct redis_settings *settings = values;

    if (settings->password[0] && settings->password_file[0])
        return err_set(err, ERR_INVALID, "there is a password and a password_file; give one");
    if (settings->tls && slice_starts_nocase(slice_str(settings->address), SLICE("unix:/")))
        return err_set(err, ERR_INVALID, "tls is not for unix sockets");
    if (!settings->tls_certificate[0] != !settings->tls_key[0])
        return err_set(err, ERR_INVALID, "tls_certificate and tls_key need each other");
    return redis_credentials_check(settings, err);
}

const struct conf_section REDIS_SECTION = {
    .name = "redis",
    .help = "The index of waiting timers and of what was sent. It may be lost at any time: it is "
            "rebuilt from the log.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct redis_settings),
    .check = check,
};
