/* SPDX-License-Identifier: Apache-2.0
 * The intrusive list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

struct item {
    int value;
    struct list_node node;
};

static int value_of(struct list_node *node)
{
    return LIST_OWNER(node, struct item, node)->value;
}

static void test_first_in_first_out(void **state)
{
    struct item items[3] = {{.value = 0}, {.value = 1}, {.value = 2}};
    struct list list;

    (void)state;
    list_init(&list);
    assert_null(list_first(&list));
    assert_null(list_last(&list));
    assert_null(list_shift(&list));
    for (int i = 0; i < 3; i++)
        list_push(&list, &items[i].node);
    assert_int_equal(list.count, 3);
    assert_int_equal(value_of(list_last(&list)), 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(value_of(list_shift(&list)), i);
    assert_int_equal(list.count, 0);
}

static void test_walk_and_remove_in_the_middle(void **state)
{
    struct item items[3] = {{.value = 0}, {.value = 1}, {.value = 2}};
    struct list list;

    (void)state;
    list_init(&list);
    list_push(&list, &items[1].node);
    list_push_front(&list, &items[0].node);
    list_push(&list, &items[2].node);
    assert_true(list_has(&items[1].node));
    list_remove(&list, &items[1].node);
    assert_false(list_has(&items[1].node));
    struct list_node *node = list_first(&list);
    assert_int_equal(value_of(node), 0);
    node = list_next(&list, node);
    assert_int_equal(value_of(node), 2);
    assert_null(list_next(&list, node));
}

static void test_insert_before(void **state)
{
    struct item items[2] = {{.value = 0}, {.value = 1}};
    struct list list;

    (void)state;
    list_init(&list);
    list_push(&list, &items[1].node);
    list_insert_before(&list, &items[1].node, &items[0].node);
    assert_int_equal(value_of(list_first(&list)), 0);
    assert_int_equal(value_of(list_last(&list)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_walk_and_remove_in_the_middle),
        cmocka_unit_test(test_insert_before),
    };

    return cmocka_run_group_tests_name("base/list", tests, NULL, NULL);
}
