/* SPDX-License-Identifier: Apache-2.0
 * service.h as far as a role calls it, without a process round it: what the role reported is kept
 * in the state of its environment. */
#pragma once

#include "service/service.h"

struct service_role_state {
    bool is_ready, is_started, is_drained;
};
