/* SPDX-License-Identifier: Apache-2.0
 * The section "log" of programs on LMDB by a name of its own (library bus_lmdb_section): for
 * hikyakuctl, which is linked with Kafka's BUS_SECTION and checks files of both kinds. */
#pragma once

#include "bus/settings.h"

extern const struct conf_section LMDB_SECTION;
