/* SPDX-License-Identifier: Apache-2.0
 * Digests against FIPS 180-4's vectors; randomness as far as a test can tell. */
#include "unit/net/cases.h"

#include "net/crypto.h"

static void test_sha256_matches_the_vectors(void **state)
{
    static const uint8_t OF_EMPTY[4] = {0xe3, 0xb0, 0xc4, 0x42};
    static const uint8_t OF_ABC[4] = {0xba, 0x78, 0x16, 0xbf};
    uint8_t digest[32];

    (void)state;
    crypto_sha256(SLICE_NONE, digest);
    assert_memory_equal(digest, OF_EMPTY, sizeof OF_EMPTY);
    crypto_sha256(SLICE("abc"), digest);
    assert_memory_equal(digest, OF_ABC, sizeof OF_ABC);
}

static void test_random_differs_each_time(void **state)
{
    uint8_t a[16] = {0}, b[16] = {0};

    (void)state;
    crypto_random(a, sizeof a);
    crypto_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_matches_the_vectors),
        cmocka_unit_test(test_random_differs_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
