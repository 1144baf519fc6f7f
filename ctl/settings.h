/* SPDX-License-Identifier: Apache-2.0
 * The configuration of the services, as far as a verb of hikyakuctl needs it: one file serves all.
 */
#pragma once

#include "bus/settings.h"
#include "conf/conf.h"
#include "ctl/arguments.h"
#include "profile/configuration.h"

/* Reads -c FILE with --set: the log, retries. Every fault has been printed to standard error when
 * it fails. */
MUST_CHECK int settings_read(const struct arguments *arguments, struct conf **ret_conf);
/* The same for what previews show: ingress, bouncer and configurations; the log may be of any kind.
 * Without -c everything that is not --set has its default. */
MUST_CHECK int settings_read_for_preview(const struct arguments *arguments, struct conf **ret_conf);
/* The sections of all programs together: of a cluster, or of the single binary. NULL-terminated;
 * the caller frees it with xfree. */
const struct conf_section **settings_all(bool is_embedded);
/* The one --configuration names; NULL after a sentence to standard error: there is none. */
const struct configuration *settings_configuration(const struct configurations *configurations,
                                                   const struct arguments *arguments);
/* The section "log" as settings_read has read it, with the longest retry period. */
struct bus_settings settings_of_log(const struct conf *conf);
