/* SPDX-License-Identifier: Apache-2.0
 * The sections a process knows: those of every process, its roles' own, and the names of the other
 * programs' ones, so that one file serves a whole cluster. */
#pragma once

#include "service/service.h"

/* NULL-terminated, each section once; the caller frees it with xfree. */
const struct conf_section **sections_of(const struct service *service);
