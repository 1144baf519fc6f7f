/* SPDX-License-Identifier: Apache-2.0
 * The list and the place in it. */
#include "redis/nodes.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/net_host.h"
#include "base/xalloc.h"
#include "net/lookup.h"

#define UNIX_PREFIX SLICE("unix:")
#define ARENA_BYTES 256

struct entry {
    const char *host; /* name or ip; NULL: unix socket */
    const char *path;
    uint16_t port;
};

struct redis_nodes {
    struct loop *loop;
    const struct redis_nodes_ops *ops;
    void *owner;
    struct arena *arena; /* of the entries' texts */
    struct entry *entries;
    size_t count, current;
    struct net_address found[NET_LOOKUP_MAX]; /* of the current entry */
    size_t found_count, tried;
    struct net_lookup *lookup;
    struct loop_later give;
};

/* ---- the setting ---- */

int redis_nodes_check(const char *address, struct err *err)
{
    struct slice rest = slice_str(address);
    struct slice host;
    uint16_t port;

    if (slice_starts_nocase(rest, SLICE("unix:/")))
        return 0;
    do {
        if (net_host_split(slice_trim(slice_cut(&rest, ',')), &host, &port, err))
            return err_wrap(err, "give host:port, [ipv6]:port (several with commas) or unix:/path");
    } while (rest.len > 0);
    return 0;
}

static void add_entry(struct redis_nodes *nodes, struct slice text)
{
    struct entry entry = {0};
    struct slice host = SLICE_NONE;
    struct err err;

    if (slice_starts_nocase(text, UNIX_PREFIX)) {
        entry.path = arena_str(nodes->arena, slice_skip(text, UNIX_PREFIX.len));
    } else {
        ASSERT(net_host_split(text, &host, &entry.port, &err) == 0);
        entry.host = arena_str(nodes->arena, host);
    }
    nodes->entries = xrealloc(nodes->entries, (nodes->count + 1) * sizeof *nodes->entries);
    nodes->entries[nodes->count++] = entry;
}

/* ---- one after the other ---- */

static void give(void *owner)
{
    struct redis_nodes *nodes = owner;
    const struct entry *entry = &nodes->entries[nodes->current];
    const struct redis_node node = {
        .path = entry->path, .ip = nodes->found[nodes->tried], .host = entry->host};

    nodes->tried++;
    nodes->ops->on_next(nodes->owner, &node);
}

static void on_found(void *owner, const struct net_address *found, size_t count, const char *why)
{
    struct redis_nodes *nodes = owner;

    nodes->lookup = NULL;
    memcpy(nodes->found, found, count * sizeof *found);
    nodes->found_count = count;
    if (count > 0)
        give(nodes);
    else
        nodes->ops->on_none(nodes->owner, why);
}

static const struct net_lookup_ops LOOKUP_OPS = {.on_found = on_found};

static void open_entry(struct redis_nodes *nodes)
{
    const struct entry *entry = &nodes->entries[nodes->current];
    struct err err;

    nodes->found_count = nodes->tried = 0;
    if (entry->path ||
        net_address_parse(slice_str(entry->host), entry->port, nodes->found, &err) == 0) {
        nodes->found_count = 1;
        loop_later(nodes->loop, &nodes->give, give, nodes);
        return;
    }
    nodes->lookup = net_lookup_start(nodes->loop, entry->host, entry->port, &LOOKUP_OPS, nodes);
}

void redis_nodes_next(struct redis_nodes *nodes)
{
    ASSERT(!nodes->lookup);
    if (nodes->tried < nodes->found_count) {
        loop_later(nodes->loop, &nodes->give, give, nodes);
        return;
    }
    nodes->current = (nodes->current + 1) % nodes->count;
    open_entry(nodes);
}

void redis_nodes_repeat(struct redis_nodes *nodes)
{
    nodes->found_count = nodes->tried = 0;
    nodes->current = (nodes->current + nodes->count - 1) % nodes->count;
}

bool redis_nodes_is_round_over(const struct redis_nodes *nodes)
{
    return nodes->tried == nodes->found_count && nodes->current == nodes->count - 1;
}

struct redis_nodes *redis_nodes_new(struct loop *loop, const char *address,
                                    const struct redis_nodes_ops *ops, void *owner)
{
    struct redis_nodes *nodes = xalloc(sizeof *nodes);
    struct slice rest = slice_str(address);

    nodes->loop = loop;
    nodes->ops = ops;
    nodes->owner = owner;
    nodes->arena = arena_new(ARENA_BYTES);
    if (slice_starts_nocase(rest, UNIX_PREFIX))
        add_entry(nodes, rest); /* a path may have commas */
    else
        do
            add_entry(nodes, slice_trim(slice_cut(&rest, ',')));
        while (rest.len > 0);
    nodes->current = nodes->count - 1; /* the first comes next */
    return nodes;
}

void redis_nodes_free(struct redis_nodes **nodes)
{
    struct redis_nodes *n = *nodes;

    if (!n)
        return;
    net_lookup_cancel(&n->lookup);
    loop_later_cancel(n->loop, &n->give);
    arena_free(&n->arena);
    xfree(n->entries);
    xfree(n);
    *nodes = NULL;
}
