/* SPDX-License-Identifier: Apache-2.0
 * The memory of one unit of work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

static void test_memory_is_zeroed_and_aligned(void **state)
{
    struct arena *arena = arena_new(64);

    (void)state;
    for (size_t size = 0; size < 300; size += 7) {
        unsigned char *at = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(at[i], 0);
        memset(at, 0xff, size);
    }
    arena_free(&arena);
    assert_null(arena);
    arena_free(&arena);
}

static void test_reset_zeroes_and_keeps_the_first_block_only(void **state)
{
    struct arena *arena = arena_new(256);
    char *first = arena_alloc(arena, 100);

    (void)state;
    memset(first, 0xff, 100);
    (void)arena_alloc(arena, 100000);
    assert_true(arena_bytes(arena) >= 100256);
    arena_reset(arena);
    assert_int_equal(arena_bytes(arena), 256);
    char *again = arena_alloc(arena, 100);
    assert_ptr_equal(again, first);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(again[i], 0);
    arena_free(&arena);
}

static void test_blocks_double_up_to_64_kib(void **state)
{
    struct arena *arena = arena_new(1024);

    (void)state;
    for (int i = 0; i < 1000; i++)
        (void)arena_alloc(arena, 1024);
    assert_in_range(arena_bytes(arena), 1000 * 1024, 1000 * 1024 + 2 * 65536);
    arena_free(&arena);
}

static void test_copies(void **state)
{
    struct arena *arena = arena_new(16);
    char source[] = "MiXed\0x";
    struct slice copy = arena_copy(arena, slice_of(source, 7));
    struct slice lower = arena_lower(arena, slice_of(source, 7));
    char *text = arena_str(arena, slice_of(source, 5));

    (void)state;
    memset(source, '-', sizeof source);
    assert_true(slice_eq(copy, SLICE("MiXed\0x")));
    assert_true(slice_eq(lower, SLICE("mixed\0x")));
    assert_string_equal(text, "MiXed");
    assert_non_null(arena_copy(arena, SLICE_NONE).at);
    assert_true(slice_eq(arena_printf(arena, "%s=%d", "n", 12), SLICE("n=12")));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_and_aligned),
        cmocka_unit_test(test_reset_zeroes_and_keeps_the_first_block_only),
        cmocka_unit_test(test_blocks_double_up_to_64_kib),
        cmocka_unit_test(test_copies),
    };

    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
