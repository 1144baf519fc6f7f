/* SPDX-License-Identifier: Apache-2.0
 * The settings tables of domains (requirements S30, S33, S40). */
#include "profile/domains.h"

#include "mail/address.h"

#define ADDRESS_MAX (MAIL_PATH_MAX - 2)

struct sending_domain_values {
    const char *domain, *rewrite;
};

struct bounces_values {
    const char *const *receive_domains;
};

static int check_domain(const char *value, struct err *err)
{
    if (mail_domain_is_valid(slice_str(value)))
        return 0;
    return err_set(err, ERR_INVALID,
                   "\"%s\" is no domain; allowed: labels of letters, digits and hyphens with dots "
                   "between them, without an @",
                   value);
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
     .check = rewrite_rule_check,
     .help = "As envelope_from.rewrite of a configuration, for mail of this domain; it wins over "
             "that one. none: what envelope_from.rewrite says."},
};
#undef AT

static const struct sending_domain_values *values_at(const struct conf *conf, size_t i)
{
    return conf_element(conf, &SENDING_DOMAINS_SECTION, i);
}

static int check_once(const struct conf *conf, size_t i, struct err *err)
{
    const char *domain = values_at(conf, i)->domain;

    for (size_t j = 0; j < i; j++)
        if (slice_eq_nocase(slice_str(domain), slice_str(values_at(conf, j)->domain)))
            return err_set(err, ERR_INVALID,
                           "domain \"%s\" is there twice; allowed: one entry for a domain", domain);
    return 0;
}

const struct conf_section SENDING_DOMAINS_SECTION = {
    .name = "sending_domains",
    .help = "Domains that mail is sent for, where they differ from the rest.",
    .settings = SENDING_DOMAINS,
    .count = sizeof SENDING_DOMAINS / sizeof *SENDING_DOMAINS,
    .size = sizeof(struct sending_domain_values),
    .is_list = true,
    .key = "domain",
    .is_live = true,
    .check_among = check_once,
};

const struct rewrite_domain *sending_domains_read(const struct conf *conf, struct arena *arena,
                                                  size_t *ret_count)
{
    size_t count = conf_count(conf, &SENDING_DOMAINS_SECTION);
    struct rewrite_domain *domains = arena_alloc(arena, count * sizeof *domains);

    for (size_t i = 0; i < count; i++) {
        const struct sending_domain_values *values = values_at(conf, i);
        struct slice rule = arena_copy(arena, slice_str(values->rewrite));
        domains[i] = (struct rewrite_domain){.domain = arena_copy(arena, slice_str(values->domain)),
                                             .rule = rewrite_rule_of(rule)};
    }
    *ret_count = count;
    return domains;
}

bool sending_domains_rewrite(const struct conf *conf)
{
    for (size_t i = 0; i < conf_count(conf, &SENDING_DOMAINS_SECTION); i++)
        if (rewrite_rule_of(slice_str(values_at(conf, i)->rewrite)).kind != REWRITE_NONE)
            return true;
    return false;
}

/* ---- bounces ---- */

static const struct conf_setting BOUNCES[] = {
    {.name = "receive_domains",
     .type = CONF_STRINGS,
     .offset = CONF_AT(struct bounces_values, receive_domains),
     .fallback = "[]",
     .unit = "",
     .check = check_domain,
     .help = "Domains whose bounces are received by us. A bounce is not forwarded where the "
             "original or the rewritten address is in one of them."},
};

const struct conf_section BOUNCES_SECTION = {
    .name = "bounces",
    .help = "Bounces that come back to us.",
    .settings = BOUNCES,
    .count = sizeof BOUNCES / sizeof *BOUNCES,
    .size = sizeof(struct bounces_values),
    .is_live = true,
};

const char *const *bounce_domains_read(const struct conf *conf, struct arena *arena)
{
    const struct bounces_values *values = conf_values(conf, &BOUNCES_SECTION);
    size_t count = 0;

    while (values->receive_domains[count])
        count++;
    const char **domains = arena_alloc(arena, (count + 1) * sizeof *domains);
    for (size_t i = 0; i < count; i++)
        domains[i] = arena_str(arena, slice_str(values->receive_domains[i]));
    return domains;
}
