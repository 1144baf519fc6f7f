/* SPDX-License-Identifier: Apache-2.0
 * From libunbound's results to one dns_answer. Pure. Not for other folders. */
#pragma once

#include "dns/resolver.h"

struct ub_result;

/* DNS types, RFC 1035 and 3596. */
enum dns_type { DNS_TYPE_A = 1, DNS_TYPE_MX = 15, DNS_TYPE_AAAA = 28 };

/* results: of one MX lookup, or of A and AAAA, which are joined; NULL where none came in time or
 * libunbound failed. name: what was asked, well-formed. Memory from the arena. */
void answer_build(struct arena *arena, struct slice name, struct ub_result *const *results,
                  size_t count, struct dns_answer *ret_answer);
