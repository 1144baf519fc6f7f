/* SPDX-License-Identifier: Apache-2.0
 * The order of fetches that wait together: topic, partition, offset. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>

#include "bus/fetches.h"

static void test_fetches_are_sorted_by_topic_partition_and_offset(void **state)
{
    /* In the order that is wanted. */
    struct bus_fetch fetches[] = {
        {.ref = {.topic = BUS_WORK, .partition = 0, .first_offset = 9}},
        {.ref = {.topic = BUS_WORK, .partition = 1, .first_offset = 5}},
        {.ref = {.topic = BUS_WORK, .partition = 1, .first_offset = 5000000000}},
        {.ref = {.topic = BUS_BODY, .partition = 0, .first_offset = 2}},
        {.ref = {.topic = BUS_BODY, .partition = 0, .first_offset = 3}},
    };
    static const size_t came[] = {3, 2, 0, 4, 1};
    struct list list;

    (void)state;
    list_init(&list);
    for (size_t i = 0; i < sizeof came / sizeof *came; i++)
        list_push(&list, &fetches[came[i]].node);
    bus_fetches_sort(&list);
    assert_int_equal(list.count, sizeof fetches / sizeof *fetches);
    for (size_t i = 0; i < sizeof fetches / sizeof *fetches; i++)
        assert_ptr_equal(list_shift(&list), &fetches[i].node);
}

static void test_no_fetches_are_sorted_too(void **state)
{
    struct list list;

    (void)state;
    list_init(&list);
    bus_fetches_sort(&list);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetches_are_sorted_by_topic_partition_and_offset),
        cmocka_unit_test(test_no_fetches_are_sorted_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
