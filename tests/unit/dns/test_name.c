/* SPDX-License-Identifier: Apache-2.0
 * Domain names as text and from the wire, with every bound hit from both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/name.h"

#define L63           "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz01234567890"
#define LABEL_63_TEST L63 ".test"

static void test_names_are_valid_or_not(void **state)
{
    static const char *const VALID[] = {
        "a",         "example.test", "A-1.b_2.test",      "_dmarc.test",
        "192.0.2.1", LABEL_63_TEST,  "xn--bcher-kva.test"};
    static const char *const INVALID[] = {"",
                                          ".",
                                          "example.test.",
                                          ".test",
                                          "a..b",
                                          "a b.test",
                                          "a\\.b",
                                          "b\xc3\xbc"
                                          "cher.test",
                                          "a/b",
                                          L63 "x.test",
                                          "[192.0.2.1]",
                                          "a\n.test",
                                          L63 "." L63 "." L63 "." L63 ".a"};

    (void)state;
    for (size_t i = 0; i < sizeof VALID / sizeof VALID[0]; i++)
        if (!dns_name_is_valid(slice_str(VALID[i])))
            fail_msg("%s is valid", VALID[i]);
    for (size_t i = 0; i < sizeof INVALID / sizeof INVALID[0]; i++)
        if (dns_name_is_valid(slice_str(INVALID[i])))
            fail_msg("\"%s\" is not valid", INVALID[i]);
    struct slice longest = slice_str(L63 "." L63 "." L63 "." L63); /* 255: two too many */
    assert_false(dns_name_is_valid(longest));
    assert_false(dns_name_is_valid(slice_skip(longest, 1)));
    assert_true(dns_name_is_valid(slice_skip(longest, 2)));
    assert_false(dns_name_is_valid(SLICE("a\0.test")));
}

struct wire_case {
    struct slice wire;
    const char *expected; /* NULL: refused */
};

static void test_wire_names_table(void **state)
{
    static const struct wire_case CASES[] = {
        {{"\4Mx-1\7Example\4test\0", 19}, "mx-1.example.test"},
        {{"\1a\0", 3}, "a"},
        {{"\0", 1}, ""},
        {{"", 0}, NULL},
        {{"\1a", 2}, NULL},     /* the root is missing */
        {{"\5abc\0", 5}, NULL}, /* a label behind the end */
        {{"\1a\0x", 4}, NULL},  /* something behind the root */
        {{"\0\0", 2}, NULL},
        {{"\xc0\x0c", 2}, NULL}, /* compression */
        {{"\3a.b\0", 5}, NULL},  /* a dot inside a label */
        {{"\3a b\0", 5}, NULL},
        {{"\2a\xff\0", 4}, NULL},
        {{"\2a\0\0", 4}, NULL},
        {{"\x40" L63 "x\0", 66}, NULL}, /* a label of 64 */
        {{"\x3f" L63 "\0", 65}, L63},
        {{"\x3f" L63 "\x3f" L63 "\x3f" L63 "\x3f" L63 "\0", 257}, NULL},
    };
    struct arena *arena = arena_new(1024);

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct slice name = SLICE("untouched");
        bool is_good = dns_name_from_wire(arena, CASES[i].wire, &name);
        if (is_good != (CASES[i].expected != NULL))
            fail_msg("case %zu", i);
        if (!slice_eq(name, is_good ? slice_str(CASES[i].expected) : SLICE("untouched")))
            fail_msg("case %zu: %.*s", i, SLICE_ARGS(name));
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_valid_or_not),
        cmocka_unit_test(test_wire_names_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
