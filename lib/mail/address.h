/* SPDX-License-Identifier: Apache-2.0
 * Mailbox grammar of RFC 5321 4.1.2, for envelope paths: one module for ingress, sender, bouncer.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#define MAIL_LOCAL_MAX  64
#define MAIL_DOMAIN_MAX 255
#define MAIL_PATH_MAX   256 /* with the angle brackets */

/* Views into the text parsed; local part and domain exactly as written. */
struct mail_address {
    struct slice text;   /* local@domain, without source route; "" for <>; "postmaster" bare */
    struct slice local;  /* quoted local parts keep their quotes */
    struct slice domain; /* "" for <> and bare postmaster; literals keep their brackets */
};

/* A Path at the start of *rest: "<" [ A-d-l ":" ] Mailbox ">" or, when allow_null, "<>", or when
 * allow_postmaster, "<postmaster>" in any case. A source route is parsed and dropped (4.1.1.3).
 * On success *rest keeps what follows the ">". False leaves both untouched; the sentence says why.
 */
bool mail_path_parse(struct slice *rest, bool allow_null, bool allow_postmaster, bool utf8,
                     struct mail_address *ret_address, const char **ret_why);
/* A bare mailbox, the whole slice. */
bool mail_address_parse(struct slice text, bool utf8, struct mail_address *ret_address,
                        const char **ret_why);
/* A Domain (no literal): labels of 1..63, total <= 255, letters digits hyphens (and underscores).
 */
bool mail_domain_is_valid(struct slice domain);
/* The same for settings. */
MUST_CHECK int mail_domain_check(const char *text, struct err *err);
