/* SPDX-License-Identifier: Apache-2.0
 * Whose mail is it: the domain of the first address in a From field (RFC 5322 3.4, with the
 * obsolete forms of 4.4). Reads what mails in the wild have; never decodes a display name. */
#pragma once

#include "mail/address.h"

/* from: the field's value, folds and all. Display names, comments, quoted strings, groups and
 * source routes are passed over. The domain as written, without comments and blanks inside it, in
 * room; empty when there is no address, its domain is a literal or none, or the address is
 * ambiguous (two @). */
struct slice originator_domain(struct slice from, char room[MAIL_DOMAIN_MAX]);
