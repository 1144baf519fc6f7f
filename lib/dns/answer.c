/* SPDX-License-Identifier: Apache-2.0
 * Results to answers: the status (RFC 2308, RFC 4035), MX rdata (RFC 1035 section 3.3.9, RFC 7505),
 * A and AAAA rdata. A record that is malformed is left out; when none is left, the answer is
 * temporary: nothing is concluded from garbage. */
#include "dns/answer.h"

#include <unbound.h>

#include "dns/name.h"

#define WHY_BOGUS_MAX 200

/* Of A and AAAA the stronger status counts: half an answer is one, a forged half spoils both. */
static int strength(enum dns_status status)
{
    static const int STRENGTH[] = {[DNS_NODATA] = 0,
                                   [DNS_NXDOMAIN] = 1,
                                   [DNS_TEMPORARY] = 2,
                                   [DNS_FOUND] = 3,
                                   [DNS_BOGUS] = 4};
    return STRENGTH[status];
}

static enum dns_status result_status(const struct ub_result *result)
{
    if (!result)
        return DNS_TEMPORARY;
    if (result->bogus)
        return DNS_BOGUS;
    if (result->havedata)
        return DNS_FOUND;
    if (result->nxdomain)
        return DNS_NXDOMAIN;
    return result->rcode == 0 ? DNS_NODATA : DNS_TEMPORARY;
}

/* The i-th record's rdata. */
static struct slice rdata(const struct ub_result *result, size_t i)
{
    return slice_of(result->data[i], result->len[i] > 0 ? (size_t)result->len[i] : 0);
}

static void add_mx(struct arena *arena, struct slice record, struct dns_answer *answer)
{
    struct dns_mx *mx = &answer->mx[answer->count];
    const unsigned char *octets = (const unsigned char *)record.at;

    if (record.len < 3 || !dns_name_from_wire(arena, slice_skip(record, 2), &mx->host))
        return;
    mx->preference = (uint16_t)(octets[0] << 8 | octets[1]);
    answer->count++;
}

static void add_address(struct slice record, struct dns_answer *answer)
{
    struct net_address *address = &answer->addresses[answer->count];

    if (record.len == sizeof address->v4.sin_addr) {
        address->v4.sin_family = AF_INET;
        memcpy(&address->v4.sin_addr, record.at, record.len);
        answer->count++;
    } else if (record.len == sizeof address->v6.sin6_addr) {
        address->v6.sin6_family = AF_INET6;
        memcpy(&address->v6.sin6_addr, record.at, record.len);
        answer->count++;
    }
}

static void add_records(struct arena *arena, const struct ub_result *result,
                        struct dns_answer *answer)
{
    for (size_t i = 0; result->data[i] && answer->count < DNS_MAX_RECORDS; i++) {
        if (result->qtype == DNS_TYPE_MX)
            add_mx(arena, rdata(result, i), answer);
        else
            add_address(rdata(result, i), answer);
    }
}

static const char *rcode_name(int rcode)
{
    static const char *const NAMES[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};

    return rcode >= 0 && rcode <= 5 ? NAMES[rcode] : "error";
}

static struct slice failure_text(struct arena *arena, struct slice name,
                                 const struct ub_result *result)
{
    if (!result)
        return arena_printf(arena, "the DNS lookup of %.*s was not answered in time",
                            SLICE_ARGS(name));
    if (result->havedata)
        return arena_printf(arena, "all DNS records of %.*s are malformed", SLICE_ARGS(name));
    return arena_printf(arena, "the DNS lookup of %.*s failed: %s", SLICE_ARGS(name),
                        rcode_name(result->rcode));
}

/* result: the one that decided the status. */
static struct slice detail_text(struct arena *arena, struct slice name, enum dns_status status,
                                const struct ub_result *result)
{
    switch (status) {
    case DNS_FOUND:
        return SLICE("found");
    case DNS_NODATA:
        return arena_printf(arena, "the domain %.*s has no %s", SLICE_ARGS(name),
                            result->qtype == DNS_TYPE_MX ? "MX record" : "address");
    case DNS_NXDOMAIN:
        return arena_printf(arena, "the domain %.*s does not exist", SLICE_ARGS(name));
    case DNS_BOGUS:
        return arena_printf(arena, "DNSSEC validation of %.*s failed: %.*s", SLICE_ARGS(name),
                            WHY_BOGUS_MAX, result->why_bogus ? result->why_bogus : "no reason");
    case DNS_TEMPORARY:
    default:
        return failure_text(arena, name, result);
    }
}

void answer_build(struct arena *arena, struct slice name, struct ub_result *const *results,
                  size_t count, struct dns_answer *ret_answer)
{
    struct dns_answer answer = {.status = DNS_NODATA, .is_secure = true};
    const struct ub_result *deciding = results[0];

    answer.mx = arena_alloc(arena, sizeof *answer.mx * DNS_MAX_RECORDS);
    answer.addresses = arena_alloc(arena, sizeof *answer.addresses * DNS_MAX_RECORDS);
    for (size_t i = 0; i < count; i++) {
        enum dns_status status = result_status(results[i]);
        answer.is_secure = answer.is_secure && results[i] && results[i]->secure;
        if (strength(status) >= strength(answer.status)) {
            answer.status = status;
            deciding = results[i];
        }
        if (status == DNS_FOUND)
            add_records(arena, results[i], &answer);
    }
    if (answer.status == DNS_FOUND && answer.count == 0)
        answer.status = DNS_TEMPORARY;
    if (answer.status == DNS_BOGUS)
        answer.count = 0;
    answer.detail = detail_text(arena, name, answer.status, deciding).at;
    *ret_answer = answer;
}
