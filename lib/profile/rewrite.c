/* SPDX-License-Identifier: Apache-2.0
 * The 3 x 3 matrix of requirements S33..S37, within the limits of RFC 5321 4.5.3.1. */
#include "profile/rewrite.h"

#include "base/assert.h"
#include "mail/address.h"

#define ADDRESS_MAX (MAIL_PATH_MAX - 2) /* without the angle brackets */

static const char *const SOURCES[] = {
    [REWRITE_BY_NONE] = "none",
    [REWRITE_BY_ADVANCED] = "advanced",
    [REWRITE_BY_SENDING_DOMAIN] = "sending_domain",
};

static const char *const RESULTS[] = {
    [REWRITE_DONE] = "rewritten",
    [REWRITE_NO_RULE] = "no_rule",
    [REWRITE_NULL_SENDER] = "null_sender",
    [REWRITE_TOO_LONG] = "too_long",
    [REWRITE_LOCAL_TOO_LONG] = "local_too_long",
};

const char *rewrite_source_name(enum rewrite_source source)
{
    return SOURCES[source];
}

const char *rewrite_result_name(enum rewrite_result result)
{
    return RESULTS[result];
}

/* ---- the rule ---- */

#define GIVEN_MAX 80 /* octets of what was given that a sentence repeats */

static bool is_domain(struct slice domain, const char **ret_why)
{
    *ret_why = "the domain is malformed";
    return mail_domain_is_valid(domain);
}

static bool is_address(struct slice text, const char **ret_why)
{
    struct mail_address address;

    *ret_why = "there is no @";
    return slice_find(text, '@') < text.len && mail_address_parse(text, false, &address, ret_why) &&
           is_domain(address.domain, ret_why);
}

int rewrite_rule_parse(struct slice text, struct rewrite_rule *ret_rule, struct err *err)
{
    struct rewrite_rule rule = {.kind = REWRITE_NONE, .text = text};
    const char *why = "";
    bool is_good = true;

    if (text.len && text.at[0] == '@') {
        rule.kind = REWRITE_DOMAIN;
        is_good = is_domain(slice_skip(text, 1), &why);
    } else if (!slice_eq(text, SLICE("none"))) {
        rule.kind = REWRITE_ADDRESS;
        is_good = is_address(text, &why);
    }
    if (!is_good)
        return err_set(err, ERR_INVALID, "\"%.*s\": %s; allowed: none, account@domain or @domain",
                       SLICE_ARGS(slice_sub(text, 0, GIVEN_MAX)), why);
    *ret_rule = rule;
    return 0;
}

int rewrite_rule_check(const char *value, struct err *err)
{
    struct rewrite_rule rule;
    return rewrite_rule_parse(slice_str(value), &rule, err);
}

struct rewrite_rule rewrite_rule_of(struct slice text)
{
    struct rewrite_rule rule = {REWRITE_NONE, SLICE_NONE};
    struct err err;
    int rc = rewrite_rule_parse(text, &rule, &err);

    ASSERT(rc == 0);
    return rule;
}

/* ---- the decision ---- */

bool rewrite_is_off(const struct rewrite_rules *rules)
{
    bool is_off = rules->advanced.kind == REWRITE_NONE;

    for (size_t i = 0; is_off && i < rules->domain_count; i++)
        is_off = rules->domains[i].rule.kind == REWRITE_NONE;
    return is_off;
}

static const struct rewrite_domain *find(const struct rewrite_rules *rules, struct slice domain)
{
    for (size_t i = 0; domain.len && i < rules->domain_count; i++)
        if (slice_eq_nocase(rules->domains[i].domain, domain))
            return &rules->domains[i];
    return NULL;
}

/* The local part of a sender; all of it when it has no domain. */
static struct slice local_of(struct slice address)
{
    return slice_sub(address, 0, slice_rfind(address, '@'));
}

static void pick_rule(const struct rewrite_rules *rules, const struct rewrite_domain *sending,
                      struct rewrite_outcome *outcome)
{
    if (sending && sending->rule.kind != REWRITE_NONE) {
        outcome->rule = sending->rule;
        outcome->source = REWRITE_BY_SENDING_DOMAIN;
    } else if (rules->advanced.kind != REWRITE_NONE) {
        outcome->rule = rules->advanced;
        outcome->source = REWRITE_BY_ADVANCED;
    }
}

static enum rewrite_result result_of(const struct rewrite_outcome *outcome)
{
    struct slice local = local_of(outcome->from);

    if (outcome->rule.kind == REWRITE_NONE)
        return REWRITE_NO_RULE;
    if (outcome->from.len == 0)
        return REWRITE_NULL_SENDER;
    if (outcome->rule.kind == REWRITE_ADDRESS) /* checked with the settings */
        return REWRITE_DONE;
    if (local.len > MAIL_LOCAL_MAX)
        return REWRITE_LOCAL_TOO_LONG;
    return local.len + outcome->rule.text.len > ADDRESS_MAX ? REWRITE_TOO_LONG : REWRITE_DONE;
}

struct rewrite_outcome rewrite_decide(const struct rewrite_rules *rules, struct arena *arena,
                                      struct slice from, struct slice header_domain)
{
    struct rewrite_outcome outcome = {.from = from};
    const struct rewrite_domain *sending = find(rules, header_domain);

    if (!sending)
        sending = find(rules, slice_skip(from, slice_rfind(from, '@') + 1));
    if (sending)
        outcome.sending_domain = sending->domain;
    pick_rule(rules, sending, &outcome);
    outcome.result = result_of(&outcome);
    if (outcome.result != REWRITE_DONE)
        return outcome;
    if (outcome.rule.kind == REWRITE_ADDRESS)
        outcome.from = outcome.rule.text;
    else
        outcome.from = arena_printf(arena, "%.*s%.*s", SLICE_ARGS(local_of(from)),
                                    SLICE_ARGS(outcome.rule.text));
    return outcome;
}
