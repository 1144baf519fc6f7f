/* SPDX-License-Identifier: Apache-2.0
 * How far a scan has come: the end, the time, and who is furthest behind. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>

#include "bus/scan_parts.h"

static void move(struct scan_part *part, int64_t offset, int64_t stored_at_ms)
{
    const struct bus_delivery delivery = {.offset = offset, .stored_at_ms = stored_at_ms};

    scan_part_moved(part, &delivery);
}

static void test_scan_parts_none_is_no_end(void **state)
{
    struct scan_parts parts = {0};

    (void)state;
    assert_false(scan_parts_are_at_end(&parts));
    assert_int_equal(scan_parts_read_to_ms(&parts), 0);
    assert_null(scan_parts_last(&parts));
    assert_null(scan_parts_find(&parts, BUS_WORK, 0));
    scan_parts_free(&parts);
}

static void test_scan_parts_time_is_of_the_one_behind(void **state)
{
    struct scan_parts parts = {0};

    (void)state;
    (void)scan_parts_add(&parts, BUS_WORK, 0);
    (void)scan_parts_add(&parts, BUS_EVENT, 0);
    assert_int_equal(scan_parts_of(&parts, BUS_EVENT), 1);
    move(scan_parts_find(&parts, BUS_WORK, 0), 0, 5000);
    assert_int_equal(scan_parts_read_to_ms(&parts), 0); /* the other one has said nothing yet */
    move(scan_parts_find(&parts, BUS_EVENT, 0), 7, 3000);
    assert_int_equal(scan_parts_read_to_ms(&parts), 3000);
    assert_ptr_equal(scan_parts_last(&parts), scan_parts_find(&parts, BUS_EVENT, 0));
    move(scan_parts_find(&parts, BUS_EVENT, 0), 8, 2000); /* a clock that went back */
    assert_int_equal(scan_parts_read_to_ms(&parts), 3000);
    assert_int_equal(scan_parts_find(&parts, BUS_EVENT, 0)->next_offset, 9);
    scan_parts_free(&parts);
}

static void test_scan_parts_end_was_seen_once(void **state)
{
    struct scan_parts parts = {0};

    (void)state;
    (void)scan_parts_add(&parts, BUS_EVENT, 0);
    (void)scan_parts_add(&parts, BUS_EVENT, 1);
    scan_part_ended(scan_parts_find(&parts, BUS_EVENT, 0));
    assert_false(scan_parts_are_at_end(&parts));
    scan_part_ended(scan_parts_find(&parts, BUS_EVENT, 1));
    assert_true(scan_parts_are_at_end(&parts));
    assert_int_equal(scan_parts_read_to_ms(&parts), INT64_MAX);
    move(scan_parts_find(&parts, BUS_EVENT, 1), 0, 9000); /* new ones */
    assert_true(scan_parts_are_at_end(&parts));
    assert_int_equal(scan_parts_read_to_ms(&parts), 9000);
    (void)scan_parts_add(&parts, BUS_EVENT, 2); /* a partition that was added */
    assert_false(scan_parts_are_at_end(&parts));
    scan_parts_free(&parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan_parts_none_is_no_end),
        cmocka_unit_test(test_scan_parts_time_is_of_the_one_behind),
        cmocka_unit_test(test_scan_parts_end_was_seen_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
