/* SPDX-License-Identifier: Apache-2.0
 * The settings table of forwarding rules, and their search. */
#include "profile/forwarding.h"

#include <stdlib.h>

#include "mail/address.h"

#define ADDRESS_MAX (MAIL_PATH_MAX - 2) /* without the angle brackets */

struct rule_values {
    const char *recipient, *to;
};

/* The domain of an address, or a domain by itself. */
static struct slice domain_of(struct slice text)
{
    size_t at = slice_rfind(text, '@');
    return at == text.len ? text : slice_skip(text, at + 1);
}

static struct slice local_of(struct slice text)
{
    size_t at = slice_rfind(text, '@');
    return at == text.len ? SLICE_NONE : slice_sub(text, 0, at);
}

static bool is_address(struct slice text)
{
    struct mail_address address;
    const char *why;

    return local_of(text).len && mail_address_parse(text, false, &address, &why) &&
           mail_domain_is_valid(address.domain);
}

static int check_recipient(const char *value, struct err *err)
{
    struct slice text = slice_str(value);

    if (mail_domain_is_valid(text) || is_address(text))
        return 0;
    return err_set(err, ERR_INVALID, "\"%s\" is no recipient; allowed: user@domain or domain",
                   value);
}

static int check_to(const char *value, struct err *err)
{
    if (is_address(slice_str(value)))
        return 0;
    return err_set(err, ERR_INVALID, "\"%s\" is no address; allowed: user@domain", value);
}

static bool is_same(struct slice a, struct slice b)
{
    return slice_eq(local_of(a), local_of(b)) && slice_eq_nocase(domain_of(a), domain_of(b));
}

static int check_rule(const void *values, struct err *err)
{
    const struct rule_values *rule = values;

    if (!is_same(slice_str(rule->recipient), slice_str(rule->to)))
        return 0;
    return err_set(err, ERR_INVALID, "recipient \"%s\" is forwarded to itself", rule->recipient);
}

static const struct rule_values *values_at(const struct conf *conf, size_t i)
{
    return conf_element(conf, &FORWARDING_RULES_SECTION, i);
}

static int check_once(const struct conf *conf, size_t i, struct err *err)
{
    struct slice recipient = slice_str(values_at(conf, i)->recipient);

    for (size_t j = 0; j < i; j++)
        if (is_same(recipient, slice_str(values_at(conf, j)->recipient)))
            return err_set(err, ERR_INVALID,
                           "recipient \"%.*s\" is there twice; allowed: one rule for a recipient",
                           SLICE_ARGS(recipient));
    return 0;
}

#define AT(member) .offset = CONF_AT(struct rule_values, member)
static const struct conf_setting RULES[] = {
    {.name = "recipient",
     .type = CONF_STRING,
     AT(recipient),
     .min = 1,
     .max = ADDRESS_MAX,
     .unit = "",
     .check = check_recipient,
     .help = "Whose mail goes elsewhere: user@domain, or domain for all of it. The local part "
             "counts letter by letter, the domain in any letter case. A rule for the address wins "
             "over one for its domain."},
    {.name = "to",
     .type = CONF_STRING,
     AT(to),
     .min = 1,
     .max = ADDRESS_MAX,
     .unit = "",
     .check = check_to,
     .help = "The address that gets the mail instead. It is not looked up in these rules again."},
};
#undef AT

const struct conf_section FORWARDING_RULES_SECTION = {
    .name = "forwarding_rules",
    .help = "Recipients whose mail goes to other addresses. Not together with bcc in any "
            "configuration.",
    .settings = RULES,
    .count = sizeof RULES / sizeof *RULES,
    .size = sizeof(struct rule_values),
    .is_list = true,
    .key = "recipient",
    .is_live = true,
    .check = check_rule,
    .check_among = check_once,
};

/* ---- the search ---- */

static int compare(const void *a, const void *b)
{
    const struct forwarding_rule *left = a, *right = b;
    int by_domain = slice_cmp(left->domain, right->domain);

    return by_domain ? by_domain : slice_cmp(left->local, right->local);
}

struct forwarding_rules forwarding_rules_read(const struct conf *conf, struct arena *arena)
{
    size_t count = conf_count(conf, &FORWARDING_RULES_SECTION);
    struct forwarding_rule *rules = arena_alloc(arena, count * sizeof *rules);

    for (size_t i = 0; i < count; i++) {
        const struct rule_values *values = values_at(conf, i);
        struct slice recipient = slice_str(values->recipient);
        rules[i] = (struct forwarding_rule){.local = arena_copy(arena, local_of(recipient)),
                                            .domain = arena_lower(arena, domain_of(recipient)),
                                            .to = arena_copy(arena, slice_str(values->to))};
    }
    qsort(rules, count, sizeof *rules, compare);
    return (struct forwarding_rules){.rules = rules, .count = count};
}

static const struct forwarding_rule *search(const struct forwarding_rules *rules,
                                            struct slice local, struct slice domain)
{
    const struct forwarding_rule key = {.local = local, .domain = domain};
    return bsearch(&key, rules->rules, rules->count, sizeof key, compare);
}

const struct forwarding_rule *forwarding_find(const struct forwarding_rules *rules,
                                              struct slice address)
{
    struct slice domain = domain_of(address), local = local_of(address);
    const struct forwarding_rule *rule;
    char lower[MAIL_DOMAIN_MAX];

    if (rules->count == 0 || local.len == 0 || domain.len > sizeof lower)
        return NULL;
    slice_lower(domain, lower);
    rule = search(rules, local, slice_of(lower, domain.len));
    if (!rule)
        rule = search(rules, SLICE_NONE, slice_of(lower, domain.len));
    return rule && !is_same(rule->to, address) ? rule : NULL;
}
