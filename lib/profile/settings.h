/* SPDX-License-Identifier: Apache-2.0
 * The settings of the envelope From: section "envelope_from" and the list "sending_domains". A
 * program that reads one reads both: forwarding is refused where no rule rewrites. */
#pragma once

#include "conf/conf.h"
#include "profile/forward.h"
#include "profile/rewrite.h"

extern const struct conf_section ENVELOPE_FROM_SECTION, SENDING_DOMAINS_SECTION;

/* The list of domains lives in the arena, their names in conf. */
struct rewrite_rules settings_rewrite_rules(const struct conf *conf, struct arena *arena);
/* Points into conf. */
struct forward_settings settings_forward(const struct conf *conf);
