/* SPDX-License-Identifier: Apache-2.0
 * See resolver_fake.h. */
#include "fakes/resolver_fake.h"

#include "base/assert.h"
#include "base/xalloc.h"

struct resolver {
    struct loop *loop;
    const struct resolver_fake_row *rows;
    size_t answered, waiting;
};

struct dns_query {
    struct resolver *resolver;
    struct dns_lookup *lookup;
    struct loop_later later;
    struct arena *arena;
    struct slice name;
    bool is_mx;
};

struct resolver *resolver_fake_new(struct loop *loop, const struct resolver_fake_row *rows)
{
    struct resolver *resolver = xalloc(sizeof *resolver);

    resolver->loop = loop;
    resolver->rows = rows;
    return resolver;
}

int resolver_new(struct loop *loop, const struct dns_settings *settings,
                 struct resolver **ret_resolver, struct err *err)
{
    static const struct resolver_fake_row NONE[] = {{0}};

    (void)settings;
    (void)err;
    *ret_resolver = resolver_fake_new(loop, NONE);
    return 0;
}

void resolver_free(struct resolver **resolver)
{
    if (!*resolver)
        return;
    ASSERT((*resolver)->waiting == 0);
    xfree(*resolver);
    *resolver = NULL;
}

static const struct resolver_fake_row *row_of(const struct dns_query *query)
{
    const struct resolver_fake_row *row = query->resolver->rows;

    for (; row->name; row++)
        if (row->is_mx == query->is_mx && slice_eq_nocase(slice_str(row->name), query->name))
            return row;
    return NULL;
}

static void fill_mx(struct dns_query *query, struct slice item, struct dns_mx *mx)
{
    struct slice preference = slice_cut(&item, ' ');
    uint64_t number = 0;

    ASSERT(slice_to_u64(preference, 65535, &number));
    mx->preference = (uint16_t)number;
    mx->host = arena_copy(query->arena, slice_trim(item));
}

static void fill(struct dns_query *query, struct slice data, struct dns_answer *answer)
{
    struct err err;

    answer->mx = arena_alloc(query->arena, DNS_MAX_RECORDS * sizeof *answer->mx);
    answer->addresses = arena_alloc(query->arena, DNS_MAX_RECORDS * sizeof *answer->addresses);
    while (data.len) {
        struct slice item = slice_trim(slice_cut(&data, ','));
        if (query->is_mx)
            fill_mx(query, item, &answer->mx[answer->count]);
        else
            ASSERT(net_address_parse(item, 0, &answer->addresses[answer->count], &err) == 0);
        answer->count++;
    }
}

static void query_free(struct dns_query *query)
{
    query->resolver->waiting--;
    arena_free(&query->arena);
    xfree(query);
}

static void answer(void *owner)
{
    struct dns_query *query = owner;
    struct dns_lookup *lookup = query->lookup;
    const struct resolver_fake_row *row = row_of(query);
    struct dns_answer found = {.status = row ? row->status : DNS_NXDOMAIN, .detail = "by table"};

    if (found.status == DNS_FOUND)
        fill(query, slice_str(row->data), &found);
    query->resolver->answered++;
    lookup->query = NULL;
    lookup->on_answer(lookup->owner, &found);
    query_free(query);
}

static void find(struct resolver *resolver, struct slice name, bool is_mx,
                 struct dns_lookup *lookup)
{
    struct dns_query *query = xalloc(sizeof *query);

    query->resolver = resolver;
    query->lookup = lookup;
    query->arena = arena_new(1024);
    query->name = arena_copy(query->arena, name);
    query->is_mx = is_mx;
    lookup->query = query;
    resolver->waiting++;
    loop_later(resolver->loop, &query->later, answer, query);
}

void dns_find_mx(struct resolver *resolver, struct slice name, struct dns_lookup *lookup)
{
    find(resolver, name, true, lookup);
}

void dns_find_addresses(struct resolver *resolver, struct slice host, struct dns_lookup *lookup)
{
    find(resolver, host, false, lookup);
}

void dns_cancel(struct resolver *resolver, struct dns_lookup *lookup)
{
    struct dns_query *query = lookup->query;

    if (!query)
        return;
    loop_later_cancel(resolver->loop, &query->later);
    lookup->query = NULL;
    query_free(query);
}

size_t resolver_fake_answered(const struct resolver *resolver)
{
    return resolver->answered;
}

size_t resolver_fake_waiting(const struct resolver *resolver)
{
    return resolver->waiting;
}
