/* SPDX-License-Identifier: Apache-2.0
 * DNS lookups through libunbound: MX, A and AAAA with the DNSSEC verdict. Answers are hostile:
 * names are checked and bounded (at most DNS_MAX_RECORDS records, CNAMEs followed by libunbound).
 * Single-flight and caching are libunbound's. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/net_address.h"
#include "net/loop.h"

#define DNS_MAX_RECORDS 100

struct resolver;

enum dns_status {
    DNS_FOUND,
    DNS_NODATA,    /* the name exists, the type does not */
    DNS_NXDOMAIN,  /* the name does not exist: permanent */
    DNS_TEMPORARY, /* SERVFAIL, timeout, lame: retry */
    DNS_BOGUS,     /* DNSSEC validation failed: retry, never trust */
};

struct dns_mx {
    uint16_t preference;
    struct slice host; /* lower case, no trailing dot; "" is the null MX (RFC 7505) */
};

struct dns_answer {
    enum dns_status status;
    bool is_secure;     /* validated by DNSSEC */
    const char *detail; /* a sentence for the log and the report; never NULL */
    size_t count;
    struct dns_mx *mx;             /* MX lookups, unsorted */
    struct net_address *addresses; /* host lookups, port 0: AAAA after A */
};

struct dns_settings {
    const char *const *forwarders; /* "ip@port", NULL-terminated; empty: full recursion */
    /* "zone ip@port": ask this server for that zone, NULL-terminated. For tests and split DNS. */
    const char *const *stub_zones;
    const char *trust_anchor_file; /* NULL: no DNSSEC validation */
    uint64_t timeout_ms;           /* per lookup, our own deadline: DNS_TEMPORARY after it */
};

/* Owned by the caller, zero-initialised, alive until on_answer or dns_cancel. */
struct dns_lookup {
    void (*on_answer)(void *owner, const struct dns_answer *answer); /* valid during the call */
    void *owner;
    struct dns_query *query; /* the resolver's */
};

MUST_CHECK int resolver_new(struct loop *loop, const struct dns_settings *settings,
                            struct resolver **ret_resolver, struct err *err);
/* Outstanding lookups are cancelled silently. */
void resolver_free(struct resolver **resolver);
/* on_answer exactly once, never from inside. name: a domain name without a trailing dot; one that
 * is not well-formed answers DNS_NXDOMAIN. */
void dns_find_mx(struct resolver *resolver, struct slice name, struct dns_lookup *lookup);
void dns_find_addresses(struct resolver *resolver, struct slice host, struct dns_lookup *lookup);
/* on_answer will not be called any more. No-op when it was. */
void dns_cancel(struct resolver *resolver, struct dns_lookup *lookup);
