/* SPDX-License-Identifier: Apache-2.0
 * A row per client that failed, found by its address and kept in the order of failures. A login
 * that works clears nothing: an account of one's own must not buy guesses at those of others. */
#include "ingress/auth_failures.h"

#include "base/list.h"
#include "base/map.h"
#include "base/xalloc.h"

#define KEY_V4_SIZE 4
#define KEY_V6_SIZE 8 /* a /64 is one customer's */

struct row {
    struct list_node node; /* failures->rows */
    struct map_node entry; /* failures->by_client */
    struct net_address client;
    uint64_t since_ms, count;
};

struct auth_failures {
    struct auth_failures_limit limit;
    struct list rows; /* the oldest failure first */
    struct map by_client;
};

static struct slice key_of(const struct net_address *client)
{
    if (client->any.sa_family == AF_INET6)
        return slice_of(&client->v6.sin6_addr, KEY_V6_SIZE);
    return slice_of(&client->v4.sin_addr, KEY_V4_SIZE);
}

static struct row *find(const struct auth_failures *failures, const struct net_address *client)
{
    struct map_node *entry = map_get(&failures->by_client, key_of(client));
    return entry ? MAP_OWNER(entry, struct row, entry) : NULL;
}

static void forget(struct auth_failures *failures, struct row *row)
{
    list_remove(&failures->rows, &row->node);
    map_remove(&failures->by_client, &row->entry);
    xfree(row);
}

static struct row *oldest(const struct auth_failures *failures)
{
    struct list_node *node = list_first(&failures->rows);
    return node ? LIST_OWNER(node, struct row, node) : NULL;
}

static struct row *add(struct auth_failures *failures, const struct net_address *client)
{
    struct row *row = xalloc(sizeof *row);

    if (failures->rows.count >= AUTH_FAILURES_CLIENTS_MAX)
        forget(failures, oldest(failures));
    row->client = *client;
    map_put(&failures->by_client, &row->entry, key_of(&row->client));
    list_push(&failures->rows, &row->node);
    return row;
}

static bool is_over(const struct auth_failures *failures, const struct row *row, uint64_t now_ms)
{
    return now_ms - row->since_ms >= failures->limit.period_ms;
}

void auth_failures_note(struct auth_failures *failures, const struct net_address *client,
                        uint64_t now_ms)
{
    struct row *row = find(failures, client);

    if (!row)
        row = add(failures, client);
    if (row->count == 0 || is_over(failures, row, now_ms)) {
        row->since_ms = now_ms;
        row->count = 0;
    }
    row->count++;
    list_remove(&failures->rows, &row->node);
    list_push(&failures->rows, &row->node);
}

bool auth_failures_are_too_many(const struct auth_failures *failures,
                                const struct net_address *client, uint64_t now_ms)
{
    const struct row *row = find(failures, client);

    if (!row || failures->limit.count == 0)
        return false;
    return row->count >= failures->limit.count && !is_over(failures, row, now_ms);
}

struct auth_failures *auth_failures_new(const struct auth_failures_limit *limit)
{
    struct auth_failures *failures = xalloc(sizeof *failures);

    failures->limit = *limit;
    list_init(&failures->rows);
    return failures;
}

void auth_failures_free(struct auth_failures **failures)
{
    struct row *row;

    if (!*failures)
        return;
    while ((row = oldest(*failures)))
        forget(*failures, row);
    map_free(&(*failures)->by_client);
    xfree(*failures);
    *failures = NULL;
}
