/* SPDX-License-Identifier: Apache-2.0
 * Who is parked, and until when. One destination may use everything as long as it moves: its share
 * counts only when nothing more is taken from the log and its first parcel has waited for
 * park_after_s. Then the newest go, so that the oldest keep their place. Copies for an archive give
 * way at once: a slow archive must not hold up the mails themselves (S23). */
#include "sender/park.h"

#include "base/hash.h"
#include "net/clock.h"
#include "sender/destination.h"
#include "sender/outcome.h"
#include "sender/schedule.h"

#define DUE_MIN_MS  15000
#define DUE_SPAN_MS 45000
#define MS_PER_S    1000

void park_parcel(struct parcel *parcel, const char *reason)
{
    struct sender *sender = parcel->sender;
    int64_t now_ms = clock_wall_ms();
    int64_t spread_ms = (int64_t)(hash_bytes(parcel->work.parcel_id) % DUE_SPAN_MS);

    if (schedule_is_overdue(parcel, now_ms)) {
        outcome_expire(parcel);
        return;
    }
    metrics_add(sender->env->metrics, METRIC_SENDER_PARKED, METRIC_LABELS(reason), 1);
    outcome_park(parcel, now_ms + DUE_MIN_MS + spread_ms);
}

struct parking {
    struct sender *sender;
    size_t share; /* of the parcels in hand */
};

/* However many destinations are slow, together they keep at most half of what is in hand (which
 * may be few large mails): then more is taken from the log. */
static size_t share_of(const struct sender *sender)
{
    size_t share = sender->parcels * (size_t)sender->settings->destination_share_percent / 100;
    size_t fair = sender->parcels / (2 * destinations_count(sender->destinations));

    return share < fair ? share : fair;
}

static bool has_patience(const struct sender *sender, const struct destination *dest)
{
    const struct parcel *oldest = destination_oldest(dest);
    uint64_t waited_ms = loop_now_ms(sender->loop) - oldest->queued_ms;

    return !record_is_copy(&oldest->work) &&
           waited_ms < (uint64_t)sender->settings->park_after_s * MS_PER_S;
}

static void park_surplus(void *owner, struct destination *dest)
{
    const struct parking *parking = owner;
    struct sender *sender = parking->sender;

    if (has_patience(sender, dest))
        return;
    while (destination_waiting(dest) &&
           destination_waiting(dest) + destination_active(dest) > parking->share) {
        struct parcel *parcel = destination_newest(dest);
        bool is_last = destination_waiting(dest) == 1 && !destination_active(dest);
        destination_unqueue(sender->destinations, parcel);
        park_parcel(parcel, "share");
        if (is_last) /* dest is gone */
            return;
    }
}

void park_tick(struct sender *sender)
{
    struct parking parking = {.sender = sender};

    if (!sender->is_paused || sender->is_draining || !destinations_count(sender->destinations))
        return;
    parking.share = share_of(sender);
    destinations_visit(sender->destinations, park_surplus, &parking);
}
