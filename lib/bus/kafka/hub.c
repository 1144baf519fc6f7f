/* SPDX-License-Identifier: Apache-2.0
 * bus.h on Kafka: the hub, the bus of a role, and the short functions that hand on to the parts. */
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/xalloc.h"
#include "client.h"
#include "consumer.h"
#include "fetch.h"
#include "kafka.h"
#include "probe.h"
#include "producer.h"

/* Above this share of the producer's queue new mail is refused; what is already inside may use the
 * rest. */
#define ROOM_PERCENT 80

static char *joined(const char *a, const char *b)
{
    struct buf name = {0};

    buf_add_str(&name, a);
    buf_add_str(&name, b);
    char *copy = xstrdup(buf_str(&name));
    buf_free(&name);
    return copy;
}

int bus_hub_open(const struct bus_settings *settings, struct bus_hub **ret_hub, struct err *err)
{
    if (client_check(settings, err))
        return -1;
    struct bus_hub *hub = xalloc(sizeof *hub);
    hub->settings = *settings;
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        hub->topic_names[topic] = joined(settings->topic_prefix, bus_topic_row(topic)->name);
    *ret_hub = hub;
    return 0;
}

void bus_hub_close(struct bus_hub **hub)
{
    if (!*hub)
        return;
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        xfree((*hub)->topic_names[topic]);
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

int bus_new(struct bus_hub *hub, struct loop *loop, const char *name, enum bus_pace pace,
            struct bus **ret_bus, struct err *err)
{
    struct bus *bus = xalloc(sizeof *bus);

    bus->hub = hub;
    bus->loop = loop;
    bus->pace = pace;
    bus->name = joined("hikyaku-", name);
    list_init(&bus->consumers);
    if (producer_new(bus, &bus->producer, err)) {
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
