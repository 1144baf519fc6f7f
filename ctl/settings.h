/* SPDX-License-Identifier: Apache-2.0
 * The configuration of the services, as far as a verb of hikyakuctl needs it: one file serves all.
 */
#pragma once

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
/* The one --configuration names; NULL after a sentence to standard error: there is none. */
const struct configuration *settings_configuration(const struct configurations *configurations,
                                                   const struct arguments *arguments);
/* For verbs that work on the log: act gets the section "log" of -c FILE and --set, with the longest
 * retry period. CTL_USAGE when they cannot be read (the faults were printed), else what act
 * returns. */
enum ctl_exit settings_with_log(const struct arguments *arguments,
                                enum ctl_exit (*act)(const struct bus_settings *log,
                                                     const struct arguments *arguments));
