/* SPDX-License-Identifier: Apache-2.0
 * The envelope of one mail as SMTP carries it: addresses and their parameters. Shared by the server
 * engine (which fills it in) and the client engine (which sends it). */
#pragma once

#include "base/slice.h"

enum smtp_body { SMTP_BODY_7BIT, SMTP_BODY_8BITMIME };
enum smtp_ret { SMTP_RET_NONE, SMTP_RET_FULL, SMTP_RET_HDRS };
enum smtp_notify {
    SMTP_NOTIFY_NONE = 0,
    SMTP_NOTIFY_NEVER = 1,
    SMTP_NOTIFY_SUCCESS = 2,
    SMTP_NOTIFY_FAILURE = 4,
    SMTP_NOTIFY_DELAY = 8
};

struct smtp_from {
    struct slice address; /* local@domain; "" for <> */
    uint64_t size_bytes;  /* SIZE=, 0: not given */
    enum smtp_body body;
    enum smtp_ret ret;  /* RFC 3461 */
    struct slice envid; /* xtext as received; "" none */
};

struct smtp_rcpt {
    struct slice address; /* local@domain, or "postmaster" */
    unsigned notify;      /* smtp_notify bits */
    struct slice orcpt;   /* as received, "rfc822;..." xtext; "" none */
};
