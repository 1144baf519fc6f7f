/* SPDX-License-Identifier: Apache-2.0
 * The rules of the settings (lib/profile/rewrite.h) on one envelope. */
#include "ingress/rewrite.h"

#include "base/xalloc.h"
#include "mail/header.h"
#include "mail/originator.h"
#include "profile/settings.h"

struct ingress_rewriting {
    struct arena *arena; /* of the rules */
    struct rewrite_rules rules;
    struct metrics *metrics;
};

struct ingress_rewriting *ingress_rewriting_new(const struct conf *conf, struct metrics *metrics)
{
    struct ingress_rewriting *rewriting = xalloc(sizeof *rewriting);

    rewriting->arena = arena_new(1024);
    rewriting->rules = settings_rewrite_rules(conf, rewriting->arena);
    rewriting->metrics = metrics;
    if (rewrite_is_off(&rewriting->rules))
        ingress_rewriting_free(&rewriting);
    return rewriting;
}

void ingress_rewriting_free(struct ingress_rewriting **rewriting)
{
    if (!*rewriting)
        return;
    arena_free(&(*rewriting)->arena);
    xfree(*rewriting);
    *rewriting = NULL;
}

void ingress_rewrite(const struct ingress_rewriting *rewriting, struct arena *arena,
                     struct slice header, struct record_envelope *envelope)
{
    const struct rewrite_rules *rules = &rewriting->rules;
    char room[MAIL_DOMAIN_MAX];
    struct slice domain = SLICE_NONE;

    if (rules->domain_count > 0)
        domain = originator_domain(header_value(header, SLICE("from")), room);
    const struct rewrite_outcome outcome =
        rewrite_decide(rules, arena, envelope->original_from, domain);
    const char *source = rewrite_source_name(outcome.source);
    envelope->from = outcome.from;
    envelope->sending_domain = outcome.sending_domain;
    if (outcome.result == REWRITE_DONE)
        envelope->rewrite_rule = slice_str(source);
    metrics_add(rewriting->metrics, METRIC_INGRESS_REWRITES,
                METRIC_LABELS(source, rewrite_result_name(outcome.result)), 1);
}
