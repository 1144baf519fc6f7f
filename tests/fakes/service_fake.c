/* SPDX-License-Identifier: Apache-2.0
 * Reports into the state, and what no role may report. */
#include "fakes/service_fake.h"

#include "base/assert.h"

void service_set_ready(struct service_env *env, bool is_ready, const char *why)
{
    ASSERT(is_ready == (why[0] == '\0'));
    env->state->is_ready = is_ready;
}

void service_set_started(struct service_env *env)
{
    env->state->is_started = true;
}

void service_drained(struct service_env *env)
{
    ASSERT(!env->state->is_drained);
    env->state->is_drained = true;
}

void service_report_bus(struct service_env *env, struct bus *bus)
{
    (void)env;
    (void)bus;
}
