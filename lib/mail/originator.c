/* SPDX-License-Identifier: Apache-2.0
 * One pass over the tokens of an address-list (RFC 5322 3.4), up to the end of its first address.
 * What stands in angle brackets counts more than what stands before them. */
#include "mail/originator.h"

struct scan {
    struct slice rest;
    char *domain; /* of the address so far: its first `length` octets */
    size_t length;
    unsigned ats;
    bool is_too_long;
};

static char front(const struct scan *scan)
{
    return scan->rest.len ? scan->rest.at[0] : '\0';
}

static void skip(struct scan *scan, size_t n)
{
    scan->rest = slice_skip(scan->rest, n);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* quoted-string and domain-literal: up to the closing character, quoted pairs taken as pairs. */
static void skip_until(struct scan *scan, char close)
{
    skip(scan, 1);
    while (scan->rest.len && front(scan) != close)
        skip(scan, front(scan) == '\\' ? 2 : 1);
    skip(scan, 1);
}

/* Comments nest. */
static void skip_comment(struct scan *scan)
{
    size_t depth = 0;

    do {
        char c = front(scan);
        if (c == '(')
            depth++;
        else if (c == ')')
            depth--;
        skip(scan, c == '\\' ? 2 : 1);
    } while (scan->rest.len && depth > 0);
}

static void skip_blanks(struct scan *scan)
{
    while (scan->rest.len && (is_blank(front(scan)) || front(scan) == '('))
        if (front(scan) == '(')
            skip_comment(scan);
        else
            skip(scan, 1);
}

static bool is_special(char c)
{
    return c != '\0' && strchr("()<>[]:;@\\,\"", c) != NULL;
}

static void forget(struct scan *scan)
{
    scan->length = 0;
    scan->ats = 0;
    scan->is_too_long = false;
}

static void add_to_domain(struct scan *scan, char c)
{
    if (scan->length == MAIL_DOMAIN_MAX)
        scan->is_too_long = true;
    else
        scan->domain[scan->length++] = c;
}

/* Behind the "@": atoms and dots; blanks and comments may stand round a dot only (4.4). */
static void take_domain(struct scan *scan)
{
    bool after_gap = false, after_dot = true;

    skip_blanks(scan);
    while (scan->rest.len && !is_special(front(scan))) {
        char c = front(scan);
        if (after_gap && !after_dot && c != '.')
            return;
        add_to_domain(scan, c);
        after_dot = c == '.';
        skip(scan, 1);
        size_t left = scan->rest.len;
        skip_blanks(scan);
        after_gap = scan->rest.len < left;
    }
}

static void take_at(struct scan *scan)
{
    skip(scan, 1);
    if (scan->ats++ == 0)
        take_domain(scan);
}

/* One token of a mailbox; false at the end of an address. A ":" ends the name of a group or a
 * source route. */
static bool take_token(struct scan *scan)
{
    switch (front(scan)) {
    case '(':
        skip_comment(scan);
        return true;
    case '"':
        skip_until(scan, '"');
        return true;
    case '[':
        skip_until(scan, ']');
        return true;
    case '@':
        take_at(scan);
        return true;
    case '<':
    case ':':
        forget(scan);
        break;
    case '>':
        return false;
    case '\\':
        skip(scan, 1);
        break;
    default:
        break;
    }
    skip(scan, 1);
    return true;
}

/* Inside angle brackets a comma belongs to a source route. */
static void take_address(struct scan *scan)
{
    bool is_in_angle = false;

    forget(scan);
    while (scan->rest.len) {
        char c = front(scan);
        if (!is_in_angle && (c == ',' || c == ';')) {
            skip(scan, 1);
            return;
        }
        is_in_angle = is_in_angle || c == '<';
        if (!take_token(scan))
            return;
    }
}

struct slice originator_domain(struct slice from, char room[MAIL_DOMAIN_MAX])
{
    struct scan scan = {.rest = from, .domain = room};

    /* Members of a list may be empty (4.4), and so may a group. */
    do
        take_address(&scan);
    while (scan.ats == 0 && scan.rest.len && front(&scan) != '>');
    struct slice domain = slice_of(room, scan.length);
    if (scan.ats != 1 || scan.is_too_long || !mail_domain_is_valid(domain))
        return SLICE_NONE;
    return domain;
}
