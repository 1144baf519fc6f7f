/* SPDX-License-Identifier: Apache-2.0
 * Parcel or fanout: one destination and at most 100 recipients, in any letter case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/routes.h"

static void apply(struct arena *arena, struct record_work *work, const char *const *rcpts)
{
    struct smtp_rcpt *list = arena_alloc(arena, 200 * sizeof *list);
    size_t count = 0;

    for (; rcpts[count]; count++)
        list[count] = (struct smtp_rcpt){.address = slice_str(rcpts[count])};
    *work = (struct record_work){.envelope.mail_id = SLICE("mail1")};
    routes_apply(arena, work, list, count, "relay.example");
}

static void test_one_destination_is_a_parcel(void **state)
{
    struct arena *arena = arena_new(1024);
    struct record_work work;
    const char *const rcpts[] = {"a@Dest.Example", "b@dest.example", "\"c@d\"@DEST.EXAMPLE", NULL};

    (void)state;
    apply(arena, &work, rcpts);
    assert_true(slice_eq(work.destination, SLICE("dest.example")));
    assert_true(slice_eq(work.parcel_id, SLICE("mail1-0")));
    assert_int_equal(work.rcpt_count, 3);
    assert_int_equal(work.rcpts[2].index, 2);
    assert_true(slice_eq(work.rcpts[0].address, SLICE("a@Dest.Example")));
    arena_free(&arena);
}

static void test_two_destinations_are_a_fanout(void **state)
{
    struct arena *arena = arena_new(1024);
    struct record_work work;
    const char *const rcpts[] = {"a@one.example", "b@two.example", NULL};

    (void)state;
    apply(arena, &work, rcpts);
    assert_int_equal(work.destination.len, 0);
    assert_true(slice_eq(work.parcel_id, SLICE("mail1")));
    arena_free(&arena);
}

static void test_more_than_a_hundred_recipients_are_a_fanout(void **state)
{
    struct arena *arena = arena_new(1024);
    struct record_work work;
    const char *rcpts[102] = {NULL};

    (void)state;
    for (size_t i = 0; i < 101; i++)
        rcpts[i] = "a@one.example";
    apply(arena, &work, rcpts);
    assert_int_equal(work.destination.len, 0);
    rcpts[100] = NULL;
    apply(arena, &work, rcpts);
    assert_int_not_equal(work.destination.len, 0);
    arena_free(&arena);
}

static void test_bare_postmaster_belongs_to_our_host(void **state)
{
    struct arena *arena = arena_new(1024);
    struct record_work work;
    const char *const rcpts[] = {"postmaster", NULL};

    (void)state;
    apply(arena, &work, rcpts);
    assert_true(slice_eq(work.rcpts[0].address, SLICE("postmaster@relay.example")));
    assert_true(slice_eq(work.destination, SLICE("relay.example")));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_destination_is_a_parcel),
        cmocka_unit_test(test_two_destinations_are_a_fanout),
        cmocka_unit_test(test_more_than_a_hundred_recipients_are_a_fanout),
        cmocka_unit_test(test_bare_postmaster_belongs_to_our_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
