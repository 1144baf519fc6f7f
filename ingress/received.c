/* SPDX-License-Identifier: Apache-2.0
 * Trace fields. The client's name is whatever it claimed: never let it shape the header. */
#include "ingress/received.h"

#include "mail/date.h"

#define NAME_MAX_BYTES 255

const char *const RECEIVED_MODE_NAMES[] = {"abbreviated", NULL};

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

    if (looks_like_address(helo)) {
        buf_add(trace, SLICE("unknown"));
        return;
    }
    for (size_t i = 0; i < helo.len && trace->len - before < NAME_MAX_BYTES; i++)
        if (is_name_octet(helo.at[i]))
            buf_add_char(trace, helo.at[i]);
    if (trace->len == before)
        buf_add(trace, SLICE("unknown"));
}

static void add_abbreviated(struct buf *trace, const struct received_hop *hop)
{
    buf_add(trace, SLICE("Received: from "));
    add_name(trace, hop->helo);
    buf_add(trace, SLICE(" by "));
    buf_add_str(trace, hop->hostname);
    buf_add(trace, SLICE(";\r\n "));
    date_add(trace, hop->now_ms, hop->zone_minutes);
    buf_add(trace, SLICE("\r\n"));
}

static void (*const ADD[RECEIVED_MODES])(struct buf *, const struct received_hop *) = {
    [RECEIVED_ABBREVIATED] = add_abbreviated,
};

void received_apply(struct buf *trace, enum received_mode mode, const struct received_hop *hop)
{
    ADD[mode](trace, hop);
}
