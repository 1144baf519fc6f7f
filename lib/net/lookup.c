/* SPDX-License-Identifier: Apache-2.0
 * uv_getaddrinfo. A cancelled lookup lives on until the resolver answers. */
#include "net/lookup.h"

#include <netdb.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "net/loop_internal.h"

struct net_lookup {
    uv_getaddrinfo_t request;
    uint16_t port;
    const struct net_lookup_ops *ops; /* NULL: cancelled */
    void *owner;
    char *host;
    struct loop_later fail; /* the resolver could not even be asked */
    int status;
};

static size_t copy_found(const struct net_lookup *lookup, const struct addrinfo *entry,
                         struct net_address found[NET_LOOKUP_MAX])
{
    size_t count = 0;

    for (; entry && count < NET_LOOKUP_MAX; entry = entry->ai_next) {
        struct net_address *at = &found[count];
        if (entry->ai_family == AF_INET)
            memcpy(&at->v4, entry->ai_addr, sizeof at->v4);
        else if (entry->ai_family == AF_INET6)
            memcpy(&at->v6, entry->ai_addr, sizeof at->v6);
        else
            continue;
        net_address_set_port(at, lookup->port);
        count++;
    }
    return count;
}

static void answer(struct net_lookup *lookup, const struct addrinfo *first)
{
    struct net_address found[NET_LOOKUP_MAX] = {0};
    size_t count = copy_found(lookup, first, found);
    struct buf why = {0};

    if (count == 0)
        buf_addf(&why, "the name %s was not found: %s", lookup->host,
                 lookup->status < 0 ? uv_strerror(lookup->status) : "it has no address");
    if (lookup->ops)
        lookup->ops->on_found(lookup->owner, found, count, buf_str(&why));
    buf_free(&why);
    xfree(lookup->host);
    xfree(lookup);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *first)
{
    struct net_lookup *lookup = request->data;

    lookup->status = status;
    answer(lookup, status < 0 ? NULL : first);
    uv_freeaddrinfo(first);
}

static void on_not_asked(void *owner)
{
    answer(owner, NULL);
}

struct net_lookup *net_lookup_start(struct loop *loop, const char *host, uint16_t port,
                                    const struct net_lookup_ops *ops, void *owner)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct net_lookup *lookup = xalloc(sizeof *lookup);

    lookup->request.data = lookup;
    lookup->host = xstrdup(host);
    lookup->port = port;
    lookup->ops = ops;
    lookup->owner = owner;
    lookup->status =
        uv_getaddrinfo(&loop->uv, &lookup->request, on_resolved, lookup->host, NULL, &hints);
    if (lookup->status < 0) /* a host name that the resolver's library refuses, for instance */
        loop_later(loop, &lookup->fail, on_not_asked, lookup);
    return lookup;
}

void net_lookup_cancel(struct net_lookup **lookup)
{
    if (*lookup)
        (*lookup)->ops = NULL;
    *lookup = NULL;
}
