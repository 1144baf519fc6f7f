/* SPDX-License-Identifier: Apache-2.0
 * What somebody waits for is written at once; what nobody waits for soon, and with it if it can. */
#include "net/clock.h"
#include "unit/bus/lmdb_log.h"

#define SOON_MS 2   /* a part of the time to gather */
#define TICK_MS 500 /* half of the writer's tick, which would hide a forgotten due time */

static uint64_t due_ms(struct lmdb_log *log)
{
    (void)pthread_mutex_lock(&log->hub->lock);
    uint64_t due = log->hub->queue_due_ms;
    (void)pthread_mutex_unlock(&log->hub->lock);
    return due;
}

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    (void)ticket;
    (void)ack;
    ++*(int *)owner;
}

struct flight {
    struct bus_ticket ticket;
    int acked;
};

/* Published, and handed to the writer at the end of the turn. */
static void publish(struct lmdb_log *log, struct bus *bus, enum bus_topic topic,
                    struct flight *flight)
{
    struct bus_record record = {.topic = topic, .key = SLICE("k"), .body = SLICE("v")};

    flight->ticket = (struct bus_ticket){.on_acked = on_acked, .owner = &flight->acked};
    bus_publish(bus, &record, &flight->ticket);
    loop_turn(log->loop, 0);
}

static void await(struct lmdb_log *log, const struct flight *flight)
{
    while (flight->acked == 0)
        loop_turn(log->loop, 1000);
}

/* Nothing may be outstanding when an assertion fails: what was seen, once all is stored. */
struct seen {
    uint64_t began_ms, due_ms, queued_ms, stored_ms;
};

static struct seen watch(struct lmdb_log *log, struct bus *bus, enum bus_topic topic)
{
    struct flight flight = {0};
    struct seen seen = {.began_ms = clock_monotonic_ms()};

    publish(log, bus, topic, &flight);
    seen.due_ms = due_ms(log);
    seen.queued_ms = clock_monotonic_ms();
    await(log, &flight);
    seen.stored_ms = clock_monotonic_ms();
    return seen;
}

static void expect_gathered(const struct seen *seen)
{
    assert_true(seen->due_ms >= seen->began_ms + SOON_MS);
    assert_true(seen->stored_ms - seen->began_ms < TICK_MS);
}

static void test_work_is_due_at_once(void **state)
{
    struct lmdb_log *log = *state;
    struct seen seen = watch(log, log->bus, BUS_WORK);

    assert_true(seen.due_ms <= seen.queued_ms);
}

static void test_an_event_gathers(void **state)
{
    struct lmdb_log *log = *state;
    struct seen seen = watch(log, log->bus, BUS_EVENT);

    expect_gathered(&seen);
}

static void test_a_gathering_bus_gathers_all(void **state)
{
    struct lmdb_log *log = *state;
    struct bus *bus;
    struct err err;

    assert_int_equal(bus_new(log->hub, log->loop, "test", BUS_GATHERING, &bus, &err), 0);
    struct seen seen = watch(log, bus, BUS_WORK);
    bus_free(&bus);
    expect_gathered(&seen);
}

static void test_work_takes_waiting_events_along(void **state)
{
    struct lmdb_log *log = *state;
    struct flight event = {0};

    publish(log, log->bus, BUS_EVENT, &event);
    struct seen seen = watch(log, log->bus, BUS_WORK);
    int acked = event.acked;
    await(log, &event);
    assert_true(seen.due_ms <= seen.queued_ms);
    assert_int_equal(acked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_is_due_at_once),
        cmocka_unit_test(test_an_event_gathers),
        cmocka_unit_test(test_a_gathering_bus_gathers_all),
        cmocka_unit_test(test_work_takes_waiting_events_along),
    };

    return cmocka_run_group_tests(tests, lmdb_log_setup, lmdb_log_teardown);
}
