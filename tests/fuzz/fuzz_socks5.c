/* SPDX-License-Identifier: Apache-2.0
 * A SOCKS5 proxy that answers anything: the same whole and in pieces, bounded, never an octet
 * further than its last answer, and nothing said to it that was not asked for. First octet: the
 * size of the pieces; second: whether there is a login. */
#include "fuzz/fuzz.h"
#include "proxy/socks5.h"

#define SAID_MAX (3 + 3 + 2 * PROXY_LOGIN_MAX + 22)

struct outcome {
    enum parse state;
    size_t taken;
    struct proxy_socks5 socks5;
    struct buf said;
};

static struct outcome converse(struct slice bytes, size_t step, struct slice login)
{
    struct outcome outcome = {.state = PARSE_MORE,
                              .socks5 = {.target = {.v4 = {.sin_family = AF_INET}},
                                         .username = login,
                                         .password = login}};

    proxy_socks5_start(&outcome.socks5, &outcome.said);
    while (outcome.taken < bytes.len && outcome.state == PARSE_MORE) {
        struct slice in = slice_sub(bytes, outcome.taken, outcome.taken + step);
        size_t given = in.len;
        outcome.state = proxy_socks5_feed(&outcome.socks5, &in, &outcome.said);
        outcome.taken += given - in.len;
    }
    ASSERT((outcome.state == PARSE_BAD) == (outcome.socks5.why != NULL));
    ASSERT((outcome.state == PARSE_BAD) == (outcome.socks5.fault != PROXY_FAULT_NONE));
    ASSERT(outcome.state != PARSE_DONE || outcome.socks5.stage == PROXY_SOCKS5_CONNECT);
    ASSERT(outcome.taken <= 2 + 2 + PROXY_SOCKS5_MAX && outcome.said.len <= SAID_MAX);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct slice bytes = slice_of(data + 2, size - 2);
    struct slice login = data[1] & 1 ? SLICE("login") : SLICE_NONE;
    struct outcome whole = converse(bytes, size, login);
    struct outcome pieces = converse(bytes, data[0] ? data[0] : 1, login);
    ASSERT(whole.state == pieces.state && whole.taken == pieces.taken);
    ASSERT(slice_eq(buf_slice(&whole.said), buf_slice(&pieces.said)));
    ASSERT(whole.socks5.bound.any.sa_family == pieces.socks5.bound.any.sa_family);
    buf_free(&whole.said);
    buf_free(&pieces.said);
    return 0;
}
