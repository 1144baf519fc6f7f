/* SPDX-License-Identifier: Apache-2.0
 * Ids: stable, sortable, unguessable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/id.h"

static void test_golden_values(void **state)
{
    static const uint8_t RANDOM[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    uint8_t digest[32];
    char id[ID_LEN + 1];

    (void)state;
    id_mail(INT64_C(1457420514000), RANDOM, id);
    assert_string_equal(id, "3ehekkgqk2c42g42e3kb");
    for (uint8_t i = 0; i < sizeof digest; i++)
        digest[i] = (uint8_t)(i + 1);
    id_derived(digest, id);
    assert_string_equal(id, "2632a3272s5kk4ce3ga2");
}

static void test_mail_ids_sort_by_time(void **state)
{
    static const uint8_t LOW[8] = {0}, HIGH[8] = {255, 255, 255, 255, 255, 255, 255, 255};
    char earlier[ID_LEN + 1], later[ID_LEN + 1];

    (void)state;
    for (int64_t ms = 1; ms < INT64_C(1) << 44; ms *= 3) {
        id_mail(ms, HIGH, earlier);
        id_mail(ms + 1, LOW, later);
        assert_true(strcmp(earlier, later) < 0);
    }
}

static void test_all_but_the_top_bits_of_the_randomness_count(void **state)
{
    uint8_t random[8] = {0};
    char zero[ID_LEN + 1], other[ID_LEN + 1];

    (void)state;
    id_mail(0, random, zero);
    for (unsigned bit = 0; bit < 55; bit++) {
        memset(random, 0, sizeof random);
        random[7 - bit / 8] = (uint8_t)(1u << bit % 8);
        id_mail(0, random, other);
        assert_string_not_equal(zero, other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_values),
        cmocka_unit_test(test_mail_ids_sort_by_time),
        cmocka_unit_test(test_all_but_the_top_bits_of_the_randomness_count),
    };

    return cmocka_run_group_tests_name("base/id", tests, NULL, NULL);
}
