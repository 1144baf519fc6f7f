/* SPDX-License-Identifier: Apache-2.0
 * One table per command: keyword, which extension it needs, and how the value is taken. */
#include "smtp/params.h"

#include "smtp/server_replies.h"

#define SEEN_MAX 8 /* parameters in one table */

struct target {
    struct smtp_from *from;
    struct smtp_rcpt *rcpt;
};

struct param {
    struct slice keyword;
    unsigned needs; /* SMTP_OFFER bits */
    bool (*take)(struct target target, struct slice value);
};

struct table {
    const struct param *params;
    size_t count;
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* hexchar = "+" 2( "0".."9" / "A".."F" ) */
static bool is_hexchar(struct slice text, size_t at)
{
    return text.len - at >= 3 && hex_value(text.at[at + 1]) >= 0 && hex_value(text.at[at + 2]) >= 0;
}

bool smtp_xtext_is_valid(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '!' || text.at[i] > '~' || text.at[i] == '=')
            return false;
        if (text.at[i] != '+')
            continue;
        if (!is_hexchar(text, i))
            return false;
        i += 2;
    }
    return text.len > 0;
}

void smtp_xtext_encode(struct buf *out, struct slice octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        char c = octets.at[i];
        if (c < '!' || c > '~' || c == '+' || c == '=')
            buf_addf(out, "+%02X", (unsigned)(unsigned char)c);
        else
            buf_add_char(out, c);
    }
}

void smtp_xtext_decode(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '+' && is_hexchar(text, i)) {
            buf_add_char(out, (char)(hex_value(text.at[i + 1]) * 16 + hex_value(text.at[i + 2])));
            i += 2;
        } else {
            buf_add_char(out, text.at[i]);
        }
    }
}

bool smtp_orcpt_is_valid(struct slice text)
{
    struct slice address = text;
    struct slice type = slice_cut(&address, ';');

    /* The type is an RFC 822 atom; what xtext allows but for specials is close enough to carry. */
    for (size_t i = 0; i < type.len; i++)
        if (type.at[i] <= ' ' || type.at[i] > '~' || strchr("()<>@,;:\\\".[]+=", type.at[i]))
            return false;
    return text.len <= SMTP_ORCPT_MAX && type.len && smtp_xtext_is_valid(address);
}

/* size-value = 1*20DIGIT */
static bool take_size(struct target target, struct slice value)
{
    return value.len <= 20 && slice_to_u64(value, UINT64_MAX, &target.from->size_bytes);
}

static bool take_body(struct target target, struct slice value)
{
    if (slice_eq_nocase(value, SLICE("8BITMIME")))
        target.from->body = SMTP_BODY_8BITMIME;
    else if (slice_eq_nocase(value, SLICE("7BIT")))
        target.from->body = SMTP_BODY_7BIT;
    else
        return false;
    return true;
}

static bool take_ret(struct target target, struct slice value)
{
    if (slice_eq_nocase(value, SLICE("FULL")))
        target.from->ret = SMTP_RET_FULL;
    else if (slice_eq_nocase(value, SLICE("HDRS")))
        target.from->ret = SMTP_RET_HDRS;
    else
        return false;
    return true;
}

static bool take_envid(struct target target, struct slice value)
{
    target.from->envid = value;
    return value.len <= SMTP_ENVID_MAX && smtp_xtext_is_valid(value);
}

/* Who wrote the mail first (RFC 4954 5), as xtext or "<>". Nobody we would pass it on to is trusted
 * with it. */
static bool take_auth(struct target target, struct slice value)
{
    (void)target;
    return value.len <= SMTP_AUTH_PARAM_MAX && smtp_xtext_is_valid(value);
}

static const struct {
    struct slice name;
    enum smtp_notify bit;
} NOTIFY[] = {
    {{"NEVER", 5}, SMTP_NOTIFY_NEVER},
    {{"SUCCESS", 7}, SMTP_NOTIFY_SUCCESS},
    {{"FAILURE", 7}, SMTP_NOTIFY_FAILURE},
    {{"DELAY", 5}, SMTP_NOTIFY_DELAY},
};
#define NOTIFY_COUNT (sizeof NOTIFY / sizeof *NOTIFY)

/* notify-esmtp-value = "NEVER" / ( notify-list-element *( "," notify-list-element ) ) */
static bool take_notify(struct target target, struct slice value)
{
    unsigned bits = 0;

    if (value.len == 0 || value.at[value.len - 1] == ',')
        return false;
    while (value.len) {
        struct slice word = slice_cut(&value, ',');
        size_t i = 0;
        while (i < NOTIFY_COUNT && !slice_eq_nocase(word, NOTIFY[i].name))
            i++;
        if (i == NOTIFY_COUNT)
            return false;
        bits |= NOTIFY[i].bit;
    }
    target.rcpt->notify = bits;
    return !(bits & SMTP_NOTIFY_NEVER) || bits == SMTP_NOTIFY_NEVER;
}

void smtp_notify_add(struct buf *out, unsigned notify)
{
    bool is_first = true;

    for (size_t i = 0; i < NOTIFY_COUNT; i++) {
        if (!(notify & NOTIFY[i].bit))
            continue;
        if (!is_first)
            buf_add_char(out, ',');
        buf_add(out, NOTIFY[i].name);
        is_first = false;
    }
}

static bool take_orcpt(struct target target, struct slice value)
{
    target.rcpt->orcpt = value;
    return smtp_orcpt_is_valid(value);
}

static const struct param MAIL_PARAMS[] = {
    {{"SIZE", 4}, 0, take_size},
    {{"BODY", 4}, 0, take_body},
    {{"RET", 3}, SMTP_OFFER_DSN, take_ret},
    {{"ENVID", 5}, SMTP_OFFER_DSN, take_envid},
    {{"AUTH", 4}, SMTP_OFFER_AUTH, take_auth},
};
static const struct param RCPT_PARAMS[] = {
    {{"NOTIFY", 6}, SMTP_OFFER_DSN, take_notify},
    {{"ORCPT", 5}, SMTP_OFFER_DSN, take_orcpt},
};
_Static_assert(sizeof MAIL_PARAMS / sizeof *MAIL_PARAMS <= SEEN_MAX, "seen[] is too small");

/* esmtp-param = esmtp-keyword [ "=" esmtp-value ]; every parameter known here has a value. */
static enum server_reply take_param(const struct table *table, struct slice param, unsigned offered,
                                    struct target target, bool seen[SEEN_MAX])
{
    struct slice value = param;
    struct slice keyword = slice_cut(&value, '=');
    size_t i = 0;

    while (i < table->count && !slice_eq_nocase(keyword, table->params[i].keyword))
        i++;
    if (i == table->count || (table->params[i].needs & ~offered) != 0)
        return SERVER_REPLY_PARAM_UNKNOWN;
    if (seen[i])
        return SERVER_REPLY_PARAM_TWICE;
    seen[i] = true;
    return table->params[i].take(target, value) ? SERVER_REPLY_NONE : SERVER_REPLY_PARAM_BAD;
}

static struct smtp_reply take_params(const struct table *table, struct slice text, unsigned offered,
                                     struct target target)
{
    bool seen[SEEN_MAX] = {false};
    enum server_reply refusal = SERVER_REPLY_NONE;

    while (refusal == SERVER_REPLY_NONE && (text = slice_trim(text)).len)
        refusal = take_param(table, slice_cut(&text, ' '), offered, target, seen);
    return server_reply_of(refusal);
}

struct smtp_reply smtp_params_mail(struct slice text, unsigned offered, struct smtp_from *from)
{
    const struct table table = {MAIL_PARAMS, sizeof MAIL_PARAMS / sizeof *MAIL_PARAMS};
    struct smtp_from taken = *from;
    struct smtp_reply refusal = take_params(&table, text, offered, (struct target){.from = &taken});

    if (refusal.code == 0)
        *from = taken;
    return refusal;
}

struct smtp_reply smtp_params_rcpt(struct slice text, unsigned offered, struct smtp_rcpt *rcpt)
{
    const struct table table = {RCPT_PARAMS, sizeof RCPT_PARAMS / sizeof *RCPT_PARAMS};
    struct smtp_rcpt taken = *rcpt;
    struct smtp_reply refusal = take_params(&table, text, offered, (struct target){.rcpt = &taken});

    if (refusal.code == 0)
        *rcpt = taken;
    return refusal;
}
