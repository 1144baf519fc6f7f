/* SPDX-License-Identifier: Apache-2.0
 * The policies. Whatever no row allows is refused. */
#include "ingress/policy.h"

#include <stddef.h>

const char *const POLICY_NAMES[] = {"network", "network_or_auth", "network_auth_optional",
                                    "network_and_auth", NULL};

/* What takes a client's mail; what none of them gives is no session. */
static const struct row {
    bool has_auth;
    bool by_network_alone, by_auth_alone;
} ROWS[POLICIES] = {
    [POLICY_NETWORK] = {false, true, false},
    [POLICY_NETWORK_OR_AUTH] = {true, true, true},
    [POLICY_NETWORK_AUTH_OPTIONAL] = {true, true, false},
    [POLICY_NETWORK_AND_AUTH] = {true, false, false},
};

bool policy_has_auth(enum policy policy)
{
    return ROWS[policy].has_auth;
}

bool policy_admits(enum policy policy, bool is_in_network)
{
    return is_in_network || ROWS[policy].by_auth_alone;
}

bool policy_may_send(enum policy policy, bool is_in_network, bool is_authenticated)
{
    const struct row *row = &ROWS[policy];

    if (is_in_network && is_authenticated)
        return true;
    return (is_in_network && row->by_network_alone) || (is_authenticated && row->by_auth_alone);
}
