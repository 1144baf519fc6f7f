/* SPDX-License-Identifier: Apache-2.0
 * Who may submit on a listener, as one table (I15): by network, by AUTH, or both. */
#pragma once

#include <stdbool.h>

enum policy {
    POLICY_NETWORK,               /* the client's network decides; no AUTH */
    POLICY_NETWORK_OR_AUTH,       /* its network, or else AUTH */
    POLICY_NETWORK_AUTH_OPTIONAL, /* its network; AUTH may say besides who it is */
    POLICY_NETWORK_AND_AUTH,      /* its network, and AUTH */
    POLICIES
};

/* By enum policy; NULL-terminated. */
extern const char *const POLICY_NAMES[];

bool policy_has_auth(enum policy policy);
/* Whether a client gets a session at all. */
bool policy_admits(enum policy policy, bool is_in_network);
/* Whether its MAIL is taken; else 530 5.7.0. */
bool policy_may_send(enum policy policy, bool is_in_network, bool is_authenticated);
