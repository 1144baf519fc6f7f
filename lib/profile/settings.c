/* SPDX-License-Identifier: Apache-2.0
 * The settings tables of the envelope From (requirements S29..S40), with every rule about them. */
#include "profile/settings.h"

#include "base/assert.h"
#include "mail/address.h"

#define ADDRESS_MAX (MAIL_PATH_MAX - 2)

struct envelope_from_values {
    const char *rewrite;
    bool forward_bounces;
    const char *const *bounce_receive_domains;
};

struct sending_domain_values {
    const char *domain, *rewrite;
};

static int check_rewrite(const char *value, struct err *err)
{
    struct rewrite_rule rule;
    return rewrite_rule_parse(slice_str(value), &rule, err);
}

static int check_domain(const char *value, struct err *err)
{
    if (mail_domain_is_valid(slice_str(value)))
        return 0;
    return err_set(err, ERR_INVALID,
                   "\"%s\" is no domain; allowed: labels of letters, digits and hyphens with dots "
                   "between them, without an @",
                   value);
}

static struct rewrite_rule rule_of(const char *text)
{
    struct rewrite_rule rule = {REWRITE_NONE, SLICE_NONE};
    struct err err;
    int rc = rewrite_rule_parse(slice_str(text), &rule, &err);

    ASSERT(rc == 0); /* the settings check has passed it */
    return rule;
}

/* ---- sending_domains ---- */

#define AT(member) .offset = CONF_AT(struct sending_domain_values, member)
static const struct conf_setting SENDING_DOMAINS[] = {
    {.name = "domain",
     .type = CONF_STRING,
     AT(domain),
     .min = 1,
     .max = MAIL_DOMAIN_MAX,
     .unit = "",
     .check = check_domain,
     .help = "The domain of the header's From field, or where that is none of the list, of the "
             "envelope From. Exactly this domain, in any letter case."},
    {.name = "rewrite",
     .type = CONF_STRING,
     AT(rewrite),
     .fallback = "none",
     .max = ADDRESS_MAX,
     .unit = "",
     .check = check_rewrite,
     .help = "As envelope_from.rewrite, for mail of this domain; it wins over that one. none: what "
             "envelope_from.rewrite says."},
};
#undef AT

static const char *domain_at(const struct conf *conf, size_t i)
{
    const struct sending_domain_values *values = conf_element(conf, &SENDING_DOMAINS_SECTION, i);
    return values->domain;
}

static int check_once(const struct conf *conf, size_t i, struct err *err)
{
    for (size_t j = 0; j < i; j++)
        if (slice_eq_nocase(slice_str(domain_at(conf, i)), slice_str(domain_at(conf, j))))
            return err_set(err, ERR_INVALID,
                           "domain \"%s\" is there twice; allowed: one entry for a domain",
                           domain_at(conf, i));
    return 0;
}

const struct conf_section SENDING_DOMAINS_SECTION = {
    .name = "sending_domains",
    .help = "Domains that mail is sent for, where they differ from the rest.",
    .settings = SENDING_DOMAINS,
    .count = sizeof SENDING_DOMAINS / sizeof *SENDING_DOMAINS,
    .size = sizeof(struct sending_domain_values),
    .is_list = true,
    .check_among = check_once,
};

struct rewrite_rules settings_rewrite_rules(const struct conf *conf, struct arena *arena)
{
    const struct envelope_from_values *values = conf_values(conf, &ENVELOPE_FROM_SECTION);
    size_t count = conf_count(conf, &SENDING_DOMAINS_SECTION);
    struct rewrite_domain *domains = arena_alloc(arena, count * sizeof *domains);

    for (size_t i = 0; i < count; i++) {
        const struct sending_domain_values *sending =
            conf_element(conf, &SENDING_DOMAINS_SECTION, i);
        domains[i] = (struct rewrite_domain){.domain = slice_str(sending->domain),
                                             .rule = rule_of(sending->rewrite)};
    }
    return (struct rewrite_rules){
        .advanced = rule_of(values->rewrite), .domains = domains, .domain_count = count};
}

/* ---- envelope_from ---- */

#define AT(member) .offset = CONF_AT(struct envelope_from_values, member)
static const struct conf_setting ENVELOPE_FROM[] = {
    {.name = "bounce_receive_domains",
     .type = CONF_STRINGS,
     AT(bounce_receive_domains),
     .fallback = "[]",
     .unit = "",
     .check = check_domain,
     .help = "Domains whose bounces are received by us. A bounce is not forwarded where the "
             "original or the rewritten address is in one of them."},
    {.name = "forward_bounces",
     .type = CONF_BOOL,
     AT(forward_bounces),
     .fallback = "false",
     .unit = "",
     .help = "Bounces of mail that was rewritten also go to the original envelope From, unless it "
             "was submitted on port 25."},
    {.name = "rewrite",
     .type = CONF_STRING,
     AT(rewrite),
     .fallback = "none",
     .max = ADDRESS_MAX,
     .unit = "",
     .check = check_rewrite,
     .help = "What becomes of the envelope From, where bounces go: none (left as submitted), "
             "account@domain (all bounces to one address) or @domain (the local part is kept). The "
             "header stays as it is."},
};
#undef AT

static int check_forwarding(const struct conf *conf, size_t i, struct err *err)
{
    const struct envelope_from_values *values = conf_values(conf, &ENVELOPE_FROM_SECTION);
    struct arena *arena = arena_new(1024);
    const struct rewrite_rules rules = settings_rewrite_rules(conf, arena);
    bool is_off = rewrite_is_off(&rules);

    (void)i;
    arena_free(&arena);
    if (!values->forward_bounces || !is_off)
        return 0;
    return err_set(err, ERR_INVALID,
                   "forward_bounces is true, but neither envelope_from.rewrite nor the rewrite of "
                   "any of sending_domains is set: a bounce goes to the original sender anyway; "
                   "allowed: a rewrite rule in one of them, or forward_bounces = false");
}

const struct conf_section ENVELOPE_FROM_SECTION = {
    .name = "envelope_from",
    .help = "The envelope From of outgoing mail, and who gets its bounces.",
    .settings = ENVELOPE_FROM,
    .count = sizeof ENVELOPE_FROM / sizeof *ENVELOPE_FROM,
    .size = sizeof(struct envelope_from_values),
    .check_among = check_forwarding,
};

struct forward_settings settings_forward(const struct conf *conf)
{
    const struct envelope_from_values *values = conf_values(conf, &ENVELOPE_FROM_SECTION);

    return (struct forward_settings){.is_on = values->forward_bounces,
                                     .own_domains = values->bounce_receive_domains};
}
