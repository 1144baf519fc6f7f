/* SPDX-License-Identifier: Apache-2.0
 * The configuration of the services, as far as a verb of hikyakuctl needs it: one file serves all.
 */
#pragma once

#include "bus/settings.h"
#include "conf/conf.h"
#include "ctl/arguments.h"

/* Reads -c FILE with --set: the log, retries. Every fault has been printed to standard error when
 * it fails. */
MUST_CHECK int settings_read(const struct arguments *arguments, struct conf **ret_conf);
/* The same for what previews show: retries, ingress, envelope From; the log may be of any kind.
 * Without -c everything that is not --set has its default. */
MUST_CHECK int settings_read_for_preview(const struct arguments *arguments, struct conf **ret_conf);
/* What every program together would say about the file: of a cluster, or of the single binary. */
MUST_CHECK int settings_check(const char *file, const char *const *overrides, bool is_embedded,
                              const struct conf_faults *faults);
/* The section "log" as settings_read has read it, with the longest retry period. */
struct bus_settings settings_of_log(const struct conf *conf);
