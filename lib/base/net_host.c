/* SPDX-License-Identifier: Apache-2.0
 * The last colon is the port's. */
#include "base/net_host.h"

#include "base/net_address.h"

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

static bool is_name(struct slice host)
{
    for (size_t i = 0; i < host.len; i++)
        if (!is_host_char(host.at[i]))
            return false;
    return host.len > 0 && host.len <= NET_HOST_MAX;
}

int net_host_split(struct slice text, struct slice *ret_host, uint16_t *ret_port, struct err *err)
{
    size_t colon = slice_rfind(text, ':');
    struct slice host = slice_sub(text, 0, colon);
    struct net_address ip;
    struct err ignored;
    uint64_t port;

    if (!slice_to_u64(slice_skip(text, colon + 1), UINT16_MAX, &port) || port == 0)
        return err_set(err, ERR_INVALID, "\"%.*s\" has no port; give host:port", SLICE_ARGS(text));
    if (net_address_parse_port(text, 0, &ip, &ignored) == 0 && host.at[0] == '[')
        host = slice_sub(host, 1, host.len - 1);
    else if (!is_name(host))
        return err_set(err, ERR_INVALID, "\"%.*s\" is no host name and no IP address",
                       SLICE_ARGS(host));
    *ret_host = host;
    *ret_port = (uint16_t)port;
    return 0;
}
