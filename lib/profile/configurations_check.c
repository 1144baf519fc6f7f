/* SPDX-License-Identifier: Apache-2.0
 * What the values of a configuration must be, alone and beside others (requirements S12..S16, S25,
 * S38). */
#include "profile/configurations_values.h"
#include "profile/domains.h"

/* ---- one value ---- */

int configuration_check_wait(const char *value, struct err *err)
{
    uint64_t wait_s;

    if (retry_wait_parse(value, &wait_s))
        return 0;
    return err_set(err, ERR_INVALID, "a wait is a number of seconds from 1 to %d",
                   RETRY_PERIOD_MAX_S);
}

/* ---- one configuration ---- */

int configuration_check(const void *values, struct err *err)
{
    const struct configuration_values *configuration = values;
    const struct retry_settings retry = retry_of_values(&configuration->retry);

    return retry_check(&retry, err);
}

/* ---- beside others ---- */

static const struct configuration_values *values_at(const struct conf *conf, size_t i)
{
    return conf_element(conf, &CONFIGURATIONS_SECTION, i);
}

/* The first text that is in both; NULL: none. */
static const char *find_shared(const char *const *mine, const char *const *others)
{
    for (; *mine; mine++)
        for (const char *const *other = others; *other; other++)
            if (slice_eq_nocase(slice_str(*mine), slice_str(*other)))
                return *mine;
    return NULL;
}

static int refuse_shared(const char *kind, const char *shared, const char *owner, struct err *err)
{
    return err_set(
        err, ERR_INVALID,
        "%s \"%s\" is named by the configuration \"%s\", too; allowed: one configuration "
        "for a %s",
        kind, shared, owner, kind);
}

static int check_pair(const struct configuration_values *mine,
                      const struct configuration_values *other, struct err *err)
{
    const struct {
        const char *kind;
        const char *const *mine, *const *others;
    } lists[] = {
        {"listener", mine->listeners, other->listeners},
        {"user", mine->users, other->users},
        {"network", mine->networks, other->networks},
    };

    if (strcmp(mine->name, other->name) == 0)
        return err_set(err, ERR_INVALID,
                       "name \"%s\" is there twice; allowed: one configuration of a name",
                       mine->name);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const char *shared = find_shared(lists[i].mine, lists[i].others);
        if (shared)
            return refuse_shared(lists[i].kind, shared, other->name, err);
    }
    return 0;
}

static int check_bcc(const struct conf *conf, const struct configuration_values *values,
                     struct err *err)
{
    size_t rules = conf_count(conf, &FORWARDING_RULES_SECTION);

    if (values->bcc_host[0] == '\0' || rules == 0)
        return 0;
    return err_set(err, ERR_INVALID,
                   "bcc.host of \"%s\" is \"%s\", but forwarding_rules has %zu of them; allowed: "
                   "bcc.host in configurations, or forwarding_rules, not both",
                   values->name, values->bcc_host, rules);
}

static int check_forward(const struct conf *conf, const struct configuration_values *values,
                         struct err *err)
{
    bool has_rule = rewrite_rule_of(slice_str(values->rewrite)).kind != REWRITE_NONE ||
                    sending_domains_rewrite(conf);

    if (!values->forward_bounces || has_rule)
        return 0;
    return err_set(err, ERR_INVALID,
                   "envelope_from.forward_bounces of \"%s\" is true, but neither its "
                   "envelope_from.rewrite nor the rewrite of any of sending_domains is set: a "
                   "bounce goes to the original sender anyway; allowed: a rewrite rule in one of "
                   "them, or forward_bounces = false",
                   values->name);
}

static int check_source_pool(const struct conf *conf, const struct configuration_values *values,
                             struct err *err)
{
    if (source_pools_has(conf, values->source_pool))
        return 0;
    return err_set(err, ERR_INVALID,
                   "source_pool of \"%s\" is \"%s\", but source_pools has none of that name; "
                   "allowed: \"" SOURCE_POOL_DEFAULT "\", or the name of one of them",
                   values->name, values->source_pool);
}

int configuration_check_among(const struct conf *conf, size_t i, struct err *err)
{
    const struct configuration_values *values = values_at(conf, i);

    for (size_t j = 0; j < i; j++)
        if (check_pair(values, values_at(conf, j), err) != 0)
            return -1;
    if (check_bcc(conf, values, err) != 0 || check_source_pool(conf, values, err) != 0)
        return -1;
    return check_forward(conf, values, err);
}

bool configurations_has(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf_count(conf, &CONFIGURATIONS_SECTION); i++)
        if (strcmp(values_at(conf, i)->name, name) == 0)
            return true;
    return strcmp(name, CONFIGURATION_DEFAULT) == 0;
}
