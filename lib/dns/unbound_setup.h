/* SPDX-License-Identifier: Apache-2.0
 * Setting up libunbound. Not for other folders. */
#pragma once

#include "dns/resolver.h"

struct ub_ctx;

/* Its queries run on a thread of libunbound's own, which starts with the first. */
MUST_CHECK int unbound_setup(const struct dns_settings *settings, struct ub_ctx **ret_unbound,
                             struct err *err);
