/* SPDX-License-Identifier: Apache-2.0
 * An eventfd between a librdkafka queue and the loop. */
#include "pump.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/xalloc.h"

struct pump {
    struct loop *loop;
    rd_kafka_queue_t *queue;
    int fd;
    struct loop_watch *watch;
    struct loop_later later;
    void (*on_ready)(void *owner);
    void *owner;
};

static void on_readable(void *owner)
{
    struct pump *pump = owner;
    uint64_t rings;

    /* One read empties an eventfd; that it may already be empty does no harm. */
    ssize_t got = read(pump->fd, &rings, sizeof rings);
    (void)got;
    pump->on_ready(pump->owner);
}

static void run_again(void *owner)
{
    struct pump *pump = owner;

    pump->on_ready(pump->owner);
}

void pump_again(struct pump *pump)
{
    loop_later(pump->loop, &pump->later, run_again, pump);
}

static void unhook(struct pump *pump)
{
    if (pump->queue)
        rd_kafka_queue_io_event_enable(pump->queue, -1, NULL, 0);
}

void pump_switch(struct pump *pump, rd_kafka_queue_t *queue)
{
    const uint64_t ring = 1;

    unhook(pump);
    pump->queue = queue;
    if (!queue)
        return;
    rd_kafka_queue_io_event_enable(queue, pump->fd, &ring, sizeof ring);
    pump_again(pump); /* what is already there rang nobody */
}

struct pump *pump_new(struct loop *loop, rd_kafka_queue_t *queue, void (*on_ready)(void *owner),
                      void *owner)
{
    struct pump *pump = xalloc(sizeof *pump);

    pump->loop = loop;
    pump->on_ready = on_ready;
    pump->owner = owner;
    pump->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ASSERT(pump->fd >= 0);
    pump->watch = loop_watch_new(loop, pump->fd, on_readable, pump);
    pump_switch(pump, queue);
    return pump;
}

void pump_free(struct pump **pump)
{
    struct pump *p = *pump;

    if (!p)
        return;
    unhook(p);
    loop_later_cancel(p->loop, &p->later);
    loop_watch_free(&p->watch);
    (void)close(p->fd);
    xfree(p);
    *pump = NULL;
}
