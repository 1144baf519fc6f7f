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

static void test_ids_of_one_moment_differ_in_their_second_half(void **state)
{
    char a[ID_LEN + 1], b[ID_LEN + 1], later[ID_LEN + 1];

    (void)state;
    crypto_new_id(1457420514000, a);
    crypto_new_id(1457420514000, b);
    crypto_new_id(1457420515000, later);
    assert_int_equal(strlen(a), ID_LEN);
    assert_memory_equal(a, b, 9); /* 45 bits of time, 5 each */
    assert_string_not_equal(a, b);
    assert_true(strcmp(a, later) < 0);
}

/* RFC 7914 12 */
static void test_scrypt_matches_the_vectors(void **state)
{
    static const uint8_t OF_EMPTY[4] = {0x77, 0xd6, 0x57, 0x62};
    static const uint8_t OF_PASSWORD[4] = {0x70, 0x23, 0xbd, 0xcb};
    struct crypto_scrypt_cost cheap = {4, 1, 1}, dear = {14, 8, 1};
    uint8_t key[64] = {0};

    (void)state;
    assert_true(crypto_scrypt(SLICE_NONE, SLICE_NONE, &cheap, key, sizeof key));
    assert_memory_equal(key, OF_EMPTY, sizeof OF_EMPTY);
    assert_true(
        crypto_scrypt(SLICE("pleaseletmein"), SLICE("SodiumChloride"), &dear, key, sizeof key));
    assert_memory_equal(key, OF_PASSWORD, sizeof OF_PASSWORD);
}

static void test_scrypt_refuses_costs_it_has_no_memory_for(void **state)
{
    static const struct crypto_scrypt_cost BAD[] = {{0, 8, 1}, {31, 8, 1}, {20, 8, 1}, {15, 0, 1}};
    uint8_t key[32];

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(crypto_scrypt(SLICE("x"), SLICE("salt"), &BAD[i], key, sizeof key));
}

static void test_equal_is_equal(void **state)
{
    (void)state;
    assert_true(crypto_is_equal(SLICE_NONE, SLICE("")));
    assert_true(crypto_is_equal(SLICE("abc"), SLICE("abc")));
    assert_false(crypto_is_equal(SLICE("abc"), SLICE("abd")));
    assert_false(crypto_is_equal(SLICE("abc"), SLICE("ab")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_matches_the_vectors),
        cmocka_unit_test(test_random_differs_each_time),
        cmocka_unit_test(test_ids_of_one_moment_differ_in_their_second_half),
        cmocka_unit_test(test_scrypt_matches_the_vectors),
        cmocka_unit_test(test_scrypt_refuses_costs_it_has_no_memory_for),
        cmocka_unit_test(test_equal_is_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
