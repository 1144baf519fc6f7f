/* SPDX-License-Identifier: Apache-2.0
 * Dates as S8 wants them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "mail/date.h"

static const struct {
    int64_t wall_ms;
    int zone_minutes;
    const char *text;
} DATES[] = {
    {INT64_C(1457420514000), 540, "Tue, 8 Mar 2016 16:01:54 +0900"},
    {INT64_C(1457420514999), 0, "Tue, 8 Mar 2016 07:01:54 +0000"},
    {INT64_C(1457420514000), -480, "Mon, 7 Mar 2016 23:01:54 -0800"},
    {INT64_C(1457420514000), -210, "Tue, 8 Mar 2016 03:31:54 -0330"},
    {INT64_C(951782400000), 0, "Tue, 29 Feb 2000 00:00:00 +0000"},
    {0, 0, "Thu, 1 Jan 1970 00:00:00 +0000"},
    {-1, 0, "Wed, 31 Dec 1969 23:59:59 +0000"},
    {INT64_C(4102444799000), 840, "Fri, 1 Jan 2100 13:59:59 +1400"},
};

static void test_s08_date_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof DATES / sizeof *DATES; i++) {
        struct buf out = {0};
        date_add(&out, DATES[i].wall_ms, DATES[i].zone_minutes);
        assert_string_equal(buf_str(&out), DATES[i].text);
        buf_free(&out);
    }
}

static void test_s08_the_zone_in_force_at_that_moment(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
    tzset();
    assert_int_equal(date_local_zone(INT64_C(1457420514000)), 60);
    assert_int_equal(date_local_zone(INT64_C(1467961314000)), 120);
    assert_int_equal(setenv("TZ", "NST3:30", 1), 0);
    tzset();
    assert_int_equal(date_local_zone(INT64_C(1457420514000)), -210);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s08_date_form),
        cmocka_unit_test(test_s08_the_zone_in_force_at_that_moment),
    };

    return cmocka_run_group_tests_name("mail/date", tests, NULL, NULL);
}
