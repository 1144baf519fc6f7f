/* SPDX-License-Identifier: Apache-2.0
 * What a record says, put to the truth table of lib/profile/forward.h. */
#include "bouncer/forward.h"

enum forward_verdict forward_judge(const struct forward_settings *settings,
                                   const struct record_envelope *envelope)
{
    const struct forward_mail mail = {
        .from = envelope->from,
        .original_from = envelope->original_from,
        .is_rewritten = envelope->rewrite_rule.len > 0,
        .public_port = envelope->public_port,
    };

    return forward_decide(settings, &mail);
}
