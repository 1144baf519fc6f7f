/* SPDX-License-Identifier: Apache-2.0
 * Golden values of the hashes between nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

/* A change here strands mail: partitions are chosen by these values. */
static void test_hash_golden_values(void **state)
{
    (void)state;
    assert_true(hash_bytes(SLICE("")) == UINT64_C(0xecba3df2c3383c52));
    assert_true(hash_bytes(SLICE_NONE) == UINT64_C(0xecba3df2c3383c52));
    assert_true(hash_bytes(SLICE("a")) == UINT64_C(0xed8170de1919a24d));
    assert_true(hash_bytes(SLICE("example.com")) == UINT64_C(0x19159747150b2f68));
    assert_true(hash_bytes(SLICE("\0\xff")) == UINT64_C(0x24087fa6bb7ba314));
}

/* RFC 3720 B.4 and the check value of the CRC catalogue. */
static void test_crc32c_golden_values(void **state)
{
    char octets[32];

    (void)state;
    assert_int_equal(hash_crc32c(0, SLICE("")), 0);
    assert_int_equal(hash_crc32c(0, SLICE("123456789")), 0xe3069283);
    memset(octets, 0, sizeof octets);
    assert_int_equal(hash_crc32c(0, slice_of(octets, 32)), 0x8a9136aa);
    memset(octets, 0xff, sizeof octets);
    assert_int_equal(hash_crc32c(0, slice_of(octets, 32)), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        octets[i] = (char)i;
    assert_int_equal(hash_crc32c(0, slice_of(octets, 32)), 0x46dd794e);
}

static void test_crc32c_goes_on_in_pieces(void **state)
{
    struct slice text = SLICE("The quick brown fox jumps over the lazy dog, twice and once more");
    uint32_t whole = hash_crc32c(0, text);

    (void)state;
    for (size_t cut = 0; cut <= text.len; cut++) {
        uint32_t first = hash_crc32c(0, slice_sub(text, 0, cut));
        assert_int_equal(hash_crc32c(first, slice_skip(text, cut)), whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_golden_values),
        cmocka_unit_test(test_crc32c_golden_values),
        cmocka_unit_test(test_crc32c_goes_on_in_pieces),
    };

    return cmocka_run_group_tests_name("base/hash", tests, NULL, NULL);
}
