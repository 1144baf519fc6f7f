/* SPDX-License-Identifier: Apache-2.0
 * The audit's own eyes: reads the topics work and event from their beginning into a balance. No
 * service's own figures are believed. */
#pragma once

#include "bus/scan.h"
#include "conf/conf.h"
#include "ctl/balance.h"

struct audit_read;

/* conf: with AUDIT_SECTION, the configurations and the section "log" of the kind. Waits for
 * nothing: the log may be out of reach. */
MUST_CHECK int audit_read_new(const struct conf *conf, bool is_embedded,
                              struct audit_read **ret_read, struct err *err);
/* NULL accepted, NULL set. */
void audit_read_free(struct audit_read **read);
/* As scan_read. */
MUST_CHECK int audit_read_some(struct audit_read *read, int timeout_ms, struct err *err);
/* The topics were read to their end once: the figures are of all there is. */
bool audit_read_is_at_end(const struct audit_read *read);
/* Records read so far. */
uint64_t audit_read_records(const struct audit_read *read);
/* All that was stored before (wall clock) has been read; it stands still while the log is out of
 * reach. 0: nothing was read. */
int64_t audit_read_clock_ms(const struct audit_read *read);
/* As of that clock. */
void audit_read_count(struct audit_read *read, struct balance_figures *ret_figures);
