/* SPDX-License-Identifier: Apache-2.0
 * All configurations of a file, in one arena. */
#include "profile/configuration.h"

#include "base/xalloc.h"
#include "profile/configurations_values.h"
#include "profile/domains.h"

struct configurations {
    struct arena *arena;
    struct configuration *items; /* the one called "default" is among them */
    size_t count;
    const struct rewrite_domain *domains;
    size_t domain_count;
    const char *const *bounce_domains;
    struct forwarding_rules forwarding_rules;
    struct source_pools source_pools;
};

bool retry_wait_parse(const char *text, uint64_t *ret_s)
{
    return slice_to_u64(slice_str(text), RETRY_PERIOD_MAX_S, ret_s) && *ret_s > 0;
}

struct retry_settings retry_of_values(const struct retry_values *values)
{
    struct retry_settings settings = {
        .kind = (enum retry_kind)values->interval,
        .period_s = values->period_s,
        .a_s = values->a_s,
        .b_s = values->b_s,
        .factor_percent = values->factor_percent,
        .cap_s = values->cap_s,
        .jitter_percent = values->jitter_percent,
    };
    uint64_t wait_s;

    for (const char *const *wait = values->list_s; *wait; wait++)
        if (settings.list_count < RETRY_LIST_MAX && retry_wait_parse(*wait, &wait_s))
            settings.list_s[settings.list_count++] = (int64_t)wait_s;
    return settings;
}

static const char *const *copy_texts(struct arena *arena, const char *const *texts)
{
    size_t count = 0;

    while (texts[count])
        count++;
    const char **copy = arena_alloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = arena_str(arena, slice_str(texts[i]));
    return copy;
}

static struct slice copy_text(struct arena *arena, const char *text)
{
    return arena_copy(arena, slice_str(text));
}

static void add(struct configurations *configurations, const struct configuration_values *values)
{
    struct arena *arena = configurations->arena;

    configurations->items[configurations->count++] = (struct configuration){
        .name = copy_text(arena, values->name),
        .listeners = copy_texts(arena, values->listeners),
        .users = copy_texts(arena, values->users),
        .networks = net_networks_read(arena, values->networks),
        .received = (enum received_mode)values->received,
        .retry = retry_of_values(&values->retry),
        .pool_count = values->pool_count,
        .pool_timeout_s = values->pool_timeout_s,
        .source_pool = source_pools_find(&configurations->source_pools, values->source_pool),
        .bcc = {.host = copy_text(arena, values->bcc_host), .port = (uint16_t)values->bcc_port},
        .bounce_format = (enum bounce_format)values->bounce_format,
        .rewrite = {.advanced = rewrite_rule_of(copy_text(arena, values->rewrite)),
                    .domains = configurations->domains,
                    .domain_count = configurations->domain_count},
        .forward_bounces = values->forward_bounces,
    };
}

static bool has_default(const struct configurations *configurations)
{
    for (size_t i = 0; i < configurations->count; i++)
        if (slice_eq(configurations->items[i].name, SLICE(CONFIGURATION_DEFAULT)))
            return true;
    return false;
}

struct configurations *configurations_new(const struct conf *conf)
{
    struct configurations *configurations = xalloc(sizeof *configurations);
    size_t count = conf_count(conf, &CONFIGURATIONS_SECTION);
    struct arena *arena = arena_new(4096);

    configurations->arena = arena;
    configurations->domains = sending_domains_read(conf, arena, &configurations->domain_count);
    configurations->bounce_domains = bounce_domains_read(conf, arena);
    configurations->forwarding_rules = forwarding_rules_read(conf, arena);
    configurations->source_pools = source_pools_read(conf, arena);
    configurations->items = arena_alloc(arena, (count + 1) * sizeof *configurations->items);
    for (size_t i = 0; i < count; i++)
        add(configurations, conf_element(conf, &CONFIGURATIONS_SECTION, i));
    if (!has_default(configurations))
        add(configurations, conf_defaults(conf, &CONFIGURATIONS_SECTION));
    return configurations;
}

void configurations_free(struct configurations **configurations)
{
    if (!*configurations)
        return;
    arena_free(&(*configurations)->arena);
    xfree(*configurations);
    *configurations = NULL;
}

const struct configuration *configurations_find(const struct configurations *configurations,
                                                struct slice name)
{
    const struct configuration *fallback = &configurations->items[0];

    for (size_t i = 0; i < configurations->count; i++) {
        const struct configuration *item = &configurations->items[i];
        if (slice_eq(item->name, name))
            return item;
        if (slice_eq(item->name, SLICE(CONFIGURATION_DEFAULT)))
            fallback = item;
    }
    return fallback;
}

size_t configurations_count(const struct configurations *configurations)
{
    return configurations->count;
}

const struct configuration *configurations_at(const struct configurations *configurations, size_t i)
{
    return &configurations->items[i];
}

int64_t configurations_longest_period_s(const struct configurations *configurations)
{
    int64_t longest_s = 0;

    for (size_t i = 0; i < configurations->count; i++)
        if (configurations->items[i].retry.period_s > longest_s)
            longest_s = configurations->items[i].retry.period_s;
    return longest_s;
}

const struct forwarding_rules *
configurations_forwarding_rules(const struct configurations *configurations)
{
    return &configurations->forwarding_rules;
}

struct forward_settings configurations_forward(const struct configurations *configurations,
                                               const struct configuration *configuration)
{
    return (struct forward_settings){.is_on = configuration->forward_bounces,
                                     .own_domains = configurations->bounce_domains};
}
