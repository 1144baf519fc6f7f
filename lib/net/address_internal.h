/* SPDX-License-Identifier: Apache-2.0
 * The bare octets of an address. Not for other folders. */
#pragma once

#include "net/address.h"

struct net_address_bytes {
    unsigned char at[16];
    size_t count; /* 4, 16, or 0 for what is no IP address */
};

/* IPv4-mapped IPv6 gives the four octets of the IPv4 address. */
struct net_address_bytes net_address_bytes(const struct net_address *address);
/* Makes IPv4-mapped IPv6 (an IPv4 peer of a dual-stack listener) plain IPv4. */
void net_address_unmap(struct net_address *address);
