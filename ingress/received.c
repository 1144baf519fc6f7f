/* SPDX-License-Identifier: Apache-2.0
 * Trace fields. The client's name is whatever it claimed: never let it shape the header. */
#include "ingress/received.h"

#include <inttypes.h>

#include "base/hash.h"
#include "mail/date.h"
#include "mail/header.h"

#define NAME_MAX_BYTES 255
#define IPV6_TAG       "IPv6:"

static bool is_name_octet(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

/* An address literal, or digits and dots only, would give the client's address away (S9). */
static bool looks_like_address(struct slice helo)
{
    bool has_letter = false;

    if (slice_find(helo, '[') < helo.len || slice_find(helo, ':') < helo.len)
        return true;
    for (size_t i = 0; i < helo.len; i++)
        if (!(helo.at[i] >= '0' && helo.at[i] <= '9') && helo.at[i] != '.')
            has_letter = true;
    return !has_letter;
}

static void add_name(struct buf *trace, struct slice helo)
{
    size_t before = trace->len;

    for (size_t i = 0; i < helo.len && trace->len - before < NAME_MAX_BYTES; i++)
        if (is_name_octet(helo.at[i]))
            buf_add_char(trace, helo.at[i]);
    if (trace->len == before)
        buf_add(trace, SLICE("unknown"));
}

static void add_date(struct buf *trace, const struct received_hop *hop)
{
    buf_add(trace, SLICE(";\r\n "));
    date_add(trace, hop->now_ms, hop->zone_minutes);
    buf_add(trace, SLICE("\r\n"));
}

static void add_abbreviated(struct buf *trace, const struct received_hop *hop)
{
    buf_add(trace, SLICE("Received: from "));
    add_name(trace, looks_like_address(hop->helo) ? SLICE_NONE : hop->helo);
    buf_add(trace, SLICE(" by "));
    buf_add_str(trace, hop->hostname);
    add_date(trace, hop);
}

/* address-literal (RFC 5321 4.1.3) */
static void add_literal(struct buf *trace, const struct net_address *address)
{
    char text[NET_ADDRESS_TEXT];
    struct slice ip = slice_str(net_address_ip(address, text));

    buf_add(trace, slice_find(ip, ':') < ip.len ? SLICE("[" IPV6_TAG) : SLICE("["));
    buf_add(trace, ip);
    buf_add_char(trace, ']');
}

static bool parse_literal(struct slice helo, struct net_address *ret_address)
{
    struct err err;

    if (helo.len < 2 || helo.at[0] != '[' || helo.at[helo.len - 1] != ']')
        return false;
    helo = slice_sub(helo, 1, helo.len - 1);
    if (slice_starts_nocase(helo, SLICE(IPV6_TAG)))
        helo = slice_skip(helo, sizeof IPV6_TAG - 1);
    return net_address_parse(helo, 0, ret_address, &err) == 0;
}

/* "unknown" is what other relays write for a reverse name they did not look up. We never do: a slow
 * answer would stall intake. */
static void add_normal(struct buf *trace, const struct received_hop *hop)
{
    struct net_address literal;

    buf_add(trace, SLICE("Received: from "));
    if (parse_literal(hop->helo, &literal))
        add_literal(trace, &literal);
    else
        add_name(trace, hop->helo);
    buf_add(trace, SLICE(" (unknown "));
    add_literal(trace, hop->client);
    buf_add(trace, SLICE(")\r\n by "));
    buf_add_str(trace, hop->hostname);
    buf_add(trace, SLICE(" ("));
    buf_add_str(trace, hop->hostname);
    buf_add_char(trace, ' ');
    add_literal(trace, hop->local);
    buf_add_char(trace, ')');
    add_date(trace, hop);
}

/* Opaque, and the same for all nodes of a name: tells nobody else who we are. */
static void add_loop_token(struct buf *trace, const struct received_hop *hop)
{
    buf_addf(trace, RECEIVED_LOOP_FIELD ": %016" PRIx64 "\r\n",
             hash_bytes(slice_str(hop->hostname)));
}

/* ---- the modes ---- */

static const struct mode {
    void (*add)(struct buf *, const struct received_hop *);
    bool is_stripping;
} MODES[RECEIVED_MODES] = {
    [RECEIVED_ABBREVIATED] = {add_abbreviated, false},
    [RECEIVED_NORMAL] = {add_normal, false},
    [RECEIVED_NONE] = {add_loop_token, false},
    [RECEIVED_REMOVE_ALL] = {add_loop_token, true},
};

void received_apply(struct buf *trace, enum received_mode mode, const struct received_hop *hop)
{
    MODES[mode].add(trace, hop);
}

static bool is_received(const struct header_field *field)
{
    return slice_eq_nocase(field->name, SLICE("received"));
}

size_t received_hops(struct slice header)
{
    struct header_field field;
    size_t count = 0;

    while (header_next(&header, &field))
        count += is_received(&field) || slice_eq_nocase(field.name, SLICE(RECEIVED_LOOP_FIELD));
    return count;
}

/* Nothing moves before the first field that goes. */
static size_t keep(struct buf *mail, size_t kept, struct slice part)
{
    if (part.len && part.at != mail->at + kept)
        memmove(mail->at + kept, part.at, part.len);
    return kept + part.len;
}

size_t received_strip(struct buf *mail, enum received_mode mode)
{
    struct slice rest = buf_slice(mail);
    struct header_field field;
    size_t kept = 0, before = mail->len;

    if (!MODES[mode].is_stripping)
        return 0;
    while (header_next(&rest, &field))
        if (!is_received(&field))
            kept = keep(mail, kept, field.whole);
    mail->len = keep(mail, kept, rest);
    return before - mail->len;
}
