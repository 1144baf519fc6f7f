/* SPDX-License-Identifier: Apache-2.0
 * Turns, slots and order of destinations; nothing is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sender/destination.h"

#define PARCELS 64

struct fixture {
    struct destinations *destinations;
    struct parcel parcels[PARCELS];
    size_t used;
};

static void begin(struct fixture *fixture, size_t per_destination, size_t total)
{
    struct destination_limits limits = {per_destination, total};

    *fixture = (struct fixture){.destinations = destinations_new(&limits)};
}

static struct parcel *queue(struct fixture *fixture, const char *destination, const char *id)
{
    struct parcel *parcel = &fixture->parcels[fixture->used];

    parcel->work.destination = slice_str(destination);
    parcel->work.parcel_id = slice_str(id);
    destination_queue(fixture->destinations, parcel, ++fixture->used);
    assert_non_null(parcel->destination);
    return parcel;
}

static struct parcel *next_is(struct fixture *fixture, const char *id)
{
    struct parcel *parcel = destination_next(fixture->destinations);

    if (!parcel)
        fail_msg("nothing is next, not %s", id);
    if (!slice_eq(parcel->work.parcel_id, slice_str(id)))
        fail_msg("%.*s is next, not %s", SLICE_ARGS(parcel->work.parcel_id), id);
    return parcel;
}

static void done(struct fixture *fixture, struct parcel *parcel)
{
    destination_done(fixture->destinations, parcel->destination);
}

static void end(struct fixture *fixture)
{
    struct parcel *parcel;

    while ((parcel = destination_next(fixture->destinations)))
        done(fixture, parcel);
    assert_int_equal(destinations_count(fixture->destinations), 0);
    destinations_free(&fixture->destinations);
}

static void test_one_urgent_mail_behind_much_bulk(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, 2, 100);
    for (size_t i = 0; i < 40; i++)
        (void)queue(&fixture, "bulk.test", "bulk");
    (void)queue(&fixture, "urgent.test", "urgent");
    struct parcel *first = next_is(&fixture, "bulk");
    struct parcel *urgent = next_is(&fixture, "urgent");
    struct parcel *second = next_is(&fixture, "bulk");
    assert_null(destination_next(fixture.destinations)); /* two each */
    done(&fixture, urgent);
    done(&fixture, first);
    done(&fixture, second);
    end(&fixture);
}

static void test_first_come_first_served(void **state)
{
    struct fixture fixture;
    struct parcel *a, *b;

    (void)state;
    begin(&fixture, 1, 100);
    (void)queue(&fixture, "x.test", "1");
    (void)queue(&fixture, "x.test", "2");
    (void)queue(&fixture, "x.test", "3");
    a = next_is(&fixture, "1");
    assert_null(destination_next(fixture.destinations));
    done(&fixture, a);
    b = next_is(&fixture, "2");
    done(&fixture, b);
    end(&fixture);
}

static void test_turns_go_round(void **state)
{
    static const char *const ORDER[] = {"a1", "b1", "c1", "a2", "b2", "a3"};
    struct parcel *parcels[6];
    struct fixture fixture;

    (void)state;
    begin(&fixture, 10, 100);
    (void)queue(&fixture, "a.test", "a1");
    (void)queue(&fixture, "a.test", "a2");
    (void)queue(&fixture, "a.test", "a3");
    (void)queue(&fixture, "b.test", "b1");
    (void)queue(&fixture, "b.test", "b2");
    (void)queue(&fixture, "c.test", "c1");
    for (size_t i = 0; i < 6; i++)
        parcels[i] = next_is(&fixture, ORDER[i]);
    for (size_t i = 0; i < 6; i++)
        done(&fixture, parcels[i]);
    end(&fixture);
}

static void test_total_limit_holds_over_all(void **state)
{
    struct parcel *first, *second, *third;
    struct fixture fixture;

    (void)state;
    begin(&fixture, 10, 2);
    (void)queue(&fixture, "a.test", "a1");
    (void)queue(&fixture, "a.test", "a2");
    (void)queue(&fixture, "b.test", "b1");
    first = next_is(&fixture, "a1");
    second = next_is(&fixture, "b1");
    assert_null(destination_next(fixture.destinations));
    done(&fixture, second);
    third = next_is(&fixture, "a2");
    done(&fixture, first);
    done(&fixture, third);
    end(&fixture);
}

static void test_connection_goes_on_unless_others_must_wait_for_it(void **state)
{
    struct parcel *first, *following, *other;
    struct fixture fixture;

    (void)state;
    begin(&fixture, 1, 1);
    (void)queue(&fixture, "a.test", "a1");
    (void)queue(&fixture, "a.test", "a2");
    (void)queue(&fixture, "a.test", "a3");
    first = next_is(&fixture, "a1");
    following = destination_following(fixture.destinations, first->destination);
    assert_true(slice_eq(following->work.parcel_id, SLICE("a2")));
    (void)queue(&fixture, "b.test", "b1");
    assert_null(destination_following(fixture.destinations, first->destination));
    done(&fixture, following);
    other = next_is(&fixture, "b1");
    done(&fixture, other);
    end(&fixture);
}

static void test_unqueued_parcel_leaves_no_trace(void **state)
{
    struct parcel *a, *b;
    struct fixture fixture;

    (void)state;
    begin(&fixture, 1, 1);
    a = queue(&fixture, "a.test", "a1");
    b = queue(&fixture, "a.test", "a2");
    assert_ptr_equal(destination_oldest(a->destination), a);
    assert_ptr_equal(destination_newest(a->destination), b);
    destination_unqueue(fixture.destinations, a);
    assert_null(a->destination);
    assert_int_equal(destination_waiting(b->destination), 1);
    destination_unqueue(fixture.destinations, b);
    assert_int_equal(destinations_count(fixture.destinations), 0);
    end(&fixture);
}

static void count_visit(void *owner, struct destination *dest)
{
    size_t *waiting = owner;

    *waiting += destination_waiting(dest);
}

static void test_visit_sees_every_queue(void **state)
{
    struct parcel *busy;
    struct fixture fixture;
    size_t waiting = 0;

    (void)state;
    begin(&fixture, 1, 10);
    (void)queue(&fixture, "a.test", "a1");
    busy = next_is(&fixture, "a1");
    (void)queue(&fixture, "a.test", "a2"); /* full */
    (void)queue(&fixture, "b.test", "b1"); /* ready */
    (void)queue(&fixture, "b.test", "b2");
    destinations_visit(fixture.destinations, count_visit, &waiting);
    assert_int_equal(waiting, 3);
    done(&fixture, busy);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_urgent_mail_behind_much_bulk),
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_turns_go_round),
        cmocka_unit_test(test_total_limit_holds_over_all),
        cmocka_unit_test(test_connection_goes_on_unless_others_must_wait_for_it),
        cmocka_unit_test(test_unqueued_parcel_leaves_no_trace),
        cmocka_unit_test(test_visit_sees_every_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
