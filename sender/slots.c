/* SPDX-License-Identifier: Apache-2.0
 * Who goes next. */
#include "sender/slots.h"

#include "net/clock.h"
#include "sender/connection.h"
#include "sender/delivery.h"
#include "sender/destination.h"
#include "sender/outcome.h"
#include "sender/pool.h"
#include "sender/schedule.h"
#include "sender/source.h"

/* A first attempt that comes after the retry period is not made (S13 looks ahead for later ones:
 * their timers lie within the period). */
static bool is_overdue(const struct parcel *parcel)
{
    return parcel->work.attempt == 0 && schedule_is_overdue(parcel, clock_wall_ms());
}

/* False: the parcel went another way, its slot is still free. */
static bool may_start(struct parcel *parcel)
{
    if (!parcel_is_owned(parcel)) {
        parcel->destination = NULL;
        slots_wait_for_ownership(parcel);
        return false;
    }
    if (is_overdue(parcel)) {
        parcel->destination = NULL;
        outcome_expire(parcel);
        return false;
    }
    return true;
}

static void pump(void *owner)
{
    struct sender *sender = owner;
    struct parcel *parcel;

    if (sender->is_draining)
        return;
    while ((parcel = destination_next(sender->destinations))) {
        struct destination *dest = parcel->destination;
        if (may_start(parcel))
            delivery_start(parcel, NULL);
        else
            destination_done(sender->destinations, dest);
    }
}

static void pump_later(struct sender *sender)
{
    loop_later(sender->loop, &sender->pump, pump, sender);
}

void slots_queue(struct parcel *parcel)
{
    struct sender *sender = parcel->sender;

    parcel->state = PARCEL_QUEUED;
    destination_queue(sender->destinations, parcel, loop_now_ms(sender->loop));
    pump_later(sender);
}

static struct parcel *following(struct sender *sender, struct destination *dest)
{
    struct parcel *parcel;

    if (sender->is_draining)
        return NULL;
    while ((parcel = destination_following(sender->destinations, dest)))
        if (may_start(parcel))
            return parcel;
    return NULL;
}

/* A connection is of one configuration (S20) and one source; mail of several may wait for a
 * destination. */
static bool serves(const struct connection *connection, const struct parcel *parcel)
{
    return slice_eq(connection_configuration(connection), parcel->work.envelope.configuration) &&
           source_serves(parcel, connection);
}

void slots_pass_on(struct sender *sender, struct destination *dest, struct connection *connection)
{
    struct parcel *parcel = NULL;

    if (connection && !connection_is_worn(connection))
        parcel = following(sender, dest);
    if (parcel && !serves(connection, parcel)) {
        pool_put(sender->pool, connection);
        connection = NULL;
    }
    if (parcel) {
        delivery_start(parcel, connection);
        return;
    }
    if (connection)
        pool_put(sender->pool, connection);
    destination_done(sender->destinations, dest);
    pump_later(sender);
}

void slots_wait_for_ownership(struct parcel *parcel)
{
    parcel_wait_in(parcel, PARCEL_UNOWNED, &parcel->sender->unowned);
}

void slots_tick(struct sender *sender)
{
    for (size_t left = sender->unowned.count; left > 0; left--) {
        struct parcel *parcel = LIST_OWNER(list_first(&sender->unowned), struct parcel, queue_node);
        parcel_wait_ends(parcel);
        if (parcel_is_owned(parcel))
            slots_queue(parcel);
        else
            slots_wait_for_ownership(parcel);
    }
}
