/* SPDX-License-Identifier: Apache-2.0
 * Domain names as hosts and mail domains have them: labels of letters, digits, '-' and '_'. What
 * else DNS would allow (RFC 2181 section 11) is refused: it is hostile or a mistake, and would have
 * to be escaped everywhere. Not for other folders. */
#pragma once

#include "base/arena.h"

#define DNS_NAME_MAX 253 /* text without a trailing dot, RFC 1035 section 2.3.4 */

/* False for the root, a trailing dot, and anything too long. */
bool dns_name_is_valid(struct slice name);
/* An uncompressed wire name that fills `wire` exactly: lower-case text; the root gives "". */
bool dns_name_from_wire(struct arena *arena, struct slice wire, struct slice *ret_name);
