/* SPDX-License-Identifier: Apache-2.0
 * Whether a bounce also goes to the original sender (requirements S38..S40). Pure: a truth table
 * of six conditions, the first false one is the reason against it. */
#pragma once

#include "base/slice.h"

enum forward_verdict {
    FORWARD_YES,
    FORWARD_OFF,           /* the option is off */
    FORWARD_NOT_REWRITTEN, /* the bounce goes to the original sender anyway */
    FORWARD_NULL_SENDER,   /* the original is <>, or no address with a domain */
    FORWARD_SAME,          /* rewritten to the same address */
    FORWARD_PORT25,        /* submitted on port 25: the sender may be forged */
    FORWARD_OWN_DOMAIN,    /* either domain receives its own bounces here */
};

struct forward_settings {
    bool is_on;
    const char *const *own_domains; /* bounce_receive_domains; NULL-terminated */
};

struct forward_mail {
    struct slice from, original_from; /* of the envelope: as it went out, as submitted */
    bool is_rewritten;                /* a rule was applied */
    uint32_t public_port;             /* of the listener that accepted it */
};

enum forward_verdict forward_decide(const struct forward_settings *settings,
                                    const struct forward_mail *mail);
/* Metric labels: "yes", "off", "not_rewritten", "null_sender", "same", "port25", "own_domain". */
const char *forward_verdict_name(enum forward_verdict verdict);
