/* SPDX-License-Identifier: Apache-2.0
 * The private Redis of the all-in-one binary, as a child of its main thread. */
#pragma once

#include "service/service.h"

extern const struct service_child REDIS_CHILD;
