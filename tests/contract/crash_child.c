/* SPDX-License-Identifier: Apache-2.0
 * The child of the crash tests: works until it is killed and tells, a line at a time on standard
 * output, what it was promised: "partition offset number" of each acknowledged record, or
 * "partition next_offset 0" of each commit (records are numbered from 1). */
#include <unistd.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "contract/backend.h"
#include "contract/crash.h"
#include "contract/rig.h"
#include "contract/suite.h"

#define FLIGHTS 50

struct child;

struct flight {
    struct bus_ticket ticket;
    struct child *child;
    unsigned seq;
};

struct child {
    struct loop *loop;
    struct bus *bus;
    struct bus_consumer *consumer;
    struct flight flights[FLIGHTS];
    unsigned next_seq;
    bool has_failed;
};

static void tell(int32_t partition, int64_t offset, unsigned seq)
{
    struct buf line = {0};

    buf_addf(&line, "%d %lld %u\n", (int)partition, (long long)offset, seq);
    if (write(STDOUT_FILENO, line.at, line.len) != (ssize_t)line.len) /* atomic: it is short */
        _exit(2);
    buf_free(&line);
}

static void launch(struct flight *flight)
{
    struct child *child = flight->child;
    struct buf key = {0}, value = {0};

    flight->seq = child->next_seq++;
    buf_add_u64(&key, flight->seq);
    sample(&value, flight->seq, crash_sample_bytes(flight->seq));
    struct bus_record record = {.topic = BUS_WORK, .key = buf_slice(&key)};
    record.partition = (int32_t)flight->seq % bus_partitions(child->bus, BUS_WORK);
    record.head = slice_sub(buf_slice(&value), 0, 60);
    record.body = slice_skip(buf_slice(&value), 60);
    bus_publish(child->bus, &record, &flight->ticket);
    buf_free(&key);
    buf_free(&value);
}

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct flight *flight = owner;

    if (ack->ok)
        tell(ticket->partition, ack->offset, flight->seq);
    else
        flight->child->has_failed = true;
    launch(flight);
}

static void start_publishing(struct child *child)
{
    for (size_t i = 0; i < FLIGHTS; i++) {
        struct flight *flight = &child->flights[i];
        flight->child = child;
        flight->ticket.on_acked = on_acked;
        flight->ticket.owner = flight;
        launch(flight);
    }
}

static void on_assigned(void *owner, int32_t partition)
{
    bus_start(((struct child *)owner)->consumer, partition, BUS_COMMITTED);
}

static void on_revoked(void *owner, int32_t partition, bool is_lost)
{
    if (!is_lost)
        bus_release(((struct child *)owner)->consumer, partition);
}

static void on_record(void *owner, const struct bus_delivery *delivery)
{
    /* Each tenth stays unfinished for ten records: what comes back is never just a tail. */
    struct child *child = owner;
    int64_t offset = delivery->offset;

    if (offset % 10 != 0)
        bus_finish(child->consumer, delivery->partition, offset);
    if (offset % 10 == 9)
        bus_finish(child->consumer, delivery->partition, offset - 9);
}

static void on_committed(void *owner, int32_t partition, int64_t next_offset)
{
    (void)owner;
    tell(partition, next_offset, 0);
}

static void on_left(void *owner)
{
    (void)owner;
}

static const struct bus_consumer_ops OPS = {
    .on_assigned = on_assigned,
    .on_revoked = on_revoked,
    .on_record = on_record,
    .on_committed = on_committed,
    .on_left = on_left,
};

int crash_child(const char *what, const char *place)
{
    struct bus_hub *hub = place_open(place_attach(place));
    struct child *child = xalloc(sizeof *child);
    const char *why;
    struct err err;

    child->next_seq = 1;
    child->loop = loop_new();
    if (!hub || bus_new(hub, child->loop, "child", BUS_PROMPT, &child->bus, &err) != 0)
        return 1;
    while (!bus_is_ready(child->bus, &why))
        loop_turn(child->loop, 20);
    if (slice_eq(slice_str(what), SLICE("consume")))
        child->consumer = bus_consume(child->bus, BUS_WORK, CRASH_GROUP, &OPS, child);
    start_publishing(child);
    while (!child->has_failed)
        loop_turn(child->loop, 1000);
    return 1;
}
