/* SPDX-License-Identifier: Apache-2.0
 * A copy makes any mail a fanout, still of one record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/bcc.h"

static struct record_work parcel(void)
{
    return (struct record_work){.parcel_id = SLICE("mail1-0"),
                                .destination = SLICE("dest.example"),
                                .envelope.mail_id = SLICE("mail1")};
}

static void test_s23_the_record_asks_for_a_copy(void **state)
{
    struct arena *arena = arena_new(256);
    struct record_work work = parcel();
    char host[] = "archive.example";

    (void)state;
    bcc_route(arena, &work, &(struct bcc_settings){.host = slice_str(host), .port = 2525});
    memset(host, 'x', sizeof host - 1); /* the settings may be replaced meanwhile */
    assert_true(slice_eq(work.copy.host, SLICE("archive.example")));
    assert_int_equal(work.copy.port, 2525);
    assert_int_equal(work.destination.len, 0);
    assert_true(slice_eq(work.parcel_id, SLICE("mail1")));
    assert_false(record_is_copy(&work));
    arena_free(&arena);
}

static void test_s23_without_a_host_nothing_changes(void **state)
{
    struct arena *arena = arena_new(256);
    struct record_work work = parcel();

    (void)state;
    bcc_route(arena, &work, &(struct bcc_settings){.port = 25});
    assert_int_equal(work.copy.host.len, 0);
    assert_int_equal(work.copy.port, 0);
    assert_true(slice_eq(work.destination, SLICE("dest.example")));
    assert_true(slice_eq(work.parcel_id, SLICE("mail1-0")));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s23_the_record_asks_for_a_copy),
        cmocka_unit_test(test_s23_without_a_host_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
