/* SPDX-License-Identifier: Apache-2.0
 * The split of a fan-out depends on its record alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sender/fanout.h"

static struct record_work work_for(struct arena *arena, const char *const *addresses, size_t count)
{
    struct record_work work = {.envelope.mail_id = SLICE("mailid"),
                               .parcel_id = SLICE("mailid"),
                               .rcpts = arena_alloc(arena, count * sizeof *work.rcpts),
                               .rcpt_count = count};

    for (size_t i = 0; i < count; i++)
        work.rcpts[i] =
            (struct record_rcpt){.index = (uint32_t)i, .address = slice_str(addresses[i])};
    return work;
}

static void check_part(const struct fanout_split *split, size_t part, const char *destination,
                       size_t count)
{
    if (!slice_eq(split->parts[part].destination, slice_str(destination)))
        fail_msg("part %zu goes to %.*s", part, SLICE_ARGS(split->parts[part].destination));
    assert_int_equal(split->parts[part].count, count);
}

static void test_split_by_destination(void **state)
{
    static const char *const ADDRESSES[] = {"x@b.test", "x@A.test", "y@b.test", "postmaster",
                                            "y@a.TEST"};
    struct arena *arena = arena_new(4096);
    struct record_work work = work_for(arena, ADDRESSES, 5);
    struct fanout_split split = fanout_split(arena, &work, SLICE("relay.test"));

    (void)state;
    assert_int_equal(split.part_count, 3);
    check_part(&split, 0, "a.test", 2);
    check_part(&split, 1, "b.test", 2);
    check_part(&split, 2, "relay.test", 1);
    assert_int_equal(split.rcpts[0].index, 1);
    assert_int_equal(split.rcpts[1].index, 4);
    arena_free(&arena);
}

static void test_split_is_the_same_whatever_the_order(void **state)
{
    static const char *const ADDRESSES[] = {"1@c.test", "2@a.test", "3@b.test", "4@a.test"};
    struct arena *arena = arena_new(4096);
    struct record_work work = work_for(arena, ADDRESSES, 4), turned = work;
    struct fanout_split split, again;

    (void)state;
    turned.rcpts = arena_alloc(arena, 4 * sizeof *turned.rcpts);
    for (size_t i = 0; i < 4; i++)
        turned.rcpts[i] = work.rcpts[3 - i];
    split = fanout_split(arena, &work, SLICE("relay.test"));
    again = fanout_split(arena, &turned, SLICE("relay.test"));
    assert_int_equal(split.part_count, again.part_count);
    for (size_t part = 0; part < split.part_count; part++) {
        struct record_work a = fanout_part_work(arena, &work, &split, part);
        struct record_work b = fanout_part_work(arena, &turned, &again, part);
        assert_true(slice_eq(a.parcel_id, b.parcel_id));
        assert_true(slice_eq(a.destination, b.destination));
        assert_int_equal(a.rcpt_count, b.rcpt_count);
        for (size_t i = 0; i < a.rcpt_count; i++)
            assert_int_equal(a.rcpts[i].index, b.rcpts[i].index);
    }
    arena_free(&arena);
}

static void test_part_has_a_derived_id_and_no_history(void **state)
{
    static const char *const ADDRESSES[] = {"1@c.test", "2@a.test"};
    struct arena *arena = arena_new(4096);
    struct record_work work = work_for(arena, ADDRESSES, 2);
    struct fanout_split split = fanout_split(arena, &work, SLICE("relay.test"));
    struct record_work part = fanout_part_work(arena, &work, &split, 1);

    (void)state;
    assert_true(slice_eq(part.parcel_id, SLICE("mailid-1")));
    assert_true(slice_eq(part.destination, SLICE("c.test")));
    assert_true(slice_eq(part.envelope.mail_id, SLICE("mailid")));
    assert_int_equal(part.attempt, 0);
    assert_false(part.has_fence);
    arena_free(&arena);
}

static void test_c15_a_hundred_recipients_a_parcel(void **state)
{
    struct arena *arena = arena_new(65536);
    const char *addresses[250];
    struct record_work work;
    struct fanout_split split;

    (void)state;
    for (size_t i = 0; i < 250; i++)
        addresses[i] = arena_str(arena, arena_printf(arena, "u%zu@big.test", i));
    work = work_for(arena, addresses, 250);
    split = fanout_split(arena, &work, SLICE("relay.test"));
    assert_int_equal(split.part_count, 3);
    check_part(&split, 0, "big.test", 100);
    check_part(&split, 1, "big.test", 100);
    check_part(&split, 2, "big.test", 50);
    assert_int_equal(split.rcpts[split.parts[2].first].index, 200);
    arena_free(&arena);
}

static void test_s23_one_copy_with_the_envelope_as_submitted(void **state)
{
    static const char *const ADDRESSES[] = {"x@b.test", "y@a.test", "z@b.test"};
    struct arena *arena = arena_new(4096);
    struct record_work work = work_for(arena, ADDRESSES, 3), part;
    struct fanout_split split;

    (void)state;
    work.copy = (struct record_copy){SLICE("archive.test"), 2525};
    work.envelope.from = SLICE("bounces@shop.test");
    work.envelope.original_from = SLICE("app@shop.test");
    work.envelope.rewrite_rule = SLICE("advanced");
    work.envelope.envid = SLICE("Q1");
    work.envelope.ret = 1;
    work.rcpts[1].notify = 2;
    work.rcpts[1].orcpt = SLICE("rfc822;y@a.test");
    split = fanout_split(arena, &work, SLICE("relay.test"));
    assert_int_equal(split.part_count, 3);
    assert_int_equal(split.first_copy, 2);
    check_part(&split, 0, "a.test", 1);
    check_part(&split, 1, "b.test", 2);
    check_part(&split, 2, "archive.test:2525", 3);
    part = fanout_part_work(arena, &work, &split, 0);
    assert_false(record_is_copy(&part));
    assert_true(slice_eq(part.parcel_id, SLICE("mailid-0")));
    assert_true(slice_eq(part.envelope.from, SLICE("bounces@shop.test")));
    assert_int_equal(part.rcpts[0].notify, 2);
    part = fanout_part_work(arena, &work, &split, 2);
    assert_true(record_is_copy(&part));
    assert_true(slice_eq(part.parcel_id, SLICE("mailid-c0")));
    assert_true(slice_eq(part.envelope.from, SLICE("app@shop.test")));
    assert_int_equal(part.envelope.rewrite_rule.len, 0);
    assert_int_equal(part.envelope.envid.len, 0);
    assert_int_equal(part.envelope.ret, 0);
    for (size_t i = 0; i < 3; i++) { /* in the order of their submission */
        assert_true(slice_eq(part.rcpts[i].address, slice_str(ADDRESSES[i])));
        assert_int_equal(part.rcpts[i].notify, 0);
        assert_int_equal(part.rcpts[i].orcpt.len, 0);
    }
    arena_free(&arena);
}

static void test_s23_a_copy_has_a_hundred_recipients_a_parcel(void **state)
{
    struct arena *arena = arena_new(65536);
    const char *addresses[250];
    struct record_work work, part;
    struct fanout_split split;

    (void)state;
    for (size_t i = 0; i < 250; i++)
        addresses[i] = arena_str(arena, arena_printf(arena, "u@d%zu.test", i));
    work = work_for(arena, addresses, 250);
    work.copy = (struct record_copy){SLICE("archive.test"), 25};
    split = fanout_split(arena, &work, SLICE("relay.test"));
    assert_int_equal(split.part_count, 253);
    assert_int_equal(split.first_copy, 250);
    check_part(&split, 250, "archive.test:25", 100);
    check_part(&split, 252, "archive.test:25", 50);
    part = fanout_part_work(arena, &work, &split, 252);
    assert_true(slice_eq(part.parcel_id, SLICE("mailid-c2")));
    assert_int_equal(part.rcpts[0].index, 200);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split_by_destination),
        cmocka_unit_test(test_split_is_the_same_whatever_the_order),
        cmocka_unit_test(test_part_has_a_derived_id_and_no_history),
        cmocka_unit_test(test_c15_a_hundred_recipients_a_parcel),
        cmocka_unit_test(test_s23_one_copy_with_the_envelope_as_submitted),
        cmocka_unit_test(test_s23_a_copy_has_a_hundred_recipients_a_parcel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
