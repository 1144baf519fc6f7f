/* SPDX-License-Identifier: Apache-2.0
 * Networks (CIDR, RFC 4632), and the networks that public mail must not be sent into
 * (RFC 6890 and its registries). */
#include "base/net_address.h"

#include "base/assert.h"
#include "base/net_address_internal.h"

struct prefix {
    unsigned char octets[12];
    unsigned bits;
};

static const struct prefix PRIVATE_V4[] = {
    {{0}, 8},         /* "this" network, RFC 791 */
    {{10}, 8},        /* RFC 1918 */
    {{100, 64}, 10},  /* shared, RFC 6598 */
    {{127}, 8},       /* loopback */
    {{169, 254}, 16}, /* link-local, RFC 3927 */
    {{172, 16}, 12},  /* RFC 1918 */
    {{192, 168}, 16}, /* RFC 1918 */
    {{224}, 4},       /* multicast */
    {{240}, 4},       /* reserved, broadcast */
};

static const struct prefix PRIVATE_V6[] = {
    {{0}, 96},                            /* ::, ::1, IPv4-compatible */
    {{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48}, /* local NAT64, RFC 8215 */
    {{0xfc}, 7},                          /* unique local, RFC 4193 */
    {{0xfe, 0x80}, 10},                   /* link-local */
    {{0xfe, 0xc0}, 10},                   /* site-local, RFC 3879 */
    {{0xff}, 8},                          /* multicast */
};

/* IPv6 networks with an IPv4 address behind the prefix (which ends at an octet). */
static const struct prefix EMBEDDING[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96}, /* IPv4-mapped, RFC 4291 */
    {{0x00, 0x64, 0xff, 0x9b}, 96},                   /* NAT64, RFC 6052 */
    {{0x20, 0x02}, 16},                               /* 6to4, RFC 3056 */
};

static bool has_prefix(const unsigned char *octets, const unsigned char *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    unsigned mask = 0xffU << (8 - rest) & 0xff;

    if (memcmp(octets, prefix, whole) != 0)
        return false;
    return rest == 0 || ((octets[whole] ^ prefix[whole]) & mask) == 0;
}

static bool is_in(const unsigned char *octets, const struct prefix *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_prefix(octets, table[i].octets, table[i].bits))
            return true;
    return false;
}

struct net_address_bytes net_address_bytes(const struct net_address *address)
{
    struct net_address_bytes bytes = {.count = 0};
    const unsigned char *v6 = address->v6.sin6_addr.s6_addr;

    if (address->any.sa_family == AF_INET) {
        bytes.count = 4;
        memcpy(bytes.at, &address->v4.sin_addr, 4);
    } else if (address->any.sa_family == AF_INET6) {
        bool is_mapped = has_prefix(v6, EMBEDDING[0].octets, EMBEDDING[0].bits);
        bytes.count = is_mapped ? 4 : 16;
        memcpy(bytes.at, is_mapped ? v6 + 12 : v6, bytes.count);
    }
    return bytes;
}

static bool is_private_v4(const unsigned char *octets)
{
    return is_in(octets, PRIVATE_V4, sizeof PRIVATE_V4 / sizeof PRIVATE_V4[0]);
}

bool net_address_is_private(const struct net_address *address)
{
    struct net_address_bytes bytes = net_address_bytes(address);

    if (bytes.count == 4)
        return is_private_v4(bytes.at);
    if (bytes.count == 0)
        return true; /* a unix socket is as local as can be */
    for (size_t i = 0; i < sizeof EMBEDDING / sizeof EMBEDDING[0]; i++)
        if (has_prefix(bytes.at, EMBEDDING[i].octets, EMBEDDING[i].bits))
            return is_private_v4(bytes.at + EMBEDDING[i].bits / 8);
    return is_in(bytes.at, PRIVATE_V6, sizeof PRIVATE_V6 / sizeof PRIVATE_V6[0]);
}

static bool has_host_bits(const struct net_address_bytes *bytes, unsigned prefix_bits)
{
    for (unsigned bit = prefix_bits; bit < bytes->count * 8; bit++)
        if (bytes->at[bit / 8] & 0x80U >> bit % 8)
            return true;
    return false;
}

static bool parse(struct slice text, struct net_network *network)
{
    struct slice rest = text, ip = slice_cut(&rest, '/');
    struct err ignored;

    if (net_address_parse(ip, 0, &network->base, &ignored) < 0)
        return false;
    net_address_unmap(&network->base);
    struct net_address_bytes bytes = net_address_bytes(&network->base);
    uint64_t bits = bytes.count * 8;
    if (ip.len < text.len && !slice_to_u64(rest, bits, &bits))
        return false;
    network->prefix_bits = (unsigned)bits;
    return !has_host_bits(&bytes, network->prefix_bits);
}

int net_network_parse(struct slice text, struct net_network *ret_network, struct err *err)
{
    struct net_network network;

    if (!parse(text, &network))
        return err_set(err, ERR_INVALID,
                       "\"%.*s\" is no network; allowed: an IP address, or one with a prefix "
                       "length and no bits set behind it, like 192.0.2.0/24 or 2001:db8::/32",
                       SLICE_ARGS(net_text_shown(text)));
    *ret_network = network;
    return 0;
}

bool net_network_has(const struct net_network *network, const struct net_address *address)
{
    struct net_address_bytes base = net_address_bytes(&network->base);
    struct net_address_bytes bytes = net_address_bytes(address);

    return base.count == bytes.count && base.count > 0 &&
           has_prefix(bytes.at, base.at, network->prefix_bits);
}

struct net_networks net_networks_read(struct arena *arena, const char *const *texts)
{
    size_t count = 0;
    struct err err;

    while (texts[count])
        count++;
    struct net_network *items = arena_alloc(arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++)
        ASSERT(net_network_parse(slice_str(texts[i]), &items[i], &err) == 0);
    return (struct net_networks){.items = items, .count = count};
}

bool net_networks_have(const struct net_networks *networks, const struct net_address *address)
{
    for (size_t i = 0; i < networks->count; i++)
        if (net_network_has(&networks->items[i], address))
            return true;
    return false;
}

int net_network_check(const char *network, struct err *err)
{
    struct net_network parsed;

    return net_network_parse(slice_str(network), &parsed, err);
}
