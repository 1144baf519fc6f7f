/* SPDX-License-Identifier: Apache-2.0
 * Lookups: asks libunbound, joins A and AAAA, keeps the deadlines. libunbound's callback only
 * notes its result; the owner is called at the end of the turn, with libunbound off the stack. */
#include "dns/resolver.h"

#include <unbound.h>

#include "base/assert.h"
#include "base/xalloc.h"
#include "dns/answer.h"
#include "dns/name.h"
#include "dns/unbound_setup.h"
#include "net/clock.h"

#define CLASS_IN    1
#define ARENA_BYTES 8192

struct resolver {
    struct loop *loop;
    struct ub_ctx *unbound;
    struct loop_watch *watch;
    struct loop_timer *deadline; /* of the first outstanding lookup */
    uint64_t timeout_ms;
    struct list outstanding; /* struct dns_query, oldest first: all wait equally long */
};

/* One question to libunbound. */
struct question {
    struct dns_query *query;
    int async_id;
    bool is_asked; /* libunbound owes its callback */
};

struct dns_query {
    struct list_node node;
    struct resolver *resolver;
    struct dns_lookup *lookup;
    uint64_t due_ms;
    bool is_malformed;
    size_t count;
    struct question questions[2];
    struct ub_result *results[2];
    struct loop_later answer;
    size_t name_len;
    char name[DNS_NAME_MAX + 1];
};

/* Takes the query off the resolver; nobody will call it any more. */
static void query_detach(struct dns_query *query)
{
    struct resolver *resolver = query->resolver;

    for (size_t i = 0; i < query->count; i++)
        if (query->questions[i].is_asked)
            (void)ub_cancel(resolver->unbound, query->questions[i].async_id);
    loop_later_cancel(resolver->loop, &query->answer);
    list_remove(&resolver->outstanding, &query->node);
    query->lookup->query = NULL;
}

static void query_free(struct dns_query *query)
{
    for (size_t i = 0; i < query->count; i++)
        ub_resolve_free(query->results[i]);
    xfree(query);
}

static void build(struct arena *arena, const struct dns_query *query, struct dns_answer *ret_answer)
{
    if (query->is_malformed)
        *ret_answer =
            (struct dns_answer){.status = DNS_NXDOMAIN, .detail = "the domain name is malformed"};
    else
        answer_build(arena, slice_of(query->name, query->name_len), query->results, query->count,
                     ret_answer);
}

static void on_answer_owed(void *owner)
{
    struct dns_query *query = owner;
    struct dns_lookup *lookup = query->lookup;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct dns_answer answer;

    query_detach(query);
    build(arena, query, &answer);
    query_free(query);
    lookup->on_answer(lookup->owner, &answer);
    arena_free(&arena);
}

static void owe_answer(struct dns_query *query)
{
    loop_later(query->resolver->loop, &query->answer, on_answer_owed, query);
}

static void start_deadline(struct resolver *resolver, const struct dns_query *first)
{
    uint64_t now_ms = clock_monotonic_ms();

    loop_timer_start(resolver->deadline, first->due_ms > now_ms ? first->due_ms - now_ms : 1);
}

static void on_deadline(void *owner)
{
    struct resolver *resolver = owner;
    struct list_node *node = list_first(&resolver->outstanding);
    uint64_t now_ms = clock_monotonic_ms();

    for (; node; node = list_next(&resolver->outstanding, node)) {
        struct dns_query *query = LIST_OWNER(node, struct dns_query, node);
        if (query->due_ms > now_ms) {
            start_deadline(resolver, query);
            return;
        }
        owe_answer(query);
    }
}

static bool is_all_answered(const struct dns_query *query)
{
    return !query->questions[0].is_asked && !query->questions[1].is_asked;
}

static void on_result(void *owner, int status, struct ub_result *result)
{
    struct question *question = owner;
    struct dns_query *query = question->query;
    size_t i = (size_t)(question - query->questions);

    question->is_asked = false;
    if (status == 0)
        query->results[i] = result;
    else
        ub_resolve_free(result);
    if (is_all_answered(query))
        owe_answer(query);
}

static void ask(struct dns_query *query, enum dns_type type)
{
    struct question *question = &query->questions[query->count++];

    question->query = query;
    question->is_asked = ub_resolve_async(query->resolver->unbound, query->name, (int)type,
                                          CLASS_IN, question, on_result, &question->async_id) == 0;
}

static struct dns_query *query_new(struct resolver *resolver, struct slice name,
                                   struct dns_lookup *lookup)
{
    struct dns_query *query = xalloc(sizeof *query);

    query->resolver = resolver;
    query->lookup = lookup;
    query->due_ms = clock_monotonic_ms() + resolver->timeout_ms;
    query->is_malformed = !dns_name_is_valid(name);
    if (!query->is_malformed) {
        query->name_len = name.len;
        memcpy(query->name, name.at, name.len);
    }
    lookup->query = query;
    list_push(&resolver->outstanding, &query->node);
    if (!loop_timer_is_running(resolver->deadline))
        start_deadline(resolver, query);
    return query;
}

static void on_readable(void *owner)
{
    struct resolver *resolver = owner;

    (void)ub_process(resolver->unbound); /* what it cannot read runs into the deadlines */
}

int resolver_new(struct loop *loop, const struct dns_settings *settings,
                 struct resolver **ret_resolver, struct err *err)
{
    struct ub_ctx *unbound;

    if (unbound_setup(settings, &unbound, err) < 0)
        return -1;
    struct resolver *resolver = xalloc(sizeof *resolver);
    resolver->loop = loop;
    resolver->unbound = unbound;
    resolver->timeout_ms = settings->timeout_ms;
    list_init(&resolver->outstanding);
    resolver->watch = loop_watch_new(loop, ub_fd(unbound), on_readable, resolver);
    resolver->deadline = loop_timer_new(loop, on_deadline, resolver);
    *ret_resolver = resolver;
    return 0;
}

void resolver_free(struct resolver **resolver)
{
    struct resolver *r = *resolver;
    struct list_node *node;

    if (!r)
        return;
    while ((node = list_first(&r->outstanding))) {
        struct dns_query *query = LIST_OWNER(node, struct dns_query, node);
        query_detach(query);
        query_free(query);
    }
    loop_watch_free(&r->watch);
    loop_timer_free(&r->deadline);
    ub_ctx_delete(r->unbound);
    xfree(r);
    *resolver = NULL;
}

void dns_find_mx(struct resolver *resolver, struct slice name, struct dns_lookup *lookup)
{
    struct dns_query *query = query_new(resolver, name, lookup);

    if (!query->is_malformed)
        ask(query, DNS_TYPE_MX);
    if (is_all_answered(query))
        owe_answer(query);
}

void dns_find_addresses(struct resolver *resolver, struct slice host, struct dns_lookup *lookup)
{
    struct dns_query *query = query_new(resolver, host, lookup);

    if (!query->is_malformed) {
        ask(query, DNS_TYPE_A);
        ask(query, DNS_TYPE_AAAA);
    }
    if (is_all_answered(query))
        owe_answer(query);
}

void dns_cancel(struct resolver *resolver, struct dns_lookup *lookup)
{
    struct dns_query *query = lookup->query;

    if (!query)
        return;
    ASSERT(query->resolver == resolver);
    query_detach(query);
    query_free(query);
}
