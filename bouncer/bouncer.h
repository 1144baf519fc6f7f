/* SPDX-License-Identifier: Apache-2.0
 * The bouncer role, for main.c. */
#pragma once

#include "service/service.h"

extern const struct service_role bouncer_role;
