/* SPDX-License-Identifier: Apache-2.0
 * The layout `simple`: one text/plain part in the shape of QSBMF, which bounce readers recognise.
 * For failures only: a delay or a success in this shape would be read as a failure. */
#pragma once

#include "bouncer/report.h"

void report_simple_build(struct buf *out, const struct report *report,
                         const struct bouncer_settings *settings);
