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

static void test_forwarded_recipients_go_elsewhere(void **state)
{
    static const struct forwarding_rule RULES[] = {
        {.local = {"b", 1}, .domain = {"one.example", 11}, .to = {"b+c@two.example", 15}},
        {.domain = {"two.example", 11}, .to = {"z@three.example", 15}},
    };
    const struct forwarding_rules rules = {RULES, 2};
    const char *const rcpts[] = {"a@one.example", "b@One.example", NULL};
    struct arena *arena = arena_new(1024);
    struct record_work work;

    (void)state;
    apply(arena, &work, rcpts);
    routes_forward(arena, &work, &rules);
    assert_true(slice_eq(work.rcpts[0].address, SLICE("a@one.example")));
    assert_int_equal(work.rcpts[0].orcpt.len, 0);
    assert_true(slice_eq(work.rcpts[1].address, SLICE("b+c@two.example"))); /* one hop */
    assert_true(slice_eq(work.rcpts[1].orcpt, SLICE("rfc822;b@One.example")));
    assert_int_equal(work.destination.len, 0);
    assert_true(slice_eq(work.parcel_id, SLICE("mail1")));
    arena_free(&arena);
}

static void test_forwarding_keeps_what_the_client_wished(void **state)
{
    static const struct forwarding_rule RULES[] = {
        {.domain = {"one.example", 11}, .to = {"x@two.example", 13}}};
    const struct forwarding_rules rules = {RULES, 1};
    const struct smtp_rcpt rcpts[] = {
        {.address = SLICE("a@one.example"), .notify = 3, .orcpt = SLICE("rfc822;first@x.example")},
        {.address = SLICE("a+b@one.example")}};
    struct arena *arena = arena_new(1024);
    struct record_work work = {.envelope.mail_id = SLICE("mail1")};

    (void)state;
    routes_apply(arena, &work, rcpts, 2, "relay.example");
    routes_forward(arena, &work, &rules);
    assert_true(slice_eq(work.rcpts[0].orcpt, SLICE("rfc822;first@x.example")));
    assert_int_equal(work.rcpts[0].notify, 3);
    assert_true(slice_eq(work.rcpts[1].orcpt, SLICE("rfc822;a+2Bb@one.example")));
    assert_true(slice_eq(work.destination, SLICE("two.example")));
    assert_true(slice_eq(work.parcel_id, SLICE("mail1-0")));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_destination_is_a_parcel),
        cmocka_unit_test(test_two_destinations_are_a_fanout),
        cmocka_unit_test(test_more_than_a_hundred_recipients_are_a_fanout),
        cmocka_unit_test(test_bare_postmaster_belongs_to_our_host),
        cmocka_unit_test(test_forwarded_recipients_go_elsewhere),
        cmocka_unit_test(test_forwarding_keeps_what_the_client_wished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
