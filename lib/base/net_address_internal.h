/* SPDX-License-Identifier: Apache-2.0
 * The bare octets of an address. Not for other folders. */
#pragma once

#include "base/net_address.h"

/* For error texts: what may be garbage is not repeated. */
struct slice net_text_shown(struct slice text);

struct net_address_bytes {
    unsigned char at[16];
    size_t count; /* 4, 16, or 0 for what is no IP address */
};

/* IPv4-mapped IPv6 gives the four octets of the IPv4 address. */
struct net_address_bytes net_address_bytes(const struct net_address *address);
