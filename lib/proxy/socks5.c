/* SPDX-License-Identifier: Apache-2.0
 * Octet by octet, each answer into one buffer that holds the longest there can be. With a user name
 * nothing but the login is offered: the proxy may choose the source address by it. */
#include "proxy/socks5.h"

#include "base/assert.h"
#include "proxy/octets.h"

#define VERSION       5
#define LOGIN_VERSION 1

enum { METHOD_NONE = 0, METHOD_LOGIN = 2, METHOD_REFUSED = 0xff };
enum { COMMAND_CONNECT = 1 };
enum { ADDRESS_IPV4 = 1, ADDRESS_NAME = 3, ADDRESS_IPV6 = 4 };

static const struct refusal {
    enum proxy_fault fault;
    const char *why;
} REFUSALS[] = {
    /* by the code of the answer to CONNECT; 0: it stands */
    [1] = {PROXY_FAULT_TARGET, "it failed to connect, for no reason that it names"},
    [2] = {PROXY_FAULT_TARGET, "its rules do not allow the connection"},
    [3] = {PROXY_FAULT_HOST, "it cannot reach the host's network"},
    [4] = {PROXY_FAULT_HOST, "it cannot reach the host"},
    [5] = {PROXY_FAULT_HOST, "the host refused the connection"},
    [6] = {PROXY_FAULT_HOST, "the host did not answer in time"},
    [7] = {PROXY_FAULT_ITSELF, "it does not know how to connect"},
    [8] = {PROXY_FAULT_TARGET, "it does not know addresses of the host's family"},
};

static enum parse bad(struct proxy_socks5 *socks5, enum proxy_fault fault, const char *why)
{
    socks5->fault = fault;
    socks5->why = why;
    return PARSE_BAD;
}

static enum parse await(struct proxy_socks5 *socks5, enum proxy_socks5_stage stage)
{
    socks5->stage = stage;
    socks5->count = 0;
    return PARSE_MORE;
}

static void add_octet(struct buf *out, unsigned octet)
{
    buf_add_char(out, (char)octet);
}

static bool has_login(const struct proxy_socks5 *socks5)
{
    return socks5->username.len > 0;
}

static unsigned offered(const struct proxy_socks5 *socks5)
{
    return has_login(socks5) ? METHOD_LOGIN : METHOD_NONE;
}

void proxy_socks5_start(struct proxy_socks5 *socks5, struct buf *out)
{
    ASSERT(socks5->username.len <= PROXY_LOGIN_MAX && socks5->password.len <= PROXY_LOGIN_MAX);
    add_octet(out, VERSION);
    add_octet(out, 1); /* method */
    add_octet(out, offered(socks5));
}

static void add_login_part(struct buf *out, struct slice part)
{
    add_octet(out, (unsigned)part.len);
    buf_add(out, part);
}

static enum parse log_in(struct proxy_socks5 *socks5, struct buf *out)
{
    add_octet(out, LOGIN_VERSION);
    add_login_part(out, socks5->username);
    add_login_part(out, socks5->password);
    return await(socks5, PROXY_SOCKS5_LOGIN);
}

static enum parse ask(struct proxy_socks5 *socks5, struct buf *out)
{
    bool is_v4 = socks5->target.any.sa_family == AF_INET;

    add_octet(out, VERSION);
    add_octet(out, COMMAND_CONNECT);
    add_octet(out, 0); /* reserved */
    add_octet(out, is_v4 ? ADDRESS_IPV4 : ADDRESS_IPV6);
    buf_add(out, proxy_ip_of(&socks5->target));
    buf_add(out, proxy_port_of(&socks5->target));
    return await(socks5, PROXY_SOCKS5_CONNECT);
}

/* version, method */
static enum parse step_method(struct proxy_socks5 *socks5, struct buf *out)
{
    if (socks5->octets[0] != VERSION)
        return bad(socks5, PROXY_FAULT_ITSELF, "it does not speak SOCKS version 5");
    if (socks5->count < 2)
        return PARSE_MORE;
    if (socks5->octets[1] == METHOD_REFUSED)
        return bad(socks5, PROXY_FAULT_ITSELF,
                   has_login(socks5) ? "it takes no user name and password"
                                     : "it wants a login, and the pool has none");
    if (socks5->octets[1] != offered(socks5))
        return bad(socks5, PROXY_FAULT_ITSELF, "it chose a way to log in that was not offered");
    return has_login(socks5) ? log_in(socks5, out) : ask(socks5, out);
}

/* version, status */
static enum parse step_login(struct proxy_socks5 *socks5, struct buf *out)
{
    if (socks5->octets[0] != LOGIN_VERSION)
        return bad(socks5, PROXY_FAULT_ITSELF, "its answer to the login cannot be read");
    if (socks5->count < 2)
        return PARSE_MORE;
    if (socks5->octets[1] != 0)
        return bad(socks5, PROXY_FAULT_ITSELF, "it refused the user name or password");
    return ask(socks5, out);
}

static enum parse refuse(struct proxy_socks5 *socks5, unsigned code)
{
    if (code >= sizeof REFUSALS / sizeof *REFUSALS)
        return bad(socks5, PROXY_FAULT_ITSELF, "it answered with a code that means nothing");
    return bad(socks5, REFUSALS[code].fault, REFUSALS[code].why);
}

/* All zero where the proxy does not tell. A name tells no address. */
static void note_bound(struct proxy_socks5 *socks5, sa_family_t family, size_t size)
{
    static const struct in6_addr ANY = IN6ADDR_ANY_INIT;
    const unsigned char *ip = socks5->octets + 4;

    if (memcmp(ip, &ANY, size) == 0)
        return;
    socks5->bound = proxy_address_of(family, ip, ip + size);
    net_address_unmap(&socks5->bound);
}

static enum parse end_with_ip(struct proxy_socks5 *socks5, sa_family_t family, size_t size)
{
    if (socks5->count < 4 + size + PROXY_PORT_SIZE)
        return PARSE_MORE;
    note_bound(socks5, family, size);
    return PARSE_DONE;
}

static enum parse end_with_name(const struct proxy_socks5 *socks5)
{
    bool is_whole =
        socks5->count > 4 && socks5->count == 5 + (size_t)socks5->octets[4] + PROXY_PORT_SIZE;
    return is_whole ? PARSE_DONE : PARSE_MORE;
}

/* version, code, reserved, kind of address, address, port */
static enum parse step_connect(struct proxy_socks5 *socks5, struct buf *out)
{
    (void)out;
    if (socks5->octets[0] != VERSION)
        return bad(socks5, PROXY_FAULT_ITSELF, "its answer to CONNECT cannot be read");
    if (socks5->count >= 2 && socks5->octets[1] != 0)
        return refuse(socks5, socks5->octets[1]);
    if (socks5->count < 4)
        return PARSE_MORE;
    switch (socks5->octets[3]) {
    case ADDRESS_IPV4:
        return end_with_ip(socks5, AF_INET, sizeof(struct in_addr));
    case ADDRESS_IPV6:
        return end_with_ip(socks5, AF_INET6, sizeof(struct in6_addr));
    case ADDRESS_NAME:
        return end_with_name(socks5);
    default:
        return bad(socks5, PROXY_FAULT_ITSELF, "its answer to CONNECT cannot be read");
    }
}

enum parse proxy_socks5_feed(struct proxy_socks5 *socks5, struct slice *in, struct buf *out)
{
    static enum parse (*const STEPS[])(struct proxy_socks5 *, struct buf *) = {
        [PROXY_SOCKS5_METHOD] = step_method,
        [PROXY_SOCKS5_LOGIN] = step_login,
        [PROXY_SOCKS5_CONNECT] = step_connect,
    };
    enum parse state = PARSE_MORE;

    while (in->len > 0 && state == PARSE_MORE) {
        ASSERT(socks5->count < sizeof socks5->octets);
        socks5->octets[socks5->count++] = (unsigned char)in->at[0];
        *in = slice_skip(*in, 1);
        state = STEPS[socks5->stage](socks5, out);
    }
    return state;
}
