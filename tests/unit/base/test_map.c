/* SPDX-License-Identifier: Apache-2.0
 * The hash table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/xalloc.h"

struct item {
    struct map_node node;
    char key[8];
};

#define ITEMS 1000

static void fill(struct map *map, struct item *items)
{
    for (size_t i = 0; i < ITEMS; i++) {
        struct buf key = {0};
        buf_add_u64(&key, i);
        memcpy(items[i].key, key.at, key.len);
        map_put(map, &items[i].node, slice_of(items[i].key, key.len));
        buf_free(&key);
    }
}

static void test_what_was_put_is_found(void **state)
{
    struct item *items = xalloc(ITEMS * sizeof *items);
    struct map map = {0};

    (void)state;
    assert_null(map_get(&map, SLICE("7")));
    fill(&map, items);
    assert_int_equal(map.count, ITEMS);
    assert_ptr_equal(MAP_OWNER(map_get(&map, SLICE("7")), struct item, node), &items[7]);
    assert_ptr_equal(map_get(&map, SLICE("999")), &items[999].node);
    assert_null(map_get(&map, SLICE("1000")));
    assert_null(map_get(&map, SLICE("7\0")));
    map_free(&map);
    assert_int_equal(map.count, 0);
    xfree(items);
}

static void test_a_removed_key_can_be_put_again(void **state)
{
    struct item one = {.key = "k"}, other = {.key = "k"};
    struct map map = {0};

    (void)state;
    map_put(&map, &one.node, SLICE("k"));
    map_remove(&map, &one.node);
    assert_null(map_get(&map, SLICE("k")));
    map_put(&map, &other.node, SLICE("k"));
    assert_ptr_equal(map_get(&map, SLICE("k")), &other.node);
    map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_put_is_found),
        cmocka_unit_test(test_a_removed_key_can_be_put_again),
    };

    return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
