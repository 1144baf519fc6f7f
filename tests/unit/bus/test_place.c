/* SPDX-License-Identifier: Apache-2.0
 * Where work goes: what comes together lies together, a destination uses its partitions and no
 * other, and what may be published twice never moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/place.h"
#include "bus/settings.h"
#include "fakes/bus_fake.h"

#define PARTITIONS 64
#define SENDERS    8 /* sharing them as "range" does: neighbours together */

struct scene {
    struct loop *loop;
    struct bus_hub *hub;
    struct bus *bus;
};

static struct scene scene_start(int32_t partitions)
{
    struct bus_settings settings = {.topic_prefix = ""};
    struct scene scene = {.loop = loop_new()};
    struct err err;

    for (size_t topic = 0; topic < BUS_TOPICS; topic++)
        settings.partitions[topic] = partitions;
    assert_int_equal(bus_hub_open(&settings, &scene.hub, &err), 0);
    assert_int_equal(bus_new(scene.hub, scene.loop, "test", BUS_PROMPT, &scene.bus, &err), 0);
    return scene;
}

static void scene_end(struct scene *scene)
{
    bus_free(&scene->bus);
    bus_hub_close(&scene->hub);
    loop_free(&scene->loop);
}

static unsigned bits(uint64_t set)
{
    return (unsigned)__builtin_popcountll(set);
}

static void test_mails_of_a_moment_lie_together(void **state)
{
    struct scene scene = scene_start(PARTITIONS);
    const struct work_settings settings = {.fanout = 4};
    const struct record_work work = {.destination = SLICE("x.test")}, fanout = {0};

    (void)state;
    for (uint64_t moment = 0; moment < 100; moment++) {
        uint64_t first_ms = moment * BUS_PLACE_MOMENT_MS;
        uint64_t last_ms = first_ms + BUS_PLACE_MOMENT_MS - 1;
        assert_int_equal(bus_place_of_new(scene.bus, &settings, &work, first_ms),
                         bus_place_of_new(scene.bus, &settings, &work, last_ms));
        assert_int_equal(bus_place_of_new(scene.bus, &settings, &fanout, first_ms),
                         bus_place_of_new(scene.bus, &settings, &fanout, last_ms));
    }
    scene_end(&scene);
}

static void test_a_destination_visits_its_partitions_in_turn(void **state)
{
    struct scene scene = scene_start(PARTITIONS);
    const struct work_settings settings = {.fanout = 4};
    const struct record_work work = {.destination = SLICE("x.test")}, fanout = {0};
    uint64_t seen = 0, senders = 0, anywhere = 0;

    (void)state;
    for (uint64_t ms = 0; ms < 64 * BUS_PLACE_MOMENT_MS; ms += BUS_PLACE_MOMENT_MS) {
        int32_t partition = bus_place_of_new(scene.bus, &settings, &work, ms);
        assert_in_range(partition, 0, PARTITIONS - 1);
        seen |= UINT64_C(1) << partition;
        senders |= UINT64_C(1) << partition / (PARTITIONS / SENDERS);
        anywhere |= UINT64_C(1) << bus_place_of_new(scene.bus, &settings, &fanout, ms);
        if (ms == 3 * BUS_PLACE_MOMENT_MS)
            assert_int_equal(bits(seen), 4);
    }
    assert_int_equal(bits(seen), 4);
    assert_int_equal(bits(senders), 4); /* no sender has two of them */
    assert_int_equal(bits(anywhere), 64);
    scene_end(&scene);
}

static void test_what_may_be_repeated_stays_on_the_partitions_of_its_destination(void **state)
{
    struct scene scene = scene_start(PARTITIONS);
    const struct work_settings settings = {.fanout = 4};
    struct record_work work = {.destination = SLICE("x.test")};
    uint64_t seen = 0, visited = 0;

    (void)state;
    for (char id = 'a'; id <= 'z'; id++) {
        work.parcel_id = slice_of(&id, 1);
        int32_t partition = bus_place_of_repeatable(scene.bus, &settings, &work);
        assert_int_equal(bus_place_of_repeatable(scene.bus, &settings, &work), partition);
        seen |= UINT64_C(1) << partition;
    }
    for (uint64_t ms = 0; ms < 4 * BUS_PLACE_MOMENT_MS; ms += BUS_PLACE_MOMENT_MS)
        visited |= UINT64_C(1) << bus_place_of_new(scene.bus, &settings, &work, ms);
    assert_int_equal(bits(seen), 4);
    assert_true(seen == visited);
    scene_end(&scene);
}

static void test_more_fanout_than_partitions_uses_all(void **state)
{
    struct scene scene = scene_start(3);
    const struct work_settings settings = {.fanout = 64};
    const struct record_work work = {.destination = SLICE("x.test")};
    uint64_t seen = 0;

    (void)state;
    for (uint64_t ms = 0; ms < 3 * BUS_PLACE_MOMENT_MS; ms += BUS_PLACE_MOMENT_MS)
        seen |= UINT64_C(1) << bus_place_of_new(scene.bus, &settings, &work, ms);
    assert_int_equal(seen, 7);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mails_of_a_moment_lie_together),
        cmocka_unit_test(test_a_destination_visits_its_partitions_in_turn),
        cmocka_unit_test(test_what_may_be_repeated_stays_on_the_partitions_of_its_destination),
        cmocka_unit_test(test_more_fanout_than_partitions_uses_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
