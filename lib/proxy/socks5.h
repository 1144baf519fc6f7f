/* SPDX-License-Identifier: Apache-2.0
 * The client's side of SOCKS version 5 (RFC 1928; user name and password: RFC 1929): one CONNECT to
 * an IP address. Bytes in, bytes out. Names are not handed on: who resolves one decides where the
 * connection leads. */
#pragma once

#include "base/buf.h"
#include "base/net_address.h"
#include "base/parse.h"

#define PROXY_LOGIN_MAX  255 /* octets of a user name, and of a password */
#define PROXY_SOCKS5_MAX 262 /* octets of a reply: four, a name with its length, a port */

/* Whose trouble it is. */
enum proxy_fault {
    PROXY_FAULT_NONE,
    PROXY_FAULT_HOST,   /* the host's: it cannot be reached from the proxy */
    PROXY_FAULT_TARGET, /* the proxy's, with that address; with another one it may do */
    PROXY_FAULT_ITSELF, /* the proxy's, whatever is asked of it */
};

enum proxy_socks5_stage {
    PROXY_SOCKS5_METHOD, /* the way to log in */
    PROXY_SOCKS5_LOGIN,
    PROXY_SOCKS5_CONNECT, /* the proxy was asked to connect: what takes long now is the host */
};

/* Zero-initialised but for the first three, whose slices outlive it; needs no freeing. */
struct proxy_socks5 {
    struct net_address target;
    struct slice username, password; /* 1..PROXY_LOGIN_MAX octets each; no user name: no login */
    enum proxy_socks5_stage stage;
    unsigned char octets[PROXY_SOCKS5_MAX]; /* of the answer under way */
    size_t count;
    struct net_address bound; /* after DONE: where the connection leaves; AF_UNSPEC: not told */
    enum proxy_fault fault;   /* after BAD */
    const char *why;          /* likewise: half a sentence, about the proxy */
};

/* Adds what the client says first. */
void proxy_socks5_start(struct proxy_socks5 *socks5, struct buf *out);
/* Takes octets from *in up to the end of the proxy's last answer, and adds what is said to them.
 * DONE: the connection stands, and *in keeps what the host said. MORE: all taken. BAD: close. */
enum parse proxy_socks5_feed(struct proxy_socks5 *socks5, struct slice *in, struct buf *out);
