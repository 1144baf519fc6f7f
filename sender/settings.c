/* SPDX-License-Identifier: Apache-2.0
 * The tables behind sender/settings.h. Bounds between members are checked here; what needs another
 * section (retry period, retention) is checked where both are known. */
#include "sender/settings.h"

#include "base/net_address.h"
#include "mail/address.h"

#define ROUTE_HOSTS_MAX 50

static int check_source(const char *value, struct err *err)
{
    struct net_address address;

    if (!*value)
        return 0;
    return net_address_parse(slice_str(value), 0, &address, err);
}

static int check_domain(const char *value, struct err *err)
{
    struct slice domain = slice_str(value);

    if (slice_eq(domain, SLICE("*")))
        return 0;
    for (size_t i = 0; i < domain.len; i++)
        if (domain.at[i] != slice_lower_char(domain.at[i]))
            return err_set(err, ERR_INVALID, "\"%s\" must be in lower case", value);
    if (mail_domain_is_valid(domain))
        return 0;
    return err_set(err, ERR_INVALID, "\"%s\" is neither \"*\" nor a domain", value);
}

bool route_host_split(struct slice text, struct slice *ret_host, uint16_t *ret_port)
{
    struct slice host = text, port = SLICE_NONE;
    uint64_t number;

    if (text.len && text.at[0] == '[') {
        size_t end = slice_find(text, ']');
        if (end == text.len)
            return false;
        host = slice_sub(text, 1, end);
        port = slice_skip(text, end + 1);
    } else if (slice_find(text, ':') == slice_rfind(text, ':')) {
        host = slice_sub(text, 0, slice_find(text, ':'));
        port = slice_skip(text, host.len);
    }
    if (!host.len)
        return false;
    if (port.len) {
        if (port.at[0] != ':' || !slice_to_u64(slice_skip(port, 1), 65535, &number) || !number)
            return false;
        *ret_port = (uint16_t)number;
    }
    *ret_host = host;
    return true;
}

static int check_route_host(const char *value, struct err *err)
{
    struct net_address address;
    struct slice host;
    uint16_t port = 25;
    struct err ignored;

    if (route_host_split(slice_str(value), &host, &port) &&
        (mail_domain_is_valid(host) || net_address_parse(host, port, &address, &ignored) == 0))
        return 0;
    return err_set(err, ERR_INVALID, "\"%s\" is no host:port, ip:port or [ipv6]:port", value);
}

const char *const SENDER_TLS_NAMES[] = {"none", "opportunistic", "required", NULL};

#define SENDER(member) CONF_AT(struct sender_settings, member)

/* clang-format off */
static const struct conf_setting SENDER_TABLE[] = {
    {.name = "addresses_max", .type = CONF_INT, .offset = SENDER(addresses_max),
     .fallback = "10", .min = 2, .max = 100, .unit = "",
     .help = "Addresses of a destination that one attempt tries at most."},
    {.name = "allow_private_targets", .type = CONF_BOOL, .offset = SENDER(allow_private_targets),
     .fallback = "false", .unit = "",
     .help = "Deliver to MX hosts with loopback, link-local or private addresses. Off, so that nobody's DNS "
     "can aim the relay at an internal network. Hosts named in routes are always allowed."},
    {.name = "block_timeout_s", .type = CONF_INT, .offset = SENDER(block_timeout_s),
     .fallback = "180", .min = 1, .max = 3600, .unit = "s",
     .help = "Without progress while the content is written."},
    {.name = "body_budget", .type = CONF_SIZE, .offset = SENDER(body_budget_bytes),
     .fallback = "64 MiB", .min = 1048576, .max = 17179869184, .unit = "bytes",
     .help = "Memory for bodies under way. Bodies that came with their record pause the consumer when they "
     "reach it; bodies read by reference wait for room in as much again."},
    {.name = "command_timeout_s", .type = CONF_INT, .offset = SENDER(command_timeout_s),
     .fallback = "300", .min = 1, .max = 3600, .unit = "s",
     .help = "For the replies to EHLO, MAIL and RCPT."},
    {.name = "connect_timeout_s", .type = CONF_INT, .offset = SENDER(connect_timeout_s),
     .fallback = "30", .min = 1, .max = 3600, .unit = "s",
     .help = "For a TCP connection."},
    {.name = "connections_max", .type = CONF_INT, .offset = SENDER(connections_max),
     .fallback = "1000", .min = 1, .max = 20000, .unit = "",
     .help = "Mails under way to all destinations at once."},
    {.name = "connections_per_destination", .type = CONF_INT, .offset = SENDER(connections_per_destination),
     .fallback = "20", .min = 1, .max = 100, .unit = "",
     .help = "Connections to one destination at once, by this process."},
    {.name = "data_timeout_s", .type = CONF_INT, .offset = SENDER(data_timeout_s),
     .fallback = "120", .min = 1, .max = 3600, .unit = "s",
     .help = "For the reply to DATA."},
    {.name = "destination_share_percent", .type = CONF_INT, .offset = SENDER(destination_share_percent),
     .fallback = "25", .min = 1, .max = 100, .unit = "%",
     .help = "When in_flight_max is reached and a destination's first mail has waited for park_after_s, what "
     "that destination holds above this share is put back for a minute, so that mail for others is "
     "seen."},
    {.name = "dot_timeout_s", .type = CONF_INT, .offset = SENDER(dot_timeout_s),
     .fallback = "600", .min = 1, .max = 3600, .unit = "s",
     .help = "For the reply to the content. Shorter makes duplicates (RFC 5321 4.5.3.2.6)."},
    {.name = "greeting_timeout_s", .type = CONF_INT, .offset = SENDER(greeting_timeout_s),
     .fallback = "300", .min = 1, .max = 3600, .unit = "s",
     .help = "For the greeting."},
    {.name = "hostname", .type = CONF_STRING, .offset = SENDER(hostname),
     .min = 1, .max = 255, .check = mail_domain_check, .unit = "",
     .help = "The EHLO name: a public host name whose address is the one mail leaves from."},
    {.name = "in_flight_max", .type = CONF_INT, .offset = SENDER(in_flight_max),
     .fallback = "2000", .min = 10, .max = 100000, .unit = "",
     .help = "Parcels taken from the log and not finished."},
    {.name = "mails_per_connection", .type = CONF_INT, .offset = SENDER(mails_per_connection),
     .fallback = "1000", .min = 1, .max = 1000000, .unit = "",
     .help = "After that many mails a connection is closed and another one opened."},
    {.name = "park_after_s", .type = CONF_INT, .offset = SENDER(park_after_s),
     .fallback = "30", .min = 1, .max = 3600, .unit = "s",
     .help = "How long a parcel may wait for its destination's turn, or for memory, before it may be put "
     "back."},
    {.name = "port", .type = CONF_INT, .offset = SENDER(port), .fallback = "25", .min = 1, .max = 65535, .unit = "",
     .help = "Port of MX hosts. Anything but 25 is for tests."},
    {.name = "source_address", .type = CONF_STRING, .offset = SENDER(source_address),
     .fallback = "", .max = 64, .check = check_source, .unit = "",
     .help = "Local IP address that mail of no source pool leaves from; empty, or where it is of another family "
     "than the destination's: the system's choice."},
    {.name = "tls", .type = CONF_WORD, .offset = SENDER(tls),
     .fallback = "opportunistic", .words = SENDER_TLS_NAMES, .unit = "",
     .help = "Whether STARTTLS is used: never, when offered (without verifying the peer), or always."},
    {.name = "tls_timeout_s", .type = CONF_INT, .offset = SENDER(tls_timeout_s),
     .fallback = "60", .min = 1, .max = 3600, .unit = "s",
     .help = "For a TLS handshake."},
};

static const struct conf_setting ROUTE_TABLE[] = {
    {.name = "domain", .type = CONF_STRING, .offset = CONF_AT(struct sender_route, domain),
     .fallback = "*", .min = 1, .max = 255, .check = check_domain, .unit = "",
     .help = "The recipient domain, in lower case; \"*\" for all that no other route names."},
    {.name = "hosts", .type = CONF_STRINGS, .offset = CONF_AT(struct sender_route, hosts),
     .min = 1, .max = ROUTE_HOSTS_MAX, .check = check_route_host, .unit = "",
     .help = "\"host:port\" each, tried in this order instead of the domain's MX hosts. Without a port: "
     "sender.port. These may be private addresses."},
};

static const struct conf_setting DNS_TABLE[] = {
    {.name = "forwarders", .type = CONF_STRINGS, .offset = CONF_AT(struct dns_settings, forwarders),
     .fallback = "[]", .max = 16, .unit = "",
     .help = "Recursive servers to ask, \"ip@port\"; none: full recursion from the root."},
    {.name = "stub_zones", .type = CONF_STRINGS, .offset = CONF_AT(struct dns_settings, stub_zones),
     .fallback = "[]", .max = 64, .unit = "",
     .help = "\"zone ip@port\": ask this server for that zone (split DNS, tests)."},
    {.name = "timeout_ms", .type = CONF_INT, .offset = CONF_AT(struct dns_settings, timeout_ms),
     .fallback = "20000", .min = 100, .max = 120000, .unit = "ms",
     .help = "For one lookup; then the attempt counts as a temporary failure."},
    {.name = "trust_anchor_file", .type = CONF_STRING, .offset = CONF_AT(struct dns_settings, trust_anchor_file),
     .fallback = "", .max = 4096, .unit = "",
     .help = "DNSSEC trust anchors; empty: no validation."},
};
/* clang-format on */

static int check_sender(const void *values, struct err *err)
{
    const struct sender_settings *sender = values;

    if (sender->connections_per_destination > sender->connections_max)
        return err_set(
            err, ERR_INVALID, "connections_per_destination (%lld) is above connections_max (%lld)",
            (long long)sender->connections_per_destination, (long long)sender->connections_max);
    return 0;
}

const struct conf_section SENDER_SECTION = {
    .name = "sender",
    .help = "Delivery: connections, limits and deadlines of the outgoing side.",
    .settings = SENDER_TABLE,
    .count = sizeof SENDER_TABLE / sizeof *SENDER_TABLE,
    .size = sizeof(struct sender_settings),
    .check = check_sender,
};

const struct conf_section ROUTES_SECTION = {
    .name = "routes",
    .help = "Fixed hosts for domains, instead of their MX records.",
    .settings = ROUTE_TABLE,
    .count = sizeof ROUTE_TABLE / sizeof *ROUTE_TABLE,
    .size = sizeof(struct sender_route),
    .is_list = true,
    .key = "domain",
};

const struct conf_section DNS_SECTION = {
    .name = "dns",
    .help = "How MX and address records are looked up.",
    .settings = DNS_TABLE,
    .count = sizeof DNS_TABLE / sizeof *DNS_TABLE,
    .size = sizeof(struct dns_settings),
};
