/* SPDX-License-Identifier: Apache-2.0
 * The in-memory fake in the contract suite, and the tests of its hooks. */
#include "base/xalloc.h"
#include "bus/settings.h"
#include "contract/rig.h"
#include "fakes/bus_fake.h"

const struct backend BACKEND = {
    .name = "fake",
    .compacts_at_once = true,
    .is_scanned_in_process = true,
    .patience_ms = 10000,
};

struct place {
    struct bus_hub *hub; /* the records live as long as it */
};

struct place *place_new(void)
{
    struct place *place = xalloc(sizeof *place);
    struct bus_settings settings = {.drain_ms = 5000};
    struct err err;

    for (int topic = 0; topic < BUS_TOPICS; topic++)
        settings.partitions[topic] = 4;
    assert_int_equal(bus_hub_open(&settings, &place->hub, &err), 0);
    return place;
}

void place_free(struct place **place)
{
    bus_hub_close(&(*place)->hub);
    xfree(*place);
    *place = NULL;
}

const char *place_name(const struct place *place)
{
    (void)place;
    return "";
}

struct place *place_attach(const char *name)
{
    (void)name;
    return NULL;
}

struct bus_hub *place_open(struct place *place)
{
    return place ? place->hub : NULL;
}

void place_close(struct place *place, struct bus_hub **hub)
{
    (void)place;
    *hub = NULL;
}

struct scan *place_scan(struct place *place, const enum bus_topic *topics, size_t count)
{
    return bus_fake_scan(place->hub, topics, count);
}

bool place_set_available(struct place *place, bool is_available)
{
    bus_fake_drop_broker(place->hub, !is_available);
    return true;
}

bool place_expire(struct place *place, enum bus_topic topic, int32_t partition,
                  int64_t below_offset)
{
    bus_fake_expire(place->hub, topic, partition, below_offset);
    return true;
}

/* ---- hooks ---- */

static void test_fake_fail_fails_so_many_and_stores_or_not(void **state)
{
    struct rig *rig = *state;
    struct bus_record record = {.topic = BUS_WORK, .key = SLICE("k"), .body = SLICE("v")};

    bus_fake_fail(rig->a.hub, BUS_WORK, 1, ERR_LIMIT, false);
    struct bus_ack ack = publish(&rig->a, &record);
    assert_false(ack.ok);
    assert_int_equal(ack.kind, ERR_LIMIT);
    assert_int_equal(bus_fake_count(rig->a.hub, BUS_WORK), 0);
    bus_fake_fail(rig->a.hub, BUS_WORK, 1, ERR_RETRY, true);
    ack = publish(&rig->a, &record);
    assert_false(ack.ok);
    assert_true(ack.maybe_persisted);
    assert_int_equal(bus_fake_count(rig->a.hub, BUS_WORK), 1);
    assert_true(publish(&rig->a, &record).ok);
}

static void count_ack(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    (void)ticket;
    *(unsigned *)owner += ack->ok;
}

static void test_fake_hold_keeps_acknowledgements_back(void **state)
{
    struct rig *rig = *state;
    unsigned acked = 0;
    struct bus_ticket ticket = {.on_acked = count_ack, .owner = &acked};
    struct bus_record record = {.topic = BUS_WORK, .key = SLICE("k"), .body = SLICE("v")};
    struct bus_delivery stored;

    bus_fake_hold(rig->a.hub, true);
    bus_publish(rig->a.bus, &record, &ticket);
    for (unsigned i = 0; i < 5; i++)
        loop_turn(rig->loop, 0);
    assert_int_equal(acked, 0);
    assert_false(bus_fake_record(rig->a.hub, BUS_WORK, 0, &stored));
    bus_fake_hold(rig->a.hub, false);
    loop_turn(rig->loop, 0);
    assert_int_equal(acked, 1);
    assert_true(bus_fake_record(rig->a.hub, BUS_WORK, 0, &stored));
    assert_true(slice_eq(stored.value, SLICE("v")));
}

static void test_fake_lose_revokes_and_assigns_again(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    (void)publish_samples(&rig->a, BUS_WORK, 1, 0, 3);
    tap_open(tap, &rig->a, BUS_WORK, "lose");
    tap_expect_count(tap, 3);
    bus_finish(tap->consumer, 1, 0);
    tap_expect_committed(tap, 1, 1);
    assert_int_equal(bus_fake_committed(rig->a.hub, BUS_WORK, "lose", 1), 1);
    bus_fake_lose(rig->a.hub, BUS_WORK, 1);
    assert_false(bus_owns(tap->consumer, 1));
    tap_expect_count(tap, 5); /* the two unfinished ones came again */
    assert_int_equal(tap->seen[3].offset, 1);
}

static void test_fake_expire_and_room(void **state)
{
    struct rig *rig = *state;

    (void)publish_samples(&rig->a, BUS_BODY, 0, 0, 5);
    bus_fake_expire(rig->a.hub, BUS_BODY, 0, 3);
    assert_int_equal(bus_fake_count(rig->a.hub, BUS_BODY), 2);
    bus_fake_set_room(rig->a.hub, false);
    assert_false(bus_has_room(rig->a.bus));
    bus_fake_set_room(rig->a.hub, true);
    assert_true(bus_has_room(rig->a.bus));
}

int backend_tests(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_fake_fail_fails_so_many_and_stores_or_not),
        RIG_TEST(test_fake_hold_keeps_acknowledgements_back),
        RIG_TEST(test_fake_lose_revokes_and_assigns_again),
        RIG_TEST(test_fake_expire_and_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
