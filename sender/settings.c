/* SPDX-License-Identifier: Apache-2.0
 * The tables behind sender/settings.h. Bounds between members are checked here; what needs another
 * section (retry period, retention) is checked where both are known. */
#include "sender/settings.h"

#include "mail/address.h"
#include "net/address.h"

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

#define SENDER(member) CONF_AT(struct sender_settings, member)

/* clang-format off */
static const char *const TLS_WORDS[] = {"none", "opportunistic", "required", NULL};

static const struct conf_setting SENDER_TABLE[] = {
    {"addresses_max", CONF_INT, SENDER(addresses_max), "10", 2, 100, "", NULL,
     "Addresses of a destination that one attempt tries at most.", NULL},
    {"allow_private_targets", CONF_BOOL, SENDER(allow_private_targets), "false", 0, 0, "", NULL,
     "Deliver to MX hosts with loopback, link-local or private addresses. Off, so that nobody's DNS "
     "can aim the relay at an internal network. Hosts named in routes are always allowed.", NULL},
    {"block_timeout_s", CONF_INT, SENDER(block_timeout_s), "180", 1, 3600, "s", NULL,
     "Without progress while the content is written.", NULL},
    {"body_budget", CONF_SIZE, SENDER(body_budget_bytes), "64 MiB", 1048576, 17179869184, "bytes", NULL,
     "Memory for bodies under way. Bodies that came with their record pause the consumer when they "
     "reach it; bodies read by reference wait for room in as much again.", NULL},
    {"command_timeout_s", CONF_INT, SENDER(command_timeout_s), "300", 1, 3600, "s", NULL,
     "For the replies to EHLO, MAIL and RCPT.", NULL},
    {"connect_timeout_s", CONF_INT, SENDER(connect_timeout_s), "30", 1, 3600, "s", NULL,
     "For a TCP connection.", NULL},
    {"connections_max", CONF_INT, SENDER(connections_max), "1000", 1, 20000, "", NULL,
     "Mails under way to all destinations at once.", NULL},
    {"connections_per_destination", CONF_INT, SENDER(connections_per_destination), "20", 1, 100, "", NULL,
     "Connections to one destination at once, by this process.", NULL},
    {"data_timeout_s", CONF_INT, SENDER(data_timeout_s), "120", 1, 3600, "s", NULL,
     "For the reply to DATA.", NULL},
    {"destination_share_percent", CONF_INT, SENDER(destination_share_percent), "25", 1, 100, "%", NULL,
     "When in_flight_max is reached and a destination's first mail has waited for park_after_s, what "
     "that destination holds above this share is put back for a minute, so that mail for others is "
     "seen.", NULL},
    {"dot_timeout_s", CONF_INT, SENDER(dot_timeout_s), "600", 1, 3600, "s", NULL,
     "For the reply to the content. Shorter makes duplicates (RFC 5321 4.5.3.2.6).", NULL},
    {"greeting_timeout_s", CONF_INT, SENDER(greeting_timeout_s), "300", 1, 3600, "s", NULL,
     "For the greeting.", NULL},
    {"hostname", CONF_STRING, SENDER(hostname), NULL, 1, 255, "", NULL,
     "The EHLO name: a public host name whose address is the one mail leaves from.", mail_domain_check},
    {"in_flight_max", CONF_INT, SENDER(in_flight_max), "2000", 10, 100000, "", NULL,
     "Parcels taken from the log and not finished.", NULL},
    {"mails_per_connection", CONF_INT, SENDER(mails_per_connection), "1000", 1, 1000000, "", NULL,
     "After that many mails a connection is closed and another one opened.", NULL},
    {"park_after_s", CONF_INT, SENDER(park_after_s), "30", 1, 3600, "s", NULL,
     "How long a parcel may wait for its destination's turn, or for memory, before it may be put "
     "back.", NULL},
    {"port", CONF_INT, SENDER(port), "25", 1, 65535, "", NULL,
     "Port of MX hosts. Anything but 25 is for tests.", NULL},
    {"source_address", CONF_STRING, SENDER(source_address), "", 0, 64, "", NULL,
     "Local IP address to send from; empty: the system's choice.", check_source},
    {"tls", CONF_WORD, SENDER(tls), "opportunistic", 0, 0, "", TLS_WORDS,
     "Whether STARTTLS is used: never, when offered (without verifying the peer), or always.", NULL},
    {"tls_timeout_s", CONF_INT, SENDER(tls_timeout_s), "60", 1, 3600, "s", NULL,
     "For a TLS handshake.", NULL},
};

static const struct conf_setting ROUTE_TABLE[] = {
    {"domain", CONF_STRING, CONF_AT(struct sender_route, domain), "*", 1, 255, "", NULL,
     "The recipient domain, in lower case; \"*\" for all that no other route names.", check_domain},
    {"hosts", CONF_STRINGS, CONF_AT(struct sender_route, hosts), NULL, 1, ROUTE_HOSTS_MAX, "", NULL,
     "\"host:port\" each, tried in this order instead of the domain's MX hosts. Without a port: "
     "sender.port. These may be private addresses.", check_route_host},
};

static const struct conf_setting DNS_TABLE[] = {
    {"forwarders", CONF_STRINGS, CONF_AT(struct dns_settings, forwarders), "[]", 0, 16, "", NULL,
     "Recursive servers to ask, \"ip@port\"; none: full recursion from the root.", NULL},
    {"stub_zones", CONF_STRINGS, CONF_AT(struct dns_settings, stub_zones), "[]", 0, 64, "", NULL,
     "\"zone ip@port\": ask this server for that zone (split DNS, tests).", NULL},
    {"timeout_ms", CONF_INT, CONF_AT(struct dns_settings, timeout_ms), "20000", 100, 120000, "ms", NULL,
     "For one lookup; then the attempt counts as a temporary failure.", NULL},
    {"trust_anchor_file", CONF_STRING, CONF_AT(struct dns_settings, trust_anchor_file), "", 0, 4096, "", NULL,
     "DNSSEC trust anchors; empty: no validation.", NULL},
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
