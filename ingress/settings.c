/* SPDX-License-Identifier: Apache-2.0
 * The settings tables of the ingress. */
#include "ingress/settings.h"

#include "base/net_address.h"
#include "bus/settings.h"
#include "ingress/policy.h"
#include "mail/address.h"
#include "profile/configuration.h"
#include "profile/domains.h"
#include "proto/settings.h"

#define KIB ((int64_t)1024)
#define MIB (1024 * KIB)

#define AT(member) .offset = offsetof(struct ingress_settings, member)
static const struct conf_setting INGRESS[] = {
    {.name = "hostname",
     .type = CONF_STRING,
     AT(hostname),
     .fallback = "localhost",
     .min = 1,
     .max = 255,
     .unit = "",
     .check = mail_domain_check,
     .help = "The name in the greeting, in replies and in our Received field. The public name of "
             "this relay, never a pod name."},
    {.name = "max_size",
     .type = CONF_SIZE,
     AT(max_size_bytes),
     .fallback = "50 MiB",
     .min = 64 * KIB,
     .max = 1024 * MIB,
     .unit = "bytes",
     .help = "Largest mail accepted, advertised as SIZE. Larger ones get 552."},
    {.name = "body_budget",
     .type = CONF_SIZE,
     AT(body_budget_bytes),
     .fallback = "256 MiB",
     .min = MIB,
     .max = 65536 * MIB,
     .unit = "bytes",
     .help = "Memory for all bodies being received or waiting for the log. Beyond it: 452."},
    {.name = "max_recipients",
     .type = CONF_INT,
     AT(max_recipients),
     .fallback = "1000",
     .min = 100,
     .max = 1000,
     .unit = "",
     .help = "Recipients per transaction, advertised as LIMITS RCPTMAX. Further ones get 452."},
    {.name = "max_errors",
     .type = CONF_INT,
     AT(max_errors),
     .fallback = "20",
     .min = 1,
     .max = 1000,
     .unit = "",
     .help = "Refused commands per connection; then 421 and the end."},
    {.name = "max_connections",
     .type = CONF_INT,
     AT(max_connections),
     .fallback = "10000",
     .min = 1,
     .max = 1000000,
     .unit = "",
     .help = "Client connections over all listeners. Further ones get 421."},
    {.name = "hop_limit",
     .type = CONF_INT,
     AT(hop_limit),
     .fallback = "100",
     .min = 10,
     .max = 1000,
     .unit = "",
     .help = "Received and X-Hikyaku-Loop fields at which a mail counts as looping and gets 554 "
             "5.4.6."},
    {.name = "commit_timeout_ms",
     .type = CONF_INT,
     AT(commit_timeout_ms),
     .fallback = "20000",
     .min = 1000,
     .max = 300000,
     .unit = "ms",
     .help = "How long the end of data may wait for the log. Then 451; clients give up after ten "
             "minutes."},
    {.name = "idle_timeout_ms",
     .type = CONF_INT,
     AT(idle_timeout_ms),
     .fallback = "300000",
     .min = 1000,
     .max = 3600000,
     .unit = "ms",
     .help = "Silence after which a client gets 421. RFC 5321 asks for five minutes."},
    {.name = "tls_timeout_ms",
     .type = CONF_INT,
     AT(tls_timeout_ms),
     .fallback = "30000",
     .min = 1000,
     .max = 300000,
     .unit = "ms",
     .help = "Time limit of a TLS handshake."},
    {.name = "min_rate",
     .type = CONF_INT,
     AT(min_rate),
     .fallback = "500",
     .min = 0,
     .max = 1000000,
     .unit = "bytes/s",
     .help = "A client that sends its data slower than this, measured after a minute, gets 421."},
    {.name = "auth_failures",
     .type = CONF_INT,
     AT(auth_failures),
     .fallback = "20",
     .min = 0,
     .max = 1000000,
     .unit = "",
     .help =
         "Failed logins of one client address (IPv6: one /64), over all its connections to this "
         "process, within auth_failure_period_s. Until that is over it gets 454, whatever the "
         "password. 0: no limit, for clients that share one address."},
    {.name = "auth_failure_period_s",
     .type = CONF_INT,
     AT(auth_failure_period_s),
     .fallback = "600",
     .min = 1,
     .max = 86400,
     .unit = "s",
     .help = "How long failed logins count, from the first of them."},
    {.name = "users_file",
     .type = CONF_STRING,
     AT(users_file),
     .fallback = "",
     .min = 0,
     .max = 4096,
     .unit = "",
     .help = "File with the users who may authenticate, kept by hikyakuctl user. For listeners "
             "whose policy has AUTH.",
     .file_of = conf_path},
};
#undef AT

static const char *const TLS_NAMES[] = {
    [LISTENER_STARTTLS] = "starttls", [LISTENER_IMPLICIT] = "implicit", NULL};

/* Whoever connects could claim any address. */
static int check_trusted(const char *value, struct err *err)
{
    struct net_network network;

    if (net_network_parse(slice_str(value), &network, err) < 0)
        return -1;
    if (network.prefix_bits > 0)
        return 0;
    return err_set(
        err, ERR_INVALID,
        "\"%s\" trusts everyone to name any client; allowed: the networks of your proxies", value);
}

#define AT(member) .offset = offsetof(struct listener_settings, member)
static const struct conf_setting LISTENERS[] = {
    {.name = "name",
     .type = CONF_STRING,
     AT(name),
     .fallback = "smtp",
     .min = 1,
     .max = 32,
     .unit = "",
     .help = "The name in metrics and logs."},
    {.name = "address",
     .type = CONF_STRING,
     AT(address),
     .fallback = "127.0.0.1",
     .min = 1,
     .max = 64,
     .unit = "",
     .check = net_address_check,
     .help = "IP address to listen on; 0.0.0.0 or :: for all."},
    {.name = "port",
     .type = CONF_INT,
     AT(port),
     .fallback = "2525",
     .min = 0,
     .max = 65535,
     .unit = "",
     .help = "TCP port. 0 takes a free one, which the log names."},
    {.name = "public_port",
     .type = CONF_INT,
     AT(public_port),
     .fallback = "25",
     .min = 1,
     .max = 65535,
     .unit = "",
     .help = "The port that clients use to reach this listener, when a Service or proxy maps it."},
    {.name = "networks",
     .type = CONF_STRINGS,
     AT(networks),
     .fallback = "[]",
     .min = 0,
     .max = 1000,
     .unit = "",
     .check = net_network_check,
     .help = "Networks (CIDR) whose clients may send. Empty: nobody; all others get 554, unless "
             "the policy lets them authenticate."},
    {.name = "policy",
     .type = CONF_WORD,
     AT(policy),
     .fallback = "network",
     .words = POLICY_NAMES,
     .unit = "",
     .help = "Who may send. network: clients in networks, without AUTH. network_or_auth: clients "
             "in networks, and any other that authenticates (until then MAIL gets 530). "
             "network_auth_optional: clients in networks, which may authenticate besides. "
             "network_and_auth: clients in networks that have authenticated. All but network need "
             "a certificate and ingress.users_file; AUTH is offered within TLS only."},
    {.name = "max_connections",
     .type = CONF_INT,
     AT(max_connections),
     .fallback = "5000",
     .min = 1,
     .max = 1000000,
     .unit = "",
     .help = "Client connections of this listener."},
    {.name = "certificate",
     .type = CONF_STRING,
     AT(certificate),
     .fallback = "",
     .min = 0,
     .max = 4096,
     .unit = "",
     .help = "PEM file with the certificate chain. STARTTLS is offered where it is set.",
     .file_of = conf_path},
    {.name = "key",
     .type = CONF_STRING,
     AT(key),
     .fallback = "",
     .min = 0,
     .max = 4096,
     .unit = "",
     .help = "PEM file with the private key of the certificate.",
     .file_of = conf_path},
    {.name = "proxy",
     .type = CONF_BOOL,
     AT(proxy),
     .fallback = "false",
     .unit = "",
     .help =
         "Clients come through a proxy that names them by a PROXY header (version 1 or 2) before "
         "anything else, TLS included. Without one a connection is closed. The address it names "
         "is the client's for everything: networks, limits, Received, logs."},
    {.name = "proxy_trusted",
     .type = CONF_STRINGS,
     AT(proxy_trusted),
     .fallback = "[]",
     .min = 0,
     .max = 1000,
     .unit = "",
     .check = check_trusted,
     .help = "Networks (CIDR) of the proxies that may name clients; who connects from elsewhere is "
             "closed at once. Required where proxy is true. A client that its proxy does not name "
             "is in none of networks."},
    {.name = "configuration",
     .type = CONF_STRING,
     AT(configuration),
     .fallback = CONFIGURATION_DEFAULT,
     .min = 1,
     .max = CONFIGURATION_NAME_MAX,
     .unit = "",
     .help = "The configuration of mail that none of them claims by listener, user or network."},
    {.name = "tls",
     .type = CONF_WORD,
     AT(tls),
     .fallback = "starttls",
     .words = TLS_NAMES,
     .unit = "",
     .help = "How TLS begins where a certificate is set. starttls: the client asks for it. "
             "implicit: before the greeting (RFC 8314, port 465)."},
};
#undef AT

static int check_listener(const void *values, struct err *err)
{
    const struct listener_settings *listener = values;

    if ((listener->certificate[0] == '\0') != (listener->key[0] == '\0'))
        return err_set(err, ERR_INVALID,
                       "certificate and key go together: give both, or neither for no STARTTLS");
    if (listener->tls == LISTENER_IMPLICIT && !listener->certificate[0])
        return err_set(err, ERR_INVALID, "tls = \"implicit\" needs a certificate and its key");
    if (listener->proxy && !listener->proxy_trusted[0])
        return err_set(err, ERR_INVALID,
                       "proxy = true needs proxy_trusted: the networks of your proxies, as in "
                       "[\"10.0.0.0/24\"]; anybody else could claim any address");
    return 0;
}

static int check_policy(const struct conf *conf, size_t i, struct err *err)
{
    const struct ingress_settings *ingress = conf_values(conf, &INGRESS_SECTION);
    const struct listener_settings *listener = conf_element(conf, &LISTENERS_SECTION, i);

    if (!policy_has_auth((enum policy)listener->policy) ||
        (listener->certificate[0] && ingress->users_file[0]))
        return 0;
    return err_set(
        err, ERR_INVALID,
        "policy = \"%s\" of listener \"%s\" has AUTH, which needs a certificate (AUTH is "
        "offered within TLS only) and ingress.users_file; missing: %s",
        POLICY_NAMES[listener->policy], listener->name,
        listener->certificate[0] ? "users_file" : "certificate");
}

static int check_configuration(const struct conf *conf, size_t i, struct err *err)
{
    const struct listener_settings *listener = conf_element(conf, &LISTENERS_SECTION, i);

    if (configurations_has(conf, listener->configuration))
        return 0;
    return err_set(err, ERR_INVALID,
                   "configuration of \"%s\" is \"%s\"; allowed: the name of one of configurations",
                   listener->name, listener->configuration);
}

static int check_listener_among(const struct conf *conf, size_t i, struct err *err)
{
    return check_configuration(conf, i, err) < 0 ? -1 : check_policy(conf, i, err);
}

const struct conf_section INGRESS_SECTION = {
    .name = "ingress",
    .help = "Accepting mail over SMTP.",
    .settings = INGRESS,
    .count = sizeof INGRESS / sizeof *INGRESS,
    .size = sizeof(struct ingress_settings),
};

const struct conf_section LISTENERS_SECTION = {
    .name = "listeners",
    .help = "Where clients connect. At least one, or the ingress refuses to start.",
    .settings = LISTENERS,
    .count = sizeof LISTENERS / sizeof *LISTENERS,
    .size = sizeof(struct listener_settings),
    .is_list = true,
    .key = "name",
    .check = check_listener,
    .check_among = check_listener_among,
};

const struct conf_section *const INGRESS_SECTIONS[] = {
    &INGRESS_SECTION,         &LISTENERS_SECTION, &CONFIGURATIONS_SECTION,
    &SENDING_DOMAINS_SECTION, &BOUNCES_SECTION,   &FORWARDING_RULES_SECTION,
    &SOURCE_POOLS_SECTION,    &WORK_SECTION,      NULL};
