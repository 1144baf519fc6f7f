/* SPDX-License-Identifier: Apache-2.0
 * The truth table, in its order (docs/bounces.md). */
#include "profile/forward.h"

#define PORT_WITHOUT_AUTHENTICATION 25

static const char *const NAMES[] = {
    [FORWARD_YES] = "yes",
    [FORWARD_OFF] = "off",
    [FORWARD_NOT_REWRITTEN] = "not_rewritten",
    [FORWARD_NULL_SENDER] = "null_sender",
    [FORWARD_SAME] = "same",
    [FORWARD_PORT25] = "port25",
    [FORWARD_OWN_DOMAIN] = "own_domain",
};

const char *forward_verdict_name(enum forward_verdict verdict)
{
    return NAMES[verdict];
}

static struct slice domain_of(struct slice address)
{
    return slice_skip(address, slice_rfind(address, '@') + 1);
}

/* RFC 5321 2.4: the domain in any letter case, the local part exactly. */
static bool is_same(struct slice a, struct slice b)
{
    struct slice domain = domain_of(a);

    return slice_eq_nocase(domain, domain_of(b)) &&
           slice_eq(slice_sub(a, 0, a.len - domain.len), slice_sub(b, 0, b.len - domain.len));
}

static bool is_own(const struct forward_settings *settings, struct slice domain)
{
    for (const char *const *own = settings->own_domains; *own; own++)
        if (slice_eq_nocase(slice_str(*own), domain))
            return true;
    return false;
}

enum forward_verdict forward_decide(const struct forward_settings *settings,
                                    const struct forward_mail *mail)
{
    if (!settings->is_on)
        return FORWARD_OFF;
    if (!mail->is_rewritten)
        return FORWARD_NOT_REWRITTEN;
    if (domain_of(mail->original_from).len == 0)
        return FORWARD_NULL_SENDER;
    if (is_same(mail->from, mail->original_from))
        return FORWARD_SAME;
    if (mail->public_port == PORT_WITHOUT_AUTHENTICATION)
        return FORWARD_PORT25;
    if (is_own(settings, domain_of(mail->from)) || is_own(settings, domain_of(mail->original_from)))
        return FORWARD_OWN_DOMAIN;
    return FORWARD_YES;
}
