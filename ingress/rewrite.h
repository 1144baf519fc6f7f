/* SPDX-License-Identifier: Apache-2.0
 * Rewriting the envelope From of a mail, once in its life (requirements S29..S37). */
#pragma once

#include "profile/rewrite.h"
#include "proto/record.h"
#include "service/metrics.h"

/* envelope: from and original_from as submitted. Sets from, rewrite_rule and sending_domain, where
 * a rule applies, and counts what became of it; nothing where the rules are off. What it sets lives
 * in the arena: the rules may be replaced. */
void ingress_rewrite(const struct rewrite_rules *rules, struct metrics *metrics,
                     struct arena *arena, struct slice header, struct record_envelope *envelope);
