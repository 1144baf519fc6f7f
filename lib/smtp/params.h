/* SPDX-License-Identifier: Apache-2.0
 * Parameters of MAIL and RCPT (RFC 5321 4.1.2: esmtp-param; RFC 1870, 3461, 6152) and xtext
 * (RFC 3461 4). Syntax and values only: what they mean is the owner's. */
#pragma once

#include "base/arena.h"
#include "smtp/envelope.h"
#include "smtp/reply.h"

#define SMTP_ENVID_MAX      100
#define SMTP_ORCPT_MAX      500
#define SMTP_AUTH_PARAM_MAX 500

enum smtp_offer {
    SMTP_OFFER_DSN = 1,  /* RFC 3461 */
    SMTP_OFFER_AUTH = 2, /* RFC 4954 */
};

/* text: what follows the path. Sets the fields that were given, slices are views into text. Code 0:
 * fine. 555: a parameter we do not offer; 501: bad or given twice. offered: SMTP_OFFER bits. */
struct smtp_reply smtp_params_mail(struct slice text, unsigned offered, struct smtp_from *from);
struct smtp_reply smtp_params_rcpt(struct slice text, unsigned offered, struct smtp_rcpt *rcpt);
/* xtext = *( xchar / hexchar ), at least one octet. */
bool smtp_xtext_is_valid(struct slice text);
/* original-recipient-address = atom ";" xtext, at most 500 octets. */
bool smtp_orcpt_is_valid(struct slice text);
/* Appends the octets as xtext. */
void smtp_xtext_encode(struct buf *out, struct slice octets);
/* Appends the octets that valid xtext stands for. */
void smtp_xtext_decode(struct buf *out, struct slice text);
/* "SUCCESS,FAILURE" for the bits of a NOTIFY parameter. */
void smtp_notify_add(struct buf *out, unsigned notify);
