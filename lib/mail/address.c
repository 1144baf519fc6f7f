/* SPDX-License-Identifier: Apache-2.0
 * Mailbox grammar, RFC 5321 4.1.2 with the floors of 4.5.3.1 as caps. Each take_ function cuts one
 * production off the front of a slice and leaves the slice alone when it does not match. */
#include "mail/address.h"

#include <arpa/inet.h>

#define LABEL_MAX   63
#define LITERAL_MAX 64

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* RFC 5322 3.2.3 */
static bool is_atext(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_8bit(char c)
{
    return (unsigned char)c >= 0x80;
}

static bool take_char(struct slice *rest, char c)
{
    if (rest->len == 0 || rest->at[0] != c)
        return false;
    *rest = slice_skip(*rest, 1);
    return true;
}

/* The first n bytes of *rest, cut off. */
static struct slice take(struct slice *rest, size_t n)
{
    struct slice head = slice_sub(*rest, 0, n);

    *rest = slice_skip(*rest, n);
    return head;
}

/* Dot-string = Atom *("." Atom) */
static size_t dot_string_length(struct slice s, bool utf8)
{
    size_t at = 0;
    bool after_atom = false;

    for (; at < s.len; at++) {
        if (s.at[at] == '.') {
            if (!after_atom)
                return 0;
            after_atom = false;
        } else if (is_atext(s.at[at]) || (utf8 && is_8bit(s.at[at]))) {
            after_atom = true;
        } else {
            break;
        }
    }
    return after_atom ? at : 0;
}

/* Quoted-string = DQUOTE *QcontentSMTP DQUOTE; quoted-pairSMTP = "\" %d32-126 */
static size_t quoted_string_length(struct slice s, bool utf8)
{
    for (size_t at = 1; at < s.len; at++) {
        if (s.at[at] == '"')
            return at + 1;
        if (s.at[at] == '\\' && ++at == s.len)
            return 0;
        bool is_printable = s.at[at] >= ' ' && s.at[at] <= '~';
        if (!is_printable && !(utf8 && is_8bit(s.at[at])))
            return 0;
    }
    return 0;
}

static bool is_label(struct slice label, bool utf8)
{
    if (label.len == 0 || label.len > LABEL_MAX)
        return false;
    if (label.at[0] == '-' || label.at[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        char c = label.at[i];
        if (!is_alnum(c) && c != '-' && c != '_' && !(utf8 && is_8bit(c)))
            return false;
    }
    return true;
}

/* Domain = sub-domain *("." sub-domain) */
static bool is_domain(struct slice domain, bool utf8)
{
    if (domain.len == 0 || domain.len > MAIL_DOMAIN_MAX || domain.at[domain.len - 1] == '.')
        return false;
    while (domain.len)
        if (!is_label(slice_cut(&domain, '.'), utf8))
            return false;
    return true;
}

/* address-literal = "[" ( IPv4-address-literal / "IPv6:" IPv6-addr ) "]". No general literal has
 * ever been registered: refused. */
static bool is_literal(struct slice literal)
{
    char text[LITERAL_MAX] = "";
    unsigned char address[16];
    struct slice inner = slice_sub(literal, 1, literal.len - 1);
    bool is_ipv6 = slice_starts_nocase(inner, SLICE("IPv6:"));

    if (is_ipv6)
        inner = slice_skip(inner, 5);
    if (inner.len == 0 || inner.len >= sizeof text || slice_find(inner, '\0') < inner.len)
        return false;
    memcpy(text, inner.at, inner.len);
    return inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text, address) == 1;
}

/* Length of the Domain or address-literal at the front, 0 when there is none. */
static size_t domain_length(struct slice s, bool utf8)
{
    size_t at = 0;

    if (s.len && s.at[0] == '[') {
        at = slice_find(s, ']') + 1;
        return at <= s.len && is_literal(slice_sub(s, 0, at)) ? at : 0;
    }
    while (at < s.len && strchr(">:, \t@", s.at[at]) == NULL)
        at++;
    return is_domain(slice_sub(s, 0, at), utf8) ? at : 0;
}

/* A-d-l = At-domain *( "," At-domain ), with its ":" */
static bool take_source_route(struct slice *rest, bool utf8, const char **ret_why)
{
    struct slice at = *rest;

    do {
        size_t length = take_char(&at, '@') ? domain_length(at, utf8) : 0;
        if (length == 0) {
            *ret_why = "the source route is malformed";
            return false;
        }
        at = slice_skip(at, length);
    } while (take_char(&at, ','));
    if (!take_char(&at, ':')) {
        *ret_why = "the source route has no end";
        return false;
    }
    *rest = at;
    return true;
}

static bool take_local(struct slice *rest, bool utf8, struct slice *ret_local, const char **ret_why)
{
    bool is_quoted = rest->len && rest->at[0] == '"';
    size_t length = is_quoted ? quoted_string_length(*rest, utf8) : dot_string_length(*rest, utf8);

    if (length == 0) {
        *ret_why = "the local part is malformed";
        return false;
    }
    if (length > MAIL_LOCAL_MAX) {
        *ret_why = "the local part is longer than 64 octets";
        return false;
    }
    *ret_local = take(rest, length);
    return true;
}

/* Mailbox = Local-part "@" ( Domain / address-literal ) */
static bool take_mailbox(struct slice *rest, bool utf8, struct mail_address *ret_address,
                         const char **ret_why)
{
    struct slice at = *rest, local;

    if (!take_local(&at, utf8, &local, ret_why))
        return false;
    if (!take_char(&at, '@')) {
        *ret_why = "the domain is missing";
        return false;
    }
    size_t length = domain_length(at, utf8);
    if (length == 0) {
        *ret_why = "the domain is malformed";
        return false;
    }
    struct slice domain = take(&at, length);
    struct slice text = slice_sub(*rest, 0, local.len + 1 + domain.len);
    if (text.len + 2 > MAIL_PATH_MAX) {
        *ret_why = "the address is longer than 254 octets";
        return false;
    }
    *ret_address = (struct mail_address){.text = text, .local = local, .domain = domain};
    *rest = at;
    return true;
}

static bool take_postmaster(struct slice *rest, struct mail_address *ret_address)
{
    struct slice name = SLICE("postmaster");

    if (!slice_starts_nocase(*rest, SLICE("postmaster>")))
        return false;
    name = take(rest, name.len);
    *ret_address = (struct mail_address){.text = name, .local = name, .domain = SLICE("")};
    return true;
}

bool mail_path_parse(struct slice *rest, bool allow_null, bool allow_postmaster, bool utf8,
                     struct mail_address *ret_address, const char **ret_why)
{
    struct slice at = *rest;
    struct mail_address address = {SLICE(""), SLICE(""), SLICE("")};

    if (!take_char(&at, '<')) {
        *ret_why = "the address is not in angle brackets";
        return false;
    }
    bool is_null = allow_null && at.len && at.at[0] == '>';
    if (!is_null && !(allow_postmaster && take_postmaster(&at, &address))) {
        if (at.len && at.at[0] == '@' && !take_source_route(&at, utf8, ret_why))
            return false;
        if (!take_mailbox(&at, utf8, &address, ret_why))
            return false;
    }
    if (!take_char(&at, '>')) {
        *ret_why = "the closing angle bracket is missing";
        return false;
    }
    *ret_address = address;
    *rest = at;
    return true;
}

bool mail_address_parse(struct slice text, bool utf8, struct mail_address *ret_address,
                        const char **ret_why)
{
    struct mail_address address;

    if (!take_mailbox(&text, utf8, &address, ret_why))
        return false;
    if (text.len) {
        *ret_why = "something follows the address";
        return false;
    }
    *ret_address = address;
    return true;
}

bool mail_domain_is_valid(struct slice domain)
{
    return is_domain(domain, false);
}

int mail_domain_check(const char *text, struct err *err)
{
    if (mail_domain_is_valid(slice_str(text)))
        return 0;
    return err_set(err, ERR_INVALID, "\"%s\" is no host name", text);
}
