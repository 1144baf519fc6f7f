/* SPDX-License-Identifier: Apache-2.0
 * A name lives as long as somebody waits for it, or its addresses are fresh. The resolver tells no
 * time to live: they are for as long as a Service of Kubernetes may take to be somewhere else. */
#include "sender/proxy_names.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/net_host.h"
#include "base/xalloc.h"

#define FRESH_MS 10000u

struct proxy_name {
    struct proxy_names *names;
    struct list_node node;
    char host[NET_HOST_MAX + 1];
    uint16_t port;
    struct net_lookup *lookup;
    struct net_address found[NET_LOOKUP_MAX];
    size_t count;
    uint64_t fresh_until_ms;
    struct list waits;
    struct loop_later answer;
};

struct proxy_names {
    struct loop *loop;
    struct list names;
};

static struct proxy_name *name_of(struct list_node *node)
{
    return LIST_OWNER(node, struct proxy_name, node);
}

struct proxy_names *proxy_names_new(struct loop *loop)
{
    struct proxy_names *names = xalloc(sizeof *names);

    names->loop = loop;
    list_init(&names->names);
    return names;
}

static void remove_name(struct proxy_name *name)
{
    ASSERT(name->waits.count == 0);
    net_lookup_cancel(&name->lookup);
    loop_later_cancel(name->names->loop, &name->answer);
    list_remove(&name->names->names, &name->node);
    xfree(name);
}

void proxy_names_free(struct proxy_names **names)
{
    struct list_node *node;

    if (!*names)
        return;
    while ((node = list_first(&(*names)->names)))
        remove_name(name_of(node));
    xfree(*names);
    *names = NULL;
}

static bool is_fresh(const struct proxy_name *name)
{
    return loop_now_ms(name->names->loop) < name->fresh_until_ms;
}

/* Settings change, names come and go. */
static void remove_unused(struct proxy_names *names)
{
    struct list_node *node, *next;

    for (node = list_first(&names->names); node; node = next) {
        struct proxy_name *name = name_of(node);
        next = list_next(&names->names, node);
        if (name->waits.count == 0 && !name->lookup && !is_fresh(name))
            remove_name(name);
    }
}

static void rotate(struct proxy_name *name)
{
    struct net_address first = name->found[0];

    if (name->count < 2)
        return;
    memmove(name->found, name->found + 1, (name->count - 1) * sizeof *name->found);
    name->found[name->count - 1] = first;
}

static void tell(struct proxy_name *name, const char *why)
{
    struct proxy_wait *wait = LIST_OWNER(list_first(&name->waits), struct proxy_wait, node);

    proxy_wait_cancel(wait);
    wait->on_found(wait->owner, name->found, name->count, why);
    rotate(name);
}

/* Who comes while they are told waits for the next time. */
static void tell_all(struct proxy_name *name, const char *why)
{
    for (size_t left = name->waits.count; left > 0 && name->waits.count > 0; left--)
        tell(name, why);
}

static void on_found(void *owner, const struct net_address *found, size_t count, const char *why)
{
    struct proxy_name *name = owner;

    name->lookup = NULL;
    memcpy(name->found, found, count * sizeof *found);
    name->count = count;
    name->fresh_until_ms = loop_now_ms(name->names->loop) + (count ? FRESH_MS : 0);
    tell_all(name, why);
}

static const struct net_lookup_ops LOOKUP_OPS = {.on_found = on_found};

static void answer(void *owner)
{
    tell_all(owner, "");
}

static struct proxy_name *find_name(const struct proxy_names *names, struct slice host,
                                    uint16_t port)
{
    struct list_node *node = list_first(&names->names);

    for (; node; node = list_next(&names->names, node)) {
        struct proxy_name *name = name_of(node);
        if (name->port == port && slice_eq(slice_str(name->host), host))
            return name;
    }
    return NULL;
}

static struct proxy_name *add_name(struct proxy_names *names, struct slice host, uint16_t port)
{
    struct proxy_name *name = xalloc(sizeof *name);
    struct err ignored;

    ASSERT(host.len <= NET_HOST_MAX);
    name->names = names;
    memcpy(name->host, host.at, host.len);
    name->port = port;
    list_init(&name->waits);
    list_push(&names->names, &name->node);
    if (net_address_parse(host, port, name->found, &ignored) == 0) {
        name->count = 1;
        name->fresh_until_ms = UINT64_MAX;
    }
    return name;
}

void proxy_names_find(struct proxy_names *names, struct slice host, uint16_t port,
                      struct proxy_wait *wait)
{
    struct proxy_name *name;

    remove_unused(names);
    name = find_name(names, host, port);
    if (!name)
        name = add_name(names, host, port);
    wait->name = name;
    list_push(&name->waits, &wait->node);
    if (is_fresh(name))
        loop_later(names->loop, &name->answer, answer, name);
    else if (!name->lookup)
        name->lookup = net_lookup_start(names->loop, name->host, port, &LOOKUP_OPS, name);
}

void proxy_wait_cancel(struct proxy_wait *wait)
{
    if (wait->name)
        list_remove(&wait->name->waits, &wait->node);
    wait->name = NULL;
}
