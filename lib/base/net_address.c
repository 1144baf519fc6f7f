/* SPDX-License-Identifier: Apache-2.0
 * IP addresses with a port: text to value and back, equality. Networks are in net_network.c. */
#include "base/net_address.h"

#include <arpa/inet.h>

#include "base/assert.h"
#include "base/net_address_internal.h"

struct slice net_text_shown(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return SLICE("unprintable bytes");
    return slice_sub(text, 0, NET_ADDRESS_TEXT);
}

static bool parse_ip(struct slice ip, struct net_address *address)
{
    char text[INET6_ADDRSTRLEN] = "";

    *address = (struct net_address){0};
    if (ip.len == 0 || ip.len >= sizeof text || slice_find(ip, '\0') < ip.len)
        return false;
    memcpy(text, ip.at, ip.len);
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->any.sa_family = AF_INET;
        return true;
    }
    if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
        address->any.sa_family = AF_INET6;
        return true;
    }
    return false;
}

int net_address_parse(struct slice ip, uint16_t port, struct net_address *ret_address,
                      struct err *err)
{
    struct net_address address;

    if (!parse_ip(ip, &address))
        return err_set(err, ERR_INVALID, "\"%.*s\" is not an IP address",
                       SLICE_ARGS(net_text_shown(ip)));
    net_address_set_port(&address, port);
    *ret_address = address;
    return 0;
}

/* Splits "ip:port", "[ipv6]:port", "ip" and "ipv6"; false when brackets do not match. */
static bool split_port(struct slice text, struct slice *ip, struct slice *port)
{
    size_t last_colon = slice_rfind(text, ':');

    *port = SLICE_NONE;
    *ip = text;
    if (text.len > 0 && text.at[0] == '[') {
        size_t end = slice_find(text, ']');
        *ip = slice_sub(text, 1, end);
        if (end == text.len || slice_find(*ip, ':') == ip->len)
            return false;
        if (end + 1 == text.len)
            return true;
        *port = slice_skip(text, end + 2);
        return text.at[end + 1] == ':' && port->len > 0;
    }
    if (last_colon == text.len || slice_find(text, ':') != last_colon)
        return true; /* no colon, or an IPv6 address without a port */
    *ip = slice_sub(text, 0, last_colon);
    *port = slice_skip(text, last_colon + 1);
    return port->len > 0;
}

int net_address_parse_port(struct slice text, uint16_t default_port,
                           struct net_address *ret_address, struct err *err)
{
    struct slice ip, port_text;
    struct net_address address;
    uint64_t port = default_port;

    if (!split_port(text, &ip, &port_text) || !parse_ip(ip, &address) ||
        (port_text.len > 0 && !slice_to_u64(port_text, UINT16_MAX, &port)))
        return err_set(err, ERR_INVALID, "\"%.*s\" is not an IP address with a port (ip:port)",
                       SLICE_ARGS(net_text_shown(text)));
    if (port_text.len == 0 && default_port == 0)
        return err_set(err, ERR_INVALID, "\"%.*s\" lacks a port (ip:port)",
                       SLICE_ARGS(net_text_shown(text)));
    net_address_set_port(&address, (uint16_t)port);
    *ret_address = address;
    return 0;
}

uint16_t net_address_port(const struct net_address *address)
{
    if (address->any.sa_family == AF_INET6)
        return ntohs(address->v6.sin6_port);
    return address->any.sa_family == AF_INET ? ntohs(address->v4.sin_port) : 0;
}

void net_address_set_port(struct net_address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(port);
    else
        address->v4.sin_port = htons(port);
}

static void add_text(char *text, struct slice more)
{
    size_t at = strlen(text);

    ASSERT(at + more.len < NET_ADDRESS_TEXT);
    memcpy(text + at, more.at, more.len);
    text[at + more.len] = '\0';
}

static void add_port(char *text, unsigned port)
{
    char digits[6] = ":";
    size_t count = 1;

    for (unsigned rest = port; rest >= 10; rest /= 10)
        count++;
    for (size_t i = count; i > 0; i--, port /= 10)
        digits[i] = (char)('0' + port % 10);
    add_text(text, slice_of(digits, count + 1));
}

const char *net_address_ip(const struct net_address *address, char text[NET_ADDRESS_TEXT])
{
    text[0] = '\0';
    if (address->any.sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &address->v4.sin_addr, text, NET_ADDRESS_TEXT);
    else if (address->any.sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &address->v6.sin6_addr, text, NET_ADDRESS_TEXT);
    else
        add_text(text, SLICE("unix"));
    return text;
}

const char *net_address_text(const struct net_address *address, char text[NET_ADDRESS_TEXT])
{
    char ip[NET_ADDRESS_TEXT];
    bool is_v6 = address->any.sa_family == AF_INET6;

    text[0] = '\0';
    add_text(text, is_v6 ? SLICE("[") : SLICE(""));
    add_text(text, slice_str(net_address_ip(address, ip)));
    add_text(text, is_v6 ? SLICE("]") : SLICE(""));
    if (address->any.sa_family == AF_INET || is_v6)
        add_port(text, net_address_port(address));
    return text;
}

socklen_t net_address_size(const struct net_address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

bool net_address_eq(const struct net_address *a, const struct net_address *b)
{
    struct net_address_bytes x = net_address_bytes(a), y = net_address_bytes(b);

    return x.count == y.count && memcmp(x.at, y.at, x.count) == 0 &&
           net_address_port(a) == net_address_port(b);
}

void net_address_unmap(struct net_address *address)
{
    struct net_address_bytes bytes = net_address_bytes(address);
    uint16_t port = net_address_port(address);

    if (address->any.sa_family != AF_INET6 || bytes.count != 4)
        return;
    *address = (struct net_address){.v4 = {.sin_family = AF_INET}};
    memcpy(&address->v4.sin_addr, bytes.at, 4);
    net_address_set_port(address, port);
}

int net_address_check(const char *ip, struct err *err)
{
    struct net_address address;

    return net_address_parse(slice_str(ip), 0, &address, err);
}
