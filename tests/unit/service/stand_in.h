/* SPDX-License-Identifier: Apache-2.0
 * A log that only opens and closes, and roles with one habit each. */
#pragma once

#include "service/service.h"

/* Defaults only; conf_free it. */
struct conf *stand_in_conf(void);

extern const struct service_role ROLE_PLAIN;    /* "plain": ready at once, drains at once */
extern const struct service_role ROLE_FAILING;  /* "failing": start says "no luck" */
extern const struct service_role ROLE_STUBBORN; /* "stubborn": never drains */
/* "leaving": tells its leave_ms, and takes all of it to drain */
extern const struct service_role ROLE_LEAVING;
