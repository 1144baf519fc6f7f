/* SPDX-License-Identifier: Apache-2.0
 * Rewriting the envelope From of a mail, once in its life (requirements S29..S37). */
#pragma once

#include "conf/conf.h"
#include "proto/record.h"
#include "service/metrics.h"

struct ingress_rewriting;

/* NULL: the settings have no rule, no mail has to be looked at. conf and metrics outlive it. */
struct ingress_rewriting *ingress_rewriting_new(const struct conf *conf, struct metrics *metrics);
/* NULL accepted, NULL set. */
void ingress_rewriting_free(struct ingress_rewriting **rewriting);
/* envelope: from and original_from as submitted. Sets from, rewrite_rule and sending_domain, where
 * a rule applies, and counts what became of it. */
void ingress_rewrite(const struct ingress_rewriting *rewriting, struct arena *arena,
                     struct slice header, struct record_envelope *envelope);
