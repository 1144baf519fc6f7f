/* SPDX-License-Identifier: Apache-2.0
 * sockaddrs keep both in network order already. */
#include "proxy/octets.h"

struct net_address proxy_address_of(sa_family_t family, const void *ip, const void *port)
{
    struct net_address address = {.any = {.sa_family = family}};

    if (family == AF_INET) {
        memcpy(&address.v4.sin_addr, ip, sizeof address.v4.sin_addr);
        memcpy(&address.v4.sin_port, port, PROXY_PORT_SIZE);
    } else {
        memcpy(&address.v6.sin6_addr, ip, sizeof address.v6.sin6_addr);
        memcpy(&address.v6.sin6_port, port, PROXY_PORT_SIZE);
    }
    return address;
}

struct slice proxy_ip_of(const struct net_address *address)
{
    return address->any.sa_family == AF_INET
               ? slice_of(&address->v4.sin_addr, sizeof address->v4.sin_addr)
               : slice_of(&address->v6.sin6_addr, sizeof address->v6.sin6_addr);
}

struct slice proxy_port_of(const struct net_address *address)
{
    return slice_of(address->any.sa_family == AF_INET ? &address->v4.sin_port
                                                      : &address->v6.sin6_port,
                    PROXY_PORT_SIZE);
}
