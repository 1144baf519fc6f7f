/* SPDX-License-Identifier: Apache-2.0
 * The hub: the open environment, the writer thread, what all roles of the process share. */
#include "bus/lmdb/hub.h"

#include <signal.h>

#include "base/assert.h"
#include "base/xalloc.h"

#define SECOND_MS ((int64_t)1000)
#define DAY_MS    ((int64_t)24 * 3600 * 1000)

/* What waits for its due time refers to a body for at most the longest period; a day of slack. */
static int64_t expire_after_ms(const struct bus_settings *settings, enum bus_topic topic)
{
    int64_t days = bus_topic_row(topic)->retention_days;

    return days > 0 ? days * DAY_MS : settings->longest_period_s * SECOND_MS + DAY_MS;
}

static struct bus_hub *hub_new(const struct bus_settings *settings)
{
    struct bus_hub *hub = xalloc(sizeof *hub);

    hub->drain_ms = settings->drain_ms;
    hub->room.map_bytes = settings->map_bytes;
    hub->room.full_percent = settings->full_percent;
    for (int topic = 0; topic < BUS_TOPICS; topic++)
        hub->expire_after_ms[topic] = expire_after_ms(settings, (enum bus_topic)topic);
    list_init(&hub->queue);
    list_init(&hub->batch);
    list_init(&hub->dirty);
    list_init(&hub->writing);
    list_init(&hub->buses);
    list_init(&hub->groups);
    (void)pthread_mutex_init(&hub->lock, NULL);
    (void)pthread_cond_init(&hub->work, NULL);
    return hub;
}

static void hub_free(struct bus_hub *hub)
{
    group_free_all(hub);
    store_close(&hub->store);
    (void)pthread_cond_destroy(&hub->work);
    (void)pthread_mutex_destroy(&hub->lock);
    xfree(hub);
}

static void on_mark(void *owner, struct slice name, int64_t value)
{
    (void)group_load_mark(owner, name, value); /* of a partition that is gone: of no use */
}

/* Signals are for the main thread: the writer is born with all of them blocked. */
static int start_writer(struct bus_hub *hub, struct err *err)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&hub->writer, NULL, writer_main, hub);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? 0 : err_set(err, ERR_LIMIT, "log: no thread: %s", mdb_strerror(rc));
}

static int open_hub(struct bus_hub *hub, const struct bus_settings *settings, struct err *err)
{
    if (store_open(&hub->store, settings, room_reserve_bytes(settings->map_bytes), err) != 0)
        return -1;
    int rc = store_each_mark(&hub->store, on_mark, hub);
    if (rc != 0)
        return err_set(err, ERR_INTERNAL, "log in %s: cannot read its marks: %s",
                       settings->directory, mdb_strerror(rc));
    return start_writer(hub, err);
}

int bus_hub_open(const struct bus_settings *settings, struct bus_hub **ret_hub, struct err *err)
{
    struct bus_hub *hub = hub_new(settings);

    if (open_hub(hub, settings, err) != 0) {
        hub_free(hub);
        return -1;
    }
    *ret_hub = hub;
    return 0;
}

/* A log on this disk has no secrets. */
int bus_hub_renew(struct bus_hub *hub, struct err *err)
{
    (void)hub;
    (void)err;
    return 0;
}

void bus_hub_close(struct bus_hub **hub)
{
    struct bus_hub *h = *hub;

    if (!h)
        return;
    (void)pthread_mutex_lock(&h->lock);
    ASSERT(h->buses.count == 0);
    h->is_ending = true;
    (void)pthread_cond_signal(&h->work);
    (void)pthread_mutex_unlock(&h->lock);
    (void)pthread_join(h->writer, NULL);
    hub_free(h);
    *hub = NULL;
}
