/* SPDX-License-Identifier: Apache-2.0
 * IP addresses and ports as proxies write them: raw, in network order. Not for other folders. */
#pragma once

#include "base/net_address.h"

#define PROXY_PORT_SIZE ((size_t)2)

/* AF_INET or AF_INET6; as many octets as the family's address has, and PROXY_PORT_SIZE. */
struct net_address proxy_address_of(sa_family_t family, const void *ip, const void *port);
/* They point into the address. */
struct slice proxy_ip_of(const struct net_address *address);
struct slice proxy_port_of(const struct net_address *address);
