/* SPDX-License-Identifier: Apache-2.0
 * What becomes of a recipient: the reply table of docs/smtp.md section 4 as pure functions. The
 * basic code's first digit decides, never text or enhanced code; those only choose the DSN status
 * and the error class (requirements section 7) for reports and metrics. */
#pragma once

#include "proxy/socks5.h"
#include "sender/route.h"
#include "smtp/client.h"

enum verdict_kind {
    VERDICT_NONE, /* still to be tried */
    VERDICT_DELIVERED,
    VERDICT_DEFERRED,
    VERDICT_FAILED,
    VERDICT_EXPIRED, /* deferred too often: S11 */
    VERDICT_KINDS
};

enum verdict_next {
    VERDICT_DECIDED,   /* this attempt is over for the recipient */
    VERDICT_NEXT_HOST, /* try the next host; with none left, the verdict stands */
    VERDICT_FOLLOW_UP, /* the peer took enough recipients: again, in a following transaction */
};

#define VERDICT_CLASS_BLOCKED 10

struct verdict {
    enum verdict_kind kind;
    enum verdict_next next;
    bool maybe_duplicate;  /* C16: the peer may have it all the same */
    bool owes_relayed;     /* delivered to a peer without DSN: the sender asked to be told (W5) */
    bool is_body_lost;     /* nothing could be sent: the content cannot be read any more */
    enum smtp_stage stage; /* where it was decided */
    struct smtp_enhanced status;
    unsigned error_class; /* 1..11, 99; 0: delivered; VERDICT_CLASS_BLOCKED: a blocklist is named */
    const char *reason;   /* one of a few words, for metrics and the log */
};

/* A reply that decided about a recipient. has_accepted: an earlier recipient of the same
 * transaction was accepted at RCPT. */
struct verdict verdict_from_reply(enum smtp_stage stage, const struct smtp_reply *reply,
                                  bool has_accepted);
/* The connection could not be made or ended at that stage, without a reply that decides. */
struct verdict verdict_from_loss(enum smtp_stage stage, bool is_uncertain);
/* The proxy of the source pool did not connect, and it is not for the host: FAULT_TARGET or
 * FAULT_ITSELF. Never permanent. */
struct verdict verdict_from_proxy(enum proxy_fault fault);
/* The destination cannot be reached, whatever the recipient. status: not ROUTE_FOUND. */
struct verdict verdict_from_route(enum route_status status);
/* The body cannot be read any more. */
struct verdict verdict_from_lost_body(void);
/* The retry period is over (S11): 4.4.7, class 3. */
struct verdict verdict_from_expiry(void);
