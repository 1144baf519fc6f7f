/* SPDX-License-Identifier: Apache-2.0
 * The domains that all configurations share: those mail is sent for, with their own rule for the
 * envelope From (list "sending_domains"), and those whose bounces come to us (section "bounces").
 */
#pragma once

#include "base/arena.h"
#include "conf/conf.h"
#include "profile/rewrite.h"

extern const struct conf_section SENDING_DOMAINS_SECTION, BOUNCES_SECTION;

/* A deep copy, in the arena. */
const struct rewrite_domain *sending_domains_read(const struct conf *conf, struct arena *arena,
                                                  size_t *ret_count);
/* A deep copy, in the arena; NULL-terminated. */
const char *const *bounce_domains_read(const struct conf *conf, struct arena *arena);
/* One of sending_domains has a rule of its own. */
bool sending_domains_rewrite(const struct conf *conf);
