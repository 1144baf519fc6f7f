/* SPDX-License-Identifier: Apache-2.0
 * Settings of the ingress: section "ingress" and the list "listeners". */
#pragma once

#include "conf/conf.h"

struct ingress_settings {
    const char *hostname;
    int64_t max_size_bytes, body_budget_bytes;
    int64_t max_recipients, max_errors, max_connections, hop_limit;
    int64_t commit_timeout_ms, idle_timeout_ms, tls_timeout_ms;
    int64_t auth_failures, auth_failure_period_s; /* 0 failures: no limit */
    const char *users_file;
    int64_t min_rate; /* bytes per second during DATA */
};

enum listener_tls { LISTENER_STARTTLS, LISTENER_IMPLICIT };

struct listener_settings {
    const char *name, *address;
    int64_t port, public_port, max_connections;
    const char *const *networks;
    const char *const *proxy_trusted;
    bool proxy;
    const char *certificate, *key;
    const char *configuration; /* of mail that no configuration claims */
    int64_t tls;               /* enum listener_tls */
    int64_t policy;            /* enum policy, see policy.h */
};

/* NULL-terminated: everything the ingress reads. */
extern const struct conf_section *const INGRESS_SECTIONS[];
extern const struct conf_section INGRESS_SECTION, LISTENERS_SECTION;
