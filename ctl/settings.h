/* SPDX-License-Identifier: Apache-2.0
 * The configuration of the services, as far as a verb of hikyakuctl needs it: one file serves all.
 */
#pragma once

#include "bus/scan.h"
#include "bus/settings.h"
#include "conf/conf.h"
#include "ctl/verb.h"
#include "profile/configuration.h"

/* Reads -c FILE with --set for what previews show: ingress, bouncer and configurations; the log may
 * be of any kind. Without -c everything that is not --set has its default. Every fault has been
 * printed to standard error when it fails. */
MUST_CHECK int settings_read_for_preview(const struct arguments *arguments, struct conf **ret_conf);
/* The sections of all programs together: of a cluster, or of the single binary. NULL-terminated;
 * the caller frees it with xfree. */
const struct conf_section **settings_all(bool is_embedded);
/* Reads -c FILE (without one, an empty one) with --set for these sections; prints every fault. */
MUST_CHECK int settings_read(const struct arguments *arguments,
                             const struct conf_section *const *sections, struct conf **ret_conf);
/* The one --configuration names; NULL after a sentence to standard error: there is none. */
const struct configuration *settings_configuration(const struct configurations *configurations,
                                                   const struct arguments *arguments);
/* What reads the log: of a cluster, or of the single binary. */
const struct scan_backend *settings_scan(bool is_embedded);
/* The section "log" of conf, which was read for that kind, with the longest retry period; valid as
 * long as conf. */
void settings_log(const struct conf *conf, bool is_embedded, struct bus_settings *ret_log);
/* For verbs that work on the log: act gets the section "log" of -c FILE and --set, with the longest
 * retry period. CTL_USAGE when they cannot be read (the faults were printed), else what act
 * returns. */
enum ctl_exit settings_with_log(const struct arguments *arguments,
                                enum ctl_exit (*act)(const struct bus_settings *log,
                                                     const struct arguments *arguments));
