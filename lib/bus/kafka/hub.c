/* SPDX-License-Identifier: Apache-2.0
 * bus.h on Kafka: the hub, the bus of a role, and the short functions that hand on to the parts. */
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/xalloc.h"
#include "bus/stats.h"
#include "client.h"
#include "consumer.h"
#include "fetch.h"
#include "kafka.h"
#include "probe.h"
#include "producer.h"
#include "renewal.h"

/* Above this share of the producer's queue new mail is refused; what is already inside may use the
 * rest. */
#define ROOM_PERCENT 80

int bus_hub_open(const struct bus_settings *settings, struct bus_hub **ret_hub, struct err *err)
{
    if (client_check(settings, err))
        return -1;
    struct bus_hub *hub = xalloc(sizeof *hub);
    hub->settings = *settings;
    ASSERT(pthread_mutex_init(&hub->lock, NULL) == 0);
    list_init(&hub->buses);
    atomic_init(&hub->files_mark, options_mark(settings));
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        hub->topic_names[topic] =
            xasprintf("%s%s", settings->topic_prefix, bus_topic_row(topic)->name);
    *ret_hub = hub;
    return 0;
}

int bus_hub_renew(struct bus_hub *hub, struct err *err)
{
    return renewal_start(hub, err);
}

void bus_hub_close(struct bus_hub **hub)
{
    if (!*hub)
        return;
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        xfree((*hub)->topic_names[topic]);
    (void)pthread_mutex_destroy(&(*hub)->lock);
    xfree(*hub);
    *hub = NULL;
}

bool hub_topic_of(const struct bus_hub *hub, const char *name, enum bus_topic *ret_topic)
{
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        if (strcmp(hub->topic_names[topic], name) == 0) {
            *ret_topic = topic;
            return true;
        }
    return false;
}

void hub_count_error(struct bus *bus, rd_kafka_resp_err_t error)
{
    stats_add_errors(&bus->stats, rd_kafka_err2name(error), 1);
}

/* Those that come first when something is wrong: there from the start, so that none is missed. */
static void know_errors(struct bus_stats *stats)
{
    static const rd_kafka_resp_err_t usual[] = {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
                                                RD_KAFKA_RESP_ERR__FATAL,
                                                RD_KAFKA_RESP_ERR__TRANSPORT};

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        stats_add_errors(stats, rd_kafka_err2name(usual[i]), 0);
}

int bus_new(struct bus_hub *hub, struct loop *loop, const char *name, enum bus_pace pace,
            struct bus **ret_bus, struct err *err)
{
    struct bus *bus = xalloc(sizeof *bus);

    bus->hub = hub;
    bus->loop = loop;
    bus->pace = pace;
    bus->name = xasprintf("hikyaku-%s", name);
    list_init(&bus->consumers);
    know_errors(&bus->stats);
    renewal_join(bus);
    if (producer_new(bus, &bus->producer, err)) {
        renewal_leave(bus);
        xfree(bus->name);
        xfree(bus);
        return -1;
    }
    bus->probe = probe_new(bus);
    *ret_bus = bus;
    return 0;
}

void bus_free(struct bus **bus)
{
    struct bus *b = *bus;

    if (!b)
        return;
    ASSERT(b->consumers.count == 0);
    renewal_leave(b);
    reader_free(&b->reader);
    producer_free(&b->producer);
    probe_free(&b->probe);
    xfree(b->name);
    xfree(b);
    *bus = NULL;
}

bool bus_is_ready(const struct bus *bus, const char **ret_why)
{
    return probe_is_ready(bus->probe, ret_why);
}

bool bus_has_room(const struct bus *bus)
{
    uint64_t limit = (uint64_t)bus->hub->settings.queue_kbytes * 1024 / 100 * ROOM_PERCENT;

    return bus->stats.queue_bytes < limit &&
           bus->stats.queue_records < (uint64_t)PRODUCER_QUEUE_RECORDS / 100 * ROOM_PERCENT;
}

int32_t bus_partitions(const struct bus *bus, enum bus_topic topic)
{
    return bus->partitions[topic];
}

int32_t bus_partition_of(const struct bus *bus, enum bus_topic topic, struct slice key)
{
    ASSERT(bus->partitions[topic] > 0);
    return (int32_t)(hash_bytes(key) % (uint64_t)bus->partitions[topic]);
}

void bus_publish(struct bus *bus, const struct bus_record *record, struct bus_ticket *ticket)
{
    producer_publish(bus->producer, record, ticket);
}

void bus_fetch(struct bus *bus, struct bus_fetch *fetch)
{
    if (!bus->reader)
        bus->reader = reader_new(bus);
    reader_fetch(bus->reader, fetch);
}

void bus_fetch_cancel(struct bus *bus, struct bus_fetch *fetch)
{
    if (bus->reader)
        reader_cancel(bus->reader, fetch);
}

void bus_stats(const struct bus *bus, struct bus_stats *ret_stats)
{
    *ret_stats = bus->stats;
}
