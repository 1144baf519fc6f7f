/* SPDX-License-Identifier: Apache-2.0
 * PROXY headers: the same whole and in pieces, bounded, and never an octet further than their end.
 * First octet: the size of the pieces. */
#include "fuzz/fuzz.h"
#include "proxy/header.h"

struct outcome {
    enum parse state;
    size_t taken;
    struct proxy_header header;
};

static struct outcome parse(struct slice bytes, size_t step)
{
    struct proxy_parser parser = {0};
    struct outcome outcome = {.state = PARSE_MORE};

    while (outcome.taken < bytes.len && outcome.state == PARSE_MORE) {
        struct slice in = slice_sub(bytes, outcome.taken, outcome.taken + step);
        size_t given = in.len;
        outcome.state = proxy_header_parse(&parser, &in, &outcome.header);
        outcome.taken += given - in.len;
    }
    ASSERT((outcome.state == PARSE_BAD) == (parser.why != NULL));
    ASSERT(outcome.taken <= 16 + PROXY_TAIL_MAX);
    return outcome;
}

static void check_client(const struct proxy_header *header)
{
    char text[NET_ADDRESS_TEXT];
    struct net_address again;
    struct err err;

    ASSERT(net_address_parse_port(slice_str(net_address_text(&header->client, text)), 0, &again,
                                  &err) == 0);
    ASSERT(net_address_eq(&header->client, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct slice bytes = slice_of(data + 1, size - 1);
    struct outcome whole = parse(bytes, size), pieces = parse(bytes, data[0] ? data[0] : 1);
    ASSERT(whole.state == pieces.state && whole.taken == pieces.taken);
    if (whole.state != PARSE_DONE)
        return 0;
    ASSERT(whole.header.origin == pieces.header.origin);
    if (whole.header.origin != PROXY_CLIENT)
        return 0;
    ASSERT(net_address_eq(&whole.header.client, &pieces.header.client));
    check_client(&whole.header);
    return 0;
}
