/* SPDX-License-Identifier: Apache-2.0
 * From the hub's thread to the thread of each bus. */
#include "renewal.h"

#include "base/buf.h"
#include "client.h"
#include "consumer.h"
#include "fetch.h"
#include "options.h"
#include "producer.h"

/* ---- the thread of a bus ---- */

static void give_login(struct bus *bus, const struct options_login *login)
{
    client_login(producer_client(bus->producer), login);
    reader_login(bus->reader, login);
    for (struct list_node *node = list_first(&bus->consumers); node;
         node = list_next(&bus->consumers, node))
        client_login(LIST_OWNER(node, struct bus_consumer, node)->client, login);
}

static void change_handles(struct bus *bus)
{
    producer_renew(bus->producer);
    reader_renew(bus->reader);
    for (struct list_node *node = list_first(&bus->consumers); node;
         node = list_next(&bus->consumers, node))
        membership_renew(LIST_OWNER(node, struct bus_consumer, node));
}

static void on_bell(void *owner)
{
    struct bus *bus = owner;
    uint64_t mark = atomic_load(&bus->hub->files_mark);
    struct options_login login;
    struct err err;

    if (options_login(&bus->hub->settings, &login, &err)) {
        hub_count_error(bus, RD_KAFKA_RESP_ERR__FAIL); /* it was fine a moment ago */
        return;
    }
    give_login(bus, &login);
    options_login_free(&login);
    if (bus->files_mark != mark)
        change_handles(bus);
    bus->files_mark = mark;
}

void renewal_join(struct bus *bus)
{
    struct bus_hub *hub = bus->hub;

    bus->renewal = loop_post_new(bus->loop, on_bell, bus);
    (void)pthread_mutex_lock(&hub->lock);
    bus->files_mark = atomic_load(&hub->files_mark);
    list_push(&hub->buses, &bus->node);
    (void)pthread_mutex_unlock(&hub->lock);
}

void renewal_leave(struct bus *bus)
{
    struct bus_hub *hub = bus->hub;

    (void)pthread_mutex_lock(&hub->lock);
    list_remove(&hub->buses, &bus->node);
    (void)pthread_mutex_unlock(&hub->lock);
    loop_post_free(&bus->renewal);
}

/* ---- the hub's thread ---- */

/* Only a handle tells whether a certificate and its key fit. */
static int try_files(const struct bus_settings *settings, struct err *err)
{
    const struct client_option options[] = {{NULL, NULL}};
    const struct client_plan plan = {
        .type = RD_KAFKA_PRODUCER, .id = "hikyaku-renewal", .options = options};
    struct client *client;

    if (client_new(settings, &plan, &client, err))
        return -1;
    client_put(&client);
    return 0;
}

int renewal_start(struct bus_hub *hub, struct err *err)
{
    uint64_t mark = options_mark(&hub->settings);
    bool is_new = mark != atomic_load(&hub->files_mark);

    if (client_check(&hub->settings, err) || (is_new && try_files(&hub->settings, err)))
        return -1;
    (void)pthread_mutex_lock(&hub->lock);
    atomic_store(&hub->files_mark, mark);
    for (struct list_node *node = list_first(&hub->buses); node;
         node = list_next(&hub->buses, node))
        loop_post_ring(LIST_OWNER(node, struct bus, node)->renewal);
    (void)pthread_mutex_unlock(&hub->lock);
    return 0;
}
