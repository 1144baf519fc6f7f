/* SPDX-License-Identifier: Apache-2.0
 * Results of libunbound to answers: what the resolver test cannot get from a server, above all
 * DNSSEC verdicts, halves that disagree, and garbage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unbound.h>

#include "dns/answer.h"

static char V4[] = "\xc0\x00\x02\x01";
static char V6[] = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
static char MX[] = "\0\xff\2Mx\4test";
static char SHORT_MX[] = "\0";

static struct ub_result found(int type, char **data, int *len)
{
    return (struct ub_result){.qtype = type, .data = data, .len = len, .havedata = 1};
}

static struct ub_result nothing(int type, int rcode)
{
    return (struct ub_result){.qtype = type, .rcode = rcode, .nxdomain = rcode == 3};
}

static void join(struct arena *arena, struct ub_result *a, struct ub_result *aaaa,
                 struct dns_answer *ret_answer)
{
    struct ub_result *results[] = {a, aaaa};

    answer_build(arena, SLICE("host.test"), results, 2, ret_answer);
    assert_true(strlen(ret_answer->detail) > 0);
}

static int open_arena(void **state)
{
    *state = arena_new(1024);
    return 0;
}

static int close_arena(void **state)
{
    struct arena *arena = *state;

    arena_free(&arena);
    return 0;
}

static void test_halves_are_joined(void **state)
{
    char *v4[] = {V4, NULL}, *v6[] = {V6, NULL};
    int v4_len[] = {4}, v6_len[] = {16};
    struct ub_result a = found(DNS_TYPE_A, v4, v4_len), aaaa = found(DNS_TYPE_AAAA, v6, v6_len);
    struct dns_answer answer;
    char text[NET_ADDRESS_TEXT];

    a.secure = 1;
    join(*state, &a, &aaaa, &answer);
    assert_int_equal(answer.status, DNS_FOUND);
    assert_int_equal(answer.count, 2);
    assert_string_equal(net_address_text(&answer.addresses[0], text), "192.0.2.1:0");
    assert_string_equal(net_address_text(&answer.addresses[1], text), "[2001:db8::1]:0");
    assert_false(answer.is_secure);
    aaaa.secure = 1;
    join(*state, &a, &aaaa, &answer);
    assert_true(answer.is_secure);
}

static void test_half_an_answer_is_one_but_a_forged_half_spoils_it(void **state)
{
    char *v4[] = {V4, NULL};
    int v4_len[] = {4};
    char why[] = "no signatures";
    struct ub_result a = found(DNS_TYPE_A, v4, v4_len), other = nothing(DNS_TYPE_AAAA, 2);
    struct dns_answer answer;

    join(*state, &a, &other, &answer);
    assert_int_equal(answer.status, DNS_FOUND);
    assert_int_equal(answer.count, 1);
    join(*state, &a, NULL, &answer);
    assert_int_equal(answer.status, DNS_FOUND);
    assert_false(answer.is_secure);
    other.bogus = 1;
    other.why_bogus = why;
    join(*state, &a, &other, &answer);
    assert_int_equal(answer.status, DNS_BOGUS);
    assert_int_equal(answer.count, 0);
    assert_non_null(strstr(answer.detail, why));
}

static void test_statuses_of_empty_halves(void **state)
{
    struct ub_result no_data = nothing(DNS_TYPE_A, 0), no_domain = nothing(DNS_TYPE_A, 3);
    struct ub_result failed = nothing(DNS_TYPE_A, 2);
    struct dns_answer answer;

    join(*state, &no_data, &no_data, &answer);
    assert_int_equal(answer.status, DNS_NODATA);
    assert_string_equal(answer.detail, "the domain host.test has no address");
    join(*state, &no_domain, &no_data, &answer);
    assert_int_equal(answer.status, DNS_NXDOMAIN);
    join(*state, &failed, &no_data, &answer);
    assert_int_equal(answer.status, DNS_TEMPORARY);
    assert_non_null(strstr(answer.detail, "SERVFAIL"));
    join(*state, &no_domain, NULL, &answer);
    assert_int_equal(answer.status, DNS_TEMPORARY);
    assert_non_null(strstr(answer.detail, "in time"));
}

static void test_malformed_records_are_left_out(void **state)
{
    char *data[] = {MX, SHORT_MX, MX, MX, NULL};
    int len[] = {11, 1, 3, -1};
    struct ub_result mx = found(DNS_TYPE_MX, data, len), *results[] = {&mx};
    struct dns_answer answer;

    answer_build(*state, SLICE("mail.test"), results, 1, &answer);
    assert_int_equal(answer.status, DNS_FOUND);
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.mx[0].preference, 255);
    assert_true(slice_eq(answer.mx[0].host, SLICE("mx.test")));
    mx.data = data + 1;
    mx.len = len + 1;
    answer_build(*state, SLICE("mail.test"), results, 1, &answer);
    assert_int_equal(answer.status, DNS_TEMPORARY);
    assert_non_null(strstr(answer.detail, "malformed"));
}

static void test_addresses_of_odd_sizes_are_left_out(void **state)
{
    char *data[] = {V6, V6, V6, NULL};
    int len[] = {5, 0, 15};
    struct ub_result a = found(DNS_TYPE_A, data, len);
    struct dns_answer answer;

    join(*state, &a, NULL, &answer);
    assert_int_equal(answer.status, DNS_TEMPORARY);
    assert_int_equal(answer.count, 0);
}

static void test_records_are_bounded(void **state)
{
    enum { MANY = DNS_MAX_RECORDS + 50 };
    char *data[MANY + 1] = {0};
    int len[MANY];
    struct dns_answer answer;

    for (size_t i = 0; i < MANY; i++) {
        data[i] = V4;
        len[i] = 4;
    }
    struct ub_result a = found(DNS_TYPE_A, data, len), aaaa = found(DNS_TYPE_AAAA, data, len);
    join(*state, &a, &aaaa, &answer);
    assert_int_equal(answer.count, DNS_MAX_RECORDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_halves_are_joined, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_half_an_answer_is_one_but_a_forged_half_spoils_it,
                                        open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_statuses_of_empty_halves, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_malformed_records_are_left_out, open_arena,
                                        close_arena),
        cmocka_unit_test_setup_teardown(test_addresses_of_odd_sizes_are_left_out, open_arena,
                                        close_arena),
        cmocka_unit_test_setup_teardown(test_records_are_bounded, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
