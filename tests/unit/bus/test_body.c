/* SPDX-License-Identifier: Apache-2.0
 * A large body onto the log: the chunks together are the body, the reference names them in order,
 * and what cannot be stored in order is not stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "bus/body.h"
#include "bus/settings.h"
#include "fakes/bus_fake.h"

#define CHUNK_BYTES 100
#define BODY_BYTES  950 /* ten chunks, the last one half full */

struct scene {
    struct loop *loop;
    struct bus_hub *hub;
    struct bus *bus;
    struct bus_body body;
    char bytes[BODY_BYTES];
    unsigned told;
    bool is_stored;
    struct record_body ref;
    struct err why;
};

static void on_stored(void *owner, const struct record_body *ref, const struct err *why)
{
    struct scene *scene = owner;

    scene->told++;
    scene->is_stored = ref != NULL;
    if (ref)
        scene->ref = *ref;
    scene->why = *why;
}

static void scene_start(struct scene *scene)
{
    struct bus_settings settings = {.topic_prefix = ""};
    struct err err;

    for (size_t topic = 0; topic < BUS_TOPICS; topic++)
        settings.partitions[topic] = 2;
    for (size_t i = 0; i < BODY_BYTES; i++)
        scene->bytes[i] = (char)('a' + i % 26);
    scene->loop = loop_new();
    assert_int_equal(bus_hub_open(&settings, &scene->hub, &err), 0);
    assert_int_equal(bus_new(scene->hub, scene->loop, "test", BUS_PROMPT, &scene->bus, &err), 0);
    scene->body = (struct bus_body){.on_stored = on_stored, .owner = scene};
}

static void put(struct scene *scene)
{
    bus_body_put(&scene->body, scene->bus, SLICE("mail1"), slice_of(scene->bytes, BODY_BYTES),
                 CHUNK_BYTES);
    assert_int_equal(scene->told, 0); /* never from inside */
    for (int turn = 0; turn < 100 && scene->told == 0; turn++)
        loop_turn(scene->loop, 10);
    assert_int_equal(scene->told, 1);
}

static void scene_end(struct scene *scene)
{
    bus_free(&scene->bus);
    bus_hub_close(&scene->hub);
    loop_free(&scene->loop);
}

static void test_the_chunks_are_the_body(void **state)
{
    struct scene scene = {0};
    struct buf together = {0};
    struct bus_delivery piece;

    (void)state;
    scene_start(&scene);
    put(&scene);
    assert_true(scene.is_stored);
    assert_int_equal(bus_fake_count(scene.hub, BUS_BODY), 10);
    for (size_t i = 0; bus_fake_record(scene.hub, BUS_BODY, i, &piece); i++) {
        struct arena *arena = arena_new(256);
        struct record_chunk chunk;
        struct err err;
        assert_int_equal(record_get_chunk(arena, piece.value, &chunk, &err), 0);
        assert_int_equal(chunk.sequence, i);
        assert_int_equal(chunk.total, i == 9 ? 10 : 0);
        assert_true(slice_eq(piece.key, SLICE("mail1")));
        buf_add(&together, chunk.bytes);
        arena_free(&arena);
    }
    assert_true(slice_eq(buf_slice(&together), slice_of(scene.bytes, BODY_BYTES)));
    assert_int_equal(scene.ref.last_offset - scene.ref.first_offset, 9);
    assert_int_equal(scene.ref.length, BODY_BYTES);
    assert_int_equal(scene.ref.crc32c, hash_crc32c(0, slice_of(scene.bytes, BODY_BYTES)));
    buf_free(&together);
    scene_end(&scene);
}

static void test_a_refused_chunk_ends_it(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene);
    bus_fake_fail(scene.hub, BUS_BODY, 1, ERR_LIMIT, false);
    put(&scene);
    assert_false(scene.is_stored);
    assert_int_equal(scene.why.kind, ERR_LIMIT);
    assert_true(bus_fake_count(scene.hub, BUS_BODY) < 10); /* the rest was not published */
    scene_end(&scene);
}

static void test_chunks_out_of_order_are_not_stored(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene);
    bus_fake_overtake(scene.hub, BUS_BODY);
    put(&scene);
    assert_false(scene.is_stored);
    assert_int_equal(scene.why.kind, ERR_RETRY);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_chunks_are_the_body),
        cmocka_unit_test(test_a_refused_chunk_ends_it),
        cmocka_unit_test(test_chunks_out_of_order_are_not_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
