/* SPDX-License-Identifier: Apache-2.0
 * The rules of a configuration (lib/profile/rewrite.h) on one envelope. */
#include "ingress/rewrite.h"

#include "mail/header.h"
#include "mail/originator.h"

void ingress_rewrite(const struct rewrite_rules *rules, struct metrics *metrics,
                     struct arena *arena, struct slice header, struct record_envelope *envelope)
{
    char room[MAIL_DOMAIN_MAX];
    struct slice domain = SLICE_NONE;

    if (rewrite_is_off(rules)) /* no mail has to be looked at */
        return;
    if (rules->domain_count > 0)
        domain = originator_domain(header_value(header, SLICE("from")), room);
    const struct rewrite_outcome outcome =
        rewrite_decide(rules, arena, envelope->original_from, domain);
    const char *source = rewrite_source_name(outcome.source);
    envelope->from = arena_copy(arena, outcome.from);
    envelope->sending_domain = arena_copy(arena, outcome.sending_domain);
    if (outcome.result == REWRITE_DONE)
        envelope->rewrite_rule = slice_str(source);
    metrics_add(metrics, METRIC_INGRESS_REWRITES,
                METRIC_LABELS(source, rewrite_result_name(outcome.result)), 1);
}
