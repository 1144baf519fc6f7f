/* SPDX-License-Identifier: Apache-2.0
 * The layout multipart/report (RFC 3464, RFC 6522), for every action. */
#pragma once

#include "bouncer/report.h"

void report_multipart_build(struct buf *out, const struct report *report,
                            const struct bouncer_settings *settings);
