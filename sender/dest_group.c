/* SPDX-License-Identifier: Apache-2.0
 * The search: two tables by suffix, asked for ever shorter ends of a name. */
#include "sender/dest_group.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/xalloc.h"
#include "mail/address.h"

struct suffix {
    struct map_node node;
    size_t group;
};

struct dest_groups {
    struct arena *arena; /* of the suffixes */
    struct map mx, domains;
    const char *names[DEST_GROUPS_MAX];
};

static void add_suffixes(struct dest_groups *groups, struct map *map, const char *const *texts,
                         size_t group)
{
    for (; *texts; texts++) {
        struct suffix *suffix = arena_alloc(groups->arena, sizeof *suffix);
        suffix->group = group;
        map_put(map, &suffix->node, slice_str(*texts)); /* once only: the settings table checked */
    }
}

struct dest_groups *dest_groups_new(const struct conf *conf)
{
    struct dest_groups *groups = xalloc(sizeof *groups);
    const struct dest_group_values *values;

    groups->arena = arena_new(4096);
    groups->names[DEST_GROUP_OTHER] = "other";
    for (size_t i = 0; (values = dest_group_values_at(conf, i)); i++) {
        groups->names[i + 1] = values->name;
        add_suffixes(groups, &groups->mx, values->mx, i + 1);
        add_suffixes(groups, &groups->domains, values->domains, i + 1);
    }
    return groups;
}

void dest_groups_free(struct dest_groups **groups)
{
    if (!*groups)
        return;
    map_free(&(*groups)->mx);
    map_free(&(*groups)->domains);
    arena_free(&(*groups)->arena);
    xfree(*groups);
    *groups = NULL;
}

static size_t find_longest(const struct map *map, struct slice name)
{
    char lower[MAIL_DOMAIN_MAX];
    struct slice rest = slice_sub(name, 0, sizeof lower);

    slice_lower(rest, lower);
    for (rest.at = lower; rest.len > 0; (void)slice_cut(&rest, '.')) {
        struct map_node *node = map_get(map, rest);
        if (node)
            return MAP_OWNER(node, struct suffix, node)->group;
    }
    return DEST_GROUP_OTHER;
}

size_t dest_groups_find(const struct dest_groups *groups, struct slice mx_host, struct slice domain)
{
    size_t group = find_longest(&groups->mx, mx_host);

    return group == DEST_GROUP_OTHER ? find_longest(&groups->domains, domain) : group;
}

const char *dest_group_name(const struct dest_groups *groups, size_t group)
{
    return groups->names[group];
}
