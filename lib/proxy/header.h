/* SPDX-License-Identifier: Apache-2.0
 * The header by which a proxy names its client to the server behind it: PROXY protocol version 1
 * and 2 (HAProxy, proxy-protocol.txt). Read for clients of ours, written to a proxy that mail
 * leaves through. Whom to believe is the caller's business. */
#pragma once

#include "base/buf.h"
#include "base/net_address.h"
#include "base/parse.h"

#define PROXY_LINE_MAX 107  /* version 1, CRLF included (section 2.1) */
#define PROXY_TAIL_MAX 4096 /* version 2: what follows its first 16 octets */

enum proxy_origin {
    PROXY_CLIENT,  /* client and destination are set */
    PROXY_ITSELF,  /* version 2 LOCAL: the proxy speaks for itself, say a health check */
    PROXY_UNNAMED, /* of a client whose IP address the proxy does not name */
};

struct proxy_header {
    enum proxy_origin origin;
    struct net_address client, destination; /* destination: what the client connected to */
};

/* Zero-initialised; needs no freeing. */
struct proxy_parser {
    char octets[PROXY_LINE_MAX];
    size_t count;
    size_t skip; /* octets of version 2 that are not looked at */
    struct proxy_header header;
    const char *why; /* after BAD: a sentence */
};

/* Takes octets from *in up to the end of the header. DONE: *ret_header is set, and *in keeps the
 * rest. MORE: all taken. BAD: no such header; close. */
enum parse proxy_header_parse(struct proxy_parser *parser, struct slice *in,
                              struct proxy_header *ret_header);
/* Adds a header of version 2. Both ends are of one family. */
void proxy_header_add(struct buf *out, const struct net_address *client,
                      const struct net_address *destination);
