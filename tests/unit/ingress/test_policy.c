/* SPDX-License-Identifier: Apache-2.0
 * The policies (I15, requirements section 7): every combination of network and AUTH. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"
#include "ingress/policy.h"

#define NO  false
#define YES true

static const struct {
    const char *name;
    bool has_auth, admits_stranger;
    bool stranger, stranger_with_auth, neighbour, neighbour_with_auth; /* may send */
} TABLE[POLICIES] = {
    [POLICY_NETWORK] = {"network", NO, NO, NO, NO, YES, YES},
    [POLICY_NETWORK_OR_AUTH] = {"network_or_auth", YES, YES, NO, YES, YES, YES},
    [POLICY_NETWORK_AUTH_OPTIONAL] = {"network_auth_optional", YES, NO, NO, NO, YES, YES},
    [POLICY_NETWORK_AND_AUTH] = {"network_and_auth", YES, NO, NO, NO, NO, YES},
};

static void test_i15_the_policies(void **state)
{
    (void)state;
    for (int i = 0; i < POLICIES; i++) {
        enum policy policy = (enum policy)i;
        assert_string_equal(POLICY_NAMES[i], TABLE[i].name);
        assert_int_equal(policy_has_auth(policy), TABLE[i].has_auth);
        assert_int_equal(policy_admits(policy, false), TABLE[i].admits_stranger);
        assert_true(policy_admits(policy, true));
        assert_int_equal(policy_may_send(policy, false, false), TABLE[i].stranger);
        assert_int_equal(policy_may_send(policy, false, true), TABLE[i].stranger_with_auth);
        assert_int_equal(policy_may_send(policy, true, false), TABLE[i].neighbour);
        assert_int_equal(policy_may_send(policy, true, true), TABLE[i].neighbour_with_auth);
    }
    assert_null(POLICY_NAMES[POLICIES]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_i15_the_policies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
