/* SPDX-License-Identifier: Apache-2.0
 * Read octet by octet: a header has a hundred of them, comes once per connection, and nothing
 * behind its end may be touched (the TLS handshake or SMTP follows). The additions of version 2
 * (TLVs) are skipped, and none are written. */
#include "proxy/header.h"

#include "base/assert.h"
#include "proxy/octets.h"

#define V1_START SLICE("PROXY ")
#define V2_START SLICE("\r\n\r\n\0\r\nQUIT\n")
#define V2_FIXED 16 /* octets before the addresses */
#define V2_LOCAL 0x20
#define V2_PROXY 0x21

static enum parse bad(struct proxy_parser *parser, const char *why)
{
    parser->why = why;
    return PARSE_BAD;
}

static enum parse done(struct proxy_parser *parser)
{
    net_address_unmap(&parser->header.client);
    net_address_unmap(&parser->header.destination);
    return PARSE_DONE;
}

/* ---- version 1: "PROXY" SP family SP client SP destination SP port SP port CRLF ---- */

/* Exactly one blank between two words. */
static bool parse_end(struct slice ip, struct slice port_text, sa_family_t family,
                      struct net_address *ret_address)
{
    uint64_t port;
    struct err err;

    return slice_to_u64(port_text, UINT16_MAX, &port) &&
           net_address_parse(ip, (uint16_t)port, ret_address, &err) == 0 &&
           ret_address->any.sa_family == family;
}

static enum parse parse_ends(struct proxy_parser *parser, struct slice words, sa_family_t family)
{
    struct slice client = slice_cut(&words, ' ');
    struct slice destination = slice_cut(&words, ' ');
    struct slice client_port = slice_cut(&words, ' ');

    parser->header.origin = PROXY_CLIENT;
    if (parse_end(client, client_port, family, &parser->header.client) &&
        parse_end(destination, words, family, &parser->header.destination))
        return done(parser);
    return bad(parser, "the addresses of its PROXY line cannot be read");
}

static enum parse parse_line(struct proxy_parser *parser, struct slice line)
{
    struct slice words = slice_skip(line, V1_START.len);
    struct slice family = slice_cut(&words, ' ');

    if (slice_eq(family, SLICE("TCP4")))
        return parse_ends(parser, words, AF_INET);
    if (slice_eq(family, SLICE("TCP6")))
        return parse_ends(parser, words, AF_INET6);
    parser->header.origin = PROXY_UNNAMED;
    if (slice_eq(family, SLICE("UNKNOWN")))
        return PARSE_DONE;
    return bad(parser, "its PROXY line is of no family that is known");
}

static enum parse step_v1(struct proxy_parser *parser)
{
    struct slice line = slice_of(parser->octets, parser->count);

    if (slice_ends_nocase(line, SLICE("\r\n")))
        return parse_line(parser, slice_sub(line, 0, line.len - 2));
    if (line.len == sizeof parser->octets)
        return bad(parser, "its PROXY line does not end");
    return PARSE_MORE;
}

/* ---- version 2: start, version and command, family, length, addresses, additions ---- */

static const struct family {
    size_t ip_size;
    enum proxy_origin origin;
    sa_family_t family;
    unsigned char code;
} FAMILIES[] = {
    {0, PROXY_UNNAMED, AF_UNSPEC, 0x00},
    {4, PROXY_CLIENT, AF_INET, 0x11},
    {16, PROXY_CLIENT, AF_INET6, 0x21},
    {0, PROXY_UNNAMED, AF_UNIX, 0x31},
};

static const struct family ITSELF = {.origin = PROXY_ITSELF};

/* The family counts only when the proxy speaks for somebody else. NULL: none that is known. */
static const struct family *find_family(const struct proxy_parser *parser)
{
    unsigned char command = (unsigned char)parser->octets[12];
    unsigned char code = (unsigned char)parser->octets[13];

    if (command == V2_LOCAL)
        return &ITSELF;
    for (size_t i = 0; command == V2_PROXY && i < sizeof FAMILIES / sizeof *FAMILIES; i++)
        if (FAMILIES[i].code == code)
            return &FAMILIES[i];
    return NULL;
}

static size_t addresses_size(const struct family *family)
{
    return 2 * (family->ip_size ? family->ip_size + PROXY_PORT_SIZE : 0);
}

static void read_ends(struct proxy_parser *parser, const struct family *family)
{
    const char *ips = parser->octets + V2_FIXED;
    const char *ports = ips + 2 * family->ip_size;

    parser->header.origin = family->origin;
    if (family->ip_size == 0)
        return;
    parser->header.client = proxy_address_of(family->family, ips, ports);
    parser->header.destination =
        proxy_address_of(family->family, ips + family->ip_size, ports + PROXY_PORT_SIZE);
}

static enum parse step_v2(struct proxy_parser *parser)
{
    if (parser->count < V2_FIXED)
        return PARSE_MORE;
    const unsigned char *size = (const unsigned char *)parser->octets + 14;
    size_t tail = (size_t)size[0] << 8 | size[1];
    const struct family *family = find_family(parser);
    if (!family)
        return bad(parser, "its PROXY header has a version, command or family that is not known");
    if (tail < addresses_size(family))
        return bad(parser, "its PROXY header is too short for its addresses");
    if (tail > PROXY_TAIL_MAX)
        return bad(parser, "its PROXY header is too long");
    if (parser->count < V2_FIXED + addresses_size(family))
        return PARSE_MORE;
    read_ends(parser, family);
    parser->skip = tail - addresses_size(family);
    return parser->skip > 0 ? PARSE_MORE : done(parser);
}

/* ---- both ---- */

static bool is_start_of(const struct proxy_parser *parser, struct slice start)
{
    size_t count = parser->count < start.len ? parser->count : start.len;
    return memcmp(parser->octets, start.at, count) == 0;
}

static enum parse step(struct proxy_parser *parser, char octet)
{
    if (parser->skip > 0)
        return --parser->skip > 0 ? PARSE_MORE : done(parser);
    ASSERT(parser->count < sizeof parser->octets);
    parser->octets[parser->count++] = octet;
    if (is_start_of(parser, V1_START))
        return step_v1(parser);
    if (is_start_of(parser, V2_START))
        return step_v2(parser);
    return bad(parser, "it did not begin with a PROXY header");
}

enum parse proxy_header_parse(struct proxy_parser *parser, struct slice *in,
                              struct proxy_header *ret_header)
{
    enum parse state = PARSE_MORE;

    while (in->len > 0 && state == PARSE_MORE) {
        state = step(parser, in->at[0]);
        *in = slice_skip(*in, 1);
    }
    if (state == PARSE_DONE)
        *ret_header = parser->header;
    return state;
}

/* ---- writing version 2 ---- */

static const struct family *family_of(sa_family_t family)
{
    const struct family *row = FAMILIES;

    while (row->family != family || row->origin != PROXY_CLIENT) {
        row++;
        ASSERT(row < FAMILIES + sizeof FAMILIES / sizeof *FAMILIES);
    }
    return row;
}

void proxy_header_add(struct buf *out, const struct net_address *client,
                      const struct net_address *destination)
{
    const struct family *family = family_of(client->any.sa_family);
    size_t tail = addresses_size(family);

    ASSERT(destination->any.sa_family == family->family);
    buf_add(out, V2_START);
    buf_add_char(out, V2_PROXY);
    buf_add_char(out, (char)family->code);
    buf_add_char(out, (char)(tail >> 8));
    buf_add_char(out, (char)(tail & 0xff));
    buf_add(out, proxy_ip_of(client));
    buf_add(out, proxy_ip_of(destination));
    buf_add(out, proxy_port_of(client));
    buf_add(out, proxy_port_of(destination));
}
