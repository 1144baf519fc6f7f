/* SPDX-License-Identifier: Apache-2.0
 * IP addresses with a port, and networks (CIDR). Values; no sockets, no name lookups. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct net_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

struct net_network {
    struct net_address base;
    unsigned prefix_bits;
};

struct net_networks { /* {0}: none */
    const struct net_network *items;
    size_t count;
};

#define NET_ADDRESS_TEXT 64 /* room for "[ipv6]:port" and a NUL */

/* "192.0.2.1" or "2001:db8::1"; port in host order. */
MUST_CHECK int net_address_parse(struct slice ip, uint16_t port, struct net_address *ret_address,
                                 struct err *err);
/* "192.0.2.1:25" or "[2001:db8::1]:25"; default_port 0 makes the port mandatory. */
MUST_CHECK int net_address_parse_port(struct slice text, uint16_t default_port,
                                      struct net_address *ret_address, struct err *err);
uint16_t net_address_port(const struct net_address *address);
void net_address_set_port(struct net_address *address, uint16_t port);
/* The IP alone; the IP and port. Both NUL-terminated into text. */
const char *net_address_ip(const struct net_address *address, char text[NET_ADDRESS_TEXT]);
const char *net_address_text(const struct net_address *address, char text[NET_ADDRESS_TEXT]);
socklen_t net_address_size(const struct net_address *address);
/* Same family, IP and port. IPv4-mapped IPv6 equals its IPv4. */
bool net_address_eq(const struct net_address *a, const struct net_address *b);
/* Makes IPv4-mapped IPv6 (an IPv4 peer of a dual-stack listener) plain IPv4. */
void net_address_unmap(struct net_address *address);
/* Loopback, link-local, RFC 1918, 100.64/10, unique local, unspecified, multicast, and the
 * IPv4-mapped and NAT64 forms of these: what a public MX must never point to (C5). */
bool net_address_is_private(const struct net_address *address);

/* "10.0.0.0/8" or a single address. Host bits must be zero. IPv4-mapped IPv6 is taken as IPv4: as
 * such its clients are seen. */
MUST_CHECK int net_network_parse(struct slice text, struct net_network *ret_network,
                                 struct err *err);
bool net_network_has(const struct net_network *network, const struct net_address *address);
/* Texts that net_network_check has passed, NULL-terminated. The networks live in the arena. */
struct net_networks net_networks_read(struct arena *arena, const char *const *texts);
bool net_networks_have(const struct net_networks *networks, const struct net_address *address);

/* The same as checks of a settings table. */
MUST_CHECK int net_address_check(const char *ip, struct err *err);
MUST_CHECK int net_network_check(const char *network, struct err *err);
