/* SPDX-License-Identifier: Apache-2.0
 * A copy of every accepted mail for an archive (requirements S23..S25). Pure. */
#pragma once

#include "profile/bcc.h"
#include "proto/record.h"

/* After routes_apply. Where the configuration names a host, the record becomes a fanout that asks
 * for a copy: still ONE record, so that the mail and its copy are accepted together or not at all.
 * Whoever splits it needs no settings; a copy keeps its host when the settings change. */
void bcc_route(struct arena *arena, struct record_work *work, const struct bcc_settings *bcc);
