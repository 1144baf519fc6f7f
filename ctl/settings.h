/* SPDX-License-Identifier: Apache-2.0
 * The configuration of the services, as far as hikyakuctl needs it: one file serves all. */
#pragma once

#include "bus/settings.h"
#include "conf/conf.h"
#include "ctl/arguments.h"

/* Reads -c FILE with --set; every fault has been printed to standard error when it fails. */
MUST_CHECK int settings_read(const struct arguments *arguments, struct conf **ret_conf);
/* The section "log", with the longest retry period. */
struct bus_settings settings_of_log(const struct conf *conf);
