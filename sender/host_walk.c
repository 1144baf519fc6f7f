/* SPDX-License-Identifier: Apache-2.0
 * The pass over hosts and addresses. */
#include "sender/host_walk.h"

#define MS_PER_S 1000.0

void host_walk_note(struct host_walk *walk, const struct finding *trouble)
{
    if (walk->has_trouble && trouble->verdict.kind == VERDICT_FAILED)
        return;
    walk->trouble = *trouble;
    walk->has_trouble = true;
}

static void note_route(struct host_walk *walk, enum route_status status, const char *detail)
{
    struct finding finding = finding_from_route(walk->parcel, status, detail);

    host_walk_note(walk, &finding);
}

static void note_dns(struct host_walk *walk, const char *type, enum route_status status)
{
    const struct sender *sender = walk->parcel->sender;
    uint64_t took_ms = loop_now_ms(sender->loop) - walk->asked_ms;
    const char *result = status == ROUTE_FOUND       ? "found"
                         : status == ROUTE_TEMPORARY ? "temporary"
                                                     : "none";

    if (!route_used_dns(&walk->query))
        return;
    walk->used_dns = true;
    metric_observe(
        metrics_cell(sender->env->metrics, METRIC_SENDER_DNS, METRIC_LABELS(type, result)),
        (double)took_ms / MS_PER_S);
}

/* The best host stands for all of the destination. */
static void note_group(struct parcel *parcel, struct slice mx_host)
{
    parcel->group = dest_groups_find(parcel->sender->groups, mx_host, parcel->work.destination);
}

static void on_hosts(void *owner, enum route_status status, const struct route_hosts *hosts,
                     const char *detail)
{
    struct host_walk *walk = owner;

    walk->is_asking = false;
    walk->hosts = *hosts;
    note_dns(walk, "mx", status);
    if (status == ROUTE_FOUND)
        note_group(walk->parcel, hosts->hosts[0].name);
    else
        note_route(walk, status, detail);
    walk->on_more(walk->owner);
}

static void on_addresses(void *owner, enum route_status status,
                         const struct route_addresses *addresses, const char *detail)
{
    struct host_walk *walk = owner;

    walk->is_asking = false;
    walk->addresses = *addresses;
    walk->next_address = 0;
    note_dns(walk, "address", status);
    if (status != ROUTE_FOUND)
        note_route(walk, status, detail);
    walk->on_more(walk->owner);
}

static void ask_hosts(struct host_walk *walk)
{
    struct parcel *parcel = walk->parcel;

    walk->has_hosts = walk->is_asking = true;
    walk->asked_ms = loop_now_ms(parcel->sender->loop);
    walk->query.owner = walk;
    walk->query.on_hosts = on_hosts;
    walk->query.on_addresses = on_addresses;
    if (record_is_copy(&parcel->work))
        route_find_host(parcel->sender->router, parcel->arena, parcel->work.copy.host,
                        (uint16_t)parcel->work.copy.port, &walk->query);
    else
        route_find(parcel->sender->router, parcel->arena, parcel->work.destination, &walk->query);
}

static void ask_addresses(struct host_walk *walk)
{
    walk->is_asking = true;
    walk->asked_ms = loop_now_ms(walk->parcel->sender->loop);
    route_find_addresses(walk->parcel->sender->router, walk->parcel->arena,
                         &walk->hosts.hosts[walk->next_host++], &walk->query);
}

static void take_address(struct host_walk *walk, struct connection_target *ret_target)
{
    const struct sender *sender = walk->parcel->sender;
    const struct net_address *address = &walk->addresses.addresses[walk->next_address++];

    walk->tried++;
    *ret_target =
        (struct connection_target){.address = *address,
                                   .host = walk->hosts.hosts[walk->next_host - 1].name,
                                   .group = walk->parcel->group,
                                   .is_clear = sender->settings->tls == SENDER_TLS_OPPORTUNISTIC &&
                                               pool_is_tls_broken(sender->pool, address),
                                   .configuration = walk->parcel->work.envelope.configuration};
}

enum host_walk_step host_walk_next(struct host_walk *walk, struct connection_target *ret_target)
{
    bool may_try = walk->tried < walk->parcel->sender->settings->addresses_max;

    if (!walk->has_hosts) {
        ask_hosts(walk);
        return HOST_WALK_ASKED;
    }
    if (may_try && walk->next_address < walk->addresses.count) {
        take_address(walk, ret_target);
        return HOST_WALK_ADDRESS;
    }
    if (may_try && walk->next_host < walk->hosts.count) {
        ask_addresses(walk);
        return HOST_WALK_ASKED;
    }
    return HOST_WALK_END;
}

void host_walk_stop(struct host_walk *walk)
{
    if (walk->is_asking)
        route_cancel(&walk->query);
    walk->is_asking = false;
}
