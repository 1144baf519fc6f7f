/* SPDX-License-Identifier: Apache-2.0
 * Where the configuration of this process comes from: read the same way at the start and at each
 * reload. Not for other folders. */
#pragma once

#include "service/service.h"

struct source {
    const struct service *service;
    const char *file;
    const char *const *overrides;
    const struct conf_section *const *sections;
};

/* As conf_read, with what the child implies. */
MUST_CHECK int source_read(const struct source *source, const struct conf_faults *faults,
                           struct conf **ret_conf);
/* The first 48 bits of the SHA-256 of the file as it was read: a number that a gauge holds exactly.
 */
int64_t source_revision(const struct conf *conf);
/* The name of the file without its folder. */
const char *source_name(const struct source *source);
/* Over all configurations: what the log has to keep mail for. */
int64_t source_longest_period_s(const struct conf *conf);
