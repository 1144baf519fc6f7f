/* SPDX-License-Identifier: Apache-2.0
 * Whether the reports about a mail also go to its original envelope From. */
#pragma once

#include "profile/forward.h"
#include "proto/record.h"

/* envelope: of the failed mail. Settings are those of today, the rewrite is that of its intake. */
enum forward_verdict forward_judge(const struct forward_settings *settings,
                                   const struct record_envelope *envelope);
